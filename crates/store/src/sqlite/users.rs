//! People and what they may do. A change leaves a line in the audit log of each workspace they belong to.

use facteur_domain::{Redacted, Timestamp, UserId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::{note, workspace_exists};
use super::fault::{Fault, is_constraint};
use super::rows::{maybe_time, time, wrong};
use super::writer::Tx;
use crate::{Actor, AuditLine, Credentials, NewUser, PlatformRole, Role, StoreError, User};

pub(super) const USER: &str = "SELECT id, email, name, password IS NOT NULL, totp IS NOT NULL, language, \
     zone, platform, created_at, disabled_at FROM user";

/// A person from a row of [`USER`], without the memberships.
fn bare(row: &Row<'_>) -> rusqlite::Result<User> {
    let platform: Option<String> = row.get(7)?;
    let platform = platform.map(|name| PlatformRole::from_name(&name).ok_or_else(|| wrong(7, "role")));
    Ok(User {
        id: UserId::from_key(row.get(0)?),
        email: row.get(1)?,
        name: row.get(2)?,
        has_password: row.get(3)?,
        has_totp: row.get(4)?,
        language: row.get(5)?,
        zone: row.get(6)?,
        platform: platform.transpose()?,
        created_at: time(row, 8)?,
        disabled_at: maybe_time(row, 9)?,
        memberships: Vec::new(),
    })
}

fn memberships(conn: &Connection, user: UserId) -> rusqlite::Result<Vec<(WorkspaceId, Role)>> {
    conn.prepare_cached("SELECT workspace, role FROM membership WHERE user = ?1 ORDER BY workspace")?
        .query_map([user.key()], |row| {
            let role = Role::from_name(row.get_ref(1)?.as_str()?).ok_or_else(|| wrong(1, "role"))?;
            Ok((WorkspaceId::from_key(row.get(0)?), role))
        })?
        .collect()
}

fn whole(conn: &Connection, bare: Option<User>) -> rusqlite::Result<Option<User>> {
    let Some(user) = bare else { return Ok(None) };
    Ok(Some(User { memberships: memberships(conn, user.id)?, ..user }))
}

/// The person of this id.
pub(super) fn find(conn: &Connection, user: UserId) -> rusqlite::Result<Option<User>> {
    let found =
        conn.prepare_cached(&format!("{USER} WHERE id = ?1"))?.query_row([user.key()], bare).optional()?;
    whole(conn, found)
}

/// As [`find`], where there must be one.
pub(super) fn known(conn: &Connection, user: UserId) -> Result<User, Fault> {
    find(conn, user)?.ok_or_else(|| StoreError::NotFound("user").into())
}

/// The person of this e-mail address, with what a sign-in is checked against.
pub(super) fn credentials(conn: &Connection, email: &str) -> rusqlite::Result<Option<Credentials>> {
    let found = conn
        .prepare_cached(
            "SELECT id, email, name, password IS NOT NULL, totp IS NOT NULL, language, zone, platform, \
             created_at, disabled_at, password, totp FROM user WHERE email = ?1",
        )?
        .query_row([folded(email)], |row| {
            let (password, totp) = (Redacted::new(row.get(10)?), Redacted::new(row.get(11)?));
            Ok(Credentials { user: bare(row)?, password, totp })
        })
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let user = User { memberships: memberships(conn, found.user.id)?, ..found.user };
    Ok(Some(Credentials { user, ..found }))
}

/// Everybody, or who belongs to a workspace, by name.
pub(super) fn list(conn: &mut Connection, workspace: Option<WorkspaceId>) -> Result<Vec<User>, Fault> {
    let tx = conn.transaction()?;
    let filter = "?1 IS NULL OR id IN (SELECT user FROM membership WHERE workspace = ?1)";
    let found: Vec<User> = tx
        .prepare_cached(&format!("{USER} WHERE {filter} ORDER BY name, email"))?
        .query_map([workspace.map(WorkspaceId::key)], bare)?
        .collect::<Result<_, _>>()?;
    let whole = found.into_iter().map(|user| Ok(User { memberships: memberships(&tx, user.id)?, ..user }));
    Ok(whole.collect::<rusqlite::Result<_>>()?)
}

/// An e-mail address as it is compared.
pub(super) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A line in the audit log of each of the person's workspaces; one without workspace when there is none.
pub(super) fn told(
    tx: &Tx<'_>,
    user: &User,
    (at, actor): (Timestamp, Actor),
    action: &str,
    (before, after): (Option<String>, Option<String>),
) -> Result<(), Fault> {
    let line = AuditLine::new(at, actor, None, action, user.email.clone());
    let line = AuditLine { before, after, ..line };
    if user.memberships.is_empty() {
        return note(tx, &line);
    }
    for (workspace, _) in &user.memberships {
        note(tx, &AuditLine { workspace: Some(*workspace), ..line.clone() })?;
    }
    Ok(())
}

/// Adds a person.
pub(super) fn create(tx: &Tx<'_>, new: &NewUser, at: Timestamp, actor: Actor) -> Result<User, Fault> {
    let email = folded(&new.email);
    let done = tx
        .conn
        .prepare_cached(
            "INSERT INTO user (id, email, name, language, platform, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            new.id.key(),
            email,
            new.name,
            new.language,
            new.platform.map(PlatformRole::as_str),
            at.millis()
        ]);
    match done {
        Ok(_) => {}
        Err(error) if is_constraint(&error) => {
            return Err(StoreError::Conflict(format!("there is a user {email} already")).into());
        }
        Err(error) => return Err(error.into()),
    }
    let user = known(tx.conn, new.id)?;
    let platform = user.platform.map(|role| role.as_str().to_owned());
    told(tx, &user, (at, actor), "user.created", (None, platform))?;
    Ok(user)
}

