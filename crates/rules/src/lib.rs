//! May this message go, now, to this person, from this sender; and if not, why, by which source,
//! and what would cure it.
//!
//! The room knows facts, not where they come from: it reads no clock, no network, no disk. One pure
//! function, [`judge`], serves acceptance, departure and preview. Only it makes a [`Verdict`], and
//! only a verdict to send makes a [`Cleared`], the permit without which nothing reaches an operator.

mod cleared;
mod content;
mod facts;
mod parts;
mod recipient;
mod rule;
mod sender;
mod verdict;

pub use cleared::Cleared;
pub use facts::Facts;
pub use parts::PARTS_HARD_MAX;
pub use rule::{Effect, Field, Language, Reason};
pub use verdict::{Decision, Verdict};

/// Id of the rules in force, kept with each verdict: profile, year, version.
pub const PACK: &str = "fr-2026.1";

/// A family of rules: adds a reason for each rule that has something to say.
type Family = fn(&Facts<'_>, &mut Vec<Reason>);

/// Every family.
const FAMILIES: [Family; 4] = [recipient::judge, sender::judge, content::judge, parts::judge];

/// Judges a message by all rules at once.
///
/// Total and deterministic: the same facts give the same verdict, with all reasons and not the
/// first, ordered by field and rule id. Allocates nothing when no rule has anything to say.
pub fn judge(facts: &Facts<'_>) -> Verdict {
    let mut reasons = Vec::new();
    for family in FAMILIES {
        family(facts, &mut reasons);
    }
    Verdict::new(facts, reasons)
}
