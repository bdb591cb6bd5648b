//! What the product answers a phone by itself: that a STOP or a START was understood, and who writes
//! (requirements `fr-stop-confirmed`, `fr-contact-reply`, `fr-start-confirmed`).
//!
//! The sentences are the judge's own, so that the permit which lets an answer pass at any hour and behind
//! a STOP holds for these and for nothing else.

use facteur_domain::text::{Encoding, plan, rewrite};
use facteur_domain::{AutoReply, Language, Sender, ShortCode};

use crate::case::Case;
use crate::rule::{Rule, Says};
use crate::{Effect, Field, Reason};

/// The longest name that an answer speaks in, in characters; a longer one is left out (ours).
const BRAND_MAX: usize = 40;

const fn rule(id: &'static str, effect: Effect, source: &'static str, dated: &'static str) -> Rule {
    Rule { id, effect, field: Field::Message, source, dated }
}

const STOP: Rule = rule("fr.answer.stop", Effect::Allow, "SMSMODE-STOP", "n.d.");
const CONTACT: Rule = rule("fr.answer.contact", Effect::Allow, "GOUV-33700", "2009");
const START: Rule = rule("fr.answer.start", Effect::Allow, "SMSPLUS-2015", "2015-04-01");
const OTHER_TEXT: Rule = rule("fr.answer.other_text", Effect::Refuse, "SMSPLUS-2015", "2015-04-01");

static SAYS_STOP: Says = Says::plain(
    "Réponse à un STOP : elle est obligatoire, part à toute heure et ne contient rien d'autre.",
    "The answer to a STOP: it is compulsory, leaves at any hour and says nothing else.",
);
static SAYS_CONTACT: Says = Says::plain(
    "Réponse à CONTACT : qui édite le service, même pour une personne qui a dit STOP.",
    "The answer to CONTACT: who publishes the service, also for a person who said STOP.",
);
static SAYS_START: Says = Says::plain(
    "Réponse à une personne qui demande à recevoir de nouveau vos SMS.",
    "The answer to a person who asks to receive your SMS again.",
);
static SAYS_OTHER_TEXT: Says = Says::new(
    [
        "La réponse automatique à un STOP, à CONTACT ou à START ne contient que la phrase prévue, sans rien de \
         commercial, et part d'un numéro court.",
        "Envoyez ce texte comme un message ordinaire.",
    ],
    [
        "The automatic answer to STOP, CONTACT or START holds the sentence meant for it and nothing commercial, \
         and comes from a short code.",
        "Send this text as an ordinary message.",
    ],
);

/// Whose identity CONTACT is answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Identity<'a> {
    /// The company's name in the register; else whatever name it is known by.
    pub legal_name: &'a str,
    /// Its SIREN, nine digits.
    pub siren: Option<&'a str>,
    /// The city of its register.
    pub register_city: Option<&'a str>,
    /// The telephone of its customer service.
    pub service_phone: Option<&'a str>,
    /// Its customer service's web or mail address.
    pub service_contact: Option<&'a str>,
}

/// The sentence of an answer, around the name of the brand.
const fn tail(reply: AutoReply, language: Language) -> &'static str {
    match (reply, language) {
        (AutoReply::Stop, Language::French) => {
            "votre désinscription est prise en compte. Vous ne recevrez plus de SMS promotionnels de notre part."
        }
        (AutoReply::Stop, Language::English) => {
            "you are unsubscribed. You will not receive our promotional SMS any more."
        }
        (AutoReply::Start, Language::French) => "vous recevrez de nouveau nos SMS.",
        (AutoReply::Start, Language::English) => "you will receive our SMS again.",
        (AutoReply::Contact, Language::French) => "Service édité par ",
        (AutoReply::Contact, Language::English) => "Service published by ",
        (AutoReply::Keyword, _) => "",
    }
}

/// The sentence where nobody can tell which brand was meant.
const fn neutral(language: Language) -> &'static str {
    match language {
        Language::French => "Votre désinscription est prise en compte.",
        Language::English => "You are unsubscribed.",
    }
}

/// Confirms a STOP, in one part: in the name of the brand, or of nobody where several may be meant.
#[must_use]
pub fn stop_confirmation(language: Language, brand: Option<&str>) -> String {
    brand
        .and_then(spoken)
        .map(|brand| format!("{brand}: {}", tail(AutoReply::Stop, language)))
        .filter(|text| fits(text))
        .unwrap_or_else(|| neutral(language).to_owned())
}

/// Confirms that the person will be written to again, and how to stop it.
#[must_use]
pub fn start_confirmation(language: Language, brand: &str, code: ShortCode) -> String {
    let name = spoken(brand).unwrap_or_default();
    let said = tail(AutoReply::Start, language);
    let how = match language {
        Language::French => format!("STOP au {code} pour vous désinscrire."),
        Language::English => format!("STOP to {code} to unsubscribe."),
    };
    if name.is_empty() { format!("{} {how}", capitalised(said)) } else { format!("{name}: {said} {how}") }
}

/// Says who publishes the service, how to reach them, and how to stop it.
#[must_use]
pub fn contact_answer(language: Language, identity: &Identity<'_>) -> String {
    let mut text = format!("{}{}", tail(AutoReply::Contact, language), identity.legal_name);
    match (identity.siren, identity.register_city) {
        (Some(siren), Some(city)) => text.push_str(&format!(", RCS {city} {}", grouped(siren))),
        (Some(siren), None) => text.push_str(&format!(", SIREN {}", grouped(siren))),
        (None, _) => {}
    }
    text.push('.');
    let ways: Vec<&str> = [identity.service_phone, identity.service_contact].into_iter().flatten().collect();
    if !ways.is_empty() {
        text.push_str(match language {
            Language::French => " Service client: ",
            Language::English => " Customer service: ",
        });
        text.push_str(&ways.join(" "));
        text.push('.');
    }
    text.push_str(match language {
        Language::French => " STOP pour ne plus recevoir de SMS.",
        Language::English => " STOP to receive no more SMS.",
    });
    rewrite(&text).text
}

