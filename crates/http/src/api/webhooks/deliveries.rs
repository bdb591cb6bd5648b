//! `GET /v2/api/webhooks/{id}/deliveries`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::WebhookId;
use facteur_store::WebhookDelivery;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{not_found, refused};
use crate::api::page::{Pagination, Params};
use crate::api::{Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// One event for one endpoint, with its last attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// The event's id, which is sent as `webhook-id`.
    #[schema(example = "msg_1M3PF7F7G0043")]
    event_id: String,
    /// Its topic.
    #[schema(example = "sms.delivered")]
    topic: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// How often it was tried.
    attempts: u16,
    /// When it is tried next; null when it is not.
    #[schema(required = true, format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was tried last; null when it was not.
    #[schema(required = true, format = DateTime)]
    last_attempt_at: Option<String>,
    /// How long the last attempt took, in milliseconds.
    #[schema(required = true)]
    duration_ms: Option<u64>,
    /// The HTTP status of the last answer.
    #[schema(required = true, example = 200)]
    response_status: Option<u16>,
    /// The beginning of the last answer that was no success.
    #[schema(required = true)]
    response_body: Option<String>,
    /// What was wrong with the last attempt.
    #[schema(required = true)]
    error: Option<String>,
    /// The body that is sent, as text.
    request_body: String,
}

impl From<WebhookDelivery> for DeliveryView {
    fn from(delivery: WebhookDelivery) -> Self {
        let (tried, took) = delivery.tried.unzip();
        Self {
            event_id: delivery.event.to_string(),
            topic: delivery.topic,
            timestamp: delivery.event_at.to_string(),
            status: delivery.state.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.due_at.map(|at| at.to_string()),
            last_attempt_at: tried.map(|at| at.to_string()),
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            response_status: delivery.status,
            response_body: delivery.answer,
            error: delivery.error,
            request_body: delivery.payload.into_inner(),
        }
    }
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    data: Vec<DeliveryView>,
    pagination: Pagination,
}

/// Which.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the query; it is read one by one, for better errors")]
pub(crate) struct Filters {
    /// Which page, from 1 (the default).
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on a page, 20 unless told.
    #[param(minimum = 1, maximum = 100)]
    size: Option<u32>,
}

/// List an endpoint's deliveries
///
/// What was told to the endpoint and how it answered, newest event first. They are kept for seven days.
#[utoipa::path(
    get,
    path = "/v2/api/webhooks/{id}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id"), Filters),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveryPage),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "There is no such webhook in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<WebhookId>, ApiError>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    params.end("page and size")?;
    let found =
        app.gateway.store().webhook_deliveries(caller.workspace(), id, page).await.map_err(refused)?;
    ok(&DeliveryPage {
        pagination: Pagination::new(page, found.total),
        data: found.rows.into_iter().map(DeliveryView::from).collect(),
    })
}
