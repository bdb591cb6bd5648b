//! What the gateway's tasks share.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use facteur_domain::IdSource;
use facteur_store::{Store, StoreError, Understand};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Clock;
use crate::backlog::Backlog;
use crate::config::{Retention, SendingRules};
use crate::directory::{Current, Directory};
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::news::Newsroom;
use crate::outcome::Outcomes;
use crate::quota::Quotas;
use crate::route::Route;
use crate::trace::Tracer;
use crate::two_way::bare::Failing;
use crate::webhook::Webhooks;

/// What the gateway's tasks share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) sending: Arc<SendingRules>,
    pub(crate) retention: Retention,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) routes: Vec<Arc<Route>>,
    pub(crate) tracker: TaskTracker,
    pub(crate) webhooks: Webhooks,
    pub(crate) directory: Current,
    /// Understands what phones send.
    pub(crate) desk: Arc<dyn Understand>,
    pub(crate) news: Newsroom,
    pub(crate) quotas: Quotas,
    pub(crate) gate: Gate,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) ids: Arc<IdSource>,
    /// How long the other parts of a phone's long message are waited for.
    pub(crate) parts_wait: Duration,
    /// Messages from phones whose handling fails, and how often one is tried.
    pub(crate) failing: Arc<Failing>,
    pub(crate) tries: u32,
    /// Stops the dispatcher and the sweeps.
    pub(crate) halt: CancellationToken,
    /// Makes links finish and unbind.
    pub(crate) drain: CancellationToken,
    /// Makes links stop at once.
    pub(crate) stop: CancellationToken,
    pub(crate) links: TaskTracker,
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

    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
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
            desk: self.desk.clone(),
            failing: self.failing.clone(),
            tries: self.tries,
            news: self.news.clone(),
            tracer: self.tracer.clone(),
        }
    }
}
