//! What happens to every request before and after its handler, in one place and in one order:
//! its id, its key, its rate, its scope; then the handler, within a time; then the headers, the
//! error's body, and the count.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use facteur_domain::Timestamp;
use facteur_gateway::Caller;

use crate::api::{SEND, SEND_LIST};
use crate::app::App;
use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};
use crate::limits::{Kind, Window};
use crate::panics::caught;
use crate::proxy::Client;
use crate::{auth, body, idempotency, limits, request_id};

/// What the guard of an endpoint knows.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) app: App,
    pub(crate) endpoint: &'static Endpoint,
}

/// A request on its way through the edge: what its answer needs of it.
struct Visit<'a> {
    app: &'a App,
    endpoint: &'static Endpoint,
    method: Method,
    id: HeaderValue,
    idempotency_key: Option<HeaderValue>,
    window: Option<Window>,
    started: Instant,
}

/// The guard of every endpoint.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let mut visit = Visit::begin(&guard.app, guard.endpoint, &request);
    let answer = match visit.admit(&mut request) {
        Ok(()) => visit.run(request, next).await,
        Err(error) => {
            body::drain(request, &guard.app.options).await;
            error.into_response()
        }
    };
    visit.end(answer)
}

/// Answers a request that has no endpoint.
pub(crate) async fn refuse(
    app: &App,
    endpoint: &'static Endpoint,
    request: Request,
    error: ApiError,
) -> Response {
    let mut visit = Visit::begin(app, endpoint, &request);
    visit.window = Some(Window::anonymous(Kind::of(&visit.method), app.gateway.now()));
    body::drain(request, &app.options).await;
    visit.end(error.into_response())
}

impl<'a> Visit<'a> {
    fn begin(app: &'a App, endpoint: &'static Endpoint, request: &Request) -> Self {
        Self {
            app,
            endpoint,
            method: request.method().clone(),
            id: app.ids.of(request.headers()),
            idempotency_key: request.headers().get(&idempotency::HEADER).cloned(),
            window: None,
            started: app.gateway.clock().instant(),
        }
    }

    /// Key, rate, scope, in this order. The caller goes with the request.
    fn admit(&mut self, request: &mut Request) -> Result<(), ApiError> {
        let scope = match self.endpoint.access {
            Access::Open => return Ok(()),
            Access::Key => None,
            Access::Scoped(scope) => Some(scope),
        };
        let now = self.app.gateway.now();
        let kind = Kind::of(&self.method);
        let caller = match auth::authenticate(&self.app.gateway, request.headers()) {
            Ok(caller) => caller,
            Err(error) => {
                self.window = Some(Window::anonymous(kind, now));
                return Err(self.failed(error, request, now));
            }
        };
        let (window, within) = self.app.limits.take(&caller, kind, now);
        self.window = Some(window);
        if !within {
            return Err(ApiError::new(&codes::RATE_LIMIT_EXCEEDED, window.exceeded(kind))
                .retry_after(limits::WINDOW_SECONDS)
                .suggest("Wait as long as Retry-After says, or ask for a higher limit for the key."));
        }
        if let Some(scope) = scope {
            auth::require(&caller, scope)?;
        }
        let origin = request.extensions().get::<Client>().map(|client| client.address);
        request.extensions_mut().insert(Caller { origin, ..caller });
        Ok(())
    }

    /// A wrong key is told so, unless its address tries too many: keys that are right are not
    /// held back by others that are wrong.
    fn failed(&mut self, error: ApiError, request: &Request, now: Timestamp) -> ApiError {
        let address = request.extensions().get::<Client>().map(|client| client.address);
        if self.app.limits.fail(address, now) {
            return error;
        }
        self.window = self.window.map(Window::used_up);
        ApiError::new(&codes::RATE_LIMIT_EXCEEDED, "Too many requests a second without a valid key.")
            .retry_after(limits::WINDOW_SECONDS)
            .suggest("Wait as long as Retry-After says, and send a valid key.")
    }

