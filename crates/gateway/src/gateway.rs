//! The gateway as its windows see it.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Message, MessageId, Timestamp, WorkspaceId};
use facteur_store::{SenderRecord, Store, StoreError, StoredAnswer, StoredMessage};

use crate::{Caller, Clock, Config, KeyProblem, Refusal, Reply, SendRequest};

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error("the store does not open")]
    Store(#[from] StoreError),
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
    /// Messages waiting for it in memory.
    pub waiting: usize,
    /// Submits unanswered.
    pub in_flight: usize,
    /// The last trouble, if any.
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

/// The gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    store: Store,
}

impl Gateway {
    /// Opens the store, recovers what a crash left, and starts the routes.
    ///
    /// # Errors
    /// Nothing was started.
    pub async fn start(config: Config, store: facteur_store::Options, clock: Clock) -> Result<Self, StartError> {
        let _ = config;
        let store = Store::open(store, Box::new(|_| ()))?;
        Ok(Self { inner: Arc::new(Inner { clock, store }) })
    }

    /// Wall time, on the product's one clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The store, for reading; writing goes through the gateway's verbs or, for set-up, through
    /// the store's admin verbs followed by [`Gateway::refresh`].
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// The key opens nothing.
    pub fn authenticate(&self, secret: &str) -> Result<Caller, KeyProblem> {
        let _ = secret;
        Err(KeyProblem::Unknown)
    }

    /// The senders of a workspace, in every state, in order of declaration.
    #[must_use]
    pub fn senders(&self, workspace: WorkspaceId) -> Vec<Arc<SenderRecord>> {
        let _ = workspace;
        Vec::new()
    }

    /// Reads the directory again now, rather than within its usual quarter of a second.
    ///
    /// # Errors
    /// The store cannot be read; the directory stays as it was.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        Ok(())
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
        let _ = (caller, request, answer);
        Err(Refusal::new(crate::Code::InternalServerError, ""))
    }

    /// Cancels a message that has not left.
    ///
    /// # Errors
    /// There is no such message in the workspace, or it has left.
    pub async fn cancel(&self, workspace: WorkspaceId, message: MessageId) -> Result<StoredMessage, Refusal> {
        let _ = (workspace, message);
        Err(Refusal::new(crate::Code::InternalServerError, "").at("id").try_instead(""))
    }

    /// All metrics in Prometheus' text form.
    #[must_use]
    pub fn metrics(&self) -> String {
        String::new()
    }

    /// Whether it can do its work.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness { ready: false, store: Ok(()), routes: Vec::new() }
    }

    /// Stops handing over, waits for answers up to `limit`, unbinds, closes the store.
    pub async fn shut_down(&self, limit: Duration) -> ShutdownReport {
        let _ = limit;
        ShutdownReport::default()
    }
}
