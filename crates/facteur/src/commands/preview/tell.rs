//! A verdict for people, in French or in English.

use std::fmt::Write as _;

use facteur_domain::text::{Encoding, gsm7, split, ucs2};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde_json::Value;

/// The zone that instants are told in, whatever the machine's.
const ZONE: &str = "Europe/Paris";

/// What the verdict is told in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tongue {
    French,
    English,
}

impl Tongue {
    /// That of a locale, as in `fr_FR.UTF-8`.
    pub(super) fn of_locale(locale: &str) -> Self {
        if locale.starts_with("fr") { Self::French } else { Self::English }
    }

    const fn say<'a>(self, french: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::French => french,
            Self::English => english,
        }
    }

    /// A field that the API tells in both languages.
    fn field<'v>(self, value: &'v Value, name: &str) -> Option<&'v str> {
        let french = value[format!("{name}_fr")].as_str();
        match self {
            Self::French => french.or_else(|| value[name].as_str()),
            Self::English => value[name].as_str(),
        }
    }
}

/// The whole verdict: decision, text in its parts, reasons with their cures.
pub(super) fn tell(verdict: &Value, tongue: Tongue) -> String {
    let mut lines = vec![headline(verdict, tongue), measures(verdict, tongue)];
    lines.extend(parts(verdict["content"].as_str().unwrap_or_default()));
    lines.extend(changes(verdict, tongue));
    let reasons = verdict["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    if reasons.is_empty() {
        lines.push(tongue.say("Aucune règle n'a rien à dire.", "No rule has anything to say.").to_owned());
    }
    // What refuses is read before what holds, and that before mere notes.
    for effect in ["refuse", "hold", "note", "allow"] {
        let of_effect = reasons.iter().filter(|one| one["effect"] == effect);
        lines.extend(of_effect.flat_map(|one| reason(one, tongue)));
    }
    lines.join("\n")
}

fn headline(verdict: &Value, tongue: Tongue) -> String {
    let at = verdict["send_at"].as_str().map(|at| in_paris(at, tongue)).unwrap_or_default();
    match verdict["decision"].as_str() {
        Some("send") => format!("{} {at}", tongue.say("ENVOYÉ : il partirait le", "SEND: it would leave on")),
        Some("hold") => format!("{} {at}", tongue.say("RETENU : il partirait le", "HOLD: it would leave on")),
        _ => tongue.say("REFUSÉ : il ne partirait pas", "REFUSE: it would not leave").to_owned(),
    }
}

/// An instant as a clock in mainland France shows it; as it was given where that cannot be told.
fn in_paris(at: &str, tongue: Tongue) -> String {
    let zone = TimeZoneDatabase::bundled().get(ZONE).ok();
    let shown = zone.zip(at.parse::<Timestamp>().ok()).map(|(zone, at)| {
        let form = tongue.say("%d/%m/%Y à %H:%M:%S (heure de Paris)", "%Y-%m-%d at %H:%M:%S (Paris time)");
        at.to_zoned(zone).strftime(form).to_string()
    });
    shown.unwrap_or_else(|| at.to_owned())
}

fn measures(verdict: &Value, tongue: Tongue) -> String {
    let count = |name: &str| verdict[name].as_u64().unwrap_or_default();
    let word = |name: &str| verdict[name].as_str().unwrap_or("?");
    let part = match count("parts") {
        1 => tongue.say("partie", "part"),
        _ => tongue.say("parties", "parts"),
    };
    let mut text = format!(
        "{}, {} {part}, {}, {} {}, {} {}",
        word("class"),
        count("parts"),
        word("encoding"),
        count("units"),
        tongue.say("unités", "units"),
        count("units_left"),
        tongue.say("de reste", "left"),
    );
    if let Some(amount) = verdict["cost"]["amount"].as_str() {
        let currency = verdict["cost"]["currency"].as_str().unwrap_or_default();
        // Writing to a String does not fail.
        let _ = write!(text, ", {amount} {currency}");
    }
    let _ = write!(text, " ({} {})", tongue.say("règles", "rules"), word("rule_pack"));
    text
}

/// The text as it would leave, cut where the parts are cut.
fn parts(content: &str) -> Vec<String> {
    let (encoding, parts) = split(content);
    let count = parts.len();
    let shown = parts.iter().enumerate().map(|(at, octets)| {
        let text = match encoding {
            Encoding::Gsm7 => gsm7::decode(octets),
            Encoding::Ucs2 => ucs2::decode(octets),
        };
        let margin = format!("  {}/{count} | ", at + 1);
        let next = format!("\n{:>width$}", "| ", width = margin.chars().count());
        format!("{margin}{}", text.replace('\n', &next))
    });
    shown.collect()
}

