//! `[http]`: where programs and people reach the product.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::problem::Problem;
use super::values::{duration, networks, number};

/// The HTTP listener and its limits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Connections at once; more wait.
    #[serde(deserialize_with = "number::<_, usize, 1, 1_000_000>")]
    pub(crate) max_connections: usize,
    /// How long a request's head may take.
    #[serde(deserialize_with = "duration::<_, 100, 600_000>")]
    pub(crate) header_timeout: Duration,
    /// How long a request's body may take.
    #[serde(deserialize_with = "duration::<_, 100, 600_000>")]
    pub(crate) body_timeout: Duration,
    /// How long a request may take as a whole.
    #[serde(deserialize_with = "duration::<_, 1_000, 600_000>")]
    pub(crate) request_timeout: Duration,
    /// Octets of a request's body.
    #[serde(deserialize_with = "number::<_, usize, 1_024, 16_777_216>")]
    pub(crate) body_max: usize,
    /// Requests a second without a valid key that one address may make.
    #[serde(deserialize_with = "number::<_, u32, 1, 1_000_000>")]
    pub(crate) failures_per_second: u32,
    /// Proxies whose word on who asks is believed.
    #[serde(deserialize_with = "networks")]
    pub(crate) trusted_proxies: Vec<facteur_http::Network>,
    /// HTTPS by itself; without it, a proxy does that.
    pub(crate) tls: Option<Certificate>,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The certificate and its chain.
    pub(crate) certificate_file: Spanned<PathBuf>,
    /// The private key.
    pub(crate) key_file: Spanned<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        let usual = facteur_http::Options::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_connections: usual.max_connections,
            header_timeout: usual.header_timeout,
            body_timeout: usual.body_timeout,
            request_timeout: usual.request_timeout,
            body_max: usual.body_max,
            failures_per_second: usual.failures_per_second,
            trusted_proxies: usual.trusted_proxies,
            tls: None,
        }
    }
}

impl Http {
    /// What is wrong beyond single values.
    pub(super) fn check(&self, found: &mut Vec<Problem>) {
        let Some(tls) = &self.tls else { return };
        for file in [&tls.certificate_file, &tls.key_file] {
            if let Err(error) = std::fs::File::open(file.get_ref()) {
                found.push(Problem::at(file.span(), format!("this file cannot be read: {error}")));
            }
        }
    }
}
