//! What is counted and measured, for `/metrics`. Handles are made once; the hot path only adds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use facteur_domain::{Class, State, Timestamp};
use facteur_rules::Decision;
use facteur_store::{Load, ReceiptEffect, ReceiptFound};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::Code;
use crate::gateway::{QueueReport, RouteReport};
use crate::outcome::ANSWERS;
use crate::webhook::OUTCOMES;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByClass {
    pub(crate) class: ClassLabel,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByClassPlace {
    class: ClassLabel,
    place: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ByVerdict {
    stage: &'static str,
    decision: &'static str,
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
struct ByBind {
    route: String,
    /// Its place on the route, from 1.
    bind: u32,
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

/// Upper bounds of latencies at operators and in the queue, in seconds.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 300.0, 3600.0];

/// Upper bounds of the time until a receipt, in seconds: a phone may be off for days.
const RECEIPT_SECONDS: [f64; 16] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0, 172_800.0,
    345_600.0,
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Every figure of the gateway. Counters rise where things happen; gauges are set when they are read.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    accepted: [Counter; 5],
    accept_seconds: Histogram,
    waited: [Histogram; 5],
    /// Requests refused, by code.
    pub(crate) refused: Family<ByCode, Counter>,
    /// Requests answered from an idempotency key.
    pub(crate) replayed: Counter,
    /// Requests refused because more came than could be kept.
    pub(crate) shed: Counter,
    /// Verdicts, by when they were given.
    pub(crate) verdicts: Family<ByVerdict, Counter>,
    /// States that messages came to, by class.
    pub(crate) reached: Family<ByState, Counter>,
    queue_messages: Family<ByClassPlace, Gauge>,
    queue_parts: Family<ByClass, Gauge>,
    queue_oldest: Family<ByClass, Gauge<f64, AtomicU64>>,
    queue_eta: Family<ByClass, Gauge<f64, AtomicU64>>,
    /// Binds that are up, by route.
    pub(crate) binds_up: Family<ByRoute, Gauge>,
    binds: Family<ByRoute, Gauge>,
    binds_in_doubt: Family<ByRoute, Gauge>,
    bind_up: Family<ByBind, Gauge>,
    bind_in_doubt: Family<ByBind, Gauge>,
    bind_in_flight: Family<ByBind, Gauge>,
    bind_answer_seconds: Family<ByBind, Gauge<f64, AtomicU64>>,
    window: Family<ByRoute, Gauge>,
    in_flight: Family<ByRoute, Gauge>,
    handed: Family<ByRoute, Gauge>,
    written: Family<ByRoute, Counter>,
    route_limit: Family<ByRoute, Gauge>,
    /// Answers to submits, by route and kind.
    pub(crate) answers: Family<ByRouteAnswer, Counter>,
    /// Seconds from writing a submit to its answer, by route.
    pub(crate) answer_seconds: Histograms<ByRoute>,
    /// Seconds from a part's hand-over to the receipt that was awaited, by route.
    pub(crate) receipt_delay_seconds: Histograms<ByRoute>,
    /// What receipts turned out to be, as the store counted it.
    receipts: Family<ByCase, Counter>,
    /// Messages from phones that were kept.
    pub(crate) inbound: Counter,
    pub(crate) inbound_raw: Counter,
    /// Submits that the operator throttled.
    pub(crate) throttled: Family<ByRoute, Counter>,
    /// PDUs that could not be used.
    pub(crate) faulty_pdus: Family<ByRoute, Counter>,
    /// Attempts to deliver webhooks, by what came of them.
    pub(crate) webhooks: Family<ByOutcome, Counter>,
    /// Webhook deliveries in memory.
    pub(crate) webhooks_in_hand: Gauge,
    /// Verbs of the store that failed.
    pub(crate) store_failures: Counter<u64, AtomicU64>,
    store_batches: Counter,
    store_rows: Counter,
    store_lost_batches: Counter,
    store_queue: Gauge,
    store_queue_max: Gauge,
    store_wal_pages: Gauge,
    store_refuses: Gauge,
}

/// A metric made and put into the registry in one step.
macro_rules! made {
    ($registry:ident, $name:literal, $help:literal) => {
        made!($registry, $name, $help, Default::default())
    };
    ($registry:ident, $name:literal, $help:literal, $metric:expr) => {{
        let metric = $metric;
        $registry.register($name, $help, Clone::clone(&metric));
        metric
    }};
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut r = Registry::with_prefix("facteur");
        let accepted: Family<ByClass, Counter> = made!(r, "messages_accepted", "Messages kept, by class");
        let histograms: fn() -> Histogram = || Histogram::new(SECONDS);
        let delays: fn() -> Histogram = || Histogram::new(RECEIPT_SECONDS);
        let waited: Histograms<ByClass> = made!(
            r,
            "queue_wait_seconds",
            "Time from when a message might leave to its hand-over to a bind, by class",
            Family::new_with_constructor(histograms)
        );
        let of = |class| ByClass { class: ClassLabel(class) };
        Self {
            accepted: Class::ALL.map(|class| accepted.get_or_create_owned(&of(class))),
            waited: Class::ALL.map(|class| waited.get_or_create_owned(&of(class))),
            accept_seconds: made!(
                r,
                "accept_seconds",
                "Time from a request to send to its message being on disk",
                histograms()
            ),
            refused: made!(r, "requests_refused", "Requests to send that were refused, by code"),
            replayed: made!(r, "requests_replayed", "Requests answered from an idempotency key"),
            shed: made!(r, "requests_shed", "Requests refused because more came than could be kept in time"),
            verdicts: made!(
                r,
                "verdicts",
                "Verdicts of the rules, by when they were given and what they were"
            ),
            reached: made!(r, "messages_reached", "Times a message came to a state, by state and class"),
            queue_messages: made!(r, "queue_messages", "Messages waiting for their turn, by class and place"),
            queue_parts: made!(r, "queue_parts", "Parts (SMS) waiting for their turn, by class"),
            queue_oldest: made!(
                r,
                "queue_oldest_seconds",
                "Time since the message that waits longest for its turn might have left, by class; 0 when none waits"
            ),
            queue_eta: made!(
                r,
                "queue_eta_seconds",
                "Longest wait expected for a message that came now, by class; -1 when nobody can tell"
            ),
            binds_up: made!(r, "route_binds_up", "Binds that are up"),
            binds: made!(r, "route_binds", "Binds that there should be"),
            binds_in_doubt: made!(
                r,
                "route_binds_in_doubt",
                "Binds that are up and whose operator does not answer as it should"
            ),
            bind_up: made!(r, "bind_up", "Whether a bind is up, 1 or 0, by route and place there"),
            bind_in_doubt: made!(
                r,
                "bind_in_doubt",
                "Whether a bind is up and its operator does not answer as it should, 1 or 0"
            ),
            bind_in_flight: made!(r, "bind_in_flight", "Submits without an answer yet, by bind"),
            bind_answer_seconds: made!(
                r,
                "bind_answer_seconds",
                "Mean time from a submit to its answer, of a bind's last ones, in seconds; 0 before the first"
            ),
            window: made!(
                r,
                "route_window",
                "Submits that may be without an answer, over the binds that are up"
            ),
            in_flight: made!(r, "route_in_flight", "Submits without an answer yet"),
            handed: made!(r, "route_handed_over", "Parts handed over to binds and not yet written"),
            written: made!(r, "route_parts", "Parts (SMS) written to the route"),
            route_limit: made!(
                r,
                "route_limit_per_second",
                "The route's limit in force, in parts a second; 0 for none"
            ),
            answers: made!(r, "route_answers", "Answers to submits, by kind"),
            answer_seconds: made!(
                r,
                "submit_answer_seconds",
                "Time from writing a submit to its answer, by route",
                Family::new_with_constructor(histograms)
            ),
            receipt_delay_seconds: made!(
                r,
                "receipt_delay_seconds",
                "Time from the hand-over of a part (SMS) to its final receipt, in seconds, by route",
                Family::new_with_constructor(delays)
            ),
            receipts: made!(
                r,
                "receipts",
                "Receipts, by how their message was found and what they did to it"
            ),
            inbound: made!(r, "inbound_messages", "Messages from phones that were kept"),
            inbound_raw: made!(
                r,
                "inbound_raw_messages",
                "Messages from phones that were kept as they came, since handling them failed again and again"
            ),
            throttled: made!(r, "route_throttled", "Submits that the operator throttled"),
            faulty_pdus: made!(r, "route_faulty_pdus", "PDUs that could not be used"),
            webhooks: made!(r, "webhook_attempts", "Attempts to deliver webhooks, by what came of them"),
            webhooks_in_hand: made!(
                r,
                "webhook_deliveries_in_hand",
                "Webhook deliveries in memory, waiting or under way"
            ),
            store_failures: made!(r, "store_failures", "Writes that the store refused"),
            store_batches: made!(r, "store_batches", "Transactions that the store committed"),
            store_rows: made!(r, "store_rows", "Rows in them, about: messages, answers, receipts"),
            store_lost_batches: made!(r, "store_batches_failed", "Transactions that the disk refused"),
            store_queue: made!(r, "store_queue", "Verbs that wait for the store's writer"),
            store_queue_max: made!(
                r,
                "store_queue_max",
                "Verbs that may wait there before new ones are refused"
            ),
            store_wal_pages: made!(r, "store_wal_pages", "Pages (4 KiB) in the write-ahead log"),
            store_refuses: made!(
                r,
                "store_refuses",
                "1 while new messages are refused: the disk, or the file"
            ),
            registry: r,
        }
    }

    /// Tells as 0 what has not happened yet, so that its first time is seen as a rise.
    pub(crate) fn begin(&self) {
        for stage in ["acceptance", "departure"] {
            for decision in ["send", "hold", "refuse"] {
                drop(self.verdicts.get_or_create(&ByVerdict { stage, decision }));
            }
        }
        for outcome in OUTCOMES {
            drop(self.webhooks.get_or_create(&ByOutcome { outcome }));
        }
        drop(self.refused.get_or_create(&ByCode { code: CodeLabel(Code::ServiceUnavailable) }));
        for class in Class::ALL {
            drop(
                self.reached.get_or_create(&ByState {
                    state: StateLabel(State::Delivered),
                    class: ClassLabel(class),
                }),
            );
        }
    }

    /// A message was kept `taken` after its request came.
    pub(crate) fn kept(&self, taken: Duration) {
        self.accept_seconds.observe(taken.as_secs_f64());
    }

    /// A message of `class` was handed over `waited` after it might have left.
    pub(crate) fn waited(&self, class: Class, waited: Duration) {
        if let Some(place) = Class::ALL.iter().position(|c| *c == class) {
            self.waited[place].observe(waited.as_secs_f64());
        }
    }

    /// Counts a verdict given at `stage`.
    pub(crate) fn verdict(&self, stage: &'static str, decision: Decision) {
        let decision = match decision {
            Decision::Send => "send",
            Decision::Hold { .. } => "hold",
            Decision::Refuse => "refuse",
        };
        self.verdicts.get_or_create(&ByVerdict { stage, decision }).inc();
    }

    /// Shows what waits.
    pub(crate) fn queues(&self, queues: &[QueueReport], now: Timestamp) {
        for queue in queues {
            let class = ClassLabel(queue.class);
            let count = |place, messages| {
                self.queue_messages.get_or_create(&ByClassPlace { class, place }).set(whole(messages));
            };
            count("memory", queue.messages as u64);
            count("disk", queue.on_disk as u64);
            let class = ByClass { class };
            self.queue_parts.get_or_create(&class).set(whole(queue.parts));
            let age = queue.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
            self.queue_oldest.get_or_create(&class).set(age);
            let wait = queue.eta.map_or(-1.0, |eta| eta.to.since(now).as_secs_f64());
            self.queue_eta.get_or_create(&class).set(wait);
        }
    }

    /// Shows a route as it stands.
    pub(crate) fn route(&self, route: &RouteReport) {
        let label = ByRoute { route: route.name.clone() };
        let set = |family: &Family<ByRoute, Gauge>, value: usize| {
            family.get_or_create(&label).set(whole(value as u64));
        };
        let up = || route.binds.iter().filter(|bind| bind.up);
        set(&self.binds, route.binds.len());
        set(&self.binds_up, up().count());
        set(&self.binds_in_doubt, up().filter(|bind| bind.in_doubt).count());
        set(&self.window, up().map(|bind| bind.window).sum());
        set(&self.in_flight, route.in_flight);
        set(&self.handed, route.binds.iter().map(|bind| bind.handed).sum());
        set(&self.route_limit, route.limit_per_second as usize);
        for (place, bind) in (1..).zip(&route.binds) {
            let label = ByBind { route: route.name.clone(), bind: place };
            self.bind_up.get_or_create(&label).set(i64::from(bind.up));
            self.bind_in_doubt.get_or_create(&label).set(i64::from(bind.up && bind.in_doubt));
            self.bind_in_flight.get_or_create(&label).set(whole(bind.in_flight as u64));
            self.bind_answer_seconds.get_or_create(&label).set(bind.answer_seconds.unwrap_or_default());
        }
        raise(&self.written.get_or_create(&label), route.written);
        // What has not happened yet is told as 0, so that its first time is seen as a rise.
        for family in [&self.throttled, &self.faulty_pdus] {
            drop(family.get_or_create(&label));
        }
        for answer in ANSWERS {
            drop(self.answers.get_or_create(&ByRouteAnswer { route: route.name.clone(), answer }));
        }
        drop(self.answer_seconds.get_or_create(&label));
        drop(self.receipt_delay_seconds.get_or_create(&label));
    }

    /// Shows how busy the store is.
    pub(crate) fn store(&self, load: &Load) {
        raise(&self.store_batches, load.commits);
        raise(&self.store_rows, load.rows);
        raise(&self.store_lost_batches, load.failures);
        self.store_queue.set(whole(load.waiting));
        self.store_queue_max.set(whole(load.waiting_max));
        self.store_wal_pages.set(whole(load.wal_pages));
        self.store_refuses.set(i64::from(load.refuses));
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
            raise(&self.receipts.get_or_create(&case), *count);
        }
        let mut text = String::with_capacity(8 * 1024);
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Shows a count that is kept elsewhere. Two that read at once must not count twice.
fn raise(counter: &Counter, to: u64) {
    counter.inner().fetch_max(to, Ordering::Relaxed);
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
