//! What phones send: kept part by part as it comes, put together, and understood with what follows from
//! it, in one transaction (requirements `fr-mo-whole`, `fr-mo-incomplete`, `fr-mo-once`).
//!
//! A part belongs to the newest message of the same phone, code, reference and number of parts that lacks
//! it, also when that was closed without it. The same part again is a repeat; another in its place begins
//! a new message, for references are used again.

use std::time::Duration;

use bytes::Bytes;
use facteur_domain::{InboundId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::fault::Fault;
use super::received::key_at;
use super::writer::Tx;
use super::{rows, understood};
use crate::{Change, Inbound, InboundPart, Reception, RouteId, Understand};

/// Within this time the same octets from the same phone are the same message: an operator that missed our
/// answer delivers again. Unless the phone was written meanwhile: then it answers that. Nor is a STOP a repeat of
/// one from before a START.
const REPEAT_WINDOW: Duration = Duration::from_mins(5);
/// How long a message that lacks parts may still be given them.
const PARTS_WINDOW: Duration = Duration::from_hours(24);
/// How long an operator's own id of a delivery is known: OVH tries for seven days.
const OPERATOR_ID_WINDOW: Duration = Duration::from_hours(7 * 24);

/// Keeps what a phone sent, and does what follows from it when it is whole.
pub(super) fn receive(
    tx: &mut Tx<'_>,
    inbound: &Inbound,
    desk: &dyn Understand,
) -> Result<(Reception, Vec<Change>), Fault> {
    if let Some(id) = repeated(tx, inbound)? {
        return again(tx, id);
    }
    let Some(part) = inbound.part else {
        let id = open(tx, inbound, 1)?;
        keep(tx, inbound, id)?;
        let changes = understood::read(tx, id, desk, (inbound.at, false))?;
        return Ok((Reception::Whole(id), changes));
    };
    let id = match group(tx, inbound, part)? {
        Group::Has(id) => return again(tx, id),
        Group::Lacks(id) => id,
        Group::None => open(tx, inbound, part.total)?,
    };
    keep(tx, inbound, id)?;
    let missing: u8 = tx
        .conn
        .prepare_cached(
            "UPDATE received SET parts_here = parts_here + 1 WHERE id = ?1 RETURNING parts - parts_here",
        )?
        .query_row([id.key()], |row| row.get(0))?;
    let changes = understood::read(tx, id, desk, (inbound.at, missing > 0))?;
    Ok((if missing > 0 { Reception::Part(id) } else { Reception::Whole(id) }, changes))
}

/// Keeps a message whose handling fails as it came, and nobody's; see [`understood::read_raw`].
pub(super) fn receive_raw(
    tx: &mut Tx<'_>,
    inbound: &Inbound,
    desk: &dyn Understand,
) -> Result<(Reception, Vec<Change>), Fault> {
    if let Some(id) = repeated(tx, inbound)? {
        return again(tx, id);
    }
    // A part of a long message stands alone: putting it together may be what fails.
    let inbound = Inbound { part: None, ..inbound.clone() };
    let id = open(tx, &inbound, 1)?;
    keep(tx, &inbound, id)?;
    let changes = understood::read_raw(tx, id, desk, inbound.at)?;
    Ok((Reception::Whole(id), changes))
}

/// Closes the oldest message whose first part came before `before` and whose others did not: it is read as
/// far as it came.
pub(super) fn close_incomplete(
    tx: &mut Tx<'_>,
    before: Timestamp,
    now: Timestamp,
    desk: &dyn Understand,
    raw: bool,
) -> Result<Option<(InboundId, Vec<Change>)>, Fault> {
    let open: Option<InboundId> = tx
        .conn
        .prepare_cached("SELECT id FROM received WHERE open = 1 AND id < ?1 ORDER BY id LIMIT 1")?
        .query_row([key_at(before)], |row| row.get(0).map(InboundId::from_key))
        .optional()?;
    let Some(id) = open else { return Ok(None) };
    let changes = if raw {
        understood::read_raw(tx, id, desk, now)?
    } else {
        understood::read(tx, id, desk, (now, false))?
    };
    Ok(Some((id, changes)))
}

fn again(tx: &Tx<'_>, id: InboundId) -> Result<(Reception, Vec<Change>), Fault> {
    tx.conn.prepare_cached("UPDATE received SET repeats = repeats + 1 WHERE id = ?1")?.execute([id.key()])?;
    Ok((Reception::Repeat(id), Vec::new()))
}

/// The message of which this delivery is a repeat, by the operator's id or by all its octets.
fn repeated(tx: &Tx<'_>, inbound: &Inbound) -> rusqlite::Result<Option<InboundId>> {
    let id = |row: &Row<'_>| row.get(0).map(InboundId::from_key);
    if let Some(operator_id) = &inbound.operator_id {
        return tx
            .conn
            .prepare_cached(
                "SELECT received FROM inbound WHERE route = ?1 AND operator_id = ?2 AND at >= ?3 AND \
                 destination = ?4 AND part IS ?5 AND received IS NOT NULL ORDER BY id DESC LIMIT 1",
            )?
            .query_row(
                params![
                    inbound.route.0,
                    operator_id,
                    inbound.at.minus(OPERATOR_ID_WINDOW).millis(),
                    &inbound.destination[..],
                    inbound.part.map(|part| part.index),
                ],
                id,
            )
            .optional();
    }
    if inbound.part.is_some() {
        return Ok(None);
    }
    tx.conn
        .prepare_cached(
            "SELECT i.received FROM inbound i WHERE i.phone IS ?1 AND i.at >= ?2 AND i.source = ?3 \
             AND i.destination = ?4 AND i.esm_class = ?5 AND i.data_coding = ?6 AND i.content = ?7 \
             AND i.tlvs = ?8 AND i.received IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM written w WHERE w.phone = ?1 AND w.code = ?9 AND w.at > i.at) AND NOT EXISTS \
             (SELECT 1 FROM received o JOIN received s ON s.phone = o.phone AND s.id > o.id AND s.meaning = 'start' \
             WHERE o.id = i.received AND o.meaning IN ('stop', 'stop_doubtful')) \
             ORDER BY i.id DESC LIMIT 1",
        )?
        .query_row(
            params![
                inbound.from.map(rows::digits),
                inbound.at.minus(REPEAT_WINDOW).millis(),
                &inbound.source[..],
                &inbound.destination[..],
                inbound.esm_class,
                inbound.data_coding,
                &inbound.content[..],
                &inbound.tlvs[..],
                inbound.code.map(facteur_domain::ShortCode::number),
            ],
            id,
        )
        .optional()
}

/// Where a part belongs.
enum Group {
    /// To this message, which has it already.
    Has(InboundId),
    /// To this message, which lacks it.
    Lacks(InboundId),
    /// To a new one.
    None,
}

fn group(tx: &Tx<'_>, inbound: &Inbound, part: InboundPart) -> rusqlite::Result<Group> {
    let mut statement = tx.conn.prepare_cached(
        "SELECT received, part, content FROM inbound WHERE phone IS ?1 AND reference = ?2 AND total = ?3 \
         AND total > 1 AND source = ?4 AND destination = ?5 AND at >= ?6 AND received IS NOT NULL \
         ORDER BY received DESC",
    )?;
    let mut found = statement.query(params![
        inbound.from.map(rows::digits),
        part.reference,
        part.total,
        &inbound.source[..],
        &inbound.destination[..],
        inbound.at.minus(PARTS_WINDOW).millis(),
    ])?;
    let mut newest = None;
    while let Some(row) = found.next()? {
        let id = InboundId::from_key(row.get(0)?);
        if *newest.get_or_insert(id) != id {
            break;
        }
        if row.get::<_, u8>(1)? == part.index {
            let same = row.get_ref(2)?.as_blob()? == &inbound.content[..];
            return Ok(if same { Group::Has(id) } else { Group::None });
        }
    }
    Ok(newest.map_or(Group::None, Group::Lacks))
}

/// A new message of so many parts, none of which is counted yet unless it is the only one.
fn open(tx: &mut Tx<'_>, inbound: &Inbound, parts: u8) -> rusqlite::Result<InboundId> {
    let id = InboundId::next(inbound.at, tx.memory.last_received);
    tx.memory.last_received = id;
    tx.conn
        .prepare_cached(
            "INSERT INTO received (id, at, route, phone, source, destination, code, text, meaning, parts, \
             parts_here, open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', 'reply', ?8, ?9, 1)",
        )?
        .execute(params![
            id.key(),
            inbound.at.millis(),
            inbound.route.0,
            inbound.from.map(rows::digits),
            String::from_utf8_lossy(&inbound.source),
            String::from_utf8_lossy(&inbound.destination),
            inbound.code.map(facteur_domain::ShortCode::number),
            parts,
            u8::from(parts == 1),
        ])?;
    Ok(id)
}

/// Keeps the octets.
fn keep(tx: &Tx<'_>, inbound: &Inbound, id: InboundId) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO inbound (at, route, phone, source, destination, esm_class, data_coding, content, tlvs, \
             received, reference, total, part, text_from, operator_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            inbound.at.millis(),
            inbound.route.0,
            inbound.from.map(rows::digits),
            &inbound.source[..],
            &inbound.destination[..],
            inbound.esm_class,
            inbound.data_coding,
            &inbound.content[..],
            &inbound.tlvs[..],
            id.key(),
            inbound.part.map(|part| part.reference),
            inbound.part.map(|part| part.total),
            inbound.part.map(|part| part.index),
            i64::try_from(inbound.text_from).unwrap_or(0),
            inbound.operator_id,
        ])?;
    Ok(())
}

