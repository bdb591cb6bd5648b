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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn encoded_texts_read_back(text in any::<String>()) {
            let octets = encode(&text);
            prop_assert_eq!(octets.len(), units(&text) as usize * 2);
            prop_assert_eq!(decode(&octets), text);
        }

        #[test]
        fn any_octets_decode(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            let text = decode(&octets);
            prop_assert!(text.chars().count() <= octets.len().div_ceil(2));
        }
    }

    #[test]
    fn units_and_octets() {
        for (text, expected) in [
            ("", &[][..]),
            ("A", &[0x00, 0x41]),
            ("ê", &[0x00, 0xEA]),
            ("€", &[0x20, 0xAC]),
            ("👍", &[0xD8, 0x3D, 0xDC, 0x4D]),
        ] {
            assert_eq!(encode(text), expected, "{text}");
            assert_eq!(units(text) as usize, expected.len() / 2, "{text}");
        }
    }

    #[test]
    fn broken_octets_are_marked() {
        assert_eq!(decode(&[0x00, 0x41, 0xD8, 0x3D]), "A\u{fffd}");
        assert_eq!(decode(&[0xDC, 0x4D, 0x00, 0x41]), "\u{fffd}A");
        assert_eq!(decode(&[0x00, 0x41, 0x00]), "A\u{fffd}");
    }
}
