//! Workspaces, keys and senders. Every change raises the directory's generation and leaves a line in
//! the audit log, in the same transaction.

use facteur_domain::{AccountKeyId, Redacted, Sender, SenderRecordId, SenderState, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::{Fault, is_constraint};
use super::rows::{class, count, maybe_time, time, wrong};
use super::writer::Tx;
use super::{dossier, settings, webhooks};
use crate::{
    Actor, ApiKey, AuditLine, DirectorySnapshot, Page, Paged, RouteId, SenderRecord, StoreError, Workspace,
};

/// Makes a workspace.
pub(super) fn create_workspace(tx: &Tx<'_>, workspace: &Workspace, actor: Actor) -> Result<(), Fault> {
    let done = tx.conn.execute(
        "INSERT INTO workspace (id, name, created_at) VALUES (?1, ?2, ?3)",
        params![workspace.id.key(), workspace.name, workspace.created_at.millis()],
    );
    unless_constraint(done, || format!("there is a workspace {} already", workspace.id))?;
    let action = ("workspace.created", workspace.name.clone());
    changed(tx, workspace.created_at, actor, workspace.id, action)
}

fn unless_constraint(done: rusqlite::Result<usize>, sentence: impl FnOnce() -> String) -> Result<(), Fault> {
    match done {
        Ok(_) => Ok(()),
        Err(error) if is_constraint(&error) => Err(StoreError::Conflict(sentence()).into()),
        Err(error) => Err(error.into()),
    }
}

/// A change to the directory: its generation rises, and the audit log says who did what.
pub(super) fn changed(
    tx: &Tx<'_>,
    at: Timestamp,
    actor: Actor,
    workspace: WorkspaceId,
    (action, detail): (&str, String),
) -> Result<(), Fault> {
    tx.conn.execute("UPDATE meta SET generation = generation + 1", [])?;
    note(tx, &AuditLine::new(at, actor, Some(workspace), action, detail))
}

/// As [`changed`], where a value was changed from what it was to what it is.
pub(super) fn changed_from(
    tx: &Tx<'_>,
    at: Timestamp,
    actor: Actor,
    workspace: WorkspaceId,
    (action, detail): (&str, String),
    (before, after): (String, String),
) -> Result<(), Fault> {
    tx.conn.execute("UPDATE meta SET generation = generation + 1", [])?;
    let line = AuditLine::new(at, actor, Some(workspace), action, detail);
    note(tx, &AuditLine { before: Some(before), after: Some(after), ..line })
}

/// Writes an audit line.
pub(super) fn note(tx: &Tx<'_>, line: &AuditLine) -> Result<(), Fault> {
    tx.conn
        .prepare_cached(
            "INSERT INTO audit (at, actor, workspace, action, detail, origin, before, after) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            line.at.millis(),
            line.actor,
            line.workspace.map(WorkspaceId::key),
            line.action,
            line.detail,
            line.origin,
            line.before,
            line.after,
        ])?;
    Ok(())
}

/// Whether there is such a workspace.
pub(super) fn workspace_exists(tx: &Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
    if tx.conn.prepare_cached("SELECT 1 FROM workspace WHERE id = ?1")?.exists([workspace.key()])? {
        return Ok(());
    }
    Err(StoreError::NotFound("workspace").into())
}

/// Keeps a key.
pub(super) fn create_key(tx: &Tx<'_>, key: &ApiKey, actor: Actor) -> Result<(), Fault> {
    workspace_exists(tx, key.workspace)?;
    let done = tx.conn.execute(
        "INSERT INTO api_key (id, workspace, label, visible, hash, scopes, test, read_per_second, \
         write_per_second, daily_quota, created_at, revoked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            key.id.key(),
            key.workspace.key(),
            key.label,
            key.visible,
            key.hash.show(),
            key.scopes.join(" "),
            key.test,
            key.read_per_second,
            key.write_per_second,
            key.daily_quota,
            key.created_at.millis(),
            key.revoked_at.map(Timestamp::millis),
        ],
    );
    unless_constraint(done, || format!("there is a key {} already, or one with its secret", key.id))?;
    changed(tx, key.created_at, actor, key.workspace, ("key.created", format!("{} {}", key.id, key.label)))
}

/// Revokes a key of a workspace.
pub(super) fn revoke_key(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    key: AccountKeyId,
    at: Timestamp,
    actor: Actor,
) -> Result<(), Fault> {
    let revoked: Option<Option<i64>> = tx
        .conn
        .query_row(
            "SELECT revoked_at FROM api_key WHERE id = ?1 AND workspace = ?2",
            params![key.key(), workspace.key()],
            |row| row.get(0),
        )
        .optional()?;
    match revoked {
        None => Err(StoreError::NotFound("key").into()),
        Some(Some(_)) => Ok(()),
        Some(None) => {
            tx.conn.execute(
                "UPDATE api_key SET revoked_at = ?2 WHERE id = ?1",
                params![key.key(), at.millis()],
            )?;
            changed(tx, at, actor, workspace, ("key.revoked", key.to_string()))
        }
    }
}

