//! How people get in and stay in: sessions, and links that let somebody in once. Tokens are never kept,
//! only their SHA-256.

use facteur_domain::{Redacted, SessionId, Timestamp, UserId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::{note, workspace_exists};
use super::fault::Fault;
use super::rows::{time, wrong};
use super::users::{find, folded, known, set_password, set_role, told};
use super::writer::Tx;
use crate::{
    Actor, AuditLine, Entrance, EntryLink, Invitation, LinkPurpose, NewLink, NewSession, Role, Session,
    StoreError, User,
};

/// The most sessions of a person; the one unused for longest makes room.
const SESSIONS_MAX: i64 = 50;

const SESSION: &str =
    "SELECT id, verified, created_at, seen_at, expires_at, address, agent, user FROM session";

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: SessionId::from_key(row.get(0)?),
        verified: row.get(1)?,
        created_at: time(row, 2)?,
        seen_at: time(row, 3)?,
        expires_at: time(row, 4)?,
        address: row.get(5)?,
        agent: row.get(6)?,
    })
}

/// Opens a session, and ends those of the person that are over.
pub(super) fn open(
    tx: &Tx<'_>,
    user: UserId,
    new: &NewSession,
    (at, actor): (Timestamp, Actor),
) -> Result<Session, Fault> {
    let person = known(tx.conn, user)?;
    if person.disabled_at.is_some() {
        return Err(StoreError::Conflict("the user is disabled".to_owned()).into());
    }
    tx.conn
        .prepare_cached("DELETE FROM session WHERE user = ?1 AND (expires_at <= ?2 OR id IS ?3)")?
        .execute(params![user.key(), at.millis(), new.replaces.map(SessionId::key)])?;
    tx.conn
        .prepare_cached(
            "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE user = ?1 \
             ORDER BY seen_at DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![user.key(), SESSIONS_MAX - 1])?;
    tx.conn
        .prepare_cached(
            "INSERT INTO session (id, user, hash, verified, created_at, seen_at, expires_at, address, agent) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.id.key(),
            user.key(),
            new.hash.show(),
            new.verified,
            at.millis(),
            new.expires_at.millis(),
            new.address,
            new.agent,
        ])?;
    if new.verified {
        told(tx, &person, (at, actor), "session.opened", (None, Some(new.agent.clone())))?;
    }
    Ok(tx.conn.prepare_cached(&format!("{SESSION} WHERE id = ?1"))?.query_row([new.id.key()], session)?)
}

/// The session of this token, with its person: not over, not unused since `idle_since`, and the person
/// not disabled.
pub(super) fn of_token(
    conn: &Connection,
    hash: &[u8; 32],
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<(Session, User)>, Fault> {
    let found = conn
        .prepare_cached(&format!("{SESSION} WHERE hash = ?1 AND expires_at > ?2 AND seen_at >= ?3"))?
        .query_row(params![hash, now.millis(), idle_since.millis()], |row| {
            Ok((session(row)?, UserId::from_key(row.get(7)?)))
        })
        .optional()?;
    let Some((session, user)) = found else { return Ok(None) };
    let user = find(conn, user)?.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| (session, user)))
}

/// A person's sessions that are not over, the last used first.
pub(super) fn list(conn: &Connection, user: UserId, now: Timestamp) -> Result<Vec<Session>, Fault> {
    Ok(conn
        .prepare_cached(&format!(
            "{SESSION} WHERE user = ?1 AND expires_at > ?2 AND verified ORDER BY seen_at DESC"
        ))?
        .query_map(params![user.key(), now.millis()], session)?
        .collect::<Result<_, _>>()?)
}

