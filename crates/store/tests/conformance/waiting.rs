use facteur_domain::delivery::Event;
use facteur_domain::{Class, Message, MessageId, State};
use facteur_store::{AnswerOutcome, Recovery, Waiting};

use super::world::{World, at, moves, phone};

fn ids(waiting: &[Waiting]) -> Vec<MessageId> {
    waiting.iter().map(|waiting| waiting.message.id).collect()
}

pub(crate) async fn a_restart_makes_unknown_what_was_handed_over(world: &mut World) {
    let queued = world.accepted(1, phone(1)).await;
    let scheduled = Message { send_at: at(900), ..world.message(1) };
    world.keep(&scheduled).await;
    let handed = world.accepted(1, phone(2)).await;
    world.hand_over(&handed, 1).await;
    let taken = world.submitted(phone(3), "A").await;
    let half = world.accepted(2, phone(4)).await;
    world.hand_over(&half, 1).await;
    world.taken(&half, 0, 2, "B").await;
    world.restart().await;
    let found = world.store.recover(at(50)).await.expect("recovered");
    assert_eq!(found, Recovery { waiting: 2, unknown: 2, awaiting_receipt: 1 });
    for (message, state) in [
        (&queued, State::Queued),
        (&scheduled, State::Scheduled),
        (&handed, State::Unknown),
        (&taken, State::Submitted),
        (&half, State::Unknown),
    ] {
        assert_eq!(world.state(message).await, state);
    }
    let unknown = world.store.unknown_before(at(51), 10).await.expect("read");
    assert_eq!(unknown.iter().map(|u| u.message).collect::<Vec<_>>(), [handed.id, half.id]);
    assert_eq!((unknown[0].since, unknown[0].attempts, unknown[0].class), (at(50), 1, Class::Transactional));
    assert_eq!(world.store.unknown_before(at(50), 10).await.expect("read"), []);
    assert_eq!(world.store.recover(at(60)).await.expect("again"), found, "nothing more to do");
}

pub(crate) async fn a_resent_message_is_marked(world: &mut World) {
    let message = world.accepted(2, phone(1)).await;
    world.hand_over(&message, 1).await;
    world.taken(&message, 0, 2, "A").await;
    world.answer(&message, 1, 2, AnswerOutcome::Lost).await;
    let resent = world.store.resend(vec![message.id], at(60)).await.expect("resent");
    assert_eq!(ids(&resent), [message.id]);
    assert_eq!((resent[0].parts_owed, resent[0].attempts), (0b10, 1));
    assert!(resent[0].possible_duplicate);
    assert_eq!(resent[0].message, message);
    world.restart().await;
    assert_eq!(world.waiting().await, resent);
    world.hand_over(&message, 61).await;
    world.taken(&message, 1, 62, "B").await;
    for id in ["A", "B"] {
        world.receipt(world.receipt_of(id, Event::ReceiptDelivered, 70)).await;
    }
    let read = world.read(&message).await;
    assert_eq!((read.state, read.attempts, read.possible_duplicate), (State::Delivered, 2, true));
    let story = world.story(&message).await;
    assert_eq!(
        story,
        [
            "accepted",
            "1 handed_over",
            "2 handed_over",
            "1 taken",
            "2 lost",
            "resent",
            "2 handed_over",
            "2 taken",
            "1 receipt",
            "2 receipt"
        ]
    );
    assert_eq!(world.store.resend(vec![message.id], at(80)).await.expect("answers"), [], "it is final");
}

pub(crate) async fn a_part_is_given_once_however_often_it_waits(world: &mut World) {
    let message = world.accepted(2, phone(1)).await;
    world.hand_over(&message, 1).await;
    world.answer(&message, 0, 2, AnswerOutcome::Lost).await;
    let later = AnswerOutcome::Deferred { word: "ESME_RTHROTTLED".to_owned(), until: at(2) };
    world.answer(&message, 1, 2, later).await;
    let resent = world.store.resend(vec![message.id], at(60)).await.expect("resent");
    let [resent] = &resent[..] else { panic!("{resent:?}") };
    assert_eq!(resent.parts_owed, 0b01, "the other is in the queue already");
    // Both entries of the queue leave at once.
    let of = |parts_owed| facteur_store::HandOver { parts_owed, ..world.order(&message, 61) };
    let departed = world.store.depart(vec![of(0b10), of(0b01)]).await.expect("answered");
    assert_eq!(departed.given, [0b10, 0b01]);
    // One that was never written comes back; the other is under way.
    world.store.give_back(vec![(message.id, 0b10)], at(62)).await.expect("given back");
    assert_eq!(world.waiting().await[0].parts_owed, 0b10);
    // What was read twice from disk asks for everything twice.
    let departed = world.store.depart(vec![of(0b11), of(0b11)]).await.expect("answered");
    assert_eq!(departed.given, [0b10, 0]);
}

pub(crate) async fn a_late_answer_counts(world: &mut World) {
    // For what is unknown, also when its class has left it.
    let message = world.lost(phone(1)).await;
    world.store.leave_unknown(vec![message.id], at(60)).await.expect("left");
    assert_eq!(moves(&world.taken(&message, 0, 70, "A").await), [(State::Unknown, State::Submitted)]);
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 80)).await;
    assert_eq!(world.state(&message).await, State::Delivered);
    // For what waits to be sent again: it does not leave.
    let message = world.lost(phone(2)).await;
    world.store.resend(vec![message.id], at(60)).await.expect("resent");
    assert_eq!(moves(&world.taken(&message, 0, 70, "B").await), [(State::Queued, State::Submitted)]);
    assert_eq!(world.store.hand_over(vec![world.order(&message, 71)]).await.expect("answered"), []);
    let read = world.read(&message).await;
    assert_eq!((read.attempts, read.possible_duplicate), (1, false), "it left once");
    world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 80)).await;
    assert_eq!(world.state(&message).await, State::Delivered);
    // Not for what never left.
    let message = world.accepted(2, phone(3)).await;
    assert_eq!(world.taken(&message, 0, 70, "C").await, []);
    assert_eq!(world.waiting().await[0].parts_owed, 0b11);
}

