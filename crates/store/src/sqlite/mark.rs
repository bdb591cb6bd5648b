//! How far the write-ahead log had come, beside it: SQLite takes a log that was cut short for one whose last write
//! was never finished, and goes on without what is missing. See `decisions/0056-a-log-that-was-cut-is-found.md`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// Where a log's salts stand in its header, and the length of that.
const SALTS: u64 = 16;
const HEADER: u64 = 32;
/// Octets of a mark: database, log, pages, moved, and their sum.
const LENGTH: usize = 40;

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    /// The file of the database: another one in its place (a backup) has another.
    inode: u64,
    /// The log; it has others each time that it starts over.
    salts: u64,
    /// Pages that were committed to it.
    pages: u64,
    /// Those of them that are in the database too.
    moved: u64,
}

impl Reach {
    fn sum(self) -> u64 {
        let Self { inode, salts, pages, moved } = self;
        [inode, salts, pages, moved].iter().fold(0x9E37_79B9_7F4A_7C15, |sum: u64, word| {
            (sum ^ word).wrapping_mul(0x0100_0000_01B3).rotate_left(29)
        })
    }

    fn to_octets(self) -> [u8; LENGTH] {
        let mut octets = [0; LENGTH];
        let words = [self.inode, self.salts, self.pages, self.moved, self.sum()];
        for (place, word) in octets.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        octets
    }

    /// `None` for what is no mark.
    fn from_octets(octets: &[u8]) -> Option<Self> {
        let word = |at: usize| octets.get(at * 8..)?.first_chunk().copied().map(u64::from_le_bytes);
        let reach = Self { inode: word(0)?, salts: word(1)?, pages: word(2)?, moved: word(3)? };
        (word(4)? == reach.sum()).then_some(reach)
    }
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The salts of the log, as one number; `None` where there is none.
fn salts(log: &File) -> Option<u64> {
    let mut octets = [0; 8];
    log.read_exact_at(&mut octets, SALTS).ok()?;
    Some(u64::from_le_bytes(octets))
}

/// Keeps the mark of a database whose log is written.
pub(super) struct Mark {
    file: File,
    inode: u64,
    database: PathBuf,
    log: Option<File>,
}

impl Mark {
    /// The mark of `database`; `None` where none can be kept (a full disk, say): then a log that is cut is not found.
    pub(super) fn open(database: &Path) -> Option<Self> {
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).truncate(false).write(true).open(beside(database, "-mark")).ok()?;
        let inode = std::fs::metadata(database).ok()?.ino();
        Some(Self { file, inode, database: database.to_owned(), log: None })
    }

    /// The log has `pages` pages on disk, `moved` of which are in the database.
    pub(super) fn note(&mut self, pages: u64, moved: u64) {
        if self.log.is_none() {
            self.log = File::open(beside(&self.database, "-wal")).ok();
        }
        let Some(salts) = self.log.as_ref().and_then(salts) else { return };
        let reach = Reach { inode: self.inode, salts, pages, moved };
        // Not synchronised: it outlives the process, and after a loss of power it is at most older than the log.
        let _ = self.file.write_all_at(&reach.to_octets(), 0);
    }

    /// After the last connection was closed, which moves the log and removes it.
    pub(super) fn end(self) {
        if !beside(&self.database, "-wal").exists() {
            let _ = std::fs::remove_file(beside(&self.database, "-mark"));
        }
    }
}

/// Compares what the log of `database` turned out to hold, `found` pages, with the mark.
///
/// # Errors
/// [`StoreError::Damaged`] when pages are missing that were committed.
pub(super) fn compare(database: &Path, found: u64) -> Result<(), StoreError> {
    let (mark, log) = (beside(database, "-mark"), beside(database, "-wal"));
    // No mark, or none that is whole: nothing to compare with.
    let Some(reach) = std::fs::read(&mark).ok().and_then(|octets| Reach::from_octets(&octets)) else {
        return Ok(());
    };
    let Ok(file) = std::fs::metadata(database) else { return Ok(()) };
    if file.ino() != reach.inode {
        return Ok(());
    }
    let there = File::open(&log).ok().filter(|log| log.metadata().is_ok_and(|log| log.len() >= HEADER));
    let lost = match there.as_ref().and_then(salts) {
        Some(salts) => salts == reach.salts && found < reach.pages,
        // Without a log: unless somebody has moved it since, which writes to the database. Within one tick of the
        // file system's clock the two are written at the same time.
        None => {
            let written = |path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
            reach.moved < reach.pages && written(database) < written(&mark)
        }
    };
    if !lost {
        return Ok(());
    }
    Err(StoreError::Damaged(format!(
        "the write-ahead log was cut short: {found} of {} pages are there, so that what was accepted last is \
         missing. Put {} back as it was; to go on without what is missing, remove {}",
        reach.pages,
        log.display(),
        mark.display()
    )))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const REACH: Reach = Reach { inode: 7, salts: u64::MAX, pages: 40, moved: 12 };

    #[test]
    fn a_mark_reads_back_and_a_torn_one_is_none() {
        let octets = REACH.to_octets();
        assert_eq!(Reach::from_octets(&octets), Some(REACH));
        for at in 0..LENGTH {
            let mut torn = octets;
            torn[at] ^= 1;
            assert_eq!(Reach::from_octets(&torn), None, "{at}");
        }
        assert_eq!(Reach::from_octets(&octets[..LENGTH - 1]), None);
    }

    /// A database that was written `before` its mark of `moved`, and a log of these salts.
    fn marked(folder: &Path, log: Option<u64>, moved: u64, before: Duration) -> PathBuf {
        let database = folder.join("x.db");
        std::fs::write(&database, "pages").expect("written");
        let inode = std::fs::metadata(&database).expect("there").ino();
        if let Some(salts) = log {
            let mut header = [0; 64];
            header[16..24].copy_from_slice(&salts.to_le_bytes());
            std::fs::write(beside(&database, "-wal"), header).expect("written");
        }
        let reach = Reach { inode, salts: 5, pages: 40, moved };
        std::fs::write(beside(&database, "-mark"), reach.to_octets()).expect("written");
        let marked =
            std::fs::metadata(beside(&database, "-mark")).and_then(|mark| mark.modified()).expect("there");
        let file = File::options().write(true).open(&database).expect("there");
        file.set_modified(marked - before).expect("set");
        database
    }

    #[test]
    fn what_is_missing_is_found_and_nothing_else() {
        for (log, moved, before, found, whole) in [
            (Some(5), 0, 4, 40, true),
            (Some(5), 0, 4, 41, true),
            (Some(5), 0, 4, 39, false),
            (Some(5), 40, 4, 0, false),
            // It has started over since.
            (Some(6), 0, 4, 3, true),
            (None, 40, 4, 0, true),
            (None, 39, 4, 0, false),
            // Whoever closed it last moved what was left, in the tick of the last mark.
            (None, 39, 0, 0, true),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let database = marked(folder.path(), log, moved, Duration::from_millis(before));
            let said = compare(&database, found);
            assert_eq!(said.is_ok(), whole, "{log:?} {moved} {found}: {said:?}");
            // A backup in its place.
            std::fs::rename(&database, folder.path().join("old")).expect("moved");
            std::fs::write(&database, "other pages").expect("written");
            assert!(compare(&database, found).is_ok());
        }
    }
}