/// Changes what a person is called and how pages are shown to them.
pub(super) fn change(
    tx: &Tx<'_>,
    user: UserId,
    (name, language, zone): (String, Option<String>, Option<String>),
    at: Timestamp,
    actor: Actor,
) -> Result<User, Fault> {
    let before = known(tx.conn, user)?;
    tx.conn
        .prepare_cached("UPDATE user SET name = ?2, language = ?3, zone = ?4 WHERE id = ?1")?
        .execute(params![user.key(), name, language, zone])?;
    let after = known(tx.conn, user)?;
    if before != after {
        let shown = |user: &User| {
            let unset = || "-".to_owned();
            let (language, zone) = (user.language.clone(), user.zone.clone());
            format!("{}, {}, {}", user.name, language.unwrap_or_else(unset), zone.unwrap_or_else(unset))
        };
        told(tx, &after, (at, actor), "user.changed", (Some(shown(&before)), Some(shown(&after))))?;
    }
    Ok(after)
}

/// Ends the unused links of a person that would let whoever holds one into the account. Called when the account
/// opens more than it did when they were made, or its owner may be in doubt about who holds one. Invitations of
/// an account that has a password stay: they open nothing by themselves.
fn end_links(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    tx.conn
        .prepare_cached(
            "DELETE FROM entry_link WHERE user = ?1 AND used_at IS NULL AND (purpose <> 'invitation' \
             OR NOT EXISTS (SELECT 1 FROM user WHERE id = ?1 AND password IS NOT NULL))",
        )?
        .execute([user.key()])?;
    Ok(())
}

/// Gives a person a role in a workspace, or takes it away. What was invited to it before is settled, and links
/// that were made before the person belonged to it no longer work.
pub(super) fn set_role(
    tx: &Tx<'_>,
    user: UserId,
    workspace: WorkspaceId,
    role: Option<Role>,
    at: Timestamp,
    actor: Actor,
) -> Result<User, Fault> {
    workspace_exists(tx, workspace)?;
    let person = known(tx.conn, user)?;
    let before = person.memberships.iter().find(|(id, _)| *id == workspace).map(|(_, role)| *role);
    if before == Some(Role::Owner) && role != Some(Role::Owner) {
        let others = tx
            .conn
            .prepare_cached(
                "SELECT 1 FROM membership m JOIN user u ON u.id = m.user WHERE m.workspace = ?1 \
                 AND m.user <> ?2 AND m.role = 'owner' AND u.disabled_at IS NULL",
            )?
            .exists(params![workspace.key(), user.key()])?;
        if !others {
            return Err(StoreError::Conflict("the last owner of a workspace stays its owner".into()).into());
        }
    }
    match role {
        Some(role) => tx
            .conn
            .prepare_cached("INSERT OR REPLACE INTO membership (user, workspace, role) VALUES (?1, ?2, ?3)")?
            .execute(params![user.key(), workspace.key(), role.as_str()])?,
        None => tx
            .conn
            .prepare_cached("DELETE FROM membership WHERE user = ?1 AND workspace = ?2")?
            .execute(params![user.key(), workspace.key()])?,
    };
    tx.conn
        .prepare_cached("DELETE FROM entry_link WHERE user = ?1 AND workspace = ?2 AND used_at IS NULL")?
        .execute(params![user.key(), workspace.key()])?;
    if before.is_none() && role.is_some() {
        end_links(tx, user)?;
    }
    let named = |role: Option<Role>| role.map(|role| role.as_str().to_owned());
    let line = AuditLine::new(at, actor, Some(workspace), "member.changed", person.email.clone());
    note(tx, &AuditLine { before: named(before), after: named(role), ..line })?;
    known(tx.conn, user)
}