/// Ends a person's session, or all of them but one.
pub(super) fn end(
    tx: &Tx<'_>,
    user: UserId,
    which: Ended,
    (at, actor): (Timestamp, Actor),
) -> Result<usize, Fault> {
    let person = known(tx.conn, user)?;
    let ended = match which {
        Ended::One(id) => tx
            .conn
            .prepare_cached("DELETE FROM session WHERE user = ?1 AND id = ?2")?
            .execute(params![user.key(), id.key()])?,
        Ended::AllBut(id) => tx
            .conn
            .prepare_cached("DELETE FROM session WHERE user = ?1 AND id <> ?2")?
            .execute(params![user.key(), id.key()])?,
    };
    if ended > 0 {
        told(tx, &person, (at, actor), "session.ended", (None, Some(ended.to_string())))?;
    }
    Ok(ended)
}

/// Which sessions end.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    One(SessionId),
    AllBut(SessionId),
}

/// Makes a link; the person's unused ones of the same purpose, to the same workspace, no longer work.
pub(super) fn make_link(tx: &Tx<'_>, link: &NewLink, at: Timestamp, actor: Actor) -> Result<(), Fault> {
    let person = known(tx.conn, link.user)?;
    if person.disabled_at.is_some() {
        return Err(StoreError::Conflict("the user is disabled".to_owned()).into());
    }
    let (purpose, workspace) = (link.purpose.as_str(), link.grant.map(|(workspace, _)| workspace));
    workspace.map(|workspace| workspace_exists(tx, workspace)).transpose()?;
    tx.conn
        .prepare_cached(
            "DELETE FROM entry_link WHERE user = ?1 AND purpose = ?2 AND workspace IS ?3 AND used_at IS NULL",
        )?
        .execute(params![link.user.key(), purpose, workspace.map(WorkspaceId::key)])?;
    tx.conn
        .prepare_cached(
            "INSERT INTO entry_link (hash, user, purpose, created_at, created_by, expires_at, workspace, role) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            link.hash.show(),
            link.user.key(),
            purpose,
            at.millis(),
            actor.name,
            link.expires_at.millis(),
            workspace.map(WorkspaceId::key),
            link.grant.map(|(_, role)| role.as_str()),
        ])?;
    match link.grant {
        // Told where they are invited, and to no other workspace of theirs.
        Some((workspace, role)) => {
            let line = AuditLine::new(at, actor, Some(workspace), "member.invited", person.email);
            note(tx, &AuditLine { after: Some(role.as_str().to_owned()), ..line })
        }
        None => told(tx, &person, (at, actor), "link.made", (None, Some(purpose.to_owned()))),
    }
}

/// The role of an invitation, from the columns at `first`: workspace, role.
fn grant(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<(WorkspaceId, Role)>> {
    let Some(workspace) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let role = Role::from_name(row.get_ref(first + 1)?.as_str()?);
    let role = role.ok_or_else(|| wrong(first + 1, "role"))?;
    Ok(Some((WorkspaceId::from_key(workspace), role)))
}

/// The link of this token, if it can still be used.
pub(super) fn link(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<EntryLink>, Fault> {
    let found = conn
        .prepare_cached(
            "SELECT user, purpose, expires_at, workspace, role FROM entry_link \
             WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2",
        )?
        .query_row(params![hash, now.millis()], |row| {
            let purpose = LinkPurpose::from_name(row.get_ref(1)?.as_str()?);
            Ok((
                UserId::from_key(row.get(0)?),
                purpose.ok_or_else(|| wrong(1, "purpose of a link"))?,
                time(row, 2)?,
                grant(row, 3)?,
            ))
        })
        .optional()?;
    let Some((user, purpose, expires_at, grant)) = found else { return Ok(None) };
    let user = find(conn, user)?.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|user| EntryLink { user, purpose, grant, expires_at }))
}

/// Who was invited to a workspace and has not come, by address.
pub(super) fn invitations(conn: &Connection, workspace: WorkspaceId) -> Result<Vec<Invitation>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT l.user, u.email, l.expires_at, l.workspace, l.role FROM entry_link l \
             JOIN user u ON u.id = l.user WHERE l.workspace = ?1 AND l.used_at IS NULL ORDER BY u.email",
        )?
        .query_map([workspace.key()], |row| {
            let (_, role) = grant(row, 3)?.ok_or_else(|| wrong(3, "workspace"))?;
            let (user, email) = (UserId::from_key(row.get(0)?), row.get(1)?);
            Ok(Invitation { user, email, role, expires_at: time(row, 2)? })
        })?
        .collect::<Result<_, _>>()?)
}

