//! What phones sent, as it is read; also what nobody can tell whose it is (requirement
//! `fr-mo-unattributed`).

use facteur_domain::{ConversationId, InboundId, KeywordId, MessageId, Msisdn, Timestamp, WorkspaceId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::fault::Fault;
use super::rows;
use super::writer::Tx;
use crate::{COUNT_MAX, ERASED_TEXT, Received, ReceivedFilter, ReplyMeaning};

/// The low bits of an id that are not its time.
const ID_TIME_SHIFT: u32 = 21;

const RECEIVED: &str = "SELECT x.id, x.at, coalesce(r.name, 'route ' || x.route), x.phone, x.source, x.destination, \
     x.code, x.workspace, x.sender, x.conversation, x.text, x.meaning, x.rule, x.keyword, x.in_reply_to, \
     x.answer, x.parts, x.parts_here, x.repeats FROM received x LEFT JOIN route r ON r.id = x.route";

fn received(row: &Row<'_>) -> rusqlite::Result<Received> {
    let meaning = row.get_ref(11)?.as_str().ok().and_then(ReplyMeaning::from_name);
    let key = |column| row.get::<_, Option<i64>>(column);
    Ok(Received {
        id: InboundId::from_key(row.get(0)?),
        at: rows::time(row, 1)?,
        route: row.get(2)?,
        phone: key(3)?.map(|_| rows::msisdn(row, 3)).transpose()?,
        source: row.get(4)?,
        destination: row.get(5)?,
        code: rows::maybe_code(row, 6)?,
        workspace: key(7)?.map(WorkspaceId::from_key),
        sender: rows::maybe_sender(row, 8)?,
        conversation: key(9)?.map(ConversationId::from_key),
        text: row.get(10)?,
        meaning: meaning.ok_or_else(|| rows::wrong(11, "meaning"))?,
        rule: row.get(12)?,
        keyword: key(13)?.map(KeywordId::from_key),
        in_reply_to: key(14)?.map(MessageId::from_key),
        answer: key(15)?.map(MessageId::from_key),
        parts: row.get(16)?,
        parts_here: row.get(17)?,
        repeats: row.get(18)?,
    })
}

/// The last message that came from a phone.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<InboundId> {
    let last: Option<i64> =
        conn.prepare_cached("SELECT max(id) FROM received")?.query_row([], |row| row.get(0))?;
    Ok(InboundId::from_key(last.unwrap_or(0)))
}

/// A message; of a workspace, or of anybody.
pub(super) fn find(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    id: InboundId,
) -> rusqlite::Result<Option<Received>> {
    conn.prepare_cached(&format!(
        "{RECEIVED} WHERE x.id = ?1 AND x.open = 0 AND (?2 IS NULL OR x.workspace = ?2)"
    ))?
    .query_row(params![id.key(), workspace.map(WorkspaceId::key)], received)
    .optional()
}

/// A workspace's, newest first; with `None` those of which nobody can tell whose they are.
pub(super) fn list(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    filter: &ReceivedFilter,
    limit: usize,
) -> Result<Vec<Received>, Fault> {
    let (condition, mut values) = condition(workspace, filter);
    values.push(rows::limit(limit).into());
    Ok(conn
        .prepare_cached(&format!("{RECEIVED} WHERE {condition} ORDER BY x.id DESC LIMIT ?"))?
        .query_map(params_from_iter(&values), received)?
        .collect::<Result<_, _>>()?)
}

/// How many there are, counted up to [`COUNT_MAX`].
pub(super) fn count(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    filter: &ReceivedFilter,
) -> Result<u64, Fault> {
    let (condition, values) = condition(workspace, filter);
    Ok(conn
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM received x WHERE {condition} LIMIT {COUNT_MAX})"
        ))?
        .query_row(params_from_iter(&values), |row| rows::count(row, 0))?)
}

fn condition(workspace: Option<WorkspaceId>, filter: &ReceivedFilter) -> (String, Vec<Value>) {
    let mut terms = vec!["x.open = 0 AND x.workspace IS ?"];
    let mut values = vec![workspace.map_or(Value::Null, |workspace| workspace.key().into())];
    let mut also = |term, value: Value| {
        terms.push(term);
        values.push(value);
    };
    if let Some(phone) = filter.phone {
        also("x.phone = ?", rows::digits(phone).into());
    }
    if let Some(sender) = &filter.sender {
        also("lower(x.sender) = ?", sender.clone().into());
    }
    if let Some(meaning) = filter.meaning {
        also("x.meaning = ?", meaning.as_str().to_owned().into());
    }
    if let Some(conversation) = filter.conversation {
        also("x.conversation = ?", conversation.key().into());
    }
    if let Some(from) = filter.from {
        also("x.id >= ?", key_at(from).into());
    }
    if let Some(to) = filter.to {
        also("x.id < ?", key_at(to).into());
    }
    if let Some(before) = filter.before {
        also("x.id < ?", before.key().into());
    }
    (terms.join(" AND "), values)
}

/// The first key that a message at `at` may have: ids never run behind the clock.
pub(super) const fn key_at(at: Timestamp) -> i64 {
    let millis = at.millis();
    if millis < 0 { 0 } else { millis << ID_TIME_SHIFT }
}

/// Erases what a person sent to a workspace: numbers, texts and the octets as they came.
pub(super) fn forget(tx: &Tx<'_>, workspace: WorkspaceId, phone: Msisdn) -> rusqlite::Result<usize> {
    let who = params![rows::digits(phone), workspace.key()];
    tx.conn
        .prepare_cached(
            "DELETE FROM inbound WHERE received IN \
             (SELECT id FROM received WHERE phone = ?1 AND workspace = ?2)",
        )?
        .execute(who)?;
    tx.conn
        .prepare_cached(
            "UPDATE received SET phone = NULL, source = '', text = ?3, open = 0 \
             WHERE phone = ?1 AND workspace = ?2",
        )?
        .execute(params![rows::digits(phone), workspace.key(), ERASED_TEXT])
}
