//! `POST /v2/api/webhooks`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_domain::Redacted;
use facteur_gateway::Chance;
use facteur_store::{NewWebhook, StoreError};
use utoipa::ToSchema;

use super::{WebhookAnswer, WebhookView, read, refused};
use crate::api::{Data, Key, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// A webhook endpoint to make.
#[derive(ToSchema)]
#[schema(example = json!({"url": "https://example.com/facteur", "topics": ["sms.delivered", "sms.undelivered"]}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct NewWebhookBody {
    /// Where to tell: HTTPS, and no address inside a network.
    #[schema(max_length = 2048)]
    url: String,
    /// Of what, one at least.
    #[schema(min_items = 1)]
    topics: Vec<String>,
    /// In your words.
    #[schema(max_length = 500)]
    description: Option<String>,
}

/// Make a webhook endpoint
///
/// What happens from now on is told to `url`, signed as Standard Webhooks has it with `signing_secret`. An
/// event is told at least once: `webhook-id` stays the same, so that repeats can be known. Any 2xx within 20
/// seconds is success; after a failure it is tried again 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h later.
#[utoipa::path(
    post,
    path = "/v2/api/webhooks",
    operation_id = "createWebhook",
    tag = "Webhooks",
    request_body = NewWebhookBody,
    responses(
        (status = 201, description = "The endpoint, with its secret", body = WebhookAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
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
    if !entry.has("url") {
        read::missing("url", "where the webhook goes, as in https://example.com/facteur", &mut faults);
    }
    if !entry.has("topics") {
        read::missing("topics", "a list of what it is told, as in [\"sms.delivered\"]", &mut faults);
    }
    let url = read::url(&mut entry, gateway, &mut faults);
    let topics = read::topics(&mut entry, &mut faults);
    let description = entry.bounded("description", read::DESCRIPTION_MAX, &mut faults);
    entry.end("url, topics and description", &mut faults);
    faults.into_result()?;
    let (Some(url), Some(topics)) = (url, topics) else {
        return Err(ApiError::new(&codes::INVALID_REQUEST_BODY, "`url` and `topics` must be given."));
    };
    let new = NewWebhook {
        url,
        topics,
        description,
        secret: Redacted::new(Chance.octets()),
        enabled: true,
        v1: None,
    };
    let made = gateway.store().create_webhook(caller.workspace(), new, gateway.now(), caller.actor()).await;
    let webhook = made.map_err(|why| match why {
        StoreError::Conflict(why) => ApiError::new(&codes::TOO_MANY_WEBHOOKS, format!("Not made: {why}.")),
        other => refused(other),
    })?;
    written(StatusCode::CREATED, &Data { data: WebhookView::full(&webhook) })
}
