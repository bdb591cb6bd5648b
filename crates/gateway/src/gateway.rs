//! The gateway as its windows see it: the one place where its parts are connected.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use facteur_domain::{Class, IdSource, Message, MessageId, Timestamp, WorkspaceId};
use facteur_rules::Decision;
use facteur_smpp::session::BindKind;
use facteur_store::{
    Accept, Accepted, AuditLine, Change, Idempotency, SenderRecord, Settings, Store, StoreError,
    StoredAnswer, StoredMessage,
};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::{Assessment, Desk, Draft, Reply, SendRequest};
use crate::backlog::{Backlog, Carries, PAGE};
use crate::compliance::verdict_json;
use crate::config::{Link as LinkConfig, RouteConfig, SendingRules};
use crate::directory::{Current, Directory};
use crate::link::{Link, Target};
use crate::metrics::{ByCode, CodeLabel, Metrics};
use crate::outcome::Outcomes;
use crate::quota::Quotas;
use crate::refusal::{Code, Refusal};
use crate::route::{Bind, Route};
use crate::webhook::{self, UrlProblem, Webhooks};
use crate::{Caller, Clock, Config, KeyProblem, dispatch, sweep};

/// How long a client should wait when the store cannot keep anything.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error("the store does not open")]
    Store(#[from] StoreError),
    /// The client of webhooks.
    #[error("webhooks cannot be delivered: {0}")]
    Webhooks(String),
    /// A route's settings.
    #[error("route {route}: {why}")]
    Route {
        /// Which.
        route: String,
        /// What is wrong.
        why: String,
    },
}

/// Whether the gateway can do its work, for `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Ready to accept.
    pub ready: bool,
    /// The store can write.
    pub store: Result<(), String>,
    /// Messages waiting in memory for their turn.
    pub waiting: usize,
    /// One report a route.
    pub routes: Vec<RouteReport>,
}

/// A route as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteReport {
    /// Its name.
    pub name: String,
    /// Binds that are up.
    pub bound: u16,
    /// Binds it should have.
    pub binds: u16,
    /// Submits unanswered.
    pub in_flight: usize,
    /// Parts a second in force; 0 for no limit.
    pub limit_per_second: u32,
    /// The last trouble and when, if any.
    pub trouble: Option<String>,
}

/// What remained when the gateway stopped.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ShutdownReport {
    /// Kept on disk, to be sent after the next start.
    pub waiting: u64,
    /// Submits whose answers did not come in time: unknown.
    pub unanswered: u64,
    /// Whether the limit ran out before everything was drained.
    pub cut_short: bool,
}

/// What the gateway's tasks share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) sending: SendingRules,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) routes: Vec<Arc<Route>>,
    pub(crate) tracker: TaskTracker,
    pub(crate) webhooks: Webhooks,
    directory: Current,
    quotas: Quotas,
    ids: IdSource,
    /// Stops the dispatcher and the sweeps.
    halt: CancellationToken,
    /// Makes links finish and unbind.
    drain: CancellationToken,
    /// Makes links stop at once.
    stop: CancellationToken,
    links: TaskTracker,
}

impl Shared {
    /// The directory as it stands.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the directory again if anyone changed it.
    pub(crate) async fn refresh_if_changed(&self) -> Result<(), StoreError> {
        if self.store.generation().await? == self.directory().generation {
            return Ok(());
        }
        self.refresh().await
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let directory = Arc::new(Directory::new(self.store.directory().await?));
        let mut current = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        // Two refreshes may overlap: the newer one stays.
        if directory.generation >= current.generation {
            *current = directory;
        }
        Ok(())
    }

    /// Comes when the gateway stops for good.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// The links' way to report.
    pub(crate) fn outcomes(&self) -> Outcomes {
        Outcomes {
            store: self.store.clone(),
            backlog: self.backlog.clone(),
            metrics: self.metrics.clone(),
            tracker: self.tracker.clone(),
            clock: self.clock.clone(),
            told: self.webhooks.wake.clone(),
            directory: self.directory.clone(),
            stop_code: self.sending.stop_code,
        }
    }
}

