//! Files that prove the right to a Sender ID.

use facteur_domain::{EvidenceId, SenderRecordId, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::admin::changed;
use super::consents::next_key;
use super::fault::Fault;
use super::rows;
use super::writer::Tx;
use crate::{Actor, EVIDENCE_BYTES_MAX, EVIDENCE_FILES_MAX, Evidence, NewEvidence, StoreError};

/// A file to keep: of which sender, when and by whom.
pub(super) struct Upload {
    pub(super) workspace: WorkspaceId,
    pub(super) sender: SenderRecordId,
    pub(super) at: Timestamp,
    pub(super) actor: Actor,
}

/// Keeps a file. What the reviewer waited for may be in it, so the request is settled.
pub(super) fn add(tx: &Tx<'_>, upload: Upload, file: &NewEvidence) -> Result<Evidence, Fault> {
    let Upload { workspace, sender, at, actor } = upload;
    if file.bytes.is_empty() || file.bytes.len() > EVIDENCE_BYTES_MAX {
        return Err(StoreError::Conflict(format!("a file has 1 to {EVIDENCE_BYTES_MAX} octets")).into());
    }
    if !is_there(tx.conn, workspace, sender)? {
        return Err(StoreError::NotFound("sender").into());
    }
    let files = tx
        .conn
        .prepare_cached("SELECT count(*) FROM evidence WHERE sender = ?1")?
        .query_row([sender.key()], |row| rows::count(row, 0))?;
    if files >= u64::from(EVIDENCE_FILES_MAX) {
        return Err(StoreError::Conflict(format!("a sender has {EVIDENCE_FILES_MAX} files at most")).into());
    }
    let kept = Evidence {
        id: EvidenceId::from_key(next_key(tx.conn, "evidence", at)?),
        sender,
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        size: file.bytes.len() as u64,
        sha256: Sha256::digest(&file.bytes).into(),
        uploaded_at: at,
        uploaded_by: actor.name.clone(),
    };
    insert(tx, &kept, &file.bytes)?;
    tx.conn.execute(
        "UPDATE sender SET missing = NULL, missing_at = NULL, missing_by = NULL WHERE id = ?1",
        [sender.key()],
    )?;
    changed(tx, at, actor, workspace, ("sender.evidence_added", format!("{sender} {}", kept.id)))?;
    Ok(kept)
}

fn insert(tx: &Tx<'_>, file: &Evidence, bytes: &[u8]) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO evidence (id, sender, name, content_type, size, sha256, uploaded_at, uploaded_by, \
             bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            file.id.key(),
            file.sender.key(),
            file.name,
            file.content_type,
            file.size.cast_signed(),
            file.sha256,
            file.uploaded_at.millis(),
            file.uploaded_by,
            bytes,
        ])?;
    Ok(())
}

fn is_there(conn: &Connection, workspace: WorkspaceId, sender: SenderRecordId) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM sender WHERE id = ?1 AND workspace = ?2")?
        .exists([sender.key(), workspace.key()])
}

const EVIDENCE: &str = "SELECT e.id, e.sender, e.name, e.content_type, e.size, e.sha256, e.uploaded_at, \
     e.uploaded_by, e.bytes FROM evidence e JOIN sender s ON s.id = e.sender";

fn evidence(row: &Row<'_>) -> rusqlite::Result<Evidence> {
    Ok(Evidence {
        id: EvidenceId::from_key(row.get(0)?),
        sender: SenderRecordId::from_key(row.get(1)?),
        name: row.get(2)?,
        content_type: row.get(3)?,
        size: rows::count(row, 4)?,
        sha256: row.get(5)?,
        uploaded_at: rows::time(row, 6)?,
        uploaded_by: row.get(7)?,
    })
}

/// The files of a sender, oldest first.
pub(super) fn list(
    conn: &Connection,
    workspace: WorkspaceId,
    sender: SenderRecordId,
) -> Result<Vec<Evidence>, Fault> {
    Ok(conn
        .prepare_cached(&format!("{EVIDENCE} WHERE e.sender = ?1 AND s.workspace = ?2 ORDER BY e.id"))?
        .query_map([sender.key(), workspace.key()], evidence)?
        .collect::<Result<_, _>>()?)
}

/// A file with its octets.
pub(super) fn file(
    conn: &Connection,
    workspace: WorkspaceId,
    id: EvidenceId,
) -> Result<Option<(Evidence, bytes::Bytes)>, Fault> {
    Ok(conn
        .prepare_cached(&format!("{EVIDENCE} WHERE e.id = ?1 AND s.workspace = ?2"))?
        .query_row([id.key(), workspace.key()], |row| Ok((evidence(row)?, row.get::<_, Vec<u8>>(8)?.into())))
        .optional()?)
}
