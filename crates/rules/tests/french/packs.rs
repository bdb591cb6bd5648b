//! Packs of a deployment, as the judge applies them.

use facteur_rules::{Facts, Pack, Packs, Policy, Value};

use crate::common::{at, fine, sender, with};

/// The embedded packs and one that changes the current one.
fn packs(tables: &str) -> Packs {
    let head = "id = \"ours.1\"\nfrom = \"2026-06-01\"\nextends = \"fr-2026.1\"\n";
    Packs::embedded().with(Pack::parse(&format!("{head}{tables}")).expect(tables))
}

fn stopped_by(packs: &Packs, facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let verdict = packs.judge(facts);
    verdict
        .reasons()
        .iter()
        .filter(|r| r.cure(facteur_rules::Language::French).is_some())
        .map(|r| (r.rule, r.source.to_string()))
        .collect()
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn a_day_more_is_closed() {
    let packs = packs(
        "[[closed_day]]\ndate = \"2026-12-24\"\nfr = \"Veille de Noël\"\nen = \"Christmas Eve\"\n\
         source = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n",
    );
    for (instant, rules) in [
        ("2026-12-23T12:00:00+01:00", &[][..]),
        ("2026-12-24T12:00:00+01:00", &["fr.window.holiday"]),
        ("2027-12-24T12:00:00+01:00", &[]),
    ] {
        let facts = Facts { at: at(instant), ..fine() };
        let found: Vec<_> = stopped_by(&packs, &facts).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(found, rules, "{instant}");
    }
    let held = packs.judge(&Facts { at: at("2026-12-24T12:00:00+01:00"), ..fine() });
    assert_eq!(held.pack(), "ours.1");
    // Over Christmas, to Saturday.
    assert_eq!(held.reasons()[0].until.or(held.reasons()[1].until), Some(at("2026-12-26T08:00:00+01:00")));
    let names = held.reasons().iter().flat_map(|reason| reason.facts());
    assert!(
        names
            .clone()
            .any(|(_, value)| matches!(value, Value::Named { french, .. } if french == "Veille de Noël"))
    );
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn hours_and_limits_are_replaced() {
    let packs = packs(
        "[windows]\nclosing_margin_minutes = 0\ndefault = \"office\"\n[[windows.profile]]\nname = \"office\"\n\
         mon_fri = [\"09:00-12:00\", \"14:00-17:00\"]\nsaturday = []\nsunday = []\nholiday = []\n\
         source = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n\
         [parts]\ndefault = 1\nhard = 2\nsource = \"OURS\"\ndated = \"2026\"\ngrade = \"D\"\n",
    );
    let ours = |rule: &'static str| vec![(rule, "OURS".to_owned())];
    for (instant, expected) in [
        ("2026-11-24T11:59:59.999+01:00", vec![]),
        ("2026-11-24T12:00:00+01:00", ours("fr.window.night")),
        ("2026-11-24T14:00:00+01:00", vec![]),
        ("2026-11-28T10:00:00+01:00", ours("fr.window.day")),
    ] {
        // The default profile of this pack stands in for a name that it does not have.
        let facts = with(Facts { at: at(instant), ..fine() }, |known| known.policy = Some(Policy::STRICT));
        assert_eq!(stopped_by(&packs, &facts), expected, "{instant}");
    }
    let long = Facts { parts: 3, parts_max: 6, ..fine() };
    assert_eq!(packs.judge(&long).reasons().iter().filter(|r| r.rule == "fr.parts.limit").count(), 1);
    assert_eq!(
        Packs::embedded().judge(&long).reasons().iter().filter(|r| r.rule == "fr.parts.limit").count(),
        0
    );
}

/// Requirement `fr-pack-replaceable`.
#[test]
fn a_partner_list_is_in_force() {
    let list =
        "name,status,authorised_account,valid_from,valid_to,evidence_ref\nDurand,SI,,,,\nMartin,ISA,,,,\n";
    let base = Packs::embedded().at(fine().at);
    let packs =
        Packs::embedded().with(base.with_partner_list("fr-2026.1+partner", list, fine().at).expect("a list"));
    for (name, rule) in [("DURAND", "fr.sender.forbidden"), ("Mart1n", "fr.sender.protected"), ("Moreau", "")]
    {
        let facts = Facts { sender: sender(name), ..fine() };
        let found: Vec<_> = stopped_by(&packs, &facts).into_iter().map(|(rule, _)| rule).collect();
        let expected: &[&str] = if rule.is_empty() { &[] } else { &[rule] };
        assert_eq!(found, expected, "{name}");
        assert_eq!(packs.judge(&facts).pack(), "fr-2026.1+partner");
    }
}
