//! Customers are told what happened: signed, retried, guarded, and none of them delayed by another.

mod attempt;
mod deliver;
mod guard;
mod places;
mod sign;

use std::sync::Arc;
use std::time::Duration;

use rustls_native_certs::load_native_certs;
use tokio::sync::Notify;

pub use guard::UrlProblem;
pub use sign::show_secret;

pub(crate) use deliver::run;
pub(crate) use guard::Guard;

/// What comes of an attempt, as it is counted: taken, to be tried again, given up, the endpoint gone.
pub(crate) const OUTCOMES: [&str; 4] = ["delivered", "retry", "failed", "gone"];

/// How webhooks are delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookRules {
    /// Loopback addresses and plain HTTP are allowed: for `dev`, tests and benchmarks only.
    pub allow_loopback: bool,
    /// When each attempt is made after the one before: the first is 0.
    pub schedule: Vec<Duration>,
    /// How long an attempt may take, the answer's body included.
    pub timeout: Duration,
    /// Attempts under way to one endpoint at most.
    pub per_endpoint: usize,
    /// Attempts under way in all at most.
    pub at_once: usize,
    /// An endpoint that only failed for so long is disabled.
    pub patience: Duration,
}

impl Default for WebhookRules {
    fn default() -> Self {
        let (minutes, hours) = (|m: u64| Duration::from_secs(m * 60), |h: u64| Duration::from_secs(h * 3600));
        Self {
            allow_loopback: false,
            schedule: vec![
                Duration::ZERO,
                Duration::from_secs(5),
                minutes(5),
                minutes(30),
                hours(2),
                hours(5),
                hours(10),
                hours(10),
            ],
            timeout: Duration::from_secs(20),
            per_endpoint: 16,
            at_once: 512,
            patience: hours(5 * 24),
        }
    }
}

/// What delivering needs.
pub(crate) struct Webhooks {
    pub(crate) rules: WebhookRules,
    pub(crate) guard: Guard,
    /// Something may have come to be owed.
    pub(crate) wake: Arc<Notify>,
    client: reqwest::Client,
}

impl Webhooks {
    /// # Errors
    /// No client can be made.
    pub(crate) fn new(rules: WebhookRules) -> Result<Self, String> {
        let guard = Guard { loopback: rules.allow_loopback };
        let client = client(&rules, guard)?;
        Ok(Self { rules, guard, wake: Arc::default(), client })
    }
}

fn client(rules: &WebhookRules, guard: Guard) -> Result<reqwest::Client, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(guard)
        // A redirect could lead where the guard would not let the first address go.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(rules.timeout)
        .pool_max_idle_per_host(rules.per_endpoint)
        .user_agent(concat!("Facteur/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_client_asks_the_guard_for_every_name() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://localhost:{}/", listener.local_addr().expect("an address").port());
        let closed = Webhooks::new(WebhookRules::default()).expect("a client");
        let error = closed.client.get(&url).send().await.expect_err("must not connect");
        assert!(format!("{error:?}").contains("Internal(\"a loopback address\")"), "{error:?}");
        let connecting = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
        assert!(connecting.is_err(), "nobody knocked");
    }
}
