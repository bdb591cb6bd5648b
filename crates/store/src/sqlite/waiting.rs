//! Messages that wait: for their time, for their turn, for a decision.

use std::collections::HashSet;

use facteur_domain::delivery::{Event, State};
use facteur_domain::{Message, MessageId, Msisdn, PartId, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use super::admin::note;
use super::fault::Fault;
use super::parcel::{PART_MASK, Parcel, Part, Touched};
use super::rows;
use super::step::{Step, keep_attempt};
use super::webhooks;
use super::writer::Tx;
use crate::{
    Actor, AuditLine, Change, Hold, Queued, RuleEffect, Scheduled, StoreError, UnknownMessage, Waiting,
    Withdrawal,
};

/// Withdraws what waits of each message.
pub(super) fn withdraw(
    tx: &mut Tx<'_>,
    batch: &[(MessageId, Withdrawal)],
    at: Timestamp,
) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::with_capacity(batch.len());
    for (message, why) in batch {
        let Some(mut parcel) = Parcel::load(tx, *message)? else { continue };
        let (event, what, detail) = match why {
            Withdrawal::Blocked { rule, reason } => {
                (Event::Blocked, "blocked", Some(format!("{rule}: {reason}")))
            }
            Withdrawal::Lapsed => (Event::Lapsed, "lapsed", None),
            Withdrawal::OverBeforeItMay { rule, until } => {
                let until = until.to_jiff();
                (
                    Event::Lapsed,
                    "lapsed",
                    Some(format!("{rule}: it could leave at {until}, after its validity")),
                )
            }
        };
        if stop_waiting(&mut parcel, event, at) {
            if let Withdrawal::Blocked { rule, .. } = why {
                tx.tallies.ruled(parcel.shared.workspace, at, RuleEffect::Blocked, rule);
            }
            let state = Some(parcel.state());
            Step { at, what, state, detail: detail.as_deref(), ..Step::default() }.write(tx, *message)?;
            parcel.put_all_back(tx, Touched::Answer)?;
            changes.extend(webhooks::changed(tx, &mut parcel, at, detail.as_deref())?);
        }
    }
    Ok(changes)
}

/// Makes what waits of each message wait until a later instant.
pub(super) fn hold(tx: &mut Tx<'_>, batch: &[Hold], at: Timestamp) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::with_capacity(batch.len());
    for Hold { message, until, rule } in batch {
        let Some(mut parcel) = Parcel::load(tx, *message)? else { continue };
        if !stop_waiting(&mut parcel, Event::Held, at) {
            continue;
        }
        for part in parcel.parts.iter_mut().filter(|part| part.state == State::Scheduled) {
            part.due_at = *until;
        }
        expire_at(tx, &parcel, parcel.shared.expires_at.plus(until.since(at)))?;
        tx.tallies.ruled(parcel.shared.workspace, at, RuleEffect::Held, rule);
        let (state, detail) = (Some(parcel.state()), format!("until {}", until.to_jiff()));
        Step { at, what: "held", state, detail: Some(&detail), ..Step::default() }.write(tx, *message)?;
        parcel.put_all_back(tx, Touched::Answer)?;
        changes.extend(webhooks::changed(tx, &mut parcel, at, None)?);
    }
    Ok(changes)
}

/// Moves the end of a message's validity.
fn expire_at(tx: &Tx<'_>, parcel: &Parcel, at: Timestamp) -> rusqlite::Result<()> {
    let message = parcel.message.key();
    tx.conn
        .prepare_cached("UPDATE work SET expires_at = ?3 WHERE id BETWEEN ?1 AND ?2")?
        .execute(params![message, message | PART_MASK, at.millis()])?;
    tx.conn
        .prepare_cached("UPDATE message SET expires_at = ?2 WHERE id = ?1")?
        .execute(params![message, at.millis()])?;
    Ok(())
}

/// Moves the parts that wait; whether there was one.
fn stop_waiting(parcel: &mut Parcel, event: Event, at: Timestamp) -> bool {
    let waits = |state| matches!(state, State::Scheduled | State::Queued);
    let mut any = false;
    for part in parcel.parts.iter_mut().filter(|part| waits(part.state)) {
        any |= part.happens(event, at);
    }
    any
}

