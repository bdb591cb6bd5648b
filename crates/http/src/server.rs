//! The accept loop: sockets in, requests out, and an end that loses no request in flight.
//!
//! axum's own loop sets no timer, so a client that sends its headers one octet a minute holds its
//! connection for ever; this one bounds connections, headers, handshakes and unread answers.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use facteur_gateway::{Clock, Gateway};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use crate::app::{App, routed};
use crate::crowd::Crowd;
use crate::flowing::Flowing;
use crate::proxy::{self, Network};

/// How long to wait after the system refused a connection (no file descriptors left, say).
pub(crate) const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// The most octets of a request's line and headers.
pub(crate) const HEADERS_MAX: usize = 32 * 1024;

/// How the window is opened. Every limit has a default that is right for the open internet.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections open at once; when all are taken, new ones wait in the system's queue, and those that have
    /// been silent for a second are closed to make room.
    pub max_connections: usize,
    /// From an idle connection to a request's last header, and for a TLS handshake. An idle
    /// connection is closed after this time.
    pub header_timeout: Duration,
    /// From a request's headers to the end of its body.
    pub body_timeout: Duration,
    /// For a request as a whole, its body included; and how long a client may leave an answer
    /// unread.
    pub request_timeout: Duration,
    /// The largest body, in octets.
    pub body_max: usize,
    /// The largest body of lists, imports and files, in octets.
    pub bulk_max: usize,
    /// The most Sender IDs of a workspace that were not refused.
    pub sender_ids_max: u32,
    /// The most short codes of a workspace that were not refused.
    pub short_codes_max: u32,
    /// Requests a second without a valid key that one address may make before it hears 429
    /// instead of 401. Behind a proxy that is not in `trusted_proxies` all clients have one address.
    pub failures_per_second: u32,
    /// Proxies whose word on who asks (`X-Forwarded-For`, `X-Forwarded-Proto`, `Forwarded`) is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where people reach the console, as in `https://sms.example.fr`, without a slash at the end: what
    /// links that are given out begin with. Without it, they begin with the path.
    pub base_url: Option<String>,
    /// How long a session of the console lasts unused.
    pub session_idle: Duration,
    /// How long it lasts whatever is done with it.
    pub session_max: Duration,
    /// The simulated phones of a network in a box, for the console to show; only in `dev`.
    pub phones: Option<Arc<dyn crate::Phones>>,
    /// Certificate and key, to speak HTTPS; plain HTTP when absent.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            body_max: 64 * 1024,
            bulk_max: 5 * 1024 * 1024,
            sender_ids_max: 3,
            short_codes_max: 10,
            failures_per_second: 100,
            trusted_proxies: Vec::new(),
            base_url: None,
            session_idle: Duration::from_hours(12),
            session_max: Duration::from_hours(7 * 24),
            phones: None,
            tls: None,
        }
    }
}

/// Answers requests on `listener` until `stop`; then accepts no more, lets the requests in flight
/// finish, and closes idle connections. Connections run on `tracker`, which becomes empty when the
/// last one is closed: within the timeouts of `options`.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    options: Options,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let server = Server::new(App::new(gateway, &options, tracker.clone(), stop.clone()), options, stop);
    while let Some((stream, peer, permit)) = server.next(&listener).await {
        let server = server.clone();
        tracker.spawn(async move {
            let gauge = server.app.metrics.connections();
            gauge.inc();
            server.connection(stream, peer).await;
            gauge.dec();
            drop(permit);
        });
    }
}

#[derive(Clone)]
struct Server {
    app: App,
    router: Router,
    options: Options,
    http: http1::Builder,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    crowd: Arc<Crowd>,
    clock: Clock,
    stop: CancellationToken,
}

impl Server {
    fn new(app: App, options: Options, stop: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .max_buf_size(HEADERS_MAX)
            // A client may have said all it has to say and still wait for its answer.
            .half_close(true)
            .pipeline_flush(true);
        Self {
            router: routed(&app),
            http,
            tls: options.tls.clone().map(TlsAcceptor::from),
            places: Arc::new(Semaphore::new(options.max_connections)),
            crowd: Arc::new(Crowd::new(options.max_connections, app.gateway.clock().clone())),
            clock: app.gateway.clock().clone(),
            app,
            options,
            stop,
        }
    }

    /// The next connection and its place; `None` when it is time to stop.
    async fn next(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let accepted = async {
            let permit = self.place().await?;
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => return Some((stream, peer, permit)),
                    Err(error) if of_the_client(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept connections");
                        self.clock.pause(REFUSED_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            accepted = accepted => accepted,
        }
    }

    /// A place; while there is none, silent connections are asked for theirs.
    async fn place(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let mut place = pin!(Arc::clone(&self.places).acquire_owned());
        loop {
            tokio::select! {
                biased;
                // The semaphore is never closed.
                place = place.as_mut() => return place.ok(),
                () = self.crowd.ask() => {}
            }
        }
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small and whole: waiting to fill a segment only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        match &self.tls {
            None => self.talk(stream, peer).await,
            Some(acceptor) => {
                match tokio::time::timeout(self.options.header_timeout, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.talk(stream, peer).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                }
            }
        }
    }

    async fn talk(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
        let seat = self.crowd.seat();
        let service = hyper::service::service_fn(|mut request: Request<Incoming>| {
            let (busy, mut router) = (seat.request(), self.router.clone());
            let client = proxy::client(&self.options.trusted_proxies, peer.ip(), request.headers());
            request.extensions_mut().insert(client);
            async move {
                let _busy = busy;
                router.call(request).await
            }
        });
        let stream = Flowing::new(stream, self.options.request_timeout);
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let asked = async {
            loop {
                self.crowd.asked().await;
                if seat.gives_way() {
                    return;
                }
            }
        };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = asked => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended early");
        }
    }
}

/// Errors of one connection that say nothing of the next.
fn of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused)
}
