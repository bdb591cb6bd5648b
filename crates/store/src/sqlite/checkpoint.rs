//! Moving the log into the database: on a thread of its own, so that no commit waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tracing::warn;

/// Rows committed between two checkpoints, while there is work.
const ROWS_BETWEEN: u64 = 8_192;
/// How long what was committed stays in the log when there is no more work.
const IDLE: Duration = Duration::from_secs(1);

/// What the writer tells the checkpoint thread, and back.
pub(super) struct Checkpoints {
    state: Mutex<Owed>,
    wake: Condvar,
    frames: AtomicU64,
}

#[derive(Default)]
struct Owed {
    rows: u64,
    closed: bool,
}

impl Checkpoints {
    /// Nothing owed.
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(Owed::default()), wake: Condvar::new(), frames: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Owed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer committed `rows` rows.
    pub(super) fn committed(&self, rows: u64) {
        let mut owed = self.lock();
        let first = owed.rows == 0;
        owed.rows += rows;
        let enough = owed.rows >= ROWS_BETWEEN;
        drop(owed);
        if first || enough {
            self.wake.notify_one();
        }
    }

    /// Pages in the log, as of the last checkpoint.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    /// Waits until a checkpoint is worth its while; `false` when there will be none any more.
    fn due(&self) -> bool {
        let mut owed = self.lock();
        while !owed.closed && owed.rows == 0 {
            owed = self.wake.wait(owed).unwrap_or_else(PoisonError::into_inner);
        }
        while !owed.closed && owed.rows < ROWS_BETWEEN {
            let (back, timeout) = self.wake.wait_timeout(owed, IDLE).unwrap_or_else(PoisonError::into_inner);
            owed = back;
            if timeout.timed_out() {
                break;
            }
        }
        owed.rows = 0;
        !owed.closed
    }

    /// The thread's life.
    pub(super) fn run(&self, conn: &Connection) {
        while self.due() {
            self.checkpoint(conn);
        }
    }

    /// Moves what no reader needs any more. Without waiting for anyone: what cannot be moved now is
    /// moved the next time.
    ///
    /// A log that is written without pause never starts over, because its end is never reached from
    /// outside: the writer itself does the last few pages when the log is longer than its bound.
    pub(super) fn checkpoint(&self, conn: &Connection) {
        let result = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match result {
            Ok((log, moved)) => {
                let left = if log == moved { 0 } else { log };
                self.frames.store(u64::try_from(left).unwrap_or(0), Ordering::Relaxed);
            }
            Err(error) => warn!(%error, "checkpoint failed; the log grows until one succeeds"),
        }
    }
}
