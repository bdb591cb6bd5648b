//! Threads between phones and senders (requirement `fr-conversation`): begun by what phones send,
//! continued by what is sent to them.

use std::collections::HashSet;

use facteur_domain::{
    ConversationId, InboundId, ItemId, Message, MessageId, Msisdn, Sender, ShortCode, Timestamp, WorkspaceId,
};
use foldhash::fast::RandomState;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::consents::next_key;
use super::fault::Fault;
use super::writer::Tx;
use super::{read, received, rows};
use crate::{COUNT_MAX, Conversation, ConversationFilter, ConversationMark, Item, ReplySession, StoreError};

const CONVERSATION: &str = "SELECT id, workspace, phone, sender, code, last_at, last_item, unread, archived_at, \
     session_until FROM conversation";

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: ConversationId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        phone: rows::msisdn(row, 2)?,
        sender: rows::maybe_sender(row, 3)?.ok_or_else(|| rows::wrong(3, "sender"))?,
        code: rows::maybe_code(row, 4)?,
        last_at: rows::time(row, 5)?,
        last_item: ItemId::from_key(row.get(6)?),
        unread: row.get(7)?,
        archived_at: rows::maybe_time(row, 8)?,
        session_until: rows::time(row, 9)?,
    })
}

/// Phones that have a conversation.
pub(super) fn talkers(conn: &Connection) -> rusqlite::Result<HashSet<Msisdn, RandomState>> {
    conn.prepare_cached("SELECT DISTINCT phone FROM conversation")?
        .query_map([], |row| rows::msisdn(row, 0))?
        .collect()
}

/// A message that belongs to a thread: between whom, and by which code.
pub(super) struct Turn<'a> {
    pub(super) id: InboundId,
    pub(super) at: Timestamp,
    pub(super) workspace: WorkspaceId,
    pub(super) phone: Msisdn,
    pub(super) sender: &'a Sender,
    pub(super) code: ShortCode,
    /// The message it answers: the thread begins with it.
    pub(super) in_reply_to: Option<MessageId>,
    /// `None` leaves the session as it is.
    pub(super) session_until: Option<Timestamp>,
}

/// Adds what a phone sent to its thread, which it may begin.
pub(super) fn came(tx: &mut Tx<'_>, turn: &Turn<'_>) -> Result<ConversationId, Fault> {
    let sender = turn.sender.to_string();
    let there: Option<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM conversation WHERE phone = ?1 AND workspace = ?2 AND sender = ?3")?
        .query_row(params![rows::digits(turn.phone), turn.workspace.key(), sender], |row| row.get(0))
        .optional()?;
    let id = if let Some(id) = there {
        id
    } else {
        let id = next_key(tx.conn, "conversation", turn.at)?;
        let row = Conversation {
            id: ConversationId::from_key(id),
            workspace: turn.workspace,
            phone: turn.phone,
            sender: *turn.sender,
            code: Some(turn.code),
            last_at: turn.at,
            last_item: ItemId::Received(turn.id),
            unread: 0,
            archived_at: None,
            session_until: Timestamp::from_millis(0),
        };
        begin(tx, &row)?;
        if let Some(message) = turn.in_reply_to {
            add(tx, id, message.key())?;
        }
        id
    };
    let fresh = add(tx, id, turn.id.key())?;
    tx.conn
        .prepare_cached(
            "UPDATE conversation SET code = ?2, last_at = max(last_at, ?3), last_item = max(last_item, ?4), \
             unread = unread + ?5, archived_at = NULL, session_until = coalesce(?6, session_until) WHERE id = ?1",
        )?
        .execute(params![
            id,
            turn.code.number(),
            turn.at.millis(),
            turn.id.key(),
            fresh,
            turn.session_until.map(Timestamp::millis),
        ])?;
    Ok(ConversationId::from_key(id))
}

/// Gives a thread its row.
pub(super) fn begin(tx: &mut Tx<'_>, row: &Conversation) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO conversation (id, workspace, phone, sender, code, last_at, last_item, unread, \
             session_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
        )?
        .execute(params![
            row.id.key(),
            row.workspace.key(),
            rows::digits(row.phone),
            row.sender.to_string(),
            row.code.map(ShortCode::number),
            row.last_at.millis(),
            row.last_item.key(),
        ])?;
    tx.memory.talkers.insert(row.phone);
    Ok(())
}

/// The row to which what a sender sends to a phone belongs.
pub(super) const COVERS: &str =
    "SELECT 1 FROM conversation WHERE phone = ?1 AND workspace = ?2 AND (sender = ?3 OR code = ?4)";

