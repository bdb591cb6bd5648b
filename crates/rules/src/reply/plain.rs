//! The words of a reply as they are compared: without case, accents, leet, doubled letters and
//! spaces between letters (requirement `fr-reply-normalised`).

use crate::fold;

/// So many letters, each on its own, are one word: `S T O P`.
const SPELLED_MIN: usize = 3;
/// Digits of a short code.
const CODE_DIGITS: usize = 5;

/// The words of a text, in order.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Words {
    text: String,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    from: usize,
    to: usize,
    /// A comma, a full stop or the like stands before the word.
    clause: bool,
}

impl Words {
    /// The words of `text`; letters that stand alone become one word where `known` knows it. Linear in
    /// the text's length.
    pub(super) fn of(text: &str, known: impl Fn(&str) -> bool) -> Self {
        let raw = raw(text);
        let mut words = Self { text: String::with_capacity(raw.len()), spans: Vec::with_capacity(16) };
        let mut spelled = Spelled::default();
        for part in raw.split(' ').filter(|part| !part.is_empty()) {
            let (clause, part) = part.strip_prefix('.').map_or((false, part), |rest| (true, rest));
            if part.is_empty() {
                spelled.clause |= clause;
                continue;
            }
            if part.len() == 1 {
                spelled.push(part, clause);
                continue;
            }
            let clause = clause || (spelled.letters.is_empty() && spelled.clause);
            spelled.flush(&mut words, &known);
            words.push_part(part, clause);
        }
        spelled.flush(&mut words, &known);
        words
    }

    /// A word with its short code glued to it becomes two: `STOP36180`.
    fn push_part(&mut self, part: &str, clause: bool) {
        let (word, code) = without_code(part);
        self.push(word, clause);
        if let Some(code) = code {
            self.push(code, false);
        }
    }

    fn push(&mut self, part: &str, clause: bool) {
        let from = self.text.len();
        push_plain(&mut self.text, part);
        self.spans.push(Span { from, to: self.text.len(), clause });
        self.text.push(' ');
    }

    pub(super) const fn len(&self) -> usize {
        self.spans.len()
    }

    /// The word at `at`; empty beyond the last.
    pub(super) fn get(&self, at: usize) -> &str {
        self.spans.get(at).and_then(|span| self.text.get(span.from..span.to)).unwrap_or_default()
    }

    /// The words from `from` to before `to`, with one space between them.
    pub(super) fn slice(&self, from: usize, to: usize) -> &str {
        let (Some(first), Some(last)) = (self.spans.get(from), self.spans.get(to.wrapping_sub(1))) else {
            return "";
        };
        self.text.get(first.from..last.to).unwrap_or_default()
    }

    /// Whether a clause begins at one of the words behind `from` and before `to`.
    pub(super) fn clause_within(&self, from: usize, to: usize) -> bool {
        self.spans.get(from + 1..to).is_some_and(|spans| spans.iter().any(|span| span.clause))
    }

