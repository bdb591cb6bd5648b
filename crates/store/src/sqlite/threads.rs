//! Threads as a customer looks for them: those of phones that wrote, which have a row, and those of phones
//! that were only written to, which have none. A campaign of a million messages must not write a million rows
//! for them, so they are read off the messages, newest first: the first message to a phone is its last one. When
//! that was is read off its id, whose order the walk follows; so a look goes on exactly where one stopped.

use std::collections::HashSet;
use std::time::Duration;

use facteur_domain::{ItemId, MessageId, Msisdn, Sender, Timestamp, WorkspaceId};
use foldhash::fast::RandomState;
use rusqlite::{Connection, params};

use super::consents::next_key;
use super::conversations;
use super::fault::Fault;
use super::read::first_key;
use super::recipients::{self, Span};
use super::rows;
use super::writer::Tx;
use crate::{
    Conversation, ConversationFilter, ConversationMark, OneWay, StoreError, Thread, Threads, erased_number,
};

/// Messages that one look at threads reads, at most: some tens of milliseconds.
pub(super) const LOOKED_AT: usize = 30_000;
/// Messages that a thread is given when it gets its row.
const ITEMS_MAX: usize = 200;

const OF_WORKSPACE: &str = "SELECT id, recipient, sender FROM message \
     WHERE workspace = ?1 AND id < ?2 AND id >= ?3 ORDER BY id DESC";

/// Threads that have no row, the last active first.
struct Walk {
    found: Vec<OneWay>,
    /// Where it stopped, when it did before the end.
    stopped: Option<Timestamp>,
}

/// The threads that a filter leaves, the last active first: `limit` of them behind the first `skip`.
pub(super) fn list(
    conn: &mut Connection,
    workspace: WorkspaceId,
    filter: &ConversationFilter,
    (skip, limit): (usize, usize),
    looked_at: usize,
) -> Result<Threads, Fault> {
    let tx = conn.transaction()?;
    let walk = walk(&tx, workspace, filter, looked_at)?;
    // What is older than where the walk stopped would come before what it has not seen.
    let begun = ConversationFilter { active_since: filter.active_since.max(walk.stopped), ..filter.clone() };
    let total = conversations::count(&tx, workspace, &begun)? + walk.found.len() as u64;
    let rows = conversations::list(&tx, workspace, &begun, skip + limit)?;
    let mut threads: Vec<Thread> = rows.into_iter().map(Thread::Begun).collect();
    threads.extend(walk.found.into_iter().take(skip + limit).map(Thread::OneWay));
    threads.sort_by_key(|thread| std::cmp::Reverse((thread.last_at(), thread.last_item().key())));
    let rows = threads.into_iter().skip(skip).take(limit).collect();
    Ok(Threads { rows, total, back_to: walk.stopped })
}

fn walk(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: &ConversationFilter,
    looked_at: usize,
) -> Result<Walk, Fault> {
    let mut walk = Walk { found: Vec::new(), stopped: None };
    // What nobody wrote has nothing unread, and nobody put it away.
    if filter.unread == Some(true) || filter.archived == Some(true) {
        return Ok(walk);
    }
    let below = filter.active_before.map_or(i64::MAX, first_key);
    let from = filter.active_since.map_or(0, first_key);
    let mut sieve = Sieve { conn, workspace, filter, seen: HashSet::default() };
    if let Some(phone) = filter.phone {
        let span = Span { workspace, recipient: phone, below, from, limit: looked_at };
        for key in recipients::find(conn, span)? {
            let row = conn
                .prepare_cached("SELECT id, recipient, sender FROM message WHERE id = ?1")?
                .query_map([key], |row| sieve.take(row))?
                .next();
            walk.found.extend(row.transpose()?.flatten());
        }
        return Ok(walk);
    }
    let mut statement = conn.prepare_cached(OF_WORKSPACE)?;
    let mut found = statement.query(params![workspace.key(), below, from])?;
    let mut looked = 0;
    while let Some(row) = found.next()? {
        if looked == looked_at {
            let next = MessageId::from_key(row.get(0)?);
            walk.stopped = Some(next.made_at().plus(Duration::from_millis(1)));
            break;
        }
        looked += 1;
        walk.found.extend(sieve.take(row)?);
    }
    // What is of the same millisecond as the next one is found with it.
    if let Some(stopped) = walk.stopped {
        walk.found.retain(|thread| thread.last_at >= stopped);
    }
    Ok(walk)
}

/// What is asked of each message.
struct Sieve<'a> {
    conn: &'a Connection,
    workspace: WorkspaceId,
    filter: &'a ConversationFilter,
    seen: HashSet<(i64, Box<str>), RandomState>,
}

