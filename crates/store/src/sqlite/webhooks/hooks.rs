//! What the writer remembers of endpoints, so that a workspace without one costs a look-up, and what is
//! raised goes to who delivers without being looked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use facteur_domain::{EventId, Sender, Timestamp, WebhookId, WorkspaceId};
use foldhash::fast::RandomState;
use rusqlite::Connection;

use super::endpoints;
use crate::{Courier, DueDelivery, Webhook, WebhookTopic};

/// An enabled endpoint.
struct Subscriber {
    webhook: Arc<Webhook>,
    /// The topics it subscribes to, a bit each.
    topics: u32,
    /// The one sender whose messages it is told of, if there is one.
    only: Option<Sender>,
}

/// Milliseconds stand above these bits of an id.
const TIME_SHIFT: u32 = 21;
/// The bits of a part's index.
const STEP: i64 = 1 << 4;

/// Enabled endpoints by workspace.
#[derive(Default)]
pub(in crate::sqlite) struct Hooks {
    subscribers: HashMap<WorkspaceId, Vec<Subscriber>, RandomState>,
    /// Endpoints that something may be owed to.
    pub(super) owing: HashSet<WebhookId, RandomState>,
    /// Endpoints of which nothing is due that is not leased: what is raised for them may be leased at once,
    /// and overtakes nothing but retries.
    pub(super) level: HashSet<WebhookId, RandomState>,
    /// Who delivers, and how long its leases last.
    courier: Option<(Arc<dyn Courier>, Duration)>,
    /// What this batch leased as it raised it.
    leased: Vec<(Arc<Webhook>, DueDelivery)>,
    last_event: i64,
    /// Deliveries made owed and not leased.
    pub(in crate::sqlite) raised: Arc<AtomicU64>,
}

impl Hooks {
    /// What the database says.
    pub(in crate::sqlite) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let mut hooks = Self::default();
        hooks.reload(conn)?;
        Ok(hooks)
    }

    /// Reads it again: something changed, or what was remembered was not kept.
    pub(in crate::sqlite) fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let last: Option<i64> =
            conn.prepare_cached("SELECT max(id) FROM webhook_event")?.query_row([], |row| row.get(0))?;
        self.last_event = self.last_event.max(last.unwrap_or(0));
        self.subscribers.clear();
        self.level.clear();
        for webhook in endpoints::enabled(conn)? {
            self.owing.insert(webhook.id);
            let only = webhook.v1.as_ref().map(|v1| v1.sender);
            let (workspace, topics) = (webhook.workspace, bits(&webhook));
            let subscriber = Subscriber { webhook: Arc::new(webhook), topics, only };
            self.subscribers.entry(workspace).or_default().push(subscriber);
        }
        Ok(())
    }

    /// Whether anyone of a workspace is told of anything.
    pub(in crate::sqlite) fn any(&self, workspace: WorkspaceId) -> bool {
        !self.subscribers.is_empty() && self.subscribers.contains_key(&workspace)
    }

    /// Whether anyone of a workspace is told of a topic.
    pub(super) fn wants(&self, workspace: WorkspaceId, topic: WebhookTopic) -> bool {
        !self.subscribers.is_empty()
            && self
                .subscribers
                .get(&workspace)
                .is_some_and(|all| all.iter().any(|subscriber| subscriber.topics & topic.bit() != 0))
    }

    /// Who is told of a topic, when it is about this sender or about none.
    pub(super) fn told(
        &self,
        workspace: WorkspaceId,
        topic: WebhookTopic,
        sender: Option<Sender>,
    ) -> Vec<Arc<Webhook>> {
        let all = self.subscribers.get(&workspace).map_or(&[][..], Vec::as_slice);
        let concerned = |only: Option<Sender>| match (only, sender) {
            (Some(only), Some(sender)) => only == sender,
            _ => true,
        };
        all.iter()
            .filter(|subscriber| subscriber.topics & topic.bit() != 0 && concerned(subscriber.only))
            .map(|subscriber| Arc::clone(&subscriber.webhook))
            .collect()
    }

    /// Something is owed to an endpoint.
    pub(super) fn owe(&mut self, endpoint: WebhookId) {
        self.owing.insert(endpoint);
        self.level.remove(&endpoint);
        self.raised.fetch_add(1, Ordering::Release);
    }

    /// Who delivers from now on.
    pub(super) fn engage(&mut self, courier: Arc<dyn Courier>, lease: Duration) {
        self.courier = Some((courier, lease));
    }

    /// Until when an event that happens `at` is leased, if it goes to who delivers at once.
    pub(super) fn lease(&self, endpoint: WebhookId, at: Timestamp) -> Option<Timestamp> {
        let (courier, lease) = self.courier.as_ref()?;
        (self.level.contains(&endpoint) && courier.reserve(endpoint)).then(|| at.plus(*lease))
    }

    /// A delivery that was leased so.
    pub(super) fn hand(&mut self, webhook: Arc<Webhook>, delivery: DueDelivery) {
        self.leased.push((webhook, delivery));
    }

    /// How many this batch has leased so far.
    pub(in crate::sqlite) fn leased(&self) -> usize {
        self.leased.len()
    }

    /// What was leased beyond the first `first` was not kept.
    pub(in crate::sqlite) fn give_back(&mut self, first: usize) {
        for (webhook, _) in self.leased.drain(first.min(self.leased.len())..) {
            if let Some((courier, _)) = &self.courier {
                courier.release(webhook.id);
            }
        }
    }

    /// The batch is kept: what it leased goes to who delivers.
    pub(in crate::sqlite) fn deliver(&mut self) {
        if let Some((courier, _)) = self.courier.as_ref().filter(|_| !self.leased.is_empty()) {
            courier.deliver(std::mem::take(&mut self.leased));
        }
    }

    /// An id for an event at `at`: it rises from one to the next, and is never a message's.
    pub(super) fn next_event(&mut self, at: Timestamp) -> EventId {
        let fresh = at.millis().max(0) << TIME_SHIFT;
        self.last_event = fresh.max((self.last_event | (STEP - 1)) + 1) | 1;
        EventId::from_key(self.last_event)
    }
}

fn bits(webhook: &Webhook) -> u32 {
    webhook.topics.iter().fold(0, |set, topic| set | topic.bit())
}

/// The first key that an event at `at` may have.
pub(super) fn first_key(at: Timestamp) -> i64 {
    at.millis().max(0) << TIME_SHIFT
}
