//! The GSM 03.38 default alphabet and its extension, one septet per octet (unpacked), as SMPP
//! carries it with data_coding 0.

/// The septet that announces one of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet by septet; the escape stands at its place, and is no character.
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', // 0x00
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', // 0x10
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', // 0x20
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', // 0x30
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', // 0x40
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', // 0x50
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', // 0x60
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', // 0x70
];

/// The extension: what follows [`ESCAPE`], and the character it makes.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// No septet.
const NONE: u8 = 0xFF;
/// Set on a septet of the extension.
const EXTENDED: u8 = 0x80;
/// How many characters [`BY_CHAR`] covers: ASCII and Latin-1.
const DIRECT: usize = 256;

/// The septet of each character below [`DIRECT`], made from the two tables above.
const BY_CHAR: [u8; DIRECT] = {
    let mut table = [NONE; DIRECT];
    let mut septet: u8 = 0;
    while septet < 128 {
        let at = DEFAULT[septet as usize] as usize;
        // The escape must never come out of a text: it would eat the next character.
        if at < DIRECT && septet != ESCAPE {
            table[at] = septet;
        }
        septet += 1;
    }
    let mut i = 0;
    while i < EXTENSION.len() {
        let at = EXTENSION[i].1 as usize;
        if at < DIRECT {
            table[at] = EXTENSION[i].0 | EXTENDED;
        }
        i += 1;
    }
    table
};

/// The cost in septets of each ASCII character, 0 for none: what the fast pass reads.
const ASCII_COST: [u8; 128] = {
    let mut table = [0; 128];
    let mut at = 0;
    while at < 128 {
        table[at] = match BY_CHAR[at] {
            NONE => 0,
            code if code & EXTENDED != 0 => 2,
            _ => 1,
        };
        at += 1;
    }
    table
};

/// The septet of `c`, marked with [`EXTENDED`], or [`NONE`].
fn code(c: char) -> u8 {
    if let Some(code) = BY_CHAR.get(c as usize) {
        return *code;
    }
    if c == '€' {
        return 0x65 | EXTENDED;
    }
    // What remains are ten Greek capitals, from 0x10 on.
    let greek = DEFAULT.iter().skip(0x10).take(0x0B).position(|known| *known == c);
    greek.and_then(|at| u8::try_from(at + 0x10).ok()).unwrap_or(NONE)
}

/// What `c` costs in septets: 1, 2 with its escape, `None` outside the alphabet.
#[must_use]
pub fn septets(c: char) -> Option<u8> {
    match code(c) {
        NONE => None,
        code if code & EXTENDED != 0 => Some(2),
        _ => Some(1),
    }
}

/// What `text` costs in septets in all, `None` if a character is outside the alphabet.
#[must_use]
pub fn total(text: &str) -> Option<u32> {
    let mut sum: u32 = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let Some(cost) = ASCII_COST.get(usize::from(*byte)) else {
            // All before this octet is ASCII, so it starts a character.
            return text.get(at..)?.chars().try_fold(sum, |sum, c| Some(sum + u32::from(septets(c)?)));
        };
        if *cost == 0 {
            return None;
        }
        sum += u32::from(*cost);
    }
    Some(sum)
}

/// One septet per octet, extension characters after their escape; `None` if a character is outside
/// the alphabet.
#[must_use]
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match code(c) {
            NONE => return None,
            code if code & EXTENDED != 0 => out.extend([ESCAPE, code & !EXTENDED]),
            code => out.push(code),
        }
    }
    Some(out)
}

/// The text of unpacked septets. Total, since an inbound text must never be lost: an octet above
/// 0x7F becomes U+FFFD, an escape before a septet that has no extension leaves that septet's own
/// character, and a lone escape is a space.
#[must_use]
pub fn decode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets.iter().copied().peekable();
    while let Some(octet) = rest.next() {
        out.push(match octet {
            ESCAPE => match rest.peek().and_then(|next| extended(*next)) {
                Some(c) => {
                    rest.next();
                    c
                }
                None if rest.peek().is_some_and(|next| *next != ESCAPE) => continue,
                None => ' ',
            },
            septet => DEFAULT.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        });
    }
    out
}

