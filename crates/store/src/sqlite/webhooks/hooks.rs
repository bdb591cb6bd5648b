//! What the writer remembers of endpoints, so that a workspace without one costs a look-up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use facteur_domain::{EventId, Sender, Timestamp, WebhookId, WorkspaceId};
use foldhash::fast::RandomState;
use rusqlite::Connection;

use super::endpoints;
use crate::{Webhook, WebhookTopic};

/// An enabled endpoint.
struct Subscriber {
    id: WebhookId,
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
    last_event: i64,
    /// Deliveries made owed.
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
        for webhook in endpoints::enabled(conn)? {
            self.owing.insert(webhook.id);
            let only = webhook.v1.as_ref().map(|v1| v1.sender);
            let subscriber = Subscriber { id: webhook.id, topics: bits(&webhook), only };
            self.subscribers.entry(webhook.workspace).or_default().push(subscriber);
        }
        Ok(())
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
    ) -> Vec<WebhookId> {
        let all = self.subscribers.get(&workspace).map_or(&[][..], Vec::as_slice);
        let concerned = |only: Option<Sender>| match (only, sender) {
            (Some(only), Some(sender)) => only == sender,
            _ => true,
        };
        all.iter()
            .filter(|subscriber| subscriber.topics & topic.bit() != 0 && concerned(subscriber.only))
            .map(|subscriber| subscriber.id)
            .collect()
    }

    /// Something is owed to an endpoint.
    pub(super) fn owe(&mut self, endpoint: WebhookId) {
        self.owing.insert(endpoint);
        self.raised.fetch_add(1, Ordering::Release);
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