pub(crate) async fn a_message_left_unknown_comes_up_no_more(world: &mut World) {
    let message = world.lost(phone(1)).await;
    assert_eq!(world.store.unknown_before(at(100), 10).await.expect("read").len(), 1);
    world.store.leave_unknown(vec![message.id], at(100)).await.expect("left");
    assert_eq!(world.store.unknown_before(at(1000), 10).await.expect("read"), []);
    world.restart().await;
    world.store.recover(at(101)).await.expect("recovered");
    assert_eq!(world.store.unknown_before(at(1000), 10).await.expect("read"), []);
    assert_eq!(world.state(&message).await, State::Unknown);
    // Until a receipt is no longer awaited: then nothing is owed, and it stays unknown.
    let four_days = 96 * 3600;
    assert_eq!(world.store.tidy(at(100 + four_days - 1), at(0)).await.expect("tidied"), 0);
    assert_eq!(world.store.tidy(at(100 + four_days), at(0)).await.expect("tidied"), 1);
    assert_eq!(world.store.counts().await.expect("read").unknown, 0);
    assert_eq!(world.state(&message).await, State::Unknown);
}

pub(crate) async fn scheduled_messages_are_released_when_due(world: &mut World) {
    assert_eq!(world.store.next_due().await.expect("read"), None);
    let messages: Vec<Message> = [(0, 300), (1, 100), (2, 200), (3, 100), (4, 900)]
        .map(|(seconds, due)| Message { send_at: at(due), ..world.message(seconds) })
        .to_vec();
    for message in &messages {
        world.keep(message).await;
    }
    assert_eq!(world.store.next_due().await.expect("read"), Some(at(100)));
    assert_eq!(world.store.release_due(at(99), 10).await.expect("released"), []);
    let first = world.store.release_due(at(300), 3).await.expect("released");
    assert_eq!(ids(&first), [messages[1].id, messages[2].id, messages[3].id], "the earliest due, in order");
    assert_eq!((first[0].parts_owed, first[0].attempts, first[0].not_before), (1, 0, at(100)));
    assert_eq!(world.state(&messages[1]).await, State::Queued);
    let second = world.store.release_due(at(300), 3).await.expect("released");
    assert_eq!(ids(&second), [messages[0].id]);
    assert_eq!(world.store.next_due().await.expect("read"), Some(at(900)));
    // A scheduled message can be cancelled; it is not released any more.
    world
        .store
        .cancel(messages[4].workspace, messages[4].id, at(400), facteur_store::Actor::named("ana"))
        .await
        .expect("cancelled");
    assert_eq!(world.store.release_due(at(1000), 3).await.expect("released"), []);
}

pub(crate) async fn the_queue_is_filled_in_order(world: &mut World) {
    let mut messages = Vec::new();
    for n in 0..10 {
        let message = Message { parts: 1 + n % 3, ..world.message(i64::from(n)) };
        world.keep(&message).await;
        messages.push(message);
    }
    world.hand_over(&messages[4], 20).await;
    let expected: Vec<MessageId> =
        messages.iter().enumerate().filter(|(n, _)| *n != 4).map(|(_, m)| m.id).collect();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.queued(after, 4).await.expect("read");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = Some(last.message);
        let ids = page.iter().map(|queued| queued.message).collect();
        for (queued, waiting) in page.iter().zip(world.store.waiting(ids).await.expect("read")) {
            assert_eq!(waiting.parts_owed, (1 << waiting.message.parts) - 1);
            assert_eq!((queued.message, queued.parts), (waiting.message.id, waiting.message.parts));
            assert_eq!((queued.workspace, queued.class), (waiting.message.workspace, waiting.message.class));
            seen.push(waiting.message.id);
        }
    }
    assert_eq!(seen, expected);
    let gone = world.store.waiting(vec![messages[4].id]).await.expect("read");
    assert_eq!(gone, [], "what is handed over does not wait");
}

pub(crate) async fn a_receipt_that_never_came_leaves_it_unknown(world: &mut World) {
    let (old, new) = (world.submitted(phone(1), "A").await, world.accepted(1, phone(2)).await);
    world.hand_over(&new, 50).await;
    world.taken(&new, 0, 60, "B").await;
    let changes = world.store.overdue_receipts(at(30), at(100), 10).await.expect("swept");
    assert_eq!(moves(&changes), [(State::Submitted, State::Unknown)]);
    assert_eq!((world.state(&old).await, world.state(&new).await), (State::Unknown, State::Submitted));
    assert_eq!(
        world.store.unknown_before(at(1000), 10).await.expect("read"),
        [],
        "there is nothing to decide"
    );
    // The receipt, come after all, settles it; even when nothing is owed any more.
    world.store.tidy(at(100 + 96 * 3600), at(0)).await.expect("tidied");
    let fate = world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 400_000)).await;
    assert!(matches!(fate, facteur_store::ReceiptFate::Moved(_)), "{fate:?}");
    assert_eq!(world.state(&old).await, State::Delivered);
}
