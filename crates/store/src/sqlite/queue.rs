//! The line of jobs before a thread: bounded, taken in one go, closed once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::StoreError;

/// What a job costs the thread that does it, in rows.
pub(super) trait Weighed {
    /// At least 1.
    fn rows(&self) -> usize;
}

/// A line of jobs that many push to and one or more threads take from.
pub(super) struct Queue<J> {
    line: Mutex<Line<J>>,
    ready: Condvar,
    max: usize,
}

struct Line<J> {
    jobs: VecDeque<J>,
    /// Rows of all of them.
    rows: usize,
    closed: bool,
}

/// Who may use the part of the line that is kept free.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// New work: refused when as many rows wait as the line is long.
    New,
    /// Work on what was accepted (an operator's answer, a receipt): it has a second line's length
    /// for itself, so that a flood of new work cannot refuse it.
    Owed,
}

impl<J: Weighed> Queue<J> {
    /// A line of `max` rows of new work, and twice as many jobs in all.
    pub(super) fn new(max: usize) -> Self {
        Self {
            line: Mutex::new(Line { jobs: VecDeque::new(), rows: 0, closed: false }),
            ready: Condvar::new(),
            max: max.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line<J>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the line.
    pub(super) fn push(&self, job: J, priority: Priority) -> Result<(), (J, StoreError)> {
        let mut line = self.lock();
        if line.closed {
            return Err((job, StoreError::Closed));
        }
        let full = match priority {
            // By rows: a request may bring a thousand messages.
            Priority::New => line.rows >= self.max,
            Priority::Owed => line.jobs.len() >= self.max.saturating_mul(2),
        };
        if full {
            return Err((job, StoreError::Overloaded));
        }
        line.rows += job.rows();
        line.jobs.push_back(job);
        drop(line);
        self.ready.notify_one();
        Ok(())
    }

    /// The next jobs, of `rows` rows together at most (one job at least): waits for the first;
    /// `None` when the line is closed and empty.
    pub(super) fn take(&self, rows: usize) -> Option<Vec<J>> {
        let mut line = self.lock();
        while line.jobs.is_empty() {
            if line.closed {
                return None;
            }
            line = self.ready.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let mut weight = 0;
        let mut count = 0;
        for job in &line.jobs {
            let more = weight + job.rows();
            if count > 0 && more > rows {
                break;
            }
            weight = more;
            count += 1;
        }
        line.rows -= weight;
        Some(line.jobs.drain(..count).collect())
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.lock().rows
    }

    /// Lets nobody in any more; what waits is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// Closes, and gives up what waits: for a thread that dies.
    pub(super) fn abandon(&self) {
        let mut line = self.lock();
        line.closed = true;
        line.jobs.clear();
        line.rows = 0;
        drop(line);
        self.ready.notify_all();
    }
}
