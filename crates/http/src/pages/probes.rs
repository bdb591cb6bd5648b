//! `/healthz`, `/readyz` and `/metrics`. A proxy in front should not pass them on to the world.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use facteur_gateway::{BindReport, QueueReport, Readiness, RouteReport};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::time::EtaView;
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
    /// What waits, by class, the most urgent first.
    queues: Vec<QueueView>,
    /// Its ways to operators.
    routes: Vec<RouteView>,
}

/// What waits of a class.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueView {
    /// Which.
    class: &'static str,
    /// Messages in memory.
    messages: usize,
    /// Messages on disk only.
    on_disk: usize,
    /// Parts (SMS) of both.
    parts: u64,
    /// Since when the one that waits longest might have left, or null.
    #[schema(required = true)]
    oldest: Option<String>,
    /// When one that came last would leave, or null when nobody can tell.
    #[schema(required = true)]
    eta: Option<EtaView>,
}

/// A bind that may carry submits.
#[derive(Serialize, ToSchema)]
pub(crate) struct BindView {
    /// It is bound.
    up: bool,
    /// Submits that may be unanswered.
    window: usize,
    /// Submits that are.
    in_flight: usize,
    /// Parts handed over to it and not yet written.
    handed_over: usize,
    /// Its operator does not answer as it should: others are preferred.
    in_doubt: bool,
    /// Mean seconds from a submit to its answer, of the last ones, or null.
    #[schema(required = true)]
    answer_seconds: Option<f64>,
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
    /// Parts written in the last second.
    rate: u64,
    /// Parts written since the start.
    written: u64,
    /// The last trouble, or null.
    #[schema(required = true)]
    trouble: Option<String>,
    /// Each of its binds.
    each: Vec<BindView>,
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
            queues: readiness.queues.into_iter().map(QueueView::from).collect(),
            routes: readiness.routes.into_iter().map(RouteView::from).collect(),
        }
    }
}

impl From<RouteReport> for RouteView {
    fn from(report: RouteReport) -> Self {
        let RouteReport { name, bound, in_flight, limit_per_second, rate, written, trouble, binds } = report;
        let count = u16::try_from(binds.len()).unwrap_or(u16::MAX);
        let each = binds.into_iter().map(BindView::from).collect();
        Self { name, bound, binds: count, in_flight, limit_per_second, rate, written, trouble, each }
    }
}

impl From<BindReport> for BindView {
    fn from(report: BindReport) -> Self {
        let BindReport { up, window, in_flight, handed, in_doubt, answer_seconds } = report;
        Self { up, window, in_flight, handed_over: handed, in_doubt, answer_seconds }
    }
}

impl From<QueueReport> for QueueView {
    fn from(report: QueueReport) -> Self {
        Self {
            class: report.class.as_str(),
            messages: report.messages,
            on_disk: report.on_disk,
            parts: report.parts,
            oldest: report.oldest.map(|oldest| oldest.to_string()),
            eta: report.eta.map(EtaView::from),
        }
    }
}
