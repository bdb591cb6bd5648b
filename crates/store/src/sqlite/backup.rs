//! Copying the database while it runs.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};

use super::Options;
use super::connect::{open_reader, open_target};
use super::fault::describe;
use crate::StoreError;

/// Copies the database of `options` to `to`, as of one instant. The writer goes on meanwhile. Under its
/// name there is a whole copy or none.
pub(super) fn backup(options: &Options, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Conflict("there is a file of the backup's name already".to_owned()));
    }
    let partial = partial(to);
    let copied = copy(options, &partial).and_then(|()| {
        crate::crash::point("store.backup.copied");
        std::fs::rename(&partial, to).map_err(io)?;
        sync_folder(to)
    });
    if copied.is_err() {
        // Best effort: the copy's own failure is what the caller must hear of.
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    to.with_file_name(name)
}

fn copy(options: &Options, to: &Path) -> Result<(), StoreError> {
    let _ = std::fs::remove_file(to);
    let from = open_reader(options)?;
    let mut target = open_target(to)?;
    let backup = Backup::new(&from, &mut target).map_err(|e| describe(&e))?;
    // All pages in one step: a snapshot of the log holds still, where several steps would start over
    // after every commit.
    match backup.step(-1).map_err(|e| describe(&e))? {
        StepResult::Done => {}
        other => return Err(StoreError::CannotWrite(format!("the copy stopped: {other:?}"))),
    }
    drop(backup);
    target.close().map_err(|(_, e)| describe(&e))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(io)
}

fn sync_folder(of: &Path) -> Result<(), StoreError> {
    let folder = of.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn io(error: std::io::Error) -> StoreError {
    StoreError::CannotWrite(error.to_string())
}
