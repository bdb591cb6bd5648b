//! The gateway as its windows see it: its verbs. `start.rs` connects its parts.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Class, Message, MessageId, Timestamp, WorkspaceId};
use facteur_store::{
    Accept, Accepted, Actor, AuditLine, Change, Idempotency, SenderRecord, Settings, Store, StoreError,
    StoredAnswer, StoredMessage,
};

use crate::accept::{Assessment, Desk, Draft, Reply, SendRequest};
use crate::backlog::Carries;
use crate::compliance::{holding_rule, verdict_json};
use crate::config::SendingRules;
use crate::directory::Directory;
use crate::metrics::{ByCode, CodeLabel};
use crate::refusal::{Code, Refusal};
use crate::shared::Shared;
use crate::webhook::UrlProblem;
use crate::{Caller, Clock, KeyProblem};

/// How long a client should wait when the store cannot keep anything.
const RETRY_AFTER: Duration = Duration::from_secs(1);

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
        let resend_of = request.resend_of.take();
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
        let held = holding_rule(&assessment.verdict);
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
        let price = if message.test { None } else { settings.price_per_part };
        let cost_micros = price.unwrap_or(0).saturating_mul(i64::from(message.parts));
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
            cost_micros,
            resend_of,
        };
        match shared.store.accept(accept).await {
            Ok(Accepted::New) => {
                facteur_store::crash::point("gateway.accepted.unanswered");
                shared.metrics.accepted(class);
                if held.is_some() {
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
        let who = Actor::named(caller.key.id.to_string());
        let line = AuditLine::new(now, who, Some(caller.workspace()), "message.refused", rules.join(" "));
        if let Err(why) = self.shared.store.note_refused(line, rules).await {
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
        self.shared.metrics.text(&self.shared.store.receipt_counts())
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
