//! The data folder: one gateway at a time, its database, and in `dev` the demo key's secret.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The database's file name in the folder.
pub(crate) const DATABASE: &str = "facteur.db";
/// The file whose lock says that a gateway runs here.
const LOCK: &str = "gateway.lock";
/// Where `dev` keeps its key's secret: the database has only its hash.
const DEV_KEY: &str = "dev-key";

/// A data folder that this process has for itself, until the value is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing (readable by its owner only) and takes its lock.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let trouble = |what: &str, error: std::io::Error| {
            Failure::new(format!("the data folder {} {what}", path.display()))
                .because(error)
                .cure("choose another one with `--data` or `store.data`, or let this user write there")
        };
        make_folder(path).map_err(|error| trouble("cannot be made", error))?;
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(path.join(LOCK))
            // A disk that is read-only for now: the lock can be held all the same.
            .or_else(|error| File::open(path.join(LOCK)).map_err(|_| error))
            .map_err(|error| trouble("cannot be written", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let what = format!("another gateway already runs on the data folder {}", path.display());
                let cure = "stop that one first, or give this one a folder of its own; `facteur admin` and \
                            `facteur backup` work beside a running gateway";
                Err(Failure::new(what).cure(cure))
            }
            Err(TryLockError::Error(error)) => Err(trouble("cannot be locked", error)),
        }
    }

    /// Whether a gateway runs on the folder at `path`.
    pub(crate) fn is_taken(path: &Path) -> bool {
        File::open(path.join(LOCK)).is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The secret that `dev` kept at an earlier start.
    pub(crate) fn dev_secret(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.path.join(DEV_KEY)).ok()?;
        Some(text.trim().to_owned()).filter(|secret| !secret.is_empty())
    }

    /// Keeps the secret for the next start.
    pub(crate) fn keep_dev_secret(&self, secret: &str) -> Result<(), Failure> {
        write_whole(&self.path.join(DEV_KEY), secret.as_bytes())
            .map_err(|error| Failure::new("the demo key cannot be kept in the data folder").because(error))
    }
}

/// Whether there is a database in the folder at `path`.
pub(crate) fn has_database(path: &Path) -> bool {
    path.join(DATABASE).is_file()
}

/// Writes a file so that a reader sees all of it or none; readable by its owner only.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = private(OpenOptions::new().create(true).truncate(true).write(true))
        .open(&beside)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is left of a failed attempt helps nobody; the error that counts is `written`.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// A file in the making: written beside its name, which it gets when it is whole. It takes the place of no file.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    beside: PathBuf,
    file: BufWriter<File>,
}

impl NewFile {
    /// Begins a file that must not exist; readable by its owner only.
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        if path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(name);
        let file = private(OpenOptions::new().create(true).truncate(true).write(true)).open(&beside)?;
        Ok(Self { path: path.to_owned(), beside, file: BufWriter::new(file) })
    }

    /// The file is whole.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        // Unlike a rename, a link takes no file's place that was made meanwhile.
        std::fs::hard_link(&self.beside, &self.path)
    }
}

impl Write for NewFile {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.file.write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Finished, it has its own name; else nobody takes a half for the whole.
        let _ = std::fs::remove_file(&self.beside);
    }
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Of a file to make: readable by its owner only.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gateway_at_a_time() {
        let base = tempfile::tempdir().expect("a folder");
        let path = base.path().join("deep/data");
        assert!(!DataFolder::is_taken(&path));
        let first = DataFolder::take(&path).expect("free");
        assert!(DataFolder::is_taken(&path));
        let refused = DataFolder::take(&path).expect_err("taken");
        assert!(refused.to_string().contains("another gateway already runs"));
        drop(first);
        assert!(!DataFolder::is_taken(&path));
        DataFolder::take(&path).expect("free again");
    }

    #[test]
    fn a_new_file_is_whole_or_not_there_and_takes_no_place() {
        let base = tempfile::tempdir().expect("a folder");
        let path = base.path().join("export.csv");
        let mut half = NewFile::create(&path).expect("new");
        half.write_all(b"half").expect("written");
        assert!(!path.exists());
        drop(half);
        let mut whole = NewFile::create(&path).expect("new");
        whole.write_all(b"whole").expect("written");
        whole.finish().expect("finished");
        assert_eq!(std::fs::read(&path).expect("there"), b"whole");
        let refused = NewFile::create(&path).expect_err("there is one");
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_dir(base.path()).expect("readable").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn the_dev_secret_is_kept_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::take(base.path()).expect("free");
        assert_eq!(folder.dev_secret(), None);
        folder.keep_dev_secret("ak_live_x").expect("writable");
        assert_eq!(folder.dev_secret().as_deref(), Some("ak_live_x"));
        let mode = std::fs::metadata(base.path().join(DEV_KEY)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> =
            std::fs::read_dir(base.path()).expect("readable").flatten().map(|e| e.file_name()).collect();
        assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
    }
}
