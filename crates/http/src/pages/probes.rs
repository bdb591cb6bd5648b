//! `/healthz`, `/readyz` and `/metrics`. A proxy in front should not pass them on to the world.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use facteur_gateway::{Readiness, RouteReport};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;

/// What `prometheus-client` writes.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the gateway can do its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessView {
    /// Whether it accepts messages.
    ready: bool,
    /// Its store.
    store: StoreView,
    /// Messages waiting in memory for their turn.
    waiting: usize,
    /// Its ways to operators.
    routes: Vec<RouteView>,
}

/// The store.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoreView {
    /// Whether it can write.
    ok: bool,
    /// Why not, or null.
    #[schema(required = true)]
    trouble: Option<String>,
}

/// A way to operators.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteView {
    /// Its name.
    name: String,
    /// Binds that are up.
    bound: u16,
    /// Binds it should have.
    binds: u16,
    /// Submits unanswered.
    in_flight: usize,
    /// Parts a second in force; 0 for no limit.
    limit_per_second: u32,
    /// The last trouble, or null.
    #[schema(required = true)]
    trouble: Option<String>,
}

/// Is the process up?
#[utoipa::path(
    get, path = "/healthz", operation_id = "healthz", tag = "Service",
    responses((status = 200, description = "The process is up", body = String, content_type = "text/plain"))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Can it do its work?
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "Service",
    responses(
        (status = 200, description = "It can", body = ReadinessView),
        (status = 503, description = "It cannot; the body says why", body = ReadinessView),
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Response, ApiError> {
    let readiness = app.gateway.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_vec(&ReadinessView::from(readiness)).map_err(ApiError::internal)?;
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((status, json, Body::from(body)).into_response())
}

/// Metrics
///
/// Everything that is counted, as OpenMetrics text for Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "Service",
    responses((status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics.text(&app.gateway.metrics());
    ([(header::CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS))], text).into_response()
}

impl From<Readiness> for ReadinessView {
    fn from(readiness: Readiness) -> Self {
        let trouble = readiness.store.err();
        Self {
            ready: readiness.ready,
            store: StoreView { ok: trouble.is_none(), trouble },
            waiting: readiness.waiting,
            routes: readiness.routes.into_iter().map(RouteView::from).collect(),
        }
    }
}

impl From<RouteReport> for RouteView {
    fn from(report: RouteReport) -> Self {
        let RouteReport { name, bound, binds, in_flight, limit_per_second, trouble } = report;
        Self { name, bound, binds, in_flight, limit_per_second, trouble }
    }
}
