//! What a text may be: 1 to 1000 characters, not only blanks (requirement `seed-message-length`).

use facteur_domain::message::TEXT_MAX;

use crate::rule::{Blanks, Rule, Says, Sentence};
use crate::{Effect, Facts, Field, Reason};

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

pub(crate) fn judge(facts: &Facts<'_>, reasons: &mut Vec<Reason>) {
    let max = u32::try_from(TEXT_MAX).unwrap_or(u32::MAX);
    if facts.text.chars().all(char::is_whitespace) {
        reasons.push(Reason::new(&BLANK, &SAYS_BLANK, Blanks { max, ..Blanks::default() }));
    }
    // A character is one octet at least, so short texts need no counting.
    if facts.text.len() > TEXT_MAX {
        let found = u32::try_from(facts.text.chars().count()).unwrap_or(u32::MAX);
        if found > max {
            reasons.push(Reason::new(&TOO_LONG, &SAYS_TOO_LONG, Blanks { found, max, ..Blanks::default() }));
        }
    }
}
