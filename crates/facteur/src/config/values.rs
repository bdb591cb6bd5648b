//! How single values are written in the file: numbers with their bounds, durations with a unit.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Reads a whole number from `MIN` to `MAX`.
pub(super) fn number<'de, D, T, const MIN: i64, const MAX: i64>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let value = i64::deserialize(from)?;
    let wrong = || D::Error::custom(format!("expected a whole number from {MIN} to {MAX}, found {value}"));
    if !(MIN..=MAX).contains(&value) {
        return Err(wrong());
    }
    T::try_from(value).map_err(|_| wrong())
}

/// Reads a duration with its unit (`250ms`, `30s`, `5m`, `48h`, `90d`), from `MIN` to `MAX`
/// milliseconds.
pub(super) fn duration<'de, D, const MIN: u64, const MAX: u64>(from: D) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(from)?;
    let value = parse_duration(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "expected a duration such as \"250ms\", \"30s\", \"5m\", \"48h\" or \"90d\", found {text:?}"
        ))
    })?;
    let (least, most) = (Duration::from_millis(MIN), Duration::from_millis(MAX));
    if value < least || value > most {
        let (least, most) = (show_duration(least), show_duration(most));
        return Err(D::Error::custom(format!("expected a duration from {least} to {most}, found {text}")));
    }
    Ok(value)
}

/// Reads a list of addresses and networks.
pub(super) fn networks<'de, D>(from: D) -> Result<Vec<facteur_http::Network>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

/// The duration that `text` says, with one unit of ms, s, m, h, d.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.checked_mul(millis).map(Duration::from_millis)
}

/// A duration as it is written in the file, in the largest unit that fits.
pub(crate) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis > 0 && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("0s", Some(0)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("48h", Some(172_800_000)),
            ("90d", Some(7_776_000_000)),
            ("30", None),
            ("", None),
            ("s", None),
            ("-5s", None),
            ("1.5s", None),
            ("5 s", None),
            ("5sec", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(parse_duration(text), millis.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn shown_durations_read_back() {
        for text in ["250ms", "0ms", "30s", "5m", "2d", "12h", "1500ms"] {
            assert_eq!(parse_duration(text).map(show_duration).as_deref(), Some(text));
        }
    }
}
