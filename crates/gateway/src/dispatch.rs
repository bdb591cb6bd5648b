//! The dispatcher: takes what is next, asks the rules again, and hands it to a bind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facteur_domain::Timestamp;
use facteur_rules::{Decision, Language, Verdict};
use facteur_store::{HandOver, Waiting, Withdrawal};
use tokio_util::sync::CancellationToken;

use crate::accept::judge_departure;
use crate::gateway::Shared;
use crate::link::Outgoing;
use crate::route::{Bind, Route};

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
            () = shared.backlog.wake.notified() => (),
            () = next_instant(&shared, next) => (),
            () = stop.cancelled() => return,
        }
    }
}

/// Fills every route once or more; when to look again at the latest.
fn round(shared: &Arc<Shared>) -> Option<Instant> {
    let clock = &shared.clock;
    let now = clock.now();
    let mut next: Option<Instant> = shared.backlog.next_due().map(|due| clock.instant() + due.since(now));
    for route in &shared.routes {
        while let Some((bind, room)) = route.room(clock.instant()) {
            let taken = shared.backlog.take(route.carries, room.min(BATCH_MAX), now);
            if taken.is_empty() {
                break;
            }
            hand_over(shared, route, bind, taken, now);
        }
        if shared.backlog.has_ready(route.carries, now) {
            next = [next, route.next_room(clock.instant())].into_iter().flatten().min();
        }
    }
    next
}

async fn next_instant(shared: &Shared, next: Option<Instant>) {
    match next {
        Some(at) => shared.clock.until(at).await,
        None => std::future::pending().await,
    }
}

/// Judges a batch, makes its hand-over durable, and gives it to the bind.
fn hand_over(
    shared: &Arc<Shared>,
    route: &Arc<Route>,
    bind: &Arc<Bind>,
    taken: Vec<Waiting>,
    now: Timestamp,
) {
    let (cleared, withdrawn) = judge_all(shared, taken, now);
    if !withdrawn.is_empty() {
        withdraw(shared, withdrawn, now);
    }
    if cleared.is_empty() {
        return;
    }
    let parts: usize = cleared.iter().map(|out| out.waiting().parts_owed.count_ones() as usize).sum();
    bind.reserve(parts);
    route.spend(parts, shared.clock.instant());
    let batch = cleared.iter().map(|outgoing| {
        let Waiting { message, parts_owed, .. } = outgoing.waiting();
        HandOver {
            message: message.id,
            parts: message.parts,
            parts_owed: *parts_owed,
            recipient: message.recipient,
            route: route.id,
            at: now,
            marketing: false,
        }
    });
    // Queued here, in the order of the queue; only the waiting is done in the task.
    let pending = shared.store.hand_over(batch.collect());
    let (shared, bind) = (shared.clone(), bind.clone());
    shared.tracker.clone().spawn(async move {
        match pending.await {
            Ok(standing) => give(&shared, &bind, cleared, &standing.into_iter().collect()),
            Err(why) => {
                bind.release(parts);
                shared.metrics.store_failures.inc();
                tracing::error!(%why, "messages cannot be handed over; trying again");
                let later = shared.clock.now().plus(STORE_RETRY);
                let again = cleared.into_iter().map(Outgoing::into_waiting);
                let again = again.map(|waiting| Waiting { not_before: later, ..waiting }).collect();
                shared.backlog.put(again, shared.clock.now());
            }
        }
    });
}

/// Gives the bind what the store confirmed; what was withdrawn meanwhile is dropped.
fn give(
    shared: &Shared,
    bind: &Bind,
    cleared: Vec<Outgoing>,
    standing: &HashSet<facteur_domain::MessageId, foldhash::fast::RandomState>,
) {
    let (stand, gone): (Vec<_>, Vec<_>) =
        cleared.into_iter().partition(|outgoing| standing.contains(&outgoing.waiting().message.id));
    bind.release(gone.iter().map(|out| out.waiting().parts_owed.count_ones() as usize).sum());
    if let Err(unsent) = bind.send(stand) {
        // The bind's task has ended with the gateway.
        shared.outcomes().give_back(unsent.into_iter().map(Outgoing::into_waiting).collect());
    }
}

type Withdrawn = (Waiting, Withdrawal);

/// Judges every message again: consent can be withdrawn and a sender disabled between acceptance
/// and departure.
fn judge_all(shared: &Shared, taken: Vec<Waiting>, now: Timestamp) -> (Vec<Outgoing>, Vec<Withdrawn>) {
    let directory = shared.directory();
    let (mut cleared, mut withdrawn) = (Vec::with_capacity(taken.len()), Vec::new());
    for waiting in taken {
        if waiting.message.expires_at <= now {
            withdrawn.push((waiting, Withdrawal::Lapsed));
            continue;
        }
        let verdict = judge_departure(&waiting.message, &directory, shared.sending.dev, now);
        match verdict.clear(waiting.message.id) {
            Ok(permit) => cleared.extend(Outgoing::new(permit, waiting)),
            Err(verdict) => match verdict.decision() {
                Decision::Hold { until } => {
                    let held = Waiting { not_before: until, ..waiting };
                    shared.backlog.put(vec![held], now);
                }
                Decision::Refuse | Decision::Send => withdrawn.push((waiting, blocked(&verdict))),
            },
        }
    }
    (cleared, withdrawn)
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
            Ok(changes) => shared.outcomes().changed(&changes),
            Err(why) => {
                shared.metrics.store_failures.inc();
                tracing::error!(%why, "messages cannot be withdrawn; trying again");
                let later = shared.clock.now().plus(STORE_RETRY);
                let again =
                    withdrawn.into_iter().map(|(waiting, _)| Waiting { not_before: later, ..waiting });
                shared.backlog.put(again.collect(), shared.clock.now());
            }
        }
    });
}
