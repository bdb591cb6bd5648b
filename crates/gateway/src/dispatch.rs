//! The dispatcher: takes what is next, asks the rules again, and hands it to a bind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facteur_domain::{AutoReply, Class, Message, MessageId, Sender, ShortCode, Timestamp};
use facteur_rules::{Decision, Language, Verdict};
use facteur_store::{HandOver, Hold, Standing, StoreError, Waiting, Withdrawal};
use tokio_util::sync::CancellationToken;

use crate::accept::{Departure, judge_departure, needs_standing};
use crate::compliance::{holding_rule, verdict_json};
use crate::link::Outgoing;
use crate::route::{Bind, Choice, Route};
use crate::schedule::{Moment, Room};
use crate::shared::Shared;

/// Parts handed over in one transaction at most, so that a wide window does not make one long
/// transaction that acceptances wait for.
const BATCH_MAX: usize = 256;
/// How long messages wait that the store refused to hand over.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The dispatcher's task.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = round(&shared);
        tokio::select! {
            biased;
            () = shared.backlog.wake.notified() => (),
            () = next_instant(&shared, next) => (),
            () = stop.cancelled() => return,
        }
    }
}

/// Gives every bind what it would take; when to look again at the latest.
fn round(shared: &Arc<Shared>) -> Option<Instant> {
    let clock = &shared.clock;
    let moment = Moment { now: clock.now(), at: clock.instant() };
    let directory = shared.directory();
    let terms = |workspace| directory.terms(workspace);
    loop {
        let choices = choices(shared, moment.at);
        let given = choices.iter().any(|choice| {
            let most =
                Room { parts: choice.room.parts.min(BATCH_MAX), express: choice.room.express.min(BATCH_MAX) };
            let taken = shared.backlog.take(choice.route.carries, most, moment, &terms);
            let any = !taken.is_empty();
            if any {
                hand_over(shared, choice.route, choice.bind, taken, moment.now);
            }
            any
        });
        if !given {
            return shared.backlog.next_due(moment);
        }
    }
}

/// The binds that would take something, the best choice first. One in doubt is used only where no other
/// bind that carries the same is well: what it is given may be lost with it.
fn choices(shared: &Shared, now: Instant) -> Vec<Choice<'_>> {
    let mut choices: Vec<Choice<'_>> = shared.routes.iter().flat_map(|route| route.choices(now)).collect();
    choices.retain(|choice| {
        let another = |route: &Arc<Route>| route.carries == choice.route.carries && route.is_well(now);
        !choice.is_in_doubt() || !shared.routes.iter().any(another)
    });
    choices.sort_by_key(Choice::merit);
    choices
}

async fn next_instant(shared: &Shared, next: Option<Instant>) {
    match next {
        Some(at) => shared.clock.until(at).await,
        None => std::future::pending().await,
    }
}

/// Judges a batch, makes its hand-over durable, and gives it to the bind. Marketing is judged with what
/// the ledger and the STOPs say of each recipient, read for the whole batch at once.
fn hand_over(
    shared: &Arc<Shared>,
    route: &Arc<Route>,
    bind: &Arc<Bind>,
    taken: Vec<Waiting>,
    now: Timestamp,
) {
    for waiting in &taken {
        bind.reserve(waiting.message.class, parts_of(waiting));
        if waiting.attempts == 0 {
            shared.metrics.waited(waiting.message.class, now.since(waiting.not_before));
        }
    }
    let mut judged = Judged::default();
    for waiting in taken {
        judged.judge(shared, waiting, None, now);
    }
    let ask = std::mem::take(&mut judged.ask);
    judged.depart(shared, route, bind, now);
    if ask.is_empty() {
        return;
    }
    let asked = ask.iter().map(|waiting| (waiting.message.workspace, waiting.message.recipient)).collect();
    let pending = shared.store.standings(asked);
    let (shared, route, bind) = (shared.clone(), route.clone(), bind.clone());
    shared.tracker.clone().spawn(async move {
        match pending.await {
            Ok(standings) => {
                let mut judged = Judged::default();
                // Readers may have been busy: the window is that of this instant.
                let now = shared.clock.now();
                for (waiting, standing) in ask.into_iter().zip(standings) {
                    judged.judge(&shared, waiting, Some(&standing), now);
                }
                judged.depart(&shared, &route, &bind, now);
                // What does not leave made room.
                shared.backlog.wake.notify_one();
            }
            Err(why) => {
                release(&shared, &bind, &ask);
                put_off(&shared, ask, &why, "consents and STOPs cannot be read");
            }
        }
    });
}

/// Whether a message answers a STOP, CONTACT or START: nothing on record stands against it.
fn answers(message: &Message) -> bool {
    message.auto_reply.is_some_and(|reply| reply != AutoReply::Keyword)
}

