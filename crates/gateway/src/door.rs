//! The door in: the only writer of outgoing messages. One message, or the list of one request: the same
//! reading, judgement and keeping.

use std::collections::BTreeMap;
use std::time::Instant;

use facteur_domain::{Class, Message, MessageId, Timestamp};
use facteur_store::{Accept, Accepted, AuditLine, Idempotency, Standing, StoredAnswer};

use crate::Caller;
use crate::accept::{Assessment, Desk, Draft, IdempotencyKey, Reply, SendRequest, needs_standing};
use crate::backlog::Carries;
use crate::compliance::{holding_rule, verdict_json};
use crate::gate::Pass;
use crate::gateway::{Gateway, overloaded, unavailable};
use crate::metrics::{ByCode, CodeLabel};
use crate::quota::Quotas;
use crate::refusal::{Code, Refusal};
use crate::trace::TraceContext;

/// The most messages of one list.
pub const BATCH_MAX: usize = 1_000;
/// Messages judged before other tasks of the thread have their turn.
const JUDGED_AT_ONCE: usize = 32;

/// A list of messages that was carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListReply {
    /// At least one message is on disk; the answer tells of each.
    New(StoredAnswer),
    /// The same request succeeded before; this is its answer.
    Replayed(StoredAnswer),
    /// No message was kept: why not, in order.
    Nothing(Vec<Refusal>),
}

