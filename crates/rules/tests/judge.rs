//! The judge by its public face: every rule, in both languages, and the permit it gives.

use facteur_domain::{Class, MessageId, Msisdn, SenderState, Timestamp};
use facteur_rules::{Circumstances, Decision, Effect, Facts, Field, Language, Reason, judge};
use proptest::prelude::*;

const MESSAGE: MessageId = MessageId::from_key(16);

/// Facts that every rule lets pass.
fn fine() -> Facts<'static> {
    Facts {
        at: Timestamp::from_millis(1_790_000_000_000),
        class: Class::Marketing,
        recipient: number("+33612345678"),
        sender: "MyCompany".parse().expect("valid"),
        sender_state: Some(SenderState::Validated),
        text: "Bonjour, ceci est un message de test",
        parts: 1,
        parts_max: 6,
        test: false,
        departing: true,
        auto_reply: None,
        circumstances: Circumstances::default(),
    }
}

fn number(text: &str) -> Msisdn {
    Msisdn::parse(text).expect(text)
}

/// The ids of the rules that refuse `facts`, and that nothing else is said.
fn refused_by(facts: &Facts<'_>) -> Vec<&'static str> {
    let verdict = judge(facts);
    let ids: Vec<_> = verdict.reasons().iter().map(|reason| reason.rule).collect();
    assert!(verdict.reasons().iter().all(|reason| reason.effect == Effect::Refuse), "{ids:?}");
    let refused = verdict.decision() == Decision::Refuse;
    assert_eq!(refused, !ids.is_empty(), "{ids:?}");
    assert_eq!(verdict.clear(MESSAGE).is_err(), refused, "{ids:?}");
    ids
}

fn only_reason(facts: &Facts<'_>) -> Reason {
    let verdict = judge(facts);
    assert_eq!(verdict.reasons().len(), 1, "{verdict:?}");
    verdict.reasons()[0].clone()
}

/// Facts that break one rule each.
fn broken() -> Vec<(&'static str, Field, Facts<'static>)> {
    let to = |text| Facts { recipient: number(text), ..fine() };
    let state = |sender_state| Facts { sender_state, ..fine() };
    let code = Facts { sender: "38180".parse().expect("valid"), sender_state: None, ..fine() };
    let long: &'static str = "a".repeat(1001).leak();
    let length = |text| Facts { text, ..fine() };
    let parts = |parts, parts_max| Facts { parts, parts_max, ..fine() };
    let mut cases = Vec::new();
    for (rule, facts) in [
        ("fr.recipient.not_french", to("+32470123456")),
        ("fr.recipient.not_french", to("+262262123456")),
        ("fr.recipient.not_french", to("+26269212345")),
        ("fr.recipient.landline", to("+33123456789")),
        ("fr.recipient.landline", to("+33912345678")),
        ("fr.recipient.landline", to("+33162123456")),
        ("fr.recipient.landline", to("+33938123456")),
        ("fr.recipient.landline", to("+590598712345")),
        ("fr.recipient.m2m", to("+337001234567890")),
        ("fr.recipient.m2m", to("+33700123456")),
        ("fr.recipient.special", to("+33892123456")),
        ("fr.recipient.special", to("+33800123456")),
        ("fr.recipient.special", to("+3336180")),
        ("fr.recipient.unassigned", to("+33710123456")),
        ("fr.recipient.unassigned", to("+33012345678")),
        ("fr.recipient.unassigned", to("+3361234567")),
        ("fr.recipient.unassigned", to("+336123456789")),
        ("fr.recipient.unassigned", to("+330612345678")),
        ("fr.recipient.overseas_as_mainland", to("+33692123456")),
        ("fr.recipient.overseas_as_mainland", to("+33639123456")),
        ("fr.recipient.overseas", to("+262692123456")),
        ("fr.recipient.overseas", to("+508412345")),
        ("fr.recipient.overseas", to("+68987123456")),
        ("fr.recipient.fiction", to("+33639980012")),
    ] {
        cases.push((rule, Field::To, facts));
    }
    for (rule, facts) in [
        ("fr.sender.unknown", state(None)),
        ("fr.sender.unknown", code),
        ("fr.sender.pending", state(Some(SenderState::Pending))),
        ("fr.sender.failed", state(Some(SenderState::Failed))),
        ("fr.sender.disabled", state(Some(SenderState::Disabled))),
    ] {
        cases.push((rule, Field::SenderId, facts));
    }
    for (rule, facts) in [
        ("fr.content.blank", length("")),
        ("fr.content.blank", length(" \n\u{a0}\u{202f}")),
        ("fr.content.too_long", length(long)),
        ("fr.parts.limit", parts(7, 6)),
        ("fr.parts.limit", parts(16, 200)),
        ("fr.parts.limit", parts(u8::MAX, u8::MAX)),
        ("fr.parts.limit", parts(1, 0)),
    ] {
        cases.push((rule, Field::Message, facts));
    }
    cases
}

/// Requirements `seed-recipient-format`, `seed-sender-verified`, `seed-message-length`.
#[test]
fn each_rule_refuses_by_its_id() {
    for (rule, field, facts) in broken() {
        let reason = only_reason(&facts);
        assert_eq!((reason.rule, reason.field), (rule, field), "{:?}", facts.recipient);
        assert_eq!(refused_by(&facts), [rule]);
    }
}

#[test]
fn what_is_within_every_limit_may_go() {
    let long = "é".repeat(1000);
    for facts in [
        fine(),
        Facts { recipient: number("+33799999999"), ..fine() },
        Facts { sender: "36180".parse().expect("valid"), ..fine() },
        Facts { recipient: number("+33639980012"), test: true, ..fine() },
        Facts { text: &long, parts: 7, parts_max: 15, ..fine() },
        Facts { parts: 15, parts_max: 200, ..fine() },
    ] {
        assert_eq!(refused_by(&facts), [""; 0]);
    }
}

/// A test key opens the numbers for fiction and nothing else.
#[test]
fn a_test_key_changes_no_other_rule() {
    for (rule, _, facts) in broken() {
        let expected: &[&str] = if rule == "fr.recipient.fiction" { &[] } else { &[rule] };
        assert_eq!(refused_by(&Facts { test: true, ..facts }), expected);
    }
}

#[test]
fn every_reason_says_what_is_wrong_and_what_to_do() {
    for (rule, _, facts) in broken() {
        let reason = only_reason(&facts);
        assert!(facteur_rules::source(&reason.source).is_some() && !reason.dated.is_empty(), "{rule}");
        let mut texts = Vec::new();
        for language in [Language::French, Language::English] {
            texts.push(reason.message(language));
            texts.push(reason.cure(language).expect(rule));
        }
        for text in &texts {
            assert!(text.ends_with('.') && !text.contains(['{', '}']) && !text.contains("  "), "{text}");
        }
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 4, "{rule}: {texts:?}");
    }
}

