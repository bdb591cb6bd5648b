//! The data folder: there, ours, writable, closed to others, with room.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::Check;

/// Free space under which we warn, and under which we fail, in MiB.
const WARN_MIB: u64 = 2_048;
const FAIL_MIB: u64 = 128;

pub(super) fn check(data: &Path) -> Vec<Check> {
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
    checks.push(space(data));
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
            "give the gateway's user the right to write there, or free space on its disk",
        ),
        Ok(probe) if probe.uid() != found.uid() => Check::warn(
            "data folder",
            format!("{shown} belongs to user {}, this is user {}", found.uid(), probe.uid()),
            "run every command as the gateway's user, or it may find files that it cannot write",
        ),
        Ok(_) => Check::ok("data folder", format!("{shown} is writable")),
    }
}

fn space(data: &Path) -> Check {
    let free = match rustix::fs::statvfs(data) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize) >> 20,
        Err(error) => {
            return Check::warn("disk", format!("free space cannot be told: {error}"), "look at `df`");
        }
    };
    let found = format!("{free} MiB free");
    let cure = "make room: with a full disk every request is answered 503 until there is some";
    match free {
        ..FAIL_MIB => Check::fail("disk", found, cure),
        FAIL_MIB..WARN_MIB => Check::warn("disk", found, cure),
        _ => Check::ok("disk", found),
    }
}
