//! Reading messages and what surrounds them.

use facteur_domain::delivery::{State, aggregate};
use facteur_domain::{Message, MessageId, Msisdn, Timestamp, WorkspaceId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::fault::Fault;
use super::parcel::{Part, read_parts};
use super::recipients::{self, Span};
use super::rows::{self, MESSAGE};
use crate::{COUNT_MAX, MessageFilter, OrphanReceipt, Page, Paged, RouteId, StoredMessage, WorkCounts};

/// Rows on a page at most.
const PAGE_MAX: u32 = 100;
/// The low bits of an id that are not its time.
const ID_TIME_SHIFT: u32 = 21;

/// `LIMIT` and `OFFSET` of a page.
pub(super) fn window(page: Page) -> (i64, i64) {
    let size = i64::from(page.size.clamp(1, PAGE_MAX));
    (size, (i64::from(page.page.max(1)) - 1) * size)
}

/// A message of a workspace with where it stands.
pub(super) fn message(
    conn: &mut Connection,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<StoredMessage>, Fault> {
    let tx = conn.transaction()?;
    stored_message(&tx, workspace, id)
}

/// As [`message`], within a transaction.
pub(super) fn stored_message(
    conn: &Connection,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<StoredMessage>, Fault> {
    find(conn, workspace, id)?.map(|message| stored(conn, message)).transpose()
}

/// A message of a workspace.
pub(super) fn find(
    conn: &Connection,
    workspace: WorkspaceId,
    id: MessageId,
) -> rusqlite::Result<Option<Message>> {
    conn.prepare_cached(&format!("SELECT {MESSAGE} FROM message m WHERE m.id = ?1 AND m.workspace = ?2"))?
        .query_row(params![id.key(), workspace.key()], rows::message)
        .optional()
}

/// Joins a message with where it stands.
pub(super) fn stored(conn: &Connection, message: Message) -> Result<StoredMessage, Fault> {
    let parts = read_parts(conn, message.id)?;
    let state = aggregate(parts.iter().map(|part| part.state)).unwrap_or(State::Queued);
    let last = parts.iter().filter(|part| part.handed_at.is_some()).max_by_key(|part| part.handed_at);
    Ok(StoredMessage {
        state,
        state_at: parts.iter().map(|part| part.state_at).max().unwrap_or(message.accepted_at),
        route: last.and_then(|part| part.route).map(|route| route_name(conn, route)).transpose()?,
        submitted_at: submitted_at(&parts),
        error: parts.iter().filter(|part| part.state == state).find_map(|part| part.error.clone()),
        attempts: parts.iter().map(|part| part.attempts).max().unwrap_or(0),
        possible_duplicate: parts.iter().any(|part| part.possible_duplicate),
        message,
    })
}

/// When the operator took the last of the parts, once it has taken all.
fn submitted_at(parts: &[Part]) -> Option<Timestamp> {
    parts.iter().filter(|part| part.smsc_id.is_some()).filter_map(|part| part.answered_at).max()
}

/// A route's name.
pub(super) fn route_name(conn: &Connection, route: RouteId) -> rusqlite::Result<String> {
    conn.prepare_cached("SELECT name FROM route WHERE id = ?1")?
        .query_row([route.0], |row| row.get(0))
        .optional()
        .map(|name| name.unwrap_or_else(|| format!("route {}", route.0)))
}

/// Messages of a workspace, newest first.
pub(super) fn messages(
    conn: &mut Connection,
    workspace: WorkspaceId,
    filter: &MessageFilter,
    page: Page,
) -> Result<Paged<StoredMessage>, Fault> {
    let tx = conn.transaction()?;
    let (condition, values) = condition(&tx, workspace, filter)?;
    let total = tx
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM message m WHERE {condition} LIMIT {COUNT_MAX})"
        ))?
        .query_row(params_from_iter(&values), |row| rows::count(row, 0))?;
    let (limit, offset) = window(page);
    let found: Vec<Message> = tx
        .prepare_cached(&format!(
            "SELECT {MESSAGE} FROM message m WHERE {condition} ORDER BY m.id DESC LIMIT {limit} OFFSET {offset}"
        ))?
        .query_map(params_from_iter(&values), rows::message)?
        .collect::<Result<_, _>>()?;
    let rows = found.into_iter().map(|message| stored(&tx, message)).collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}

/// A person's messages, newest first.
pub(super) fn messages_to(conn: &mut Connection, span: Span) -> Result<Vec<StoredMessage>, Fault> {
    let tx = conn.transaction()?;
    let mut stored_ones = Vec::new();
    for key in recipients::find(&tx, span)? {
        let message = find(&tx, span.workspace, MessageId::from_key(key))?;
        // Dropped or erased since it was indexed.
        let Some(message) = message.filter(|message| message.recipient == span.recipient) else { continue };
        stored_ones.push(stored(&tx, message)?);
    }
    Ok(stored_ones)
}