#[test]
fn sentences_show_the_values_that_matter() {
    let check = |facts: Facts<'_>, in_message: &[&str], in_cure: &[&str]| {
        let reason = only_reason(&facts);
        for language in [Language::French, Language::English] {
            let (message, cure) = (reason.message(language), reason.cure(language).expect("a cure"));
            assert!(in_message.iter().all(|value| message.contains(value)), "{message}");
            assert!(in_cure.iter().all(|value| cure.contains(value)), "{cure}");
        }
    };
    check(Facts { recipient: number("+33692123456"), ..fine() }, &["+33"], &["+262692123456"]);
    check(Facts { recipient: number("+33696123456"), ..fine() }, &["+33"], &["+596696123456"]);
    check(Facts { recipient: number("+330612345678"), ..fine() }, &["0"], &["+33612345678"]);
    check(Facts { recipient: number("+3361234567"), ..fine() }, &["10", "11"], &["9"]);
    check(Facts { sender_state: None, ..fine() }, &["MyCompany"], &["1", "5"]);
    let text = "a".repeat(1003);
    check(Facts { text: &text, ..fine() }, &["1003", "1000"], &["3"]);
    check(Facts { parts: 7, ..fine() }, &["7", "6"], &[]);
    check(Facts { text: "ça", parts: 7, ..fine() }, &["7", "6"], &["ç", "153", "67"]);
}

/// Requirement `fr-reasons`.
#[test]
fn all_reasons_come_at_once_by_field_and_rule() {
    let text = " ".repeat(1001);
    let facts = Facts {
        recipient: number("+33123456789"),
        sender_state: Some(SenderState::Failed),
        text: &text,
        parts: 7,
        ..fine()
    };
    assert_eq!(
        refused_by(&facts),
        [
            "fr.recipient.landline",
            "fr.sender.failed",
            "fr.content.blank",
            "fr.content.too_long",
            "fr.parts.limit"
        ]
    );
}

#[test]
fn a_permit_is_for_what_was_judged() {
    let facts = fine();
    let cleared = judge(&facts).clear(MESSAGE).expect("may go");
    assert_eq!(cleared.message(), MESSAGE);
    assert_eq!((cleared.recipient(), cleared.at()), (facts.recipient, facts.at));
}

#[test]
fn reasons_print_no_whole_number() {
    let reason = only_reason(&Facts { recipient: number("+33692123456"), ..fine() });
    assert!(!format!("{reason:?}").contains("692123456"));
}

proptest! {
    #[test]
    fn judging_is_total_and_deterministic(
        digits in 100_000_u64..1_000_000_000_000_000,
        state in proptest::option::of(proptest::sample::select(vec![
            SenderState::Pending, SenderState::Validated, SenderState::Failed, SenderState::Disabled,
        ])),
        text in "\\PC{0,20}",
        parts in any::<u8>(),
        parts_max in any::<u8>(),
        test in any::<bool>(),
    ) {
        let recipient = Msisdn::from_digits(digits).expect("six to fifteen digits");
        let facts = Facts { recipient, sender_state: state, text: &text, parts, parts_max, test, ..fine() };
        let verdict = judge(&facts);
        prop_assert_eq!(&verdict, &judge(&facts));
        let sorted = verdict.reasons().is_sorted_by_key(|reason| (reason.field, reason.rule));
        prop_assert!(sorted);
        if verdict.decision() == Decision::Send {
            prop_assert!(recipient.is_french() && (test || !recipient.is_fiction()));
            prop_assert!(state == Some(SenderState::Validated) && parts <= parts_max.min(15));
        }
    }
}
