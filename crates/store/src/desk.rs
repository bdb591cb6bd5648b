//! What a workspace chose, and what the sender desk keeps of a Sender ID.

use facteur_domain::{EvidenceId, Language, SenderRecordId, ShortCode, Timestamp};

/// What happens to marketing that arrives outside the hours in which it may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum OnClosedWindow {
    /// It waits until the hours begin.
    #[default]
    Hold,
    /// It is refused.
    Refuse,
}

impl OnClosedWindow {
    /// Its name: `hold` or `refuse`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }

    /// The choice of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Hold, Self::Refuse].into_iter().find(|choice| choice.as_str() == name)
    }
}

/// What is done about characters that cost more parts than they need to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Rewriting {
    /// Nothing.
    #[default]
    Off,
    /// The preview shows a cheaper text.
    Suggest,
    /// The cheaper text is sent.
    Auto,
}

impl Rewriting {
    /// Its name: `off`, `suggest` or `auto`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Suggest => "suggest",
            Self::Auto => "auto",
        }
    }

    /// The choice of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Off, Self::Suggest, Self::Auto].into_iter().find(|choice| choice.as_str() == name)
    }
}

/// The most parts of a message, for who chose no other limit.
pub const PARTS_MAX_DEFAULT: u8 = 6;

/// What a workspace chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The profile of sending hours, as in `strict`.
    pub profile: String,
    /// What happens outside them.
    pub on_closed_window: OnClosedWindow,
    /// The short code that STOP mentions name, when one is fixed.
    pub stop_code: Option<ShortCode>,
    /// Whose marketing it sends, where a sender does not say otherwise.
    pub advertiser: String,
    /// What is done about characters that cost more parts.
    pub rewrite: Rewriting,
    /// What one part costs, in millionths of a euro.
    pub price_per_part: Option<i64>,
    /// The most parts of a message, 1 to 8.
    pub parts_max: u8,
    /// The postcode that recipients of unknown postcode are taken to have.
    pub postcode: Option<String>,
    /// The language of what the product answers by itself, where a sender has no other.
    pub language: Language,
    /// Who publishes, as CONTACT is answered.
    pub publisher: Publisher,
    /// Its share of the way to operators beside other workspaces, 1 to 1,000: one of weight 2 gets twice
    /// what one of weight 1 gets while both have messages of a class waiting.
    pub weight: u16,
    /// Parts a second that it may have handed over, at most 10,000; 0 for no limit.
    pub per_second: u32,
    /// As above, for each of its senders.
    pub sender_per_second: u32,
}

/// Who publishes a service, as whoever writes CONTACT must be told (requirement `fr-contact-reply`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publisher {
    /// The company's name in the register (dénomination sociale).
    pub legal_name: Option<String>,
    /// Its SIREN, nine digits.
    pub siren: Option<String>,
    /// The city of its register (RCS).
    pub register_city: Option<String>,
    /// The telephone of its customer service.
    pub service_phone: Option<String>,
    /// Its customer service's web or mail address.
    pub service_contact: Option<String>,
}

impl Publisher {
    /// Whether it says all that CONTACT must tell: a name, a register, a way to reach somebody.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.legal_name.is_some()
            && self.siren.is_some()
            && (self.service_phone.is_some() || self.service_contact.is_some())
    }
}

impl Settings {
    /// Those of who chose nothing, for a workspace of this name: `strict`, hold, no rewriting, six parts.
    #[must_use]
    pub fn of(workspace_name: &str) -> Self {
        Self {
            profile: "strict".to_owned(),
            on_closed_window: OnClosedWindow::Hold,
            stop_code: None,
            advertiser: workspace_name.to_owned(),
            rewrite: Rewriting::Off,
            price_per_part: None,
            parts_max: PARTS_MAX_DEFAULT,
            postcode: None,
            language: Language::French,
            publisher: Publisher::default(),
            weight: 1,
            per_second: 0,
            sender_per_second: 0,
        }
    }
}

/// What a reviewer found of the right to a name, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum NameProof {
    /// Nothing.
    #[default]
    None,
    /// It is the registered name of the company, or its trade mark.
    Registered,
    /// The brand's written authorisation.
    Authorised,
}

impl NameProof {
    /// Its name: `none`, `registered` or `authorised`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Registered => "registered",
            Self::Authorised => "authorised",
        }
    }

    /// The proof of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Registered, Self::Authorised].into_iter().find(|proof| proof.as_str() == name)
    }
}

/// A document that a reviewer asked for and that has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequest {
    /// Which, in the reviewer's words.
    pub what: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// What is declared with a Sender ID or short code, and what the desk adds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dossier {
    /// The company's usual name.
    pub company: Option<String>,
    /// Its name in the register.
    pub legal_name: Option<String>,
    /// Its SIREN, nine digits.
    pub siren: Option<String>,
    /// Its website.
    pub website: Option<String>,
    /// What is sent under the name.
    pub use_case: Option<String>,
    /// A message as it would be sent.
    pub example_content: Option<String>,
    /// Whose marketing is sent under the name; `None` is the workspace's own advertiser.
    pub advertiser: Option<String>,
    /// A short code that several customers share. Only the platform gives it.
    pub shared_code: bool,
    /// The language of what the product answers from it by itself; `None` is the workspace's.
    pub language: Option<Language>,
    /// What the reviewer found of the right to the name.
    pub proof: NameProof,
    /// When the review is due.
    pub due_at: Option<Timestamp>,
    /// When the sender is expected to work (short codes).
    pub expected_at: Option<Timestamp>,
    /// The document that the reviewer waits for.
    pub missing: Option<DocumentRequest>,
}

/// The most octets of a file of evidence.
pub const EVIDENCE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// The most files of evidence of a sender.
pub const EVIDENCE_FILES_MAX: u32 = 20;

/// A file of evidence to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// Its name, as its owner calls it.
    pub name: String,
    /// Its media type, as in `application/pdf`.
    pub content_type: String,
    /// Its octets, 1 to [`EVIDENCE_BYTES_MAX`].
    pub bytes: bytes::Bytes,
}

/// A file of evidence, without its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// The sender it belongs to.
    pub sender: SenderRecordId,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// How many octets it has.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
    /// When it was kept.
    pub uploaded_at: Timestamp,
    /// By whom.
    pub uploaded_by: String,
}
