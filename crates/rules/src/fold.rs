//! Texts without case, accents and punctuation, to be compared word by word.

/// The plain lower-case letter or digit that `c` is, without its accent; `None` for everything else.
/// Ligatures become their first letter.
pub(crate) const fn letter(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' | '0'..='9' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' | 'À' | 'Â' | 'Ä' | 'Á' | 'Ã' | 'Å' | 'æ' | 'Æ' => {
            'a'
        }
        'ç' | 'Ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'î' | 'ï' | 'ì' | 'í' | 'Î' | 'Ï' | 'Ì' | 'Í' => 'i',
        'ñ' | 'Ñ' => 'n',
        'ô' | 'ö' | 'ò' | 'ó' | 'õ' | 'ø' | 'Ô' | 'Ö' | 'Ò' | 'Ó' | 'Õ' | 'Ø' | 'œ' | 'Œ' => {
            'o'
        }
        'ù' | 'û' | 'ü' | 'ú' | 'Ù' | 'Û' | 'Ü' | 'Ú' => 'u',
        'ÿ' | 'ý' | 'Ÿ' | 'Ý' => 'y',
        // Full-width signs, which look like plain ones on a phone.
        '０'..='９' | 'ａ'..='ｚ' => ascii_of(c, 0),
        'Ａ'..='Ｚ' => ascii_of(c, 0x20),
        _ => return None,
    })
}

/// The ASCII sign of a full-width one, `shift` further on.
#[expect(clippy::cast_possible_truncation, reason = "full-width signs lie 0xFEE0 above ASCII")]
const fn ascii_of(c: char, shift: u32) -> char {
    (c as u32 - 0xFEE0 + shift) as u8 as char
}

/// Signs that stand inside a word and are not seen: combining accents, soft hyphens, zero-width
/// spaces and joiners.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// A text as words of plain lower-case letters and digits, one space before each and one at the end,
/// so that ` word ` finds whole words only.
pub(crate) fn words(text: &str) -> String {
    // Plain signs are ASCII: octets are pushed, as every message passes by here more than once.
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b' ');
    for c in text.chars() {
        match ASCII.get(c as usize) {
            Some(0) => space(&mut out),
            Some(plain) => out.push(*plain),
            None => match letter(c) {
                Some(plain) => {
                    out.extend(u8::try_from(plain));
                    if matches!(c, 'œ' | 'Œ' | 'æ' | 'Æ') {
                        out.push(b'e');
                    }
                }
                None if is_invisible(c) => {}
                None => space(&mut out),
            },
        }
    }
    space(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What each ASCII sign becomes; 0 between words.
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut sign = 0_u8;
    while sign < 128 {
        if sign.is_ascii_alphanumeric() {
            table[sign as usize] = sign.to_ascii_lowercase();
        }
        sign += 1;
    }
    table
};

/// One space, however many signs stand between two words.
fn space(out: &mut Vec<u8>) {
    if out.last() != Some(&b' ') {
        out.push(b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain() {
        for (text, plain) in [
            ("", " "),
            ("  !", " "),
            ("Élan d’été: œuvre\u{a0}!", " elan d ete oeuvre "),
            ("STOP au 36180", " stop au 36180 "),
            ("e\u{301}te\u{301} in\u{ad}visible", " ete invisible "),
            ("ＳＴＯＰ ３６", " stop 36 "),
        ] {
            assert_eq!(words(text), plain, "{text:?}");
        }
    }
}
