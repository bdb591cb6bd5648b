//! Webhooks as Allo's v1 has them, for old clients: one sender an endpoint, answers in camel case.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use facteur_domain::{Redacted, WebhookId};
use facteur_gateway::Chance;
use facteur_store::{NewWebhook, StoreError, V1Endpoint, V1Topic, Webhook};
use serde::Serialize;
use utoipa::ToSchema;

use super::read;
use crate::api::conversations::sender;
use crate::api::{Data, Key, ok, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, StringErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::{Entry, Node};

/// How v1 spells the prefix of an endpoint's id.
const PREFIX: &str = "web-";
/// Longer than every sender.
const SENDER_READ_MAX: usize = 40;

/// A webhook endpoint of v1.
#[derive(Serialize, ToSchema)]
pub(crate) struct V1WebhookView {
    /// Its id.
    #[schema(example = "web-1M3PF7F7G0042")]
    id: String,
    /// The sender whose messages it is told of: a short code, or a Sender ID.
    #[serde(rename = "alloNumber")]
    #[schema(example = "38180")]
    allo_number: String,
    /// Whether it is told.
    enabled: bool,
    /// Where.
    #[schema(example = "https://example.com/facteur")]
    url: String,
    /// Of what.
    #[schema(example = json!(["SMS_RECEIVED", "SMS_SENT"]))]
    topics: Vec<&'static str>,
}

impl V1WebhookView {
    fn of(webhook: &Webhook) -> Option<Self> {
        let v1 = webhook.v1.as_ref()?;
        Some(Self {
            id: spelled(webhook.id),
            allo_number: v1.sender.to_string(),
            enabled: webhook.enabled,
            url: webhook.url.clone(),
            topics: v1.topics.iter().map(|topic| topic.as_str()).collect(),
        })
    }
}

/// A success with all of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct V1WebhookList {
    data: Vec<V1WebhookView>,
}

/// A success with one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct V1WebhookAnswer {
    data: V1WebhookView,
}

/// A webhook endpoint of v1 to make.
#[derive(ToSchema)]
#[schema(example = json!({"allo_number": "38180", "url": "https://example.com/facteur", "topics": ["SMS_RECEIVED"]}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct NewV1WebhookBody {
    /// A sender of the workspace: a short code, or a Sender ID.
    allo_number: String,
    /// Where to tell: HTTPS, and no address inside a network.
    #[schema(max_length = 2048)]
    url: String,
    /// Of what, one at least: `SMS_RECEIVED`, `SMS_SENT`, `CONTACT_CREATED`, `CONTACT_UPDATED`, `PING`;
    /// `CALL_RECEIVED` is accepted and never told.
    #[schema(min_items = 1)]
    topics: Vec<String>,
    /// Whether it is told from the beginning; true unless told.
    enabled: Option<bool>,
}

fn spelled(id: WebhookId) -> String {
    let id = id.to_string();
    format!("{PREFIX}{}", id.trim_start_matches(WebhookId::PREFIX).trim_start_matches('_'))
}

/// The id behind v1's spelling, dash or underscore, or behind v2's.
fn id_of(text: &str) -> Option<WebhookId> {
    let own = text.strip_prefix(PREFIX).or_else(|| text.strip_prefix("web_"));
    own.map_or_else(|| text.parse().ok(), |rest| format!("{}_{rest}", WebhookId::PREFIX).parse().ok())
}

/// List webhook endpoints (v1)
#[utoipa::path(
    get,
    path = "/v1/api/webhooks",
    operation_id = "listWebhooksV1",
    tag = "Webhooks",
    responses(
        (status = 200, description = "The endpoints that were made by v1", body = V1WebhookList),
    )
)]
pub(crate) async fn list(State(app): State<App>, Extension(caller): Key) -> Result<Response, ApiError> {
    let found = app.gateway.store().webhooks(caller.workspace()).await?;
    let data: Vec<V1WebhookView> = found.iter().filter_map(V1WebhookView::of).collect();
    ok(&Data { data })
}