fn parts_of(waiting: &Waiting) -> usize {
    waiting.parts_owed.count_ones() as usize
}

/// Messages that were handed over to the bind do not leave by it now.
fn release<'w>(shared: &Shared, bind: &Bind, messages: impl IntoIterator<Item = &'w Waiting>) {
    for waiting in messages {
        release_parts(shared, bind, &waiting.message, parts_of(waiting));
    }
}

/// So many parts of a message that were handed over to the bind do not leave by it now.
fn release_parts(shared: &Shared, bind: &Bind, message: &Message, parts: usize) {
    bind.release(message.class, parts);
    shared.backlog.meters(message).release(message, parts);
}

/// Messages that could not be dealt with go back to the queue for a moment: nothing is dropped.
fn put_off(shared: &Shared, messages: Vec<Waiting>, why: &StoreError, what: &str) {
    shared.metrics.store_failures.inc();
    tracing::error!(%why, "{what}; trying again");
    let later = shared.clock.now().plus(STORE_RETRY);
    let again = messages.into_iter().map(|waiting| Waiting { not_before: later, ..waiting }).collect();
    shared.backlog.put_back(again, shared.clock.now());
}

type Withdrawn = (Waiting, Withdrawal);

/// A batch, judged again: consent can be withdrawn, a sender disabled and night fall between
/// acceptance and departure.
#[derive(Default)]
struct Judged {
    cleared: Vec<(Outgoing, Option<(ShortCode, Sender)>)>,
    withdrawn: Vec<Withdrawn>,
    held: Vec<(Waiting, Hold)>,
    /// Marketing, to be judged with what is known of its recipient.
    ask: Vec<Waiting>,
    /// Verdicts to keep: those that have something to say.
    verdicts: Vec<(MessageId, String)>,
    marketing: HashSet<MessageId, foldhash::fast::RandomState>,
}

impl Judged {
    fn judge(&mut self, shared: &Shared, waiting: Waiting, standing: Option<&Standing>, now: Timestamp) {
        if waiting.message.expires_at <= now {
            self.withdrawn.push((waiting, Withdrawal::Lapsed));
            return;
        }
        if needs_standing(waiting.message.class) && standing.is_none() && !answers(&waiting.message) {
            self.ask.push(waiting);
            return;
        }
        let directory = shared.directory();
        let Departure { verdict, worth_until, through } =
            judge_departure(&waiting.message, &directory, &shared.sending, standing, now);
        if verdict.class() == Class::Marketing {
            if standing.is_none() {
                self.ask.push(waiting);
                return;
            }
            self.marketing.insert(waiting.message.id);
        }
        if !verdict.reasons().is_empty() {
            self.verdicts.push((waiting.message.id, verdict_json(&verdict, now)));
        }
        shared.metrics.verdict("departure", verdict.decision());
        match verdict.clear(waiting.message.id) {
            Ok(permit) => {
                let through = through.map(|code| (code, waiting.message.sender));
                let stops = shared.store.fresh_stops().mark();
                let outgoing = Outgoing::new(permit, waiting, worth_until, stops);
                self.cleared.extend(outgoing.map(|outgoing| (outgoing, through)));
            }
            Err(verdict) => match verdict.decision() {
                Decision::Hold { until } => {
                    let rule = holding_rule(&verdict).unwrap_or_default();
                    if is_over_by(
                        until,
                        &waiting.message,
                        shared.sending.classes.validity(waiting.message.class),
                    ) {
                        let rule = rule.to_owned();
                        self.withdrawn.push((waiting, Withdrawal::OverBeforeItMay { rule, until }));
                        return;
                    }
                    let hold = Hold { message: waiting.message.id, until, rule };
                    self.held.push((waiting, hold));
                }
                Decision::Refuse | Decision::Send => self.withdrawn.push((waiting, blocked(&verdict))),
            },
        }
    }

