//! How many SMS a text may become (requirement `fr-parts-limit`).

use facteur_domain::text::{Encoding, encoding_of};

use crate::case::Case;
use crate::rule::{Rule, Says, Sentence};
use crate::{Effect, Field, Reason};

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

static SAYS_LIMIT_GSM7: Says = Says {
    french: Sentence {
        message: "Ce message ferait {found} SMS ; le maximum est {max}.",
        cure: Some("Raccourcissez-le, ou dites-le en plusieurs messages."),
    },
    english: Sentence {
        message: "This message would become {found} SMS; {max} are the most.",
        cure: Some("Shorten it, or say it in several messages."),
    },
};

static SAYS_LIMIT_UCS2: Says = Says {
    french: Sentence {
        message: SAYS_LIMIT_GSM7.french.message,
        cure: Some(
            "Raccourcissez-le, ou retirez emoji, ç, ê et apostrophes courbes : sans eux, chaque SMS \
             contient 153 caractères au lieu de 67.",
        ),
    },
    english: Sentence {
        message: SAYS_LIMIT_GSM7.english.message,
        cure: Some(
            "Shorten it, or take out emoji, ç, ê and curly apostrophes: without them each SMS holds \
             153 characters instead of 67.",
        ),
    },
};

/// Under a policy the pack's own limit holds too, whatever the workspace allows.
pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let facts = case.facts;
    let pack = if case.is_ruled() { case.pack.parts().hard } else { PARTS_HARD_MAX };
    let max = facts.parts_max.min(pack).min(PARTS_HARD_MAX);
    if facts.parts > max {
        let says = match encoding_of(facts.text) {
            Encoding::Gsm7 => &SAYS_LIMIT_GSM7,
            Encoding::Ucs2 => &SAYS_LIMIT_UCS2,
        };
        reasons.push(Reason::new(&LIMIT, says).with("found", facts.parts).with("max", max));
    }
}
