//! Routes: can they be reached, is their certificate right, and with `--bind`, are we let in.

use std::sync::Arc;
use std::time::Duration;

use facteur_gateway::{Clock, Link, RouteConfig, TlsConfig};
use facteur_smpp::session::{BindKind, ClosedBy, Credentials, Event, Session};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Check;

/// How long each step may take.
const STEP_LIMIT: Duration = Duration::from_secs(5);
/// What one read takes at most, in octets.
const READ: usize = 4_096;

pub(super) async fn check(route: &RouteConfig, bind: bool) -> Check {
    let name = format!("route {}", route.name);
    match reach(route, bind).await {
        Ok(found) => Check::ok(name, found),
        Err(Trouble { what, cure }) => Check::fail(name, format!("{}: {what}", route.address), cure),
    }
}

struct Trouble {
    what: String,
    cure: &'static str,
}

async fn reach(route: &RouteConfig, bind: bool) -> Result<String, Trouble> {
    let tcp = within(TcpStream::connect(&route.address)).await.map_err(|what| Trouble {
        what: format!("cannot be reached: {what}"),
        cure: "check the address, the firewall, and whether the operator must allow this machine's address",
    })?;
    let mut found = format!("{} is reachable", route.address);
    match &route.tls {
        None => {
            if bind {
                found.push_str(&bound(tcp, route).await?);
            }
        }
        Some(tls) => {
            let link = handshake(tcp, route, tls).await.map_err(|what| Trouble {
                what: format!("no TLS: {what}"),
                cure: "check `tls.server_name` and `tls.ca_file`, and that this port speaks TLS",
            })?;
            found.push_str(", its certificate is right");
            if bind {
                found.push_str(&bound(link, route).await?);
            }
        }
    }
    Ok(found)
}

async fn within<T>(step: impl Future<Output = std::io::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(STEP_LIMIT, step).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer in {} s", STEP_LIMIT.as_secs())),
    }
}

async fn handshake(
    tcp: TcpStream,
    route: &RouteConfig,
    tls: &TlsConfig,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
    let mut roots = rustls::RootCertStore::empty();
    match &tls.ca_file {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
                let certificate = certificate.map_err(|error| error.to_string())?;
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
        }
        // Certificates of the system that cannot be used are passed over, as every client does.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let host = route.address.rsplit_once(':').map_or(route.address.as_str(), |(host, _)| host);
    let name = tls.server_name.as_deref().unwrap_or(host).trim_matches(['[', ']']);
    let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    within(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

/// Binds and unbinds. The far side's system_id is not shown: it is the operator's text.
async fn bound(link: impl AsyncRead + AsyncWrite + Unpin, route: &RouteConfig) -> Result<String, Trouble> {
    let refused = |what: String| Trouble {
        what,
        cure: "check system_id, password, system_type and `bind` with the operator, and that no other bind \
               uses up the account",
    };
    match tokio::time::timeout(STEP_LIMIT, bind(link, route)).await {
        Ok(Ok(())) => Ok(", and lets us bind".to_owned()),
        Ok(Err(what)) => Err(refused(what)),
        Err(_) => Err(refused(format!("no answer to the bind in {} s", STEP_LIMIT.as_secs()))),
    }
}

async fn bind(mut link: impl AsyncRead + AsyncWrite + Unpin, route: &RouteConfig) -> Result<(), String> {
    let clock = Clock::system();
    let credentials = Credentials {
        kind: match route.link {
            Link::Transceiver => BindKind::Transceiver,
            Link::TransmitterReceiver => BindKind::Transmitter,
        },
        system_id: route.system_id.clone(),
        password: route.password.show().clone(),
        system_type: route.system_type.clone(),
    };
    let mut session = Session::client(&credentials, route.limits.clone(), clock.instant());
    let mut octets = [0; READ];
    let mut bound = false;
    loop {
        link.write_all_buf(session.output()).await.map_err(|error| error.to_string())?;
        let read = link.read(&mut octets).await.map_err(|error| error.to_string())?;
        match octets.get(..read) {
            Some([]) | None => session.link_lost(),
            Some(octets) => session.receive(octets, clock.instant()),
        }
        while let Some(event) = session.poll_event() {
            match event {
                Event::Bound { .. } => {
                    bound = true;
                    session.unbind(clock.instant());
                }
                Event::BindRefused(status) => return Err(format!("the bind is refused: {status}")),
                Event::Closed { why: ClosedBy::Us | ClosedBy::Peer | ClosedBy::Link } if bound => {
                    return Ok(());
                }
                Event::Closed { why } => return Err(format!("the link ends before the bind: {why:?}")),
                _ => (),
            }
        }
    }
}