/// Cancels a message of which nothing left yet.
pub(super) fn cancel(
    tx: &mut Tx<'_>,
    (workspace, message): (WorkspaceId, MessageId),
    at: Timestamp,
    actor: Actor,
) -> Result<Change, Fault> {
    let Some(mut parcel) = Parcel::load(tx, message)? else {
        return Err(ended_or_missing(tx.conn, workspace, message)?.into());
    };
    if parcel.shared.workspace != workspace {
        return Err(StoreError::NotFound("message").into());
    }
    if parcel.parts.iter().any(|part| part.state.after(Event::Cancelled).is_err()) {
        let state = parcel.state();
        return Err(
            StoreError::Conflict(format!("the message is {state}: it can no longer be cancelled")).into()
        );
    }
    stop_waiting(&mut parcel, Event::Cancelled, at);
    note(tx, &AuditLine::new(at, actor, Some(workspace), "message.cancelled", message.to_string()))?;
    Step { at, what: "cancelled", state: Some(State::Cancelled), ..Step::default() }.write(tx, message)?;
    parcel.put_all_back(tx, Touched::Answer)?;
    webhooks::changed(tx, &mut parcel, at, None)?
        .ok_or_else(|| StoreError::Internal("a cancelled message did not change".to_owned()).into())
}

