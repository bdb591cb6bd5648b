//! The table of words and phrases that replies are read with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::{Pattern, Patterns};
use super::plain::plain_phrase;
use crate::Grade;

/// What a word of the table does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Stop,
    Ambiguous,
    Start,
    Contact,
    Doubtful,
}

/// A row of the table: words with one source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) tier: Kind,
    /// Also stands in everyday sentences.
    #[serde(default)]
    pub(super) common: bool,
    words: Vec<String>,
    pub(super) source: String,
    pub(super) dated: String,
    pub(super) grade: Grade,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typos {
    near: Vec<String>,
    near_long: Vec<String>,
    known: Vec<String>,
    real: Vec<String>,
    pub(super) source: String,
    pub(super) dated: String,
    pub(super) grade: Grade,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    courtesy: Vec<String>,
    words: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Harmless {
    phrases: Vec<String>,
}

/// Phrases of one kind of refusal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    /// The stable id of the rule.
    pub(super) rule: String,
    phrases: Vec<String>,
    /// Means nothing where a harmless phrase stands.
    #[serde(default)]
    pub(super) yields: bool,
    /// Means nothing unless a marketing message stands before it.
    #[serde(default)]
    pub(super) after_marketing: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signs {
    refuse: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    words: Vec<Row>,
    typos: Typos,
    beside: Beside,
    groups: BTreeMap<String, String>,
    harmless: Harmless,
    refusal: Vec<Refusal>,
    signs: Signs,
}

/// A word or phrase that stands for a tier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) row: &'a Row,
    /// As the table writes it.
    pub(super) word: &'a str,
}

/// The table, ready to be asked.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Row>,
    /// Row and word of each plain phrase.
    entries: HashMap<String, (usize, usize)>,
    /// Octets of the longest of them: a longer reply need not be looked up.
    longest: usize,
    pub(super) typos: Typos,
    known_typos: HashMap<String, usize>,
    real: HashSet<String>,
    near: Vec<String>,
    near_long: Vec<String>,
    beside: HashSet<String>,
    pub(super) courtesy: Patterns,
    pub(super) harmless: Patterns,
    pub(super) refusals: Patterns,
    refusal_of: Vec<(usize, usize)>,
    refusal_rows: Vec<Refusal>,
    pub(super) signs: String,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::parse(include_str!("../../data/stop-words.toml"))
        .expect("the embedded table is read by a test; it does not change after the build")
});

impl Table {
    pub(super) fn embedded() -> &'static Self {
        &TABLE
    }

    /// Reads a table; says what is wrong with one that is none.
    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|fault| fault.to_string())?;
        let patterns = |phrases: &[String]| {
            let read = phrases.iter().map(|phrase| Pattern::parse(phrase, &file.groups));
            read.collect::<Result<Vec<_>, _>>().map(Patterns::new)
        };
        let all: Vec<String> = file.refusal.iter().flat_map(|row| row.phrases.clone()).collect();
        let plain = |words: &[String]| words.iter().map(|word| plain_phrase(word)).collect::<Vec<_>>();
        let known = plain(&file.typos.known).into_iter().enumerate().map(|(at, word)| (word, at));
        let entries = entries(&file.words)?;
        Ok(Self {
            longest: entries.keys().map(String::len).max().unwrap_or_default(),
            entries,
            known_typos: known.collect(),
            real: plain(&file.typos.real).into_iter().collect(),
            near: plain(&file.typos.near),
            near_long: plain(&file.typos.near_long),
            beside: plain(&file.beside.words).into_iter().collect(),
            courtesy: patterns(&file.beside.courtesy)?,
            harmless: patterns(&file.harmless.phrases)?,
            refusals: patterns(&all)?,
            refusal_of: indexes(&file.refusal),
            refusal_rows: file.refusal,
            signs: file.signs.refuse,
            rows: file.words,
            typos: file.typos,
        })
    }

    /// What a plain phrase stands for.
    pub(super) fn entry(&self, plain: &str) -> Option<Entry<'_>> {
        let (row, word) = self.entries.get(Some(plain).filter(|plain| plain.len() <= self.longest)?)?;
        let row = self.rows.get(*row)?;
        Some(Entry { row, word: row.words.get(*word)? })
    }

    /// The slip that is listed as this plain word, as the table writes it.
    pub(super) fn known_typo(&self, plain: &str) -> Option<&str> {
        self.typos.known.get(*self.known_typos.get(plain)?).map(String::as_str)
    }

    /// Whether a plain word is one that exists.
    pub(super) fn is_real(&self, plain: &str) -> bool {
        self.real.contains(plain) || self.entries.contains_key(plain)
    }

    pub(super) fn near(&self) -> &[String] {
        &self.near
    }

    pub(super) fn near_long(&self) -> &[String] {
        &self.near_long
    }

    pub(super) fn is_beside(&self, plain: &str) -> bool {
        self.beside.contains(plain)
    }

    /// The kind of refusal of a phrase, and the phrase as the table writes it.
    pub(super) fn refusal(&self, phrase: usize) -> Option<(&Refusal, &str)> {
        let (row, at) = self.refusal_of.get(phrase)?;
        let row = self.refusal_rows.get(*row)?;
        Some((row, row.phrases.get(*at)?))
    }
}

fn entries(rows: &[Row]) -> Result<HashMap<String, (usize, usize)>, String> {
    let mut entries = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        for (word_at, word) in row.words.iter().enumerate() {
            let plain = plain_phrase(word);
            let before = entries.insert(plain, (at, word_at));
            if before.is_some_and(|(before, _)| rows.get(before).is_some_and(|other| other.tier != row.tier))
            {
                return Err(format!("{word}: stands in two tiers"));
            }
        }
    }
    Ok(entries)
}

/// Row and place of each phrase, in the order in which the patterns are numbered.
fn indexes(rows: &[Refusal]) -> Vec<(usize, usize)> {
    let places = |(row, refusal): (usize, &Refusal)| (0..refusal.phrases.len()).map(move |at| (row, at));
    rows.iter().enumerate().flat_map(places).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_table_reads() {
        let read = Table::parse(include_str!("../../data/stop-words.toml"));
        let table = read.unwrap_or_else(|why| panic!("{why}"));
        assert!(table.rows.iter().all(|row| !row.words.is_empty() && !row.dated.is_empty()));
        let cited = table.rows.iter().map(|row| (row.source.as_str(), row.grade));
        let cited = cited.chain([(table.typos.source.as_str(), table.typos.grade)]);
        for (source, grade) in cited {
            assert_eq!(
                crate::source(source).is_none(),
                source == "OURS",
                "{source} is in the table of sources"
            );
            assert_eq!(source == "OURS", grade == Grade::D, "{source}");
        }
        assert_eq!(table.refusals.len(), table.refusal_of.len());
    }

    #[test]
    fn a_word_has_one_tier() {
        let text = include_str!("../../data/stop-words.toml").replace(r#"["UNSTOP""#, r#"["STOP""#);
        let text = text.replace(r#"["START", "UNSTOP"]"#, r#"["STOP"]"#);
        assert_eq!(Table::parse(&text).map(|_| ()), Err("STOP: stands in two tiers".to_owned()));
    }
}