pub(super) const SENDER: &str = "SELECT id, workspace, name, class, state, reason, decided_by, created_at, decided_at, \
     company, legal_name, siren, website, use_case, example_content, advertiser, shared_code, proof, due_at, \
     expected_at, missing, missing_at, missing_by, language FROM sender";

/// A sender from a row of [`SENDER`].
pub(super) fn sender(row: &Row<'_>) -> rusqlite::Result<SenderRecord> {
    let state = row.get_ref(4)?.as_str().ok().and_then(SenderState::from_name);
    Ok(SenderRecord {
        id: SenderRecordId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        sender: row
            .get_ref(2)?
            .as_str()
            .ok()
            .and_then(|s| s.parse().ok())
            .ok_or_else(|| wrong(2, "sender"))?,
        class: class(row, 3)?,
        state: state.ok_or_else(|| wrong(4, "sender's state"))?,
        reason: row.get(5)?,
        decided_by: row.get(6)?,
        created_at: time(row, 7)?,
        decided_at: time(row, 8)?,
        dossier: dossier::read(row, 9)?,
    })
}

/// A workspace's sender of this folded name.
pub(super) fn find_sender(
    conn: &Connection,
    workspace: WorkspaceId,
    folded: &str,
) -> rusqlite::Result<Option<SenderRecord>> {
    conn.prepare_cached(&format!("{SENDER} WHERE workspace = ?1 AND folded = ?2"))?
        .query_row(params![workspace.key(), folded], sender)
        .optional()
}

/// Declares a sender, or answers the workspace's record of the same name.
pub(super) fn declare_sender(tx: &Tx<'_>, record: SenderRecord, actor: Actor) -> Result<SenderRecord, Fault> {
    workspace_exists(tx, record.workspace)?;
    let folded = record.sender.folded();
    if let Some(there) = find_sender(tx.conn, record.workspace, &folded)? {
        return Ok(there);
    }
    if let Some(why_not) = claimed(tx, &record, &folded)? {
        return Err(StoreError::Conflict(why_not).into());
    }
    let done = tx.conn.execute(
        "INSERT INTO sender (id, workspace, name, folded, class, state, reason, decided_by, created_at, \
         decided_at, shared_code) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            record.id.key(),
            record.workspace.key(),
            record.sender.to_string(),
            folded,
            record.class.as_str(),
            record.state.as_str(),
            record.reason,
            record.decided_by,
            record.created_at.millis(),
            record.decided_at.millis(),
            record.dossier.shared_code,
        ],
    );
    unless_constraint(done, || taken(&record.sender))?;
    dossier::write(tx, record.id, &record.dossier)?;
    let detail = format!("{} {}", record.sender, record.state.as_str());
    changed(tx, record.created_at, actor, record.workspace, ("sender.declared", detail))?;
    Ok(record)
}

/// Why a workspace cannot have a sender that others have: a shared code is shared by all who have it, and
/// only codes are shared (requirement `seed-short-code-kinds`). See `decisions/0010-shared-codes.md`.
pub(super) fn claimed(tx: &Tx<'_>, record: &SenderRecord, folded: &str) -> Result<Option<String>, Fault> {
    let shared = record.dossier.shared_code;
    if shared && !matches!(record.sender, Sender::Code(_)) {
        return Ok(Some("only a short code can be shared".to_owned()));
    }
    let otherwise = tx
        .conn
        .prepare_cached(
            "SELECT 1 FROM sender WHERE folded = ?1 AND workspace <> ?2 AND state <> 'FAILED' \
             AND (shared_code <> ?3 OR shared_code = 0)",
        )?
        .exists(params![folded, record.workspace.key(), shared])?;
    Ok(otherwise.then(|| taken(&record.sender)))
}

fn taken(sender: &Sender) -> String {
    format!("{sender} is a sender of another workspace")
}

/// Where a reviewer wants a sender to stand, and why.
pub(super) struct Decision {
    pub(super) to: SenderState,
    pub(super) reason: Option<String>,
    pub(super) at: Timestamp,
    pub(super) actor: Actor,
}

/// Moves a sender.
pub(super) fn decide_sender(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    sender: &Sender,
    decision: Decision,
) -> Result<SenderRecord, Fault> {
    use SenderState as S;
    let folded = sender.folded();
    let record = find_sender(tx.conn, workspace, &folded)?.ok_or(StoreError::NotFound("sender"))?;
    let Decision { to, reason, at, actor } = decision;
    let allowed = matches!(
        (record.state, to),
        (S::Pending, S::Validated | S::Failed)
            | (S::Validated, S::Disabled)
            | (S::Disabled, S::Validated)
            | (S::Failed, S::Pending)
    );
    if !allowed {
        let (from, to) = (record.state.as_str(), to.as_str());
        return Err(
            StoreError::Conflict(format!("{} is {from}: it cannot become {to}", record.sender)).into()
        );
    }
    if let Some(why_not) = claimed(tx, &record, &record.sender.folded())? {
        return Err(StoreError::Conflict(why_not).into());
    }
    let done = tx.conn.execute(
        "UPDATE sender SET state = ?2, reason = ?3, decided_by = ?4, decided_at = ?5 WHERE id = ?1",
        params![record.id.key(), to.as_str(), reason, actor.name, at.millis()],
    );
    unless_constraint(done, || taken(sender))?;
    let action = match to {
        S::Pending => "sender.resubmitted",
        S::Validated => "sender.validated",
        S::Failed => "sender.failed",
        S::Disabled => "sender.disabled",
    };
    let why = reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    let states = (record.state.as_str().to_owned(), to.as_str().to_owned());
    changed_from(tx, at, actor.clone(), workspace, (action, format!("{}{why}", record.sender)), states)?;
    let record = SenderRecord { state: to, reason, decided_by: actor.name, decided_at: at, ..record };
    webhooks::sender_decided(tx, &record)?;
    Ok(record)
}