/// Takes an invitation back.
pub(super) fn withdraw(
    tx: &Tx<'_>,
    user: UserId,
    workspace: WorkspaceId,
    (at, actor): (Timestamp, Actor),
) -> Result<(), Fault> {
    let person = known(tx.conn, user)?;
    let gone = tx
        .conn
        .prepare_cached("DELETE FROM entry_link WHERE user = ?1 AND workspace = ?2 AND used_at IS NULL")?
        .execute(params![user.key(), workspace.key()])?;
    if gone == 0 {
        return Err(StoreError::NotFound("invitation").into());
    }
    note(tx, &AuditLine::new(at, actor, Some(workspace), "member.uninvited", person.email))
}

/// Uses a link up.
fn take(tx: &Tx<'_>, hash: &[u8; 32], at: Timestamp) -> Result<EntryLink, Fault> {
    let link = link(tx.conn, hash, at)?.ok_or(StoreError::NotFound("link"))?;
    tx.conn
        .prepare_cached("UPDATE entry_link SET used_at = ?2 WHERE hash = ?1")?
        .execute(params![hash, at.millis()])?;
    Ok(link)
}

/// Gives what an invitation promises, to whoever is not a member yet.
fn join(tx: &Tx<'_>, link: &EntryLink, at: Timestamp, actor: Actor) -> Result<(), Fault> {
    if let Some((workspace, role)) = link.grant
        && !link.user.memberships.iter().any(|(id, _)| *id == workspace)
    {
        set_role(tx, link.user.id, workspace, Some(role), at, actor)?;
    }
    Ok(())
}

/// Uses an invitation up for somebody who is signed in as the one it is for.
pub(super) fn join_by_link(
    tx: &Tx<'_>,
    hash: &[u8; 32],
    user: UserId,
    (at, actor): (Timestamp, Actor),
) -> Result<User, Fault> {
    let link = take(tx, hash, at)?;
    if link.user.id != user || link.grant.is_none() {
        return Err(StoreError::NotFound("link").into());
    }
    join(tx, &link, at, actor)?;
    known(tx.conn, user)
}

/// Uses a link up: keeps what the person brings, gives what it promises, and opens their session.
pub(super) fn enter(
    tx: &Tx<'_>,
    hash: &[u8; 32],
    entrance: Entrance,
    new: &NewSession,
    (at, actor): (Timestamp, Actor),
) -> Result<(Session, User), Fault> {
    let link = take(tx, hash, at)?;
    if !link.lets_in() {
        return Err(StoreError::Conflict("the account is opened by its password".to_owned()).into());
    }
    let user = link.user.id;
    if let Some(email) = entrance.email {
        tx.conn
            .prepare_cached("UPDATE OR IGNORE user SET email = ?2 WHERE id = ?1")?
            .execute(params![user.key(), folded(&email)])?;
    }
    if let Some(name) = entrance.name {
        tx.conn
            .prepare_cached("UPDATE user SET name = ?2 WHERE id = ?1")?
            .execute(params![user.key(), name])?;
    }
    if let Some(password) = entrance.password.into_inner() {
        set_password(tx, user, &Redacted::new(password), None, (at, actor.clone()))?;
    }
    join(tx, &link, at, actor.clone())?;
    let session = open(tx, user, new, (at, actor))?;
    Ok((session, known(tx.conn, user)?))
}

/// Remembers that a session was used.
pub(super) fn seen(tx: &Tx<'_>, id: SessionId, at: Timestamp) -> Result<(), Fault> {
    tx.conn
        .prepare_cached("UPDATE session SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2")?
        .execute(params![id.key(), at.millis()])?;
    Ok(())
}
