//! How every marketing text says how to opt out (requirements `seed-stop-mention`,
//! `fr-stop-detected`, `fr-stop-range`, `fr-stop-appended`).

use std::borrow::Cow;

use facteur_domain::text::{Plan, plan};
use facteur_domain::{Class, Sender, ShortCode, Timestamp};

use crate::case::Case;
use crate::pack::{Packs, Stop};
use crate::rule::{Rule, Says};
use crate::scan::{Mention, Scan};
use crate::{Effect, Field, Reason};

const fn rule(id: &'static str, effect: Effect, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect, field: Field::Message, source, dated }
}

const MISSING: Rule = rule("fr.stop.missing", Effect::Refuse, "AF2M-2026", "2026-02");
const NO_CODE: Rule = rule("fr.stop.no_code", Effect::Refuse, "CALLR-FR", "n.d.");
const RANGE: Rule = rule("fr.stop.code_range", Effect::Refuse, "AF2M-SMSMKT", "n.d.");
const OTHER_CODE: Rule = rule("fr.stop.other_code", Effect::Refuse, "INFOCONSO", "n.d.");
const NOT_AT_END: Rule = rule("fr.stop.not_at_end", Effect::Note, "SFR-OADC-NOK", "n.d.");
const TWICE: Rule = rule("fr.stop.twice", Effect::Note, "AF2M-2026", "2026-02");

static SAYS_MISSING: Says = Says::new(
    [
        "Ce SMS commercial ne dit pas comment ne plus en recevoir.",
        "Terminez-le par « STOP au 36xxx » avec votre numéro court, ou laissez la plateforme l'ajouter.",
    ],
    [
        "This marketing SMS does not say how to stop receiving them.",
        "End it with \"STOP au 36xxx\" and your short code, or let the platform add it.",
    ],
);
static SAYS_NO_CODE: Says = Says::new(
    [
        "La mention STOP n'indique pas de numéro, et on ne peut pas répondre à un expéditeur alphanumérique.",
        "Écrivez « STOP au 36xxx » avec votre numéro court.",
    ],
    [
        "The STOP mention names no number, and nobody can reply to an alphanumeric sender.",
        "Write \"STOP au 36xxx\" with your short code.",
    ],
);
static SAYS_RANGE: Says = Says::new(
    [
        "La mention STOP renvoie au {code} : pour du commercial, le numéro court doit être un 36xxx.",
        "Écrivez « STOP au 36xxx » avec votre numéro court commercial.",
    ],
    [
        "The STOP mention names {code}: for marketing the short code must be a 36xxx.",
        "Write \"STOP au 36xxx\" with your marketing short code.",
    ],
);
static SAYS_OTHER_CODE: Says = Says::new(
    [
        "La mention STOP renvoie au {code}, qui n'est pas le numéro de cet expéditeur : les STOP se perdraient.",
        "Remplacez-le par {expected}.",
    ],
    [
        "The STOP mention names {code}, which is not this sender's code: every STOP would be lost.",
        "Put {expected} in its place.",
    ],
);
static SAYS_NOT_AT_END: Says = Says::new(
    [
        "La mention STOP n'est pas à la fin : SFR peut alors afficher un numéro à la place de votre nom.",
        "Déplacez-la à la fin du texte.",
    ],
    [
        "The STOP mention is not at the end: SFR may then show a number in place of your name.",
        "Move it to the end of the text.",
    ],
);
static SAYS_TWICE: Says = Says::new(
    ["La mention STOP figure {found} fois.", "Gardez-en une seule, à la fin : vous gagnerez de la place."],
    ["The STOP mention stands {found} times.", "Keep one, at the end: it saves space."],
);

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let Some(scan) = case.scan.as_ref().filter(|_| case.is_marketing()) else { return };
    let Some(mention) = scan.mention else {
        reasons.push(Reason::new(&MISSING, &SAYS_MISSING));
        return;
    };
    reasons.extend(wrong_code(case, mention));
    if !mention.at_end {
        reasons.push(Reason::new(&NOT_AT_END, &SAYS_NOT_AT_END));
    }
    if scan.mentions > 1 {
        reasons.push(Reason::new(&TWICE, &SAYS_TWICE).with("found", scan.mentions));
    }
}

