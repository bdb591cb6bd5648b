//! The data folder: there, ours, writable, closed to others, with room.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::Check;
use crate::config::StoreSettings;

/// Free space under which we warn, and under which we fail, in MiB.
const WARN_MIB: u64 = 2_048;
const FAIL_MIB: u64 = 128;
/// The reserve is never more than this share of the disk.
const RESERVE_SHARE: u64 = 20;
/// Octets of a page of the database.
const PAGE: u64 = 4_096;
/// How many times what is moved at a time the log may be, and how large in any case, before we warn.
const LOG_TIMES: u64 = 16;
const LOG_MIN: u64 = 256 << 20;

pub(super) fn check(settings: &StoreSettings) -> Vec<Check> {
    let data: &Path = &settings.data;
    let shown = data.display();
    let Ok(found) = std::fs::metadata(data) else {
        let cure = "name the right folder; `facteur serve` makes it at its first start";
        return vec![Check::warn("data folder", format!("{shown} does not exist"), cure)];
    };
    let mut checks = vec![writable(data, &found)];
    if found.permissions().mode() & 0o077 != 0 {
        let cure = format!("`chmod 700 {shown}`: it holds numbers and texts");
        checks.push(Check::warn("data folder", "other users of this machine can look into it", cure));
    }
    checks.push(space(settings));
    checks.extend(log(settings));
    checks
}

/// Makes a file there, and sees whose it is: the gateway's user must own the folder.
fn writable(data: &Path, found: &std::fs::Metadata) -> Check {
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    let made = std::fs::write(&probe, b"probe").and_then(|()| std::fs::metadata(&probe));
    // Only a probe that was made can be removed; if it was not, `made` says why.
    let _ = std::fs::remove_file(&probe);
    let shown = data.display();
    match made {
        Err(error) => Check::fail(
            "data folder",
            format!("{shown} cannot be written: {error}"),
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "make room on its disk: until then requests are answered 503, and then accepted again"
                }
                ErrorKind::ReadOnlyFilesystem => {
                    "its disk is mounted read-only: see why (`dmesg`: often a disk that fails), then \
                     `mount -o remount,rw`"
                }
                _ => "give the gateway's user the right to write there (`chown`, `chmod 700`)",
            },
        ),
        Ok(probe) if probe.uid() != found.uid() => Check::warn(
            "data folder",
            format!("{shown} belongs to user {}, this is user {}", found.uid(), probe.uid()),
            "run every command as the gateway's user, or it may find files that it cannot write",
        ),
        Ok(_) => Check::ok("data folder", format!("{shown} is writable")),
    }
}

fn space(settings: &StoreSettings) -> Check {
    let (free, size) = match rustix::fs::statvfs(&settings.data) {
        Ok(found) => {
            let mib = |blocks: u64| blocks.saturating_mul(found.f_frsize) >> 20;
            (mib(found.f_bavail), mib(found.f_blocks))
        }
        Err(error) => {
            return Check::warn("disk", format!("free space cannot be told: {error}"), "look at `df`");
        }
    };
    let kept = settings.reserve_mib.min(size / RESERVE_SHARE);
    let found = format!("{free} MiB free; new messages are refused below {kept} MiB (store.reserve_mib)");
    let cure = "make room: then requests are accepted again, without a restart";
    if free < kept.max(FAIL_MIB.min(size / RESERVE_SHARE)) {
        Check::fail("disk", found, cure)
    } else if free < WARN_MIB {
        Check::warn("disk", found, "make room before it is full")
    } else {
        Check::ok("disk", found)
    }
}

/// A log that has outgrown what is moved at a time by far.
fn log(settings: &StoreSettings) -> Option<Check> {
    let octets = std::fs::metadata(settings.data.join(format!("{}-wal", crate::data::DATABASE))).ok()?.len();
    let usual = settings.wal_pages.saturating_mul(PAGE).saturating_mul(LOG_TIMES).max(LOG_MIN);
    (octets > usual).then(|| {
        Check::warn(
            "log",
            format!("the write-ahead log has {} MiB", octets >> 20),
            "something keeps it from being moved: a full disk, or a program that reads the database for long; \
             it shrinks by itself afterwards",
        )
    })
}
