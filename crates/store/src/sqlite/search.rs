//! Messages looked for by people: newest first, page after page, without a count and without a limit to
//! how many are kept. Each plan walks down an index that holds little else than what is looked for, and
//! stops after so many rows: then it says how far back it has looked, and where to go on.

use facteur_domain::{Message, MessageId, PartId, State, WorkspaceId};
use rusqlite::{Connection, Row, params};

use super::fault::Fault;
use super::read::{find, first_key, stored};
use super::recipients::{self, Span};
use super::rows::{self, MESSAGE};
use crate::{Found, MessageFilter, Search, StoredMessage};

/// Rows that one search looks at, at most: some tens of milliseconds.
pub(super) const LOOKED_AT: usize = 30_000;
/// To join a message with where it stands costs as much as looking at so many.
const JOIN: usize = 10;
/// Keys of one recipient read at once.
const CHUNK: usize = 256;
/// Ids may run ahead of the clock when many are made in a millisecond; never by so much.
const AHEAD_MILLIS: u64 = 60_000;

const ALL: &str = "m.workspace = ?1 AND m.id < ?2 AND m.id >= ?3 ORDER BY m.id DESC";
const OWED: &str =
    "SELECT id, state = ?1 AND workspace = ?2 FROM work WHERE id < ?3 AND id >= ?4 ORDER BY id DESC";
const ENDED: &str = "SELECT id, 1 FROM outcome WHERE state = ?1 AND state <> 10 AND id < ?3 AND id >= ?4 \
     AND ?2 IS NOT NULL ORDER BY id DESC";

/// A search under way.
struct Hunt<'a> {
    conn: &'a Connection,
    workspace: WorkspaceId,
    filter: &'a MessageFilter,
    limit: usize,
    budget: usize,
    rows: Vec<StoredMessage>,
    /// Where it has come to.
    at: Option<MessageId>,
    /// The budget ran out before the page was full.
    cut_short: bool,
}

/// Looks for messages.
pub(super) fn search(
    conn: &mut Connection,
    workspace: WorkspaceId,
    search: &Search,
    looked_at: usize,
) -> Result<Found, Fault> {
    let tx = conn.transaction()?;
    let Search { filter, below, limit } = search;
    let mut hunt = Hunt {
        conn: &tx,
        workspace,
        filter,
        limit: (*limit).max(1),
        budget: looked_at,
        rows: Vec::new(),
        at: None,
        cut_short: false,
    };
    let ahead = std::time::Duration::from_millis(AHEAD_MILLIS);
    let to = filter.to.map_or(i64::MAX, |to| first_key(to.plus(ahead)));
    let below = below.map_or(i64::MAX, MessageId::key).min(to);
    let from = filter.from.map_or(0, first_key);
    match (filter.recipient, filter.state) {
        (Some(recipient), _) => hunt.to(Span { workspace, recipient, below, from, limit: CHUNK })?,
        (None, Some(State::Unknown)) => hunt.unknown(below, from)?,
        (None, Some(state)) if !state.is_final() => hunt.of_state(OWED, state, below, from)?,
        (None, Some(state)) if state != State::Delivered => hunt.of_state(ENDED, state, below, from)?,
        _ => hunt.all(below, from)?,
    }
    let more = hunt.cut_short || hunt.rows.len() > hunt.limit;
    hunt.rows.truncate(hunt.limit);
    let last = if hunt.cut_short { hunt.at } else { hunt.rows.last().map(|row| row.message.id) };
    Ok(Found {
        back_to: hunt.cut_short.then(|| last.map(MessageId::made_at)).flatten(),
        next: last.filter(|_| more),
        rows: hunt.rows,
    })
}

