//! Consent, existing customers, professionals, and who said STOP.

use facteur_domain::Class;
use facteur_rules::{Audience, Basis, Consent, Decision, Grounds, OptOuts, judge};

use crate::common::{TUESDAY, agreed, at, fine, noted_by, stopped_by, with};

const CUSTOMER: Basis = Basis::CUSTOMER;
const PROFESSIONAL: Basis = Basis::PROFESSIONAL;
const RELEVANT: Audience = Audience::Professional { relevant: true };

fn check(audience: Audience, grounds: Grounds, rules: &[&str]) {
    let facts = with(fine(), |known| {
        known.audience = audience;
        known.grounds = grounds;
    });
    assert_eq!(stopped_by(&facts), rules, "{audience:?} {grounds:?}");
    let entry = matches!(grounds, Grounds::Entry(_)) && rules.is_empty();
    assert_eq!(
        noted_by(&facts),
        if entry { &["fr.window.open", "fr.consent.ground"][..] } else { &["fr.window.open"] }
    );
    let reminder = facteur_rules::Facts { class: Class::Transactional, text: "Rendez-vous demain", ..facts };
    assert_eq!(stopped_by(&reminder), [""; 0], "only marketing needs it");
}

fn on(basis: Basis) -> Grounds {
    Grounds::Entry(Consent { basis, ..agreed() })
}

/// Requirements `seed-consent-b2c`, `fr-consent-customer`.
#[test]
fn consumers_agree_first_or_are_customers() {
    let customer =
        |at_sale, similar, could_refuse| on(Basis::ExistingCustomer { at_sale, similar, could_refuse });
    for audience in [Audience::Consumer, Audience::Unknown] {
        check(audience, Grounds::NotJudged, &[]);
        check(audience, Grounds::Missing, &["fr.consent.b2c.missing"]);
        check(audience, Grounds::OtherAdvertiser, &["fr.consent.other_advertiser"]);
        check(audience, on(Basis::Consent), &[]);
        check(audience, on(CUSTOMER), &[]);
        check(audience, customer(false, true, true), &["fr.consent.b2c.not_a_customer"]);
        check(audience, customer(true, false, true), &["fr.consent.b2c.not_similar"]);
        check(audience, customer(true, true, false), &["fr.consent.b2c.could_not_refuse"]);
        check(
            audience,
            customer(false, false, false),
            &[
                "fr.consent.b2c.could_not_refuse",
                "fr.consent.b2c.not_a_customer",
                "fr.consent.b2c.not_similar",
            ],
        );
        check(audience, on(PROFESSIONAL), &["fr.consent.b2c.doubt"]);
    }
}

/// Requirement `seed-consent-b2b`.
#[test]
fn professionals_are_written_to_about_their_work() {
    let irrelevant = Audience::Professional { relevant: false };
    check(RELEVANT, on(PROFESSIONAL), &[]);
    check(RELEVANT, on(Basis::Consent), &[]);
    check(RELEVANT, on(CUSTOMER), &[]);
    check(irrelevant, on(PROFESSIONAL), &["fr.consent.b2b.relevance"]);
    check(irrelevant, on(Basis::Consent), &[]);
    check(RELEVANT, on(Basis::Professional { informed: false }), &["fr.consent.b2b.not_informed"]);
    check(RELEVANT, Grounds::Missing, &["fr.consent.b2b.missing"]);
    check(irrelevant, Grounds::Missing, &["fr.consent.b2b.missing", "fr.consent.b2b.relevance"]);
}

/// Requirements `fr-consent-age`, `fr-consent-proof`.
#[test]
fn a_proof_has_an_age_and_can_be_withdrawn() {
    let too_old = &["fr.consent.too_old"][..];
    for (collected, contact, rules) in [
        ("2023-11-24T09:00:00.001Z", None, &[][..]),
        // Three years to the millisecond.
        ("2023-11-24T09:00:00Z", None, too_old),
        ("2010-01-01T00:00:00Z", None, too_old),
        ("2010-01-01T00:00:00Z", Some("2023-11-24T09:00:00Z"), too_old),
        ("2010-01-01T00:00:00Z", Some("2023-11-24T09:00:00.001Z"), &[]),
        // A contact before the collection does not make it older, nor one that is still to come younger.
        ("2026-01-01T00:00:00Z", Some("2010-01-01T00:00:00Z"), &[]),
        ("2010-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z"), too_old),
        (TUESDAY, None, &[]),
        ("2026-11-24T09:00:00.001Z", None, &["fr.consent.not_yet"]),
    ] {
        for basis in [Basis::Consent, CUSTOMER] {
            let entry =
                Consent { basis, collected_at: at(collected), last_contact_at: contact.map(at), ..agreed() };
            check(Audience::Consumer, Grounds::Entry(entry), rules);
        }
    }
    for (withdrawn, rules) in [
        ("2026-11-24T09:00:00Z", &["fr.consent.withdrawn"][..]),
        ("2026-03-01T09:00:00Z", &["fr.consent.withdrawn"]),
        ("2026-11-24T09:00:00.001Z", &[]),
    ] {
        let entry = Consent { withdrawn_at: Some(at(withdrawn)), ..agreed() };
        check(Audience::Consumer, Grounds::Entry(entry), rules);
    }
    let entry = Consent { proven: false, ..agreed() };
    check(Audience::Consumer, Grounds::Entry(entry), &["fr.consent.unproven"]);
}

/// 29 February plus three years is 28 February.
#[test]
fn leap_days_age_by_the_calendar() {
    for (instant, rules) in [
        ("2027-02-27T09:00:00+01:00", &[][..]),
        ("2027-02-28T08:00:00+01:00", &["fr.consent.too_old"]),
        ("2027-03-01T09:00:00+01:00", &["fr.consent.too_old"]),
    ] {
        let facts = with(fine(), |known| {
            known.grounds = Grounds::Entry(Consent { collected_at: at("2024-02-29T07:00:00Z"), ..agreed() });
        });
        let facts = facteur_rules::Facts { at: at(instant), ..facts };
        let consent: Vec<_> =
            stopped_by(&facts).into_iter().filter(|rule| rule.starts_with("fr.consent.")).collect();
        assert_eq!(consent, rules, "{instant}");
    }
}

/// Requirement `fr-optout-scope`.
#[test]
fn a_stop_ends_marketing_and_nothing_else() {
    let since = Some(at("2026-10-01T00:00:00Z"));
    for (opt_outs, rules) in [
        (OptOuts::default(), &[][..]),
        (OptOuts { advertiser: since, ..OptOuts::default() }, &["fr.optout.advertiser"]),
        (OptOuts { workspace: since, ..OptOuts::default() }, &["fr.optout.workspace"]),
        (OptOuts { platform: since, ..OptOuts::default() }, &["fr.optout.platform"]),
        (
            OptOuts { advertiser: since, workspace: since, platform: since },
            &["fr.optout.advertiser", "fr.optout.platform", "fr.optout.workspace"],
        ),
    ] {
        let facts = with(fine(), |known| known.opt_outs = opt_outs);
        assert_eq!(stopped_by(&facts), rules);
        let refused = judge(&facts).decision() == Decision::Refuse;
        assert_eq!(refused, !rules.is_empty());
        // Also where no policy is in force: a STOP is honoured whatever the hours.
        assert_eq!(stopped_by(&with(facts, |known| known.policy = None)), rules);
        for class in [Class::Transactional, Class::Otp, Class::Alert, Class::Conversational] {
            let other = facteur_rules::Facts { class, text: "Votre rendez-vous", ..facts };
            assert_eq!(stopped_by(&other), [""; 0], "{class}");
        }
    }
}
