//! The gateway as its windows see it: its verbs. `start.rs` connects its parts.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Class, MessageId, Timestamp, WorkspaceId};
use facteur_store::{Actor, Change, SenderRecord, Settings, Store, StoreError, StoredMessage};

use crate::config::SendingRules;
use crate::directory::Directory;
use crate::refusal::{Code, Refusal};
use crate::shared::Shared;
use crate::webhook::UrlProblem;
use crate::{Caller, Clock, KeyProblem};

/// How long a client should wait when the store cannot keep anything.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Whether the gateway can do its work, for `/readyz`.
#[derive(Clone, Debug, PartialEq)]
pub struct Readiness {
    /// Ready to accept.
    pub ready: bool,
    /// The store can write.
    pub store: Result<(), String>,
    /// Messages waiting in memory for their turn.
    pub waiting: usize,
    /// What waits, by class, the most urgent first.
    pub queues: Vec<QueueReport>,
    /// One report a route.
    pub routes: Vec<RouteReport>,
}

/// What waits of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueReport {
    /// Which.
    pub class: Class,
    /// Messages in memory.
    pub messages: usize,
    /// Messages on disk only.
    pub on_disk: usize,
    /// Parts of both.
    pub parts: u64,
    /// Since when the one that waits longest might have left.
    pub oldest: Option<Timestamp>,
    /// When one that came last would leave; `None` when nobody can tell.
    pub eta: Option<Eta>,
}

/// Between when and when a message is expected to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// If nothing but its own line went before it.
    pub from: Timestamp,
    /// If everything that waits now went on waiting, each with its share.
    pub to: Timestamp,
}

/// A route as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteReport {
    /// Its name.
    pub name: String,
    /// Binds that are up.
    pub bound: u16,
    /// Submits unanswered.
    pub in_flight: usize,
    /// Parts a second in force; 0 for no limit.
    pub limit_per_second: u32,
    /// Parts written in the last second, as looked at once a second.
    pub rate: u64,
    /// Parts written since the start.
    pub written: u64,
    /// The last trouble and when, if any.
    pub trouble: Option<String>,
    /// Its binds, up or not.
    pub binds: Vec<BindReport>,
}

/// A bind that may carry submits.
#[derive(Clone, Debug, PartialEq)]
pub struct BindReport {
    /// It is bound.
    pub up: bool,
    /// Submits that may be unanswered.
    pub window: usize,
    /// Submits that are.
    pub in_flight: usize,
    /// Parts handed over to it and not yet written.
    pub handed: usize,
    /// Its operator does not answer as it should: others are preferred.
    pub in_doubt: bool,
    /// Mean seconds from a submit to its answer, of the last ones.
    pub answer_seconds: Option<f64>,
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

/// The gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

impl Gateway {
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
    #[must_use]
    pub fn new_key(&self) -> i64 {
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

    /// The name of a workspace.
    #[must_use]
    pub fn workspace_name(&self, workspace: WorkspaceId) -> Option<String> {
        self.shared.directory().workspace_name(workspace).map(str::to_owned)
    }

    /// Every workspace, by name.
    #[must_use]
    pub fn workspaces(&self) -> Vec<(WorkspaceId, String)> {
        self.shared.directory().workspaces()
    }

    /// How long an answer is kept for its idempotency key.
    #[must_use]
    pub fn idempotency_kept(&self) -> Duration {
        self.shared.sending.idempotency_kept
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

    /// Cancels a message that has not left; the audit log says who did.
    ///
    /// # Errors
    /// There is no such message in the workspace, or it has left.
    pub async fn cancel(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        actor: Actor,
    ) -> Result<StoredMessage, Refusal> {
        let not_found =
            || Refusal::new(Code::MessageNotFound, format!("There is no message {message}.")).at("id");
        match self.shared.store.cancel(workspace, message, self.now(), actor).await {
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
        let shared = &self.shared;
        let now = shared.clock.instant();
        shared.metrics.queues(&self.queues(), shared.clock.now());
        for route in &shared.routes {
            shared.metrics.route(&route.report(now));
        }
        shared.metrics.store(&shared.store.load());
        shared.metrics.text(&shared.store.receipt_counts())
    }

    /// Whether it can do its work: the store writes, and a bind is up if there are routes.
    pub async fn readiness(&self) -> Readiness {
        let store = self.shared.store.writable().await.map_err(|why| why.to_string());
        let now = self.shared.clock.instant();
        let routes: Vec<RouteReport> = self.shared.routes.iter().map(|route| route.report(now)).collect();
        let bound = routes.is_empty() || routes.iter().any(|route| route.bound > 0);
        let waiting = self.shared.backlog.len();
        Readiness { ready: store.is_ok() && bound, store, waiting, queues: self.queues(), routes }
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

/// More comes than can be kept.
pub(crate) fn overloaded() -> Refusal {
    let refusal = Refusal::new(
        Code::ServiceUnavailable,
        "More messages come at the moment than can be kept; nothing was accepted.",
    );
    let refusal = refusal.try_instead("Send it again after the time in Retry-After, and more slowly.");
    Refusal { retry_after: Some(RETRY_AFTER), ..refusal }
}
