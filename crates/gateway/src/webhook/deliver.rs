//! The one task that leases deliveries, starts attempts and records them. Each endpoint has a lane of its
//! own, so that a slow one fills its lane and nobody else's.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{EventId, Timestamp, WebhookId};
use facteur_store::{
    AfterDelivery, DeliveryOutcome, DueDeliveries, DueDelivery, DueRequest, StoreError, Webhook,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::OUTCOMES;
use super::attempt::{Target, attempt};
use super::places::Places;
use crate::metrics::ByOutcome;
use crate::shared::Shared;

/// Deliveries of one endpoint that wait in memory at most.
pub(super) const LANE_MAX: usize = 512;
/// Deliveries leased at once at most.
const LEASE_BATCH: usize = 2_048;
/// How long a lease lasts: longer than a full lane of an endpoint that never answers in time.
const LEASE: Duration = Duration::from_secs(1_800);
/// How often it is looked for what another process made owed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long to wait before the store is asked again after it refused.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// What the task hears.
pub(super) enum News {
    /// An attempt ended.
    Tried(DeliveryOutcome),
    /// An attempt was broken off by the shutdown: its lease ends with the process.
    Dropped(WebhookId),
    /// The store answered.
    Leased(Result<DueDeliveries, StoreError>),
    /// The store leased what it raised.
    Handed(Vec<(Arc<Webhook>, DueDelivery)>),
    /// The store recorded a batch.
    Recorded,
}

/// One endpoint's deliveries.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<(Arc<Target>, DueDelivery)>,
    running: usize,
    /// Its last attempt failed: little is leased, so that little waits behind it.
    failing: bool,
    /// Its last attempt was taken.
    proved: bool,
    /// It got as much as it had room for: there may be more.
    full: bool,
    /// Where its last delivery of what was just raised goes.
    target: Option<Arc<Target>>,
}

impl Lane {
    /// How many attempts may be under way in all when it starts another. Its first one may be any; more
    /// only while half of the places are free, until it has shown that it answers: endpoints that hang
    /// must not take them all.
    fn bound(&self, at_once: usize) -> usize {
        if self.running == 0 || self.proved { at_once } else { at_once / 2 }
    }

    /// How many deliveries it may be given. None until half of it is free, so that it asks seldom.
    fn room(&self, per_endpoint: usize) -> usize {
        let max = if self.failing { per_endpoint } else { LANE_MAX };
        let free = max.saturating_sub(self.waiting.len());
        if free * 2 >= max { free } else { 0 }
    }
}

struct Deliverer {
    shared: Arc<Shared>,
    news: UnboundedSender<News>,
    places: Arc<Places>,
    lanes: HashMap<WebhookId, Lane>,
    /// What is in a lane, under way, or not recorded yet.
    held: HashSet<(WebhookId, EventId)>,
    tried: Vec<DeliveryOutcome>,
    recording: bool,
    leasing: bool,
    running: usize,
    /// What the store had raised when it was asked last.
    seen: u64,
    next_due: Option<Timestamp>,
    look_at: Timestamp,
    halted: bool,
}

/// Delivers until `halt`; then waits for attempts under way, until the gateway stops.
pub(crate) async fn run(shared: Arc<Shared>, halt: CancellationToken) {
    let (news, heard) = unbounded_channel();
    let look_at = shared.clock.now();
    let places = Arc::new(Places::new(news.clone()));
    // When the store closes, nobody needs to know.
    drop(shared.store.engage_courier(places.clone(), LEASE));
    let deliverer = Deliverer {
        shared,
        news,
        places,
        lanes: HashMap::new(),
        held: HashSet::new(),
        tried: Vec::new(),
        recording: false,
        leasing: false,
        running: 0,
        seen: 0,
        next_due: None,
        look_at,
        halted: false,
    };
    deliverer.run(heard, halt).await;
}

