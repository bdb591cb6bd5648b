//! A phone's message is read, and all that follows from it is written with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use facteur_domain::{AutoReply, ConversationId, InboundId, MessageId, Msisdn, ShortCode, Timestamp};
use rusqlite::{Connection, Row, params};

use super::consents::Scribe;
use super::conversations::{self, Turn};
use super::fault::Fault;
use super::received::{self, key_at};
use super::secret::Secret;
use super::writer::Tx;
use super::{accept, inbound, keywords, lifting, optouts, rows, webhooks, written};
use crate::{Answered, Arrived, Change, Known, ReplyMeaning, StoreError, Understand, Understood};

/// How far back what the product answered by itself is looked at.
const ANSWERED_WINDOW: Duration = Duration::from_hours(24);
/// Who records what follows from a phone's message.
const BY: &str = "phone";

/// A message as it is read.
struct Came {
    at: Timestamp,
    phone: Option<Msisdn>,
    code: Option<ShortCode>,
    parts: u8,
}

impl Came {
    fn find(conn: &Connection, id: InboundId) -> Result<Self, Fault> {
        let read = |row: &Row<'_>| {
            Ok(Self {
                at: rows::time(row, 0)?,
                phone: row.get::<_, Option<i64>>(1)?.map(|_| rows::msisdn(row, 1)).transpose()?,
                code: rows::maybe_code(row, 2)?,
                parts: row.get(3)?,
            })
        };
        Ok(conn
            .prepare_cached("SELECT at, phone, code, parts FROM received WHERE id = ?1")?
            .query_row([id.key()], read)?)
    }
}

/// Reads a message as far as it came. While parts are waited for (`open`) only what cannot wait happens:
/// its STOPs.
pub(super) fn read(
    tx: &mut Tx<'_>,
    id: InboundId,
    desk: &dyn Understand,
    (now, open): (Timestamp, bool),
) -> Result<Vec<Change>, Fault> {
    let came = Came::find(tx.conn, id)?;
    let parts = inbound::parts(tx, id, came.parts)?;
    let text = caught(|| desk.text(&parts))?;
    let known = known(tx.conn, &came, now)?;
    let arrived = Arrived { id, at: came.at, now, phone: came.phone, code: came.code, text: &text, open };
    let mut understood = caught(|| desk.understand(&arrived, &known))?;
    let changes = stop(tx, &mut understood, came.code, now)?;
    if open {
        return Ok(changes);
    }
    if let (true, Some(phone)) = (understood.restarts, came.phone) {
        lifting::lift_unattributed(tx, phone, came.code, (came.at, now), BY)?;
    }
    for order in std::mem::take(&mut understood.consents) {
        let scribe = Scribe { workspace: order.workspace, at: now, by: BY, origin: None };
        lifting::lift_by(tx, scribe, order.consent, "the person wrote to us again")?;
    }
    let conversation = turn(tx, id, &came, &understood)?;
    let answer = understood.answer.take();
    let answer_id = answer.as_ref().map(|accept| accept.message.id);
    close(tx, id, &text, &understood, (conversation, answer_id))?;
    let received = received::find(tx.conn, None, id)?;
    webhooks::received(tx, &received.ok_or(StoreError::NotFound("message"))?)?;
    // Last: what is due at once goes to memory, which a verb that is undone alone would leave behind.
    if let Some(accept) = answer {
        accept::accept(tx, [*accept], None, now)?;
    }
    Ok(changes)
}

/// Keeps a message whose handling fails as it came: nobody's, with what its bare text says and nothing else
/// that is on record. It asks for as little as can be.
pub(super) fn read_raw(
    tx: &mut Tx<'_>,
    id: InboundId,
    desk: &dyn Understand,
    now: Timestamp,
) -> Result<Vec<Change>, Fault> {
    let came = Came::find(tx.conn, id)?;
    let parts = inbound::parts(tx, id, came.parts)?;
    let text = caught(|| desk.text(&parts)).unwrap_or_default();
    let arrived =
        Arrived { id, at: came.at, now, phone: came.phone, code: came.code, text: &text, open: false };
    let mut understood = caught(|| desk.understand(&arrived, &Known::default()))?;
    let changes = stop(tx, &mut understood, came.code, now)?;
    understood.owner = None;
    close(tx, id, &text, &understood, (None, None))?;
    Ok(changes)
}

