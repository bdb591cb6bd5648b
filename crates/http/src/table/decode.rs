//! The encoding of a file that does not say it.

use std::borrow::Cow;

/// Characters of Windows-1252 from 0x80 to 0x9F; the five places that it leaves free are controls, as
/// the WHATWG's table has them. Above, it is Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The text of a file and the name of its encoding: UTF-8 if it is that, with or without its mark,
/// else Windows-1252.
///
/// # Errors
/// UTF-16, or octets that no text has.
pub(crate) fn decode(octets: &[u8]) -> Result<(Cow<'_, str>, &'static str), &'static str> {
    if octets.starts_with(&[0xFF, 0xFE]) || octets.starts_with(&[0xFE, 0xFF]) {
        return Err("The file is in UTF-16. Save it as \"CSV UTF-8\".");
    }
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    if octets.contains(&0) {
        return Err("The file is not text: it has NUL octets. Save it as \"CSV UTF-8\".");
    }
    match std::str::from_utf8(octets) {
        Ok(text) => Ok((Cow::Borrowed(text), "UTF-8")),
        Err(_) => Ok((octets.iter().map(|octet| windows_1252(*octet)).collect(), "Windows-1252")),
    }
}

fn windows_1252(octet: u8) -> char {
    match octet {
        0x80..=0x9F => WINDOWS_1252[usize::from(octet - 0x80)],
        _ => char::from(octet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        for (octets, text, name) in [
            (&b"a;b"[..], "a;b", "UTF-8"),
            ("\u{feff}été".as_bytes(), "été", "UTF-8"),
            ("l\u{2019}été €".as_bytes(), "l\u{2019}été €", "UTF-8"),
            (b"l\x92\xE9t\xE9 \x80 \x9C\xFF", "l\u{2019}été € œÿ", "Windows-1252"),
        ] {
            assert_eq!(decode(octets), Ok((Cow::Borrowed(text), name)));
        }
        for octets in [&b"\xFF\xFEa\0"[..], b"\xFE\xFF\0a", b"a\0b"] {
            assert!(decode(octets).is_err(), "{octets:?}");
        }
    }
}
