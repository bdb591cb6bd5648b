use facteur_domain::delivery::Event;
use facteur_domain::{Class, Message, MessageId, OptOutScope, State};
use facteur_store::{
    Accept, Actor, AnswerOutcome, AuditLine, Counts, DelayTally, Figures, Hold, Hour, NewOptOut, RuleEffect,
    RuleTally, Withdrawal, Workspace,
};

use super::world::{OTHER, WORKSPACE, World, at, phone};

fn ana() -> Actor {
    Actor::named("ana")
}

async fn figures(world: &World) -> Figures {
    let first = Hour::of(at(0));
    world.store.figures(WORKSPACE, first, first.plus(2)).await.expect("read")
}

/// Everything counted, over senders, classes and routes.
async fn total(world: &World) -> Counts {
    let mut total = Counts::default();
    for tally in figures(world).await.messages {
        total.add(&tally.counts);
    }
    total
}

pub(crate) async fn messages_are_counted_with_their_ends(world: &mut World) {
    let priced = Message { parts: 2, ..world.message(0) };
    let accept = Accept { cost_micros: 90_000, ..priced.clone().into() };
    world.store.accept(accept).await.expect("kept");
    world.hand_over(&priced, 1).await;
    for (part, id) in [(0, "A"), (1, "B")] {
        world.taken(&priced, part, 2, id).await;
    }
    let taken = Counts { accepted: 1, parts: 2, cost_micros: 90_000, submitted: 1, ..Counts::default() };
    assert_eq!((total(world).await, total(world).await.under_way()), (taken, 1));
    for (id, event) in [("A", Event::ReceiptDelivered), ("B", Event::ReceiptUndelivered)] {
        world.receipt(world.receipt_of(id, event, 9)).await;
    }
    assert_eq!(total(world).await, Counts { undelivered: 1, ..taken }, "as its worst part");
    // A late receipt takes it out of one place and puts it into another.
    world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 60)).await;
    assert_eq!(total(world).await, Counts { delivered: 1, ..taken });
    let delay = DelayTally { route: "aggregator".to_owned(), step: 6, count: 1 };
    assert_eq!(figures(world).await.delays, [delay], "59 s from its hand-over");

    let refused = world.accepted(1, phone(2)).await;
    world.hand_over(&refused, 1).await;
    world.answer(&refused, 0, 2, AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() }).await;
    let cancelled = world.accepted(1, phone(3)).await;
    world
        .store
        .cancel(WORKSPACE, cancelled.id, at(5), facteur_store::Actor::named("ana"))
        .await
        .expect("cancelled");
    let lapsed = world.accepted(1, phone(4)).await;
    world.store.withdraw(vec![(lapsed.id, Withdrawal::Lapsed)], at(5)).await.expect("withdrawn");
    let lost = world.lost(phone(5)).await;
    let seen = total(world).await;
    assert_eq!((seen.accepted, seen.submitted, seen.rejected, seen.cancelled), (5, 1, 1, 1));
    assert_eq!((seen.expired, seen.unknown, seen.under_way()), (1, 1, 0));
    // Its receipt shows that the operator had taken it.
    let receipt = world.receipt_of("Z", Event::ReceiptDelivered, 90);
    world.receipt(facteur_store::Receipt { recipient: Some(lost.recipient), ..receipt }).await;
    assert_eq!(world.state(&lost).await, State::Delivered);
    let seen = total(world).await;
    assert_eq!((seen.submitted, seen.delivered, seen.unknown), (2, 2, 0));
    world.restart().await;
    assert_eq!(total(world).await, seen);
}

pub(crate) async fn messages_count_in_the_hour_of_their_acceptance(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 86_400)).await;
    let marketing = Message { class: Class::Marketing, ..world.message(3_600) };
    world.keep(&marketing).await;
    let other = Message { workspace: OTHER, ..world.message(0) };
    world.keep(&other).await;
    let seen: Vec<_> = figures(world)
        .await
        .messages
        .into_iter()
        .map(|t| (t.hour, t.class, t.route, t.counts.accepted, t.counts.delivered))
        .collect();
    let first = Hour::of(message.accepted_at);
    assert_eq!(
        seen,
        [
            (first, Class::Transactional, None, 1, 0),
            (first, Class::Transactional, Some("aggregator".to_owned()), 0, 1),
            (first.plus(1), Class::Marketing, None, 1, 0),
        ]
    );
}

pub(crate) async fn what_rules_and_people_stop_is_counted(world: &mut World) {
    for (id, name) in [(WORKSPACE, "Acme"), (OTHER, "Other")] {
        let workspace = Workspace { id, name: name.to_owned(), created_at: at(0) };
        world.store.create_workspace(workspace, ana()).await.expect("made");
    }
    let held = Message { send_at: at(600), ..world.message(0) };
    let accept = Accept { held: Some("fr.window.night"), ..held.into() };
    world.store.accept(accept).await.expect("kept");
    let due = world.accepted(1, phone(2)).await;
    let hold = |message: MessageId| Hold { message, until: at(900), rule: "fr.window.night" };
    world.store.hold(vec![hold(due.id)], at(1)).await.expect("held");
    let why = Withdrawal::Blocked { rule: "fr.sender.disabled".to_owned(), reason: String::new() };
    world.store.withdraw(vec![(due.id, why)], at(2)).await.expect("withdrawn");
    let line = AuditLine::new(at(3), ana(), Some(WORKSPACE), "message.refused", String::new());
    let rules = vec!["fr.optout.advertiser", "fr.window.night"];
    world.store.note_refused(line, rules).await.expect("noted");
    let stop = NewOptOut {
        number: phone(9),
        scope: OptOutScope::Workspace,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: None,
    };
    for _ in 0..2 {
        let batch = vec![stop.clone()];
        let actor = Actor::named("stop_reply");
        world.store.record_opt_outs(WORKSPACE, batch, at(4), actor).await.expect("recorded");
    }
    let seen = figures(world).await;
    let rule = |effect, rule: &str, count| RuleTally { effect, rule: rule.to_owned(), count };
    assert_eq!(
        seen.rules,
        [
            rule(RuleEffect::Held, "fr.window.night", 2),
            rule(RuleEffect::Refused, "fr.optout.advertiser", 1),
            rule(RuleEffect::Blocked, "fr.sender.disabled", 1),
            rule(RuleEffect::Refused, "fr.window.night", 1),
        ]
    );
    assert_eq!(seen.stops, [("stop_reply".to_owned(), 1)], "said twice, it is one");
    let none = world.store.figures(OTHER, Hour::of(at(0)), Hour::of(at(0)).plus(1)).await.expect("read");
    assert_eq!(none, Figures::default());
}

/// A verb that is undone alone counts nothing, and its neighbours in the batch are counted.
pub(crate) async fn what_is_undone_is_not_counted(world: &mut World) {
    let kept = world.accepted(1, phone(1)).await;
    let again = Accept { new_consents: Vec::new(), ..kept.into() };
    let twice = world.store.accept(again);
    let line = AuditLine::new(at(3), ana(), Some(WORKSPACE), "message.refused", String::new());
    let noted = world.store.note_refused(line, vec!["fr.optout.advertiser"]);
    assert!(twice.await.is_err());
    noted.await.expect("noted");
    assert_eq!(total(world).await.accepted, 1);
    assert_eq!(figures(world).await.rules.len(), 1);
}
