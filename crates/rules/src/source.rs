//! Where the ids of sources lead.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The sources that the embedded tables and the rules cite.
const TABLE: &str = include_str!("../data/sources.csv");

/// A source of a rule or of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// Its id, as reasons cite it.
    pub id: &'static str,
    /// Its date as it gives it; `n.d.` where it shows none.
    pub dated: &'static str,
    /// Its address, or a description where it has none.
    pub address: &'static str,
}

static SOURCES: LazyLock<HashMap<&str, Source>> = LazyLock::new(|| sources().map(|s| (s.id, s)).collect());

/// The rows of the table; a line that is none is left out, and a test finds each cited id.
fn sources() -> impl Iterator<Item = Source> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|line| {
        let (id, rest) = line.split_once(',')?;
        let (dated, address) = rest.split_once(',')?;
        Some(Source { id, dated, address })
    })
}

/// The source of this id, if the embedded tables know it; a deployment's own pack may cite others.
#[must_use]
pub fn source(id: &str) -> Option<&'static Source> {
    SOURCES.get(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_stands_once() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(sources().count(), lines - 1, "every line is read");
        assert_eq!(SOURCES.len(), lines - 1, "no id twice");
        assert!(sources().all(|s| !s.id.is_empty() && !s.dated.is_empty() && s.address.len() > 10));
        assert!(source("SEED").is_some() && source("OURS").is_none());
    }
}
