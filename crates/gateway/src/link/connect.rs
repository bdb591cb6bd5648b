//! Opening the connection to an operator: TCP, and TLS when asked for.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::{RouteConfig, TlsConfig};

/// How long a connection may take to open, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to an operator.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection being opened.
pub type Dialling = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// The network towards operators.
pub trait Dial: Debug + Send + Sync {
    /// Opens a connection to `host:port`.
    fn dial(&self, address: &str) -> Dialling;
}

/// The real one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp;

impl Dial for Tcp {
    fn dial(&self, address: &str) -> Dialling {
        let address = address.to_owned();
        Box::pin(async move {
            let stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// Where and how to connect; made once, so that a bad certificate file is told at start.
#[derive(Clone)]
pub(crate) struct Target {
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    dial: Arc<dyn Dial>,
}

impl Target {
    /// What a route's settings say, over this network.
    ///
    /// # Errors
    /// The server name or the certificate file cannot be used: a sentence for the operator.
    pub(crate) fn of(config: &RouteConfig, dial: Arc<dyn Dial>) -> Result<Self, String> {
        let tls = config.tls.as_ref().map(|tls| tls_of(&config.address, tls)).transpose()?;
        Ok(Self { address: config.address.clone(), tls, dial })
    }

    /// Opens the connection.
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let opening = async {
            let stream = self.dial.dial(&self.address).await?;
            Ok(match &self.tls {
                None => stream,
                Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
            })
        };
        tokio::time::timeout(CONNECT_TIMEOUT, opening)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection within 10 s"))?
    }
}

fn tls_of(address: &str, tls: &TlsConfig) -> Result<(TlsConnector, ServerName<'static>), String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let name = tls.server_name.as_deref().unwrap_or(host.trim_matches(['[', ']']));
    let server_name =
        ServerName::try_from(name.to_owned()).map_err(|_| format!("{name:?} is no server name"))?;
    let mut roots = rustls::RootCertStore::empty();
    match &tls.ca_file {
        None => {
            // A root that cannot be read is passed over, as browsers do.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            let unreadable = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).map_err(|why| unreadable(&why))? {
                let certificate = certificate.map_err(|why| unreadable(&why))?;
                roots.add(certificate).map_err(|why| unreadable(&why))?;
            }
        }
    }
    if roots.is_empty() {
        return Err("no certificate to trust was found".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), server_name))
}
