//! Endpoints as rows.

use facteur_domain::{Redacted, Timestamp, WebhookId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::WEBHOOKS_MAX;
use crate::sqlite::admin::{note, workspace_exists};
use crate::sqlite::consents::next_key;
use crate::sqlite::fault::Fault;
use crate::sqlite::rows::{maybe_time, time};
use crate::sqlite::writer::Tx;
use crate::{
    Actor, AuditLine, NewWebhook, StoreError, V1Endpoint, V1Topic, Webhook, WebhookSecret, WebhookTopic,
    WebhookUpdate,
};

const ENDPOINT: &str = "SELECT id, workspace, url, topics, description, enabled, secret, previous_secret, \
     previous_until, created_at, failing_since, disabled_reason, v1_sender, v1_topics FROM webhook_endpoint";

fn endpoint(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let topics: String = row.get(3)?;
    let previous: Option<[u8; 32]> = row.get(7)?;
    Ok(Webhook {
        id: WebhookId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        url: row.get(2)?,
        // A topic of a later version is nothing that this one tells.
        topics: topics.split_whitespace().filter_map(WebhookTopic::from_name).collect(),
        description: row.get(4)?,
        enabled: row.get(5)?,
        secret: Redacted::new(row.get(6)?),
        previous_secret: previous.map(Redacted::new).zip(maybe_time(row, 8)?),
        created_at: time(row, 9)?,
        failing_since: maybe_time(row, 10)?,
        disabled_reason: row.get(11)?,
        v1: v1(row)?,
    })
}

/// What makes it an endpoint of v1.
fn v1(row: &Row<'_>) -> rusqlite::Result<Option<V1Endpoint>> {
    let Some(sender) = row.get::<_, Option<String>>(12)? else { return Ok(None) };
    let sender = sender.parse().map_err(|_| rusqlite::Error::InvalidColumnName("v1_sender".to_owned()))?;
    let topics: String = row.get(13)?;
    let topics = topics.split_whitespace().filter_map(V1Topic::from_name).collect();
    Ok(Some(V1Endpoint { sender, topics }))
}

/// Enabled endpoints of all workspaces.
pub(super) fn enabled(conn: &Connection) -> rusqlite::Result<Vec<Webhook>> {
    conn.prepare_cached(&format!("{ENDPOINT} WHERE enabled = 1 ORDER BY id"))?
        .query_map([], endpoint)?
        .collect()
}

/// A workspace's endpoints.
pub(super) fn all(conn: &Connection, workspace: WorkspaceId) -> rusqlite::Result<Vec<Webhook>> {
    conn.prepare_cached(&format!("{ENDPOINT} WHERE workspace = ?1 ORDER BY id"))?
        .query_map([workspace.key()], endpoint)?
        .collect()
}

/// One of them.
pub(super) fn one(
    conn: &Connection,
    workspace: WorkspaceId,
    id: WebhookId,
) -> rusqlite::Result<Option<Webhook>> {
    Ok(any(conn, id)?.filter(|webhook| webhook.workspace == workspace))
}

/// The endpoint of this id, of whatever workspace.
pub(super) fn any(conn: &Connection, id: WebhookId) -> rusqlite::Result<Option<Webhook>> {
    conn.prepare_cached(&format!("{ENDPOINT} WHERE id = ?1"))?.query_row([id.key()], endpoint).optional()
}

/// One of a workspace, which must be there.
pub(super) fn find(conn: &Connection, workspace: WorkspaceId, id: WebhookId) -> Result<Webhook, Fault> {
    Ok(one(conn, workspace, id)?.ok_or(StoreError::NotFound("webhook"))?)
}

/// Makes an endpoint.
pub(super) fn create(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    new: NewWebhook,
    at: Timestamp,
    actor: Actor,
) -> Result<Webhook, Fault> {
    workspace_exists(tx, workspace)?;
    if all(tx.conn, workspace)?.len() >= WEBHOOKS_MAX {
        let why = format!("a workspace has {WEBHOOKS_MAX} webhooks at most");
        return Err(StoreError::Conflict(why).into());
    }
    let webhook = Webhook {
        id: WebhookId::from_key(next_key(tx.conn, "webhook_endpoint", at)?),
        workspace,
        url: new.url,
        topics: new.v1.as_ref().map_or(new.topics, V1Endpoint::meant),
        description: new.description,
        enabled: new.enabled,
        secret: new.secret,
        previous_secret: None,
        created_at: at,
        failing_since: None,
        disabled_reason: None,
        v1: new.v1,
    };
    save(tx, &webhook)?;
    told(tx, &webhook, "webhook.created", at, actor)?;
    Ok(webhook)
}

/// Changes an endpoint.
pub(super) fn update(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: WebhookId,
    update: WebhookUpdate,
    at: Timestamp,
    actor: Actor,
) -> Result<Webhook, Fault> {
    let mut webhook = find(tx.conn, workspace, id)?;
    let WebhookUpdate { url, topics, description, enabled } = update;
    if webhook.v1.is_some() && topics.is_some() {
        let why = "the topics of an endpoint of v1 do not change: delete it and make another";
        return Err(StoreError::Conflict(why.to_owned()).into());
    }
    webhook.url = url.unwrap_or(webhook.url);
    webhook.topics = topics.unwrap_or(webhook.topics);
    webhook.description = description.unwrap_or(webhook.description);
    if enabled == Some(true) && !webhook.enabled {
        webhook.failing_since = None;
        webhook.disabled_reason = None;
    }
    webhook.enabled = enabled.unwrap_or(webhook.enabled);
    save(tx, &webhook)?;
    told(tx, &webhook, "webhook.updated", at, actor)?;
    tx.memory.hooks.owe(id);
    Ok(webhook)
}

/// Removes an endpoint and its deliveries.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: WebhookId,
    at: Timestamp,
    actor: Actor,
) -> Result<(), Fault> {
    let webhook = find(tx.conn, workspace, id)?;
    tx.conn.execute("DELETE FROM webhook_delivery WHERE endpoint = ?1", [id.key()])?;
    tx.conn.execute("DELETE FROM webhook_endpoint WHERE id = ?1", [id.key()])?;
    told(tx, &webhook, "webhook.deleted", at, actor)
}