impl Sieve<'_> {
    /// The thread whose last message a row is.
    fn take(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<OneWay>> {
        let sender = row.get_ref(2)?.as_str()?;
        let (last_item, digits) = (MessageId::from_key(row.get(0)?), row.get::<_, i64>(1)?);
        let filter = self.filter;
        let wanted = filter.sender.as_ref().is_none_or(|wanted| sender.eq_ignore_ascii_case(wanted))
            && digits != rows::digits(erased_number());
        if !wanted || !self.seen.insert((digits, sender.to_ascii_lowercase().into())) {
            return Ok(None);
        }
        let sender = rows::sender(row, 2)?;
        let phone = rows::msisdn(row, 1)?;
        if conversations::covers(self.conn, self.workspace, phone, &sender)? {
            return Ok(None);
        }
        Ok(Some(OneWay { phone, sender, last_at: last_item.made_at(), last_item }))
    }
}

/// Does what somebody wants with a thread that has no row yet: it gets one where there is something to keep.
pub(super) fn mark(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    (phone, sender): (Msisdn, &Sender),
    mark: ConversationMark,
    at: Timestamp,
) -> Result<Option<Conversation>, Fault> {
    let span = Span { workspace, recipient: phone, below: i64::MAX, from: 0, limit: ITEMS_MAX };
    let mut items = Vec::new();
    for key in recipients::find(tx.conn, span)? {
        let ours = tx
            .conn
            .prepare_cached("SELECT accepted_at FROM message WHERE id = ?1 AND sender = ?2 COLLATE NOCASE")?
            .query_map(params![key, sender.to_string()], |row| rows::time(row, 0))?
            .next();
        items.extend(ours.transpose()?.map(|at| (MessageId::from_key(key), at)));
    }
    let (last_item, last_at) = *items.first().ok_or(StoreError::NotFound("conversation"))?;
    if matches!(mark, ConversationMark::Read | ConversationMark::Unarchive) {
        return Ok(None);
    }
    let code = match sender {
        Sender::Code(code) => Some(*code),
        Sender::Name(_) => None,
    };
    let id = next_key(tx.conn, "conversation", at)?;
    let row = Conversation {
        id: facteur_domain::ConversationId::from_key(id),
        workspace,
        phone,
        sender: *sender,
        code,
        last_at,
        last_item: ItemId::Sent(last_item),
        unread: 0,
        archived_at: None,
        session_until: Timestamp::from_millis(0),
    };
    conversations::begin(tx, &row)?;
    for (item, _) in items {
        conversations::add(tx, id, item.key())?;
    }
    conversations::mark(tx, workspace, row.id, mark, at).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Options, connect};

    #[test]
    fn threads_are_walked_down_the_index_of_the_workspace_and_looked_up_by_their_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        for (query, index) in
            [(OF_WORKSPACE, "message_of_workspace"), (conversations::COVERS, "phone=? AND workspace=?")]
        {
            let mut explained = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("valid");
            let count = explained.parameter_count();
            let plan: Vec<String> = explained
                .query_map(rusqlite::params_from_iter(vec![1i64; count]), |row| row.get(3))
                .expect("runs")
                .collect::<Result<_, _>>()
                .expect("reads");
            assert!(plan.len() == 1 && plan[0].contains(index), "{query}: {plan:?}");
        }
    }

    /// A million messages are looked at stretch by stretch, and every thread is found once.
    #[test]
    fn a_look_that_stops_says_where_the_next_one_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        conn.execute_batch(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
             INSERT INTO message SELECT n << 21, 16, 48, 'MyCompany', 33639980000 + n, 'marketing', 'x', 'gsm7', 1,
                 n, n, n, NULL, 0, NULL FROM n;
             INSERT INTO conversation VALUES (1, 16, 33639980040, 'MyCompany', 36180, 40, 40 << 21, 1, NULL, 0);",
        )
        .expect("written");
        let (mut seen, mut filter, mut looks) = (Vec::new(), ConversationFilter::default(), 0);
        loop {
            let found = list(&mut conn, WorkspaceId::from_key(16), &filter, (0, 100), 15).expect("found");
            assert_eq!(found.total, found.rows.len() as u64);
            seen.extend(found.rows.iter().map(|thread| thread.last_at().millis()));
            looks += 1;
            let Some(back_to) = found.back_to else { break };
            assert!(filter.active_before.is_none_or(|before| back_to < before), "it comes nearer to its end");
            filter.active_before = Some(back_to);
        }
        assert_eq!(seen, (1..=100).rev().collect::<Vec<i64>>());
        assert!(looks > 5);
    }
}
