//! Deliveries: leased, recorded, listed, replayed and forgotten.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use facteur_domain::{EventId, MessageId, Msisdn, Redacted, Timestamp, WebhookId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{endpoints, hooks, raise};
use crate::sqlite::fault::Fault;
use crate::sqlite::read::window;
use crate::sqlite::rows::{self, maybe_time, time};
use crate::sqlite::writer::Tx;
use crate::{
    AfterDelivery, COUNT_MAX, DeliveryOutcome, DeliveryState, DueDeliveries, DueDelivery, DueRequest, Page,
    Paged, Replay, StoreError, Webhook, WebhookDelivery,
};

/// Leases what is due.
pub(super) fn due(tx: &mut Tx<'_>, request: &DueRequest) -> Result<DueDeliveries, Fault> {
    if request.thorough {
        let all: Vec<WebhookId> = endpoints::enabled(tx.conn)?.iter().map(|webhook| webhook.id).collect();
        tx.memory.hooks.owing.extend(all);
    }
    let rooms: HashMap<WebhookId, usize> = request.rooms.iter().copied().collect();
    let mut owing: Vec<WebhookId> = tx.memory.hooks.owing.iter().copied().collect();
    owing.sort_unstable();
    let mut found = DueDeliveries::default();
    for id in owing {
        let Some(endpoint) = endpoints::any(tx.conn, id)?.filter(|endpoint| endpoint.enabled) else {
            tx.memory.hooks.owing.remove(&id);
            continue;
        };
        let left = request.limit - found.deliveries.len();
        let room = rooms.get(&id).copied().unwrap_or(request.room);
        let before = found.deliveries.len();
        let room_now = room.min(left);
        if lease(tx, request, &endpoint, room_now, &mut found.deliveries)? < room_now {
            tx.memory.hooks.level.insert(id);
        }
        if found.deliveries.len() > before {
            found.endpoints.push(endpoint);
        }
        match next_due(tx.conn, id)? {
            None => _ = tx.memory.hooks.owing.remove(&id),
            // One without room says when it has some.
            Some(at) if room > 0 => found.next_due = Some(found.next_due.map_or(at, |next| next.min(at))),
            Some(_) => {}
        }
    }
    Ok(found)
}

fn next_due(conn: &Connection, id: WebhookId) -> rusqlite::Result<Option<Timestamp>> {
    conn.prepare_cached("SELECT min(due_at) FROM webhook_delivery WHERE endpoint = ?1 AND state = 0")?
        .query_row([id.key()], |row| maybe_time(row, 0))
}