    pub(super) fn into_text(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

/// Signs that stand alone, until it is known whether they spell a word.
#[derive(Default)]
struct Spelled {
    letters: String,
    clause: bool,
}

impl Spelled {
    fn push(&mut self, sign: &str, clause: bool) {
        // `S.T.O.P` has a full stop before each letter: only the first counts.
        if self.letters.is_empty() {
            self.clause |= clause;
        }
        self.letters.push_str(sign);
    }

    fn flush(&mut self, words: &mut Words, known: impl Fn(&str) -> bool) {
        let mut plain = String::new();
        push_plain(&mut plain, without_code(&self.letters).0);
        if self.letters.len() >= SPELLED_MIN && known(&plain) {
            words.push_part(&self.letters, self.clause);
        } else {
            for (at, sign) in self.letters.split("").filter(|sign| !sign.is_empty()).enumerate() {
                words.push(sign, self.clause && at == 0);
            }
        }
        *self = Self::default();
    }
}

/// Words as plain letters and digits with spaces between them, and a full stop before the first word
/// of a clause.
fn raw(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        if let Some(plain) = plain(c) {
            out.push(plain);
            if matches!(c, 'œ' | 'Œ' | 'æ' | 'Æ') {
                out.push('e');
            }
        } else if c == '$' && signs.peek().is_some_and(char::is_ascii_alphabetic) {
            out.push('s');
        } else if c == '+' && !signs.peek().is_some_and(char::is_ascii_digit) {
            out.push_str(" plus ");
        } else if matches!(c, ',' | '.' | '!' | '?' | ';' | ':' | '\n') {
            out.push_str(" .");
        } else if !fold::is_invisible(c) {
            out.push(' ');
        }
    }
    out
}

/// The plain letter or digit that `c` is or looks like; also letters in circles and squares, of
/// mathematics and of flags, and the Cyrillic that spells STOP.
fn plain(c: char) -> Option<char> {
    if c.is_ascii_alphanumeric() {
        return Some(c.to_ascii_lowercase());
    }
    let letter = |from: u32| char::from_digit((c as u32 - from) % 26 + 10, 36);
    match c {
        '\u{24b6}'..='\u{24cf}' => letter(0x24b6),
        '\u{24d0}'..='\u{24e9}' => letter(0x24d0),
        '\u{1f130}'..='\u{1f149}' => letter(0x1f130),
        '\u{1f150}'..='\u{1f169}' => letter(0x1f150),
        '\u{1f170}'..='\u{1f189}' => letter(0x1f170),
        '\u{1f1e6}'..='\u{1f1ff}' => letter(0x1f1e6),
        '\u{1d400}'..='\u{1d6a3}' => letter(0x1d400),
        'с' | 'С' | 'ѕ' | 'Ѕ' => Some('s'),
        'т' | 'Т' => Some('t'),
        'о' | 'О' => Some('o'),
        'п' | 'П' | 'р' | 'Р' => Some('p'),
        'ā' | 'ă' | 'ą' => Some('a'),
        'ē' | 'ė' | 'ę' | 'ě' => Some('e'),
        'ō' | 'ŏ' | 'ő' => Some('o'),
        'š' | 'Š' | 'ś' | 'Ś' => Some('s'),
        _ => fold::letter(c),
    }
}

/// Adds a word without leet (in a word that also has a letter) and without doubled letters.
pub(super) fn push_plain(out: &mut String, word: &str) {
    let leet = has_letter(word);
    let from = out.len();
    for c in word.chars() {
        let c = match c {
            '0' if leet => 'o',
            '1' if leet => 'i',
            '5' if leet => 's',
            c => c,
        };
        let doubled = c.is_ascii_alphabetic() && out.get(from..).is_some_and(|done| done.ends_with(c));
        if !doubled {
            out.push(c);
        }
    }
}

/// The written form of a table as replies are compared with it.
pub(super) fn plain_phrase(phrase: &str) -> String {
    Words::of(phrase, |_| false).into_text()
}

/// Five digits that a French short code can be.
pub(super) fn is_code(word: &str) -> bool {
    word.len() == CODE_DIGITS
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && word.starts_with(|c| ('3'..='8').contains(&c))
}

/// A word and the short code that is glued to its end.
fn without_code(word: &str) -> (&str, Option<&str>) {
    match word.split_at_checked(word.len().saturating_sub(CODE_DIGITS)) {
        Some((letters, code)) if is_code(code) && has_letter(letters) => (letters, Some(code)),
        _ => (word, None),
    }
}

fn has_letter(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Words {
        Words::of(text, |word| word == "stop")
    }

    /// Requirement `fr-reply-normalised`.
    #[test]
    fn replies_become_plain_words() {
        for (text, words) in [
            ("", ""),
            (" ... ", ""),
            ("ARRÊT", "aret"),
            ("5T0P", "stop"),
            ("S T O P", "stop"),
            ("s.t.o.p !", "stop"),
            ("S-T-O-P svp", "stop svp"),
            ("5 t 0 p", "stop"),
            ("S T O P 3 6 1 8 0", "stop 36180"),
            ("il n'y a à l'arrêt", "il n y a a l aret"),
            ("a 2 3", "a 2 3"),
            ("STOP36180", "stop 36180"),
            ("ST0P 36180", "stop 36180"),
            ("stoooppp", "stop"),
            ("🆂🆃🅾🅿", "stop"),
            ("ⓢⓣⓞⓟ 𝐒𝐓𝐎𝐏", "stop stop"),
            ("$top", "stop"),
            ("jveux + de +33612345678", "jveux plus de 33612345678"),
            ("СТОП", "stop"),
            ("«Stop»\u{200b}", "stop"),
            ("n'envoyez", "n envoyez"),
            ("j y vais a 8 h", "j y vais a 8 h"),
            ("33700 et 36600", "33700 et 36600"),
        ] {
            assert_eq!(of(text).into_text(), words, "{text:?}");
        }
    }

    #[test]
    fn clauses_are_told_by_their_signs() {
        for (text, within) in
            [("non stop", false), ("non, stop", true), ("non !! stop", true), (", non stop", false)]
        {
            let words = of(text);
            assert_eq!(words.clause_within(0, words.len()), within, "{text}");
        }
    }
}
