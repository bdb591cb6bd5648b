//! What receipts do. A receipt finds its part by, in this order:
//!
//! 1. the canonical id on its route, among what is owed and what ended lately;
//! 2. another form of the id, if it speaks of the part's recipient;
//! 3. its recipient alone, if on its route exactly one part without an id is handed over to this
//!    recipient, that one's answer was lost, and none to this recipient was sent again lately, whose
//!    first attempt it may speak of.
//!
//! A receipt that finds nothing is kept as an orphan until an answer brings its id.

use facteur_domain::{Msisdn, PartId, State, Timestamp};
use rusqlite::params;

use super::fault::Fault;
use super::orphans::{self, Word};
use super::parcel::{self, Parcel, Touched};
use super::rows;
use super::step::{Step, keep_receipt, receipt_detail};
use super::writer::Tx;
use super::{optouts, webhooks};
use crate::{Fated, Receipt, ReceiptEffect, ReceiptFate, ReceiptFound, RouteId};

const OWED_BY_ID: &str = "SELECT id, recipient FROM work WHERE route = ?1 AND smsc_id = ?2 ORDER BY id DESC";
const ENDED_BY_ID: &str = "SELECT id, recipient FROM late WHERE route = ?1 AND smsc_id = ?2 ORDER BY id DESC";
// Whenever they were handed over: after a clock was set back, that may seem to be later than the receipt.
const OWED_BY_RECIPIENT: &str = "SELECT id, state, handed_at <= ?3 FROM work WHERE recipient = ?1 \
     AND state IN (2, 3) AND smsc_id IS NULL AND route = ?2 LIMIT 2";

/// Parts to a recipient that were sent again lately.
const OTHERS_DOUBLED: &str = "SELECT 1 FROM doubled WHERE recipient = ?1 AND route = ?2 AND id <> ?3";

/// Where the part stands that a receipt speaks of.
#[derive(Debug, Clone, Copy)]
enum Place {
    Owed(PartId),
    Ended(PartId),
}

/// Records receipts; what became of each.
pub(super) fn record(tx: &mut Tx<'_>, batch: &[Receipt]) -> Result<Vec<Fated>, Fault> {
    batch.iter().map(|receipt| record_one(tx, receipt)).collect()
}

fn record_one(tx: &mut Tx<'_>, receipt: &Receipt) -> Result<Fated, Fault> {
    // An SMSC that gives no ids: only the recipient can tell its messages apart.
    let nameless = receipt.smsc_id.is_empty();
    let of = receipt.recipient.filter(|_| !nameless);
    let at_hand = of.and_then(|of| tx.memory.in_hand.find(receipt.route, &receipt.smsc_id, of));
    let named = match at_hand {
        Some(part) => Some(Place::Owed(part)),
        None => by_id(tx, receipt.route, &receipt.smsc_id, receipt.recipient, nameless)?,
    };
    let place = match named {
        Some(place) => Some((place, ReceiptFound::ById)),
        None => elsewhere(tx, receipt)?,
    };
    let Some((place, found)) = place else {
        orphans::keep(tx, receipt)?;
        return Ok(Fated { fate: ReceiptFate::Orphan, after: None });
    };
    let word = Word::of(receipt, found);
    match place {
        Place::Owed(part) => {
            let Some(mut parcel) = Parcel::load(tx, part.message())? else {
                return Err(rusqlite::Error::QueryReturnedNoRows.into());
            };
            let awaited = apply(tx, &mut parcel, part.index(), &word)?;
            let handed = parcel.part(part.index()).filter(|_| awaited).and_then(|part| part.handed_at);
            let after = handed.map(|handed| word.at.since(handed));
            parcel.put_back(tx, part.index(), Touched::All)?;
            opted_out(tx, &parcel, &word)?;
            let change = webhooks::changed(tx, &mut parcel, word.at, None)?;
            // With a STOP, parts of its own may have been withdrawn.
            if !word.opted_out {
                parcel.keep(tx);
            }
            Ok(Fated { fate: change.map_or(ReceiptFate::Kept(part.message()), ReceiptFate::Moved), after })
        }
        Place::Ended(part) => Ok(Fated { fate: apply_ended(tx, part, &word)?, after: None }),
    }
}

