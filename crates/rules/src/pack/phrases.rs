//! Phrases looked for in a text word by word.

use std::collections::HashMap;

use crate::fold;

/// Words of 64 bits in the sieve of first words.
const FIRSTS: usize = 16;

/// Phrases by their first word; each with what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Phrases<T> {
    by_first: HashMap<String, Vec<(String, T)>>,
    /// Bit n is set when a phrase starts with a word that hashes to n: most words of a text need no
    /// look-up.
    firsts: [u64; FIRSTS],
}

impl<T: Copy> Phrases<T> {
    /// Reads phrases in any writing; one without letters is never found.
    pub(super) fn new<'a>(phrases: impl Iterator<Item = (&'a str, T)>) -> Self {
        let mut found = Self { by_first: HashMap::new(), firsts: [0; FIRSTS] };
        for (phrase, meaning) in phrases {
            let words = fold::words(phrase);
            let Some((first, rest)) = words.trim_start().split_once(' ') else { continue };
            let (at, bit) = sieve(first);
            found.firsts[at] |= bit;
            found.by_first.entry(first.to_owned()).or_default().push((rest.to_owned(), meaning));
        }
        found
    }

    /// What the phrases in `words`, a text that [`fold::words`] made, stand for, with the phrase as
    /// it stands there.
    pub(crate) fn find<'a>(&'a self, words: &'a str) -> impl Iterator<Item = (T, &'a str)> {
        let bytes = words.as_bytes();
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at + 1);
        starts.flat_map(move |at| {
            let here = words.get(at..).unwrap_or_default();
            let length = here.bytes().position(|byte| byte == b' ').unwrap_or(here.len());
            let first = here.get(..length).unwrap_or_default();
            let (slot, bit) = sieve(first);
            let known = if self.firsts[slot] & bit == 0 { None } else { self.by_first.get(first) };
            let rest = here.get(length + 1..).unwrap_or_default();
            known.into_iter().flatten().filter_map(move |(tail, meaning)| {
                let whole = rest.starts_with(tail.as_str());
                whole.then(|| (*meaning, here.get(..length + 1 + tail.len()).unwrap_or(first).trim_end()))
            })
        })
    }
}

/// Where a word stands in the sieve: by its first three signs and its length.
fn sieve(word: &str) -> (usize, u64) {
    let sign = |at| word.as_bytes().get(at).copied().map_or(0, usize::from);
    let mixed = sign(0) * 131 + sign(1) * 31 + sign(2) * 7 + word.len();
    (mixed / 64 % FIRSTS, 1 << (mixed % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_in_any_writing() {
        let phrases = Phrases::new([("pompe à chaleur", 1), ("cpf", 2), ("isolation à 1", 3)].into_iter());
        for (text, found) in [
            ("Pompe  A-CHALEUR !", &[(1, "pompe a chaleur")][..]),
            ("votre CPF: isolation à 1 €", &[(2, "cpf"), (3, "isolation a 1")]),
            ("cpfx pompe a chaleurs, isolation à 10", &[]),
            ("", &[]),
            ("cpf", &[(2, "cpf")]),
        ] {
            let words = fold::words(text);
            assert_eq!(phrases.find(&words).collect::<Vec<_>>(), found, "{text}");
        }
    }
}
