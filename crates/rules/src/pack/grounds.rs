//! What the tables of a pack rest on, for people who ask.

use super::{Grade, Pack};

/// Rows of a table that rest on one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ground {
    /// The table, as files call it.
    pub table: &'static str,
    /// How many of its rows.
    pub rows: usize,
    /// The source's id.
    pub source: String,
    /// Its date as the rows give it.
    pub dated: String,
    /// How sure they are.
    pub grade: Grade,
}

impl Pack {
    /// What its tables rest on: table by table, each source once, in the order of its first row.
    #[must_use]
    pub fn grounds(&self) -> Vec<Ground> {
        let mut found: Vec<Ground> = Vec::new();
        let mut add = |table: &'static str, source: &str, dated: &str, grade: Grade| {
            let same = found.iter_mut().find(|ground| {
                ground.table == table
                    && ground.source == source
                    && ground.dated == dated
                    && ground.grade == grade
            });
            match same {
                Some(ground) => ground.rows += 1,
                None => {
                    let (source, dated) = (source.to_owned(), dated.to_owned());
                    found.push(Ground { table, rows: 1, source, dated, grade });
                }
            }
        };
        let tables = &self.tables;
        for row in &tables.windows.profile {
            add("windows", &row.source, &row.dated, row.grade);
        }
        for row in self.calendar.holidays() {
            add("holidays", &row.source, &row.dated, row.grade);
        }
        for row in &tables.short_codes.range {
            add("short_codes", &row.source, &row.dated, row.grade);
        }
        for row in &tables.words {
            add("words", &row.source, &row.dated, row.grade);
        }
        for row in &tables.protected {
            add("protected", &row.source, &row.dated, row.grade);
        }
        for row in &tables.content.ban {
            add("content", &row.source, &row.dated, row.grade);
        }
        let shorteners = &tables.content.shorteners;
        add("shorteners", &shorteners.source, &shorteners.dated, shorteners.grade);
        let surcharged = &tables.content.surcharged;
        add("surcharged", &surcharged.source, &surcharged.dated, surcharged.grade);
        add("stop", &tables.stop.source, &tables.stop.dated, tables.stop.grade);
        add("parts", &tables.parts.source, &tables.parts.dated, tables.parts.grade);
        add("consent", &tables.consent.source, &tables.consent.dated, tables.consent.grade);
        found
    }
}

impl super::Packs {
    /// All of them, by their first day.
    #[must_use]
    pub fn all(&self) -> &[Pack] {
        &self.packs
    }
}

#[cfg(test)]
mod tests {
    use crate::Packs;

    #[test]
    fn every_table_tells_its_sources_once() {
        for pack in Packs::embedded().all() {
            let grounds = pack.grounds();
            for table in
                ["windows", "holidays", "short_codes", "words", "protected", "content", "stop", "consent"]
            {
                assert!(grounds.iter().any(|ground| ground.table == table && ground.rows > 0), "{table}");
            }
            let mut keys: Vec<_> = grounds.iter().map(|g| (g.table, &g.source, &g.dated, g.grade)).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), grounds.len());
        }
    }
}
