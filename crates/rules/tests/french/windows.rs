//! Hours, Sundays and holidays, in the recipient's own time.

use facteur_domain::{Class, Timestamp};
use facteur_rules::{Decision, Effect, Facts, Field, Language, Packs, Policy, judge};

use crate::common::{at, fine, noted_by, number, reads_well, stopped_by, with};

const NIGHT: &str = "fr.window.night";
const SUNDAY: &str = "fr.window.sunday";
const HOLIDAY: &str = "fr.window.holiday";
const CLOSING: &str = "fr.window.closing";

/// A place: a number, a postcode, and the offset that its instants are written in.
struct Place(&'static str, Option<&'static str>);

const PARIS: Place = Place("+33612345678", None);
const STRASBOURG: Place = Place("+33612345678", Some("67000"));
const REUNION: Place = Place("+262692123456", None);
const MAYOTTE: Place = Place("+262639123456", None);
const ANTILLES: Place = Place("+590690123456", None);
const MARTINIQUE: Place = Place("+596696123456", None);
const GUYANE: Place = Place("+594694123456", None);
const MIQUELON: Place = Place("+508551234", None);
const TAHITI: Place = Place("+68987123456", None);

fn judged_at(place: &Place, profile: &'static str, instant: &str) -> Facts<'static> {
    let facts = Facts { at: at(instant), recipient: number(place.0), ..fine() };
    with(facts, |known| {
        known.policy = Some(Policy { platform: profile, workspace: profile });
        known.postcode = place.1;
        known.grounds = facteur_rules::Grounds::NotJudged;
    })
}

/// What the windows say: the rules that close, and the opening. Whether the recipient is mainland or
/// not is another rule's matter.
fn check(place: &Place, profile: &'static str, instant: &str, rules: &[&str], opening: &str) {
    let facts = judged_at(place, profile, instant);
    let verdict = judge(&facts);
    let windows: Vec<_> =
        verdict.reasons().iter().filter(|r| r.effect >= Effect::Hold && r.field == Field::SendAt).collect();
    let mut found: Vec<_> = windows.iter().map(|reason| reason.rule).collect();
    let mut expected = rules.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{instant} {}", place.0);
    for reason in windows {
        reads_well(reason);
        assert_eq!(reason.until, Some(at(opening)), "{instant} {}", place.0);
    }
    if place.0.starts_with("+33") {
        let decision = if rules.is_empty() { Decision::Send } else { Decision::Hold { until: at(opening) } };
        assert_eq!(verdict.decision(), decision, "{instant}");
    }
}

/// Requirements `seed-hours`, `fr-window-margin`.
#[test]
fn days_open_at_eight_and_close_at_twenty() {
    for (instant, rules, opening) in [
        ("2026-11-24T07:59:59.999+01:00", &[NIGHT][..], "2026-11-24T08:00:00+01:00"),
        ("2026-11-24T08:00:00+01:00", &[], ""),
        ("2026-11-24T12:00:00+01:00", &[], ""),
        ("2026-11-24T19:44:59.999+01:00", &[], ""),
        ("2026-11-24T19:45:00+01:00", &[CLOSING], "2026-11-25T08:00:00+01:00"),
        ("2026-11-24T19:59:59.999+01:00", &[CLOSING], "2026-11-25T08:00:00+01:00"),
        ("2026-11-24T20:00:00+01:00", &[NIGHT], "2026-11-25T08:00:00+01:00"),
        ("2026-11-24T23:59:59.999+01:00", &[NIGHT], "2026-11-25T08:00:00+01:00"),
        ("2026-11-25T00:00:00+01:00", &[NIGHT], "2026-11-25T08:00:00+01:00"),
        ("2026-11-28T12:00:00+01:00", &[], ""),
        ("2026-11-28T20:30:00+01:00", &[NIGHT], "2026-11-30T08:00:00+01:00"),
        ("2026-12-31T23:59:59+01:00", &[NIGHT], "2027-01-02T08:00:00+01:00"),
    ] {
        check(&PARIS, "strict", instant, rules, opening);
    }
}

/// Requirements `seed-sunday`, `seed-holidays`.
#[test]
fn sundays_and_holidays_are_closed() {
    for (instant, rules, opening) in [
        ("2026-11-29T00:00:00+01:00", &[SUNDAY, NIGHT][..], "2026-11-30T08:00:00+01:00"),
        ("2026-11-29T12:00:00+01:00", &[SUNDAY], "2026-11-30T08:00:00+01:00"),
        ("2026-11-29T19:50:00+01:00", &[SUNDAY], "2026-11-30T08:00:00+01:00"),
        ("2026-11-11T10:00:00+01:00", &[HOLIDAY], "2026-11-12T08:00:00+01:00"),
        ("2026-11-11T21:00:00+01:00", &[HOLIDAY, NIGHT], "2026-11-12T08:00:00+01:00"),
        // 1 May 2022 was a Sunday; 1 November 2026 is.
        ("2022-05-01T10:00:00+02:00", &[SUNDAY, HOLIDAY], "2022-05-02T08:00:00+02:00"),
        ("2026-11-01T10:00:00+01:00", &[SUNDAY, HOLIDAY], "2026-11-02T08:00:00+01:00"),
        // Ascension on 8 May 2031 and 1959, on 1 May 2008.
        ("2031-05-08T10:00:00+02:00", &[HOLIDAY], "2031-05-09T08:00:00+02:00"),
        ("2008-05-01T10:00:00+02:00", &[HOLIDAY], "2008-05-02T08:00:00+02:00"),
        ("2026-05-14T10:00:00+02:00", &[HOLIDAY], "2026-05-15T08:00:00+02:00"),
        // Easter Sunday and its Monday, then Whit Monday.
        ("2026-04-05T10:00:00+02:00", &[SUNDAY], "2026-04-07T08:00:00+02:00"),
        ("2026-04-06T10:00:00+02:00", &[HOLIDAY], "2026-04-07T08:00:00+02:00"),
        ("2026-05-25T10:00:00+02:00", &[HOLIDAY], "2026-05-26T08:00:00+02:00"),
        // A leap day is a day like any other.
        ("2028-02-29T10:00:00+01:00", &[], ""),
        ("2024-02-29T20:00:00+01:00", &[NIGHT], "2024-03-01T08:00:00+01:00"),
        // Friday 24 and Saturday 26 are open around Christmas on a Friday, then a Sunday.
        ("2026-12-24T19:50:00+01:00", &[CLOSING], "2026-12-26T08:00:00+01:00"),
        ("2026-12-25T12:00:00+01:00", &[HOLIDAY], "2026-12-26T08:00:00+01:00"),
        ("2026-04-03T10:00:00+02:00", &[], ""),
        ("2026-12-26T10:00:00+01:00", &[], ""),
    ] {
        check(&PARIS, "strict", instant, rules, opening);
    }
}

/// Requirement `fr-holiday-alsace-moselle`.
#[test]
fn alsace_moselle_has_two_days_more() {
    for (instant, rules, opening) in [
        ("2026-04-03T10:00:00+02:00", &[HOLIDAY][..], "2026-04-04T08:00:00+02:00"),
        ("2026-12-25T10:00:00+01:00", &[HOLIDAY], "2026-12-28T08:00:00+01:00"),
        ("2026-12-26T10:00:00+01:00", &[HOLIDAY], "2026-12-28T08:00:00+01:00"),
        ("2026-11-24T10:00:00+01:00", &[], ""),
    ] {
        check(&STRASBOURG, "strict", instant, rules, opening);
    }
}

/// Requirement `fr-window-zone`.
#[test]
fn clocks_change_in_the_night() {
    for (instant, rules, opening) in [
        // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00. Both are Sundays.
        ("2026-03-28T21:00:00+01:00", &[NIGHT][..], "2026-03-30T08:00:00+02:00"),
        ("2026-03-29T01:59:59+01:00", &[SUNDAY, NIGHT], "2026-03-30T08:00:00+02:00"),
        ("2026-03-29T03:00:00+02:00", &[SUNDAY, NIGHT], "2026-03-30T08:00:00+02:00"),
        ("2026-03-30T07:59:59+02:00", &[NIGHT], "2026-03-30T08:00:00+02:00"),
        ("2026-03-30T08:00:00+02:00", &[], ""),
        ("2026-10-24T19:45:00+02:00", &[CLOSING], "2026-10-26T08:00:00+01:00"),
        ("2026-10-25T02:30:00+02:00", &[SUNDAY, NIGHT], "2026-10-26T08:00:00+01:00"),
        ("2026-10-25T02:30:00+01:00", &[SUNDAY, NIGHT], "2026-10-26T08:00:00+01:00"),
        ("2026-10-26T07:00:00+01:00", &[NIGHT], "2026-10-26T08:00:00+01:00"),
        ("2026-10-26T08:00:00+01:00", &[], ""),
    ] {
        check(&PARIS, "strict", instant, rules, opening);
    }
}

/// Requirements `fr-window-zone`, `fr-holiday-overseas`.
#[test]
fn overseas_has_its_own_clock_and_days() {
    for (place, instant, rules, opening) in [
        (&REUNION, "2026-11-24T08:00:00+01:00", &[][..], ""),
        (&REUNION, "2026-11-24T17:00:00+01:00", &[NIGHT], "2026-11-25T08:00:00+04:00"),
        (&REUNION, "2026-12-19T12:00:00+04:00", &[], ""),
        (&REUNION, "2027-12-20T12:00:00+04:00", &[HOLIDAY], "2027-12-21T08:00:00+04:00"),
        (&MAYOTTE, "2026-04-27T12:00:00+03:00", &[HOLIDAY], "2026-04-28T08:00:00+03:00"),
        // Eight in Paris is three in the Antilles in winter, two in summer.
        (&ANTILLES, "2026-11-24T08:00:00+01:00", &[NIGHT], "2026-11-24T08:00:00-04:00"),
        (&ANTILLES, "2026-07-07T08:00:00+02:00", &[NIGHT], "2026-07-07T08:00:00-04:00"),
        // Saint-Martin's two days; Guadeloupe and Saint-Barthélemy share the numbers.
        (&ANTILLES, "2026-05-27T12:00:00-04:00", &[HOLIDAY], "2026-05-29T08:00:00-04:00"),
        (&ANTILLES, "2026-05-28T12:00:00-04:00", &[HOLIDAY], "2026-05-29T08:00:00-04:00"),
        (&ANTILLES, "2026-10-09T12:00:00-04:00", &[HOLIDAY], "2026-10-10T08:00:00-04:00"),
        (&MARTINIQUE, "2026-05-22T12:00:00-04:00", &[HOLIDAY], "2026-05-23T08:00:00-04:00"),
        (&MARTINIQUE, "2026-05-27T12:00:00-04:00", &[], ""),
        (&GUYANE, "2026-06-10T12:00:00-03:00", &[HOLIDAY], "2026-06-11T08:00:00-03:00"),
        (&GUYANE, "2026-06-11T19:45:00-03:00", &[CLOSING], "2026-06-12T08:00:00-03:00"),
        // Saint-Pierre-et-Miquelon changes its clock on 8 March 2026, three weeks before Paris.
        (&MIQUELON, "2026-03-06T20:00:00-03:00", &[NIGHT], "2026-03-07T08:00:00-03:00"),
        (&MIQUELON, "2026-03-07T20:00:00-03:00", &[NIGHT], "2026-03-09T08:00:00-02:00"),
        // Tahiti, the Marquesas and the Gambier must all be open.
        (&TAHITI, "2026-11-24T08:00:00-10:00", &[], ""),
        (&TAHITI, "2026-11-24T18:44:59-10:00", &[], ""),
        (&TAHITI, "2026-11-24T18:45:00-10:00", &[CLOSING], "2026-11-25T08:00:00-10:00"),
        (&TAHITI, "2026-11-24T19:30:00-10:00", &[NIGHT], "2026-11-25T08:00:00-10:00"),
        (&TAHITI, "2026-11-24T19:50:00-10:00", &[CLOSING, NIGHT], "2026-11-25T08:00:00-10:00"),
    ] {
        check(place, "strict", instant, rules, opening);
    }
}

/// Requirement `fr-profiles`.
#[test]
fn profiles_open_at_their_own_hours() {
    for (profile, instant, rules, opening) in [
        ("charter-2026", "2026-11-24T21:14:59+01:00", &[][..], ""),
        ("charter-2026", "2026-11-24T21:15:00+01:00", &[CLOSING], "2026-11-25T08:00:00+01:00"),
        ("charter-2026", "2026-11-24T21:30:00+01:00", &[NIGHT], "2026-11-25T08:00:00+01:00"),
        ("charter-2026", "2026-11-29T12:00:00+01:00", &[], ""),
        ("charter-2026", "2026-12-25T12:00:00+01:00", &[], ""),
        ("charter-2026", "2026-11-29T21:45:00+01:00", &[NIGHT], "2026-11-30T08:00:00+01:00"),
        ("charter-2026-sober", "2026-11-24T21:00:00+01:00", &[], ""),
        ("charter-2026-sober", "2026-11-29T12:00:00+01:00", &[SUNDAY], "2026-11-30T08:00:00+01:00"),
        ("charter-2026-sober", "2026-12-25T12:00:00+01:00", &[HOLIDAY], "2026-12-26T08:00:00+01:00"),
        ("ultra-strict", "2026-11-24T09:59:59+01:00", &[NIGHT], "2026-11-24T10:00:00+01:00"),
        ("ultra-strict", "2026-11-24T10:00:00+01:00", &[], ""),
        ("ultra-strict", "2026-11-28T17:45:00+01:00", &[CLOSING], "2026-11-30T10:00:00+01:00"),
        ("ultra-strict", "2026-11-28T18:00:00+01:00", &[NIGHT], "2026-11-30T10:00:00+01:00"),
        ("no-such-profile", "2026-11-24T20:00:00+01:00", &[NIGHT], "2026-11-25T08:00:00+01:00"),
        // Before the charter of 2026 there is no such profile yet; that of 2024 was in force.
        ("charter-2026", "2026-02-24T20:30:00+01:00", &[NIGHT], "2026-02-25T08:00:00+01:00"),
        ("charter-2024", "2026-02-24T21:00:00+01:00", &[], ""),
        ("charter-2024", "2026-03-03T21:00:00+01:00", &[NIGHT], "2026-03-04T08:00:00+01:00"),
    ] {
        check(&PARIS, profile, instant, rules, opening);
    }
}

/// Requirement `fr-reasons`.
#[test]
fn an_open_window_is_on_record() {
    let facts = judged_at(&PARIS, "charter-2026-sober", "2026-11-24T10:00:00+01:00");
    let verdict = judge(&facts);
    let reason = verdict.reasons().iter().find(|reason| reason.rule == "fr.window.open").expect("open");
    let fact =
        |name| reason.facts().iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
    assert_eq!(fact("profile").as_deref(), Some("charter-2026-sober"));
    assert_eq!(fact("zone").as_deref(), Some("Europe/Paris"));
    assert_eq!(fact("at").as_deref(), Some("2026-11-24T10:00:00"));
    assert_eq!(fact("closes").as_deref(), Some("2026-11-24T21:30:00"));
    let reminder = Facts { class: Class::Transactional, text: "Rendez-vous demain", ..facts };
    assert_eq!(noted_by(&reminder), [""; 0], "only marketing has a window");
}

#[test]
fn a_tolerated_day_is_told() {
    for (instant, told) in [
        ("2026-11-29T12:00:00+01:00", true),
        ("2026-12-25T12:00:00+01:00", true),
        ("2026-11-24T12:00:00+01:00", false),
        ("2026-11-29T22:00:00+01:00", false),
    ] {
        let facts = judged_at(&PARIS, "charter-2026", instant);
        assert_eq!(noted_by(&facts).contains(&"fr.window.rest_day"), told, "{instant}");
    }
}

/// Requirement `fr-profile-stricter`.
#[test]
fn a_workspace_is_never_looser_than_its_platform() {
    for (platform, workspace, instant, open) in [
        ("strict", "charter-2026", "2026-11-24T20:30:00+01:00", false),
        ("charter-2026", "strict", "2026-11-24T20:30:00+01:00", false),
        ("charter-2026", "charter-2026-sober", "2026-11-24T20:30:00+01:00", true),
        ("charter-2026", "charter-2026-sober", "2026-11-29T12:00:00+01:00", false),
        ("charter-2026-sober", "charter-2026", "2026-11-29T12:00:00+01:00", false),
        ("charter-2026", "charter-2026", "2026-11-29T12:00:00+01:00", true),
        ("ultra-strict", "charter-2026", "2026-11-24T09:00:00+01:00", false),
    ] {
        let facts = with(judged_at(&PARIS, "strict", instant), |known| {
            known.policy = Some(Policy { platform, workspace });
        });
        assert_eq!(stopped_by(&facts).is_empty(), open, "{platform} {workspace} {instant}");
    }
}

/// Requirement `seed-hours-marketing-only`.
#[test]
fn only_marketing_waits() {
    for class in Class::ALL {
        for instant in ["2026-11-29T12:00:00+01:00", "2026-11-24T03:00:00+01:00", "2026-12-25T12:00:00+01:00"]
        {
            let facts = Facts { class, text: "Votre rendez-vous", ..judged_at(&PARIS, "strict", instant) };
            let held = stopped_by(&facts).iter().any(|rule| rule.starts_with("fr.window."));
            assert_eq!(held, class == Class::Marketing, "{class} {instant}");
        }
    }
}

/// Requirement `fr-profile-default`.
#[test]
fn without_a_policy_no_window_closes() {
    let facts = with(judged_at(&PARIS, "strict", "2026-11-29T03:00:00+01:00"), |known| known.policy = None);
    assert_eq!(stopped_by(&facts), [""; 0]);
    assert_eq!(noted_by(&facts), [""; 0]);
    assert_eq!(Packs::embedded().validity_cap(&facts), None);
}

/// Requirement `fr-window-validity`.
#[test]
fn retries_end_with_the_window() {
    let cap = |facts: &Facts<'_>| Packs::embedded().validity_cap(facts);
    for (place, profile, instant, end) in [
        (&PARIS, "strict", "2026-11-24T10:00:00+01:00", "2026-11-24T20:00:00+01:00"),
        (&PARIS, "strict", "2026-11-24T19:50:00+01:00", "2026-11-25T20:00:00+01:00"),
        (&PARIS, "strict", "2026-11-28T21:00:00+01:00", "2026-11-30T20:00:00+01:00"),
        (&PARIS, "charter-2026", "2026-11-29T10:00:00+01:00", "2026-11-29T21:30:00+01:00"),
        (&PARIS, "strict", "2026-10-24T21:00:00+02:00", "2026-10-26T20:00:00+01:00"),
        (&REUNION, "strict", "2026-11-24T10:00:00+04:00", "2026-11-24T20:00:00+04:00"),
        (&TAHITI, "strict", "2026-11-24T10:00:00-10:00", "2026-11-24T19:00:00-10:00"),
    ] {
        assert_eq!(cap(&judged_at(place, profile, instant)), Some(at(end)), "{instant}");
    }
    let reminder = Facts {
        class: Class::Transactional,
        text: "Rendez-vous demain",
        ..judged_at(&PARIS, "strict", "2026-11-24T10:00:00+01:00")
    };
    assert_eq!(cap(&reminder), None);
}

#[test]
fn sentences_name_the_day_and_the_hour() {
    let facts = judged_at(&STRASBOURG, "strict", "2026-12-26T10:00:00+01:00");
    let verdict = judge(&facts);
    let reason = verdict.reasons().iter().find(|reason| reason.rule == HOLIDAY).expect("closed");
    assert!(reason.message(Language::French).contains("Saint-Étienne"));
    assert!(reason.message(Language::English).contains("St Stephen's Day"));
    assert!(reason.cure(Language::French).expect("a cure").contains("lundi 28 décembre 2026 à 08 h 00"));
    assert!(reason.cure(Language::English).expect("a cure").contains("Monday 28 December 2026 at 08:00"));
    let fact =
        |name| reason.facts().iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
    assert_eq!(fact("zone").as_deref(), Some("Europe/Paris"));
    assert_eq!(fact("profile").as_deref(), Some("strict"));
    assert_eq!((&*reason.source, &*reason.dated), ("SEED", "2026"));
}

/// Who declared nothing commercial is not told to declare it once more.
#[test]
fn a_raised_message_is_not_told_to_declare_what_it_declared() {
    for (class, told) in [(Class::Marketing, true), (Class::Transactional, false)] {
        for instant in ["2026-11-29T21:00:00+01:00", "2026-12-25T12:00:00+01:00"] {
            let facts = Facts { class, ..judged_at(&PARIS, "strict", instant) };
            for reason in judge(&facts).reasons().iter().filter(|reason| reason.effect == Effect::Hold) {
                let cure = reason.cure(Language::English).expect("a cure");
                assert_eq!(cure.contains("transactional"), told, "{class} {}", reason.rule);
            }
        }
    }
}

#[test]
fn instants_beyond_the_calendar_are_judged_too() {
    for millis in [i64::MIN, i64::MAX, 0, -1, 253_402_300_799_999, -377_705_116_800_000] {
        let facts = Facts { at: Timestamp::from_millis(millis), ..fine() };
        assert_eq!(judge(&facts), judge(&facts));
    }
}