/// The gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    /// Opens the store, recovers what a crash left, and starts the routes.
    ///
    /// # Errors
    /// Nothing was started.
    pub async fn start(
        config: Config,
        store: facteur_store::Options,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let targets = config.routes.iter().map(target_of).collect::<Result<Vec<_>, _>>()?;
        let webhooks = Webhooks::new(config.webhooks).map_err(StartError::Webhooks)?;
        let backlog = Arc::new(Backlog::new(config.sending.queue_max));
        let sink = backlog.clone();
        let store = Store::open(store, Box::new(move |messages| sink.accepted(messages)))?;
        let now = clock.now();
        let recovery = store.recover(now).await?;
        store.recover_deliveries(now).await?;
        tracing::info!(
            waiting = recovery.waiting,
            unknown = recovery.unknown,
            awaiting_receipt = recovery.awaiting_receipt,
            "store open"
        );
        let directory = Directory::new(store.directory().await?);
        let quotas = Quotas::default();
        quotas.restore(now, store.usage(now.utc_day()).await?);
        let mut routes = Vec::new();
        let mut ends = Vec::new();
        for (route, target) in config.routes.into_iter().zip(targets) {
            let id = store.route(route.name.clone()).await?;
            let (route, receivers) = open_route(id, route, config.sending.dev);
            ends.push((route.clone(), target, receivers));
            routes.push(route);
        }
        let shared = Arc::new(Shared {
            clock,
            store,
            sending: config.sending,
            backlog,
            metrics: Arc::new(Metrics::new()),
            routes,
            tracker: TaskTracker::new(),
            webhooks,
            directory: Arc::new(RwLock::new(Arc::new(directory))),
            quotas,
            ids: IdSource::new(config.node),
            halt: CancellationToken::new(),
            drain: CancellationToken::new(),
            stop: CancellationToken::new(),
            links: TaskTracker::new(),
        });
        fill_backlog(&shared).await?;
        for (route, target, receivers) in ends {
            start_links(&shared, &route, &target, receivers);
        }
        sweep::start(&shared, &shared.halt);
        shared.tracker.spawn(dispatch::run(shared.clone(), shared.halt.clone()));
        shared.tracker.spawn(webhook::run(shared.clone(), shared.halt.clone()));
        Ok(Self { shared })
    }

    /// Wall time, on the product's one clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The store, for reading; writing goes through the gateway's verbs or, for set-up, through
    /// the store's admin verbs followed by [`Gateway::refresh`].
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The key of a new id.
    pub(crate) fn new_key(&self) -> i64 {
        self.shared.ids.next(self.now())
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// The key opens nothing.
    pub fn authenticate(&self, secret: &str) -> Result<Caller, KeyProblem> {
        self.shared.directory().authenticate(secret)
    }

    /// The senders of a workspace, in every state, in order of declaration.
    #[must_use]
    pub fn senders(&self, workspace: WorkspaceId) -> Vec<Arc<SenderRecord>> {
        self.shared.directory().senders(workspace)
    }

    /// What each workspace chose.
    #[must_use]
    pub fn settings(&self, workspace: WorkspaceId) -> Arc<Settings> {
        self.shared.directory().settings(workspace)
    }

    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.shared.directory()
    }

    pub(crate) fn sending(&self) -> &SendingRules {
        &self.shared.sending
    }

    /// Tells the metrics what a verb of the store changed that was not called by the gateway itself.
    pub fn report(&self, changes: &[Change]) {
        self.shared.outcomes().changed(changes);
    }

    /// Whether a webhook may be sent to this URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_webhook_url(&self, url: &str) -> Result<(), UrlProblem> {
        self.shared.webhooks.guard.check(url).map(|_| ())
    }

    /// Delivers now what a verb of the store made owed that was not called by the gateway itself.
    pub fn deliver_webhooks(&self) {
        self.shared.webhooks.wake.notify_one();
    }

    /// Reads the directory again now, rather than within its usual fifth of a second.
    ///
    /// # Errors
    /// The store cannot be read; the directory stays as it was.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.shared.refresh().await
    }

    /// The door in: judges, keeps, and queues one message. `answer` makes the HTTP answer of the
    /// accepted message, which is kept for its idempotency key.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn accept(
        &self,
        caller: &Caller,
        request: SendRequest,
        answer: impl FnOnce(&Message) -> StoredAnswer + Send,
    ) -> Result<Reply, Refusal> {
        let done = self.try_accept(caller, request, answer).await;
        match &done {
            Ok(Reply::New(_)) => {}
            Ok(Reply::Replayed(_)) => {
                self.shared.metrics.replayed.inc();
            }
            Err(refusal) => {
                let label = ByCode { code: CodeLabel(refusal.code) };
                self.shared.metrics.refused.get_or_create(&label).inc();
            }
        }
        done
    }

    async fn try_accept(
        &self,
        caller: &Caller,
        mut request: SendRequest,
        answer: impl FnOnce(&Message) -> StoredAnswer + Send,
    ) -> Result<Reply, Refusal> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let key = request.idempotency.take();
        if let Some(key) = &key {
            // The first request's answer stands, even if the same request would be refused today.
            let found =
                shared.store.find_answer(caller.key.id, key.key.clone(), key.route, key.fingerprint, now);
            match found.await.map_err(unavailable)? {
                Accepted::New => {}
                other => return replay(other),
            }
        }
        let directory = shared.directory();
        let settings = directory.settings(caller.workspace());
        let desk = Desk { caller, directory: &directory, settings: &settings, rules: &shared.sending, now };
        let draft = desk.read(request)?;
        let assessment = self.assess(&desk, &draft).await?;
        let id = MessageId::from_key(shared.ids.next(now));
        // A verdict in which no rule had anything to say is not kept: the rule pack of that moment says
        // the same again.
        let held = matches!(assessment.verdict.decision(), Decision::Hold { .. });
        let spoke = !assessment.verdict.reasons().is_empty();
        let verdict = spoke.then(|| verdict_json(&assessment.verdict, now));
        let message = match desk.message(draft, &assessment, id) {
            Ok(message) => message,
            Err(refusal) => {
                self.note_refusal(caller, &refusal, now).await;
                return Err(refusal);
            }
        };
        self.check_route(&message)?;
        shared.quotas.spend(&caller.key, now)?;
        let reply = answer(&message);
        let class = message.class;
        let idempotency = key.map(|key| Idempotency {
            api_key: caller.key.id,
            key: key.key,
            route: key.route,
            fingerprint: key.fingerprint,
            expires_at: now.plus(shared.sending.idempotency_kept),
            answer: reply.clone(),
        });
        let accept = Accept {
            message,
            idempotency,
            verdict,
            consent: assessment.consent,
            new_consents: assessment.new_consent.into_iter().collect(),
            held,
        };
        match shared.store.accept(accept).await {
            Ok(Accepted::New) => {
                shared.metrics.accepted(class);
                if held {
                    shared.webhooks.wake.notify_one();
                }
                Ok(Reply::New(reply))
            }
            Ok(other) => {
                shared.quotas.refund(&caller.key, now);
                replay(other)
            }
            Err(why) => {
                shared.quotas.refund(&caller.key, now);
                Err(unavailable(why))
            }
        }
    }

    /// Judges a draft; what is marketing is judged with what the ledger and the STOPs say of its
    /// recipient.
    async fn assess(&self, desk: &Desk<'_>, draft: &Draft) -> Result<Assessment, Refusal> {
        let assessment = desk.assess(draft, None);
        if assessment.verdict.class() != Class::Marketing {
            return Ok(assessment);
        }
        let asked = vec![(desk.caller.workspace(), draft.recipient)];
        let standing = self.shared.store.standings(asked).await.map_err(unavailable)?.pop();
        Ok(desk.assess(draft, Some(&standing.unwrap_or_default())))
    }

    /// A refusal by the rules leaves a line in the audit log, and nothing else.
    async fn note_refusal(&self, caller: &Caller, refusal: &Refusal, now: Timestamp) {
        if refusal.code != Code::MessageNotCompliant {
            return;
        }
        let rules: Vec<&str> = refusal.details.iter().filter_map(|detail| detail.rule).collect();
        let line = AuditLine {
            at: now,
            actor: caller.key.id.to_string(),
            workspace: Some(caller.workspace()),
            action: "message.refused".to_owned(),
            detail: rules.join(" "),
        };
        if let Err(why) = self.shared.store.note(line).await {
            tracing::error!(%why, "a refusal is missing from the audit log");
        }
    }

    /// A test message needs a sandbox to go to; better said at once than found expired later.
    fn check_route(&self, message: &Message) -> Result<(), Refusal> {
        let sandbox = message.test || message.recipient.is_fiction();
        if !sandbox || self.shared.routes.iter().any(|route| route.carries != Carries::Real) {
            return Ok(());
        }
        Err(Refusal::new(Code::ServiceUnavailable, "Test messages need a sandbox route, and none is set up.")
            .try_instead("Ask the operator of this platform to add a route with `sandbox = true`."))
    }

    /// Cancels a message that has not left.
    ///
    /// # Errors
    /// There is no such message in the workspace, or it has left.
    pub async fn cancel(&self, workspace: WorkspaceId, message: MessageId) -> Result<StoredMessage, Refusal> {
        let not_found =
            || Refusal::new(Code::MessageNotFound, format!("There is no message {message}.")).at("id");
        match self.shared.store.cancel(workspace, message, self.now()).await {
            Ok(change) => self.shared.outcomes().changed(&[change]),
            Err(StoreError::NotFound(_)) => return Err(not_found()),
            Err(StoreError::Conflict(why)) => {
                return Err(Refusal::new(Code::MessageNotCancellable, why).at("id"));
            }
            Err(why) => return Err(unavailable(why)),
        }
        self.shared.store.message(workspace, message).await.map_err(unavailable)?.ok_or_else(not_found)
    }

    /// All metrics in Prometheus' text form.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.metrics.text()
    }

    /// Whether it can do its work: the store writes, and a bind is up if there are routes.
    pub async fn readiness(&self) -> Readiness {
        let store = self.shared.store.writable().await.map_err(|why| why.to_string());
        let routes: Vec<RouteReport> = self.shared.routes.iter().map(|route| route.report()).collect();
        let bound = routes.is_empty() || routes.iter().any(|route| route.bound > 0);
        let waiting = self.shared.backlog.len();
        Readiness { ready: store.is_ok() && bound, store, waiting, routes }
    }

    /// Stops handing over, waits for answers up to `limit`, unbinds, closes the store.
    pub async fn shut_down(&self, limit: Duration) -> ShutdownReport {
        let shared = &self.shared;
        shared.halt.cancel();
        shared.drain.cancel();
        shared.links.close();
        let cut_short = tokio::time::timeout(limit, shared.links.wait()).await.is_err();
        shared.stop.cancel();
        shared.links.wait().await;
        shared.tracker.close();
        // What the links reported last is written before the store closes; a disk that refuses must
        // not keep the process alive.
        let _ = tokio::time::timeout(limit.max(RETRY_AFTER), shared.tracker.wait()).await;
        let counts = shared.store.counts().await.unwrap_or_default();
        if let Err(why) = shared.store.close().await {
            tracing::error!(%why, "the store did not close in order");
        }
        ShutdownReport {
            waiting: counts.scheduled + counts.queued,
            unanswered: counts.submitting + counts.unknown,
            cut_short,
        }
    }
}

