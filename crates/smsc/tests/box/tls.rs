//! The same network over TLS. The certificate and its key were made for this test alone.

use std::sync::Arc;

use facteur_smpp::session::BindKind;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Client, Seen, Submit, credentials, limits, start};

const PHONE: &str = "33639980040";

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("tls/cert.pem")).expect("a certificate")
}

fn server() -> ServerConfig {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .expect("they go together")
}

fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("an anchor");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn messages_and_receipts_pass_over_tls() {
    let running = start(|options| options.tls = Some(Arc::new(server()))).await;
    let stream = TcpStream::connect(running.network.address()).await.expect("a listener");
    let name = ServerName::try_from("smsc.test").expect("a name");
    let stream = connector().connect(name, stream).await.expect("a handshake");
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut client = Client::over(Box::new(stream), &account, limits()).await;
    client.until(|seen| *seen == Seen::Bound).await;
    client.send(Submit::new(PHONE, "Bonjour")).await.expect("taken");
    client.receipts(PHONE, 1).await;
    running.network.unbind_all();
    client.closed().await;
}

#[tokio::test]
async fn a_client_in_clear_is_turned_away_and_the_listener_lives() {
    let running = start(|options| options.tls = Some(Arc::new(server()))).await;
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut client = Client::open(&running.network, &account, limits()).await;
    client.closed().await;
    let stream = TcpStream::connect(running.network.address()).await.expect("a listener");
    let name = ServerName::try_from("smsc.test").expect("a name");
    connector().connect(name, stream).await.expect("a handshake");
}
