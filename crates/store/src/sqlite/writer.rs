//! The one thread that writes: takes what waits, applies it in one transaction, commits once, then
//! answers everyone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use facteur_domain::{AccountKeyId, Message};
use rusqlite::Connection;
use tracing::{error, warn};

use super::checkpoint::Checkpoints;
use super::condition::{Condition, is_corruption};
use super::connect::leave_log;
use super::fault::{Fault, describe};
use super::memory::Memory;
use super::pending::Reply;
use super::queue::{Priority, Queue, Weighed};
use super::statements::Statements;
use super::tally::Tallies;
use super::{AcceptedSink, Options};
use crate::StoreError;
use crate::receipt::ReceiptTally;

/// What a verb may touch while its batch is applied.
pub(super) struct Tx<'c> {
    /// The connection, inside the batch's transaction.
    pub(super) conn: &'c Connection,
    /// What is run for every message, prepared.
    pub(super) statements: Statements<'c>,
    /// What the writer remembers between batches.
    pub(super) memory: &'c mut Memory,
    /// Told what SQLite says of the disk and the file.
    pub(super) condition: &'c Condition,
    /// Messages kept by this batch that are due at once.
    pub(super) accepted: Vec<Message>,
    /// Messages accepted by this batch, by UTC day and key: written once a batch.
    pub(super) usage: Vec<(i64, AccountKeyId, u64)>,
    /// What this batch counts: written once a batch.
    pub(super) tallies: Tallies,
}

/// A writing verb on its way.
pub(super) trait Job: Send {
    /// Rows it touches, about.
    fn rows(&self) -> usize;
    /// Does it. An error is the whole batch's end.
    fn apply(&mut self, tx: &mut Tx<'_>) -> Result<(), rusqlite::Error>;
    /// The verb's name, for crash points.
    #[cfg(debug_assertions)]
    fn verb(&self) -> &'static str;
    /// Tells its caller.
    fn settle(self: Box<Self>, batch: Result<(), &StoreError>);
}

impl Weighed for Box<dyn Job> {
    fn rows(&self) -> usize {
        (**self).rows()
    }
}

/// A verb as a function.
pub(super) struct Verb<T, F> {
    pub(super) rows: usize,
    /// Whether it may fail after it has written something.
    pub(super) guarded: bool,
    pub(super) run: Option<F>,
    pub(super) outcome: Option<Result<T, StoreError>>,
    pub(super) reply: Reply<T>,
}

impl<T, F> Job for Verb<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send,
{
    fn rows(&self) -> usize {
        self.rows.max(1)
    }

    fn apply(&mut self, tx: &mut Tx<'_>) -> Result<(), rusqlite::Error> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let conn = tx.conn;
        let result = if self.guarded { guarded(tx, run)? } else { run(tx) };
        self.outcome = Some(match result {
            Ok(value) => Ok(value),
            Err(Fault::Verb(error)) => Err(error),
            // Without a savepoint half of it may be written: the batch goes.
            Err(Fault::Sql(error)) => {
                // Nothing more of a batch is written to a file that is damaged.
                if !self.guarded || conn.is_autocommit() || is_corruption(&error) {
                    return Err(error);
                }
                tx.condition.learn(&error);
                Err(describe(&error))
            }
        });
        Ok(())
    }

    /// The function of the store that made the verb, out of the name of its closure, as in
    /// `….::Store>::accept::{{closure}}`.
    #[cfg(debug_assertions)]
    fn verb(&self) -> &'static str {
        let name = std::any::type_name::<F>();
        let name = name.trim_end_matches("::{{closure}}");
        name.rsplit("::").next().unwrap_or(name)
    }

    fn settle(self: Box<Self>, batch: Result<(), &StoreError>) {
        let answer = match batch {
            Ok(()) => {
                self.outcome.unwrap_or_else(|| Err(StoreError::Internal("the verb did not run".into())))
            }
            Err(error) => Err(error.clone()),
        };
        // A caller that went away is no fault: what it asked for is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// Runs a verb so that it alone is undone when it fails, with what it counted.
fn guarded<T>(
    tx: &mut Tx<'_>,
    run: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
) -> Result<Result<T, Fault>, rusqlite::Error> {
    let conn = tx.conn;
    conn.execute_batch("SAVEPOINT verb")?;
    let others = std::mem::take(&mut tx.tallies);
    let leased = tx.memory.hooks.leased();
    let result = run(tx);
    let own = std::mem::replace(&mut tx.tallies, others);
    if result.is_err() {
        conn.execute_batch("ROLLBACK TO verb")?;
        tx.memory.in_hand.clear();
        tx.memory.hooks.give_back(leased);
    } else {
        tx.tallies.merge(own);
    }
    conn.execute_batch("RELEASE verb")?;
    Ok(result)
}

/// What the writer has done since the start, for metrics.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) commits: AtomicU64,
    pub(super) rows: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) wal_pages: Arc<AtomicU64>,
    /// Webhook deliveries made owed.
    pub(super) raised: Arc<AtomicU64>,
    /// What receipts turned out to be.
    pub(super) receipts: ReceiptTally,
}