/// Whether what a sender sends to a phone belongs to a thread that has a row.
pub(super) fn covers(
    conn: &Connection,
    workspace: WorkspaceId,
    phone: Msisdn,
    sender: &Sender,
) -> rusqlite::Result<bool> {
    let code = match sender {
        Sender::Code(code) => Some(code.number()),
        Sender::Name(_) => None,
    };
    conn.prepare_cached(COVERS)?.exists(params![
        rows::digits(phone),
        workspace.key(),
        sender.to_string(),
        code
    ])
}

/// Whether it was not there before.
pub(super) fn add(tx: &Tx<'_>, conversation: i64, item: i64) -> rusqlite::Result<bool> {
    let added = tx
        .conn
        .prepare_cached("INSERT OR IGNORE INTO conversation_item (conversation, item) VALUES (?1, ?2)")?
        .execute([conversation, item])?;
    Ok(added > 0)
}

/// Adds what is sent to the thread it belongs to, if there is one. Most phones have never written: a look
/// in memory is all that they cost.
pub(super) fn sent(tx: &Tx<'_>, message: &Message) -> rusqlite::Result<()> {
    if !tx.memory.talkers.contains(&message.recipient) {
        return Ok(());
    }
    let code = match &message.sender {
        Sender::Code(code) => Some(code.number()),
        Sender::Name(_) => None,
    };
    let threads: Vec<i64> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM conversation WHERE phone = ?1 AND workspace = ?2 AND (sender = ?3 OR code = ?4)",
        )?
        .query_map(
            params![
                rows::digits(message.recipient),
                message.workspace.key(),
                message.sender.to_string(),
                code
            ],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    for id in threads {
        add(tx, id, message.id.key())?;
        tx.conn
            .prepare_cached(
                "UPDATE conversation SET last_at = max(last_at, ?2), last_item = max(last_item, ?3) WHERE id = ?1",
            )?
            .execute(params![id, message.accepted_at.millis(), message.id.key()])?;
    }
    Ok(())
}

/// Does what somebody wants with a conversation.
pub(super) fn mark(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    id: ConversationId,
    mark: ConversationMark,
    at: Timestamp,
) -> Result<Conversation, Fault> {
    let (change, value) = match mark {
        ConversationMark::Read => ("unread = ?3", Some(0)),
        ConversationMark::Unread => ("unread = max(unread, ?3)", Some(1)),
        ConversationMark::Archive => ("archived_at = coalesce(archived_at, ?3)", Some(at.millis())),
        ConversationMark::Unarchive => ("archived_at = ?3", None),
    };
    tx.conn
        .prepare_cached(&format!("UPDATE conversation SET {change} WHERE id = ?1 AND workspace = ?2"))?
        .execute(params![id.key(), workspace.key(), value])?;
    Ok(find(tx.conn, workspace, id)?.ok_or(StoreError::NotFound("conversation"))?)
}

/// A workspace's conversation.
pub(super) fn find(
    conn: &Connection,
    workspace: WorkspaceId,
    id: ConversationId,
) -> rusqlite::Result<Option<Conversation>> {
    conn.prepare_cached(&format!("{CONVERSATION} WHERE id = ?1 AND workspace = ?2"))?
        .query_row([id.key(), workspace.key()], conversation)
        .optional()
}

/// A workspace's conversations, the last active first.
pub(super) fn list(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: &ConversationFilter,
    limit: usize,
) -> Result<Vec<Conversation>, Fault> {
    let (condition, mut values) = condition(workspace, filter);
    values.push(rows::limit(limit).into());
    Ok(conn
        .prepare_cached(&format!("{CONVERSATION} WHERE {condition} ORDER BY last_at DESC, id DESC LIMIT ?"))?
        .query_map(params_from_iter(&values), conversation)?
        .collect::<Result<_, _>>()?)
}

/// How many there are, counted up to [`COUNT_MAX`].
pub(super) fn count(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: &ConversationFilter,
) -> Result<u64, Fault> {
    let (condition, values) = condition(workspace, filter);
    Ok(conn
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM conversation WHERE {condition} LIMIT {COUNT_MAX})"
        ))?
        .query_row(params_from_iter(&values), |row| rows::count(row, 0))?)
}

