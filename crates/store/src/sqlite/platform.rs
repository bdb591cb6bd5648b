//! What people see who run the platform: figures of all workspaces, the use of keys.

use facteur_domain::{AccountKeyId, WorkspaceId};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::fault::Fault;
use super::{Pending, Store, admin, rows};
use crate::{AuditFilter, AuditLine, Counts, DelayTally, Hour, KeyUse, Volume};

impl Store {
    /// Each workspace's figures from one hour until another, which is not in it; none for those that
    /// accepted nothing.
    pub fn volumes(&self, from: Hour, until: Hour) -> Pending<Vec<Volume>> {
        self.read(move |conn| volumes(conn, from, until))
    }

    /// How long receipts took by each route, over all workspaces, from one hour until another.
    pub fn delays(&self, from: Hour, until: Hour) -> Pending<Vec<DelayTally>> {
        self.read(move |conn| delays(conn, from, until))
    }

    /// When messages were last accepted with each key of a workspace, on `since` (a UTC day) or later.
    pub fn key_use(&self, workspace: WorkspaceId, since: i64) -> Pending<Vec<KeyUse>> {
        self.read(move |conn| key_use(conn, workspace, since))
    }

    /// Audit lines of a workspace (with `None`: of all and of the platform itself), newest first, each with
    /// the number by which the next page is asked for.
    pub fn audit_lines(
        &self,
        workspace: Option<WorkspaceId>,
        filter: AuditFilter,
        limit: usize,
    ) -> Pending<Vec<(i64, AuditLine)>> {
        self.read(move |conn| audit_lines(conn, workspace, &filter, limit))
    }
}

fn volumes(conn: &Connection, from: Hour, until: Hour) -> Result<Vec<Volume>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT t.workspace, sum(t.accepted), sum(t.parts), sum(t.cost), sum(t.submitted), sum(t.delivered), \
             sum(t.undelivered), sum(t.expired), sum(t.rejected), sum(t.blocked), sum(t.cancelled), \
             sum(t.unknown) FROM workspace w JOIN tally t ON t.workspace = w.id \
             AND t.hour >= ?1 AND t.hour < ?2 GROUP BY t.workspace ORDER BY t.workspace",
        )?
        .query_map([from.0, until.0], |row| {
            let counts = Counts {
                accepted: row.get(1)?,
                parts: row.get(2)?,
                cost_micros: row.get(3)?,
                submitted: row.get(4)?,
                delivered: row.get(5)?,
                undelivered: row.get(6)?,
                expired: row.get(7)?,
                rejected: row.get(8)?,
                blocked: row.get(9)?,
                cancelled: row.get(10)?,
                unknown: row.get(11)?,
            };
            Ok(Volume { workspace: WorkspaceId::from_key(row.get(0)?), counts })
        })?
        .collect::<Result<_, _>>()?)
}

fn delays(conn: &Connection, from: Hour, until: Hour) -> Result<Vec<DelayTally>, Fault> {
    Ok(conn
        .prepare_cached(
            "SELECT coalesce(r.name, 'route ' || t.route), t.step, sum(t.count) FROM workspace w \
             JOIN tally_delay t ON t.workspace = w.id AND t.hour >= ?1 AND t.hour < ?2 \
             LEFT JOIN route r ON r.id = t.route GROUP BY t.route, t.step ORDER BY t.route, t.step",
        )?
        .query_map([from.0, until.0], |row| {
            Ok(DelayTally { route: row.get(0)?, step: row.get(1)?, count: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?)
}

fn key_use(conn: &Connection, workspace: WorkspaceId, since: i64) -> Result<Vec<KeyUse>, Fault> {
    // `max` picks the row that `count` is read from.
    Ok(conn
        .prepare_cached(
            "SELECT u.api_key, max(u.day), u.count FROM usage u JOIN api_key k ON k.id = u.api_key \
             WHERE u.day >= ?2 AND k.workspace = ?1 GROUP BY u.api_key",
        )?
        .query_map(params![workspace.key(), since], |row| {
            let key = AccountKeyId::from_key(row.get(0)?);
            Ok(KeyUse { key, day: row.get(1)?, count: rows::count(row, 2)? })
        })?
        .collect::<Result<_, _>>()?)
}

fn audit_lines(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<(i64, AuditLine)>, Fault> {
    let mut terms = vec!["id < ?"];
    let mut values = vec![Value::from(filter.before.unwrap_or(i64::MAX))];
    let mut also = |term, value: Value| {
        terms.push(term);
        values.push(value);
    };
    if let Some(workspace) = workspace {
        also("workspace = ?", workspace.key().into());
    }
    if let Some(action) = &filter.action {
        // Names are lower-case letters: what begins so stands between it and its end.
        also("action >= ?", action.clone().into());
        also("action < ?", format!("{action}~").into());
    }
    if let Some(actor) = &filter.actor {
        also("instr(lower(actor), lower(?)) > 0", actor.clone().into());
    }
    if let Some(from) = filter.from {
        also("at >= ?", from.millis().into());
    }
    if let Some(to) = filter.to {
        also("at < ?", to.millis().into());
    }
    let condition = terms.join(" AND ");
    values.push(rows::limit(limit).into());
    Ok(conn
        .prepare_cached(&format!(
            "SELECT id, at, actor, workspace, action, detail, origin, before, after FROM audit \
             WHERE {condition} ORDER BY id DESC LIMIT ?"
        ))?
        .query_map(params_from_iter(&values), |row| Ok((row.get(0)?, admin::audit_line(row, 1)?)))?
        .collect::<Result<_, _>>()?)
}