/// What was added to the text, and what would make it cheaper.
fn changes(verdict: &Value, tongue: Tongue) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(mention) = verdict["stop_mention"].as_str() {
        lines.push(format!("{} {}", tongue.say("Ajouté :", "Added:"), mention.trim()));
    }
    if let Some(changes) = verdict["rewrite"]["changes"].as_array() {
        let word = |change: &Value, name: &str| change[name].as_str().unwrap_or_default().to_owned();
        let each = |change: &Value| format!("« {} » > « {} »", word(change, "from"), word(change, "to"));
        let all: Vec<String> = changes.iter().map(each).collect();
        let count = |name: &str| verdict["rewrite"][name].as_u64().unwrap_or_default();
        lines.push(format!(
            "{} {} > {} : {}",
            tongue.say("Réécriture, parties", "Rewriting, parts"),
            count("parts_before"),
            count("parts_after"),
            all.join(", ")
        ));
    }
    lines
}

fn reason(reason: &Value, tongue: Tongue) -> Vec<String> {
    let word = |name: &str| reason[name].as_str().unwrap_or_default();
    let effect = match word("effect") {
        "refuse" => tongue.say("refus", "refuse"),
        "hold" => tongue.say("attente", "hold"),
        other => other,
    };
    let mut lines =
        vec![format!("- [{effect}] {}", tongue.field(reason, "message").unwrap_or_else(|| word("rule")))];
    if let Some(cure) = tongue.field(reason, "cure") {
        lines.push(format!("  {} {cure}", tongue.say("Que faire :", "What to do:")));
    }
    lines.push(format!("  {} ({}, {})", word("rule"), word("source"), word("dated")));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_locale_has_its_tongue() {
        for (locale, tongue) in [
            ("fr_FR.UTF-8", Tongue::French),
            ("fr", Tongue::French),
            ("en_GB.UTF-8", Tongue::English),
            ("C", Tongue::English),
            ("", Tongue::English),
        ] {
            assert_eq!(Tongue::of_locale(locale), tongue, "{locale}");
        }
    }

    /// 153 septets fit in a part of several, 67 units in one of UCS-2.
    #[test]
    fn a_text_is_shown_where_it_is_cut() {
        let (a, ko) = ("a".repeat(160), "こ".repeat(70));
        for (text, expected) in [
            ("Bonjour\nSTOP au 36180".to_owned(), vec!["  1/1 | Bonjour\n      | STOP au 36180".to_owned()]),
            (a.clone(), vec![format!("  1/1 | {a}")]),
            (format!("{a}€"), vec![format!("  1/2 | {}", &a[..153]), format!("  2/2 | {}€", &a[..7])]),
            (
                format!("{ko}!"),
                vec![format!("  1/2 | {}", "こ".repeat(67)), format!("  2/2 | {}!", "こ".repeat(3))],
            ),
        ] {
            assert_eq!(parts(&text), expected);
        }
    }

    #[test]
    fn an_instant_is_told_as_in_paris_in_winter_and_in_summer() {
        for (at, tongue, told) in [
            ("2026-11-23T07:00:00.000Z", Tongue::English, "2026-11-23 at 08:00:00 (Paris time)"),
            ("2026-07-15T06:00:00.000Z", Tongue::French, "15/07/2026 à 08:00:00 (heure de Paris)"),
            ("never", Tongue::French, "never"),
        ] {
            assert_eq!(in_paris(at, tongue), told);
        }
    }

    #[test]
    fn a_verdict_has_its_reasons_and_cures_in_one_language() {
        let verdict = json!({
            "decision": "hold", "send_at": "2026-11-23T07:00:00.000Z", "class": "marketing", "parts": 1,
            "encoding": "gsm7", "units": 13, "units_left": 147, "rule_pack": "fr-2026.1",
            "content": "Soldes\nSTOP x", "stop_mention": "\nSTOP x",
            "cost": {"amount": "0.045", "currency": "EUR"},
            "rewrite": {
                "changes": [{"from": "œ", "to": "oe"}], "parts_before": 2, "parts_after": 1,
            },
            "reasons": [{
                "rule": "fr.window.sunday", "effect": "hold", "source": "SEED", "dated": "2026-01-01",
                "message": "It is Sunday.", "message_fr": "C'est dimanche.",
                "cure": "Wait.", "cure_fr": "Attendez.",
            }],
        });
        for (tongue, there, absent) in [
            (Tongue::French, ["RETENU", "C'est dimanche.", "Que faire : Attendez."], "It is Sunday."),
            (Tongue::English, ["HOLD", "It is Sunday.", "What to do: Wait."], "C'est dimanche."),
        ] {
            let told = tell(&verdict, tongue);
            let both = ["0.045 EUR", "fr.window.sunday (SEED, 2026-01-01)", "1/1 | Soldes", "« œ » > « oe »"];
            for words in there.into_iter().chain(both) {
                assert!(told.contains(words), "{words} in\n{told}");
            }
            assert!(!told.contains(absent), "{told}");
        }
    }
}
