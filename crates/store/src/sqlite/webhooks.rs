//! Webhooks: endpoints, events written with their cause, deliveries leased to whoever makes them.

mod deliver;
mod endpoints;
mod hooks;
mod raise;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use facteur_domain::{Timestamp, WebhookId, WorkspaceId};

use super::admin::note;
use super::verbs::Manner;
use super::{Pending, Store};
use crate::{
    Actor, AuditLine, Courier, DeliveryOutcome, DueDeliveries, DueRequest, NewWebhook, Page, Paged, Replay,
    Webhook, WebhookDelivery, WebhookSecret, WebhookUpdate,
};

pub(super) use deliver::{deliveries_below, forget, forget_messages, forget_number};
pub(super) use hooks::Hooks;
pub(super) use raise::{accepted_held, changed, contact_told, left, opted_out, received, sender_decided};

impl Store {
    /// Makes an endpoint.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) without its workspace,
    /// [`Conflict`](crate::StoreError::Conflict) when the workspace has [`WEBHOOKS_MAX`] already.
    pub fn create_webhook(
        &self,
        workspace: WorkspaceId,
        new: NewWebhook,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Webhook> {
        self.write(Manner::guarded(), move |tx| endpoints::create(tx, workspace, new, at, actor))
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint.
    pub fn update_webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        update: WebhookUpdate,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Webhook> {
        self.write(Manner::guarded(), move |tx| endpoints::update(tx, workspace, id, update, at, actor))
    }

    /// Removes an endpoint and what is kept of its deliveries.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint.
    pub fn delete_webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| endpoints::delete(tx, workspace, id, at, actor))
    }

    /// Gives an endpoint a new secret; the one before signs too until `previous_until`.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint.
    pub fn rotate_webhook_secret(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        secret: WebhookSecret,
        previous_until: Timestamp,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Webhook> {
        self.write(Manner::guarded(), move |tx| {
            endpoints::rotate(tx, (workspace, id), secret, previous_until, at, actor)
        })
    }

    /// A workspace's endpoints, oldest first.
    pub fn webhooks(&self, workspace: WorkspaceId) -> Pending<Vec<Webhook>> {
        self.read(move |conn| Ok(endpoints::all(conn, workspace)?))
    }

    /// An endpoint of a workspace.
    pub fn webhook(&self, workspace: WorkspaceId, id: WebhookId) -> Pending<Option<Webhook>> {
        self.read(move |conn| Ok(endpoints::one(conn, workspace, id)?))
    }

    /// Tells an endpoint an event of no consequence, so that its owner sees it work.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint.
    pub fn test_webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<facteur_domain::EventId> {
        self.write(Manner::guarded(), move |tx| {
            let event = raise::test(tx, workspace, id, at)?;
            note(tx, &AuditLine::new(at, actor, Some(workspace), "webhook.tested", id.to_string()))?;
            Ok(event)
        })
    }

    /// Deliveries of an endpoint, newest event first.
    pub fn webhook_deliveries(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        page: Page,
    ) -> Pending<Paged<WebhookDelivery>> {
        self.read(move |conn| deliver::list(conn, workspace, id, page))
    }

    /// Makes deliveries owed again, as if they had never been tried. How many.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint or event.
    pub fn replay_webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        what: Replay,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<u64> {
        self.write(Manner::guarded(), move |tx| {
            let owed = deliver::replay(tx, workspace, id, what, at)?;
            let detail = format!("{id}: {owed} events");
            note(tx, &AuditLine::new(at, actor, Some(workspace), "webhook.replayed", detail))?;
            Ok(owed)
        })
    }

    /// Who delivers: what is raised from now on for an endpoint that is level goes to it at once, leased for
    /// `lease` in the transaction of its cause. What it has no room for, and retries, are for
    /// [`due_deliveries`](Self::due_deliveries).
    pub fn engage_courier(&self, courier: Arc<dyn Courier>, lease: Duration) -> Pending<()> {
        self.write(Manner::owed(1), move |tx| {
            tx.memory.hooks.engage(courier, lease);
            Ok(())
        })
    }

    /// Leases deliveries that are due. Leased ones are not offered again before their lease ends.
    pub fn due_deliveries(&self, request: DueRequest) -> Pending<DueDeliveries> {
        self.write(Manner::owed(LEASE_WEIGHT), move |tx| deliver::due(tx, &request))
    }

    /// Records attempts. An endpoint that is gone, or of which every attempt for `patience` failed, is
    /// disabled; those that were are answered.
    pub fn record_deliveries(
        &self,
        batch: Vec<DeliveryOutcome>,
        patience: Duration,
        at: Timestamp,
    ) -> Pending<Vec<Webhook>> {
        self.write(Manner::owed(batch.len()), move |tx| deliver::record(tx, &batch, patience, at))
    }

    /// Ends all leases: what a crash left is due now. Only the process that delivers may call it, before
    /// it does. How many there were.
    pub fn recover_deliveries(&self, at: Timestamp) -> Pending<u64> {
        self.write(Manner::owed(1), move |tx| deliver::recover(tx, at))
    }

    /// Deliveries that came to be owed since the start, by this process, and went to no courier: when it rises, there is something
    /// to lease. Cheap.
    #[must_use]
    pub fn webhooks_raised(&self) -> u64 {
        self.inner.tally.raised.load(Ordering::Acquire)
    }
}

/// Endpoints of one workspace at most.
pub const WEBHOOKS_MAX: usize = 50;
/// Rows that a lease counts for: most find few deliveries due, or none.
const LEASE_WEIGHT: usize = 64;
/// How long events and their deliveries are kept.
pub(super) const EVENTS_KEPT: Duration = Duration::from_secs(7 * 86_400);
