//! What links report, made durable in batches: answers, receipts, and messages from phones.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Message, MessageId};
use facteur_smpp::Status;
use facteur_store::{
    Answer, AnswerOutcome, Change, Fated, Inbound, ReceiptFate, Reception, Store, StoreError, Understand,
    Waiting,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::task::TaskTracker;

use crate::Clock;
use crate::backlog::Backlog;
use crate::inbound::{Arrival, Content};
use crate::metrics::{ByRoute, ByRouteAnswer, Metrics};
use crate::news::Newsroom;
use crate::route::Route;
use crate::trace::Tracer;
use crate::two_way::bare::{BareDesk, Failing, may_be_its_own};

/// What operators answer to a submit, as it is counted.
pub(crate) const ANSWERS: [&str; 4] = ["taken", "later", "never", "lost"];

/// How long to wait before a write that the store refused is tried again.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The gateway's end of every link; cheap to clone.
#[derive(Clone)]
pub(crate) struct Outcomes {
    pub(crate) store: Store,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tracker: TaskTracker,
    pub(crate) clock: Clock,
    /// Tells traces, if there are any.
    pub(crate) tracer: Option<Tracer>,
    /// Wakes the delivery of webhooks.
    pub(crate) told: Arc<Notify>,
    /// Understands what phones send.
    pub(crate) desk: Arc<dyn Understand>,
    /// Messages from phones whose handling fails, and how often one is tried.
    pub(crate) failing: Arc<Failing>,
    pub(crate) tries: u32,
    /// Tells people who look.
    pub(crate) news: Newsroom,
}

impl Outcomes {
    /// Records answers; then `again` goes back to the queue. What is behind the `settled` messages may
    /// leave at once. An answer is never dropped: while the disk refuses it, it is tried again.
    pub(crate) fn answers(
        &self,
        route: &Arc<Route>,
        answers: Vec<Answer>,
        again: Vec<Waiting>,
        settled: &[Message],
    ) {
        facteur_store::crash::point("gateway.answer.unrecorded");
        self.count_answers(route, &answers);
        // Room in the window came free: this wakes the dispatcher.
        self.backlog.settled(settled, self.clock.instant());
        let pending = self.store.record_answers(answers.clone());
        let this = self.clone();
        self.tracker.spawn(async move {
            let mut recorded = pending.await;
            while let Err(why) = &recorded {
                if this.gives_up(why, "answers of operators").await {
                    return;
                }
                recorded = this.store.record_answers(answers.clone()).await;
            }
            this.changed(&recorded.unwrap_or_default());
            this.backlog.put_back(again, this.clock.now());
        });
    }

    /// Records what operators delivered; then answers them through `kept`.
    pub(crate) fn arrivals(
        &self,
        route: &Arc<Route>,
        arrivals: Vec<Arrival>,
        kept: UnboundedSender<Vec<(u32, Status)>>,
    ) {
        facteur_store::crash::point("gateway.arrival.unrecorded");
        let (mut receipts, mut of_receipts) = (Vec::new(), Vec::new());
        let (mut messages, mut of_messages) = (Vec::new(), Vec::new());
        for Arrival { sequence, content } in arrivals {
            match content {
                Content::Receipt(receipt) => {
                    receipts.push(receipt);
                    of_receipts.push(sequence);
                }
                Content::Message(message) => {
                    messages.push(message);
                    of_messages.push(sequence);
                }
            }
        }
        if !receipts.is_empty() {
            let pending = self.store.record_receipts(receipts);
            let (this, kept, name) = (self.clone(), kept.clone(), route.config.name.clone());
            self.tracker.spawn(async move {
                let fates = pending.await;
                facteur_store::crash::point("gateway.receipt.unanswered");
                this.answer_operator(&kept, of_receipts, fates.is_ok());
                this.told_fates(&name, fates.unwrap_or_default());
            });
        }
        for (message, sequence) in messages.into_iter().zip(of_messages) {
            // What follows from it, a STOP say, is in force before the operator has its answer.
            let pending = self.store.receive(message.clone(), self.desk.clone());
            let (this, kept, name) = (self.clone(), kept.clone(), route.config.name.clone());
            self.tracker.spawn(async move {
                let mut done = pending.await;
                match &done {
                    Ok(_) => this.failing.settled(&message),
                    Err(why) if may_be_its_own(why) => {
                        let (tries, why) = (this.failing.again(&message), why.clone());
                        if tries >= this.tries {
                            tracing::error!(route = name, tries, %why, "a message from a phone is kept as it came");
                            done = this.keep_raw(message, &why).await;
                        }
                    }
                    Err(_) => {}
                }
                match &done {
                    Ok((_, changes)) => {
                        this.metrics.inbound.inc();
                        this.changed(changes);
                        this.news.heard();
                    }
                    Err(why) => {
                        tracing::error!(route = name, %why, "a message from a phone could not be kept")
                    }
                }
                facteur_store::crash::point("gateway.inbound.unanswered");
                this.answer_operator(&kept, vec![sequence], done.is_ok());
            });
        }
    }

    /// Keeps a message whose handling fails again and again: with the STOP that its bare text says; if even that
    /// cannot be written, without.
    async fn keep_raw(
        &self,
        message: Inbound,
        why: &StoreError,
    ) -> Result<(Reception, Vec<Change>), StoreError> {
        let desk = |acts| Arc::new(BareDesk { why: why.to_string(), acts });
        let mut done = self.store.receive_raw(message.clone(), desk(true)).await;
        if done.as_ref().is_err_and(may_be_its_own) {
            done = self.store.receive_raw(message.clone(), desk(false)).await;
        }
        if done.is_ok() {
            self.failing.settled(&message);
            self.metrics.inbound_raw.inc();
        }
        done
    }

    /// Answers deliver_sm: ESME_ROK once kept; else "try again", so that the operator keeps it.
    fn answer_operator(&self, kept: &UnboundedSender<Vec<(u32, Status)>>, sequences: Vec<u32>, ok: bool) {
        let status = if ok { Status::OK } else { Status::RECEIVER_TEMPORARY };
        if !ok {
            self.metrics.store_failures.inc();
        }
        // When the session is gone the operator offers it again; the store knows repeats.
        let _ = kept.send(sequences.into_iter().map(|sequence| (sequence, status)).collect());
    }

    /// Gives back messages whose owed parts were handed over and never written to a link.
    pub(crate) fn give_back(&self, unsent: Vec<Waiting>) {
        if unsent.is_empty() {
            return;
        }
        let parts: Vec<(MessageId, u16)> =
            unsent.iter().map(|waiting| (waiting.message.id, waiting.parts_owed)).collect();
        let this = self.clone();
        let pending = self.store.give_back(parts.clone(), self.clock.now());
        self.tracker.spawn(async move {
            let mut given = pending.await;
            while let Err(why) = &given {
                if this.gives_up(why, "messages given back").await {
                    return;
                }
                given = this.store.give_back(parts.clone(), this.clock.now()).await;
            }
            this.backlog.put_back(unsent, this.clock.now());
        });
    }

    /// Waits before a retry; true when the store is closing and nothing more can be written (what
    /// is lost then is found as `submitting` at the next start).
    async fn gives_up(&self, why: &StoreError, what: &str) -> bool {
        self.metrics.store_failures.inc();
        if matches!(why, StoreError::Closed) {
            return true;
        }
        tracing::error!(%why, "{what} cannot be written; trying again");
        self.clock.pause(STORE_RETRY).await;
        false
    }

    /// Tells the metrics what changed; the customers are told what the store wrote with it.
    pub(crate) fn changed(&self, changes: &[Change]) {
        for change in changes {
            self.metrics.reached(change.to, change.class);
        }
        self.news.moved(changes);
        if let Some(tracer) = &self.tracer {
            tracer.changed(&self.store, &self.tracker, changes, self.clock.now());
        }
        self.told.notify_one();
    }

    /// Seconds from writing a part to its answer.
    pub(crate) fn waited(&self, route: &Route, waited: Duration) {
        let label = ByRoute { route: route.config.name.clone() };
        self.metrics.answer_seconds.get_or_create(&label).observe(waited.as_secs_f64());
    }

    /// The operator said that a route is too fast.
    pub(crate) fn throttled(&self, route: &Route) {
        self.metrics.throttled.get_or_create(&ByRoute { route: route.config.name.clone() }).inc();
    }

    /// A PDU could not be used.
    pub(crate) fn faulty(&self, route: &Route) {
        self.metrics.faulty_pdus.get_or_create(&ByRoute { route: route.config.name.clone() }).inc();
    }

    /// A bind came up or went.
    pub(crate) fn bind_changed(&self, route: &Route) {
        let label = ByRoute { route: route.config.name.clone() };
        let up = route.binds.iter().filter(|bind| bind.is_up()).count();
        self.metrics.binds_up.get_or_create(&label).set(i64::try_from(up).unwrap_or(i64::MAX));
        self.backlog.wake.notify_one();
    }

    fn count_answers(&self, route: &Route, answers: &[Answer]) {
        let mut kinds = ANSWERS.map(|answer| (answer, 0_u64));
        for answer in answers {
            let kind = match &answer.outcome {
                AnswerOutcome::Taken { .. } => 0,
                AnswerOutcome::Deferred { .. } => 1,
                AnswerOutcome::Refused { .. } => 2,
                AnswerOutcome::Lost => 3,
            };
            kinds[kind].1 += 1;
        }
        for (answer, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
            let label = ByRouteAnswer { route: route.config.name.clone(), answer };
            self.metrics.answers.get_or_create(&label).inc_by(count);
        }
    }

    fn told_fates(&self, route: &str, fates: Vec<Fated>) {
        let mut changes = Vec::new();
        let mut orphans = 0_u64;
        let delays =
            self.metrics.receipt_delay_seconds.get_or_create_owned(&ByRoute { route: route.to_owned() });
        for Fated { fate, after } in fates {
            if let Some(after) = after {
                delays.observe(after.as_secs_f64());
            }
            match fate {
                ReceiptFate::Moved(change) => changes.push(change),
                ReceiptFate::Kept(_) => {}
                ReceiptFate::Orphan => orphans += 1,
            }
        }
        if orphans > 0 {
            tracing::info!(orphans, "receipts whose message is not known yet were kept");
        }
        self.changed(&changes);
    }
}
