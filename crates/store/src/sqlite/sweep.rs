//! What is done at the start and from time to time.

use facteur_domain::delivery::{Event, State};
use facteur_domain::{PartId, Timestamp};
use rusqlite::params;

use super::fault::Fault;
use super::orphans;
use super::parcel::{Parcel, Touched};
use super::receipts;
use super::rows;
use super::step::Step;
use super::webhooks;
use super::writer::Tx;
use super::written;
use crate::{Change, Recovery};

/// Rows of each kind that one call of `tidy` forgets at most, so that no batch waits for long.
pub(super) const TIDY_MAX: usize = 500;

/// What a crash left: what was being handed over is unknown.
pub(super) fn recover(tx: &mut Tx<'_>, at: Timestamp) -> Result<Recovery, Fault> {
    let interrupted: Vec<i64> = tx
        .conn
        .prepare("SELECT id FROM work WHERE state = 2 ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for key in interrupted {
        let part = PartId::from_key(key);
        let Some(mut parcel) = Parcel::load(tx, part.message())? else { continue };
        if parcel.part(part.index()).is_some_and(|part| part.happens(Event::AnswerLost, at)) {
            let step = Step {
                at,
                part: Some(part.index()),
                what: "lost",
                state: Some(State::Unknown),
                detail: Some("restart"),
                ..Step::default()
            };
            step.write(tx, part.message())?;
            // Its receipt may have come before the crash, and its answer not been written in time.
            let recipient = parcel.shared.recipient;
            let early = match parcel.part(part.index()) {
                Some(lost) => orphans::claim_unnamed(tx, lost, recipient)?,
                None => Vec::new(),
            };
            for receipt in &early {
                receipts::apply(tx, &mut parcel, part.index(), receipt)?;
            }
            let touched = if early.is_empty() { Touched::Answer } else { Touched::All };
            parcel.put_back(tx, part.index(), touched)?;
            webhooks::changed(tx, &mut parcel, at, None)?;
        }
    }
    count(tx)
}

/// Messages by where they stand. Rows come in the order of ids, so the parts of a message are
/// neighbours and no sort is needed.
fn count(tx: &Tx<'_>) -> Result<Recovery, Fault> {
    let mut recovery = Recovery::default();
    let mut tally = |code: i64| match code {
        0 | 1 => recovery.waiting += 1,
        3 => recovery.unknown += 1,
        4 => recovery.awaiting_receipt += 1,
        _ => {}
    };
    let mut statement = tx.conn.prepare("SELECT id, state FROM work ORDER BY id")?;
    let mut found = statement.query([])?;
    let mut current: Option<(facteur_domain::MessageId, i64)> = None;
    while let Some(row) = found.next()? {
        let (message, code) = (PartId::from_key(row.get(0)?).message(), row.get::<_, i64>(1)?);
        current = match current {
            Some((last, least)) if last == message => Some((last, least.min(code))),
            before => {
                if let Some((_, least)) = before {
                    tally(least);
                }
                Some((message, code))
            }
        };
    }
    if let Some((_, least)) = current {
        tally(least);
    }
    Ok(recovery)
}

/// Parts taken before `before` whose receipt never came.
pub(super) fn overdue_receipts(
    tx: &mut Tx<'_>,
    before: Timestamp,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<Change>, Fault> {
    let overdue: Vec<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM work WHERE state = 4 AND state_at < ?1 ORDER BY state_at LIMIT ?2")?
        .query_map(params![before.millis(), rows::limit(limit)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut changes = Vec::with_capacity(overdue.len());
    for key in overdue {
        let part = PartId::from_key(key);
        let Some(mut parcel) = Parcel::load(tx, part.message())? else { continue };
        let Some(row) = parcel.part(part.index()) else { continue };
        if row.happens(Event::ReceiptOverdue, at) {
            row.left_unknown = true;
            let step = Step {
                at,
                part: Some(part.index()),
                what: "receipt_overdue",
                state: Some(State::Unknown),
                ..Step::default()
            };
            step.write(tx, part.message())?;
            parcel.put_back(tx, part.index(), Touched::All)?;
            changes.extend(webhooks::changed(tx, &mut parcel, at, None)?);
        }
    }
    Ok(changes)
}

/// Forgets what is kept only for a time.
pub(super) fn tidy(tx: &mut Tx<'_>, now: Timestamp, orphans_before: Timestamp) -> Result<u64, Fault> {
    let mut forgotten = orphans::forget(tx, orphans_before, TIDY_MAX)?;
    for query in [
        "DELETE FROM idempotency WHERE id IN \
         (SELECT id FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM late WHERE id IN (SELECT id FROM late WHERE until <= ?1 ORDER BY until LIMIT ?2)",
        "DELETE FROM doubled WHERE (recipient, route, id) IN \
         (SELECT recipient, route, id FROM doubled WHERE until <= ?1 ORDER BY until LIMIT ?2)",
    ] {
        forgotten +=
            tx.conn.prepare_cached(query)?.execute(params![now.millis(), rows::limit(TIDY_MAX)])? as u64;
    }
    forgotten += written::tidy(tx, now)? as u64;
    Ok(forgotten + webhooks::forget(tx, now, TIDY_MAX)? + give_up_unknown(tx, now)?)
}

/// Messages left unknown for as long as late receipts are awaited: no work is owed any more, and they
/// stay unknown.
fn give_up_unknown(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Fault> {
    let before = now.minus(tx.memory.late_receipts);
    let old: Vec<i64> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM work WHERE state = 3 AND left_unknown = 1 AND state_at <= ?1 \
             ORDER BY state_at LIMIT ?2",
        )?
        .query_map(params![before.millis(), rows::limit(TIDY_MAX)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut ended = 0;
    for key in old {
        let Some(parcel) = Parcel::load(tx, PartId::from_key(key).message())? else { continue };
        if parcel.parts.iter().all(|part| part.state.is_final() || part.left_unknown) {
            parcel.end(tx)?;
            ended += 1;
        }
    }
    Ok(ended)
}