/// The thread's belongings.
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) queue: Arc<Queue<Box<dyn Job>>>,
    pub(super) checkpoints: Checkpoints,
    pub(super) tally: Arc<Tally>,
    pub(super) memory: Memory,
    pub(super) accepted: AcceptedSink,
    pub(super) condition: Arc<Condition>,
    pub(super) options: Options,
    /// Threads that end before the writer's connection closes.
    pub(super) helpers: Vec<JoinHandle<()>>,
    /// Closes what the helpers wait on.
    pub(super) stop_helpers: Box<dyn Fn() + Send>,
    /// Told when everything is closed.
    pub(super) closed: std::sync::mpsc::Receiver<Reply<()>>,
    /// The disk's answer to the next commit, when a simulation says so.
    #[cfg(debug_assertions)]
    pub(super) mishap: Option<i32>,
}

/// Gives up the line when the thread dies, so that callers are answered `Closed` instead of waiting.
struct Abandon(Arc<Queue<Box<dyn Job>>>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Where a test may make the process die.
fn crash_points(batch: &[Box<dyn Job>], when: &str) {
    #[cfg(debug_assertions)]
    for job in batch {
        crate::crash::of_verb(job.verb(), when);
    }
    #[cfg(not(debug_assertions))]
    let _ = (batch, when);
}

impl Writer {
    /// The thread's life: until the line is closed and empty.
    pub(super) fn run(mut self) {
        let _abandon = Abandon(Arc::clone(&self.queue));
        while let Some(batch) = self.queue.take(self.batch_max()) {
            self.batch(batch);
        }
        (self.stop_helpers)();
        for helper in self.helpers.drain(..) {
            if helper.join().is_err() {
                error!("a thread of the store had died");
            }
        }
        if matches!(self.condition.refusal(Priority::Owed), Some(StoreError::Damaged(_)))
            && let Err(error) = leave_log(&self.conn, true)
        {
            warn!(%error, "the log will be moved into the database");
        }
        // The last connection to close moves the log into the database.
        if let Err((_, error)) = self.conn.close() {
            warn!(%error, "the database did not close cleanly; the log is read at the next start");
        }
        self.checkpoints.end();
        while let Ok(reply) = self.closed.try_recv() {
            let _ = reply.send(Ok(()));
        }
    }

    /// Rows in one transaction at most.
    pub(super) fn batch_max(&self) -> usize {
        self.options.batch_max.max(1)
    }

    pub(super) fn batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        if let Some(damaged) = self.condition.refusal(Priority::Owed) {
            for job in batch {
                job.settle(Err(&damaged));
            }
            return;
        }
        let log = self.tally.wal_pages.load(Ordering::Relaxed);
        self.condition.look(&self.conn, &self.options, log);
        let rows = batch.iter().map(|job| job.rows() as u64).sum();
        match self.apply(&mut batch) {
            Ok(accepted) => {
                self.checkpoints.committed(&self.conn);
                crash_points(&batch, "after");
                self.tally.commits.fetch_add(1, Ordering::Relaxed);
                self.tally.rows.fetch_add(rows, Ordering::Relaxed);
                self.tally.receipts.take(&mut self.memory.receipts);
                for job in batch {
                    job.settle(Ok(()));
                }
                if !accepted.is_empty() {
                    (self.accepted)(accepted);
                }
                self.memory.hooks.deliver();
                self.checkpoints.after_commit(&self.conn);
            }
            Err(error) => {
                self.tally.failures.fetch_add(1, Ordering::Relaxed);
                self.condition.learn(&error);
                let error = describe(&error);
                error!(%error, jobs = batch.len(), "a batch was not kept");
                self.undo();
                for job in batch {
                    job.settle(Err(&error));
                }
            }
        }
    }

    fn apply(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Vec<Message>, rusqlite::Error> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.memory.begin(&self.conn)?;
        let accepted = {
            let mut tx = Tx {
                conn: &self.conn,
                statements: Statements::new(&self.conn),
                memory: &mut self.memory,
                condition: &self.condition,
                accepted: Vec::new(),
                usage: Vec::new(),
                tallies: Tallies::default(),
            };
            for job in &mut *batch {
                job.apply(&mut tx)?;
            }
            super::accept::count_usage(&tx)?;
            tx.tallies.write(tx.conn)?;
            tx.accepted
        };
        self.memory.keep_delivered(&self.conn)?;
        crash_points(batch, "before");
        #[cfg(debug_assertions)]
        if let Some(code) = self.mishap.take() {
            return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(accepted)
    }

    fn undo(&mut self) {
        // Some errors have rolled back already.
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            error!(%error, "rollback failed");
        }
        self.memory.undo(&self.conn);
    }
}
