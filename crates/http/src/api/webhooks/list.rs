//! `GET /v2/api/webhooks`, one of them, and the topics.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_domain::WebhookId;
use facteur_store::WebhookTopic;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WebhookAnswer, WebhookView, not_found};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A success with all endpoints.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct WebhookList {
    data: Vec<WebhookView>,
}

/// A topic.
#[derive(Serialize, ToSchema)]
pub(crate) struct TopicView {
    /// Its name.
    #[schema(example = "sms.delivered")]
    name: &'static str,
    /// When it is told.
    description: &'static str,
}

/// A success with all topics.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct TopicList {
    data: Vec<TopicView>,
}

/// List webhook endpoints
///
/// All endpoints of the workspace, oldest first, without their secrets.
#[utoipa::path(
    get,
    path = "/v2/api/webhooks",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    responses(
        (status = 200, description = "The endpoints", body = WebhookList),
    )
)]
pub(crate) async fn list(State(app): State<App>, Extension(caller): Key) -> Result<Response, ApiError> {
    let found = app.gateway.store().webhooks(caller.workspace()).await?;
    let data: Vec<WebhookView> = found.iter().map(WebhookView::bare).collect();
    ok(&Data { data })
}

/// Show a webhook endpoint
#[utoipa::path(
    get,
    path = "/v2/api/webhooks/{id}",
    operation_id = "getWebhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The endpoint, with its secret", body = WebhookAnswer),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let webhook = app.gateway.store().webhook(caller.workspace(), id).await?.ok_or_else(not_found)?;
    ok(&Data { data: WebhookView::full(&webhook) })
}

/// List the topics of webhooks
#[utoipa::path(
    get,
    path = "/v2/api/webhooks/event_types",
    operation_id = "listWebhookEventTypes",
    tag = "Webhooks",
    responses(
        (status = 200, description = "The topics", body = TopicList),
    )
)]
pub(crate) async fn event_types() -> Result<Response, ApiError> {
    let view = |topic: &WebhookTopic| TopicView { name: topic.as_str(), description: topic.description() };
    let data: Vec<TopicView> = WebhookTopic::ALL.iter().map(view).collect();
    ok(&Data { data })
}
