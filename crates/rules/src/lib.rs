//! May this message go, now, to this person, from this sender; and if not, why, by which source,
//! and what would cure it.
//!
//! The room knows facts, not where they come from: it reads no clock, no network, no disk. One pure
//! function, [`judge`], serves acceptance, departure and preview. Only it makes a [`Verdict`], and
//! only a verdict to send makes a [`Cleared`], the permit without which nothing reaches an operator.
//!
//! What changes with the years (windows, holidays, words, lists, limits) is data: a [`Pack`], dated,
//! every row with its source. What the rules do with it is code, a family a file.

mod auto_reply;
mod case;
mod class;
mod cleared;
mod consent;
mod content;
pub mod desk;
mod facts;
mod fold;
mod look;
mod optout;
mod pack;
mod parts;
mod plan;
mod recipient;
mod reply;
mod rule;
mod scan;
mod sender;
mod sender_name;
mod session;
mod source;
pub mod stop_mention;
mod subject;
mod value;
mod verdict;
mod window;

use facteur_domain::Timestamp;

pub use auto_reply::{Identity, contact_answer, start_confirmation, stop_confirmation};
use case::Case;
pub use cleared::Cleared;
pub use facteur_domain::Language;
pub use facts::{Audience, Basis, Circumstances, Consent, Facts, Grounds, OptOuts, Policy, Proof, Session};
pub use pack::{Day, Grade, Ground, Hours, Pack, PackError, Packs, Profile, Span};
pub use parts::PARTS_HARD_MAX;
pub use plan::{DayPlan, TerritoryPlan};
pub use reply::{Confidence, Context, Meaning, Reading, Why, keyword_form, read_reply};
pub use rule::{Effect, Field, Reason};
pub use session::SESSION;
pub use source::{Source, source};
pub use value::Value;
pub use verdict::{Decision, Verdict};

/// A family of rules: adds a reason for each rule that has something to say.
type Family = fn(&Case<'_>, &mut Vec<Reason>);

/// Every family.
const FAMILIES: [Family; 13] = [
    recipient::judge,
    sender::judge,
    sender_name::judge,
    content::judge,
    parts::judge,
    class::judge,
    session::judge,
    consent::judge,
    optout::judge,
    stop_mention::judge,
    subject::judge,
    look::judge,
    window::judge,
];

/// Judges a message by all rules of the embedded packs at once.
///
/// Total and deterministic: the same facts give the same verdict, with all reasons and not the
/// first, ordered by field and rule id. Without a policy it allocates nothing when no rule has
/// anything to say.
pub fn judge(facts: &Facts<'_>) -> Verdict {
    Packs::embedded().judge(facts)
}

impl Packs {
    /// Judges a message by all rules of the pack in force when it would leave (requirement
    /// `fr-pack-dated`).
    pub fn judge(&self, facts: &Facts<'_>) -> Verdict {
        let case = Case::new(facts, self.at(facts.at));
        let mut reasons = Vec::new();
        if auto_reply::judge(&case, &mut reasons) {
            // It answers a person who just wrote: who they are and how long it is are all that remains.
            recipient::judge(&case, &mut reasons);
            parts::judge(&case, &mut reasons);
            return Verdict::new(&case, reasons);
        }
        for family in FAMILIES {
            family(&case, &mut reasons);
        }
        Verdict::new(&case, reasons)
    }

    /// The latest instant at which an operator may still ring with a marketing message that leaves as
    /// soon as its windows allow; `None` when the message is not marketing, has no policy, or no
    /// window opens. The caller's own validity stands where it is earlier.
    #[must_use]
    pub fn validity_cap(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        window::validity_cap(&Case::new(facts, self.at(facts.at)))
    }

    /// Whether a ground would carry marketing to `audience` at `at`: by this, who has several grounds for one
    /// person finds one that stands.
    #[must_use]
    pub fn ground_stands(&self, entry: Consent, audience: Audience, at: Timestamp) -> bool {
        consent::stands(self.at(at), entry, audience, at)
    }
}