/// What is wrong with where the mention sends people.
fn wrong_code(case: &Case<'_>, mention: Mention) -> Option<Reason> {
    let facts = case.facts;
    let own = match facts.sender {
        Sender::Code(code) => Some(code),
        Sender::Name(_) => None,
    };
    let Some(code) = mention.code else {
        // Only a marketing short code can be replied to with a STOP.
        let can_reply = own.is_some_and(ShortCode::is_marketing);
        return (!can_reply).then(|| Reason::new(&NO_CODE, &SAYS_NO_CODE));
    };
    if !code.to_string().starts_with(&case.pack.stop().range) {
        return Some(Reason::new(&RANGE, &SAYS_RANGE).with("code", code));
    }
    let expected = facts.circumstances.stop_code.or(own.filter(|code| code.is_marketing()))?;
    let same = u32::from(expected.number()) == code;
    (!same).then(|| Reason::new(&OTHER_CODE, &SAYS_OTHER_CODE).with("code", code).with("expected", expected))
}

/// A marketing text with its STOP mention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completed<'a> {
    /// The text as it would leave.
    pub text: Cow<'a, str>,
    /// What was added at its end, with what separates it; `None` when the text had a mention.
    pub appended: Option<String>,
    /// What the text was in parts before.
    pub before: Plan,
    /// What it is in parts now.
    pub plan: Plan,
}

/// `text` with the STOP mention at its end, unless it has one already, right or wrong: a wrong one is
/// for the judge to tell. Parts are counted again.
///
/// The form is `STOP au 36xxx`, or `STOP 36xxx` where that saves a part. By the pack in force at `at`.
#[must_use]
pub fn complete(text: &str, code: ShortCode, at: Timestamp) -> Completed<'_> {
    Packs::embedded().complete_stop(text, code, at)
}

impl Packs {
    /// As [`complete`], by these packs.
    #[must_use]
    pub fn complete_stop<'a>(&self, text: &'a str, code: ShortCode, at: Timestamp) -> Completed<'a> {
        let pack = self.at(at);
        let before = plan(text);
        if Scan::of(text, pack.surcharged()).mention.is_some() {
            return Completed { text: Cow::Borrowed(text), appended: None, before, plan: before };
        }
        let long = mention(pack.stop(), &pack.stop().canonical, text, code);
        let short = mention(pack.stop(), &pack.stop().short, text, code);
        let with = |mention: String| {
            let whole = format!("{text}{mention}");
            let plan = plan(&whole);
            Completed { text: Cow::Owned(whole), appended: Some(mention), before, plan }
        };
        let (long, short) = (with(long), with(short));
        if short.plan.parts < long.plan.parts { short } else { long }
    }

    /// Whether a text needs a STOP mention: it is marketing, as declared or by what it says.
    #[must_use]
    pub fn needs_stop(&self, text: &str, class: Class, at: Timestamp) -> bool {
        class == Class::Marketing || Scan::of(text, self.at(at).surcharged()).raises()
    }
}

fn mention(stop: &Stop, form: &str, text: &str, code: ShortCode) -> String {
    let form = form.replace("{code}", &code.to_string());
    let separated = text.is_empty() || text.ends_with(['\n', ' ']);
    if separated { form } else { format!("{}{form}", stop.separator) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    /// Requirement `fr-stop-appended`.
    #[test]
    fn the_form_is_chosen_by_space() {
        let code = "36180".parse().expect("a code");
        for (text, appended, parts) in [
            ("Promo".to_owned(), Some("\nSTOP au 36180"), 1),
            ("Promo ".to_owned(), Some("STOP au 36180"), 1),
            ("a".repeat(146), Some("\nSTOP au 36180"), 1),
            ("a".repeat(147), Some("\nSTOP 36180"), 1),
            ("a".repeat(149), Some("\nSTOP 36180"), 1),
            ("a".repeat(150), Some("\nSTOP au 36180"), 2),
            ("ê".repeat(56), Some("\nSTOP au 36180"), 1),
            ("ê".repeat(57), Some("\nSTOP 36180"), 1),
            ("ê".repeat(59), Some("\nSTOP 36180"), 1),
            ("ê".repeat(60), Some("\nSTOP au 36180"), 2),
            ("Promo STOP au 36180".to_owned(), None, 1),
            ("Promo STOP au 38180".to_owned(), None, 1),
        ] {
            let done = complete(&text, code, at());
            assert_eq!(done.appended.as_deref(), appended, "{text}");
            assert_eq!(done.plan.parts, parts, "{text}");
            assert_eq!(done.plan, plan(&done.text));
            assert_eq!(done.text, format!("{text}{}", appended.unwrap_or_default()));
            assert_eq!(complete(&done.text, code, at()).appended, None, "completed once");
        }
    }
}
