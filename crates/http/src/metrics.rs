//! What this window counts: requests by endpoint and status, and how long they take.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::endpoint::Endpoint;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// The line that ends an OpenMetrics text.
const END: &str = "# EOF\n";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: &'static str,
}

/// The counters of one window.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    connections: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("facteur_http");
        let requests = Family::default();
        let seconds: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY));
        let connections = Gauge::default();
        registry.register("requests", "Requests answered, by endpoint and status", requests.clone());
        registry.register(
            "request_seconds",
            "Time from a request's headers to its answer, in seconds",
            seconds.clone(),
        );
        registry.register("connections", "Connections open now", connections.clone());
        Self { registry, requests, seconds, connections }
    }

    /// Counts an answer.
    pub(crate) fn count(&self, endpoint: &Endpoint, status: StatusCode, taken: Duration) {
        let (method, route) = (endpoint.method, endpoint.path);
        self.requests.get_or_create(&Answered { method, route, status: status.as_u16() }).inc();
        self.seconds.get_or_create(&Route { method, route }).observe(taken.as_secs_f64());
    }

    /// The gauge of open connections.
    pub(crate) fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// The gateway's metrics and ours as one OpenMetrics text.
    pub(crate) fn text(&self, gateways: &str) -> String {
        let mut whole =
            gateways.trim_end().strip_suffix(END.trim_end()).unwrap_or(gateways).trim_end().to_owned();
        if !whole.is_empty() {
            whole.push('\n');
        }
        // Writing into a String does not fail; were it to, the gateway's part still stands.
        if text::encode(&mut whole, &self.registry).is_err() {
            whole.push_str(END);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::NOWHERE;

    #[test]
    fn two_registries_make_one_text() {
        let metrics = Metrics::new();
        metrics.count(&NOWHERE, StatusCode::NOT_FOUND, Duration::from_millis(3));
        for gateways in ["", "# TYPE a counter\na_total 1\n", "# TYPE a counter\na_total 1\n# EOF\n"] {
            let text = metrics.text(gateways);
            assert_eq!(text.matches("# EOF").count(), 1, "{text}");
            assert!(text.ends_with(END));
            assert_eq!(text.contains("a_total 1\n"), !gateways.is_empty());
            assert!(
                text.contains(r#"facteur_http_requests_total{method="ANY",route="(none)",status="404"} 1"#)
            );
            assert!(text.contains(r#"facteur_http_request_seconds_count{method="ANY",route="(none)"} 1"#));
        }
    }
}
