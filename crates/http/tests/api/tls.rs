//! HTTPS by the window itself. The certificate in `tests/data` is for `localhost`, signed by
//! itself, and guards nothing.

use std::sync::Arc;

use facteur_http::Options;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::sockets::Server;
use crate::world::GOOD;

const CERTIFICATE: &[u8] = include_bytes!("../data/localhost.pem");
const KEY: &[u8] = include_bytes!("../data/localhost.key");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate")
}

fn server_side() -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth();
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    config.with_single_cert(vec![certificate()], key).expect("the key is the certificate's")
}

fn client_side() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    config.expect("versions").with_root_certificates(roots).with_no_client_auth()
}

#[tokio::test]
async fn a_request_over_tls_is_answered_and_one_without_is_not() {
    let options = Options { tls: Some(Arc::new(server_side())), ..Options::default() };
    let server = Server::start(options).await;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client_side()));
    let name = "localhost".try_into().expect("a name");
    let mut stream = connector.connect(name, server.connect().await).await.expect("a handshake");
    let request = server.send(GOOD).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer, and an orderly end");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");

    let mut plain = server.connect().await;
    plain.write_all(server.send(GOOD).as_bytes()).await.expect("written");
    let mut text = Vec::new();
    // A TLS alert, or nothing; in any case no HTTP.
    let _ = plain.read_to_end(&mut text).await;
    assert!(!text.starts_with(b"HTTP/"), "{text:?}");
    assert_eq!(server.world.kept().await, 1);
    server.finish().await;
}
