//! Senders that may not send what they try to.

use facteur_domain::Class;
use facteur_rules::{Effect, Facts, Proof, judge};

use crate::common::{fine, sender, stopped_by, with};

/// Requirement `fr-sender-code-class`.
#[test]
fn short_codes_carry_their_own_class() {
    let refused = &["fr.sender.short_code_class"][..];
    for (code, class, rules) in [
        ("36180", Class::Marketing, &[][..]),
        ("36180", Class::Conversational, &[]),
        ("36180", Class::Transactional, refused),
        ("36180", Class::Otp, refused),
        ("36180", Class::Alert, refused),
        ("38180", Class::Marketing, refused),
        ("38180", Class::Conversational, &[]),
        ("38180", Class::Transactional, &[]),
        ("38180", Class::Otp, &[]),
        ("38180", Class::Alert, &[]),
    ] {
        let text = if class == Class::Marketing { fine().text } else { "Votre rendez-vous" };
        let facts = Facts { sender: sender(code), class, text, ..fine() };
        assert_eq!(stopped_by(&facts), rules, "{code} {class}");
        assert_eq!(stopped_by(&with(facts, |known| known.policy = None)), [""; 0], "no policy, no rule");
    }
    // A STOP mention makes it marketing, which a 38xxx does not carry.
    let slipped = Facts { sender: sender("38180"), class: Class::Transactional, ..fine() };
    assert_eq!(stopped_by(&slipped), refused);
}

/// Requirements `fr-sender-generic`, `fr-sender-protected`, `fr-sender-operator`.
#[test]
fn names_need_the_proof_that_their_list_asks() {
    const NONE: &[&str] = &[];
    for (name, without, registered, authorised) in [
        ("Durand", NONE, NONE, NONE),
        ("DurandInfo", NONE, NONE, NONE),
        ("INFO", &["fr.sender.generic"], NONE, NONE),
        ("1nfoC0lis", &["fr.sender.generic"], NONE, NONE),
        ("AMELI", &["fr.sender.protected"], &["fr.sender.protected"], NONE),
        ("Ame1i24", &["fr.sender.protected"], &["fr.sender.protected"], NONE),
        ("0range", &["fr.sender.operator_name"], &["fr.sender.operator_name"], NONE),
        ("MonSFR", &["fr.sender.forbidden"], &["fr.sender.forbidden"], &["fr.sender.forbidden"]),
    ] {
        for (proof, rules) in [
            (None, NONE),
            (Some(Proof::None), without),
            (Some(Proof::Registered), registered),
            (Some(Proof::Authorised), authorised),
        ] {
            let facts = with(Facts { sender: sender(name), ..fine() }, |known| known.proof = proof);
            assert_eq!(stopped_by(&facts), rules, "{name} {proof:?}");
            let verdict = judge(&facts);
            let refusals = verdict.reasons().iter().filter(|reason| reason.effect == Effect::Refuse).count();
            assert_eq!(refusals, rules.len(), "nothing waits at departure");
        }
    }
}