/// The parts of a message, in order; `None` where one has not come.
pub(super) fn parts(tx: &Tx<'_>, id: InboundId, total: u8) -> rusqlite::Result<Vec<Option<Inbound>>> {
    let mut parts: Vec<Option<Inbound>> = vec![None; usize::from(total.max(1))];
    let mut statement = tx.conn.prepare_cached(
        "SELECT at, route, phone, source, destination, esm_class, data_coding, content, tlvs, reference, \
         total, part, text_from, operator_id FROM inbound WHERE received = ?1 ORDER BY id",
    )?;
    let mut found = statement.query([id.key()])?;
    while let Some(row) = found.next()? {
        let inbound = inbound(row)?;
        let place = inbound.part.map_or(0, |part| usize::from(part.index).saturating_sub(1));
        if let Some(place) = parts.get_mut(place) {
            *place = Some(inbound);
        }
    }
    Ok(parts)
}

fn inbound(row: &Row<'_>) -> rusqlite::Result<Inbound> {
    let octets = |column| row.get::<_, Vec<u8>>(column).map(Bytes::from);
    let reference: Option<u16> = row.get(9)?;
    let part = match (reference, row.get(10)?, row.get(11)?) {
        (Some(reference), Some(total), Some(index)) => Some(InboundPart { reference, total, index }),
        _ => None,
    };
    Ok(Inbound {
        at: rows::time(row, 0)?,
        route: RouteId(row.get(1)?),
        from: row.get::<_, Option<i64>>(2)?.map(|_| rows::msisdn(row, 2)).transpose()?,
        source: octets(3)?,
        destination: octets(4)?,
        // Known by the message.
        code: None,
        esm_class: row.get(5)?,
        data_coding: row.get(6)?,
        content: octets(7)?,
        tlvs: octets(8)?,
        text_from: usize::try_from(row.get::<_, Option<i64>>(12)?.unwrap_or(0)).unwrap_or(0),
        part,
        operator_id: row.get(13)?,
    })
}
