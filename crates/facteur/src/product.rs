//! The running product: the gateway and its HTTP window, and their end in the right order.

use std::net::SocketAddr;
use std::time::Duration;

use facteur_gateway::{Clock, Config, Gateway, StartError};
use facteur_store::StoreError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Console, Http};
use crate::failure::Failure;
use crate::signals::Signals;

/// How long after a start that the disk refused the next one is tried.
const START_AGAIN: Duration = Duration::from_secs(1);

/// How often a start looks whether its routes are bound.
const READY_POLL: Duration = Duration::from_millis(20);

/// The gateway with its window open.
pub(crate) struct Product {
    pub(crate) gateway: Gateway,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Binds the HTTP listener, first of all: an address that is taken must not cost a start.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("cannot listen on {address}"))
            .because(error)
            .cure("choose another address; port 0 takes a free one")
    })
}

/// What the HTTP window is told.
pub(crate) fn http_options(http: &Http, console: &Console) -> Result<facteur_http::Options, Failure> {
    Ok(facteur_http::Options {
        max_connections: http.max_connections,
        header_timeout: http.header_timeout,
        body_timeout: http.body_timeout,
        request_timeout: http.request_timeout,
        body_max: http.body_max,
        failures_per_second: http.failures_per_second,
        trusted_proxies: http.trusted_proxies.clone(),
        base_url: console.base_url(),
        session_idle: console.session_idle,
        session_max: console.session_max,
        tls: http.tls.as_ref().map(crate::tls::server).transpose()?,
        ..facteur_http::Options::default()
    })
}

impl Product {
    /// Opens the store, recovers what a crash left, starts the routes. The window is opened by
    /// [`Product::open_window`], once there is something to see.
    pub(crate) async fn start(
        gateway: Config,
        store: facteur_store::Options,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let gateway = Gateway::start(gateway, store, clock).await?;
        Ok(Self { gateway, stop: CancellationToken::new(), tasks: TaskTracker::new() })
    }

    /// As [`Product::start`]. While the disk refuses, or where the file is damaged, requests on `listener` are
    /// answered 503 with the reason in `/readyz`, and the start is tried again as soon as the disk may have room;
    /// a damaged file waits for somebody to mend it. `None` when a signal came first.
    pub(crate) async fn start_in_time(
        gateway: Config,
        store: facteur_store::Options,
        clock: Clock,
        listener: &TcpListener,
        http: &facteur_http::Options,
        signals: &mut Signals,
    ) -> Result<Option<Self>, Failure> {
        let mut told = None;
        loop {
            let error = match Self::start(gateway.clone(), store.clone(), clock.clone()).await {
                Ok(product) => return Ok(Some(product)),
                Err(error) => error,
            };
            let again = match &error {
                StartError::Store(StoreError::CannotWrite(_)) => Some(START_AGAIN),
                StartError::Store(StoreError::Damaged(_)) => None,
                _ => return Err(not_started(error)),
            };
            let why = not_started(error).to_string();
            if told.as_ref() != Some(&why) {
                tracing::error!(why, "requests are answered 503 meanwhile");
            }
            let tasks = TaskTracker::new();
            tokio::select! {
                () = facteur_http::serve_closed(listener, http, &why, &clock, &tasks) => (),
                () = signals.next() => return Ok(None),
                () = pause(&clock, again) => (),
            }
            told = Some(why);
        }
    }

    /// Takes requests from now on.
    pub(crate) fn open_window(&self, listener: TcpListener, options: facteur_http::Options) {
        let serving = facteur_http::serve(
            listener,
            self.gateway.clone(),
            options,
            self.stop.clone(),
            self.tasks.clone(),
        );
        self.tasks.spawn(serving);
    }

    /// Waits until the gateway can do its work, `limit` at most.
    pub(crate) async fn wait_bound(&self, limit: Duration) {
        let bound = async {
            while !self.gateway.readiness().await.ready {
                self.gateway.clock().pause(READY_POLL).await;
            }
        };
        // One that is not bound in time goes on trying; requests are accepted meanwhile.
        let _ = tokio::time::timeout(limit, bound).await;
    }

    /// Waits for the signal, then ends in order: no new requests, those in flight finished, the
    /// gateway drained. `limit` bounds each of the two waits; a second signal ends at once.
    pub(crate) async fn run_until_signal(self, mut signals: Signals, limit: Duration) -> Ending {
        signals.next().await;
        tracing::info!(limit = ?limit, "stopping");
        tokio::select! {
            ending = self.end(limit) => ending,
            () = signals.next() => Ending::AtOnce,
        }
    }

    /// Ends in order, now.
    pub(crate) async fn end(&self, limit: Duration) -> Ending {
        self.stop.cancel();
        self.tasks.close();
        let answered = tokio::time::timeout(limit, self.tasks.wait()).await.is_ok();
        if !answered {
            tracing::warn!("requests were still in flight when the limit ran out");
        }
        Ending::InOrder(self.gateway.shut_down(limit).await)
    }
}

/// A start that failed, for the person who asked for it.
pub(crate) fn not_started(error: StartError) -> Failure {
    Failure::new("the gateway does not start").because(error).cure("`facteur doctor` says what to do")
}

/// `None` is for ever.
async fn pause(clock: &Clock, time: Option<Duration>) {
    match time {
        Some(time) => clock.pause(time).await,
        None => std::future::pending().await,
    }
}

/// How the product ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Drained as far as the limit allowed.
    InOrder(facteur_gateway::ShutdownReport),
    /// On the second signal: what was unfinished is recovered at the next start.
    AtOnce,
}

impl Ending {
    /// What remains, for the person who stopped it.
    pub(crate) fn sentence(&self) -> String {
        let report = match self {
            Self::AtOnce => return "stopped at once; the next start recovers what was unfinished".to_owned(),
            Self::InOrder(report) => report,
        };
        let mut sentence =
            format!("stopped; {} waiting on disk for the next start", messages(report.waiting));
        if report.unanswered > 0 {
            let unanswered = messages(report.unanswered);
            sentence.push_str(&format!(
                ", {unanswered} without an answer: unknown until a receipt or the policy settles them"
            ));
        }
        if report.cut_short {
            sentence.push_str("; the limit ran out first");
        }
        sentence
    }
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}
