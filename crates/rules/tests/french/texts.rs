//! What texts hold: the STOP mention, banned subjects, numbers and links; and their length.

use facteur_domain::{Class, text};
use facteur_rules::{Audience, Facts, judge};

use crate::common::{at, fine, noted_by, sender, stopped_by, with};

fn marketing(text: &str) -> Facts<'_> {
    Facts { text, parts: text::plan(text).parts, ..fine() }
}

/// Requirements `seed-stop-mention`, `fr-stop-range`.
#[test]
fn marketing_says_how_to_stop() {
    for (from, text, rules) in [
        ("Durand", "Soldes STOP au 36180", &[][..]),
        ("Durand", "Soldes STOP 36180", &[]),
        ("Durand", "Soldes", &["fr.stop.missing"]),
        ("Durand", "Soldes STOP", &["fr.stop.missing"]),
        ("Durand", "Soldes, desinscription: durand.fr/stop", &["fr.stop.missing"]),
        ("Durand", "Soldes STOP au 38180", &["fr.stop.code_range"]),
        ("Durand", "Soldes STOP au 34990", &["fr.stop.code_range"]),
        ("Durand", "Soldes STOP au 71234", &["fr.stop.code_range"]),
        ("Durand", "Soldes STOP au 36181", &["fr.stop.other_code"]),
        ("Durand", "Soldes Rep STOP", &["fr.stop.no_code"]),
        ("36180", "Soldes Rep STOP", &[]),
        ("36180", "Soldes STOP au 36180", &[]),
    ] {
        let facts = Facts { sender: sender(from), ..marketing(text) };
        assert_eq!(stopped_by(&facts), rules, "{from} {text}");
        let unruled = with(facts, |known| known.policy = None);
        assert_eq!(stopped_by(&unruled), [""; 0], "no policy, no rule: {text}");
    }
    let own =
        |text| with(Facts { sender: sender("36180"), ..marketing(text) }, |known| known.stop_code = None);
    assert_eq!(stopped_by(&own("Soldes STOP au 36181")), ["fr.stop.other_code"], "a code knows itself");
    let unknown = |text| with(marketing(text), |known| known.stop_code = None);
    assert_eq!(stopped_by(&unknown("Soldes STOP au 36181")), [""; 0], "any 36xxx where none is fixed");
}

#[test]
fn a_mention_stands_once_and_at_the_end() {
    for (text, notes) in [
        ("Soldes STOP au 36180", &["fr.window.open", "fr.consent.ground"][..]),
        ("STOP au 36180. Soldes", &["fr.stop.not_at_end", "fr.window.open", "fr.consent.ground"]),
        ("STOP 36180 Soldes STOP 36180", &["fr.stop.twice", "fr.window.open", "fr.consent.ground"]),
    ] {
        assert_eq!(noted_by(&marketing(text)), notes, "{text}");
        assert_eq!(stopped_by(&marketing(text)), [""; 0], "{text}");
    }
}

/// Requirements `fr-class-raised`, `fr-class-unknown`.
#[test]
fn a_text_raises_the_class_and_never_lowers_it() {
    for class in Class::ALL {
        for (text, raised, note) in [
            ("Votre rendez-vous est confirme", false, ""),
            ("Votre rendez-vous. STOP au 36180", true, "fr.class.stop_mention"),
            ("Votre rendez-vous. Rep STOP", true, "fr.class.stop_mention"),
            ("Appelez le 0825 12 34 56", true, "fr.class.surcharged"),
            ("Appelez le 0892 12 34 56", true, "fr.class.surcharged"),
            ("Appelez le 0800 12 34 56", false, ""),
        ] {
            let facts = Facts { class, ..marketing(text) };
            let verdict = judge(&facts);
            let expected = if raised { Class::Marketing } else { class };
            assert_eq!(verdict.class(), expected, "{class} {text}");
            let told = noted_by(&facts).contains(&note);
            assert_eq!(told, raised && class != Class::Marketing, "{class} {text}");
            let unruled = with(facts, |known| known.policy = None);
            assert_eq!(judge(&unruled).class(), class, "as declared without a policy");
        }
    }
}

/// Requirement `fr-subject-banned`.
#[test]
fn banned_subjects_are_refused_from_their_day_on() {
    let energy = &["fr.subject.energy"][..];
    for (text, rules) in [
        ("Pompe à chaleur offerte STOP au 36180", energy),
        ("ISOLATION A 1 EURO STOP au 36180", energy),
        ("Panneaux-solaires STOP au 36180", energy),
        ("Ma Prime Rénov' STOP au 36180", energy),
        ("Vos droits CPF expirent STOP au 36180", &["fr.subject.training"]),
        ("Casino en ligne STOP au 36180", &["fr.subject.forbidden"]),
        ("Pompe à chaleur et CPF STOP au 36180", &["fr.subject.energy", "fr.subject.training"]),
        ("Pompes a velo -20 % STOP au 36180", &[]),
        ("Promo au Casino STOP au 36180", &[]),
    ] {
        assert_eq!(stopped_by(&marketing(text)), rules, "{text}");
    }
    let heat = marketing("Pompe à chaleur offerte STOP au 36180");
    let before = |day: &str| Facts { at: at(day), ..with(heat, |known| known.grounds = Default::default()) };
    assert_eq!(stopped_by(&before("2025-07-01T12:00:00+02:00")), [""; 0]);
    assert_eq!(stopped_by(&before("2025-07-02T12:00:00+02:00")), energy);
    let contract = with(heat, |known| known.contract_in_progress = true);
    assert_eq!(stopped_by(&contract), [""; 0]);
    let professional = with(heat, |known| known.audience = Audience::Professional { relevant: true });
    assert_eq!(stopped_by(&professional), [""; 0]);
    let visit =
        Facts { class: Class::Transactional, ..marketing("Pose de votre pompe à chaleur demain 9h") };
    assert_eq!(stopped_by(&visit), [""; 0], "an appointment is no advertising");
}

