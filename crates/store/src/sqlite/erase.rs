//! Forgetting a person on request: what the ledger, the STOPs and the messages say of them goes; the
//! chain stays whole, and the STOP holds by the keyed hash.

use facteur_domain::{MessageId, Msisdn, Timestamp, WorkspaceId};
use rusqlite::{Connection, params};

use super::admin::note;
use super::consents::Scribe;
use super::contacts;
use super::fault::Fault;
use super::parcel::PART_MASK;
use super::recipients::{self, Span};
use super::rows;
use super::secret::Secret;
use super::writer::Tx;
use super::{conversations, received, waiting, webhooks, written};
use crate::{Actor, AuditLine, ERASED_TEXT, Withdrawal, erased_number};

/// Messages that one transaction erases, so that nothing waits for long.
pub(super) const CHUNK: usize = 500;

/// Does something so that what it deletes is overwritten in the file, too.
fn overwriting<T>(conn: &Connection, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    conn.pragma_update(None, "secure_delete", true)?;
    let done = work();
    conn.pragma_update(None, "secure_delete", false)?;
    done
}

/// Erases what the ledger and the STOPs of a workspace say of a number. How many rows that were.
pub(super) fn papers(tx: &Tx<'_>, scribe: Scribe<'_>, number: Msisdn) -> Result<u64, Fault> {
    overwriting(tx.conn, || forget_papers(tx, scribe, number))
}

fn forget_papers(tx: &Tx<'_>, scribe: Scribe<'_>, number: Msisdn) -> Result<u64, Fault> {
    let (workspace, digits) = (scribe.workspace.key(), rows::digits(number));
    tx.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO consent_erased (entry, at, by) \
             SELECT entry, ?3, ?4 FROM consent_person WHERE workspace = ?1 AND number = ?2",
        )?
        .execute(params![workspace, digits, scribe.at.millis(), scribe.by])?;
    let entries = tx
        .conn
        .prepare_cached("DELETE FROM consent_person WHERE workspace = ?1 AND number = ?2")?
        .execute([workspace, digits])?;
    let hash = Secret::load(tx.conn)?.hash(number);
    let stops = tx
        .conn
        .prepare_cached(
            "UPDATE opt_out SET number = NULL, reason = NULL, lifted_reason = iif(lifted_at IS NULL, NULL, '') \
             WHERE workspace = ?1 AND number_hash = ?2 AND number IS NOT NULL",
        )?
        .execute(params![workspace, hash])?;
    let came = received::forget(tx, scribe.workspace, number)?;
    conversations::forget(tx, scribe.workspace, number)?;
    written::forget(tx, scribe.workspace, number)?;
    webhooks::forget_number(tx, scribe.workspace, number)?;
    let contacts = contacts::forget_number(tx, scribe.workspace, number)?;
    let detail = format!(
        "{entries} entries of the consent ledger, {stops} opt-outs, {came} messages received, {contacts} contacts"
    );
    let by = Actor { name: scribe.by.to_owned(), origin: scribe.origin.map(str::to_owned) };
    note(tx, &AuditLine::new(scribe.at, by, Some(scribe.workspace), "person.erased", detail))?;
    Ok((entries + stops + came) as u64 + contacts)
}

/// The messages of a workspace to a number.
pub(super) fn messages_to(
    conn: &Connection,
    workspace: WorkspaceId,
    recipient: Msisdn,
) -> Result<Vec<MessageId>, Fault> {
    let all = Span { workspace, recipient, below: i64::MAX, from: 0, limit: usize::MAX };
    Ok(recipients::find(conn, all)?.into_iter().map(MessageId::from_key).collect())
}

/// Takes a person whose messages are erased out of the index of recipients.
pub(super) fn index(tx: &mut Tx<'_>, workspace: WorkspaceId, number: Msisdn) -> Result<(), Fault> {
    let conn = tx.conn;
    overwriting(conn, || Ok(recipients::forget(tx, workspace, number)?))
}

/// Erases recipient, text and reference of messages. What still waits is withdrawn first; what is on
/// its way keeps the number with its work, where receipts need it, until it has come to its end.
pub(super) fn messages(tx: &mut Tx<'_>, batch: &[MessageId], at: Timestamp) -> Result<u64, Fault> {
    let why = || Withdrawal::Blocked {
        rule: "fr.person.erased".to_owned(),
        reason: "the recipient's data were erased on request".to_owned(),
    };
    let waiting: Vec<_> = batch.iter().map(|message| (*message, why())).collect();
    waiting::withdraw(tx, &waiting, at)?;
    // As they were, no event may tell of them any more.
    tx.memory.in_hand.clear();
    overwriting(tx.conn, || forget_messages(tx, batch))
}

fn forget_messages(tx: &Tx<'_>, batch: &[MessageId]) -> Result<u64, Fault> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE message SET recipient = ?2, text = ?3, client_reference = NULL WHERE id = ?1",
    )?;
    let mut forget = tx.conn.prepare_cached("UPDATE late SET recipient = ?3 WHERE id BETWEEN ?1 AND ?2")?;
    let erased = rows::digits(erased_number());
    for message in batch {
        update.execute(params![message.key(), erased, ERASED_TEXT])?;
        forget.execute([message.key(), message.key() | PART_MASK, erased])?;
    }
    webhooks::forget_messages(tx, batch)?;
    Ok(batch.len() as u64)
}
