//! Values as people type them into tables: national numbers, dates of the day, yes and no.

use facteur_domain::number::NumberError;
use facteur_domain::{Msisdn, Timestamp};

use crate::api::time;

/// The zone of dates without one.
const ZONE: &str = "Europe/Paris";
/// Forms of dates without a zone, that of French spreadsheets and that of ISO 8601.
const FORMS: [&str; 6] =
    ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"];

/// A number in E.164, or as it is written in France: `06 12 34 56 78`, `0033612345678`, or without its
/// plus sign, which spreadsheets take away. An overseas number written the national way gets its own
/// country code.
///
/// # Errors
/// It is none of these.
pub(crate) fn number(text: &str) -> Result<Msisdn, NumberError> {
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '(' | ')')).collect();
    let digits = plain.bytes().all(|octet| octet.is_ascii_digit());
    let french = match plain.as_str() {
        national if digits && national.len() == 10 && national.starts_with('0') => {
            format!("+33{}", &national[1..])
        }
        foreign if digits && foreign.starts_with("00") => format!("+{}", &foreign[2..]),
        bare if digits && bare.len() == 11 && bare.starts_with("33") => format!("+{bare}"),
        other => other.to_owned(),
    };
    let number = Msisdn::parse(&french)?;
    Ok(number.without_trunk_zero().or_else(|| number.overseas_form()).unwrap_or(number))
}

/// An instant in RFC 3339, or a date with or without a time, which are those of Paris.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    time::read(text).or_else(|| FORMS.iter().find_map(|form| in_paris(form, text)))
}

fn in_paris(form: &str, text: &str) -> Option<Timestamp> {
    let read = jiff::fmt::strtime::parse(form, text).ok()?;
    let civil = read.to_datetime().ok().or_else(|| Some(read.to_date().ok()?.at(0, 0, 0, 0)))?;
    Some(Timestamp::from_jiff(civil.in_tz(ZONE).ok()?.timestamp()))
}

/// Yes or no, in either language.
pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "oui" | "vrai" | "1" | "x" => Some(true),
        "false" | "no" | "non" | "faux" | "0" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_typed() {
        for (text, number_in_e164) in [
            ("+33612345678", Some("+33612345678")),
            ("+33 6 12 34 56 78", Some("+33612345678")),
            ("+33 (0)6 12 34 56 78", Some("+33612345678")),
            ("06 12 34 56 78", Some("+33612345678")),
            ("06.12.34.56.78", Some("+33612345678")),
            ("06\u{a0}12\u{a0}34\u{a0}56\u{a0}78", Some("+33612345678")),
            ("0033612345678", Some("+33612345678")),
            ("33612345678", Some("+33612345678")),
            ("0692123456", Some("+262692123456")),
            ("0690123456", Some("+590690123456")),
            ("+41791234567", Some("+41791234567")),
            ("612345678", None),
            ("6,12E+08", None),
            ("", None),
            ("a", None),
        ] {
            assert_eq!(number(text).ok().map(|n| n.to_string()).as_deref(), number_in_e164, "{text}");
        }
    }

    #[test]
    fn dates_without_a_zone_are_those_of_paris() {
        for (text, at) in [
            ("2026-06-01T10:00:00+02:00", Some("2026-06-01T08:00:00Z")),
            ("01/06/2026 10:00", Some("2026-06-01T08:00:00Z")),
            ("01/06/2026 10:00:30", Some("2026-06-01T08:00:30Z")),
            ("1/6/2026", Some("2026-05-31T22:00:00Z")),
            ("2026-12-01", Some("2026-11-30T23:00:00Z")),
            ("2026-12-01 09:30", Some("2026-12-01T08:30:00Z")),
            (" 2026-12-01 ", Some("2026-11-30T23:00:00Z")),
            ("31/02/2026", None),
            ("12/31/2026", None),
            ("hier", None),
            ("", None),
        ] {
            let expected = at.and_then(time::read);
            assert_eq!(instant(text), expected, "{text}");
            assert_eq!(expected.is_some(), at.is_some());
        }
    }
}
