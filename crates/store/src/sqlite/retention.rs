//! What is not kept for ever: texts, then messages, then the proofs of what was decided about them. Ids are
//! ordered by time, so what is old is a stretch of each table, forgotten from its beginning in slices that
//! hold nobody up; how far it has come is kept in `forgotten`.
//!
//! A text whose message is still owed when its turn comes stays, and goes when the message has come to its end
//! (`Memory::forgets`); so do the texts of classes that are kept no longer than that.

use std::time::Duration;

use facteur_domain::{Class, MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::parcel::PART_MASK;
use super::read::first_key;
use super::received::key_at;
use super::rows;
use super::writer::Tx;
use super::{Store, recipients, verbs::Manner};
use crate::{FORGOTTEN_TEXT, Forget, Pending};

/// Messages that one transaction forgets: some milliseconds of the writer's time.
const SLICE: usize = 500;
/// How far messages were forgotten, in `forgotten`.
const MESSAGES: &str = "messages";
/// How far proofs were.
const PROOFS: &str = "proofs";

/// Where the texts of each class are forgotten up to, and which go with the end of their message.
pub(super) struct Texts {
    /// By class, in the order of [`Class::ALL`].
    reached: [i64; Class::ALL.len()],
    at_end: Vec<Class>,
}

impl Texts {
    /// What the database says.
    pub(super) fn load(conn: &Connection, at_end: Vec<Class>) -> rusqlite::Result<Self> {
        let mut reached = [0; Class::ALL.len()];
        for (reached, class) in reached.iter_mut().zip(Class::ALL) {
            *reached = progress(conn, &name(class))?;
        }
        Ok(Self { reached, at_end })
    }

    /// Whether a message that has come to its end keeps its text no longer.
    pub(super) fn end(&self, class: Class, message: MessageId) -> bool {
        let reached = Class::ALL.iter().zip(self.reached).find(|(c, _)| **c == class);
        self.at_end.contains(&class) || reached.is_some_and(|(_, reached)| message.key() <= reached)
    }

    fn reach(&mut self, class: Class, to: i64) {
        if let Some(at) = Class::ALL.iter().position(|c| *c == class) {
            self.reached[at] = to;
        }
    }
}

fn name(class: Class) -> String {
    format!("content:{class}")
}

impl Store {
    /// Forgets the next slice of what was accepted before an instant; `true` while there is more. What is
    /// still owed is not touched.
    pub fn forget(&self, what: Forget, before: Timestamp) -> Pending<bool> {
        self.write(Manner::owed(SLICE), move |tx| match what {
            Forget::Texts(class) => texts(tx, class, before),
            Forget::Messages => messages(tx, before),
            Forget::Proofs => proofs(tx, before),
            Forget::ReplyTexts | Forget::Replies | Forget::ReplyProofs => replies(tx, what, before),
        })
    }
}

/// The start of the UTC day that was `period` ago: whole days are forgotten.
#[must_use]
pub fn forgotten_before(now: Timestamp, period: Duration) -> Timestamp {
    const DAY_MS: i64 = 86_400_000;
    Timestamp::from_millis(now.minus(period).utc_day() * DAY_MS)
}

fn progress(conn: &Connection, what: &str) -> rusqlite::Result<i64> {
    let found = conn
        .prepare_cached("SELECT message FROM forgotten WHERE what = ?1")?
        .query_row([what], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

fn keep_progress(tx: &Tx<'_>, what: &str, to: i64) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached("INSERT OR REPLACE INTO forgotten (what, message) VALUES (?1, ?2)")?
        .execute(params![what, to])?;
    Ok(())
}

/// The next slice of a table of messages: after `from`, up to the answer's first; whether it is the last
/// one before `horizon`.
fn slice(conn: &Connection, from: i64, horizon: i64) -> rusqlite::Result<(i64, bool)> {
    let last = conn
        .prepare_cached("SELECT id FROM message WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1 OFFSET ?3")?
        .query_row([from, horizon, rows::limit(SLICE) - 1], |row| row.get(0))
        .optional()?;
    Ok(last.map_or((horizon, true), |last| (last, false)))
}

fn texts(tx: &mut Tx<'_>, class: Class, before: Timestamp) -> Result<bool, Fault> {
    let (what, horizon) = (name(class), first_key(before) - 1);
    let from = progress(tx.conn, &what)?;
    if from >= horizon {
        return Ok(false);
    }
    let (to, last) = slice(tx.conn, from, horizon)?;
    tx.conn
        .prepare_cached(
            "UPDATE message SET text = ?4 WHERE id > ?1 AND id <= ?2 AND class = ?3 AND text <> ?4 \
             AND NOT EXISTS (SELECT 1 FROM work w WHERE w.id BETWEEN message.id AND message.id + 15)",
        )?
        .execute(params![from, to, class.as_str(), FORGOTTEN_TEXT])?;
    keep_progress(tx, &what, to)?;
    // Before the commit, and none the worse for a batch that is not kept: an end forgets a little more.
    tx.memory.texts.reach(class, to);
    Ok(!last)
}

/// Forgets one text.
pub(super) fn forget_text(tx: &Tx<'_>, message: MessageId) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached("UPDATE message SET text = ?2 WHERE id = ?1")?
        .execute(params![message.key(), FORGOTTEN_TEXT])?;
    Ok(())
}

/// Messages go with how they ended, their stories and their place in the index; not before everything older
/// has come to its end.
fn messages(tx: &mut Tx<'_>, before: Timestamp) -> Result<bool, Fault> {
    let owed: Option<i64> =
        tx.conn.prepare_cached("SELECT min(id) FROM work")?.query_row([], |row| row.get(0))?;
    let horizon = (first_key(before) - 1).min(owed.map_or(i64::MAX, |id| (id & !PART_MASK) - 1));
    let from = progress(tx.conn, MESSAGES)?;
    if from >= horizon {
        // The index follows: a run of it at once.
        return Ok(recipients::drop_run(tx, from)?);
    }
    let (to, _) = slice(tx.conn, from, horizon)?;
    let parts = to | PART_MASK;
    for (query, to) in [
        ("DELETE FROM message WHERE id > ?1 AND id <= ?2", to),
        ("DELETE FROM outcome WHERE id > ?1 AND id <= ?2", parts),
        ("DELETE FROM late WHERE id > ?1 AND id <= ?2", parts),
        ("DELETE FROM step WHERE message > ?1 AND message <= ?2", to),
    ] {
        tx.conn.prepare_cached(query)?.execute([from, to])?;
    }
    keep_progress(tx, MESSAGES, to)?;
    Ok(true)
}

/// What phones wrote, one stretch of ids (requirement `fr-reply-retention`). What is a proof (of a STOP, of a consent) goes by a time of its own; what
/// still waits for parts is not touched.
fn replies(tx: &Tx<'_>, what: Forget, before: Timestamp) -> Result<bool, Fault> {
    const PROOF: &str = "meaning IN ('stop', 'stop_doubtful', 'start', 'keyword')";
    let (name, which) = match what {
        Forget::ReplyTexts => ("replies:texts", format!("NOT {PROOF}")),
        Forget::Replies => ("replies", format!("NOT {PROOF}")),
        _ => ("replies:proofs", PROOF.to_owned()),
    };
    let (from, horizon) = (progress(tx.conn, name)?, key_at(before) - 1);
    if from >= horizon {
        return Ok(false);
    }
    let last: Option<i64> = tx
        .conn
        .prepare_cached("SELECT id FROM received WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1 OFFSET ?3")?
        .query_row([from, horizon, rows::limit(SLICE) - 1], |row| row.get(0))
        .optional()?;
    let to = last.unwrap_or(horizon);
    let these = format!("SELECT id FROM received WHERE id > ?1 AND id <= ?2 AND open = 0 AND {which}");
    tx.conn
        .prepare_cached(&format!("DELETE FROM inbound WHERE received IN ({these})"))?
        .execute([from, to])?;
    if what == Forget::ReplyTexts {
        tx.conn
            .prepare_cached(&format!("UPDATE received SET text = ?3 WHERE id IN ({these}) AND text <> ?3"))?
            .execute(params![from, to, FORGOTTEN_TEXT])?;
    } else {
        quiet_threads(tx, (from, to), before)?;
        let items = these.replacen("SELECT id", "SELECT conversation, id", 1);
        for query in [
            format!("DELETE FROM conversation_item WHERE (conversation, item) IN ({items})"),
            format!("DELETE FROM received WHERE id IN ({these})"),
        ] {
            tx.conn.prepare_cached(&query)?.execute([from, to])?;
        }
    }
    keep_progress(tx, name, to)?;
    Ok(last.is_some())
}

/// Forgets the threads of a stretch of replies in which nothing has happened since.
fn quiet_threads(tx: &Tx<'_>, (from, to): (i64, i64), before: Timestamp) -> Result<(), Fault> {
    let quiet: Vec<i64> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM conversation WHERE last_at < ?3 AND id IN \
             (SELECT conversation FROM received WHERE id > ?1 AND id <= ?2)",
        )?
        .query_map([from, to, before.millis()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for thread in quiet {
        for query in [
            "DELETE FROM conversation_item WHERE conversation = ?1",
            "DELETE FROM conversation WHERE id = ?1",
        ] {
            tx.conn.prepare_cached(query)?.execute([thread])?;
        }
    }
    Ok(())
}

/// Verdicts, and which consents messages relied on. They name nobody, and outlive their messages.
fn proofs(tx: &mut Tx<'_>, before: Timestamp) -> Result<bool, Fault> {
    let (from, horizon) = (progress(tx.conn, PROOFS)?, first_key(before) - 1);
    if from >= horizon {
        return Ok(false);
    }
    let nth = "SELECT id FROM verdict WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1 OFFSET ?3";
    let last: Option<i64> = tx
        .conn
        .prepare_cached(nth)?
        .query_row([from, horizon, rows::limit(SLICE) - 1], |row| row.get(0))
        .optional()?;
    let to = last.map_or(horizon, |last| last | PART_MASK);
    tx.conn.prepare_cached("DELETE FROM verdict WHERE id > ?1 AND id <= ?2")?.execute([from, to])?;
    tx.conn
        .prepare_cached("DELETE FROM reliance WHERE message > ?1 AND message <= ?2")?
        .execute([from, to])?;
    keep_progress(tx, PROOFS, to)?;
    Ok(last.is_some())
}
