//! Numbers, money, dates and telephone numbers, as each language writes them.

use std::fmt::Write as _;

use askama::filters::Safe;
use facteur_domain::{Msisdn, Timestamp};
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::lang::Lang;

/// Where the law's hours are counted, and where whoever said nothing is taken to be.
pub(crate) const PARIS: &str = "Europe/Paris";
/// Between groups of digits in French: a narrow space that does not break.
pub(super) const NARROW: char = '\u{202f}';
/// Before signs such as % and € in French: a space that does not break.
pub(super) const FIXED: char = '\u{a0}';

const MONTHS: [[&str; 12]; 2] = [
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];
const WEEKDAYS: [[&str; 7]; 2] = [
    ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
];

const fn table(lang: Lang) -> usize {
    match lang {
        Lang::Fr => 0,
        Lang::En => 1,
    }
}

/// A whole number, as templates pass them: by value or by reference.
pub(crate) trait Whole {
    fn whole(&self) -> u64;
}

impl<T: Whole> Whole for &T {
    fn whole(&self) -> u64 {
        (**self).whole()
    }
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            fn whole(&self) -> u64 {
                u64::try_from(*self).unwrap_or(0)
            }
        }
    )*};
}

whole!(u8, u16, u32, usize, i32, i64);

impl Whole for u64 {
    fn whole(&self) -> u64 {
        *self
    }
}

/// A whole number in groups of three.
pub(crate) fn number(lang: Lang, value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(if lang == Lang::Fr { NARROW } else { ',' });
        }
        text.push(digit);
    }
    text
}

/// An amount in millionths of a euro: two decimals, more only where they count.
pub(crate) fn money(lang: Lang, millionths: i64) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (euros, rest) = (millionths.unsigned_abs() / 1_000_000, millionths.unsigned_abs() % 1_000_000);
    let mut decimals = format!("{rest:06}");
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    let euros = number(lang, euros);
    match lang {
        Lang::Fr => format!("{sign}{euros},{decimals}{FIXED}€"),
        Lang::En => format!("{sign}€{euros}.{decimals}"),
    }
}

/// A share in tenths of a percent.
pub(crate) fn percent(lang: Lang, part: u64, whole: u64) -> String {
    let tenths = if whole == 0 { 0 } else { u128::from(part) * 1000 / u128::from(whole) };
    let (units, tenth) = (tenths / 10, tenths % 10);
    match lang {
        Lang::Fr => format!("{units},{tenth}{FIXED}%"),
        Lang::En => format!("{units}.{tenth}%"),
    }
}

/// A size in octets, as people read it.
pub(crate) fn size(lang: Lang, octets: u64) -> String {
    let (unit, kilo, mega) = if lang == Lang::Fr { ("o", "Ko", "Mo") } else { ("B", "KB", "MB") };
    match octets {
        0..1024 => format!("{octets}{FIXED}{unit}"),
        1024..1_048_576 => format!("{}{FIXED}{kilo}", octets.div_ceil(1024)),
        _ => format!("{}{FIXED}{mega}", octets.div_ceil(1_048_576)),
    }
}

/// A telephone number as people write it: French ones in pairs, others as they are.
pub(crate) fn phone(number: Msisdn) -> String {
    let whole = number.to_string();
    let Some(national) = whole.strip_prefix("+33").filter(|national| national.len() == 9) else {
        return whole;
    };
    let mut text = format!("+33{FIXED}{}", &national[..1]);
    for pair in (1..9).step_by(2) {
        text.push(FIXED);
        text.push_str(&national[pair..pair + 2]);
    }
    text
}

/// The zone of this name; Paris when there is none such.
pub(crate) fn zone(name: Option<&str>) -> TimeZone {
    let named = name.and_then(|name| TimeZone::get(name).ok());
    named.or_else(|| TimeZone::get(PARIS).ok()).unwrap_or(TimeZone::UTC)
}

fn at(instant: Timestamp, zone: &TimeZone) -> Zoned {
    instant.to_jiff().to_zoned(zone.clone())
}

/// A day of some year, as in `25 nov.`; French calls the first `1er`.
fn day_and_month(lang: Lang, when: jiff::civil::Date) -> String {
    let month = MONTHS[table(lang)][usize::from(when.month().unsigned_abs()).clamp(1, 12) - 1];
    let ordinal = if lang == Lang::Fr && when.day() == 1 { "er" } else { "" };
    format!("{}{ordinal}{FIXED}{month}", when.day())
}

/// A day, as in `25 nov. 2026`.
pub(crate) fn day(lang: Lang, when: jiff::civil::Date) -> String {
    format!("{} {}", day_and_month(lang, when), when.year())
}

