//! By which message a phone was last written through a code: what its answer is about. Small, so that a
//! message costs one look-up by a key that its recipient's other messages share.

use std::time::Duration;

use facteur_domain::{Class, MessageId, Msisdn, Sender, ShortCode, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use super::parcel::Parcel;
use super::rows;
use super::writer::Tx;
use crate::{HandOver, Written};

/// How long an answer is attributed by the last message before it (`stop-words.toml`, attribution).
pub(super) const LOOK_BACK: Duration = Duration::from_hours(90 * 24);
/// Senders by which one phone was written, at most: far more than anybody has.
const SENDERS_MAX: i64 = 64;
/// Phones looked at in one round of tidying.
const TIDY_PHONES: i64 = 2_000;

/// A message leaves.
pub(super) fn note(
    tx: &Tx<'_>,
    order: &HandOver,
    parcel: &Parcel,
    (code, sender): (ShortCode, Sender),
) -> rusqlite::Result<()> {
    let marketing = order.marketing || parcel.shared.class == Class::Marketing;
    let mut statement = tx.conn.prepare_cached(
        "INSERT INTO written (phone, code, workspace, sender, message, at, marketing_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT DO UPDATE SET message = excluded.message, at = excluded.at, \
         marketing_at = coalesce(excluded.marketing_at, marketing_at)",
    )?;
    let name;
    let sender = match &sender {
        Sender::Name(name) => name.as_str(),
        Sender::Code(code) => {
            name = code.to_string();
            &name
        }
    };
    statement.execute(params![
        rows::digits(parcel.shared.recipient),
        code.number(),
        parcel.shared.workspace.key(),
        sender,
        order.message.key(),
        order.at.millis(),
        marketing.then_some(order.at.millis()),
    ])?;
    Ok(())
}

/// By whom a phone was written, the last first.
pub(super) fn to(conn: &Connection, phone: Msisdn, now: Timestamp) -> rusqlite::Result<Vec<Written>> {
    conn.prepare_cached(
        "SELECT workspace, sender, message, at, marketing_at, code FROM written \
         WHERE phone = ?1 AND at >= ?2 ORDER BY at DESC LIMIT ?3",
    )?
    .query_map(params![rows::digits(phone), now.minus(LOOK_BACK).millis(), SENDERS_MAX], |row| {
        Ok(Written {
            code: rows::maybe_code(row, 5)?.ok_or_else(|| rows::wrong(5, "short code"))?,
            workspace: WorkspaceId::from_key(row.get(0)?),
            sender: rows::maybe_sender(row, 1)?.ok_or_else(|| rows::wrong(1, "sender"))?,
            message: MessageId::from_key(row.get(2)?),
            at: rows::time(row, 3)?,
            marketing_at: rows::maybe_time(row, 4)?,
        })
    })?
    .collect()
}

/// Forgets what is too old, of some phones at a time; how many rows went.
pub(super) fn tidy(tx: &mut Tx<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let from = tx.memory.tidied_phone;
    let to: Option<i64> = tx
        .conn
        .prepare_cached("SELECT phone FROM written WHERE phone > ?1 ORDER BY phone LIMIT 1 OFFSET ?2")?
        .query_row([from, TIDY_PHONES], |row| row.get(0))
        .optional()?;
    tx.memory.tidied_phone = to.unwrap_or(0);
    tx.conn.prepare_cached("DELETE FROM written WHERE phone > ?1 AND phone <= ?2 AND at < ?3")?.execute([
        from,
        to.unwrap_or(i64::MAX),
        now.minus(LOOK_BACK).millis(),
    ])
}

/// Forgets what a workspace wrote to a person.
pub(super) fn forget(tx: &Tx<'_>, workspace: WorkspaceId, phone: Msisdn) -> rusqlite::Result<usize> {
    tx.conn
        .prepare_cached("DELETE FROM written WHERE phone = ?1 AND workspace = ?2")?
        .execute([rows::digits(phone), workspace.key()])
}
