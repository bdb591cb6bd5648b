//! Whether new messages can be kept, and if not why: the room that is kept free for what is owed, a disk that
//! refused, a file that is damaged. See `decisions/0054-what-is-owed-has-a-reserve.md`.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode};

use super::Options;
use super::queue::Priority;
use crate::StoreError;

/// Octets of a page.
const PAGE: u64 = 4_096;
/// The reserve is never more than this share of the disk, or of the pages that the database may have.
const RESERVE_SHARE: u64 = 20;
/// Pages that are written for a trial once the disk has refused: more than most batches need.
const TRIAL: u64 = 16;

/// All verbs are let in.
const FINE: u8 = 0;
/// New messages are refused; what is owed is tried.
const NO_ROOM: u8 = 1;
/// Nothing is written any more, until the next start.
const DAMAGED: u8 = 2;

/// Shared by those who ask for work and the threads that do it.
#[derive(Default)]
pub(super) struct Condition {
    /// What holds, so that a healthy store costs its callers one look.
    level: AtomicU8,
    why: Mutex<Why>,
}

#[derive(Default)]
struct Why {
    /// Less is free than is kept for what is owed.
    low: Option<String>,
    /// The disk refused, and no trial has succeeded since.
    refused: Option<String>,
    damaged: Option<String>,
}

impl Condition {
    fn why(&self) -> MutexGuard<'_, Why> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Why)) {
        let mut why = self.why();
        change(&mut why);
        let level = match &*why {
            Why { damaged: Some(_), .. } => DAMAGED,
            Why { low: None, refused: None, .. } => FINE,
            _ => NO_ROOM,
        };
        self.level.store(level, Ordering::Relaxed);
    }

    /// Why a verb is not let in; `None` when it is.
    pub(super) fn refusal(&self, priority: Priority) -> Option<StoreError> {
        let closed = match priority {
            Priority::New => NO_ROOM,
            Priority::Owed => DAMAGED,
        };
        if self.level.load(Ordering::Relaxed) < closed {
            return None;
        }
        let why = self.why();
        match (&why.damaged, &why.refused, &why.low) {
            (Some(damaged), _, _) => Some(StoreError::Damaged(damaged.clone())),
            (None, Some(trouble), _) | (None, None, Some(trouble)) => {
                Some(StoreError::CannotWrite(trouble.clone()))
            }
            (None, None, None) => None,
        }
    }

    /// A trial is on disk.
    pub(super) fn trust(&self) {
        tracing::info!("the disk takes what is written again");
        self.tell(|why| why.refused = None);
    }

    /// What an error of SQLite says of the disk and of the file.
    pub(super) fn learn(&self, error: &rusqlite::Error) {
        if is_corruption(error) {
            tracing::error!(%error, "the database is damaged: nothing more is written to it");
            self.tell(|why| why.damaged = Some(error.to_string()));
        } else if matches!(super::fault::describe(error), StoreError::CannotWrite(_)) {
            self.tell(|why| why.refused = Some(error.to_string()));
        }
    }

    /// Looks how much room there is; `log` pages of the write-ahead log are still to be moved.
    pub(super) fn look(&self, conn: &Connection, options: &Options, log: u64) {
        let low = low_pages(conn, options).or_else(|| low_disk(options, log));
        if low.is_none() && self.level.load(Ordering::Relaxed) == FINE {
            return;
        }
        if let Some(low) = &low
            && self.why().low.is_none()
        {
            tracing::error!(low, "new messages are refused, so that what is owed can be kept");
        }
        self.tell(|why| why.low = low);
    }

    /// Writes what a batch would: a page where the disk is trusted, more where it has refused. Whether it was
    /// more.
    pub(super) fn try_out(&self, conn: &Connection, pages_max: Option<u32>) -> rusqlite::Result<bool> {
        if self.why().refused.is_none() {
            conn.prepare_cached("UPDATE meta SET generation = generation WHERE id = 1")?.execute([])?;
            return Ok(false);
        }
        let pages = pages_max.map_or(TRIAL, |most| TRIAL.min(u64::from(most) / RESERVE_SHARE));
        conn.prepare_cached("INSERT OR REPLACE INTO trial (id, filler) VALUES (1, zeroblob(?1))")?
            .execute([(pages * PAGE).cast_signed()])?;
        Ok(true)
    }
}

/// Whether SQLite found the file to be other than it wrote it.
pub(super) fn is_corruption(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The pages that the database may still have are fewer than are kept for what is owed.
fn low_pages(conn: &Connection, options: &Options) -> Option<String> {
    let most = u64::from(options.pages_max?);
    let read = |pragma: &str| {
        let mut statement = conn.prepare_cached(pragma).ok()?;
        statement.query_row([], |row| row.get::<_, i64>(0)).ok().and_then(|pages| u64::try_from(pages).ok())
    };
    // Where it cannot be told, writing will.
    let (used, free) = (read("PRAGMA page_count")?, read("PRAGMA freelist_count")?);
    let left = (most + free).saturating_sub(used);
    let kept = (options.reserve / PAGE).min(most / RESERVE_SHARE);
    (left < kept).then(|| {
        format!("{left} of the {most} pages of store.pages_max are left; {kept} are kept for what is owed")
    })
}

/// Less of the disk is free than is kept for what is owed, and for what the log still has to move.
fn low_disk(options: &Options, log: u64) -> Option<String> {
    let (free, size) = room(options.path.parent()?)?;
    let kept = options.reserve.min(size / RESERVE_SHARE);
    (kept > 0 && free < kept + log * PAGE).then(|| {
        let kib = |octets: u64| octets >> 10;
        format!("{} KiB of the disk are free; {} KiB are kept for what is owed", kib(free), kib(kept))
    })
}

/// Free octets of the disk of a folder, and its size; `None` where the system does not say.
fn room(folder: &Path) -> Option<(u64, u64)> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let found = rustix::fs::statvfs(folder).ok()?;
    let octets = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some((octets(found.f_bavail), octets(found.f_blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn a_full_disk_refuses_what_is_new_and_a_damaged_file_everything() {
        let condition = Condition::default();
        assert!(condition.refusal(Priority::New).is_none());
        condition.learn(&failure(rusqlite::ffi::SQLITE_FULL));
        assert!(matches!(condition.refusal(Priority::New), Some(StoreError::CannotWrite(_))));
        assert!(condition.refusal(Priority::Owed).is_none(), "what is owed is tried");
        condition.trust();
        assert!(condition.refusal(Priority::New).is_none());
        condition.learn(&failure(rusqlite::ffi::SQLITE_CORRUPT));
        condition.trust();
        for priority in [Priority::New, Priority::Owed] {
            assert!(matches!(condition.refusal(priority), Some(StoreError::Damaged(_))));
        }
    }

    #[test]
    fn other_errors_say_nothing_of_the_disk() {
        let condition = Condition::default();
        condition.learn(&failure(rusqlite::ffi::SQLITE_CONSTRAINT));
        condition.learn(&rusqlite::Error::QueryReturnedNoRows);
        assert!(condition.refusal(Priority::New).is_none());
    }
}