/// A name as it may stand in an answer: short, on one line, in GSM-7 where that can be.
fn spoken(brand: &str) -> Option<String> {
    let name = rewrite(brand.trim()).text;
    let plain = !name.is_empty() && name.chars().count() <= BRAND_MAX && !name.contains(char::is_control);
    plain.then_some(name)
}

fn fits(text: &str) -> bool {
    let plan = plan(text);
    plan.parts == 1 && plan.encoding == Encoding::Gsm7
}

fn capitalised(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// A SIREN in threes, as it is written.
fn grouped(siren: &str) -> String {
    let digits: Vec<char> = siren.chars().collect();
    digits.chunks(3).map(|three| three.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Whether a text is one that answers: what `reply` says, and nothing else.
fn is_answer(reply: AutoReply, text: &str) -> bool {
    Language::ALL.into_iter().any(|language| {
        let said = tail(reply, language);
        match reply {
            AutoReply::Stop => text == neutral(language) || named(text, said, |rest| rest.is_empty()),
            AutoReply::Start => {
                let how = |rest: &str| rest.starts_with(" STOP ") && rest.chars().count() <= BRAND_MAX;
                named(text, said, how) || text.strip_prefix(&capitalised(said)).is_some_and(how)
            }
            AutoReply::Contact => text.starts_with(said),
            AutoReply::Keyword => false,
        }
    })
}

/// A name of ours, a colon, the sentence, and a rest.
fn named(text: &str, said: &str, rest: impl Fn(&str) -> bool) -> bool {
    text.split_once(": ").is_some_and(|(name, after)| {
        name.chars().count() <= BRAND_MAX
            && !name.contains(char::is_control)
            && after.strip_prefix(said).is_some_and(&rest)
    })
}

/// The permit of an answer; `false` where there is none to give, and the other rules judge.
pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) -> bool {
    let Some(reply) = case.facts.auto_reply.filter(|reply| *reply != AutoReply::Keyword) else {
        return false;
    };
    let from_code = matches!(case.facts.sender, Sender::Code(_));
    let (rule, says) = match reply {
        _ if !from_code || !is_answer(reply, case.facts.text) => (&OTHER_TEXT, &SAYS_OTHER_TEXT),
        AutoReply::Contact => (&CONTACT, &SAYS_CONTACT),
        AutoReply::Start => (&START, &SAYS_START),
        AutoReply::Stop | AutoReply::Keyword => (&STOP, &SAYS_STOP),
    };
    reasons.push(Reason::new(rule, says));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity<'static> = Identity {
        legal_name: "DURAND SAS",
        siren: Some("732829320"),
        register_city: Some("Paris"),
        service_phone: Some("09 69 39 00 00"),
        service_contact: Some("durand.fr/aide"),
    };

    fn code() -> ShortCode {
        "36180".parse().expect("a code")
    }

    /// Requirements `fr-stop-confirmed`, `fr-start-confirmed`, `fr-contact-reply`.
    #[test]
    fn answers_read_as_they_should() {
        let (fr, en) = (Language::French, Language::English);
        for (text, expected) in [
            (
                stop_confirmation(fr, Some("Durand")),
                "Durand: votre désinscription est prise en compte. Vous ne recevrez plus de SMS promotionnels de \
                 notre part.",
            ),
            (stop_confirmation(fr, None), "Votre désinscription est prise en compte."),
            (
                stop_confirmation(en, Some("Durand")),
                "Durand: you are unsubscribed. You will not receive our promotional SMS any more.",
            ),
            (
                start_confirmation(fr, "Durand", code()),
                "Durand: vous recevrez de nouveau nos SMS. STOP au 36180 pour vous désinscrire.",
            ),
            (
                contact_answer(fr, &IDENTITY),
                "Service édité par DURAND SAS, RCS Paris 732 829 320. Service client: 09 69 39 00 00 \
                 durand.fr/aide. STOP pour ne plus recevoir de SMS.",
            ),
            (
                contact_answer(en, &Identity { legal_name: "Durand", ..Identity::default() }),
                "Service published by Durand. STOP to receive no more SMS.",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_confirmation_is_one_part_whatever_the_name() {
        for brand in [
            "Durand",
            "L’Échoppe d’Anaïs",
            "a".repeat(40).as_str(),
            "b".repeat(41).as_str(),
            "日本",
            "",
            "a\nb",
        ] {
            for language in Language::ALL {
                let text = stop_confirmation(language, Some(brand));
                assert!(fits(&text), "{text}");
                assert!(is_answer(AutoReply::Stop, &text), "{text}");
                assert!(is_answer(AutoReply::Start, &start_confirmation(language, brand, code())), "{brand}");
            }
        }
        assert!(is_answer(AutoReply::Contact, &contact_answer(Language::French, &IDENTITY)));
    }

    #[test]
    fn nothing_else_is_an_answer() {
        let sure = stop_confirmation(Language::French, Some("Durand"));
        for text in [
            format!("{sure} Soldes -50 % !"),
            format!("Soldes -50 % chez Durand, jusqu'à samedi seulement : {sure}"),
            "Durand: soldes".to_owned(),
            String::new(),
        ] {
            assert!(!is_answer(AutoReply::Stop, &text), "{text}");
        }
        assert!(!is_answer(AutoReply::Keyword, &sure) && !is_answer(AutoReply::Contact, &sure));
    }
}