/// The store refused: the client is told when to try again.
pub(crate) fn unavailable(why: StoreError) -> Refusal {
    tracing::error!(%why, "the store refused");
    let refusal = Refusal::new(
        Code::ServiceUnavailable,
        "The service cannot keep messages at the moment; nothing was accepted.",
    );
    Refusal { retry_after: Some(RETRY_AFTER), ..refusal }
}

fn replay(found: Accepted) -> Result<Reply, Refusal> {
    let reused = |how: &str| {
        let message = format!("This Idempotency-Key was used before {how}.");
        let suggestion =
            "Use a new key for a new request; repeat a request with the same body to get its answer.";
        Refusal::new(Code::IdempotencyKeyReuse, message).at("Idempotency-Key").try_instead(suggestion)
    };
    match found {
        Accepted::Replayed(answer) => Ok(Reply::Replayed(answer)),
        Accepted::KeyOnOtherRoute => Err(reused("on another route")),
        Accepted::KeyWithOtherBody => Err(reused("with another body")),
        Accepted::New => Err(Refusal::new(Code::InternalServerError, "nothing to replay")),
    }
}

fn target_of(route: &RouteConfig) -> Result<Target, StartError> {
    Target::of(route).map_err(|why| StartError::Route { route: route.name.clone(), why })
}

