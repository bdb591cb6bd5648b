//! The consent ledger and the STOPs: on what ground somebody may be written to, and who may not be.

use facteur_domain::{Basis, ConsentId, Msisdn, OptOutId, OptOutScope, Timestamp, WorkspaceId};

use crate::ReplySession;

/// A ground to record, with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// Whose.
    pub number: Msisdn,
    /// Which ground.
    pub basis: Basis,
    /// For whose marketing, as the person was told.
    pub advertiser: String,
    /// For what, as in `newsletter`.
    pub purpose: String,
    /// When the person gave it.
    pub collected_at: Timestamp,
    /// How and where, as in a form's address or an import's name.
    pub source: String,
    /// The text that the person saw, exactly.
    pub text_shown: String,
    /// What else proves it: a reference to a file or a record.
    pub evidence: Option<String>,
    /// The number is declared to be a professional's, for [`Basis::B2b`].
    pub professional: bool,
}

/// What an entry of the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentEvent {
    /// The ground exists from `collected_at` on.
    Given,
    /// The ground of [`ConsentEntry::withdraws`] is gone from `recorded_at` on.
    Withdrawn {
        /// Why, in the words of who recorded it. Empty once the person was erased.
        reason: String,
    },
}

/// One entry of a workspace's ledger. Entries are never changed; each holds the hash of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEntry {
    /// Its id.
    pub id: ConsentId,
    /// Whose ledger.
    pub workspace: WorkspaceId,
    /// Its place in the ledger, from 1.
    pub sequence: u64,
    /// What it says.
    pub event: ConsentEvent,
    /// For a withdrawal, the entry that it ends.
    pub withdraws: Option<ConsentId>,
    /// The ground given or withdrawn; `None` once the person was erased.
    pub consent: Option<NewConsent>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: Timestamp,
    /// What the hash of the personal fields was made with; gone with them.
    pub salt: Option<[u8; 32]>,
    /// SHA-256 of the personal fields. It stays when they are erased.
    pub personal: [u8; 32],
    /// The hash of the entry before; zeros for the first.
    pub previous: [u8; 32],
    /// SHA-256 of the entry and `previous`.
    pub hash: [u8; 32],
}

/// What recomputing a ledger found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainReport {
    /// How many entries it has.
    pub entries: u64,
    /// The place of the first entry that is missing or not as it was written.
    pub broken_at: Option<u64>,
    /// The hash of the last sound entry; zeros for an empty ledger. Kept elsewhere, it proves later that
    /// nothing before it was changed.
    pub head: [u8; 32],
}

/// A STOP to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOptOut {
    /// Whose.
    pub number: Msisdn,
    /// How far it reaches.
    pub scope: OptOutScope,
    /// With [`OptOutScope::Advertiser`], whose marketing it ends; `None` is the workspace's own
    /// advertiser.
    pub advertiser: Option<String>,
    /// Where it came from: `stop_reply`, `api`, `import`, `console`, `cli`, or `operator`: the telecom operator.
    pub source: String,
    /// Why, in somebody's words.
    pub reason: Option<String>,
}

/// Whether a STOP is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptOutState {
    /// It is one.
    Confirmed,
    /// A doubtful reply that somebody is to read. Until then it counts as a STOP.
    Review,
}

impl OptOutState {
    /// Its name: `confirmed` or `review`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Review => "review",
        }
    }

    /// The state of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Confirmed, Self::Review].into_iter().find(|state| state.as_str() == name)
    }
}

/// Which STOPs to list, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct OptOutFilter {
    /// Only a number's (also of one that was erased).
    pub number: Option<Msisdn>,
    /// Only sure ones, or only those that somebody is to read.
    pub state: Option<OptOutState>,
    /// Only those that hold, or only those that were lifted.
    pub holds: Option<bool>,
}

impl From<Option<Msisdn>> for OptOutFilter {
    /// A number's, or all.
    fn from(number: Option<Msisdn>) -> Self {
        Self { number, ..Self::default() }
    }
}

/// The end of a STOP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The new consent it rests on; `None` when it was only doubtful.
    pub consent: Option<ConsentId>,
}

/// A STOP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// Its id.
    pub id: OptOutId,
    /// The workspace it was said to.
    pub workspace: WorkspaceId,
    /// Whose; `None` once the person was erased. The STOP holds all the same, by a keyed hash.
    pub number: Option<Msisdn>,
    /// How far it reaches.
    pub scope: OptOutScope,
    /// With [`OptOutScope::Advertiser`], whose marketing it ends.
    pub advertiser: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Why, in somebody's words.
    pub reason: Option<String>,
    /// Whether it is sure.
    pub state: OptOutState,
    /// Since when.
    pub created_at: Timestamp,
    /// Who recorded it.
    pub created_by: String,
    /// Its end, if it has one.
    pub lifted: Option<Lifted>,
}

/// A ground, as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentFact {
    /// The entry that gave it.
    pub id: ConsentId,
    /// Which ground.
    pub basis: Basis,
    /// For whose marketing.
    pub advertiser: String,
    /// For what.
    pub purpose: String,
    /// When the person gave it.
    pub collected_at: Timestamp,
    /// The number is declared to be a professional's.
    pub professional: bool,
    /// How, where and with which text it was collected are on record.
    pub proven: bool,
    /// When it was withdrawn. A ground that was collected before a withdrawal for the same advertiser is
    /// withdrawn, also when it was recorded afterwards.
    pub withdrawn_at: Option<Timestamp>,
}

/// A STOP, as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutFact {
    /// How far it reaches.
    pub scope: OptOutScope,
    /// With [`OptOutScope::Advertiser`], whose marketing it ends. Where that was the workspace's own and
    /// has another name now, there is a fact for each name.
    pub advertiser: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// Where a person stands towards a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The STOPs that hold: those said to the workspace, and those of the whole platform.
    pub opt_outs: Vec<OptOutFact>,
    /// The grounds that hold, the last recorded first.
    pub consents: Vec<ConsentFact>,
    /// The grounds that were withdrawn, the last recorded first.
    pub withdrawn: Vec<ConsentFact>,
    /// The conversations of the person with the workspace, and until when each may be answered.
    pub sessions: Vec<ReplySession>,
}
