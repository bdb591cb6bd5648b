//! The window as a whole: what its endpoints share, and the table that routes to them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::MethodRouter;
use facteur_gateway::{Chance, Gateway};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::console::{Exports, Imports, Passwords};
use crate::endpoint::{Endpoint, NOWHERE};
use crate::error::{ApiError, codes};
use crate::idempotency::InFlight;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::request_id::RequestIds;
use crate::server::Options;
use crate::sign_ins::SignIns;
use crate::{api, console, edge, pages};

/// What endpoints share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) gateway: Gateway,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) sign_ins: SignIns,
    pub(crate) passwords: Passwords,
    pub(crate) imports: Imports,
    pub(crate) exports: Exports,
    pub(crate) metrics: Metrics,
    pub(crate) ids: RequestIds,
    pub(crate) tracker: TaskTracker,
    /// Ends answers that have no end of their own.
    pub(crate) stop: CancellationToken,
    /// Idempotency keys of requests under way.
    pub(crate) in_flight: InFlight,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// `tracker` runs what must be done though its client has gone.
    pub(crate) fn new(
        gateway: Gateway,
        options: &Options,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            tracker,
            stop,
            gateway,
            limits: Limits::new(options.failures_per_second),
            sign_ins: SignIns::new(),
            passwords: Passwords::new(),
            imports: Imports::default(),
            exports: Exports::default(),
            metrics: Metrics::new(),
            ids: RequestIds::new(Chance),
            in_flight: InFlight::default(),
            options: options.clone(),
        }))
    }

    /// Whether browsers come over HTTPS, to us or to a proxy before us.
    pub(crate) fn secure(&self) -> bool {
        let base = self.options.base_url.as_deref();
        self.options.tls.is_some() || base.is_some_and(|base| base.starts_with("https://"))
    }
}

/// Everything this room answers, as a service without a socket: what [`serve`](crate::serve) puts
/// behind one, for tests and for embedding.
pub fn router(gateway: Gateway, options: &Options) -> Router {
    routed(&App::new(gateway, options, TaskTracker::new(), CancellationToken::new()))
}

/// The endpoints of `app`.
pub(crate) fn routed(app: &App) -> Router {
    let mut routes = Routes::new(app);
    api::mount(&mut routes);
    pages::mount(&mut routes);
    console::mount(&mut routes);
    routes.finish()
}

/// The table under construction.
pub(crate) struct Routes {
    app: App,
    router: Router<App>,
}

impl Routes {
    pub(crate) fn new(app: &App) -> Self {
        Self { app: app.clone(), router: Router::new() }
    }

    /// What the endpoints share.
    pub(crate) const fn app(&self) -> &App {
        &self.app
    }

    /// Puts a page of the console, behind a guard of its own, at a path; again with other methods.
    pub(crate) fn add_page(&mut self, path: &str, handler: MethodRouter<App>) {
        self.router = std::mem::take(&mut self.router).route(path, handler);
    }

    /// The router, with answers for what is not in the table.
    pub(crate) fn finish(self) -> Router {
        self.router.fallback(not_found).method_not_allowed_fallback(not_allowed).with_state(self.app)
    }

    /// Puts `handler` behind the guard of `endpoint`, at its path.
    pub(crate) fn add(&mut self, endpoint: &'static Endpoint, handler: MethodRouter<App>) {
        self.add_at(endpoint.path, endpoint, handler);
    }

    /// As `add`, at another path.
    pub(crate) fn add_at(&mut self, path: &str, endpoint: &'static Endpoint, handler: MethodRouter<App>) {
        let guarded = handler
            .route_layer(from_fn_with_state(edge::Guard { app: self.app.clone(), endpoint }, edge::guard));
        self.router = std::mem::take(&mut self.router).route(path, guarded);
    }
}

async fn not_found(State(app): State<App>, request: Request) -> Response {
    if console::owns(request.uri().path()) {
        return console::not_found(&app, request).await;
    }
    let error = ApiError::new(
        &codes::ENDPOINT_NOT_FOUND,
        format!("There is no endpoint {} {}.", request.method(), shown(request.uri().path())),
    )
    .suggest("GET /openapi.json lists every endpoint; a slash at the end of a path counts.");
    edge::refuse(&app, &NOWHERE, request, error).await
}

async fn not_allowed(State(app): State<App>, request: Request) -> Response {
    if console::owns(request.uri().path()) {
        return console::not_found(&app, request).await;
    }
    let error = ApiError::new(
        &codes::METHOD_NOT_ALLOWED,
        format!("{} does not take {}.", shown(request.uri().path()), request.method()),
    )
    .suggest("The Allow header lists the methods that it takes.");
    edge::refuse(&app, &NOWHERE, request, error).await
}

/// As much of a path as an error quotes.
fn shown(path: &str) -> &str {
    const SHOWN: usize = 100;
    // Paths are ASCII: hyper refuses others.
    path.get(..SHOWN).unwrap_or(path)
}
