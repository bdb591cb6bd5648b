//! Moving the log into the database: by the writer, between two batches, after everyone of the first
//! was answered.
//!
//! A thread of its own was measured against this and cost more: while commits go on it never reaches
//! the log's end, so the log never starts over, grows, and every commit writes to fresh blocks.
//! `examples/bench.rs` measures it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use tracing::warn;

use super::mark::Mark;

/// When the log is next moved.
pub(super) struct Checkpoints {
    /// Pages in the log between two checkpoints.
    every: u64,
    /// Pages in the log at which the next one is tried.
    next: u64,
    /// Pages in the log, for metrics.
    pages: Arc<AtomicU64>,
    /// How far the log has come, for the next start.
    mark: Option<Mark>,
}

impl Checkpoints {
    /// One every `every` pages of the log; its length is told in `pages`.
    pub(super) fn new(every: u64, pages: Arc<AtomicU64>, mark: Option<Mark>) -> Self {
        Self { every, next: every, pages, mark }
    }

    /// After the connection was closed.
    pub(super) fn end(self) {
        if let Some(mark) = self.mark {
            mark.end();
        }
    }

    fn note(&mut self, log: u64, moved: u64) {
        if let Some(mark) = &mut self.mark {
            mark.note(log, moved);
        }
    }

    /// After a commit, before anyone is told: marks how far the log has come. What was acknowledged and is missing at
    /// the next start is then known to be.
    pub(super) fn committed(&mut self, conn: &Connection) {
        let Some((log, moved)) = run(conn, "PRAGMA wal_checkpoint(NOOP)") else { return };
        self.note(log, moved);
        self.pages.store(log, Ordering::Relaxed);
    }

    /// After everyone was told: moves the log when it is long enough. What a reader still needs stays, without
    /// waiting for it, and is tried again when the log has grown by as much again.
    pub(super) fn after_commit(&mut self, conn: &Connection) {
        let log = self.pages.load(Ordering::Relaxed);
        // The log started over.
        if log < self.every {
            self.next = self.every;
        }
        if log < self.next {
            return;
        }
        crate::crash::point("store.checkpoint.before");
        if let Some((log, moved)) = run(conn, "PRAGMA wal_checkpoint(PASSIVE)") {
            crate::crash::point("store.checkpoint.after");
            self.note(log, moved);
            self.next = if moved == log { self.every } else { log + self.every };
        }
    }
}

/// Pages of the log that SQLite found to be whole.
pub(super) fn found(conn: &Connection) -> u64 {
    run(conn, "PRAGMA wal_checkpoint(NOOP)").map_or(0, |(log, _)| log)
}

/// Pages in the log, and how many of them are moved.
fn run(conn: &Connection, pragma: &str) -> Option<(u64, u64)> {
    let result = conn.prepare_cached(pragma).and_then(|mut statement| {
        statement.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
    });
    match result {
        Ok((log, moved)) => Some((u64::try_from(log).unwrap_or(0), u64::try_from(moved).unwrap_or(0))),
        Err(error) => {
            warn!(%error, "checkpoint failed; the log grows until one succeeds");
            None
        }
    }
}