    /// The handler's answer, or ours when it panics or takes too long.
    async fn run(&self, request: Request, next: Next) -> Response {
        let limit = self.app.options.request_timeout;
        let handled = async {
            // These keep their answers with their messages.
            if std::ptr::eq(self.endpoint, &SEND) || std::ptr::eq(self.endpoint, &SEND_LIST) {
                return next.run(request).await;
            }
            idempotency::once(self.app, self.endpoint, request, next).await
        };
        match tokio::time::timeout(limit, caught(handled)).await {
            Ok(Ok(response)) => response,
            Ok(Err(place)) => ApiError::internal(format_args!("a panic at {place}")).into_response(),
            Err(_) => self.too_long().into_response(),
        }
    }

    /// Nobody knows whether what took too long will be done: it is repeated safely where it only reads, or has a
    /// key.
    fn too_long(&self) -> ApiError {
        let error = ApiError::new(
            &codes::GATEWAY_TIMEOUT,
            "The request took too long. It may have been carried out, or still be.",
        );
        if self.method == Method::GET {
            return error.suggest("It only reads: repeat it.").retry_after(1);
        }
        if self.idempotency_key.as_ref().is_some_and(idempotency::usable) {
            return error
                .suggest("Repeat it with the same Idempotency-Key: nothing happens twice.")
                .retry_after(1);
        }
        error.suggest(
            "Look whether it was done before you repeat it. With an Idempotency-Key it could be repeated safely.",
        )
    }

    /// Dresses the answer, and counts it.
    fn end(mut self, mut response: Response) -> Response {
        // A list counts as more than its request, once it is read.
        self.window = response.extensions_mut().remove::<Window>().or(self.window);
        let id = self.id.to_str().unwrap_or_default();
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            error.log(id, self.endpoint.path);
            response = error.render(id);
        }
        let taken = self.app.gateway.clock().instant().saturating_duration_since(self.started);
        self.app.metrics.count(self.endpoint, response.status(), taken);
        tracing::debug!(
            request_id = id,
            method = self.endpoint.method,
            route = self.endpoint.path,
            status = response.status().as_u16(),
            micros = taken.as_micros(),
            "request"
        );
        self.dress(response.headers_mut());
        response
    }

    fn dress(self, headers: &mut HeaderMap) {
        static NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
        headers.insert(request_id::HEADER.clone(), self.id);
        headers.insert(NOSNIFF.clone(), HeaderValue::from_static("nosniff"));
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(window) = self.window {
            window.write(headers);
        }
        if let Some(key) = self.idempotency_key.filter(idempotency::usable) {
            headers.insert(idempotency::HEADER.clone(), key);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use facteur_gateway::{Clock, Config, Gateway};
    use tower::ServiceExt as _;

    use super::*;
    use crate::app::Routes;
    use crate::server::Options;

    static FRAGILE: Endpoint =
        Endpoint { method: "GET", path: "/fragile", description: "", access: Access::Open };

    async fn fragile() -> Response {
        panic!("the number is {}", "+33612345678")
    }

    #[tokio::test]
    async fn a_panic_is_one_requests_500_and_its_words_stay_inside() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let store = facteur_store::Options::new(folder.path().join("facteur.db"));
        let clock = Clock::of_runtime(Timestamp::from_millis(0));
        let gateway = Gateway::start(Config::default(), store, clock).await.expect("a gateway");
        let app = App::new(
            gateway,
            &Options::default(),
            tokio_util::task::TaskTracker::new(),
            tokio_util::sync::CancellationToken::new(),
        );
        let mut routes = Routes::new(&app);
        routes.add(&FRAGILE, get(fragile));
        let request = Request::get("/fragile").header("x-request-id", "mine").body(Body::empty());
        let answer = routes.finish().oneshot(request.expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()[&request_id::HEADER], "mine");
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(
            text.contains(r#""code":"INTERNAL_SERVER_ERROR""#) && text.contains(r#""request_id":"mine""#)
        );
        assert!(!text.contains("+336"), "{text}");
    }
}