impl Deliverer {
    async fn run(mut self, mut heard: UnboundedReceiver<News>, halt: CancellationToken) {
        loop {
            if !self.halted {
                self.start_attempts();
                self.lease();
            }
            self.record();
            self.measure();
            if self.halted && self.running == 0 && !self.recording && !self.leasing {
                return;
            }
            let (clock, wake) = (self.shared.clock.clone(), self.shared.webhooks.wake.clone());
            let pause = self.pause();
            tokio::select! {
                biased;
                Some(news) = heard.recv() => {
                    self.hear(news);
                    while let Ok(news) = heard.try_recv() {
                        self.hear(news);
                    }
                }
                () = wake.notified() => {}
                () = clock.pause(pause) => {}
                () = halt.cancelled(), if !self.halted => {
                    self.halted = true;
                    self.places.close();
                }
            }
        }
    }

    /// How long nothing can be due.
    fn pause(&self) -> Duration {
        let at = self.next_due.map_or(self.look_at, |due| due.min(self.look_at));
        // A clock of whole milliseconds must not make it ask in circles.
        at.since(self.shared.clock.now()).max(Duration::from_millis(1))
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Tried(outcome) => self.settled(outcome),
            News::Dropped(endpoint) => self.left(endpoint),
            News::Recorded => self.recording = false,
            News::Leased(Ok(due)) => self.leased(due),
            News::Handed(leased) => self.handed(leased),
            News::Leased(Err(why)) => {
                self.leasing = false;
                if !matches!(why, StoreError::Closed) {
                    tracing::error!(%why, "webhooks: nothing can be leased; trying again");
                }
                self.next_due = Some(self.shared.clock.now().plus(STORE_RETRY));
            }
        }
    }

    fn left(&mut self, endpoint: WebhookId) {
        self.running -= 1;
        self.places.left(endpoint);
        if let Some(lane) = self.lanes.get_mut(&endpoint) {
            lane.running -= 1;
        }
    }

    fn settled(&mut self, outcome: DeliveryOutcome) {
        self.left(outcome.endpoint);
        let word = match outcome.next {
            AfterDelivery::Done => OUTCOMES[0],
            AfterDelivery::Retry(_) => OUTCOMES[1],
            AfterDelivery::GiveUp => OUTCOMES[2],
            AfterDelivery::Gone => OUTCOMES[3],
        };
        self.shared.metrics.webhooks.get_or_create(&ByOutcome { outcome: word }).inc();
        if let Some(lane) = self.lanes.get_mut(&outcome.endpoint) {
            lane.proved = outcome.next == AfterDelivery::Done;
            lane.failing = !lane.proved;
            self.places.proved(outcome.endpoint, lane.proved);
        }
        if let AfterDelivery::Retry(at) = outcome.next {
            self.next_due = Some(self.next_due.map_or(at, |due| due.min(at)));
        }
        self.tried.push(outcome);
    }

    fn leased(&mut self, due: DueDeliveries) {
        self.leasing = false;
        self.next_due = [self.next_due, due.next_due].into_iter().flatten().min();
        let guard = self.shared.webhooks.guard;
        let endpoints = due.endpoints.into_iter();
        let endpoints: HashMap<WebhookId, Arc<Target>> = endpoints
            .map(|endpoint| (endpoint.id, Arc::new(Target::new(Arc::new(endpoint), guard))))
            .collect();
        for delivery in due.deliveries {
            let Some(endpoint) = endpoints.get(&delivery.endpoint) else { continue };
            // A replay of what is under way: the lease of the replay ends, and it comes again.
            if !self.held.insert((delivery.endpoint, delivery.event)) {
                continue;
            }
            self.places.given(delivery.endpoint);
            let lane = self.lanes.entry(delivery.endpoint).or_default();
            lane.waiting.push_back((endpoint.clone(), delivery));
        }
        for lane in self.lanes.values_mut() {
            lane.full |= lane.room(self.shared.webhooks.rules.per_endpoint) == 0;
        }
    }

    /// Takes what has a place already.
    fn handed(&mut self, leased: Vec<(Arc<Webhook>, DueDelivery)>) {
        let guard = self.shared.webhooks.guard;
        for (webhook, delivery) in leased {
            if self.halted || !self.held.insert((delivery.endpoint, delivery.event)) {
                self.places.left(delivery.endpoint);
                continue;
            }
            let lane = self.lanes.entry(delivery.endpoint).or_default();
            let target = match lane.target.take() {
                Some(target) if target.is_of(&webhook) => target,
                _ => Arc::new(Target::new(webhook, guard)),
            };
            lane.target = Some(target.clone());
            lane.waiting.push_back((target, delivery));
        }
    }

    /// Starts what its lane and the whole have room for: one a lane in turn.
    fn start_attempts(&mut self) {
        let rules = &self.shared.webhooks.rules;
        let mut any = true;
        while any && self.running < rules.at_once {
            any = false;
            for (id, lane) in &mut self.lanes {
                if self.running >= lane.bound(rules.at_once) || lane.running >= rules.per_endpoint {
                    continue;
                }
                let Some((target, due)) = lane.waiting.pop_front() else { continue };
                any = true;
                lane.running += 1;
                self.running += 1;
                let (shared, news, id) = (self.shared.clone(), self.news.clone(), *id);
                self.shared.tracker.spawn(async move {
                    let told = tokio::select! {
                        outcome = attempt(&shared.webhooks, &shared.clock, &target, due) => News::Tried(outcome),
                        () = shared.stopped() => News::Dropped(id),
                    };
                    facteur_store::crash::point("gateway.webhook.posted");
                    let _ = news.send(told);
                });
            }
        }
        self.lanes.retain(|_, lane| lane.running > 0 || lane.full || !lane.waiting.is_empty());
    }

    /// Asks the store for more, if there may be more and somewhere to put it.
    fn lease(&mut self) {
        let (now, raised) = (self.shared.clock.now(), self.shared.store.webhooks_raised());
        let thorough = now >= self.look_at;
        let per_endpoint = self.shared.webhooks.rules.per_endpoint;
        let emptied = self.lanes.values().any(|lane| lane.full && lane.room(per_endpoint) > 0);
        let due = self.next_due.is_some_and(|due| due <= now);
        if self.leasing || !(thorough || emptied || due || raised != self.seen) {
            return;
        }
        let mut rooms = Vec::with_capacity(self.lanes.len());
        for (id, lane) in &mut self.lanes {
            let room = lane.room(per_endpoint);
            lane.full = room == 0;
            rooms.push((*id, room));
        }
        (self.seen, self.leasing, self.next_due) = (raised, true, None);
        if thorough {
            self.look_at = now.plus(LOOK_EVERY);
            self.places.tidy();
        }
        let request = DueRequest { now, lease: LEASE, room: LANE_MAX, rooms, limit: LEASE_BATCH, thorough };
        let (pending, news) = (self.shared.store.due_deliveries(request), self.news.clone());
        self.shared.tracker.spawn(async move {
            let _ = news.send(News::Leased(pending.await));
        });
    }

    /// Records what was tried since the last batch was recorded. What cannot be recorded is tried again
    /// when its lease ends.
    fn record(&mut self) {
        if self.recording || self.tried.is_empty() {
            return;
        }
        self.recording = true;
        let batch = std::mem::take(&mut self.tried);
        for outcome in &batch {
            self.held.remove(&(outcome.endpoint, outcome.event));
        }
        let (shared, news) = (self.shared.clone(), self.news.clone());
        let patience = shared.webhooks.rules.patience;
        let pending = shared.store.record_deliveries(batch, patience, shared.clock.now());
        shared.tracker.clone().spawn(async move {
            match pending.await {
                Ok(disabled) => {
                    for webhook in disabled {
                        let why = webhook.disabled_reason.unwrap_or_default();
                        tracing::warn!(webhook = %webhook.id, why, "webhook disabled");
                    }
                }
                Err(why) => {
                    shared.metrics.store_failures.inc();
                    tracing::error!(%why, "deliveries of webhooks could not be recorded");
                }
            }
            let _ = news.send(News::Recorded);
        });
    }

    fn measure(&self) {
        let waiting: usize = self.lanes.values().map(|lane| lane.waiting.len() + lane.running).sum();
        self.shared.metrics.webhooks_in_hand.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
}