fn elsewhere(tx: &Tx<'_>, receipt: &Receipt) -> rusqlite::Result<Option<(Place, ReceiptFound)>> {
    let Some(recipient) = receipt.recipient else { return Ok(None) };
    for id in &receipt.other_ids {
        let found = by_id(tx, receipt.route, id, Some(recipient), true)?;
        if let Some(place) = found {
            return Ok(Some((place, ReceiptFound::ByOtherForm)));
        }
    }
    let found = by_recipient(tx, receipt.route, recipient, receipt.at)?;
    Ok(found.map(|place| (place, ReceiptFound::ByRecipient)))
}

/// The part of this id. SMSCs reuse ids: the recipient chooses among several, then the newest.
fn by_id(
    tx: &Tx<'_>,
    route: RouteId,
    smsc_id: &str,
    recipient: Option<Msisdn>,
    strict: bool,
) -> rusqlite::Result<Option<Place>> {
    if let Some(part) = choose(tx, OWED_BY_ID, (route, smsc_id), recipient, strict)? {
        return Ok(Some(Place::Owed(part)));
    }
    if let Some((part, of)) = tx.memory.find_delivered(route, smsc_id)
        && (!strict || recipient == Some(of))
    {
        return Ok(Some(Place::Ended(part)));
    }
    Ok(choose(tx, ENDED_BY_ID, (route, smsc_id), recipient, strict)?.map(Place::Ended))
}

fn choose(
    tx: &Tx<'_>,
    query: &str,
    (route, smsc_id): (RouteId, &str),
    recipient: Option<Msisdn>,
    strict: bool,
) -> rusqlite::Result<Option<PartId>> {
    let mut statement = tx.conn.prepare_cached(query)?;
    let mut found = statement.query(params![route.0, smsc_id])?;
    let mut newest = None;
    while let Some(row) = found.next()? {
        let part = PartId::from_key(row.get(0)?);
        if recipient == Some(rows::msisdn(row, 1)?) {
            return Ok(Some(part));
        }
        newest = newest.or(Some(part));
    }
    Ok(if strict { None } else { newest })
}

