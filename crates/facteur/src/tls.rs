//! Certificates of the HTTPS listener.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Certificate;
use crate::failure::Failure;

/// What the listener shows its clients.
pub(crate) fn server(certificate: &Certificate) -> Result<Arc<rustls::ServerConfig>, Failure> {
    let chain_file = certificate.certificate_file.get_ref();
    let chain = CertificateDer::pem_file_iter(chain_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable("certificate", chain_file).because(error))?;
    if chain.is_empty() {
        return Err(unusable("certificate", chain_file).cure("expected a PEM file with `BEGIN CERTIFICATE`"));
    }
    let key_file = certificate.key_file.get_ref();
    let key =
        PrivateKeyDer::from_pem_file(key_file).map_err(|error| unusable("key", key_file).because(error))?;
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(
        |error| Failure::new("the HTTPS certificate and its key do not go together").because(error),
    )?;
    Ok(Arc::new(config))
}

fn unusable(what: &str, file: &Path) -> Failure {
    Failure::new(format!("the HTTPS {what} in {} cannot be used", file.display()))
}