/// Gives an endpoint a new secret.
pub(super) fn rotate(
    tx: &mut Tx<'_>,
    (workspace, id): (WorkspaceId, WebhookId),
    secret: WebhookSecret,
    previous_until: Timestamp,
    at: Timestamp,
    actor: Actor,
) -> Result<Webhook, Fault> {
    let mut webhook = find(tx.conn, workspace, id)?;
    webhook.previous_secret = Some((std::mem::replace(&mut webhook.secret, secret), previous_until));
    save(tx, &webhook)?;
    told(tx, &webhook, "webhook.secret_rotated", at, actor)?;
    Ok(webhook)
}

/// Disables an endpoint that cannot be reached, and says so in the audit log.
pub(super) fn disable(
    tx: &mut Tx<'_>,
    id: WebhookId,
    why: &str,
    at: Timestamp,
) -> Result<Option<Webhook>, Fault> {
    let Some(mut webhook) = any(tx.conn, id)?.filter(|webhook| webhook.enabled) else { return Ok(None) };
    webhook.enabled = false;
    webhook.disabled_reason = Some(why.to_owned());
    save(tx, &webhook)?;
    told(tx, &webhook, "webhook.disabled", at, Actor::named("facteur"))?;
    Ok(Some(webhook))
}

fn save(tx: &Tx<'_>, webhook: &Webhook) -> rusqlite::Result<()> {
    let topics: Vec<&str> = webhook.topics.iter().map(|topic| topic.as_str()).collect();
    let (previous, until) = webhook.previous_secret.map_or((None, None), |(s, until)| (Some(s), Some(until)));
    tx.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO webhook_endpoint (id, workspace, url, topics, description, enabled, secret, \
             previous_secret, previous_until, created_at, failing_since, disabled_reason, v1_sender, v1_topics) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            webhook.id.key(),
            webhook.workspace.key(),
            webhook.url,
            topics.join(" "),
            webhook.description,
            webhook.enabled,
            webhook.secret.show(),
            previous.map(Redacted::into_inner),
            until.map(Timestamp::millis),
            webhook.created_at.millis(),
            webhook.failing_since.map(Timestamp::millis),
            webhook.disabled_reason,
            webhook.v1.as_ref().map(|v1| v1.sender.to_string()),
            webhook.v1.as_ref().map(|v1| {
                let topics: Vec<&str> = v1.topics.iter().map(|topic| topic.as_str()).collect();
                topics.join(" ")
            }),
        ])?;
    Ok(())
}

/// A line in the audit log, and the writer's memory as it must be now.
fn told(tx: &mut Tx<'_>, webhook: &Webhook, action: &str, at: Timestamp, actor: Actor) -> Result<(), Fault> {
    let why = webhook.disabled_reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
    let detail = format!("{}{why}", webhook.id);
    note(tx, &AuditLine::new(at, actor, Some(webhook.workspace), action, detail))?;
    Ok(tx.memory.hooks.reload(tx.conn)?)
}