/// Requirement `fr-content-surcharged`.
#[test]
fn surcharged_numbers_are_refused_in_any_class() {
    for (text, rules) in [
        ("Appelez le 0892 12 34 56", &["fr.content.surcharged"][..]),
        ("Envoyez JEU au 71234", &["fr.content.surcharged"]),
        ("Appelez le 0825 12 34 56", &[]),
        ("Appelez le 01 23 45 67 89", &[]),
    ] {
        for class in Class::ALL {
            let text = format!("{text} STOP au 36180");
            assert_eq!(stopped_by(&Facts { class, ..marketing(&text) }), rules, "{class} {text}");
        }
    }
}

/// Requirement `fr-content-links`.
#[test]
fn links_suit_their_sender() {
    let shared = |from, text| {
        let facts = Facts { sender: sender(from), ..marketing(text) };
        with(facts, |known| known.shared_code = true)
    };
    let link = "Soldes sur https://durand.fr STOP au 36180";
    assert_eq!(stopped_by(&shared("36180", link)), ["fr.content.link_on_shared_code"]);
    assert_eq!(stopped_by(&shared("36180", "Soldes, ecrire a a@durand.fr STOP au 36180")), [""; 0]);
    assert_eq!(stopped_by(&shared("Durand", link)), [""; 0], "a name is no shared code");
    assert_eq!(
        stopped_by(&Facts { sender: sender("36180"), ..marketing(link) }),
        [""; 0],
        "a dedicated code"
    );
    for (text, told) in [
        ("Soldes bit.ly/abc STOP au 36180", true),
        ("Soldes https://TinyURL.com/abc STOP au 36180", true),
        ("Soldes durand.fr/abc STOP au 36180", false),
    ] {
        assert_eq!(noted_by(&marketing(text)).contains(&"fr.content.shortener"), told, "{text}");
        assert_eq!(stopped_by(&marketing(text)), [""; 0]);
    }
    for (from, text, told) in [
        ("36180", "Soldes chez Durand & Fils STOP au 36180", false),
        ("36180", "Soldes STOP au 36180", true),
        ("Durand", "Soldes STOP au 36180", false),
    ] {
        let facts =
            with(Facts { sender: sender(from), ..marketing(text) }, |known| known.brand = Some("DURAND"));
        assert_eq!(noted_by(&facts).contains(&"fr.content.no_brand"), told, "{from} {text}");
    }
}

/// Requirement `fr-content-look`.
#[test]
fn shouting_is_told() {
    for (text, notes) in [
        ("Soldes chez Durand ! STOP au 36180", &[][..]),
        ("SOLDES CHEZ DURAND CE SAMEDI STOP au 36180", &["fr.content.capitals"]),
        ("Soldes chez Durand!!! STOP au 36180", &["fr.content.marks"]),
        ("SOLDES CHEZ DURAND SAMEDI ?!? STOP AU 36180", &["fr.content.capitals", "fr.content.marks"]),
        ("Soldes !! Durand ?? STOP au 36180", &[]),
        ("SOLDES STOP AU 36180", &[]),
    ] {
        let found: Vec<_> =
            noted_by(&marketing(text)).into_iter().filter(|rule| rule.starts_with("fr.content.")).collect();
        assert_eq!(found, notes, "{text}");
        assert_eq!(stopped_by(&marketing(text)), [""; 0], "advice only: {text}");
        let alert = Facts { class: Class::Alert, ..marketing("ATTENTION COUPURE D'EAU CE SOIR !!!") };
        assert_eq!(noted_by(&alert), [""; 0]);
    }
}

/// Requirement `fr-parts-limit`.
#[test]
fn a_policy_limits_parts_to_eight() {
    for (parts, parts_max, policy, refused) in [
        (6, 6, true, false),
        (7, 6, true, true),
        (8, 8, true, false),
        (8, 200, true, false),
        (9, 9, true, true),
        (9, 200, true, true),
        (9, 15, false, false),
        (16, 200, false, true),
    ] {
        let facts = Facts { parts, parts_max, ..fine() };
        let facts = if policy { facts } else { with(facts, |known| known.policy = None) };
        let expected: &[&str] = if refused { &["fr.parts.limit"] } else { &[] };
        assert_eq!(stopped_by(&facts), expected, "{parts} of {parts_max}");
    }
}