fn extended(septet: u8) -> Option<char> {
    EXTENSION.iter().find(|(code, _)| *code == septet).map(|(_, c)| *c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts of the alphabet only.
    fn gsm_text() -> impl Strategy<Value = String> {
        let alphabet: Vec<char> =
            DEFAULT.into_iter().filter(|c| *c != '\u{1b}').chain(EXTENSION.iter().map(|(_, c)| *c)).collect();
        proptest::collection::vec(proptest::sample::select(alphabet), 0..200)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn encoded_texts_read_back(text in gsm_text()) {
            let octets = encode(&text).expect("in the alphabet");
            prop_assert_eq!(decode(&octets), text);
        }

        #[test]
        fn the_cost_is_the_length(text in gsm_text()) {
            let octets = encode(&text).expect("in the alphabet");
            prop_assert_eq!(total(&text).map(|n| n as usize), Some(octets.len()));
            let sum: usize = text.chars().filter_map(septets).map(usize::from).sum();
            prop_assert_eq!(sum, octets.len());
        }

        #[test]
        fn every_text_is_all_in_or_out(text in any::<String>()) {
            let known = text.chars().all(|c| septets(c).is_some());
            prop_assert_eq!(encode(&text).is_some(), known);
            prop_assert_eq!(total(&text).is_some(), known);
        }

        #[test]
        fn any_octets_decode_to_visible_text(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = decode(&octets);
            prop_assert!(text.bytes().all(|byte| byte != ESCAPE));
            let lost = octets.iter().filter(|o| **o > 0x7F).count();
            prop_assert_eq!(text.matches(char::REPLACEMENT_CHARACTER).count(), lost);
        }
    }

    #[test]
    fn known_septets() {
        for (c, expected) in [
            ('@', &[0x00][..]),
            ('é', &[0x05]),
            ('Ç', &[0x09]),
            ('\n', &[0x0A]),
            ('\r', &[0x0D]),
            ('Δ', &[0x10]),
            ('_', &[0x11]),
            ('Ξ', &[0x1A]),
            ('É', &[0x1F]),
            (' ', &[0x20]),
            ('¤', &[0x24]),
            ('¡', &[0x40]),
            ('A', &[0x41]),
            ('Z', &[0x5A]),
            ('§', &[0x5F]),
            ('¿', &[0x60]),
            ('a', &[0x61]),
            ('z', &[0x7A]),
            ('à', &[0x7F]),
            ('€', &[0x1B, 0x65]),
            ('[', &[0x1B, 0x3C]),
            ('|', &[0x1B, 0x40]),
            ('\u{c}', &[0x1B, 0x0A]),
        ] {
            assert_eq!(encode(&c.to_string()).as_deref(), Some(expected), "{c:?}");
        }
    }

    #[test]
    fn french_letters_and_signs_are_in_or_out() {
        for (cost, signs) in [
            (Some(1), "àéèùÉÇäöüÄÖÜìòñÑæÆßøØ"),
            (None, "âçêëîïôœûÿÀÂÈÊËÎÏÔŒÙÛŸ"),
            (Some(1), "@£$¥_!\"#¤%&'()*+,-./:;<=>?¡¿§\n\r"),
            (Some(2), "€[]{}\\~^|\u{c}"),
            (None, "’‘“”«»…–—•°²³µ`´¨\u{a0}\u{202f}№™©®×½"),
            (None, "\0\t\u{1b}\u{7f}👍"),
        ] {
            for c in signs.chars() {
                assert_eq!(septets(c), cost, "{c:?}");
            }
        }
    }

    #[test]
    fn the_alphabet_has_137_characters() {
        let known = (0..=char::MAX as u32).filter_map(char::from_u32).filter(|c| septets(*c).is_some());
        assert_eq!(known.count(), 127 + 10);
    }

    #[test]
    fn broken_escapes_are_read_as_phones_read_them() {
        for (octets, text) in [
            (&[0x1B, 0x65][..], "€"),
            (&[0x1B, 0x41], "A"),
            (&[0x41, 0x1B], "A "),
            (&[0x1B, 0x1B, 0x65], " €"),
            (&[0x80, 0x41], "\u{fffd}A"),
        ] {
            assert_eq!(decode(octets), text, "{octets:?}");
        }
    }
}
