//! The verbs that write. Each is on the writer's line when its function returns, whether or not its
//! answer is awaited.

use std::sync::atomic::Ordering;

use facteur_domain::{AccountKeyId, MessageId, Sender, SenderState, Timestamp, WorkspaceId};

use super::admin::Decision;
use super::fault::Fault;
use super::pending::Pending;
use super::queue::Priority;
use super::writer::{Job as _, Tx, Verb};
use super::{FreshStops, Store, accept, admin, answers, receipts, recipients, sweep, waiting};
use crate::{
    Accept, Accepted, Actor, Answer, ApiKey, AuditLine, Change, Departed, Fated, HandOver, Idempotency, Load,
    Receipt, ReceiptEffect, ReceiptFound, Recovery, RouteId, RuleEffect, SenderRecord, StoreError, Waiting,
    Withdrawal, Workspace,
};

/// How a verb is put on the line.
pub(super) struct Manner {
    rows: usize,
    guarded: bool,
    priority: Priority,
}

impl Manner {
    /// Work on `rows` messages that were accepted.
    pub(super) const fn owed(rows: usize) -> Self {
        Self { rows, guarded: false, priority: Priority::Owed }
    }

    /// Rare, of several steps: undone alone when it fails.
    pub(super) const fn guarded() -> Self {
        Self::guarded_rows(1)
    }

    /// As [`Manner::guarded_rows`], for what nobody has been promised yet: it does not use the reserve.
    pub(super) const fn guarded_new(rows: usize) -> Self {
        Self { rows, guarded: true, priority: Priority::New }
    }

    /// Of several steps on `rows` rows: undone alone when it fails.
    pub(super) const fn guarded_rows(rows: usize) -> Self {
        Self { rows, guarded: true, priority: Priority::Owed }
    }
}

impl Store {
    pub(super) fn write<T: Send + 'static>(
        &self,
        manner: Manner,
        run: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<T> {
        let (reply, pending) = Pending::new();
        let Manner { rows, guarded, priority } = manner;
        let verb = Box::new(Verb { rows, guarded, run: Some(run), outcome: None, reply });
        if let Some(error) = self.inner.condition.refusal(priority) {
            verb.settle(Err(&error));
        } else if let Err((verb, error)) = self.inner.writer.push(verb, priority) {
            verb.settle(Err(&error));
        }
        pending
    }

    /// Keeps a message, with its idempotency key, its verdict and the consent it relies on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is a message of its id.
    pub fn accept(&self, mut accept: Accept) -> Pending<Accepted> {
        // The ledger may refuse an entry where somebody has changed it: its neighbours are kept all the same.
        let guarded = !accept.new_consents.is_empty();
        let (idempotency, now) = (accept.idempotency.take(), accept.message.accepted_at);
        let manner = Manner { rows: 1, guarded, priority: Priority::New };
        self.write(manner, move |tx| accept::accept(tx, [accept], idempotency, now))
    }

    /// Keeps the messages of one request, all of them or none, with its idempotency key; those of the
    /// single messages are not looked at. `now` is when the request came.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is a message of the id of one of them.
    pub fn accept_all(
        &self,
        accepts: Vec<Accept>,
        idempotency: Option<Idempotency>,
        now: Timestamp,
    ) -> Pending<Accepted> {
        let manner = Manner { rows: accepts.len(), guarded: true, priority: Priority::New };
        self.write(manner, move |tx| accept::accept(tx, accepts, idempotency, now))
    }

    /// Makes newly kept messages known by their recipients, aside from the hot path: a run of 16,384 at
    /// most. `true` when there may be more to do.
    ///
    /// # Errors
    /// Nothing is lost; ask again.
    pub async fn index_recipients(&self) -> Result<bool, StoreError> {
        let kept = self.inner.tally.rows.load(Ordering::Relaxed);
        if self.inner.indexed.load(Ordering::Relaxed) == kept {
            return Ok(false);
        }
        let Some(last) = self.read(|conn| recipients::next_end(conn)).await? else {
            self.inner.indexed.store(kept, Ordering::Relaxed);
            return Ok(false);
        };
        let run = self.write(Manner::owed(recipients::SLICE), move |tx| recipients::seal(tx, last)).await?;
        let entries = self.read(move |conn| recipients::gather(conn, run)).await?;
        for slice in entries.chunks(recipients::SLICE) {
            let (slice, manner) = (slice.to_vec(), Manner::owed(slice.len()));
            self.write(manner, move |tx| recipients::append(tx, run, &slice)).await?;
        }
        self.write(Manner::owed(1), move |tx| recipients::list(tx, run)).await?;
        Ok(true)
    }

