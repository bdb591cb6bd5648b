//! What phones make of octets, and octets of a phone's text: GSM 7-bit default alphabet and its
//! extension (3GPP TS 23.038, sections 6.2.1 and 6.2.1.1), UCS-2 and Latin-1. The table is this
//! room's own, so that a mistake in the product's is not made twice.

/// How a text was carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Encoding {
    /// data_coding 0: GSM 7-bit default alphabet, one septet in an octet.
    Gsm7,
    /// data_coding 1 and 3: IA5 and Latin-1.
    Latin1,
    /// data_coding 8: UCS-2, read as UTF-16 as phones do.
    Ucs2,
    /// Any other data_coding: octets, shown as hexadecimal.
    Binary,
}

/// The character that stands for what cannot be read.
const UNREADABLE: char = '\u{FFFD}';
/// The escape to the extension table.
const ESCAPE: u8 = 0x1B;

#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
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

impl Encoding {
    /// What a data_coding (SMPP 3.4, section 5.2.19) means here.
    pub(crate) const fn of(data_coding: u8) -> Self {
        match data_coding {
            0 => Self::Gsm7,
            1 | 3 => Self::Latin1,
            8 => Self::Ucs2,
            _ => Self::Binary,
        }
    }

    /// The text in `octets`, as a phone shows it; what cannot be read becomes U+FFFD.
    pub(crate) fn read(self, octets: &[u8]) -> String {
        match self {
            Self::Gsm7 => read_gsm7(octets),
            Self::Latin1 => octets.iter().map(|octet| char::from(*octet)).collect(),
            Self::Ucs2 => read_ucs2(octets),
            Self::Binary => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
        }
    }
}

fn read_gsm7(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut escaped = false;
    for octet in octets {
        let plain = DEFAULT.get(usize::from(*octet)).copied().unwrap_or(UNREADABLE);
        if escaped {
            // The standard lets a phone show the default table's character for an unknown pair.
            let extended = EXTENSION.iter().find(|(code, _)| code == octet).map(|(_, shown)| *shown);
            text.push(extended.unwrap_or(plain));
            escaped = false;
        } else if *octet == ESCAPE {
            escaped = true;
        } else {
            text.push(plain);
        }
    }
    if escaped {
        text.push(UNREADABLE);
    }
    text
}

fn read_ucs2(octets: &[u8]) -> String {
    let (pairs, odd) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(UNREADABLE)).collect();
    if !odd.is_empty() {
        text.push(UNREADABLE);
    }
    text
}

/// A text ready to leave a phone: its data_coding and the octets of each part, without headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) data_coding: u8,
    pub(crate) parts: Vec<Vec<u8>>,
}

/// Octets of one message, and of one part of several beside a header of six octets.
const GSM7_WHOLE: usize = 160;
const GSM7_PART: usize = 153;
const UCS2_WHOLE: usize = 140;
const UCS2_PART: usize = 134;
/// Parts that an 8-bit total can count.
const PARTS_MAX: usize = 255;

/// Writes a phone's text: GSM 7-bit where every character has a place there, else UCS-2; cut into
/// parts between characters only. Texts beyond 255 parts are cut off.
pub(crate) fn write(text: &str) -> Written {
    let gsm7: Option<Vec<Vec<u8>>> = text.chars().map(septets).collect();
    let (data_coding, characters, whole, part) = match gsm7 {
        Some(characters) => (0, characters, GSM7_WHOLE, GSM7_PART),
        None => (8, text.chars().map(ucs2).collect(), UCS2_WHOLE, UCS2_PART),
    };
    let total: usize = characters.iter().map(Vec::len).sum();
    let limit = if total <= whole { whole } else { part };
    let mut parts = vec![Vec::new()];
    for character in characters {
        let last = parts.len() - 1;
        if parts[last].len() + character.len() > limit {
            parts.push(character);
        } else {
            parts[last].extend(character);
        }
    }
    parts.truncate(PARTS_MAX);
    Written { data_coding, parts }
}

fn septets(character: char) -> Option<Vec<u8>> {
    if character == char::from(ESCAPE) {
        return None;
    }
    if let Some(code) = DEFAULT.iter().position(|shown| *shown == character) {
        return u8::try_from(code).ok().map(|code| vec![code]);
    }
    let (code, _) = EXTENSION.iter().find(|(_, shown)| *shown == character)?;
    Some(vec![ESCAPE, *code])
}

fn ucs2(character: char) -> Vec<u8> {
    let mut units = [0; 2];
    character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Encoding, UCS2_PART, write};

    fn check(data_coding: u8, octets: &[u8], text: &str) {
        assert_eq!(Encoding::of(data_coding).read(octets), text, "coding {data_coding}: {octets:02x?}");
    }

    #[test]
    fn phones_read_every_coding() {
        check(0, b"Bonjour", "Bonjour");
        check(0, &[0x00, 0x01, 0x02, 0x03, 0x04, 0x05], "@£$¥èé");
        check(0, &[0x1B, 0x65, 0x1B, 0x3C, 0x1B, 0x3E, 0x7F], "€[]à");
        check(0, &[0x1B, 0x41], "A");
        check(0, &[0x41, 0x1B], "A\u{FFFD}");
        check(0, &[0x80], "\u{FFFD}");
        check(3, &[0xE9, 0xE7], "éç");
        check(1, b"A", "A");
        check(8, &[0x00, 0xEA, 0xD8, 0x3D, 0xDE, 0x00], "ê\u{1F600}");
        check(8, &[0xD8, 0x3D], "\u{FFFD}");
        check(8, &[0x00, 0x41, 0x00], "A\u{FFFD}");
        check(4, &[0x0A, 0xFF], "0aff");
    }

    #[test]
    fn what_a_phone_writes_is_what_is_read() {
        for text in ["OUI", "", "à l'été {€} \\~^|", "ça m'ê\u{1F600}", "STOP\n\u{0C}fin"] {
            let written = write(text);
            let octets: Vec<u8> = written.parts.concat();
            assert_eq!(Encoding::of(written.data_coding).read(&octets), text);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let cases = [
            ("a".repeat(160), vec![160]),
            ("a".repeat(161), vec![153, 8]),
            (format!("{}€{}", "a".repeat(152), "b".repeat(10)), vec![152, 12]),
            ("é".repeat(153 * 2), vec![153, 153]),
            ("ê".repeat(70), vec![140]),
            ("ê".repeat(71), vec![UCS2_PART, 8]),
            (format!("{}\u{1F600}{}", "ê".repeat(66), "ê".repeat(10)), vec![132, 24]),
        ];
        for (text, lengths) in cases {
            let parts: Vec<usize> = write(&text).parts.iter().map(Vec::len).collect();
            assert_eq!(parts, lengths, "{text}");
        }
    }
}
