//! The listener, and the postman who hands out what is due.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::link::Link;
use crate::world::Shared;

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long to rest when accepting fails, as it does when file descriptors run out.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Accepts links until `stop`.
pub(crate) async fn listen(
    listener: TcpListener,
    shared: Arc<Shared>,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    let tls = shared.options.tls.clone().map(TlsAcceptor::from);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let link = welcome(stream, Arc::clone(&shared), tls.clone(), stop.clone());
                tracker.spawn(link);
            }
            Err(error) => {
                tracing::warn!(%error, "a link could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn welcome(stream: TcpStream, shared: Arc<Shared>, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers may be delayed by the network stack");
    }
    let Some(tls) = tls else { return carry(stream, shared, stop).await };
    match tokio::time::timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => carry(stream, shared, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Runs one link over any stream.
async fn carry<S: AsyncRead + AsyncWrite>(stream: S, shared: Arc<Shared>, stop: CancellationToken) {
    if let Some(link) = Link::open(shared) {
        link.run(stream, stop).await;
    }
}

/// Hands out receipts and replies when they are due, until `stop`.
pub(crate) async fn post(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let moment = shared.moment();
        let next = shared.world().post(moment);
        let due = async {
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.postman.notified() => {}
            () = due => {}
        }
    }
}