/// How many were due, `room` at most.
fn lease(
    tx: &Tx<'_>,
    request: &DueRequest,
    endpoint: &Webhook,
    room: usize,
    into: &mut Vec<DueDelivery>,
) -> rusqlite::Result<usize> {
    let id = endpoint.id;
    if room == 0 {
        return Ok(0);
    }
    let until = request.now.plus(request.lease);
    let leased: Vec<(i64, u16)> = tx
        .conn
        .prepare_cached(
            "SELECT event, attempts FROM webhook_delivery WHERE endpoint = ?1 AND state = 0 AND due_at <= ?2 \
             ORDER BY due_at, event LIMIT ?3",
        )?
        .query_map(params![id.key(), request.now.millis(), rows::limit(room)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut take = tx.conn.prepare_cached(
        "UPDATE webhook_delivery SET due_at = ?3, leased = 1 WHERE endpoint = ?1 AND event = ?2",
    )?;
    let mut drop =
        tx.conn.prepare_cached("DELETE FROM webhook_delivery WHERE endpoint = ?1 AND event = ?2")?;
    let mut read = tx.conn.prepare_cached("SELECT payload FROM webhook_event WHERE id = ?1")?;
    let due = leased.len();
    for (event, attempts) in leased {
        // What was erased is told to nobody.
        let Some(payload) = read.query_row([event], |row| row.get(0)).optional()? else {
            drop.execute([id.key(), event])?;
            continue;
        };
        take.execute([id.key(), event, until.millis()])?;
        let (event, payload) = (EventId::from_key(event), Redacted::new(body_for(endpoint, payload)));
        into.push(DueDelivery { endpoint: id, event, attempts, payload });
    }
    Ok(due)
}

/// What an endpoint is sent of an event.
pub(super) fn body_for(endpoint: &Webhook, payload: String) -> String {
    endpoint.v1.as_ref().and_then(|v1| v1.body(&payload)).unwrap_or(payload)
}

/// Ends all leases.
pub(super) fn recover(tx: &mut Tx<'_>, at: Timestamp) -> Result<u64, Fault> {
    let freed = tx.conn.execute(
        "UPDATE webhook_delivery SET due_at = ?1, leased = 0 WHERE state = 0 AND leased = 1",
        [at.millis()],
    )?;
    Ok(freed as u64)
}

/// Records attempts; answers the endpoints that they disabled.
pub(super) fn record(
    tx: &mut Tx<'_>,
    batch: &[DeliveryOutcome],
    patience: Duration,
    at: Timestamp,
) -> Result<Vec<Webhook>, Fault> {
    // By endpoint: the first failure, unless something was taken.
    let mut health: BTreeMap<WebhookId, Option<Timestamp>> = BTreeMap::new();
    let mut gone = Vec::new();
    for outcome in batch {
        save(tx, outcome)?;
        let taken = outcome.next == AfterDelivery::Done;
        let entry = health.entry(outcome.endpoint).or_insert(Some(outcome.at));
        *entry = entry.filter(|_| !taken);
        if outcome.next == AfterDelivery::Gone {
            gone.push(outcome.endpoint);
        }
    }
    let mut disabled = Vec::new();
    for (id, failing) in health {
        let tired = judge(tx, id, failing, patience, at)?;
        let why = match (gone.contains(&id), tired) {
            (true, _) => "the endpoint answered 410 Gone".to_owned(),
            (false, true) => {
                format!("every delivery failed for {} days", patience.as_secs() / 86_400)
            }
            (false, false) => continue,
        };
        disabled.extend(endpoints::disable(tx, id, &why, at)?);
    }
    Ok(disabled)
}

/// Keeps since when an endpoint fails; whether that is too long.
fn judge(
    tx: &Tx<'_>,
    id: WebhookId,
    failing: Option<Timestamp>,
    patience: Duration,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(first) = failing else {
        tx.conn
            .prepare_cached(
                "UPDATE webhook_endpoint SET failing_since = NULL WHERE id = ?1 AND failing_since IS NOT NULL",
            )?
            .execute([id.key()])?;
        return Ok(false);
    };
    tx.conn
        .prepare_cached(
            "UPDATE webhook_endpoint SET failing_since = ?2 WHERE id = ?1 AND failing_since IS NULL",
        )?
        .execute([id.key(), first.millis()])?;
    let since = endpoints::any(tx.conn, id)?.and_then(|webhook| webhook.failing_since);
    Ok(since.is_some_and(|since| at.since(since) >= patience))
}

fn save(tx: &mut Tx<'_>, outcome: &DeliveryOutcome) -> rusqlite::Result<()> {
    let (state, due) = match outcome.next {
        AfterDelivery::Done => (1, outcome.at),
        AfterDelivery::Retry(due) => (0, due),
        AfterDelivery::GiveUp | AfterDelivery::Gone => (2, outcome.at),
    };
    // One that was replayed meanwhile is not leased any more, and stays owed.
    tx.statements.execute(
        "UPDATE webhook_delivery SET state = ?3, attempts = attempts + 1, due_at = ?4, leased = 0, \
         tried_at = ?5, took_ms = ?6, status = ?7, error = ?8, answer = ?9 \
         WHERE endpoint = ?1 AND event = ?2 AND leased = 1",
        params![
            outcome.endpoint.key(),
            outcome.event.key(),
            state,
            due.millis(),
            outcome.at.millis(),
            i64::try_from(outcome.took.as_millis()).unwrap_or(i64::MAX),
            outcome.status,
            outcome.error,
            outcome.answer,
        ],
    )?;
    if state == 0 {
        tx.memory.hooks.owing.insert(outcome.endpoint);
    }
    Ok(())
}

/// Makes deliveries owed again.
pub(super) fn replay(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: WebhookId,
    what: Replay,
    at: Timestamp,
) -> Result<u64, Fault> {
    endpoints::find(tx.conn, workspace, id)?;
    match what {
        Replay::One(event) => {
            let there = tx
                .conn
                .prepare_cached("SELECT 1 FROM webhook_event WHERE id = ?1 AND workspace = ?2")?
                .exists([event.key(), workspace.key()])?;
            if !there {
                return Err(StoreError::NotFound("event").into());
            }
            raise::owe(tx, id, event, at)?;
            Ok(1)
        }
        Replay::Since(since) => {
            let owed = tx.conn.execute(
                "UPDATE webhook_delivery SET state = 0, attempts = 0, due_at = ?3, leased = 0 \
                 WHERE endpoint = ?1 AND event >= ?2 AND state = 2",
                [id.key(), hooks::first_key(since), at.millis()],
            )?;
            tx.memory.hooks.owe(id);
            Ok(owed as u64)
        }
    }
}

/// Deliveries of an endpoint, newest event first.
pub(super) fn list(
    conn: &mut Connection,
    workspace: WorkspaceId,
    id: WebhookId,
    page: Page,
) -> Result<Paged<WebhookDelivery>, Fault> {
    let tx = conn.transaction()?;
    let endpoint = endpoints::find(&tx, workspace, id)?;
    let total = tx
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM webhook_delivery WHERE endpoint = ?1 LIMIT ?2)")?
        .query_row(params![id.key(), COUNT_MAX.cast_signed()], |row| rows::count(row, 0))?;
    let (limit, offset) = window(page);
    let rows = tx
        .prepare_cached(&format!(
            "{DELIVERY} WHERE d.endpoint = ?1 ORDER BY d.event DESC LIMIT ?2 OFFSET ?3"
        ))?
        .query_map(params![id.key(), limit, offset], |row| delivery(row, &endpoint))?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}

/// Deliveries of an endpoint of events before one, newest first.
pub(in super::super) fn deliveries_below(
    conn: &Connection,
    (workspace, id): (WorkspaceId, WebhookId),
    below: Option<EventId>,
    limit: usize,
) -> Result<Vec<WebhookDelivery>, Fault> {
    let endpoint = endpoints::find(conn, workspace, id)?;
    let below = below.map_or(i64::MAX, EventId::key);
    Ok(conn
        .prepare_cached(&format!(
            "{DELIVERY} WHERE d.endpoint = ?1 AND d.event < ?2 ORDER BY d.event DESC LIMIT ?3"
        ))?
        .query_map(params![id.key(), below, rows::limit(limit)], |row| delivery(row, &endpoint))?
        .collect::<Result<_, _>>()?)
}

const DELIVERY: &str = "SELECT d.event, e.topic, e.at, e.payload, d.state, d.attempts, d.due_at, d.tried_at, \
     d.took_ms, d.status, d.error, d.answer FROM webhook_delivery d JOIN webhook_event e ON e.id = d.event";

fn delivery(row: &Row<'_>, endpoint: &Webhook) -> rusqlite::Result<WebhookDelivery> {
    let state = match row.get::<_, i64>(4)? {
        0 => DeliveryState::Pending,
        1 => DeliveryState::Delivered,
        _ => DeliveryState::Failed,
    };
    let took = row.get::<_, Option<i64>>(8)?.map(|_| rows::count(row, 8)).transpose()?;
    Ok(WebhookDelivery {
        event: EventId::from_key(row.get(0)?),
        topic: row.get(1)?,
        event_at: time(row, 2)?,
        payload: Redacted::new(body_for(endpoint, row.get(3)?)),
        state,
        attempts: row.get(5)?,
        due_at: (state == DeliveryState::Pending).then_some(time(row, 6)?),
        tried: maybe_time(row, 7)?.zip(took.map(Duration::from_millis)),
        status: row.get(9)?,
        error: row.get(10)?,
        answer: row.get(11)?,
    })
}

/// Forgets what is older than events are kept, `limit` events at most.
pub(in crate::sqlite) fn forget(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<u64, Fault> {
    let before = hooks::first_key(now.minus(super::EVENTS_KEPT));
    let old: Vec<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM webhook_event WHERE id < ?1 ORDER BY id LIMIT ?2")?
        .query_map([before, rows::limit(limit)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    delete(tx.conn, &old)
}

/// Forgets what was told of messages, whose person is erased.
pub(in crate::sqlite) fn forget_messages(tx: &Tx<'_>, messages: &[MessageId]) -> Result<(), Fault> {
    let mut find = tx.conn.prepare_cached("SELECT id FROM webhook_event WHERE message = ?1")?;
    for message in messages {
        let events: Vec<i64> =
            find.query_map([message.key()], |row| row.get(0))?.collect::<Result<_, _>>()?;
        delete(tx.conn, &events)?;
    }
    Ok(())
}

/// Forgets what was told of a number and no message.
pub(in crate::sqlite) fn forget_number(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    number: Msisdn,
) -> Result<(), Fault> {
    let events: Vec<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM webhook_event WHERE workspace = ?1 AND number = ?2")?
        .query_map([workspace.key(), rows::digits(number)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    delete(tx.conn, &events).map(|_| ())
}

/// Deletes events and their deliveries.
fn delete(conn: &Connection, events: &[i64]) -> Result<u64, Fault> {
    let mut deliveries = conn.prepare_cached(
        "DELETE FROM webhook_delivery WHERE event = ?1 AND endpoint IN (SELECT w.id FROM webhook_event e \
         JOIN webhook_endpoint w ON w.workspace = e.workspace WHERE e.id = ?1)",
    )?;
    let mut gone = conn.prepare_cached("DELETE FROM webhook_event WHERE id = ?1")?;
    for event in events {
        deliveries.execute([event])?;
        gone.execute([event])?;
    }
    Ok(events.len() as u64)
}
