//! UCS-2 as phones read it today: UTF-16, big endian, as SMPP carries it with data_coding 8.

/// How many UTF-16 units `text` has: a character outside the basic plane, such as an emoji, has
/// two. Stops at `u32::MAX`.
#[must_use]
pub fn units(text: &str) -> u32 {
    // Every character starts with one octet that is no continuation; four-octet ones are pairs.
    let count = text.bytes().map(|b| usize::from(b & 0xC0 != 0x80) + usize::from(b >= 0xF0)).sum::<usize>();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The octets of `text`, two per unit, high octet first.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for unit in text.encode_utf16() {
        out.extend(unit.to_be_bytes());
    }
    out
}

/// The text of `octets`. Total, since an inbound text must never be lost: half a pair, and a last
/// odd octet, become U+FFFD.
#[must_use]
pub fn decode(octets: &[u8]) -> String {
    let (pairs, odd) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let mut text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
