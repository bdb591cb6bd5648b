//! What was judged of a message, at its acceptance and at its departure, and the consent it relied on
//! (requirement `fr-verdict-kept`).

use facteur_domain::{ConsentId, MessageId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::writer::Tx;

/// Ids of messages leave four bits: the first tells the two verdicts apart.
const DEPARTURE: i64 = 1;

/// Keeps the verdict of an acceptance.
pub(super) fn keep_acceptance(tx: &Tx<'_>, message: MessageId, json: &str) -> rusqlite::Result<()> {
    keep(tx, message.key(), json)
}

/// Keeps verdicts of departures; of several of one message, the last.
pub(super) fn keep_departures(tx: &Tx<'_>, batch: &[(MessageId, String)]) -> Result<(), Fault> {
    Ok(batch.iter().try_for_each(|(message, json)| keep(tx, message.key() | DEPARTURE, json))?)
}

fn keep(tx: &Tx<'_>, id: i64, json: &str) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached("INSERT OR REPLACE INTO verdict (id, json) VALUES (?1, ?2)")?
        .execute(params![id, json])?;
    Ok(())
}

/// Links a message to the ledger's entry that it relies on.
pub(super) fn rely(tx: &Tx<'_>, message: MessageId, consent: ConsentId) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached("INSERT INTO reliance (message, consent) VALUES (?1, ?2)")?
        .execute([message.key(), consent.key()])?;
    Ok(())
}

/// The verdicts of a message's acceptance and departure.
pub(super) fn of(
    conn: &mut Connection,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<(Option<String>, Option<String>), Fault> {
    let tx = conn.transaction()?;
    if !is_there(&tx, workspace, message)? {
        return Ok((None, None));
    }
    let read = |id: i64| {
        tx.prepare_cached("SELECT json FROM verdict WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()
    };
    Ok((read(message.key())?, read(message.key() | DEPARTURE)?))
}

/// The ledger's entry that a message relied on.
pub(super) fn relied_on(
    conn: &mut Connection,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<Option<ConsentId>, Fault> {
    let tx = conn.transaction()?;
    if !is_there(&tx, workspace, message)? {
        return Ok(None);
    }
    Ok(tx
        .prepare_cached("SELECT consent FROM reliance WHERE message = ?1")?
        .query_row([message.key()], |row| row.get(0).map(ConsentId::from_key))
        .optional()?)
}

fn is_there(conn: &Connection, workspace: WorkspaceId, message: MessageId) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM message WHERE id = ?1 AND workspace = ?2")?
        .exists([message.key(), workspace.key()])
}