impl Gateway {
    /// Judges, keeps, and queues one message. `answer` makes the HTTP answer of the accepted message, which
    /// is kept for its idempotency key.
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
            Err(refusal) => self.count_refusal(refusal),
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
        let pass = self.enter()?;
        let now = shared.clock.now();
        let key = request.idempotency.take();
        if let Some(answer) = self.answered_before(caller, key.as_ref(), now).await? {
            return Ok(Reply::Replayed(answer));
        }
        let directory = shared.directory();
        let settings = directory.settings(caller.workspace());
        let desk = Desk { caller, directory: &directory, settings: &settings, rules: &shared.sending, now };
        let draft = desk.read(request)?;
        let assessment = self.assess(&desk, &draft).await?;
        let accept = match self.decide(&desk, draft, assessment) {
            Ok(accept) => accept,
            Err(refusal) => {
                self.note_refusals(caller, [&refusal], now).await;
                return Err(refusal);
            }
        };
        if shared.quotas.spend(&caller.key, 1, now) == 0 {
            return Err(Quotas::used_up(&caller.key, now));
        }
        let reply = answer(&accept.message);
        let (id, class, held) = (accept.message.id, accept.message.class, accept.held.is_some());
        let idempotency = key.map(|key| self.remembered(caller, key, reply.clone(), now));
        let traced = self.traced([&accept]);
        let kept = shared.store.accept(Accept { idempotency, ..accept }).await;
        if !matches!(kept, Ok(Accepted::New)) {
            shared.quotas.refund(&caller.key, 1, now);
        }
        match kept {
            Ok(Accepted::New) => {
                facteur_store::crash::point("gateway.accepted.unanswered");
                shared.metrics.kept(pass.kept());
                self.tell_traced(traced, now);
                shared.metrics.accepted(class);
                shared.news.accepted(caller.workspace(), &[id]);
                if held {
                    shared.webhooks.wake.notify_one();
                }
                Ok(Reply::New(reply))
            }
            Ok(other) => replay(other).map(Reply::Replayed),
            Err(why) => Err(unavailable(why)),
        }
    }

    /// Judges, keeps, and queues the messages of one request, [`BATCH_MAX`] at most: each has its own
    /// verdict, those that are accepted are kept in one transaction. `answer` makes the HTTP answer from
    /// what became of each, in order; it is kept for the request's idempotency key. The daily quota counts
    /// messages: those that it has no room for are refused.
    ///
    /// # Errors
    /// Nothing was kept, for a reason that is not one message's.
    pub async fn accept_all(
        &self,
        caller: &Caller,
        requests: Vec<SendRequest>,
        key: Option<IdempotencyKey>,
        answer: impl FnOnce(&[Result<&Message, &Refusal>]) -> StoredAnswer + Send,
    ) -> Result<ListReply, Refusal> {
        let pass = self.enter()?;
        let now = self.shared.clock.now();
        if let Some(answer) = self.answered_before(caller, key.as_ref(), now).await? {
            self.shared.metrics.replayed.inc();
            return Ok(ListReply::Replayed(answer));
        }
        let mut decided = self.decide_all(caller, requests, now).await?;
        let wanted = decided.iter().filter(|accept| accept.is_ok()).count();
        let granted = self.shared.quotas.spend(&caller.key, wanted, now);
        let beyond = decided.iter_mut().filter(|accept| accept.is_ok()).skip(granted);
        for accept in beyond {
            *accept = Err(Quotas::used_up(&caller.key, now));
        }
        let refusals = decided.iter().filter_map(|accept| accept.as_ref().err());
        self.note_refusals(caller, refusals.clone(), now).await;
        refusals.for_each(|refusal| self.count_refusal(refusal));
        if granted == 0 {
            return Ok(ListReply::Nothing(decided.into_iter().filter_map(Result::err).collect()));
        }
        let told: Vec<_> = decided.iter().map(|accept| accept.as_ref().map(|a| &a.message)).collect();
        let reply = answer(&told);
        let accepts: Vec<Accept> = decided.into_iter().filter_map(Result::ok).collect();
        let done = self.keep_all(caller, accepts, key, reply, now).await;
        if matches!(done, Ok(ListReply::New(_))) {
            self.shared.metrics.kept(pass.kept());
        }
        done
    }

    /// The accepted messages of a list, in one transaction.
    async fn keep_all(
        &self,
        caller: &Caller,
        accepts: Vec<Accept>,
        key: Option<IdempotencyKey>,
        reply: StoredAnswer,
        now: Timestamp,
    ) -> Result<ListReply, Refusal> {
        let shared = &self.shared;
        let idempotency = key.map(|key| self.remembered(caller, key, reply.clone(), now));
        let classes: Vec<Class> = accepts.iter().map(|accept| accept.message.class).collect();
        let ids: Vec<MessageId> = accepts.iter().map(|accept| accept.message.id).collect();
        let held = accepts.iter().any(|accept| accept.held.is_some());
        let traced = self.traced(&accepts);
        let kept = shared.store.accept_all(accepts, idempotency, now).await;
        if !matches!(kept, Ok(Accepted::New)) {
            shared.quotas.refund(&caller.key, classes.len(), now);
        }
        match kept {
            Ok(Accepted::New) => {
                facteur_store::crash::point("gateway.accepted.unanswered");
                self.tell_traced(traced, now);
                classes.into_iter().for_each(|class| shared.metrics.accepted(class));
                shared.news.accepted(caller.workspace(), &ids);
                if held {
                    shared.webhooks.wake.notify_one();
                }
                Ok(ListReply::New(reply))
            }
            Ok(other) => replay(other).map(ListReply::Replayed),
            Err(why) => Err(unavailable(why)),
        }
    }

    /// What becomes of each message of a list. What the ledger and the STOPs say of all recipients of
    /// marketing is read at once.
    async fn decide_all(
        &self,
        caller: &Caller,
        requests: Vec<SendRequest>,
        now: Timestamp,
    ) -> Result<Vec<Result<Accept, Refusal>>, Refusal> {
        let directory = self.shared.directory();
        let settings = directory.settings(caller.workspace());
        let rules = &self.shared.sending;
        let desk = Desk { caller, directory: &directory, settings: &settings, rules, now };
        let mut drafts = Vec::with_capacity(requests.len());
        for request in requests {
            pause_after(drafts.len()).await;
            drafts.push(desk.read(request).map(|draft| {
                // Marketing is judged once, when its recipient's standing is known.
                let assessment = (!draft.is_marketing()).then(|| desk.assess(&draft, None));
                let assessment = assessment.filter(|done| !needs_standing(done.verdict.class()));
                (draft, assessment)
            }));
        }
        let open = drafts.iter().flatten().filter(|(_, assessment)| assessment.is_none());
        let asked: Vec<_> = open.map(|(draft, _)| (caller.workspace(), draft.recipient)).collect();
        let mut standings = match asked.is_empty() {
            true => Vec::new(),
            false => self.shared.store.standings(asked).await.map_err(unavailable)?,
        }
        .into_iter();
        let mut decided = Vec::with_capacity(drafts.len());
        for draft in drafts {
            pause_after(decided.len()).await;
            decided.push(draft.and_then(|(draft, assessment)| {
                let assessment = assessment.unwrap_or_else(|| {
                    let standing: Standing = standings.next().unwrap_or_default();
                    desk.assess(&draft, Some(&standing))
                });
                self.decide(&desk, draft, assessment)
            }));
        }
        Ok(decided)
    }

    /// Lets a request in, unless more comes than can be kept in time.
    fn enter(&self) -> Result<Pass<'_, impl Fn() -> Instant>, Refusal> {
        let shared = &self.shared;
        shared.gate.enter(|| shared.clock.instant()).ok_or_else(|| {
            shared.metrics.shed.inc();
            overloaded()
        })
    }

    /// Turns an assessed draft into what is kept, if it may go.
    fn decide(&self, desk: &Desk<'_>, draft: Draft, assessment: Assessment) -> Result<Accept, Refusal> {
        self.shared.metrics.verdict("acceptance", assessment.verdict.decision());
        let id = MessageId::from_key(self.shared.ids.next(desk.now));
        let resend_of = draft.resend_of();
        let sampled = |trace: &TraceContext| trace.sampled && self.shared.tracer.is_some();
        let traceparent = draft.trace().filter(sampled).map(|trace| trace.to_string());
        let message = desk.message(draft, &assessment, id)?;
        self.check_route(&message)?;
        let price = if message.test { None } else { desk.settings.price_per_part };
        // A verdict in which no rule had anything to say is not kept: the rule pack of that moment says
        // the same again.
        let spoke = !assessment.verdict.reasons().is_empty();
        Ok(Accept {
            cost_micros: price.unwrap_or(0).saturating_mul(i64::from(message.parts)),
            message,
            idempotency: None,
            verdict: spoke.then(|| verdict_json(&assessment.verdict, desk.now)),
            held: holding_rule(&assessment.verdict),
            consent: assessment.consent,
            new_consents: assessment.new_consent.into_iter().collect(),
            resend_of,
            traceparent,
        })
    }

    /// Which of these are traced; nothing without a tracer.
    fn traced<'a>(&self, accepts: impl IntoIterator<Item = &'a Accept>) -> Vec<(MessageId, TraceContext)> {
        if self.shared.tracer.is_none() {
            return Vec::new();
        }
        let context = |accept: &Accept| accept.traceparent.as_ref()?.parse().ok();
        accepts.into_iter().filter_map(|accept| Some((accept.message.id, context(accept)?))).collect()
    }

    /// Those are on disk; their request came at `since`.
    fn tell_traced(&self, traced: Vec<(MessageId, TraceContext)>, since: Timestamp) {
        let Some(tracer) = &self.shared.tracer else { return };
        for (message, context) in traced {
            tracer.accepted(context, message, since, self.shared.clock.now());
        }
    }

    /// The first request's answer stands, even if the same request would be refused today.
    async fn answered_before(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, Refusal> {
        let Some(key) = key else { return Ok(None) };
        let store = &self.shared.store;
        let found = store.find_answer(caller.key.id, key.key.clone(), key.route, key.fingerprint, now);
        match found.await.map_err(unavailable)? {
            Accepted::New => Ok(None),
            other => replay(other).map(Some),
        }
    }

    /// An answer with the key under which it is kept.
    fn remembered(
        &self,
        caller: &Caller,
        key: IdempotencyKey,
        answer: StoredAnswer,
        now: Timestamp,
    ) -> Idempotency {
        Idempotency {
            api_key: caller.key.id,
            key: key.key,
            route: key.route,
            fingerprint: key.fingerprint,
            expires_at: now.plus(self.shared.sending.idempotency_kept),
            answer,
        }
    }

    fn count_refusal(&self, refusal: &Refusal) {
        let label = ByCode { code: CodeLabel(refusal.code) };
        self.shared.metrics.refused.get_or_create(&label).inc();
    }

    /// Judges a draft; what is marketing is judged with what the ledger and the STOPs say of its
    /// recipient.
    async fn assess(&self, desk: &Desk<'_>, draft: &Draft) -> Result<Assessment, Refusal> {
        let assessment = desk.assess(draft, None);
        if !needs_standing(assessment.verdict.class()) {
            return Ok(assessment);
        }
        let asked = vec![(desk.caller.workspace(), draft.recipient)];
        let standing = self.shared.store.standings(asked).await.map_err(unavailable)?.pop();
        Ok(desk.assess(draft, Some(&standing.unwrap_or_default())))
    }

    /// Refusals by the rules leave a line in the audit log, one for each set of rules that one request
    /// offended, and nothing else.
    async fn note_refusals(
        &self,
        caller: &Caller,
        refusals: impl IntoIterator<Item = &Refusal>,
        now: Timestamp,
    ) {
        let mut offences: BTreeMap<Vec<&'static str>, usize> = BTreeMap::new();
        for refusal in refusals.into_iter().filter(|refusal| refusal.code == Code::MessageNotCompliant) {
            let rules = refusal.details.iter().filter_map(|detail| detail.rule);
            *offences.entry(rules.collect()).or_default() += 1;
        }
        for (rules, count) in offences {
            let mut detail = rules.join(" ");
            if count > 1 {
                detail += &format!(" ({count} messages)");
            }
            let who = caller.actor();
            let line = AuditLine::new(now, who, Some(caller.workspace()), "message.refused", detail);
            if let Err(why) = self.shared.store.note_refused(line, rules.repeat(count)).await {
                tracing::error!(%why, "a refusal is missing from the audit log");
            }
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
}

/// Lets other tasks of the thread have their turn, now and then.
async fn pause_after(judged: usize) {
    if judged % JUDGED_AT_ONCE == JUDGED_AT_ONCE - 1 {
        tokio::task::yield_now().await;
    }
}

/// The kept answer that a key led to.
fn replay(found: Accepted) -> Result<StoredAnswer, Refusal> {
    let reused = |how: &str| {
        let message = format!("This Idempotency-Key was used before {how}.");
        let suggestion =
            "Use a new key for a new request; repeat a request with the same body to get its answer.";
        Refusal::new(Code::IdempotencyKeyReuse, message).at("Idempotency-Key").try_instead(suggestion)
    };
    match found {
        Accepted::Replayed(answer) => Ok(answer),
        Accepted::KeyOnOtherRoute => Err(reused("on another route")),
        Accepted::KeyWithOtherBody => Err(reused("with another body")),
        Accepted::New => Err(Refusal::new(Code::InternalServerError, "nothing to replay")),
    }
}