fn condition(workspace: WorkspaceId, filter: &ConversationFilter) -> (String, Vec<Value>) {
    let mut terms = vec!["workspace = ?"];
    let mut values = vec![Value::from(workspace.key())];
    if let Some(phone) = filter.phone {
        terms.push("phone = ?");
        values.push(rows::digits(phone).into());
    }
    if let Some(sender) = &filter.sender {
        terms.push("(lower(sender) = ? OR code = CAST(? AS INTEGER))");
        values.extend([sender.clone().into(), sender.clone().into()]);
    }
    if let Some(since) = filter.active_since {
        terms.push("last_at >= ?");
        values.push(since.millis().into());
    }
    if let Some(before) = filter.active_before {
        terms.push("last_at < ?");
        values.push(before.millis().into());
    }
    if let Some((at, id)) = filter.before {
        terms.push("(last_at, id) < (?, ?)");
        values.extend([at.millis().into(), id.key().into()]);
    }
    match filter.unread {
        Some(true) => terms.push("unread > 0"),
        Some(false) => terms.push("unread = 0"),
        None => {}
    }
    match filter.archived {
        Some(true) => terms.push("archived_at IS NOT NULL"),
        Some(false) => terms.push("archived_at IS NULL"),
        None => {}
    }
    (terms.join(" AND "), values)
}

/// The messages of a conversation, newest first.
pub(super) fn items(
    conn: &mut Connection,
    workspace: WorkspaceId,
    id: ConversationId,
    before: Option<ItemId>,
    limit: usize,
) -> Result<Vec<Item>, Fault> {
    let tx = conn.transaction()?;
    if find(&tx, workspace, id)?.is_none() {
        return Err(StoreError::NotFound("conversation").into());
    }
    let keys: Vec<i64> = tx
        .prepare_cached(
            "SELECT item FROM conversation_item WHERE conversation = ?1 AND item < ?2 ORDER BY item DESC LIMIT ?3",
        )?
        .query_map(
            params![id.key(), before.map_or(i64::MAX, ItemId::key), rows::limit(limit)],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    let found = keys.into_iter().map(|key| item(&tx, workspace, ItemId::from_key(key)));
    Ok(found.collect::<Result<Vec<_>, Fault>>()?.into_iter().flatten().collect())
}

/// A message of a workspace, whichever way it went.
pub(super) fn item(conn: &Connection, workspace: WorkspaceId, id: ItemId) -> Result<Option<Item>, Fault> {
    Ok(match id {
        ItemId::Sent(id) => read::stored_message(conn, workspace, id)?.map(|sent| Item::Sent(Box::new(sent))),
        ItemId::Received(id) => {
            received::find(conn, Some(workspace), id)?.map(|came| Item::Received(Box::new(came)))
        }
    })
}

/// The conversation that a message belongs to.
pub(super) fn of_item(
    conn: &Connection,
    workspace: WorkspaceId,
    id: ItemId,
) -> rusqlite::Result<Option<Conversation>> {
    conn.prepare_cached(&format!(
        "{CONVERSATION} WHERE workspace = ?1 AND phone = coalesce(\
         (SELECT recipient FROM message WHERE id = ?2), (SELECT phone FROM received WHERE id = ?2)) \
         AND EXISTS (SELECT 1 FROM conversation_item WHERE conversation = conversation.id AND item = ?2)"
    ))?
    .query_row([workspace.key(), id.key()], conversation)
    .optional()
}

/// Until when a phone may be answered.
pub(super) fn sessions(
    conn: &Connection,
    workspace: WorkspaceId,
    phone: Msisdn,
) -> rusqlite::Result<Vec<ReplySession>> {
    conn.prepare_cached(&format!("{CONVERSATION} WHERE phone = ?1 AND workspace = ?2"))?
        .query_map([rows::digits(phone), workspace.key()], |row| {
            let Conversation { sender, code, session_until: until, .. } = conversation(row)?;
            Ok(code.map(|code| ReplySession { sender, code, until }))
        })?
        .filter_map(Result::transpose)
        .collect()
}

/// Forgets the threads of a person with a workspace.
pub(super) fn forget(tx: &Tx<'_>, workspace: WorkspaceId, phone: Msisdn) -> rusqlite::Result<usize> {
    tx.conn
        .prepare_cached(
            "DELETE FROM conversation_item WHERE conversation IN \
             (SELECT id FROM conversation WHERE phone = ?1 AND workspace = ?2)",
        )?
        .execute([rows::digits(phone), workspace.key()])?;
    tx.conn
        .prepare_cached("DELETE FROM conversation WHERE phone = ?1 AND workspace = ?2")?
        .execute([rows::digits(phone), workspace.key()])
}