/// The one part without an id on this route to this recipient, if its answer was lost. With another
/// one that still waits for its answer, the receipt may be that one's, come early: nobody knows.
fn by_recipient(
    tx: &Tx<'_>,
    route: RouteId,
    recipient: Msisdn,
    at: Timestamp,
) -> rusqlite::Result<Option<Place>> {
    let mut statement = tx.conn.prepare_cached(OWED_BY_RECIPIENT)?;
    let mut found = statement.query(params![rows::digits(recipient), route.0, at.millis()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (part, state) = (PartId::from_key(row.get(0)?), rows::state(row, 1)?);
    let before: bool = row.get(2)?;
    if state != State::Unknown
        || !before
        || found.next()?.is_some()
        || doubt(tx.conn, part, route, recipient)?
    {
        return Ok(None);
    }
    Ok(Some(Place::Owed(part)))
}

/// Whether another part to this recipient was sent again: a receipt without a known id may be of its first
/// attempt.
pub(super) fn doubt(
    conn: &rusqlite::Connection,
    part: PartId,
    route: RouteId,
    recipient: Msisdn,
) -> rusqlite::Result<bool> {
    let params = params![rows::digits(recipient), route.0, part.key()];
    conn.prepare_cached(OTHERS_DOUBLED)?.exists(params)
}

/// Applies a receipt to a part, in memory: whether its columns changed. What they cannot tell is
/// written as a step of the story.
pub(super) fn apply(tx: &mut Tx<'_>, parcel: &mut Parcel, index: u8, word: &Word) -> Result<bool, Fault> {
    let message = parcel.message;
    let Some(part) = parcel.part(index) else { return Ok(false) };
    let before = part.state;
    let first = part.receipt_at.is_none();
    let happened = word.event.is_some_and(|event| part.happens(event, word.at));
    let moved = happened && part.state != before;
    let effect = effect(word, before, moved, part.left_unknown);
    tx.memory.receipts.add(word.found, effect, 1);
    if !happened || !(first || moved) {
        told_again(tx, message, index, word)?;
        return Ok(false);
    }
    keep_receipt(tx, part, before)?;
    part.receipt_at = Some(word.at);
    part.word = Some(word.word.clone());
    part.error.clone_from(&word.error);
    if part.smsc_id.is_none() {
        part.smsc_id = Some(word.smsc_id.clone());
    }
    Ok(true)
}

/// An operator that says that the recipient told it STOP is believed (requirement `fr-operator-opt-out`).
/// Not before the message's own parts are put back: what waits for the recipient is withdrawn.
pub(super) fn opted_out(tx: &mut Tx<'_>, parcel: &Parcel, word: &Word) -> Result<(), Fault> {
    if word.opted_out {
        optouts::by_operator(tx, parcel.message, parcel.shared.recipient, word.at)?;
    }
    Ok(())
}

/// What a receipt did to a part that stood at `before`.
fn effect(word: &Word, before: State, moved: bool, given_up: bool) -> ReceiptEffect {
    let Some(event) = word.event else { return ReceiptEffect::Progress };
    match (moved, before.is_final() || given_up) {
        (true, true) => ReceiptEffect::Late,
        (true, false) => ReceiptEffect::Settled,
        // What a part that only awaited it would be now.
        _ if State::Submitted.after(event) == Ok(before) => ReceiptEffect::Repeated,
        _ => ReceiptEffect::Contradicted,
    }
}

/// Applies a receipt to a part that ended: late or for the second time.
fn apply_ended(tx: &mut Tx<'_>, part: PartId, word: &Word) -> Result<ReceiptFate, Fault> {
    let message = part.message();
    if let Some(mut parcel) = parcel::load_ended(tx.conn, message)? {
        if apply(tx, &mut parcel, part.index(), word)? {
            parcel::save_ended(tx, &parcel, part.index())?;
        }
        opted_out(tx, &parcel, word)?;
        if let Some(change) = webhooks::changed(tx, &mut parcel, word.at, None)? {
            return Ok(ReceiptFate::Moved(change));
        }
    }
    Ok(ReceiptFate::Kept(message))
}

fn told_again(tx: &Tx<'_>, message: facteur_domain::MessageId, index: u8, word: &Word) -> Result<(), Fault> {
    let detail = receipt_detail(&word.word, word.error.as_deref());
    let step = Step {
        at: word.at,
        part: Some(index),
        what: "receipt",
        state: None,
        route: Some(word.route),
        detail: Some(&detail),
    };
    Ok(step.write(tx, message)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Options, connect};

    #[test]
    fn a_receipt_s_part_is_found_by_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        for (query, index) in [
            (OWED_BY_ID, "work_by_smsc_id"),
            (ENDED_BY_ID, "late_by_smsc_id"),
            (OWED_BY_RECIPIENT, "work_unanswered"),
            (OTHERS_DOUBLED, "PRIMARY KEY"),
            (orphans::BY_RECIPIENT, "orphan_of_recipient"),
            (orphans::OTHERS_WITHOUT_ID, "work_unanswered"),
            (orphans::BY_FORM, "PRIMARY KEY"),
        ] {
            let mut explained = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("valid");
            let count = explained.parameter_count();
            let plan: Vec<String> = explained
                .query_map(rusqlite::params_from_iter(vec![1i64; count]), |row| row.get(3))
                .expect("runs")
                .collect::<Result<_, _>>()
                .expect("reads");
            assert!(plan[0].starts_with("SEARCH") && plan[0].contains(index), "{query}: {plan:?}");
        }
    }
}