/// Make a webhook endpoint (v1)
///
/// What happens from now on to messages of one sender is told to `url` as `{"topic", "data"}`, unsigned. Use
/// v2 for signed webhooks. Any 2xx within 30 seconds is success; failures are tried again as in v2. Without
/// `SMS_SENT`, `SMS_RECEIVED` tells of sent messages too; `direction` says which.
#[utoipa::path(
    post,
    path = "/v1/api/webhooks",
    operation_id = "createWebhookV1",
    tag = "Webhooks",
    request_body = NewV1WebhookBody,
    responses(
        (status = 201, description = "The endpoint", body = V1WebhookAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "The sender is not on the account", body = ErrorBody),
        (status = 409, description = "The workspace has as many webhooks as it may", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let gateway = &app.gateway;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let named = entry.required(
        "allo_number",
        SENDER_READ_MAX,
        "the short code or Sender ID whose messages are told, as in 38180",
        &mut faults,
    );
    if !entry.has("url") {
        read::missing("url", "where the webhook goes, as in https://example.com/facteur", &mut faults);
    }
    if !entry.has("topics") {
        read::missing("topics", "a list of what it is told, as in [\"SMS_RECEIVED\"]", &mut faults);
    }
    let url = read::url(&mut entry, gateway, &mut faults);
    let topics = topics(&mut entry, &mut faults);
    let enabled = entry.boolean("enabled", &mut faults).unwrap_or(true);
    faults.into_result()?;
    let (Some(named), Some(url), Some(topics)) = (named, url, topics) else {
        return Err(ApiError::internal("a field is missing and no fault says so"));
    };
    let sender = sender(gateway, &caller, &named)?;
    let new = NewWebhook {
        url,
        topics: Vec::new(),
        description: None,
        secret: Redacted::new(Chance.octets()),
        enabled,
        v1: Some(V1Endpoint { sender, topics }),
    };
    let made = gateway.store().create_webhook(caller.workspace(), new, gateway.now(), caller.actor()).await;
    let webhook = made.map_err(|why| match why {
        StoreError::Conflict(why) => ApiError::new(&codes::TOO_MANY_WEBHOOKS, format!("Not made: {why}.")),
        other => super::refused(other),
    })?;
    written(StatusCode::CREATED, &Data { data: V1WebhookView::of(&webhook) })
}

/// Remove a webhook endpoint (v1)
#[utoipa::path(
    delete,
    path = "/v1/api/webhooks/{id}",
    operation_id = "deleteWebhookV1",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such webhook of v1; `error` is a string here, as in Allo's v1", body = StringErrorBody),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let gateway = &app.gateway;
    let id = id.ok().and_then(|id| id_of(&id)).ok_or_else(not_found)?;
    let found = gateway.store().webhook(caller.workspace(), id).await?;
    found.filter(|webhook| webhook.v1.is_some()).ok_or_else(not_found)?;
    let removing = gateway.store().delete_webhook(caller.workspace(), id, gateway.now(), caller.actor());
    removing.await.map_err(|why| match why {
        StoreError::NotFound(_) => not_found(),
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn not_found() -> ApiError {
    super::not_found().with_string_error()
}

/// v1's topics, each once.
fn topics(entry: &mut Entry, faults: &mut Faults) -> Option<Vec<V1Topic>> {
    let list = entry.list("topics", faults)?;
    let known = || V1Topic::ALL.map(V1Topic::as_str).join(", ");
    if list.is_empty() {
        faults.note("topics", format!("`topics` is empty: name one at least of {}", known()));
    }
    let mut topics = Vec::new();
    for (at, node) in list.into_iter().enumerate() {
        let topic = match &node {
            Node::Text(name) => V1Topic::from_name(name.trim()),
            _ => None,
        };
        match topic {
            Some(topic) if topics.contains(&topic) => {}
            Some(topic) => topics.push(topic),
            None => {
                let message = format!("`topics[{at}]` is no topic of v1; there are {}", known());
                faults.note(format!("topics[{at}]"), message);
            }
        }
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelled_as_v1_spells_them() {
        let id = WebhookId::from_key(7 << 4);
        assert!(spelled(id).starts_with("web-"));
        for text in [spelled(id), spelled(id).replace('-', "_"), id.to_string()] {
            assert_eq!(id_of(&text), Some(id), "{text}");
        }
        assert_eq!(id_of("web-abc123"), None);
    }
}
