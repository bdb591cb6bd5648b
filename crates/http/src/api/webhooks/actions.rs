//! Replay, test, and a new secret.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_domain::{EventId, Redacted, WebhookId};
use facteur_gateway::Chance;
use facteur_store::Replay;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WebhookAnswer, WebhookView, not_found, refused};
use crate::api::{Data, Key, Named, ok, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// How long the secret before a new one signs too.
const PREVIOUS_SIGNS: Duration = Duration::from_secs(24 * 3_600);
/// Longer than every id.
const ID_READ_MAX: usize = 64;

/// What to deliver again: one of the two.
#[derive(ToSchema)]
#[schema(example = json!({"since": "2026-11-22T08:00:00Z"}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ReplayBody {
    /// One event, whatever became of it.
    event_id: Option<String>,
    /// All that failed of what happened since then, RFC 3339 with a zone.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// How much is delivered again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Deliveries that are owed again.
    replayed: u64,
}

/// A success of a replay.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ReplayAnswer {
    data: Replayed,
}

/// A test that is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tested {
    /// The event's id, which is sent as `webhook-id`.
    event_id: String,
}

/// A success of a test.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct TestAnswer {
    data: Tested,
}

/// Deliver again
///
/// One event, or everything since a date that was given up. The `webhook-id` stays the same.
#[utoipa::path(
    post,
    path = "/v2/api/webhooks/{id}/replay",
    operation_id = "replayWebhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = ReplayBody,
    responses(
        (status = 200, description = "How much is owed again", body = ReplayAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    // What is not theirs is not there, whatever the body says.
    app.gateway.store().webhook(caller.workspace(), id).await?.ok_or_else(not_found)?;
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let event = entry.bounded("event_id", ID_READ_MAX, &mut faults);
    let since = entry.instant("since", &mut faults);
    entry.end("event_id and since", &mut faults);
    faults.into_result()?;
    let what = match (event, since) {
        (Some(event), None) => Replay::One(event.trim().parse::<EventId>().map_err(|why| {
            ApiError::new(&codes::INVALID_REQUEST_BODY, format!("`event_id`: {why}.")).at("event_id")
        })?),
        (None, Some(since)) => Replay::Since(since),
        _ => {
            let error =
                ApiError::new(&codes::INVALID_REQUEST_BODY, "Give `event_id` or `since`, one of them.");
            return Err(
                error.suggest("`event_id` is the `webhook-id` of a delivery; `since` an RFC 3339 date.")
            );
        }
    };
    let gateway = &app.gateway;
    let owed = gateway.store().replay_webhook(caller.workspace(), id, what, gateway.now(), caller.actor());
    let replayed = owed.await.map_err(refused)?;
    gateway.deliver_webhooks();
    ok(&Data { data: Replayed { replayed } })
}

/// Send a test event
///
/// An event of the topic `webhook.test` goes to the endpoint, as all others do.
#[utoipa::path(
    post,
    path = "/v2/api/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 202, description = "It is on its way; the list of deliveries shows its answer", body = TestAnswer),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn test(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let gateway = &app.gateway;
    let telling = gateway.store().test_webhook(caller.workspace(), id, gateway.now(), caller.actor());
    let event = telling.await.map_err(refused)?;
    gateway.deliver_webhooks();
    written(StatusCode::ACCEPTED, &Data { data: Tested { event_id: event.to_string() } })
}

/// Give a webhook endpoint a new secret
///
/// For a day deliveries carry two signatures, of the new secret and of the one before, so that receivers
/// can change over without a gap.
#[utoipa::path(
    post,
    path = "/v2/api/webhooks/{id}/rotate_secret",
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The endpoint, with its new secret", body = WebhookAnswer),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let gateway = &app.gateway;
    let (now, secret) = (gateway.now(), Redacted::new(Chance.octets()));
    let until = now.plus(PREVIOUS_SIGNS);
    let rotating =
        gateway.store().rotate_webhook_secret(caller.workspace(), id, secret, until, now, caller.actor());
    let webhook = rotating.await.map_err(refused)?;
    ok(&Data { data: WebhookView::full(&webhook) })
}