/// Makes a person a reviewer or operator of the platform, or neither.
pub(super) fn set_platform(
    tx: &Tx<'_>,
    user: UserId,
    role: Option<PlatformRole>,
    at: Timestamp,
    actor: Actor,
) -> Result<User, Fault> {
    let before = known(tx.conn, user)?;
    tx.conn
        .prepare_cached("UPDATE user SET platform = ?2 WHERE id = ?1")?
        .execute(params![user.key(), role.map(PlatformRole::as_str)])?;
    if role.is_some() && role != before.platform {
        end_links(tx, user)?;
    }
    let named = |role: Option<PlatformRole>| role.map(|role| role.as_str().to_owned());
    told(tx, &before, (at, actor), "user.platform_role", (named(before.platform), named(role)))?;
    known(tx.conn, user)
}

/// Keeps a person from signing in, with what they have open ended; or lets them in again.
pub(super) fn disable(
    tx: &Tx<'_>,
    user: UserId,
    disabled: bool,
    at: Timestamp,
    actor: Actor,
) -> Result<User, Fault> {
    let before = known(tx.conn, user)?;
    if before.disabled_at.is_some() == disabled {
        return Ok(before);
    }
    tx.conn
        .prepare_cached("UPDATE user SET disabled_at = ?2 WHERE id = ?1")?
        .execute(params![user.key(), disabled.then_some(at.millis())])?;
    if disabled {
        tx.conn.execute("DELETE FROM session WHERE user = ?1", [user.key()])?;
        tx.conn.execute("DELETE FROM entry_link WHERE user = ?1 AND used_at IS NULL", [user.key()])?;
    }
    told(tx, &before, (at, actor), if disabled { "user.disabled" } else { "user.enabled" }, (None, None))?;
    known(tx.conn, user)
}

/// Keeps the hash of a new password. Other sessions than `keep` end, and links to choose another: whoever knew
/// the old one is out.
pub(super) fn set_password(
    tx: &Tx<'_>,
    user: UserId,
    hash: &Redacted<String>,
    keep: Option<i64>,
    (at, actor): (Timestamp, Actor),
) -> Result<(), Fault> {
    let person = known(tx.conn, user)?;
    tx.conn
        .prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?
        .execute(params![user.key(), hash.show()])?;
    tx.conn
        .prepare_cached("DELETE FROM session WHERE user = ?1 AND id IS NOT ?2")?
        .execute(params![user.key(), keep])?;
    end_links(tx, user)?;
    told(tx, &person, (at, actor), "password.changed", (None, None))
}

/// Sets or removes the second factor, with the codes that replace it. A code that was used stays used for as
/// long as the secret is the same.
pub(super) fn set_totp(
    tx: &Tx<'_>,
    user: UserId,
    secret: Option<&[u8]>,
    recovery: &[[u8; 32]],
    (at, actor): (Timestamp, Actor),
) -> Result<(), Fault> {
    let person = known(tx.conn, user)?;
    tx.conn
        .prepare_cached(
            "UPDATE user SET totp = ?2, totp_step = CASE WHEN totp IS ?2 THEN totp_step END WHERE id = ?1",
        )?
        .execute(params![user.key(), secret])?;
    tx.conn.execute("DELETE FROM recovery_code WHERE user = ?1", [user.key()])?;
    for hash in recovery {
        tx.conn
            .prepare_cached("INSERT INTO recovery_code (user, hash) VALUES (?1, ?2)")?
            .execute(params![user.key(), hash])?;
    }
    let action = if secret.is_some() { "totp.enabled" } else { "totp.disabled" };
    told(tx, &person, (at, actor), action, (None, None))
}

/// Counts a code of the second factor as used; `false` when it was used before.
pub(super) fn use_totp(tx: &Tx<'_>, user: UserId, step: i64) -> Result<bool, Fault> {
    let done = tx
        .conn
        .prepare_cached(
            "UPDATE user SET totp_step = ?2 WHERE id = ?1 AND (totp_step IS NULL OR totp_step < ?2)",
        )?
        .execute(params![user.key(), step])?;
    Ok(done == 1)
}

/// Uses a recovery code; `false` when there is none such, or it was used before.
pub(super) fn use_recovery(
    tx: &Tx<'_>,
    user: UserId,
    hash: &[u8; 32],
    (at, actor): (Timestamp, Actor),
) -> Result<bool, Fault> {
    let done = tx
        .conn
        .prepare_cached(
            "UPDATE recovery_code SET used_at = ?3 WHERE user = ?1 AND hash = ?2 AND used_at IS NULL",
        )?
        .execute(params![user.key(), hash, at.millis()])?;
    if done == 1 {
        told(tx, &known(tx.conn, user)?, (at, actor), "recovery_code.used", (None, None))?;
    }
    Ok(done == 1)
}
