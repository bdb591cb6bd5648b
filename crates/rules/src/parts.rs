//! How many SMS a text may become.

use crate::rule::{Blanks, Rule, Says, Sentence};
use crate::{Effect, Facts, Field, Reason};

/// The most parts of any message, whatever a workspace allows: what a message's id has room for.
/// 1000 characters of the basic plane fit; 1000 emoji do not.
pub const PARTS_HARD_MAX: u8 = 15;

const LIMIT: Rule = Rule {
    id: "fr.parts.limit",
    effect: Effect::Refuse,
    field: Field::Message,
    source: "OVH-FAQ",
    dated: "2026-03-27",
};

static SAYS_LIMIT: Says = Says {
    french: Sentence {
        message: "Ce message ferait {found} SMS ; le maximum est {max}.",
        cure: Some(
            "Raccourcissez-le. Sans emoji, sans ç, ê ni apostrophe courbe, un SMS contient 160 caractères \
             au lieu de 70.",
        ),
    },
    english: Sentence {
        message: "This message would become {found} SMS; {max} are the most.",
        cure: Some(
            "Shorten it. Without emoji, ç, ê or curly apostrophes, an SMS holds 160 characters instead of 70.",
        ),
    },
};

pub(crate) fn judge(facts: &Facts<'_>, reasons: &mut Vec<Reason>) {
    let max = facts.parts_max.min(PARTS_HARD_MAX);
    if facts.parts > max {
        let blanks = Blanks { found: facts.parts.into(), max: max.into(), ..Blanks::default() };
        reasons.push(Reason::new(&LIMIT, &SAYS_LIMIT, blanks));
    }
}
