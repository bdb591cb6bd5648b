//! The clock: plausible, not behind what was already written, and with the zones we need.

use std::path::Path;
use std::time::UNIX_EPOCH;

use facteur_gateway::Clock;

use super::Check;

/// The program was written in 2026, and is not expected to run unattended for decades.
const YEARS: std::ops::RangeInclusive<i16> = 2026..=2060;
/// How far a file's time may lie ahead of the clock before it is suspicious, in milliseconds.
const AHEAD_MS: i64 = 5_000;
/// The zone that the time windows of mainland France are told in.
const ZONE: &str = "Europe/Paris";

pub(super) fn check(data: &Path) -> Vec<Check> {
    let now = Clock::system().now();
    let cure = "set the clock and let NTP keep it (`timedatectl set-ntp true`): ids and time windows need it";
    let zoned = match jiff::tz::TimeZone::get(ZONE) {
        Ok(zone) => now.to_jiff().to_zoned(zone),
        Err(error) => {
            return vec![Check::fail(
                "clock",
                format!("no zone {ZONE}: {error}"),
                "this build lacks its zone database",
            )];
        }
    };
    if !YEARS.contains(&zoned.year()) {
        return vec![Check::fail("clock", format!("it shows {zoned}"), cure)];
    }
    let database = data.join(crate::data::DATABASE);
    let behind = written_at(&database).map_or(0, |written| written - now.millis());
    if behind > AHEAD_MS {
        return vec![Check::fail(
            "clock",
            format!("the database was written {} s in the future", behind / 1000),
            cure,
        )];
    }
    vec![Check::ok("clock", format!("{}", zoned.strftime("%F %T %Z")))]
}

/// When a file was last written, Unix milliseconds.
fn written_at(file: &Path) -> Option<i64> {
    let at = std::fs::metadata(file).ok()?.modified().ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}
