//! Statements of the batch under way. The connection keeps them by their text, and hashing that text twice
//! for every row costs as much as some rows do: within a batch they are found by a look instead.

use std::cell::RefCell;

use rusqlite::{CachedStatement, Connection, Params};

/// The prepared statements that a batch has used so far; they go back to the connection with it.
pub(super) struct Statements<'c> {
    conn: &'c Connection,
    kept: RefCell<Vec<(&'static str, Option<CachedStatement<'c>>)>>,
}

impl<'c> Statements<'c> {
    /// None yet.
    pub(super) const fn new(conn: &'c Connection) -> Self {
        Self { conn, kept: RefCell::new(Vec::new()) }
    }

    /// Runs a statement that changes rows; how many.
    pub(super) fn execute(&self, sql: &'static str, params: impl Params) -> rusqlite::Result<usize> {
        self.with(sql, |statement| statement.execute(params))
    }

    /// Lends the statement of `sql`. One that is lent already is prepared a second time.
    pub(super) fn with<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut CachedStatement<'c>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let (place, there) = self.take(sql);
        let mut statement = match there {
            Some(statement) => statement,
            None => self.conn.prepare_cached(sql)?,
        };
        let done = run(&mut statement);
        if let Some((_, kept)) = self.kept.borrow_mut().get_mut(place) {
            *kept = Some(statement);
        }
        done
    }

    fn take(&self, sql: &'static str) -> (usize, Option<CachedStatement<'c>>) {
        let mut kept = self.kept.borrow_mut();
        // A batch uses few, and most differ in length already.
        match kept.iter().position(|(known, _)| *known == sql) {
            Some(place) => (place, kept[place].1.take()),
            None => {
                kept.push((sql, None));
                (kept.len() - 1, None)
            }
        }
    }
}
