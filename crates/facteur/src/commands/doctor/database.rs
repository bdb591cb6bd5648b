//! The database: it opens, is whole, and how much work it holds.

use facteur_store::{Options, Store, StoreError, WorkCounts};

use super::super::place;
use super::Check;
use crate::config::StoreSettings;
use crate::data::{self, DataFolder};

/// Waiting messages over which something is probably stuck.
const BACKLOG: u64 = 100_000;
/// Orphan receipts over which an operator's ids are probably in a form that we do not know.
const ORPHANS: u64 = 1_000;
/// What to do about a disk that takes nothing.
const ROOM: &str = "make room on the data folder's disk (`df`), or raise `store.pages_max`; if it has room, see \
    whether it is mounted read-only or failing (`mount`, `dmesg`). The gateway takes messages again by itself";
/// What to do about a file that is locked.
const HELD: &str = "another program holds the file (`fuser facteur.db`): a copy or a tool that was left open; the \
    file is probably whole";
/// What to do about a file that is not as it was written.
const MEND: &str = "stop the gateway, copy the whole folder away, see whether the disk is failing (`dmesg`), then \
    restore a backup (docs/running.md, section 7). Without one, `sqlite3 facteur.db .recover | sqlite3 new.db` \
    saves what can be read";
/// Faults that are shown.
const SHOWN: usize = 5;

pub(super) async fn check(settings: &StoreSettings) -> Vec<Check> {
    if !data::has_database(&settings.data) {
        return vec![Check::warn(
            "database",
            "there is none yet",
            "`facteur serve` makes it at its first start",
        )];
    }
    let running = DataFolder::is_taken(&settings.data);
    // Only looked at: a gateway of an older version may run on it. Read as a whole below, whatever its size.
    let options = Options { migrate: false, checked_up_to: 0, ..settings.options() };
    let store = match Store::open(options, Box::new(|_| ())) {
        Ok(store) => store,
        Err(error) => return vec![failed(&error)],
    };
    let looked = look(&store, running).await;
    let closed = store.close().await;
    match looked.and_then(|checks| closed.map(|()| checks)) {
        Ok(checks) => checks,
        Err(error) => vec![failed(&error)],
    }
}

/// What to do about an error of the store.
fn failed(error: &StoreError) -> Check {
    let cure = match error {
        StoreError::Foreign(_) => "name the right folder (`--data`, `store.data`)",
        StoreError::OtherVersion { there, known } => place::version_cure(*there, *known),
        StoreError::CannotWrite(why) if why.contains("locked") => HELD,
        StoreError::CannotWrite(_) => ROOM,
        StoreError::Damaged(_) => MEND,
        _ => "try again; if it stays so, report it with the log",
    };
    Check::fail("database", error.to_string(), cure)
}

async fn look(store: &Store, running: bool) -> Result<Vec<Check>, StoreError> {
    let (mut faults, counts) = (store.check().await?, store.counts().await?);
    faults.truncate(SHOWN);
    let room = store.writable().await;
    let whole = if faults.is_empty() {
        Check::ok(
            "database",
            if running { "whole; a gateway runs on it" } else { "whole; no gateway runs on it" },
        )
    } else {
        Check::fail("database", format!("damaged: {}", faults.join("; ")), MEND)
    };
    let mut checks = vec![whole];
    checks.extend(room.err().map(|why| Check::fail("room", why.to_string(), ROOM)));
    checks.push(backlog(&counts));
    Ok(checks)
}

fn backlog(counts: &WorkCounts) -> Check {
    let WorkCounts { scheduled, queued, submitting, submitted, unknown, orphans } = *counts;
    let found = format!(
        "{queued} queued, {scheduled} scheduled, {submitting} handed over, {submitted} awaiting a receipt, \
         {unknown} unknown, {orphans} orphan receipts"
    );
    if queued > BACKLOG {
        let cure = "look at the routes: are they bound (`/readyz`), throttled or too slow (`/metrics`)?";
        return Check::warn("backlog", found, cure);
    }
    if orphans > ORPHANS {
        let cure =
            "receipts that no message answers to: compare the ids in the operator's answers and receipts";
        return Check::warn("backlog", found, cure);
    }
    Check::ok("backlog", found)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn a_long_backlog_is_a_warning() {
        let counts = |queued, orphans| WorkCounts { queued, orphans, ..WorkCounts::default() };
        for (queued, orphans, outcome) in [
            (0, 0, Outcome::Ok),
            (BACKLOG, ORPHANS, Outcome::Ok),
            (BACKLOG + 1, 0, Outcome::Warn),
            (0, ORPHANS + 1, Outcome::Warn),
        ] {
            assert_eq!(backlog(&counts(queued, orphans)).outcome, outcome, "{queued} {orphans}");
        }
    }
}