/// A weekday with its day, as in `mer. 25 nov.`.
pub(crate) fn weekday(lang: Lang, when: jiff::civil::Date) -> String {
    let weekday = WEEKDAYS[table(lang)][usize::from(when.weekday().to_monday_zero_offset().unsigned_abs())];
    format!("{weekday} {}", day_and_month(lang, when))
}

/// An instant to the minute, as in `25 nov. 2026, 11:03`.
pub(crate) fn instant(lang: Lang, when: Timestamp, zone: &TimeZone) -> String {
    let local = at(when, zone);
    format!("{}, {:02}:{:02}", day(lang, local.date()), local.hour(), local.minute())
}

/// An instant to the minute, without the year if it is this one.
pub(crate) fn short(lang: Lang, when: Timestamp, zone: &TimeZone, now: Timestamp) -> Safe<String> {
    let local = at(when, zone);
    if local.year() != at(now, zone).year() {
        return element(lang, when, &instant(lang, when, zone));
    }
    let day = day_and_month(lang, local.date());
    element(lang, when, &format!("{day}, {:02}:{:02}", local.hour(), local.minute()))
}

/// An instant to the second.
pub(crate) fn precise(lang: Lang, when: Timestamp, zone: &TimeZone) -> Safe<String> {
    let mut shown = instant(lang, when, zone);
    // Writing to a string does not fail.
    let _ = write!(shown, ":{:02}", at(when, zone).second());
    element(lang, when, &shown)
}

/// What is shown of an instant, with Paris time in its title, and itself for machines.
fn element(lang: Lang, when: Timestamp, shown: &str) -> Safe<String> {
    let paris = at(when, &self::zone(None));
    let paris_name = if lang == Lang::Fr { "à Paris" } else { "in Paris" };
    let title = format!(
        "{}, {:02}:{:02}:{:02} {paris_name}",
        day(lang, paris.date()),
        paris.hour(),
        paris.minute(),
        paris.second()
    );
    Safe(format!("<time datetime=\"{when}\" title=\"{title}\">{shown}</time>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_money_are_written_as_the_language_does() {
        assert_eq!(number(Lang::Fr, 1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!((number(Lang::Fr, 0), number(Lang::En, 999)), ("0".to_owned(), "999".to_owned()));
        assert_eq!(money(Lang::Fr, 45_000), "0,045\u{a0}€");
        assert_eq!(money(Lang::En, 1_234_500_000), "€1,234.50");
        assert_eq!(money(Lang::En, -20_000), "-€0.02");
        assert_eq!(percent(Lang::Fr, 1, 3), "33,3\u{a0}%");
        assert_eq!(percent(Lang::En, 0, 0), "0.0%");
        assert_eq!(size(Lang::Fr, 2_000_000), "2\u{a0}Mo");
    }

    #[test]
    fn instants_are_shown_in_the_viewers_zone_with_paris_beside() {
        let when = Timestamp::from_millis(1_795_600_000_000);
        let paris = instant(Lang::Fr, when, &zone(None));
        assert_eq!(paris, "25\u{a0}nov. 2026, 10:46");
        let there = zone(Some("Indian/Reunion"));
        assert_eq!(instant(Lang::En, when, &there), "25\u{a0}Nov 2026, 13:46");
        let shown = precise(Lang::En, when, &there).0;
        assert!(shown.contains("25\u{a0}Nov 2026, 10:46:40 in Paris"), "{shown}");
        assert!(shown.contains(">25\u{a0}Nov 2026, 13:46:40<"), "{shown}");
        assert_eq!(zone(Some("Mars/Olympus")), zone(None));
    }

    #[test]
    fn this_year_is_not_said_and_the_first_is_an_ordinal_in_french() {
        let when = Timestamp::from_millis(1_795_600_000_000);
        let there = zone(None);
        let of = |now: Timestamp| short(Lang::Fr, when, &there, now).0;
        assert!(of(when).contains(">25\u{a0}nov., 10:46<"));
        let next_year = Timestamp::from_millis(1_800_600_000_000);
        assert!(of(next_year).contains(">25\u{a0}nov. 2026, 10:46<"));
        let first = jiff::civil::date(2026, 6, 1);
        assert_eq!(day(Lang::Fr, first), "1er\u{a0}juin 2026");
        assert_eq!(weekday(Lang::En, first), "Mon 1\u{a0}Jun");
    }

    #[test]
    fn french_numbers_are_written_in_pairs() {
        let shown = |digits| phone(Msisdn::from_digits(digits).expect("a number"));
        assert_eq!(shown(33_612_345_678).replace('\u{a0}', " "), "+33 6 12 34 56 78");
        assert_eq!(shown(262_692_123_456), "+262692123456");
    }
}
