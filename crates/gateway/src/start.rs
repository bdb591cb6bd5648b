//! The start: opens the store, recovers what a crash left, connects the parts.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use facteur_domain::{IdSource, MessageId, Timestamp};
use facteur_smpp::session::BindKind;
use facteur_store::{AcceptedSink, Store, StoreError};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backlog::{Backlog, Carries};
use crate::config::{Link as LinkConfig, RouteConfig};
use crate::directory::Directory;
use crate::gate::Gate;
use crate::gateway::Gateway;
use crate::link::{Dial, Link, Target, Tcp};
use crate::metrics::Metrics;
use crate::news::Newsroom;
use crate::quota::Quotas;
use crate::route::{Bind, Route};
use crate::shared::Shared;
use crate::trace::Tracer;
use crate::two_way::ReplyDesk;
use crate::webhook::{self, Webhooks};
use crate::{Clock, Config, dispatch, sweep};

/// How far the clock may have been set back for ids to go on from the newest message. One that was further ahead
/// was wrong then, and ids that are of a time long to come would be for ever.
const SET_BACK_MAX: Duration = Duration::from_hours(24);

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
        let store = facteur_store::Options { forgotten_at_end: config.retention.at_end(), ..store };
        Self::start_in(config, clock, Arc::new(Tcp), |sink| Store::open(store, sink)).await
    }

    /// As [`Gateway::start`], over a network and a disk of the caller's: for simulations.
    ///
    /// # Errors
    /// Nothing was started.
    pub async fn start_in(
        config: Config,
        clock: Clock,
        dial: Arc<dyn Dial>,
        open: impl FnOnce(AcceptedSink) -> Result<Store, StoreError>,
    ) -> Result<Self, StartError> {
        let targets =
            config.routes.iter().map(|route| target_of(route, &dial)).collect::<Result<Vec<_>, _>>()?;
        let webhooks = Webhooks::new(config.webhooks).map_err(StartError::Webhooks)?;
        let backlog =
            Arc::new(Backlog::new(&|class| config.sending.classes.share(class), config.sending.queue_max));
        let sink = backlog.clone();
        let store = open(Box::new(move |messages| sink.accepted(messages)))?;
        let now = clock.now();
        let recovery = store.recover(now).await?;
        store.recover_deliveries(now).await?;
        tracing::info!(
            waiting = recovery.waiting,
            unknown = recovery.unknown,
            awaiting_receipt = recovery.awaiting_receipt,
            "store open"
        );
        let ids = ids(config.node, &store, now).await?;
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
        let directory = Arc::new(RwLock::new(Arc::new(directory)));
        let gate = Gate::new(config.sending.accept_target);
        let (sending, ids) = (Arc::new(config.sending), Arc::new(ids));
        let (parts_wait, tries) = (config.replies.parts_wait, config.replies.tries);
        let desk = Arc::new(ReplyDesk {
            directory: directory.clone(),
            rules: sending.clone(),
            replies: config.replies,
            ids: ids.clone(),
        });
        let metrics = Arc::new(Metrics::new());
        metrics.begin();
        let shared = Arc::new(Shared {
            clock,
            store,
            sending,
            retention: config.retention,
            backlog,
            metrics,
            routes,
            tracker: TaskTracker::new(),
            webhooks,
            directory,
            desk,
            failing: Arc::default(),
            tries,
            news: Newsroom::default(),
            quotas,
            gate,
            tracer: config.traces.map(Tracer),
            ids,
            parts_wait,
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
}

/// Ids go on from the newest message, so that a clock that was set back repeats none.
async fn ids(node: u8, store: &Store, now: Timestamp) -> Result<IdSource, StoreError> {
    let last = store.last_message(now.plus(SET_BACK_MAX)).await?;
    let ahead = last.filter(|last| last.made_at() > now);
    if let Some(last) = ahead {
        let newest = last.made_at().to_jiff();
        tracing::warn!(%newest, "there is a message from the future: was the clock set back?");
    }
    Ok(IdSource::after(node, last.map_or(0, MessageId::key)))
}

fn target_of(route: &RouteConfig, dial: &Arc<dyn Dial>) -> Result<Target, StartError> {
    Target::of(route, dial.clone()).map_err(|why| StartError::Route { route: route.name.clone(), why })
}

/// Rows of work read at once at a start.
const START_PAGE: usize = 50_000;

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

/// Puts what waits on disk into its lines; the messages themselves are read when their turn is near.
async fn fill_backlog(shared: &Shared) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = shared.store.queued(after, START_PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.message);
        let lines = page.iter().map(|queued| (queued.message, queued.workspace, queued.class, queued.parts));
        shared.backlog.on_disk(lines.collect());
    }
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
