//! Texts that look like spam to people and filters (requirement `fr-content-look`). Advice only.

use crate::case::Case;
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Reason};

/// Fewer letters than this may all be capitals: a name, a code (ours).
const LETTERS_MIN: u32 = 20;
/// Capitals in a hundred letters from which a text shouts (ours).
const CAPITALS_PERCENT: u32 = 60;
/// So many exclamation or question marks in a row are too many (ours).
const MARKS_IN_A_ROW: u32 = 3;

const fn note(id: &'static str) -> Rule {
    Rule { id, effect: Effect::Note, field: Field::Message, source: "OVH-FAQ", dated: "2026-03-27" }
}

const CAPITALS: Rule = note("fr.content.capitals");
const MARKS: Rule = note("fr.content.marks");

static SAYS_CAPITALS: Says = Says::new(
    [
        "Le texte est presque tout en majuscules ({found} % des lettres) : il ressemble à un spam.",
        "Gardez les majuscules pour les débuts de phrase et les noms.",
    ],
    [
        "The text is mostly in capitals ({found}% of its letters): it looks like spam.",
        "Keep capitals for the starts of sentences and for names.",
    ],
);
static SAYS_MARKS: Says = Says::new(
    [
        "Le texte aligne {found} points d'exclamation ou d'interrogation : il ressemble à un spam.",
        "Un seul suffit.",
    ],
    ["The text has {found} exclamation or question marks in a row: it looks like spam.", "One is enough."],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if !case.is_ruled() || !case.is_marketing() {
        return;
    }
    let (mut letters, mut capitals, mut row, mut longest) = (0_u32, 0_u32, 0_u32, 0_u32);
    for c in case.facts.text.chars() {
        letters += u32::from(c.is_alphabetic());
        capitals += u32::from(c.is_uppercase());
        row = if matches!(c, '!' | '?') { row + 1 } else { 0 };
        longest = longest.max(row);
    }
    let percent = capitals * 100 / letters.max(1);
    if letters >= LETTERS_MIN && percent >= CAPITALS_PERCENT {
        reasons.push(Reason::new(&CAPITALS, &SAYS_CAPITALS).with("found", percent));
    }
    if longest >= MARKS_IN_A_ROW {
        reasons.push(Reason::new(&MARKS, &SAYS_MARKS).with("found", longest));
    }
}