type Receivers = Vec<tokio::sync::mpsc::UnboundedReceiver<Vec<crate::link::Outgoing>>>;

fn open_route(id: facteur_store::RouteId, config: RouteConfig, dev: bool) -> (Arc<Route>, Receivers) {
    let carries = match (config.sandbox, dev) {
        (_, true) => Carries::All,
        (true, false) => Carries::Test,
        (false, false) => Carries::Real,
    };
    let (binds, receivers) = (0..config.binds)
        .map(|_| {
            let (sender, receiver) = unbounded_channel();
            (Arc::new(Bind::new(sender)), receiver)
        })
        .unzip();
    (Arc::new(Route::new(id, config, carries, binds)), receivers)
}

/// Reads what waits on disk into memory, as far as it fits.
async fn fill_backlog(shared: &Shared) -> Result<(), StoreError> {
    let mut after = None;
    while shared.backlog.len() + PAGE <= shared.sending.queue_max.max(PAGE) {
        let page = shared.store.waiting(after, PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map(|waiting| waiting.message.id).or(after);
        shared.backlog.put(page, shared.clock.now());
        if !full {
            return Ok(());
        }
    }
    if let Some(last) = after {
        shared.backlog.more_on_disk(last);
    }
    Ok(())
}

fn start_links(shared: &Arc<Shared>, route: &Arc<Route>, target: &Target, receivers: Receivers) {
    for (bind, receiver) in route.binds.iter().zip(receivers) {
        let kinds: &[BindKind] = match route.config.link {
            LinkConfig::Transceiver => &[BindKind::Transceiver],
            LinkConfig::TransmitterReceiver => &[BindKind::Transmitter, BindKind::Receiver],
        };
        let mut receiver = Some(receiver);
        for kind in kinds {
            let sends = *kind != BindKind::Receiver;
            let link = Link {
                kind: *kind,
                route: route.clone(),
                bind: sends.then(|| bind.clone()),
                target: target.clone(),
                outcomes: shared.outcomes(),
                clock: shared.clock.clone(),
                attempts_max: shared.sending.attempts_max,
                drain: shared.drain.clone(),
                stop: shared.stop.clone(),
            };
            // A receiver is given nothing to send: its channel has no sender.
            let outgoing = if sends { receiver.take() } else { None };
            shared.links.spawn(link.run(outgoing.unwrap_or_else(|| unbounded_channel().1)));
        }
    }
}
