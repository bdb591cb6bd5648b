//! What a text may be: 1 to 1000 characters, not only blanks (requirement `seed-message-length`).

use facteur_domain::message::TEXT_MAX;

use crate::case::Case;
use crate::rule::{Rule, Says, Sentence};
use crate::{Effect, Field, Reason};

const fn refuse(id: &'static str) -> Rule {
    Rule { id, effect: Effect::Refuse, field: Field::Message, source: "SEED", dated: "2026" }
}

const BLANK: Rule = refuse("fr.content.blank");
const TOO_LONG: Rule = refuse("fr.content.too_long");

static SAYS_BLANK: Says = Says {
    french: Sentence {
        message: "Le message est vide.",
        cure: Some("Écrivez un texte de 1 à {max} caractères."),
    },
    english: Sentence {
        message: "The message is empty.",
        cure: Some("Write a text of 1 to {max} characters."),
    },
};

static SAYS_TOO_LONG: Says = Says {
    french: Sentence {
        message: "Le message a {found} caractères ; le maximum est {max}.",
        cure: Some("Retirez au moins {excess} caractère(s), ou envoyez deux messages."),
    },
    english: Sentence {
        message: "The message has {found} characters; {max} are the most.",
        cure: Some("Take out at least {excess} character(s), or send two messages."),
    },
};

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let text = case.facts.text;
    let max = u32::try_from(TEXT_MAX).unwrap_or(u32::MAX);
    if text.chars().all(char::is_whitespace) {
        reasons.push(Reason::new(&BLANK, &SAYS_BLANK).with("max", max));
    }
    // A character is one octet at least, so short texts need no counting.
    if text.len() > TEXT_MAX {
        let found = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        if found > max {
            let reason = Reason::new(&TOO_LONG, &SAYS_TOO_LONG).with("found", found).with("max", max);
            reasons.push(reason.with("excess", found - max));
        }
    }
}
