//! What is counted and measured, for `/metrics`. Handles are made once; the hot path only adds.

use std::sync::atomic::{AtomicU64, Ordering};

use facteur_domain::{Class, State};
use facteur_store::{ReceiptEffect, ReceiptFound};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::Code;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByClass {
    pub(crate) class: ClassLabel,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByState {
    pub(crate) state: StateLabel,
    pub(crate) class: ClassLabel,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByCode {
    pub(crate) code: CodeLabel,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByRoute {
    pub(crate) route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByRouteAnswer {
    pub(crate) route: String,
    pub(crate) answer: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByCase {
    pub(crate) found: &'static str,
    pub(crate) effect: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByOutcome {
    pub(crate) outcome: &'static str,
}

macro_rules! label {
    ($name:ident, $of:ty) => {
        #[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $of);

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
                self.0.as_str().encode(encoder)
            }
        }
    };
}

label!(ClassLabel, Class);
label!(StateLabel, State);
label!(CodeLabel, Code);

/// Every figure of the gateway.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    accepted: [Counter; 5],
    /// Requests refused, by code.
    pub(crate) refused: Family<ByCode, Counter>,
    /// Requests answered from an idempotency key.
    pub(crate) replayed: Counter,
    /// States that messages came to, by class.
    pub(crate) reached: Family<ByState, Counter>,
    /// Messages waiting in memory.
    pub(crate) queued: Gauge,
    /// Messages that wait on disk because memory's share is full: 1 while there are any.
    pub(crate) spilled: Gauge,
    /// Binds that are up, by route.
    pub(crate) binds_up: Family<ByRoute, Gauge>,
    /// Submits unanswered, by route.
    pub(crate) in_flight: Family<ByRoute, Gauge>,
    /// Answers to submits, by route and kind.
    pub(crate) answers: Family<ByRouteAnswer, Counter>,
    /// Seconds from hand-over to the operator's answer.
    pub(crate) answer_seconds: Histogram,
    /// What receipts turned out to be, as the store counted it.
    receipts: Family<ByCase, Counter>,
    /// Messages from phones that were kept.
    pub(crate) inbound: Counter,
    /// Submits that the operator throttled.
    pub(crate) throttled: Family<ByRoute, Counter>,
    /// PDUs that could not be used.
    pub(crate) faulty_pdus: Family<ByRoute, Counter>,
    /// The limit in force on a route, in parts a second; 0 for none.
    pub(crate) route_limit: Family<ByRoute, Gauge<i64>>,
    /// Attempts to deliver webhooks, by what came of them.
    pub(crate) webhooks: Family<ByOutcome, Counter>,
    /// Webhook deliveries in memory.
    pub(crate) webhooks_in_hand: Gauge,
    /// Verbs of the store that failed.
    pub(crate) store_failures: Counter<u64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("facteur");
        let accepted_family = Family::<ByClass, Counter>::default();
        registry.register("messages_accepted", "Messages kept, by class", accepted_family.clone());
        let accepted = Class::ALL
            .map(|class| accepted_family.get_or_create(&ByClass { class: ClassLabel(class) }).clone());
        let answer_seconds =
            Histogram::new([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
        let metrics = Self {
            accepted,
            refused: Family::default(),
            replayed: Counter::default(),
            reached: Family::default(),
            queued: Gauge::default(),
            spilled: Gauge::default(),
            binds_up: Family::default(),
            in_flight: Family::default(),
            answers: Family::default(),
            answer_seconds,
            receipts: Family::default(),
            inbound: Counter::default(),
            throttled: Family::default(),
            faulty_pdus: Family::default(),
            route_limit: Family::default(),
            webhooks: Family::default(),
            webhooks_in_hand: Gauge::default(),
            store_failures: Counter::default(),
            registry: Registry::default(),
        };
        let m = &metrics;
        registry.register(
            "requests_refused",
            "Requests to send that were refused, by code",
            m.refused.clone(),
        );
        registry.register(
            "requests_replayed",
            "Requests answered from an idempotency key",
            m.replayed.clone(),
        );
        registry.register(
            "messages_reached",
            "Times a message came to a state, by state and class",
            m.reached.clone(),
        );
        registry.register("queue_messages", "Messages waiting in memory for their turn", m.queued.clone());
        registry.register("queue_spilled", "1 while some messages wait on disk only", m.spilled.clone());
        registry.register("route_binds_up", "Binds that are up", m.binds_up.clone());
        registry.register("route_in_flight", "Submits without an answer yet", m.in_flight.clone());
        registry.register("route_answers", "Answers to submits, by kind", m.answers.clone());
        registry.register_with_unit(
            "submit_answer",
            "Time from writing a submit to its answer",
            Unit::Seconds,
            m.answer_seconds.clone(),
        );
        registry.register(
            "receipts",
            "Receipts, by how their message was found and what they did to it",
            m.receipts.clone(),
        );
        registry.register("inbound_messages", "Messages from phones that were kept", m.inbound.clone());
        registry.register("route_throttled", "Submits that the operator throttled", m.throttled.clone());
        registry.register("route_faulty_pdus", "PDUs that could not be used", m.faulty_pdus.clone());
        registry.register(
            "route_limit_per_second",
            "The route's limit in force, in parts a second; 0 for none",
            m.route_limit.clone(),
        );
        registry.register(
            "webhook_attempts",
            "Attempts to deliver webhooks, by what came of them",
            m.webhooks.clone(),
        );
        registry.register(
            "webhook_deliveries_in_hand",
            "Webhook deliveries in memory, waiting or under way",
            m.webhooks_in_hand.clone(),
        );
        registry.register("store_failures", "Writes that the store refused", m.store_failures.clone());
        Self { registry, ..metrics }
    }

    pub(crate) fn accepted(&self, class: Class) {
        if let Some(place) = Class::ALL.iter().position(|c| *c == class) {
            self.accepted[place].inc();
        }
    }

    /// Counts a message that came to `state`.
    pub(crate) fn reached(&self, state: State, class: Class) {
        self.reached.get_or_create(&ByState { state: StateLabel(state), class: ClassLabel(class) }).inc();
    }

    /// All figures in Prometheus' text form; `receipts` is what the store counted since the start.
    pub(crate) fn text(&self, receipts: &[(ReceiptFound, ReceiptEffect, u64)]) -> String {
        for (found, effect, count) in receipts {
            let case = ByCase { found: found.as_str(), effect: effect.as_str() };
            // Two that read at once must not count twice.
            self.receipts.get_or_create(&case).inner().fetch_max(*count, Ordering::Relaxed);
        }
        let mut text = String::with_capacity(8 * 1024);
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