    /// Keeps the answer of a request that did something else than send, for its idempotency key.
    /// `Accepted::New` when it was kept; else what another request with the key was answered meanwhile.
    pub fn keep_answer(&self, idempotency: Idempotency, now: Timestamp) -> Pending<Accepted> {
        self.write(Manner::owed(1), move |tx| accept::keep(tx, &idempotency, now))
    }

    /// Makes waiting messages `submitting`. Answers those that may be written to the bind; one that
    /// was withdrawn meanwhile, or that a STOP stops now, is left out.
    pub fn hand_over(&self, batch: Vec<HandOver>) -> Pending<Vec<MessageId>> {
        self.write(Manner::owed(batch.len()), move |tx| {
            let given = answers::hand_over(tx, &batch)?.given;
            let written = batch.iter().zip(given).filter(|(_, parts)| *parts != 0);
            Ok(written.map(|(order, _)| order.message).collect())
        })
    }

    /// As [`hand_over`](Self::hand_over), and tells which messages a STOP stopped: marketing to a number
    /// with a STOP that covers its advertiser is `blocked` here, so that once a STOP is durable nothing
    /// leaves that had not left before.
    pub fn depart(&self, batch: Vec<HandOver>) -> Pending<Departed> {
        self.write(Manner::owed(batch.len()), move |tx| answers::hand_over(tx, &batch))
    }

    /// Gives back parts that were handed over but never written to a link: `queued` again. A mask of parts
    /// for each message, bit 0 for the first.
    pub fn give_back(&self, messages: Vec<(MessageId, u16)>, at: Timestamp) -> Pending<()> {
        self.write(Manner::owed(messages.len()), move |tx| answers::give_back(tx, &messages, at))
    }

    /// Records operators' answers, and matches receipts that came before them. An answer that cannot
    /// change its part any more is told in the message's story only.
    pub fn record_answers(&self, batch: Vec<Answer>) -> Pending<Vec<Change>> {
        self.write(Manner::owed(batch.len()), move |tx| answers::record(tx, &batch))
    }

    /// Records receipts; what became of each, in order.
    pub fn record_receipts(&self, batch: Vec<Receipt>) -> Pending<Vec<Fated>> {
        self.write(Manner::owed(batch.len()), move |tx| receipts::record(tx, &batch))
    }

    /// Whether new messages can be kept now: answers when something was written for a trial and is on disk.
    /// Once the disk has refused, only this lets them in again.
    ///
    /// # Errors
    /// Why not.
    pub async fn writable(&self) -> Result<(), StoreError> {
        let pages_max = self.inner.options.pages_max;
        let heavy = self.write(Manner::owed(1), move |tx| Ok(tx.condition.try_out(tx.conn, pages_max)?));
        if heavy.await? {
            self.inner.condition.trust();
        }
        self.trouble().map_or(Ok(()), Err)
    }

