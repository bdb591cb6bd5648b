//! Phrases with alternatives and gaps, found in the words of a reply.
//!
//! A pattern is words with spaces between them. `a|b` is either, `arret*` any word that begins so,
//! `ne?` may be missing, `~2` is up to two words of any kind, `^` and `$` are the ends of the reply
//! without its courtesies, `{sms}` is a group of words that the table names.

use std::collections::BTreeMap;

use super::plain::{Words, push_plain};

/// The widest gap.
const GAP_MAX: usize = 4;
/// Letters and digits that a word can begin with.
const SIGNS: usize = 36;

/// One word, or a place, of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Element {
    /// One of these words, or nothing, or the end.
    Word {
        any: Vec<Alternative>,
        optional: bool,
        or_end: bool,
    },
    Gap(usize),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Alternative {
    letters: String,
    prefix: bool,
}

impl Alternative {
    fn fits(&self, word: &str) -> bool {
        if self.prefix { word.starts_with(self.letters.as_str()) } else { word == self.letters }
    }
}

/// A pattern that can be looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    elements: Vec<Element>,
    at_start: bool,
}

impl Pattern {
    /// Reads a pattern; says what is wrong with one that is none. The first word may not be optional.
    pub(super) fn parse(written: &str, groups: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut whole = written.to_owned();
        for (name, words) in groups {
            whole = whole.replace(&format!("{{{name}}}"), words);
        }
        let (at_start, body) = whole.strip_prefix("^ ").map_or((false, whole.as_str()), |rest| (true, rest));
        let elements = body.split(' ').map(element).collect::<Result<Vec<_>, _>>();
        let elements = elements.map_err(|why| format!("{written}: {why}"))?;
        match elements.first() {
            Some(Element::Word { optional: false, or_end: false, .. }) => Ok(Self { elements, at_start }),
            _ => Err(format!("{written}: a pattern begins with a word that must be there")),
        }
    }

    fn firsts(&self) -> &[Alternative] {
        match self.elements.first() {
            Some(Element::Word { any, .. }) => any,
            _ => &[],
        }
    }

    /// Where the pattern whose first word stands at `at` ends, before `reach.1`.
    fn end(&self, words: &Words, at: usize, reach: (usize, usize)) -> Option<usize> {
        if self.at_start && at != reach.0 {
            return None;
        }
        end(self.elements.get(1..)?, words, at + 1, reach.1)
    }
}

fn element(written: &str) -> Result<Element, String> {
    if let Some(width) = written.strip_prefix('~') {
        return match width.parse() {
            Ok(width) if (1..=GAP_MAX).contains(&width) => Ok(Element::Gap(width)),
            _ => Err(format!("{written:?} is no gap of 1 to {GAP_MAX} words")),
        };
    }
    let (words, optional) = written.strip_suffix('?').map_or((written, false), |words| (words, true));
    let or_end = words.split('|').any(|word| word == "$");
    let any = words.split('|').filter(|word| *word != "$").map(alternative);
    Ok(Element::Word { any: any.collect::<Result<_, _>>()?, optional, or_end })
}

fn alternative(written: &str) -> Result<Alternative, String> {
    let (letters, prefix) = written.strip_suffix('*').map_or((written, false), |stem| (stem, true));
    // Words are looked up by two letters: a stem of one would be found in words of one letter only.
    if letters.is_empty()
        || (prefix && letters.len() < 2)
        || !letters.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    {
        return Err(format!("{written:?} is no plain lower-case word"));
    }
    let mut plain = String::new();
    push_plain(&mut plain, letters);
    Ok(Alternative { letters: plain, prefix })
}

/// Bounded: a pattern has few gaps, and none is wider than [`GAP_MAX`].
fn end(elements: &[Element], words: &Words, at: usize, to: usize) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else { return Some(at) };
    match first {
        Element::Gap(width) => (at..=to.min(at + width)).find_map(|at| end(rest, words, at, to)),
        Element::Word { any, optional, or_end } => {
            let here = at < to && any.iter().any(|word| word.fits(words.get(at)));
            let taken = here.then(|| end(rest, words, at + 1, to)).flatten();
            let left = *optional || (*or_end && at == to);
            taken.or_else(|| if left { end(rest, words, at, to) } else { None })
        }
    }
}

/// Patterns by the first two letters of each of their first words.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
    /// Pattern and alternative; [`slot`] says where.
    by_head: Vec<Vec<(usize, usize)>>,
}

impl Patterns {
    pub(super) fn new(all: Vec<Pattern>) -> Self {
        let mut by_head = vec![Vec::new(); SIGNS * (SIGNS + 1)];
        for (index, pattern) in all.iter().enumerate() {
            for (at, first) in pattern.firsts().iter().enumerate() {
                if let Some(slot) = slot(&first.letters).and_then(|slot| by_head.get_mut(slot)) {
                    slot.push((index, at));
                }
            }
        }
        Self { all, by_head }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    /// The patterns between two words of a reply: which, from where, to before where.
    pub(super) fn find<'a>(
        &'a self,
        words: &'a Words,
        reach: (usize, usize),
    ) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
        (reach.0..reach.1).flat_map(move |at| self.at(words, at, reach))
    }

    /// The patterns that begin at one word.
    pub(super) fn at<'a>(
        &'a self,
        words: &'a Words,
        at: usize,
        reach: (usize, usize),
    ) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
        let word = words.get(at);
        let slot = slot(word).and_then(|slot| self.by_head.get(slot));
        slot.into_iter().flatten().filter_map(move |(index, first)| {
            let pattern = self.all.get(*index)?;
            pattern.firsts().get(*first).filter(|first| first.fits(word))?;
            Some((*index, at, pattern.end(words, at, reach)?))
        })
    }
}

/// Where a word stands by its first two signs; a word of one sign has a place of its own.
fn slot(word: &str) -> Option<usize> {
    let sign = |at: usize| {
        let sign = word.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(36))?;
        usize::try_from(sign).ok()
    };
    Some(sign(0)? * (SIGNS + 1) + sign(1).map_or(0, |sign| sign + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_alternatives_gaps_and_ends() {
        let groups = BTreeMap::from([("sms".to_owned(), "sms|message*".to_owned())]);
        for (pattern, text, found) in [
            ("arret* ~2 {sms}", "svp arrêtez tous vos messages", Some((1, 5))),
            ("arret* ~2 {sms}", "arrêtez donc tous vos messages", None),
            ("je ne? veux plus", "je veux plus", Some((0, 3))),
            ("je ne? veux plus", "je ne veux plus", Some((0, 4))),
            ("je ne? veux plus", "je ne sais plus", None),
            ("^ plus de {sms}", "plus de sms svp", Some((0, 3))),
            ("^ plus de {sms}", "il y a plus de sms", None),
            ("plus $", "j en veux plus", Some((3, 4))),
            ("plus $", "plus tard", None),
        ] {
            let words = Words::of(text, |_| false);
            let patterns = Patterns::new(vec![Pattern::parse(pattern, &groups).expect("a pattern")]);
            let first = patterns.find(&words, (0, words.len())).next();
            assert_eq!(first.map(|(_, from, to)| (from, to)), found, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for written in ["", "a* b", "ne? veux", "~2 sms", "a ~9 b", "Stop", "a||b", "{nobody}", "$"] {
            assert!(Pattern::parse(written, &BTreeMap::new()).is_err(), "{written:?}");
        }
    }
}
