//! Instants on the wire.

use facteur_domain::Timestamp;
use facteur_gateway::Eta;
use serde::Serialize;
use utoipa::ToSchema;

/// An instant that a client wrote: RFC 3339 with a zone. Sub-millisecond digits are dropped.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    // jiff also reads week dates, annotations in brackets and more; a date in RFC 3339 has a T or
    // a space at its eleventh place and no bracket.
    let rfc_3339 = matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) && !text.contains('[');
    let at = rfc_3339.then(|| text.parse::<jiff::Timestamp>().ok()).flatten()?;
    Some(Timestamp::from_jiff(at))
}

/// What is said of a field that is not such an instant.
pub(crate) const EXPECTED: &str = "must be RFC 3339 with a zone, as in 2026-11-22T10:15:00+01:00";

/// An instant as Allo's v1 writes it: UTC, to the second, without zone or fraction.
pub(super) fn bare(at: Timestamp) -> String {
    let mut text = format!("{:.0}", at.to_jiff());
    text.truncate(text.trim_end_matches('Z').len());
    text
}

/// Between when and when a message is expected to leave.
#[derive(Serialize, ToSchema)]
pub(crate) struct EtaView {
    /// If nothing but its own line went before it.
    #[schema(format = DateTime)]
    from: String,
    /// If everything that waits now went on waiting, each with its share.
    #[schema(format = DateTime)]
    to: String,
}

impl From<Eta> for EtaView {
    fn from(eta: Eta) -> Self {
        Self { from: eta.from.to_string(), to: eta.to.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_their_zone_or_not_at_all() {
        for (text, millis) in [
            ("2024-01-15T10:30:00Z", Some(1_705_314_600_000)),
            ("2024-01-15T11:30:00+01:00", Some(1_705_314_600_000)),
            ("2024-01-15t10:30:00.007z", Some(1_705_314_600_007)),
            ("2024-01-15 10:30:00Z", Some(1_705_314_600_000)),
            ("2024-01-15T10:30:00", None),
            ("2024-01-15", None),
            ("2024-01-15T11:30:00+01:00[Europe/Paris]", None),
            ("2024-02-30T10:30:00Z", None),
            ("1705314600", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(read(text).map(Timestamp::millis), millis, "{text:?}");
        }
    }

    #[test]
    fn bare_instants_have_no_zone_and_no_fraction() {
        for (millis, text) in
            [(1_705_314_600_000, "2024-01-15T10:30:00"), (1_705_314_600_999, "2024-01-15T10:30:00")]
        {
            assert_eq!(bare(Timestamp::from_millis(millis)), text);
        }
    }
}