/// A text on which our own reading panics must not end the thread that keeps everybody's messages.
fn caught<T>(read: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(read))
        .map_err(|_| StoreError::Internal("reading a phone's message panicked".to_owned()).into())
}

fn known(conn: &Connection, came: &Came, now: Timestamp) -> Result<Known, Fault> {
    let mut known = Known::default();
    if let Some(code) = came.code {
        known.keywords = keywords::on_code(conn, code)?;
    }
    if let Some(phone) = came.phone {
        let hash = Secret::load(conn)?.hash(phone);
        known.stops = optouts::holding(conn, &hash)?.into_iter().map(|(stop, _)| stop).collect();
        known.unattributed = lifting::is_unattributed(conn, &hash, came.code)?;
        known.written = written::to(conn, phone, now)?;
    }
    if let (Some(phone), Some(code)) = (came.phone, came.code) {
        known.answered = answered(conn, phone, code, now)?;
    }
    Ok(known)
}

fn answered(
    conn: &Connection,
    phone: Msisdn,
    code: ShortCode,
    now: Timestamp,
) -> rusqlite::Result<Vec<Answered>> {
    conn.prepare_cached(
        "SELECT m.auto_reply, m.accepted_at FROM received x JOIN message m ON m.id = x.answer \
         WHERE x.phone = ?1 AND x.id >= ?2 AND x.code = ?3 ORDER BY x.id DESC LIMIT 100",
    )?
    .query_map(params![rows::digits(phone), key_at(now.minus(ANSWERED_WINDOW)), code.number()], |row| {
        let reply = row.get_ref(0)?.as_str().ok().and_then(AutoReply::from_name);
        Ok(Answered { reply: reply.ok_or_else(|| rows::wrong(0, "reply"))?, at: rows::time(row, 1)? })
    })?
    .collect()
}

fn stop(
    tx: &mut Tx<'_>,
    understood: &mut Understood,
    code: Option<ShortCode>,
    at: Timestamp,
) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::new();
    for order in std::mem::take(&mut understood.stops) {
        let scribe = Scribe { workspace: order.workspace, at, by: BY, origin: None };
        let (recorded, withdrawn) = optouts::record(tx, scribe, order.state, vec![order.opt_out])?;
        for stop in &recorded {
            tx.conn
                .prepare_cached("UPDATE opt_out SET code = ?2 WHERE id = ?1")?
                .execute(params![stop.id.key(), code.map(ShortCode::number)])?;
        }
        changes.extend(withdrawn);
    }
    Ok(changes)
}

fn turn(
    tx: &mut Tx<'_>,
    id: InboundId,
    came: &Came,
    understood: &Understood,
) -> Result<Option<ConversationId>, Fault> {
    let (Some(phone), Some(code), Some((workspace, sender))) = (came.phone, came.code, &understood.owner)
    else {
        return Ok(None);
    };
    let turn = Turn {
        id,
        at: came.at,
        workspace: *workspace,
        phone,
        sender,
        code,
        in_reply_to: understood.in_reply_to,
        session_until: understood.session_until,
    };
    conversations::came(tx, &turn).map(Some)
}

fn close(
    tx: &Tx<'_>,
    id: InboundId,
    text: &str,
    understood: &Understood,
    (conversation, answer): (Option<ConversationId>, Option<MessageId>),
) -> rusqlite::Result<()> {
    let owner = understood.owner.as_ref();
    tx.conn
        .prepare_cached(
            "UPDATE received SET open = 0, text = ?2, meaning = ?3, rule = ?4, workspace = ?5, sender = ?6, \
             conversation = ?7, keyword = ?8, in_reply_to = ?9, answer = coalesce(?10, answer) WHERE id = ?1",
        )?
        .execute(params![
            id.key(),
            text,
            understood.meaning.unwrap_or(ReplyMeaning::Reply).as_str(),
            understood.rule,
            owner.map(|(workspace, _)| workspace.key()),
            owner.map(|(_, sender)| sender.to_string()),
            conversation.map(ConversationId::key),
            understood.keyword.map(facteur_domain::KeywordId::key),
            understood.in_reply_to.map(MessageId::key),
            answer.map(MessageId::key),
        ])?;
    Ok(())
}
