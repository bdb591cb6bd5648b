use facteur_domain::delivery::Event;
use facteur_domain::{MessageId, State};
use facteur_store::{AnswerOutcome, ReceiptFate, StoreError, Withdrawal};

use super::world::{OTHER, World, at, moves, phone};

pub(crate) async fn a_message_s_whole_life(world: &mut World) {
    let message = world.accepted(1, phone(1)).await;
    world.hand_over(&message, 1).await;
    assert_eq!(world.state(&message).await, State::Submitting);
    let changes = world.taken(&message, 0, 2, "12AB").await;
    assert_eq!(moves(&changes), [(State::Submitting, State::Submitted)]);
    assert_eq!((changes[0].message, changes[0].workspace), (message.id, message.workspace));
    let fate = world.receipt(world.receipt_of("12AB", Event::ReceiptDelivered, 5)).await;
    let ReceiptFate::Moved(change) = fate else { panic!("{fate:?}") };
    assert_eq!((change.from, change.to), (State::Submitted, State::Delivered));
    world.restart().await;
    let read = world.read(&message).await;
    assert_eq!((read.state, read.state_at, read.submitted_at), (State::Delivered, at(5), Some(at(2))));
    assert_eq!((read.route.as_deref(), read.attempts), (Some("aggregator"), 1));
    assert_eq!((read.error, read.possible_duplicate), (None, false));
    assert_eq!(world.story(&message).await, ["accepted", "1 handed_over", "1 taken", "1 receipt"]);
    let story = world.store.story(message.workspace, message.id).await.expect("read");
    assert_eq!(story[2].detail.as_deref(), Some("12AB"));
    assert_eq!((story[3].state, story[3].detail.as_deref()), (Some(State::Delivered), Some("DELIVRD")));
    assert_eq!(world.store.counts().await.expect("counts"), facteur_store::WorkCounts::default());
}

pub(crate) async fn a_long_message_is_the_sum_of_its_parts(world: &mut World) {
    let message = world.accepted(3, phone(1)).await;
    world.hand_over(&message, 1).await;
    assert_eq!(moves(&world.taken(&message, 1, 2, "B").await), []);
    assert_eq!(moves(&world.taken(&message, 0, 3, "A").await), []);
    let delivered = |id: &str, seconds| world.receipt_of(id, Event::ReceiptDelivered, seconds);
    // A part may be on the phone before another is even taken.
    assert_eq!(world.receipt(delivered("B", 4)).await, ReceiptFate::Kept(message.id));
    assert_eq!(moves(&world.taken(&message, 2, 5, "C").await), [(State::Submitting, State::Submitted)]);
    assert_eq!(world.receipt(delivered("A", 6)).await, ReceiptFate::Kept(message.id));
    let last = world.receipt(world.receipt_of("C", Event::ReceiptUndelivered, 7)).await;
    let ReceiptFate::Moved(change) = last else { panic!("{last:?}") };
    assert_eq!((change.from, change.to), (State::Submitted, State::Undelivered));
    let read = world.read(&message).await;
    assert_eq!((read.state, read.submitted_at), (State::Undelivered, Some(at(5))));
    assert_eq!(read.error.as_deref(), Some("err:005"));
    assert_eq!(world.store.counts().await.expect("counts"), facteur_store::WorkCounts::default());
    assert_eq!(world.story(&message).await.len(), 1 + 3 * 3);
}

pub(crate) async fn deferred_parts_alone_are_owed(world: &mut World) {
    let message = world.accepted(3, phone(1)).await;
    world.hand_over(&message, 1).await;
    world.taken(&message, 0, 2, "A").await;
    let later = AnswerOutcome::Deferred { word: "ESME_RTHROTTLED".to_owned(), until: at(30) };
    let changes = world.answer(&message, 1, 2, later.clone()).await;
    assert_eq!(moves(&changes), [(State::Submitting, State::Queued)]);
    assert_eq!(changes[0].parts_owed, 0b010);
    let changes = world.answer(&message, 2, 3, later).await;
    assert_eq!(moves(&changes), [(State::Queued, State::Queued)], "more is owed than before");
    assert_eq!(changes[0].parts_owed, 0b110);
    world.restart().await;
    let waiting = world.waiting().await;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].parts_owed, waiting[0].not_before), (0b110, at(30)));
    assert_eq!((waiting[0].attempts, waiting[0].possible_duplicate), (1, false));
    let order = facteur_store::HandOver { parts_owed: 0b110, ..world.order(&message, 31) };
    assert_eq!(world.store.hand_over(vec![order]).await.expect("handed over"), [message.id]);
    world.taken(&message, 1, 32, "B").await;
    let changes = world.taken(&message, 2, 33, "C").await;
    assert_eq!(moves(&changes), [(State::Submitting, State::Submitted)]);
    for id in ["A", "B", "C"] {
        world.receipt(world.receipt_of(id, Event::ReceiptDelivered, 40)).await;
    }
    let read = world.read(&message).await;
    assert_eq!((read.state, read.attempts, read.possible_duplicate), (State::Delivered, 2, false));
    let story = world.story(&message).await;
    assert_eq!(story.iter().filter(|step| step.ends_with("handed_over")).count(), 5);
    assert_eq!(story.iter().filter(|step| step.ends_with("deferred")).count(), 2);
}

