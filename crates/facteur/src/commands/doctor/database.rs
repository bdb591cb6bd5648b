//! The database: it opens, is whole, and how much work it holds.

use facteur_store::{Store, StoreError, WorkCounts};

use super::Check;
use crate::config::StoreSettings;
use crate::data::{self, DataFolder};

/// Waiting messages over which something is probably stuck.
const BACKLOG: u64 = 100_000;
/// Orphan receipts over which an operator's ids are probably in a form that we do not know.
const ORPHANS: u64 = 1_000;
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
    let store = match super::super::place::open(settings.options()) {
        Ok(store) => store,
        Err(failure) => {
            let cure = "a newer version wrote it: install that one; else restore a backup";
            return vec![Check::fail("database", failure.to_string(), cure)];
        }
    };
    let looked = look(&store, running).await;
    let closed = store.close().await;
    match looked.and_then(|checks| closed.map(|()| checks)) {
        Ok(checks) => checks,
        Err(error) => vec![Check::fail("database", error.to_string(), "restore a backup if it stays so")],
    }
}

async fn look(store: &Store, running: bool) -> Result<Vec<Check>, StoreError> {
    let (mut faults, counts) = (store.check().await?, store.counts().await?);
    faults.truncate(SHOWN);
    let whole = if faults.is_empty() {
        Check::ok(
            "database",
            if running { "whole; a gateway runs on it" } else { "whole; no gateway runs on it" },
        )
    } else {
        Check::fail(
            "database",
            format!("damaged: {}", faults.join("; ")),
            "stop the gateway and restore a backup",
        )
    };
    Ok(vec![whole, backlog(&counts)])
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