/// The keys of the newest messages to a number that may match a filter, as a JSON list.
fn keys_to(
    conn: &Connection,
    workspace: WorkspaceId,
    recipient: Msisdn,
    filter: &MessageFilter,
) -> rusqlite::Result<String> {
    let from = filter.from.map_or(0, first_key);
    let limit = usize::try_from(COUNT_MAX).unwrap_or(usize::MAX);
    let span = Span { workspace, recipient, below: i64::MAX, from, limit };
    let keys: Vec<String> = recipients::find(conn, span)?.iter().map(ToString::to_string).collect();
    Ok(format!("[{}]", keys.join(",")))
}

/// The first key of an instant. Ids never run behind the clock, so what was accepted from then on has no
/// lower one.
pub(super) fn first_key(from: Timestamp) -> i64 {
    from.millis().max(0) << ID_TIME_SHIFT
}

fn condition(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: &MessageFilter,
) -> rusqlite::Result<(String, Vec<Value>)> {
    let mut terms = vec!["m.workspace = ?"];
    let mut values = vec![Value::from(workspace.key())];
    let mut also = |term, value: Value| {
        terms.push(term);
        values.push(value);
    };
    if let Some(recipient) = filter.recipient {
        also("m.id IN (SELECT value FROM json_each(?))", keys_to(conn, workspace, recipient, filter)?.into());
        // One that was erased since is still known by its old number.
        also("m.recipient = ?", rows::digits(recipient).into());
    }
    if let Some(sender) = &filter.sender {
        also("lower(m.sender) = ?", sender.clone().into());
    }
    if let Some(class) = filter.class {
        also("m.class = ?", class.as_str().to_owned().into());
    }
    if let Some(reference) = &filter.client_reference {
        also("m.client_reference = ?", reference.clone().into());
    }
    if let Some(from) = filter.from {
        also("m.accepted_at >= ?", from.millis().into());
        // The same bound, where the index can use it.
        also("m.id >= ?", first_key(from).into());
    }
    if let Some(to) = filter.to {
        also("m.accepted_at < ?", to.millis().into());
    }
    if let Some(state) = filter.state {
        also(
            "coalesce((SELECT min(w.state) FROM work w WHERE w.id BETWEEN m.id AND m.id + 15), \
             (SELECT min(o.state) FROM outcome o WHERE o.id BETWEEN m.id AND m.id + 15)) = ?",
            rows::code(state).into(),
        );
    }
    Ok((terms.join(" AND "), values))
}

/// Orphan receipts, newest first.
pub(super) fn orphans(conn: &Connection, page: Page) -> Result<Paged<OrphanReceipt>, Fault> {
    let total = conn
        .prepare_cached(&format!("SELECT count(*) FROM (SELECT 1 FROM orphan LIMIT {COUNT_MAX})"))?
        .query_row([], |row| rows::count(row, 0))?;
    let (limit, offset) = window(page);
    let rows = conn
        .prepare_cached(
            "SELECT o.at, coalesce(r.name, 'route ' || o.route), o.smsc_id, o.recipient, o.word, o.error FROM orphan o \
             LEFT JOIN route r ON r.id = o.route ORDER BY o.id DESC LIMIT ?1 OFFSET ?2",
        )?
        .query_map([limit, offset], |row| {
            Ok(OrphanReceipt {
                at: rows::time(row, 0)?,
                route: row.get(1)?,
                smsc_id: row.get(2)?,
                recipient: row.get::<_, Option<i64>>(3)?.map(|_| rows::msisdn(row, 3)).transpose()?,
                word: row.get(4)?,
                error: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}

/// How much work is owed.
pub(super) fn counts(conn: &Connection) -> Result<WorkCounts, Fault> {
    let mut counts = WorkCounts::default();
    let mut statement = conn.prepare_cached("SELECT state, count(*) FROM work GROUP BY state")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let count = rows::count(row, 1)?;
        match rows::state(row, 0)? {
            State::Scheduled => counts.scheduled = count,
            State::Queued => counts.queued = count,
            State::Submitting => counts.submitting = count,
            State::Submitted => counts.submitted = count,
            State::Unknown => counts.unknown = count,
            // Parts that wait for the others of their message.
            _ => {}
        }
    }
    counts.orphans =
        conn.prepare_cached("SELECT count(*) FROM orphan")?.query_row([], |row| rows::count(row, 0))?;
    Ok(counts)
}

/// SQLite's own check.
pub(super) fn check(conn: &Connection) -> Result<Vec<String>, Fault> {
    let mut faults: Vec<String> =
        conn.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    faults.retain(|fault| fault != "ok");
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut broken = statement.query([])?;
    while let Some(row) = broken.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        faults.push(format!("a row of {table} names a {parent} that is not there"));
    }
    Ok(faults)
}