pub(crate) async fn a_refusal_ends_it(world: &mut World) {
    let message = world.accepted(1, phone(1)).await;
    world.hand_over(&message, 1).await;
    let changes =
        world.answer(&message, 0, 2, AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() }).await;
    assert_eq!(moves(&changes), [(State::Submitting, State::Rejected)]);
    let read = world.read(&message).await;
    assert_eq!((read.state, read.error.as_deref()), (State::Rejected, Some("ESME_RINVDSTADR")));
    assert_eq!(read.submitted_at, None, "it was never taken");
    assert_eq!(world.story(&message).await, ["accepted", "1 handed_over", "1 refused"]);
    // One refused part of two: the whole waits for the other's receipt, and is rejected.
    let message = world.accepted(2, phone(1)).await;
    world.hand_over(&message, 3).await;
    world.answer(&message, 0, 4, AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() }).await;
    assert_eq!(moves(&world.taken(&message, 1, 5, "X").await), [(State::Submitting, State::Submitted)]);
    world.receipt(world.receipt_of("X", Event::ReceiptDelivered, 6)).await;
    assert_eq!(world.state(&message).await, State::Rejected);
}

pub(crate) async fn what_was_not_written_is_given_back(world: &mut World) {
    let message = world.accepted(2, phone(1)).await;
    world.hand_over(&message, 1).await;
    world.store.give_back(vec![(message.id, 0b11)], at(2)).await.expect("given back");
    let waiting = world.waiting().await;
    assert_eq!((waiting[0].attempts, waiting[0].parts_owed), (0, 0b11));
    assert_eq!(world.read(&message).await.state, State::Queued);
    world.hand_over(&message, 3).await;
    assert_eq!(world.read(&message).await.attempts, 1);
    assert_eq!(world.story(&message).await, ["accepted", "1 handed_over", "2 handed_over"]);
    // What was answered meanwhile is not given back.
    world.taken(&message, 0, 4, "A").await;
    world.store.give_back(vec![(message.id, 0b11)], at(5)).await.expect("given back");
    assert_eq!(world.waiting().await[0].parts_owed, 0b10);
}

pub(crate) async fn a_cancelled_message_is_not_handed_over(world: &mut World) {
    let (kept, gone) = (world.accepted(1, phone(1)).await, world.accepted(2, phone(2)).await);
    let cancelled = world.store.cancel(gone.workspace, gone.id, at(1), facteur_store::Actor::named("ana"));
    let handed = world.store.hand_over(vec![world.order(&gone, 1), world.order(&kept, 1)]);
    let change = cancelled.await.expect("cancelled");
    assert_eq!((change.from, change.to), (State::Queued, State::Cancelled));
    assert_eq!(handed.await.expect("handed over"), [kept.id]);
    assert_eq!(world.state(&gone).await, State::Cancelled);
    assert_eq!(world.story(&gone).await, ["accepted", "cancelled"]);
    let again = world.store.cancel(gone.workspace, gone.id, at(2), facteur_store::Actor::named("ana")).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
}

pub(crate) async fn a_handed_over_message_is_not_cancelled(world: &mut World) {
    let message = world.accepted(1, phone(1)).await;
    let handed = world.store.hand_over(vec![world.order(&message, 1)]);
    let cancelled =
        world.store.cancel(message.workspace, message.id, at(1), facteur_store::Actor::named("ana"));
    assert_eq!(handed.await.expect("handed over"), [message.id]);
    assert!(matches!(cancelled.await, Err(StoreError::Conflict(_))));
    assert_eq!(world.state(&message).await, State::Submitting);
    // Handed over once is handed over once.
    assert_eq!(world.store.hand_over(vec![world.order(&message, 2)]).await.expect("answers"), []);
    for (workspace, id) in [(OTHER, message.id), (message.workspace, MessageId::from_key(16))] {
        let missing = world.store.cancel(workspace, id, at(2), facteur_store::Actor::named("ana")).await;
        assert!(matches!(missing, Err(StoreError::NotFound("message"))), "{missing:?}");
    }
}

pub(crate) async fn a_withdrawn_message_says_why(world: &mut World) {
    let (blocked, lapsed) = (world.accepted(1, phone(1)).await, world.accepted(1, phone(2)).await);
    let gone = world.submitted(phone(3), "A").await;
    let why = Withdrawal::Blocked { rule: "fr.sender.disabled".into(), reason: "The sender is off.".into() };
    let batch = vec![(blocked.id, why), (lapsed.id, Withdrawal::Lapsed), (gone.id, Withdrawal::Lapsed)];
    let changes = world.store.withdraw(batch, at(5)).await.expect("withdrawn");
    assert_eq!(moves(&changes), [(State::Queued, State::Blocked), (State::Queued, State::Expired)]);
    assert_eq!(world.state(&gone).await, State::Submitted);
    let story = world.store.story(blocked.workspace, blocked.id).await.expect("read");
    assert_eq!(story[1].what, "blocked");
    assert_eq!(story[1].detail.as_deref(), Some("fr.sender.disabled: The sender is off."));
    assert_eq!(world.story(&lapsed).await, ["accepted", "lapsed"]);
}

pub(crate) async fn a_stray_answer_changes_nothing(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    assert_eq!(
        world.answer(&message, 0, 3, AnswerOutcome::Refused { word: "ESME_RINVMSGLEN".to_owned() }).await,
        []
    );
    assert_eq!(world.answer(&message, 3, 3, AnswerOutcome::Lost).await, [], "it has one part");
    assert_eq!(world.state(&message).await, State::Submitted);
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 4)).await;
    assert_eq!(world.taken(&message, 0, 5, "B").await, []);
    assert_eq!(world.state(&message).await, State::Delivered);
    assert!(world.story(&message).await.contains(&"1 taken".to_owned()));
}
