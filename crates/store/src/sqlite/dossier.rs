//! The dossier of a sender, as columns of its row.

use facteur_domain::{Language, Sender, SenderRecordId, SenderState, Timestamp, WorkspaceId};
use rusqlite::{Row, params};

use super::admin::{changed, claimed, declare_sender, find_sender};
use super::fault::Fault;
use super::rows::{count, maybe_time, wrong};
use super::writer::Tx;
use crate::{Actor, DocumentRequest, Dossier, NameProof, SenderRecord, StoreError};

/// The dossier in a row, from its first column on.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Dossier> {
    let proof = row.get_ref(first + 8)?.as_str().ok().and_then(NameProof::from_name);
    Ok(Dossier {
        company: row.get(first)?,
        legal_name: row.get(first + 1)?,
        siren: row.get(first + 2)?,
        website: row.get(first + 3)?,
        use_case: row.get(first + 4)?,
        example_content: row.get(first + 5)?,
        advertiser: row.get(first + 6)?,
        shared_code: row.get(first + 7)?,
        proof: proof.ok_or_else(|| wrong(first + 8, "proof"))?,
        due_at: maybe_time(row, first + 9)?,
        expected_at: maybe_time(row, first + 10)?,
        missing: missing(row, first + 11)?,
        language: language(row, first + 14)?,
    })
}

fn language(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Language>> {
    let Some(name) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    Language::from_name(&name).map(Some).ok_or_else(|| wrong(column, "language"))
}

fn missing(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<DocumentRequest>> {
    let Some(what) = row.get(first)? else { return Ok(None) };
    let at = maybe_time(row, first + 1)?.ok_or_else(|| wrong(first + 1, "time"))?;
    Ok(Some(DocumentRequest { what, at, by: row.get(first + 2)? }))
}

/// Writes a sender's dossier over the one before.
pub(super) fn write(tx: &Tx<'_>, sender: SenderRecordId, dossier: &Dossier) -> rusqlite::Result<()> {
    let missing = dossier.missing.as_ref();
    tx.conn
        .prepare_cached(
            "UPDATE sender SET company = ?2, legal_name = ?3, siren = ?4, website = ?5, use_case = ?6, \
             example_content = ?7, advertiser = ?8, shared_code = ?9, proof = ?10, due_at = ?11, \
             expected_at = ?12, missing = ?13, missing_at = ?14, missing_by = ?15, \
             language = ?16 WHERE id = ?1",
        )?
        .execute(params![
            sender.key(),
            dossier.company,
            dossier.legal_name,
            dossier.siren,
            dossier.website,
            dossier.use_case,
            dossier.example_content,
            dossier.advertiser,
            dossier.shared_code,
            dossier.proof.as_str(),
            dossier.due_at.map(Timestamp::millis),
            dossier.expected_at.map(Timestamp::millis),
            missing.map(|request| &request.what),
            missing.map(|request| request.at.millis()),
            missing.map(|request| &request.by),
            dossier.language.map(Language::as_str),
        ])?;
    Ok(())
}

/// Declares a sender where the workspace has fewer than `max` that were not refused.
pub(super) fn declare_within(
    tx: &Tx<'_>,
    record: SenderRecord,
    max: u32,
    actor: Actor,
) -> Result<SenderRecord, Fault> {
    if let Some(there) = find_sender(tx.conn, record.workspace, &record.sender.folded())? {
        return Ok(there);
    }
    let (code, failed) = (matches!(record.sender, Sender::Code(_)), SenderState::Failed.as_str());
    let standing = tx
        .conn
        .prepare_cached(
            "SELECT count(*) FROM sender WHERE workspace = ?1 AND state <> ?2 \
             AND (name GLOB '3[68][0-9][0-9][0-9]') = ?3",
        )?
        .query_row(params![record.workspace.key(), failed, code], |row| count(row, 0))?;
    if standing >= u64::from(max) {
        let sentence = format!("a workspace has {max} of these at most, and this one has {standing}");
        return Err(StoreError::Conflict(sentence).into());
    }
    declare_sender(tx, record, actor)
}

/// A change of a dossier: whose, when and by whom.
pub(super) struct Change {
    pub(super) workspace: WorkspaceId,
    pub(super) sender: Sender,
    pub(super) at: Timestamp,
    pub(super) actor: Actor,
}

/// Writes a dossier anew.
pub(super) fn change(tx: &Tx<'_>, change: Change, dossier: Dossier) -> Result<SenderRecord, Fault> {
    let record = SenderRecord { dossier, ..find(tx, &change)? };
    if let Some(why_not) = claimed(tx, &record, &record.sender.folded())? {
        return Err(StoreError::Conflict(why_not).into());
    }
    write(tx, record.id, &record.dossier)?;
    told(tx, change, ("sender.dossier_changed", record.sender.to_string()))?;
    Ok(record)
}

/// Asks for a document that the dossier lacks.
pub(super) fn ask(tx: &Tx<'_>, change: Change, what: String) -> Result<SenderRecord, Fault> {
    let mut record = find(tx, &change)?;
    let detail = format!("{}: {what}", record.sender);
    record.dossier.missing = Some(DocumentRequest { what, at: change.at, by: change.actor.name.clone() });
    write(tx, record.id, &record.dossier)?;
    told(tx, change, ("sender.document_asked", detail))?;
    Ok(record)
}

fn find(tx: &Tx<'_>, change: &Change) -> Result<SenderRecord, Fault> {
    let found = find_sender(tx.conn, change.workspace, &change.sender.folded())?;
    Ok(found.ok_or(StoreError::NotFound("sender"))?)
}

fn told(tx: &Tx<'_>, change: Change, action: (&str, String)) -> Result<(), Fault> {
    changed(tx, change.at, change.actor, change.workspace, action)
}
