//! What is shown: the gateway between two looks.

use serde::Serialize;
use serde_json::Value;

use super::Look;
use super::counters::Counters;

/// The gateway between two looks. Rates are per second.
#[derive(Debug, Serialize)]
pub(super) struct Board {
    /// It can do its work.
    pub(super) ready: bool,
    /// What the store cannot do, if anything.
    pub(super) store_trouble: Option<String>,
    /// Messages accepted.
    pub(super) accepted: f64,
    /// Requests to send that were refused, those for overload apart.
    pub(super) refused: f64,
    /// Requests refused because too many came.
    pub(super) shed: f64,
    /// Messages delivered.
    pub(super) delivered: f64,
    /// Messages that ended otherwise.
    pub(super) failed: f64,
    /// Within how many seconds 99 of 100 messages were on disk; null when none came.
    pub(super) accept_p99_seconds: Option<f64>,
    /// By class, the most urgent first.
    pub(super) queues: Vec<QueueLine>,
    /// In the order of the configuration.
    pub(super) routes: Vec<RouteLine>,
    /// The store.
    pub(super) store: StoreLine,
    /// Webhooks.
    pub(super) webhooks: WebhookLine,
    /// Connections and requests.
    pub(super) http: HttpLine,
}

/// What waits of a class.
#[derive(Debug, Serialize)]
pub(super) struct QueueLine {
    pub(super) class: String,
    /// Parts that wait.
    pub(super) parts: u64,
    /// Messages in memory.
    pub(super) messages: u64,
    /// Messages on disk only.
    pub(super) on_disk: u64,
    /// Messages that came.
    pub(super) accepted: f64,
    /// Messages that left.
    pub(super) left: f64,
    /// Seconds that 99 of 100 of those that left had waited at most; null when none left.
    pub(super) wait_p99_seconds: Option<f64>,
    /// Since when the one that waits longest might have left.
    pub(super) oldest: Option<String>,
    /// Between when and when one that came last would leave; null when nobody can tell.
    pub(super) eta_from: Option<String>,
    pub(super) eta_to: Option<String>,
    /// Seconds until the later of the two.
    pub(super) eta_seconds: Option<f64>,
}

/// A route.
#[derive(Debug, Serialize)]
pub(super) struct RouteLine {
    pub(super) name: String,
    pub(super) bound: u64,
    pub(super) binds: u64,
    /// Binds whose operator does not answer as it should.
    pub(super) in_doubt: usize,
    pub(super) in_flight: u64,
    /// Submits that may be unanswered, over the binds that are up.
    pub(super) window: u64,
    /// Parts written.
    pub(super) rate: f64,
    /// Its limit in force; 0 for none.
    pub(super) limit: u64,
    /// Submits throttled.
    pub(super) throttled: f64,
    /// Submits refused for good.
    pub(super) refused: f64,
    /// Submits whose answer was lost.
    pub(super) lost: f64,
    /// Mean seconds from a submit to its answer, of the last ones.
    pub(super) answer_seconds: Option<f64>,
    /// Seconds within which 9 of 10 receipts that came had been waited for; null when none came.
    pub(super) receipt_p90_seconds: Option<f64>,
    pub(super) trouble: Option<String>,
}

/// The store.
#[derive(Debug, Serialize)]
pub(super) struct StoreLine {
    /// Transactions.
    pub(super) batches: f64,
    /// Rows in each, on average; null without one.
    pub(super) rows_per_batch: Option<f64>,
    /// Verbs that wait for the writer.
    pub(super) waiting: f64,
    /// Writes refused since the start.
    pub(super) failures: f64,
}

/// Webhooks.
#[derive(Debug, Serialize)]
pub(super) struct WebhookLine {
    pub(super) in_hand: f64,
    pub(super) delivered: f64,
    pub(super) retried: f64,
    pub(super) failed: f64,
}

/// Connections and requests.
#[derive(Debug, Serialize)]
pub(super) struct HttpLine {
    pub(super) connections: f64,
    pub(super) requests: f64,
}

