//! `PUT` and `DELETE /v2/api/webhooks/{id}`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use facteur_domain::WebhookId;
use facteur_store::WebhookUpdate;
use utoipa::ToSchema;

use super::{WebhookAnswer, WebhookView, not_found, read, refused};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::Entry;

/// What changes of an endpoint; what is absent stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct WebhookUpdateBody {
    /// Where to tell.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Of what: these and no others.
    topics: Option<Vec<String>>,
    /// In your words; an empty text takes it away.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Whether it is told. What was owed when it was disabled is told when it is enabled again.
    enabled: Option<bool>,
}

/// Change a webhook endpoint
///
/// Only the given fields change.
#[utoipa::path(
    put,
    path = "/v2/api/webhooks/{id}",
    operation_id = "updateWebhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = WebhookUpdateBody,
    responses(
        (status = 200, description = "The endpoint, without its secret", body = WebhookAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn update(
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
    let gateway = &app.gateway;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let described = entry.has("description");
    let update = WebhookUpdate {
        url: read::url(&mut entry, gateway, &mut faults),
        topics: read::topics(&mut entry, &mut faults),
        description: {
            let description = entry.bounded("description", read::DESCRIPTION_MAX, &mut faults);
            described.then_some(description)
        },
        enabled: entry.boolean("enabled", &mut faults),
    };
    entry.end("url, topics, description and enabled", &mut faults);
    faults.into_result()?;
    let changing =
        gateway.store().update_webhook(caller.workspace(), id, update, gateway.now(), caller.actor());
    let webhook = changing.await.map_err(refused)?;
    gateway.deliver_webhooks();
    ok(&Data { data: WebhookView::bare(&webhook) })
}

/// Remove a webhook endpoint
///
/// Nothing more is told to it, and what is kept of its deliveries goes with it.
#[utoipa::path(
    delete,
    path = "/v2/api/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let gateway = &app.gateway;
    let removing = gateway.store().delete_webhook(caller.workspace(), id, gateway.now(), caller.actor());
    removing.await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
