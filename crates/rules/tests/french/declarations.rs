//! The sender desk, while one types.

use facteur_domain::Class;
use facteur_rules::desk::{Declaration, examine, review_due};
use facteur_rules::{Effect, Language, Proof};

use crate::common::{TUESDAY, at, reads_well};

fn check(declaration: &Declaration<'_>, expected: &[(&str, Effect)]) {
    let reasons = examine(declaration, at(TUESDAY));
    reasons.iter().for_each(reads_well);
    let found: Vec<_> = reasons.iter().map(|reason| (reason.rule, reason.effect)).collect();
    assert_eq!(found, expected, "{}", declaration.name);
    assert!(reasons.iter().all(|reason| reason.until.is_none()), "a paper has no date");
}

/// Requirements `seed-sender-format`, `fr-desk-checks`.
#[test]
fn names_are_told_what_is_wrong_with_them() {
    use Effect::{Hold, Note, Refuse};
    for (name, expected) in [
        ("Durand", &[][..]),
        ("36180", &[]),
        ("DurandInfo", &[("fr.sender.partly_generic", Note)]),
        ("", &[("fr.sender.format.length", Refuse)]),
        ("Du", &[("fr.sender.format.length", Refuse)]),
        ("DurandEtFils", &[("fr.sender.format.length", Refuse)]),
        ("Durand Fils", &[("fr.sender.format.character", Refuse)]),
        ("Béatrice", &[("fr.sender.format.character", Refuse)]),
        ("+33612345678", &[("fr.sender.format.phone_number", Refuse)]),
        ("0612345678", &[("fr.sender.format.phone_number", Refuse)]),
        ("12345", &[("fr.sender.format.no_letter", Refuse)]),
        ("INFO", &[("fr.sender.generic", Refuse)]),
        ("Info-SMS", &[("fr.sender.format.character", Refuse), ("fr.sender.generic", Refuse)]),
        ("Ameli", &[("fr.sender.protected", Hold)]),
        ("0range", &[("fr.sender.operator_name", Hold)]),
        ("5FR", &[("fr.sender.forbidden", Refuse)]),
    ] {
        check(&Declaration { name, ..Declaration::default() }, expected);
    }
    check(&Declaration { name: "INFO", proof: Proof::Registered, ..Declaration::default() }, &[]);
    check(&Declaration { name: "Ameli", proof: Proof::Authorised, ..Declaration::default() }, &[]);
    let code = |name, class| Declaration { name, class: Some(class), ..Declaration::default() };
    check(&code("36180", Class::Marketing), &[]);
    check(&code("36180", Class::Otp), &[("fr.sender.short_code_class", Refuse)]);
    check(&code("38180", Class::Marketing), &[("fr.sender.short_code_class", Refuse)]);
}

#[test]
fn a_better_name_is_suggested() {
    let reasons = examine(&Declaration { name: "Chez Zoé", ..Declaration::default() }, at(TUESDAY));
    assert!(reasons[0].cure(Language::French).expect("a cure").contains("ChezZoe"));
    assert!(reasons[0].message(Language::French).contains('5'), "where the sign stands");
}

/// Requirement `seed-sender-setup-time`.
#[test]
fn a_review_takes_five_business_days() {
    for (declared, due) in [
        ("2026-11-24T10:00:00+01:00", "2026-12-02T00:00:00+01:00"),
        ("2026-11-20T23:59:59+01:00", "2026-11-28T00:00:00+01:00"),
        ("2026-11-21T00:00:00+01:00", "2026-11-28T00:00:00+01:00"),
        // Over Christmas and New Year, both on a Friday.
        ("2026-12-24T12:00:00+01:00", "2027-01-05T00:00:00+01:00"),
        // Over Labour Day, Victory Day and Ascension, and a change of the clock.
        ("2026-05-07T12:00:00+02:00", "2026-05-19T00:00:00+02:00"),
        ("2026-10-23T12:00:00+02:00", "2026-10-31T00:00:00+01:00"),
    ] {
        assert_eq!(review_due(at(declared)), Some(at(due)), "{declared}");
    }
}

/// Requirement `fr-desk-papers`.
#[test]
fn a_reviewer_needs_papers() {
    let whole = Declaration {
        name: "Durand",
        legal_name: Some("Durand SARL"),
        company_number: Some("732 829 320"),
        website: Some("https://durand.example"),
        purpose: Some("Le nom de nos magasins"),
        example: Some("Soldes chez Durand STOP au 36180"),
        owned: Some((2, 3)),
        ..Declaration::default()
    };
    check(&whole, &[]);
    let hold = Effect::Hold;
    check(&Declaration { legal_name: Some(" "), ..whole }, &[("fr.desk.legal_name", hold)]);
    check(&Declaration { company_number: Some(""), ..whole }, &[("fr.desk.company_number", hold)]);
    check(&Declaration { website: Some(""), ..whole }, &[("fr.desk.website", hold)]);
    check(&Declaration { purpose: Some(""), ..whole }, &[("fr.desk.purpose", hold)]);
    check(&Declaration { example: Some(""), ..whole }, &[("fr.desk.example", hold)]);
    check(&Declaration { legal_name: None, ..whole }, &[]);
    check(&Declaration { owned: Some((3, 3)), ..whole }, &[("fr.sender.limit", Effect::Refuse)]);
    check(&Declaration { taken: true, ..whole }, &[("fr.sender.taken", Effect::Refuse)]);
    let number = |number| Declaration { company_number: Some(number), ..whole };
    for good in ["732829320", "732 829 320 00074", "35600000000048", "35600000009075"] {
        check(&number(good), &[]);
    }
    for bad in ["732829321", "73282932000075", "1234", "000000000", "73282932O", "35600000009074"] {
        check(&number(bad), &[("fr.desk.company_number.invalid", Effect::Refuse)]);
    }
}