impl Board {
    /// What happened between two looks, and what stands at the second.
    pub(super) fn between(before: &Look, after: &Look) -> Self {
        let rates = Rates {
            before: &before.counters,
            after: &after.counters,
            seconds: after.at.saturating_duration_since(before.at).as_secs_f64().max(0.001),
        };
        let reached = |states: &[&str]| -> f64 {
            states.iter().map(|state| rates.of("facteur_messages_reached_total", &[("state", state)])).sum()
        };
        let (ready, now) = (&after.ready, &after.counters);
        let shed = rates.of("facteur_requests_shed_total", &[]);
        let batches = rates.of("facteur_store_batches_total", &[]);
        let webhook = |outcome| rates.of("facteur_webhook_attempts_total", &[("outcome", outcome)]);
        Self {
            ready: ready["ready"].as_bool().unwrap_or(false),
            store_trouble: text(&ready["store"]["trouble"]),
            accepted: rates.of("facteur_messages_accepted_total", &[]),
            refused: (rates.of("facteur_requests_refused_total", &[]) - shed).max(0.0),
            shed,
            delivered: reached(&["delivered"]),
            failed: reached(&["undelivered", "expired", "rejected", "blocked"]),
            accept_p99_seconds: now.quantile(rates.before, "facteur_accept_seconds", &[], 0.99),
            queues: list(&ready["queues"]).iter().map(|queue| QueueLine::of(queue, &rates)).collect(),
            routes: list(&ready["routes"]).iter().map(|route| RouteLine::of(route, &rates)).collect(),
            store: StoreLine {
                batches,
                rows_per_batch: (batches > 0.0).then(|| rates.of("facteur_store_rows_total", &[]) / batches),
                waiting: now.sum("facteur_store_queue", &[]),
                failures: now.sum("facteur_store_failures_total", &[]),
            },
            webhooks: WebhookLine {
                in_hand: now.sum("facteur_webhook_deliveries_in_hand", &[]),
                delivered: webhook("delivered"),
                retried: webhook("retry"),
                failed: webhook("failed") + webhook("gone"),
            },
            http: HttpLine {
                connections: now.sum("facteur_http_connections", &[]),
                requests: rates.of("facteur_http_requests_total", &[]),
            },
        }
    }
}

struct Rates<'l> {
    before: &'l Counters,
    after: &'l Counters,
    seconds: f64,
}

impl Rates<'_> {
    /// How fast a counter rose; one that began anew with its gateway counts from nothing.
    fn of(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let (before, after) = (self.before.sum(name, labels), self.after.sum(name, labels));
        (if after < before { after } else { after - before }) / self.seconds
    }
}

impl QueueLine {
    fn of(queue: &Value, rates: &Rates<'_>) -> Self {
        let name = queue["class"].as_str().unwrap_or_default();
        let class = [("class", name)];
        let eta = rates.after.sum("facteur_queue_eta_seconds", &class);
        Self {
            class: name.to_owned(),
            parts: whole(&queue["parts"]),
            messages: whole(&queue["messages"]),
            on_disk: whole(&queue["on_disk"]),
            accepted: rates.of("facteur_messages_accepted_total", &class),
            left: rates.of("facteur_queue_wait_seconds_count", &class),
            wait_p99_seconds: rates.after.quantile(rates.before, "facteur_queue_wait_seconds", &class, 0.99),
            oldest: text(&queue["oldest"]),
            eta_from: text(&queue["eta"]["from"]),
            eta_to: text(&queue["eta"]["to"]),
            eta_seconds: (!queue["eta"].is_null() && eta >= 0.0).then_some(eta),
        }
    }
}

impl RouteLine {
    fn of(route: &Value, rates: &Rates<'_>) -> Self {
        let name = route["name"].as_str().unwrap_or_default();
        let answers =
            |answer| rates.of("facteur_route_answers_total", &[("route", name), ("answer", answer)]);
        let each = list(&route["each"]);
        let up = || each.iter().filter(|bind| bind["up"] == true);
        let means: Vec<f64> = up().filter_map(|bind| bind["answer_seconds"].as_f64()).collect();
        #[expect(clippy::cast_precision_loss, reason = "binds are few")]
        let mean = |means: &[f64]| means.iter().sum::<f64>() / means.len() as f64;
        Self {
            name: name.to_owned(),
            bound: whole(&route["bound"]),
            binds: whole(&route["binds"]),
            in_doubt: up().filter(|bind| bind["in_doubt"] == true).count(),
            in_flight: whole(&route["in_flight"]),
            window: up().map(|bind| whole(&bind["window"])).sum(),
            rate: rates.of("facteur_route_parts_total", &[("route", name)]),
            limit: whole(&route["limit_per_second"]),
            throttled: rates.of("facteur_route_throttled_total", &[("route", name)]),
            refused: answers("never"),
            lost: answers("lost"),
            answer_seconds: (!means.is_empty()).then(|| mean(&means)),
            receipt_p90_seconds: rates.after.quantile(
                rates.before,
                "facteur_receipt_delay_seconds",
                &[("route", name)],
                0.9,
            ),
            trouble: text(&route["trouble"]),
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