fn ended_or_missing(
    conn: &Connection,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<StoreError, Fault> {
    let there = conn
        .prepare_cached("SELECT 1 FROM message WHERE id = ?1 AND workspace = ?2")?
        .exists(params![message.key(), workspace.key()])?;
    Ok(if there {
        StoreError::Conflict("the message has come to its end: it can no longer be cancelled".to_owned())
    } else {
        StoreError::NotFound("message")
    })
}

/// Makes scheduled messages whose time has come `queued`.
pub(super) fn release_due(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Fault> {
    let due: Vec<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM work WHERE state = 0 AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2")?
        .query_map(params![now.millis(), rows::limit(limit)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut messages: Vec<MessageId> = due.into_iter().map(|key| PartId::from_key(key).message()).collect();
    messages.sort_unstable();
    messages.dedup();
    let mut released = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(mut parcel) = Parcel::load(tx, message)? else { continue };
        for part in parcel.parts.iter_mut().filter(|part| part.state == State::Scheduled) {
            part.happens(Event::Due, now);
        }
        parcel.put_all_back(tx, Touched::Answer)?;
        released.extend(waiting_of(tx.conn, &parcel)?);
    }
    Ok(released)
}

/// Sends unknown parts again; answers those alone, for others of the same message may be in the queue.
pub(super) fn resend(tx: &mut Tx<'_>, messages: &[MessageId], at: Timestamp) -> Result<Vec<Waiting>, Fault> {
    let mut resent = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(mut parcel) = Parcel::load(tx, *message)? else { continue };
        let (mut moved, recipient) = (0_u16, parcel.shared.recipient);
        for part in parcel.parts.iter_mut().filter(|part| part.state == State::Unknown) {
            keep_attempt(tx, part)?;
            if part.happens(Event::Resent, at) {
                moved |= 1 << part.id.index();
                part.possible_duplicate = true;
                part.left_unknown = false;
                part.due_at = at;
                remember_doubled(tx, part, recipient, at)?;
            }
        }
        if moved != 0 {
            let state = Some(parcel.state());
            Step { at, what: "resent", state, ..Step::default() }.write(tx, *message)?;
            parcel.put_all_back(tx, Touched::All)?;
            let waiting = waiting_of(tx.conn, &parcel)?;
            resent.extend(waiting.map(|waiting| Waiting { parts_owed: moved, ..waiting }));
        }
    }
    Ok(resent)
}

/// The attempt whose answer was lost may still have its receipt.
fn remember_doubled(tx: &Tx<'_>, part: &Part, recipient: Msisdn, at: Timestamp) -> rusqlite::Result<()> {
    let Some(route) = part.route else { return Ok(()) };
    let until = at.plus(tx.memory.late_receipts).millis();
    tx.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO doubled (recipient, route, id, until) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![rows::digits(recipient), route.0, part.id.key(), until])?;
    Ok(())
}

/// Leaves unknown parts as they are for good.
pub(super) fn leave_unknown(tx: &mut Tx<'_>, messages: &[MessageId], at: Timestamp) -> Result<(), Fault> {
    for message in messages {
        let Some(mut parcel) = Parcel::load(tx, *message)? else { continue };
        let mut any = false;
        for part in parcel.parts.iter_mut().filter(|part| part.state == State::Unknown && !part.left_unknown)
        {
            part.left_unknown = true;
            // The time for which receipts are still awaited starts now.
            part.state_at = at;
            any = true;
        }
        if any {
            Step { at, what: "left", state: Some(State::Unknown), ..Step::default() }.write(tx, *message)?;
            parcel.put_all_back(tx, Touched::All)?;
            webhooks::left(tx, &mut parcel, at)?;
        }
    }
    Ok(())
}

/// What the queue must know of a message that waits; `None` when nothing of it does.
fn waiting_of(conn: &Connection, parcel: &Parcel) -> rusqlite::Result<Option<Waiting>> {
    let parts_owed = parcel.owed();
    if parts_owed == 0 {
        return Ok(None);
    }
    let Some(message) = read_message(conn, parcel.message)? else { return Ok(None) };
    let queued = || parcel.parts.iter().filter(|part| part.state == State::Queued);
    Ok(Some(Waiting {
        attempts: parcel.parts.iter().map(|part| part.attempts).max().unwrap_or(0),
        possible_duplicate: queued().any(|part| part.possible_duplicate),
        not_before: queued().map(|part| part.due_at).max().unwrap_or(message.send_at),
        parts_owed,
        message,
    }))
}

/// A message, in whatever workspace.
pub(super) fn read_message(conn: &Connection, id: MessageId) -> rusqlite::Result<Option<Message>> {
    conn.prepare_cached(
        "SELECT m.id, m.workspace, m.api_key, m.sender, m.recipient, m.class, m.text, m.encoding, m.parts, \
         m.accepted_at, m.send_at, m.expires_at, m.client_reference, m.test, m.auto_reply \
         FROM message m WHERE m.id = ?1",
    )?
    .query_row([id.key()], rows::message)
    .optional()
}

/// Which messages are queued after `after`, in order of acceptance: `rows` rows of work at most are read.
pub(super) fn queued(conn: &Connection, after: Option<MessageId>, rows: usize) -> Result<Vec<Queued>, Fault> {
    let after = after.map_or(i64::MIN, |message| message.key() | PART_MASK);
    let mut statement = conn.prepare_cached(
        "SELECT id, workspace, class, parts FROM work WHERE id > ?1 AND state = 1 ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query(params![after, rows::limit(rows)])?;
    let mut queued: Vec<Queued> = Vec::new();
    while let Some(row) = found.next()? {
        let message = PartId::from_key(row.get(0)?).message();
        if queued.last().is_none_or(|last| last.message != message) {
            let workspace = WorkspaceId::from_key(row.get(1)?);
            queued.push(Queued { message, workspace, class: rows::class(row, 2)?, parts: row.get(3)? });
        }
    }
    Ok(queued)
}

/// Those of `messages` that are queued, in the same order.
pub(super) fn waiting(conn: &Connection, messages: &[MessageId]) -> Result<Vec<Waiting>, Fault> {
    let mut waiting = Vec::with_capacity(messages.len());
    for message in messages {
        if let Some(parcel) = Parcel::read(conn, *message)? {
            waiting.extend(waiting_of(conn, &parcel)?);
        }
    }
    Ok(waiting)
}

/// When the next scheduled message is due.
pub(super) fn next_due(conn: &Connection) -> Result<Option<Timestamp>, Fault> {
    let due: Option<i64> = conn
        .prepare_cached("SELECT min(due_at) FROM work WHERE state = 0")?
        .query_row([], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millis))
}

/// When scheduled messages of a workspace leave.
pub(super) fn scheduled(conn: &Connection, workspace: WorkspaceId, limit: usize) -> Result<Scheduled, Fault> {
    let leaving = conn
        .prepare_cached(
            "SELECT due_at, count(*) FROM work WHERE state = 0 AND workspace = ?1 \
             GROUP BY due_at ORDER BY due_at LIMIT ?2",
        )?
        .query_map(params![workspace.key(), rows::limit(limit)], |row| {
            Ok((rows::time(row, 0)?, rows::count(row, 1)?))
        })?
        .collect::<Result<_, _>>()?;
    let total = conn
        .prepare_cached("SELECT count(*) FROM work WHERE state = 0 AND workspace = ?1")?
        .query_row([workspace.key()], |row| rows::count(row, 0))?;
    Ok(Scheduled { leaving, total })
}

/// Messages unknown since before `before` that nobody decided about, oldest first.
pub(super) fn unknown_before(
    conn: &Connection,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<UnknownMessage>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT id, class, state_at, expires_at, attempts FROM work \
         WHERE state = 3 AND left_unknown = 0 AND state_at < ?1 ORDER BY state_at, id",
    )?;
    let mut found = statement.query([before.millis()])?;
    let mut unknown: Vec<UnknownMessage> = Vec::new();
    let mut known = HashSet::new();
    while unknown.len() < limit {
        let Some(row) = found.next()? else { break };
        let message = PartId::from_key(row.get(0)?).message();
        if !known.insert(message) {
            continue;
        }
        unknown.push(UnknownMessage {
            message,
            class: rows::class(row, 1)?,
            since: rows::time(row, 2)?,
            expires_at: rows::time(row, 3)?,
            attempts: row.get(4)?,
        });
    }
    Ok(unknown)
}