impl Hunt<'_> {
    /// Whether it goes on after looking at `cost` rows, the last of them part of `message`.
    fn goes_on(&mut self, message: MessageId, cost: usize) -> bool {
        if self.rows.len() > self.limit {
            return false;
        }
        self.at = Some(message);
        self.cut_short = self.budget < cost;
        self.budget = self.budget.saturating_sub(cost);
        !self.cut_short
    }

    /// Every message of the workspace.
    fn all(&mut self, below: i64, from: i64) -> Result<(), Fault> {
        let mut statement =
            self.conn.prepare_cached(&format!("SELECT {MESSAGE} FROM message m WHERE {ALL}"))?;
        let mut found = statement.query(params![self.workspace.key(), below, from])?;
        while let Some(row) = found.next()? {
            let wanted = self.wants(row)?;
            if wanted {
                self.take(rows::message(row)?)?;
            }
            if !self.goes_on(MessageId::from_key(row.get(0)?), if wanted { JOIN } else { 1 }) {
                break;
            }
        }
        Ok(())
    }

    /// Messages to one number.
    fn to(&mut self, mut span: Span) -> Result<(), Fault> {
        loop {
            let keys = recipients::find(self.conn, span)?;
            for key in &keys {
                let id = MessageId::from_key(*key);
                self.consider(id)?;
                if !self.goes_on(id, JOIN) {
                    return Ok(());
                }
            }
            match keys.last() {
                Some(last) if keys.len() == span.limit => span.below = *last,
                _ => return Ok(()),
            }
        }
    }

    /// Messages with a part in a state, by an index that has them.
    fn of_state(&mut self, query: &str, state: State, below: i64, from: i64) -> Result<(), Fault> {
        let mut statement = self.conn.prepare_cached(query)?;
        let mut found = statement.query(params![rows::code(state), self.workspace.key(), below, from])?;
        let mut last = None;
        while let Some(row) = found.next()? {
            let message = PartId::from_key(row.get(0)?).message();
            let mut cost = 1;
            if row.get(1)? && last != Some(message) {
                last = Some(message);
                cost = JOIN;
                self.consider(message)?;
            }
            if !self.goes_on(message, cost) {
                break;
            }
        }
        Ok(())
    }

    /// Unknown messages stand among what is owed while there is hope, and among what ended after that: the
    /// newer of both.
    fn unknown(&mut self, below: i64, from: i64) -> Result<(), Fault> {
        let budget = self.budget / 2;
        let mut both = Vec::new();
        let mut reached = None;
        for query in [OWED, ENDED] {
            (self.budget, self.cut_short, self.at) = (budget, false, None);
            self.of_state(query, State::Unknown, below, from)?;
            if self.cut_short {
                reached = reached.max(self.at);
            }
            both.append(&mut self.rows);
        }
        // What is older than where one of them stopped would come before what that one has not seen.
        both.retain(|row| reached.is_none_or(|reached| row.message.id >= reached));
        both.sort_unstable_by_key(|row| std::cmp::Reverse(row.message.id));
        (self.cut_short, self.at) = (reached.is_some() && both.len() <= self.limit, reached);
        self.rows = both;
        Ok(())
    }

    /// Takes a message if it is there and wanted.
    fn consider(&mut self, id: MessageId) -> Result<(), Fault> {
        match find(self.conn, self.workspace, id)? {
            Some(message) if self.matches(&message) => self.take(message),
            _ => Ok(()),
        }
    }

    fn take(&mut self, message: Message) -> Result<(), Fault> {
        let row = stored(self.conn, message)?;
        if self.filter.state.is_none_or(|state| state == row.state) {
            self.rows.push(row);
        }
        Ok(())
    }

    /// As `matches`, before anything of the row is copied.
    fn wants(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let text = |column: usize| row.get_ref(column).map(|value| value.as_str_or_null().ok().flatten());
        let filter = self.filter;
        Ok(match &filter.sender {
            Some(sender) => text(3)?.is_some_and(|found| found.eq_ignore_ascii_case(sender)),
            None => true,
        } && match filter.class {
            Some(class) => text(5)? == Some(class.as_str()),
            None => true,
        } && match &filter.client_reference {
            Some(reference) => text(12)? == Some(reference),
            None => true,
        } && match filter.to {
            Some(to) => row.get::<_, i64>(9)? < to.millis(),
            None => true,
        } && match filter.from {
            Some(from) => row.get::<_, i64>(9)? >= from.millis(),
            None => true,
        })
    }

    fn matches(&self, message: &Message) -> bool {
        let filter = self.filter;
        let reference = message.client_reference.as_ref().map(facteur_domain::ClientReference::show);
        filter.recipient.is_none_or(|recipient| recipient == message.recipient)
            && filter
                .sender
                .as_ref()
                .is_none_or(|sender| message.sender.folded().eq_ignore_ascii_case(sender))
            && filter.class.is_none_or(|class| class == message.class)
            && filter.client_reference.as_deref().is_none_or(|wanted| reference == Some(wanted))
            && filter.to.is_none_or(|to| message.accepted_at < to)
            && filter.from.is_none_or(|from| message.accepted_at >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Options, connect};

    #[test]
    fn a_search_that_stops_early_says_where_and_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        conn.execute_batch(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
             INSERT INTO message SELECT n << 21, 16, 48, iif(n % 40 = 0, 'Rare', 'MyCompany'), 33639980001,
                 'otp', 'x', 'gsm7', 1, n, n, n, NULL, 0, NULL FROM n;
             INSERT INTO outcome SELECT id, iif(workspace = 16 AND sender = 'Rare', 9, 8), 0, 1, 0, NULL, NULL, 0, 0,
                 0, NULL, NULL FROM message;
             UPDATE message SET workspace = 32 WHERE sender <> 'Rare' AND id % 3 = 0;",
        )
        .expect("written");
        let rare = MessageFilter { sender: Some("rare".to_owned()), ..MessageFilter::default() };
        let lost = MessageFilter { state: Some(State::Unknown), ..MessageFilter::default() };
        let failed = MessageFilter { state: Some(State::Expired), ..MessageFilter::default() };
        for (filter, wanted) in [(rare, vec![80, 40]), (failed, vec![80, 40]), (lost, vec![])] {
            let (mut seen, mut below, mut stops) = (Vec::new(), None, 0);
            loop {
                let asked = Search { filter: filter.clone(), below, limit: 10 };
                let found = search(&mut conn, WorkspaceId::from_key(16), &asked, 15).expect("found");
                seen.extend(found.rows.iter().map(|row| row.message.accepted_at.millis()));
                assert_eq!(found.next.is_some(), found.back_to.is_some());
                stops += usize::from(found.back_to.is_some());
                let Some(next) = found.next else { break };
                assert!(below.is_none_or(|below| next < below), "it comes nearer to its end");
                below = Some(next);
            }
            assert_eq!(seen, wanted);
            assert!(stops > 0 || wanted.len() != 2 || filter.state.is_some());
        }
    }

    #[test]
    fn each_plan_walks_down_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        let all = format!("SELECT {MESSAGE} FROM message m WHERE {ALL}");
        for (query, index) in [
            (all.as_str(), "message_of_workspace"),
            (OWED, "INTEGER PRIMARY KEY"),
            (ENDED, "outcome_not_delivered"),
        ] {
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
}