    /// Why new messages are refused; `None` while they are let in.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        self.inner.condition.refusal(Priority::New)
    }

    /// The STOPs that were recorded lately, by this process.
    #[must_use]
    pub fn fresh_stops(&self) -> &FreshStops {
        &self.inner.stops
    }

    /// Withdraws waiting messages, or the parts that wait of messages whose other parts have left.
    pub fn withdraw(&self, batch: Vec<(MessageId, Withdrawal)>, at: Timestamp) -> Pending<Vec<Change>> {
        self.write(Manner::owed(batch.len()), move |tx| waiting::withdraw(tx, &batch, at))
    }

    /// Cancels a message of a workspace of which nothing has left.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::Conflict`] when it no longer waits.
    pub fn cancel(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Change> {
        self.write(Manner::owed(1), move |tx| waiting::cancel(tx, (workspace, message), at, actor))
    }

    /// Makes scheduled messages whose time has come `queued`, `limit` at most: the earliest due, in
    /// order of acceptance.
    pub fn release_due(&self, now: Timestamp, limit: usize) -> Pending<Vec<Waiting>> {
        self.write(Manner::owed(limit), move |tx| waiting::release_due(tx, now, limit))
    }

    /// What a crash left: `submitting` becomes `unknown`. Only the process that hands messages over
    /// may call it, before it does.
    pub fn recover(&self, at: Timestamp) -> Pending<Recovery> {
        self.write(Manner::owed(1), move |tx| sweep::recover(tx, at))
    }

    /// Sends the unknown parts of messages again, marked as possible duplicates: `queued`.
    pub fn resend(&self, messages: Vec<MessageId>, at: Timestamp) -> Pending<Vec<Waiting>> {
        self.write(Manner::owed(messages.len()), move |tx| waiting::resend(tx, &messages, at))
    }

    /// Leaves unknown messages as they are for good: only a receipt moves them now, and they no
    /// longer come up in `unknown_before`. After [`late_receipts`](crate::Options::late_receipts)
    /// `tidy` takes them off the list of what is owed; they stay unknown.
    pub fn leave_unknown(&self, messages: Vec<MessageId>, at: Timestamp) -> Pending<()> {
        self.write(Manner::owed(messages.len()), move |tx| waiting::leave_unknown(tx, &messages, at))
    }

    /// Messages taken before `before` whose receipt never came become unknown and left; `limit` parts
    /// at most.
    pub fn overdue_receipts(&self, before: Timestamp, at: Timestamp, limit: usize) -> Pending<Vec<Change>> {
        self.write(Manner::owed(limit), move |tx| sweep::overdue_receipts(tx, before, at, limit))
    }

    /// Forgets expired idempotency answers, orphans older than `orphans_before`, and ids of parts that
    /// no late receipt is awaited for. Some hundred rows a call, so that nothing waits for long: call
    /// again while it answers more than 0.
    pub fn tidy(&self, now: Timestamp, orphans_before: Timestamp) -> Pending<u64> {
        self.write(Manner::owed(sweep::TIDY_MAX), move |tx| sweep::tidy(tx, now, orphans_before))
    }

    /// The number of a route's name; made if new.
    pub fn route(&self, name: String) -> Pending<RouteId> {
        self.write(Manner::guarded(), move |tx| admin::route(tx, &name))
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of its id.
    pub fn create_workspace(&self, workspace: Workspace, actor: Actor) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| admin::create_workspace(tx, &workspace, actor))
    }

    /// Keeps a key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its workspace, [`StoreError::Conflict`] when there is one of
    /// its id or hash.
    pub fn create_key(&self, key: ApiKey, actor: Actor) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| admin::create_key(tx, &key, actor))
    }

    /// Revokes a key; a revoked one stays revoked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the workspace has no such key.
    pub fn revoke_key(
        &self,
        workspace: WorkspaceId,
        key: AccountKeyId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| admin::revoke_key(tx, workspace, key, at, actor))
    }

    /// Declares a sender. The same name (without case) again in the same workspace answers the
    /// record that is there; a name of another workspace is a `Conflict`, unless that one was refused.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or [`StoreError::NotFound`] without its workspace.
    pub fn declare_sender(&self, record: SenderRecord, actor: Actor) -> Pending<SenderRecord> {
        self.write(Manner::guarded(), move |tx| admin::declare_sender(tx, record, actor))
    }

    /// Moves a sender: PENDING to VALIDATED or FAILED, VALIDATED to DISABLED, DISABLED to
    /// VALIDATED, FAILED to PENDING.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for any other move, which it names; [`StoreError::NotFound`] when the
    /// workspace has no such sender.
    pub fn decide_sender(
        &self,
        workspace: WorkspaceId,
        sender: Sender,
        to: SenderState,
        reason: Option<String>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<SenderRecord> {
        let decision = Decision { to, reason, at, actor };
        self.write(Manner::guarded(), move |tx| admin::decide_sender(tx, workspace, &sender, decision))
    }

    /// Writes an audit line of its own (a refused send, say).
    pub fn note(&self, line: AuditLine) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| admin::note(tx, &line))
    }

    /// Writes an audit line of a request that the rules refused, and counts the rules.
    pub fn note_refused(&self, line: AuditLine, rules: Vec<&'static str>) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| {
            if let Some(workspace) = line.workspace {
                for rule in &rules {
                    tx.tallies.ruled(workspace, line.at, RuleEffect::Refused, rule);
                }
            }
            admin::note(tx, &line)
        })
    }

    /// Waits for everything queued to be durable, then closes; later verbs answer `Closed`.
    pub fn close(&self) -> Pending<()> {
        let (reply, pending) = Pending::new();
        // Answered by the writer's thread when its connection is closed. When that thread is gone, the
        // reply goes with the channel, and the caller is answered `Closed`.
        let _ = self.inner.closing.send(reply);
        self.inner.writer.close();
        pending
    }

    /// What receipts turned out to be since the start, by how their parts were found and what they did.
    #[must_use]
    pub fn receipt_counts(&self) -> Vec<(ReceiptFound, ReceiptEffect, u64)> {
        self.inner.tally.receipts.seen()
    }

    /// How busy the writer is.
    #[must_use]
    pub fn load(&self) -> Load {
        let inner = &self.inner;
        Load {
            waiting: inner.writer.rows() as u64,
            waiting_max: inner.options.queue_max as u64,
            commits: inner.tally.commits.load(Ordering::Relaxed),
            rows: inner.tally.rows.load(Ordering::Relaxed),
            failures: inner.tally.failures.load(Ordering::Relaxed),
            wal_pages: inner.tally.wal_pages.load(Ordering::Relaxed),
            refuses: self.trouble().is_some(),
        }
    }
}
