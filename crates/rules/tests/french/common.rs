//! A marketing message that every rule lets pass, and what is asked of verdicts about others.

use facteur_domain::{Class, Msisdn, Sender, SenderState, Timestamp};
use facteur_rules::{
    Audience, Basis, Circumstances, Consent, Effect, Facts, Grounds, Language, Policy, Proof, Reason, judge,
};

/// A Tuesday at 10:00 in Paris.
pub(crate) const TUESDAY: &str = "2026-11-24T10:00:00+01:00";

/// The instant of an RFC 3339 text.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().expect(text))
}

/// The number of a text.
pub(crate) fn number(text: &str) -> Msisdn {
    Msisdn::parse(text).expect(text)
}

/// The sender of a text.
pub(crate) fn sender(text: &str) -> Sender {
    text.parse().expect(text)
}

/// A consent with its proof, nine months old.
pub(crate) fn agreed() -> Consent {
    Consent {
        basis: Basis::Consent,
        collected_at: at("2026-02-24T10:00:00Z"),
        last_contact_at: None,
        withdrawn_at: None,
        proven: true,
    }
}

/// Marketing that may go, with everything known.
pub(crate) fn fine() -> Facts<'static> {
    Facts {
        at: at(TUESDAY),
        class: Class::Marketing,
        recipient: number("+33612345678"),
        sender: sender("Durand"),
        sender_state: Some(SenderState::Validated),
        text: "Soldes chez Durand\nSTOP au 36180",
        parts: 1,
        parts_max: 6,
        test: false,
        departing: false,
        auto_reply: None,
        circumstances: Circumstances {
            policy: Some(Policy::STRICT),
            audience: Audience::Consumer,
            grounds: Grounds::Entry(agreed()),
            stop_code: Some("36180".parse().expect("a code")),
            proof: Some(Proof::None),
            ..Circumstances::default()
        },
    }
}

/// `facts` with other circumstances.
pub(crate) fn with<'a>(facts: Facts<'a>, change: impl FnOnce(&mut Circumstances<'a>)) -> Facts<'a> {
    let mut facts = facts;
    change(&mut facts.circumstances);
    facts
}

/// The rules that stop or hold `facts`, in order; every reason must read well.
pub(crate) fn stopped_by(facts: &Facts<'_>) -> Vec<&'static str> {
    rules_of(facts, |effect| effect >= Effect::Hold)
}

/// The rules that have a word to say and let `facts` pass.
pub(crate) fn noted_by(facts: &Facts<'_>) -> Vec<&'static str> {
    rules_of(facts, |effect| effect < Effect::Hold)
}

fn rules_of(facts: &Facts<'_>, wanted: fn(Effect) -> bool) -> Vec<&'static str> {
    let verdict = judge(facts);
    verdict.reasons().iter().for_each(reads_well);
    verdict.reasons().iter().filter(|reason| wanted(reason.effect)).map(|reason| reason.rule).collect()
}

/// A reason has a source, whole sentences in two languages, and a cure where it stops something.
pub(crate) fn reads_well(reason: &Reason) {
    assert!(
        reason.rule.starts_with("fr.") && !reason.source.is_empty() && !reason.dated.is_empty(),
        "{reason:?}"
    );
    let known = facteur_rules::source(&reason.source);
    assert!(known.is_some() || reason.source == "OURS", "{}: {} leads nowhere", reason.rule, reason.source);
    let mut texts = Vec::new();
    for language in [Language::French, Language::English] {
        texts.push(reason.message(language));
        let cure = reason.cure(language);
        assert!(cure.is_some() || reason.effect < Effect::Hold, "{}: no cure", reason.rule);
        texts.extend(cure);
    }
    for text in &texts {
        let whole = text.ends_with('.') && !text.contains(['{', '}']) && !text.contains("  ");
        assert!(whole && text.len() > 12, "{}: {text}", reason.rule);
    }
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count, "{}: a sentence twice", reason.rule);
    assert!(reason.facts().iter().all(|(name, value)| !name.is_empty() && !value.to_string().is_empty()));
}