    /// Makes what was judged durable; what may leave goes to the bind.
    fn depart(self, shared: &Arc<Shared>, route: &Arc<Route>, bind: &Arc<Bind>, now: Timestamp) {
        release(shared, bind, self.withdrawn.iter().map(|(waiting, _)| waiting));
        release(shared, bind, self.held.iter().map(|(waiting, _)| waiting));
        if !self.verdicts.is_empty() {
            // Written in the same batch or the one before; a refusal of the disk refuses both.
            drop(shared.store.keep_departure_verdicts(self.verdicts));
        }
        if !self.withdrawn.is_empty() {
            withdraw(shared, self.withdrawn, now);
        }
        if !self.held.is_empty() {
            hold(shared, self.held, now);
        }
        if self.cleared.is_empty() {
            return;
        }
        let batch = self.cleared.iter().map(|(outgoing, through)| {
            let Waiting { message, parts_owed, .. } = outgoing.waiting();
            HandOver {
                message: message.id,
                parts: message.parts,
                parts_owed: *parts_owed,
                recipient: message.recipient,
                route: route.id,
                at: now,
                marketing: self.marketing.contains(&message.id),
                through: *through,
            }
        });
        // Queued here, in the order of the queue; only the waiting is done in the task.
        let pending = shared.store.depart(batch.collect());
        let cleared: Vec<Outgoing> = self.cleared.into_iter().map(|(outgoing, _)| outgoing).collect();
        let (shared, bind) = (shared.clone(), bind.clone());
        shared.tracker.clone().spawn(async move {
            match pending.await {
                Ok(departed) => {
                    shared.outcomes().changed(&departed.blocked);
                    give(&shared, &bind, cleared, departed.given);
                }
                Err(why) => {
                    release(&shared, &bind, cleared.iter().map(Outgoing::waiting));
                    let again = cleared.into_iter().map(Outgoing::into_waiting).collect();
                    put_off(&shared, again, &why, "messages cannot be handed over");
                }
            }
        });
    }
}

/// Whether a held message is over before it may leave: when its sender chose a validity shorter than its
/// class's `usual`, and that ends before `until`. Any other is held with what is left of its validity: a closed
/// window does not use it up.
fn is_over_by(until: Timestamp, message: &Message, usual: Duration) -> bool {
    message.expires_at <= until && message.expires_at.since(message.send_at) < usual
}

/// Messages that were taken will not leave now: those behind them to the same phones may.
fn settled<'w>(shared: &Shared, messages: impl Iterator<Item = &'w Waiting>) {
    shared.backlog.settled(messages.map(|waiting| &waiting.message), shared.clock.instant());
}

/// Makes messages wait for their window: on disk, from where they come back when it opens.
fn hold(shared: &Arc<Shared>, held: Vec<(Waiting, Hold)>, now: Timestamp) {
    let pending = shared.store.hold(held.iter().map(|(_, hold)| *hold).collect(), now);
    let shared = shared.clone();
    shared.tracker.clone().spawn(async move {
        match pending.await {
            Ok(changes) => {
                settled(&shared, held.iter().map(|(waiting, _)| waiting));
                shared.outcomes().changed(&changes);
            }
            Err(why) => {
                let messages = held.into_iter().map(|(waiting, _)| waiting).collect();
                put_off(&shared, messages, &why, "messages cannot be held");
            }
        }
    });
}

/// Gives the bind the parts that the store confirmed, and no other: a part that was withdrawn meanwhile, or
/// that another entry of the queue took, is dropped.
fn give(shared: &Shared, bind: &Bind, cleared: Vec<Outgoing>, given: Vec<u16>) {
    let (mut stand, mut gone) = (Vec::with_capacity(cleared.len()), Vec::new());
    for (outgoing, parts) in cleared.into_iter().zip(given) {
        let Waiting { message, parts_owed, .. } = outgoing.waiting();
        release_parts(shared, bind, message, (parts_owed & !parts).count_ones() as usize);
        if parts == 0 {
            gone.push(outgoing.into_waiting());
        } else {
            stand.push(outgoing.narrowed(parts));
        }
    }
    settled(shared, gone.iter());
    facteur_store::crash::point("gateway.handed_over.unwritten");
    if let Err(unsent) = bind.send(stand) {
        // The bind's task has ended with the gateway.
        release(shared, bind, unsent.iter().map(Outgoing::waiting));
        shared.outcomes().give_back(unsent.into_iter().map(Outgoing::into_waiting).collect());
    }
}

fn blocked(verdict: &Verdict) -> Withdrawal {
    let strictest = verdict.reasons().iter().max_by_key(|reason| reason.effect);
    Withdrawal::Blocked {
        rule: strictest.map_or_else(String::new, |reason| reason.rule.to_owned()),
        reason: strictest.map_or_else(String::new, |reason| reason.message(Language::English)),
    }
}

/// Records that messages will not leave. When the store refuses, they come back and are judged
/// again: nothing is dropped.
fn withdraw(shared: &Arc<Shared>, withdrawn: Vec<Withdrawn>, now: Timestamp) {
    let batch = withdrawn.iter().map(|(waiting, why)| (waiting.message.id, why.clone())).collect();
    let pending = shared.store.withdraw(batch, now);
    let shared = shared.clone();
    shared.tracker.clone().spawn(async move {
        match pending.await {
            Ok(changes) => {
                settled(&shared, withdrawn.iter().map(|(waiting, _)| waiting));
                shared.outcomes().changed(&changes);
            }
            Err(why) => {
                let messages = withdrawn.into_iter().map(|(waiting, _)| waiting).collect();
                put_off(&shared, messages, &why, "messages cannot be withdrawn");
            }
        }
    });
}
