//! Receipts that no message is known for: kept until one claims them, or they are too old.

use facteur_domain::{Msisdn, Timestamp};
use rusqlite::{Row, params};

use super::parcel::Part;
use super::receipts;
use super::rows;
use super::writer::Tx;
use crate::{Receipt, ReceiptEffect, ReceiptFound, RouteId};

/// The orphans that may be a part's whose answer was lost.
pub(super) const BY_RECIPIENT: &str =
    "SELECT DISTINCT smsc_id FROM orphan WHERE recipient = ?1 AND route = ?2 AND at >= ?3 LIMIT 2";
/// The other parts that such an orphan may belong to.
pub(super) const OTHERS_WITHOUT_ID: &str = "SELECT count(*) FROM work WHERE recipient = ?1 \
     AND state IN (2, 3) AND smsc_id IS NULL AND route = ?2 AND id <> ?3";
/// The orphans of an id, in any of its forms.
pub(super) const BY_FORM: &str = "SELECT o.id, o.smsc_id, o.event, o.word, o.error, o.at, o.opted_out FROM orphan_form f \
     JOIN orphan o ON o.id = f.orphan WHERE f.route = ?1 AND f.smsc_id = ?2 \
     AND (o.smsc_id = ?2 OR o.recipient = ?3) ORDER BY o.id";

/// What a receipt says, wherever it was kept.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// How its part was found.
    pub(super) found: ReceiptFound,
    pub(super) route: RouteId,
    pub(super) smsc_id: String,
    pub(super) event: Option<facteur_domain::delivery::Event>,
    pub(super) word: String,
    pub(super) error: Option<String>,
    /// The recipient told the operator STOP.
    pub(super) opted_out: bool,
    pub(super) at: Timestamp,
}

impl Word {
    /// What a receipt says whose part was found so.
    pub(super) fn of(receipt: &Receipt, found: ReceiptFound) -> Self {
        Self {
            found,
            route: receipt.route,
            smsc_id: receipt.smsc_id.clone(),
            event: receipt.event,
            word: receipt.word.to_owned(),
            error: receipt.error.clone(),
            opted_out: receipt.opted_out,
            at: receipt.at,
        }
    }
}

/// Keeps a receipt with every form of its id.
pub(super) fn keep(tx: &mut Tx<'_>, receipt: &Receipt) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO orphan (at, route, smsc_id, recipient, event, word, error, raw, opted_out) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            receipt.at.millis(),
            receipt.route.0,
            receipt.smsc_id,
            receipt.recipient.map(rows::digits),
            receipt.event.and_then(rows::event_name),
            receipt.word,
            receipt.error,
            &receipt.raw[..],
            receipt.opted_out,
        ])?;
    let orphan = tx.conn.last_insert_rowid();
    let mut form = tx
        .conn
        .prepare_cached("INSERT OR IGNORE INTO orphan_form (route, smsc_id, orphan) VALUES (?1, ?2, ?3)")?;
    for id in std::iter::once(&receipt.smsc_id).chain(&receipt.other_ids) {
        form.execute(params![receipt.route.0, id, orphan])?;
    }
    tx.memory.orphans += 1;
    tx.memory.receipts.add(ReceiptFound::Nowhere, ReceiptEffect::Kept, 1);
    Ok(())
}

/// Takes the receipts that came before the answer which gave a part its id, in the order in which they
/// came. One whose other form the id is must speak of the recipient.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    route: RouteId,
    smsc_id: &str,
    recipient: Msisdn,
) -> rusqlite::Result<Vec<Word>> {
    let mut statement = tx.conn.prepare_cached(BY_FORM)?;
    let read = |row: &Row<'_>| {
        let event = row.get::<_, Option<String>>(2)?;
        let word = Word {
            found: ReceiptFound::Early,
            route,
            smsc_id: row.get(1)?,
            event: event.as_deref().and_then(rows::event),
            word: row.get(3)?,
            error: row.get(4)?,
            at: rows::time(row, 5)?,
            opted_out: row.get(6)?,
        };
        Ok((row.get::<_, i64>(0)?, word))
    };
    let found: Vec<(i64, Word)> = statement
        .query_map(params![route.0, smsc_id, rows::digits(recipient)], read)?
        .collect::<Result<_, _>>()?;
    for (orphan, _) in &found {
        tx.conn.prepare_cached("DELETE FROM orphan WHERE id = ?1")?.execute([orphan])?;
        tx.memory.orphans = tx.memory.orphans.saturating_sub(1);
    }
    Ok(found.into_iter().map(|(_, word)| word).collect())
}

/// Takes the receipt of a part whose answer was lost: the only orphan on its route that speaks of its
/// recipient and came after the part was handed over, if no other part to this recipient waits without
/// an id or was sent again lately. With two of either nobody knows which belongs to which.
pub(super) fn claim_unnamed(tx: &mut Tx<'_>, part: &Part, recipient: Msisdn) -> rusqlite::Result<Vec<Word>> {
    let (Some(handed_at), Some(route), true) = (part.handed_at, part.route, tx.memory.orphans > 0) else {
        return Ok(Vec::new());
    };
    let others: i64 = tx
        .conn
        .prepare_cached(OTHERS_WITHOUT_ID)?
        .query_row(params![rows::digits(recipient), route.0, part.id.key()], |row| row.get(0))?;
    if others > 0 || receipts::doubt(tx.conn, part.id, route, recipient)? {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = tx
        .conn
        .prepare_cached(BY_RECIPIENT)?
        .query_map(params![rows::digits(recipient), route.0, handed_at.millis()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    match &ids[..] {
        [only] => claim(tx, route, only, recipient),
        _ => Ok(Vec::new()),
    }
}

/// Forgets orphans that came before `before`, `limit` at most.
pub(super) fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> rusqlite::Result<u64> {
    let forgotten = tx
        .conn
        .prepare_cached(
            "DELETE FROM orphan WHERE id IN (SELECT id FROM orphan WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute(params![before.millis(), rows::limit(limit)])? as u64;
    tx.memory.orphans = tx.memory.orphans.saturating_sub(forgotten);
    tx.memory.receipts.add(ReceiptFound::Nowhere, ReceiptEffect::Forgotten, forgotten);
    Ok(forgotten)
}