/// The number of a route's name.
pub(super) fn route(tx: &Tx<'_>, name: &str) -> Result<RouteId, Fault> {
    let find = |conn: &Connection| {
        conn.query_row("SELECT id FROM route WHERE name = ?1", [name], |row| row.get::<_, u16>(0)).optional()
    };
    if let Some(id) = find(tx.conn)? {
        return Ok(RouteId(id));
    }
    tx.conn.execute("INSERT INTO route (name) VALUES (?1)", [name])?;
    let id = u16::try_from(tx.conn.last_insert_rowid())
        .map_err(|_| StoreError::Conflict("65,535 routes are the most".to_owned()))?;
    Ok(RouteId(id))
}

/// Rises with every change to the directory.
pub(super) fn generation(conn: &Connection) -> Result<u64, Fault> {
    Ok(conn.prepare_cached("SELECT generation FROM meta")?.query_row([], |row| count(row, 0))?)
}

/// Everything the gateway keeps in memory, of one instant.
pub(super) fn directory(conn: &mut Connection) -> Result<DirectorySnapshot, Fault> {
    let tx = conn.transaction()?;
    let workspaces = tx
        .prepare_cached("SELECT id, name, created_at FROM workspace ORDER BY id")?
        .query_map([], |row| {
            Ok(Workspace {
                id: WorkspaceId::from_key(row.get(0)?),
                name: row.get(1)?,
                created_at: time(row, 2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let keys = tx
        .prepare_cached(
            "SELECT id, workspace, label, visible, hash, scopes, test, read_per_second, write_per_second, \
             daily_quota, created_at, revoked_at FROM api_key ORDER BY id",
        )?
        .query_map([], key)?
        .collect::<Result<_, _>>()?;
    let senders = tx
        .prepare_cached(&format!("{SENDER} ORDER BY id"))?
        .query_map([], sender)?
        .collect::<Result<_, _>>()?;
    let settings = settings::all(&tx)?;
    Ok(DirectorySnapshot { generation: generation(&tx)?, workspaces, keys, senders, settings })
}

fn key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let scopes: String = row.get(5)?;
    Ok(ApiKey {
        id: AccountKeyId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        label: row.get(2)?,
        visible: row.get(3)?,
        hash: Redacted::new(row.get(4)?),
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        test: row.get(6)?,
        read_per_second: row.get(7)?,
        write_per_second: row.get(8)?,
        daily_quota: row.get(9)?,
        created_at: time(row, 10)?,
        revoked_at: maybe_time(row, 11)?,
    })
}

/// Messages accepted per key on a UTC day.
pub(super) fn usage(conn: &Connection, utc_day: i64) -> Result<Vec<(AccountKeyId, u64)>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT api_key, count FROM usage WHERE day = ?1 ORDER BY api_key")?;
    let found =
        statement.query_map([utc_day], |row| Ok((AccountKeyId::from_key(row.get(0)?), count(row, 1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The audit log, newest first: a workspace's, or all of it.
pub(super) fn audit(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    page: Page,
) -> Result<Paged<AuditLine>, Fault> {
    let workspace = workspace.map(WorkspaceId::key);
    let filter = if workspace.is_some() { "workspace = ?1" } else { "?1 IS NULL" };
    let total = conn
        .prepare_cached(&format!("SELECT count(*) FROM (SELECT 1 FROM audit WHERE {filter} LIMIT ?2)"))?
        .query_row(params![workspace, crate::COUNT_MAX.cast_signed()], |row| count(row, 0))?;
    let (limit, offset) = super::read::window(page);
    let rows = conn
        .prepare_cached(&format!(
            "SELECT at, actor, workspace, action, detail, origin, before, after FROM audit WHERE {filter} \
             ORDER BY id DESC LIMIT ?2 OFFSET ?3"
        ))?
        .query_map(params![workspace, limit, offset], |row| audit_line(row, 0))?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}

/// A line of the audit log, from the columns that begin at `first`.
pub(super) fn audit_line(row: &Row<'_>, first: usize) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        at: time(row, first)?,
        actor: row.get(first + 1)?,
        workspace: row.get::<_, Option<i64>>(first + 2)?.map(WorkspaceId::from_key),
        action: row.get(first + 3)?,
        detail: row.get(first + 4)?,
        origin: row.get(first + 5)?,
        before: row.get(first + 6)?,
        after: row.get(first + 7)?,
    })
}
