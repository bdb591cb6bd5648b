//! The window while the gateway cannot start: whoever comes is told so, and when to come again.

use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use facteur_gateway::{Chance, Clock, Readiness};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::error::{ApiError, codes};
use crate::flowing::Flowing;
use crate::pages::{ReadinessView, healthz};
use crate::request_id::RequestIds;
use crate::server::{HEADERS_MAX, Options, REFUSED_PAUSE};

/// How long clients are told to wait, in seconds.
const RETRY_AFTER: u64 = 5;

#[derive(Clone)]
struct Closed {
    /// For `/readyz`: why the gateway does not start.
    why: Arc<str>,
    ids: Arc<RequestIds>,
}

/// Answers requests on `listener` with 503 and `Retry-After` until it is dropped: nothing is accepted. `/healthz`
/// is answered as ever, `/readyz` says `why`.
pub async fn serve_closed(
    listener: &TcpListener,
    options: &Options,
    why: &str,
    clock: &Clock,
    tracker: &TaskTracker,
) {
    let closed = Closed { why: why.into(), ids: Arc::new(RequestIds::new(Chance)) };
    let router = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).fallback(refuse);
    let router = router.with_state(closed);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(options.header_timeout).max_buf_size(HEADERS_MAX);
    let tls = options.tls.clone().map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(options.max_connections));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                clock.pause(REFUSED_PAUSE).await;
                continue;
            }
        };
        let (http, router, tls, options) = (http.clone(), router.clone(), tls.clone(), options.clone());
        tracker.spawn(async move {
            connection(stream, &http, router, tls, &options).await;
            drop(permit);
        });
    }
}

async fn connection(
    stream: TcpStream,
    http: &http1::Builder,
    router: Router,
    tls: Option<TlsAcceptor>,
    options: &Options,
) {
    let Some(acceptor) = tls else { return talk(stream, http, router, options).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(options.header_timeout, acceptor.accept(stream)).await {
        talk(stream, http, router, options).await;
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    http: &http1::Builder,
    router: Router,
    options: &Options,
) {
    let stream = TokioIo::new(Flowing::new(stream, options.request_timeout));
    let mut served = pin!(http.serve_connection(stream, TowerToHyperService::new(router)));
    if let Err(error) = served.as_mut().await {
        tracing::debug!(%error, "connection ended early");
    }
}

/// The next request of the connection is for the gateway, once it has started.
fn close(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn readyz(State(closed): State<Closed>) -> Response {
    let readiness = Readiness {
        ready: false,
        store: Err(closed.why.to_string()),
        waiting: 0,
        queues: Vec::new(),
        routes: Vec::new(),
    };
    let body = serde_json::to_vec(&ReadinessView::from(readiness)).unwrap_or_default();
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    close((StatusCode::SERVICE_UNAVAILABLE, json, body).into_response())
}

async fn refuse(State(closed): State<Closed>, headers: HeaderMap) -> Response {
    let error = ApiError::new(
        &codes::SERVICE_UNAVAILABLE,
        "The service cannot keep messages at the moment; nothing was accepted.",
    );
    let id = closed.ids.of(&headers);
    close(error.retry_after(RETRY_AFTER).render(id.to_str().unwrap_or_default()))
}
