use facteur_domain::State;
use facteur_domain::delivery::Event;
use facteur_store::{AnswerOutcome, Page, Receipt, ReceiptEffect, ReceiptFate, ReceiptFound};

use super::world::{World, at, moves, phone};

const ALL: Page = Page { page: 1, size: 100 };

async fn orphans(world: &World) -> u64 {
    let listed = world.store.orphans(ALL).await.expect("read").total;
    assert_eq!(world.store.counts().await.expect("read").orphans, listed);
    listed
}

fn moved(fate: &ReceiptFate) -> Option<(State, State)> {
    match fate {
        ReceiptFate::Moved(change) => Some((change.from, change.to)),
        _ => None,
    }
}

pub(crate) async fn a_receipt_before_its_answer_is_kept_and_matched(world: &mut World) {
    let message = world.accepted(1, phone(1)).await;
    world.hand_over(&message, 1).await;
    let early = world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 2)).await;
    assert_eq!(early, ReceiptFate::Orphan);
    world.restart().await;
    assert_eq!(orphans(world).await, 1);
    let changes = world.taken(&message, 0, 3, "A").await;
    assert_eq!(
        moves(&changes),
        [(State::Submitting, State::Submitted), (State::Submitted, State::Delivered)]
    );
    assert_eq!(orphans(world).await, 0);
    assert_eq!(world.state(&message).await, State::Delivered);
    // The same for one part of two.
    let message = world.accepted(2, phone(1)).await;
    world.hand_over(&message, 1).await;
    world.receipt(world.receipt_of("B1", Event::ReceiptUndelivered, 2)).await;
    world.taken(&message, 0, 3, "B0").await;
    assert_eq!(moves(&world.taken(&message, 1, 3, "B1").await), [(State::Submitting, State::Submitted)]);
    world.receipt(world.receipt_of("B0", Event::ReceiptDelivered, 4)).await;
    assert_eq!(world.state(&message).await, State::Undelivered);
    assert_eq!(world.read(&message).await.error.as_deref(), Some("err:005"));
}

/// After a crash an operator offers again the receipts that it was not answered for. Another message to the
/// same phone, whose answer was lost, must not take one for its own: it would never be sent again.
pub(crate) async fn a_receipt_offered_again_after_a_crash_finds_its_own_message(world: &mut World) {
    let first = world.submitted(phone(1), "A").await;
    let receipt = Receipt { recipient: Some(phone(1)), ..world.receipt_of("A", Event::ReceiptDelivered, 3) };
    assert_eq!(moved(&world.receipt(receipt.clone()).await), Some((State::Submitted, State::Delivered)));
    let second = world.accepted(1, phone(1)).await;
    world.hand_over(&second, 3).await;
    world.restart().await;
    world.store.recover(at(4)).await.expect("recovered");
    let again = Receipt { at: at(5), ..receipt };
    assert_eq!(world.receipt(again).await, ReceiptFate::Kept(first.id));
    assert_eq!(world.state(&second).await, State::Unknown);
}

/// The late receipt of an attempt whose answer was lost settles no other message to the same phone, whether
/// it comes before or after that one's answer is lost.
pub(crate) async fn a_late_receipt_of_a_doubled_message_settles_no_other(world: &mut World) {
    let doubled = world.lost(phone(1)).await;
    world.store.resend(vec![doubled.id], at(3)).await.expect("resent");
    world.hand_over(&doubled, 4).await;
    world.taken(&doubled, 0, 5, "A2").await;
    world.receipt(world.receipt_of("A2", Event::ReceiptDelivered, 6)).await;
    assert_eq!(world.state(&doubled).await, State::Delivered);

    let late = |id, seconds| Receipt {
        recipient: Some(phone(1)),
        ..world.receipt_of(id, Event::ReceiptDelivered, seconds)
    };
    let other = world.lost(phone(1)).await;
    assert_eq!(world.receipt(late("A1", 7)).await, ReceiptFate::Orphan);
    assert_eq!(world.state(&other).await, State::Unknown);
    let third = world.accepted(1, phone(1)).await;
    world
        .store
        .cancel(other.workspace, other.id, at(8), facteur_store::Actor::named("ana"))
        .await
        .expect_err("it has left");
    world.hand_over(&third, 6).await;
    world.answer(&third, 0, 8, AnswerOutcome::Lost).await;
    assert_eq!(world.state(&third).await, State::Unknown);
}

pub(crate) async fn another_form_of_the_id_needs_the_recipient(world: &mut World) {
    let message = world.submitted(phone(1), "1F").await;
    let hex = |recipient| Receipt {
        other_ids: vec!["1E".to_owned(), "1F".to_owned()],
        recipient,
        ..world.receipt_of("31", Event::ReceiptDelivered, 5)
    };
    assert_eq!(world.receipt(hex(None)).await, ReceiptFate::Orphan);
    assert_eq!(world.receipt(hex(Some(phone(2)))).await, ReceiptFate::Orphan);
    assert_eq!(world.state(&message).await, State::Submitted);
    let fate = world.receipt(hex(Some(phone(1)))).await;
    assert_eq!(moved(&fate), Some((State::Submitted, State::Delivered)));
    // A second one in the same other form is recognised.
    assert_eq!(world.receipt(hex(Some(phone(1)))).await, ReceiptFate::Kept(message.id));
    assert_eq!(orphans(world).await, 2);
}

pub(crate) async fn an_early_receipt_in_another_form_is_claimed(world: &mut World) {
    let message = world.accepted(1, phone(1)).await;
    world.hand_over(&message, 1).await;
    for (recipient, seconds) in [(phone(2), 2), (phone(1), 3)] {
        let hex = Receipt {
            other_ids: vec!["1F".to_owned()],
            recipient: Some(recipient),
            ..world.receipt_of("31", Event::ReceiptDelivered, seconds)
        };
        assert_eq!(world.receipt(hex).await, ReceiptFate::Orphan);
    }
    world.taken(&message, 0, 4, "1F").await;
    assert_eq!(world.read(&message).await.state_at, at(3), "the one that speaks of its recipient");
    assert_eq!(orphans(world).await, 1);
}

pub(crate) async fn a_reused_id_is_told_apart_by_the_recipient(world: &mut World) {
    let older = world.submitted(phone(1), "7").await;
    let newer = world.submitted(phone(2), "7").await;
    let other_route = world.store.route("other".to_owned()).await.expect("a route");
    let elsewhere = Receipt { route: other_route, ..world.receipt_of("7", Event::ReceiptDelivered, 3) };
    assert_eq!(world.receipt(elsewhere).await, ReceiptFate::Orphan, "ids of routes do not meet");
    let named = Receipt { recipient: Some(phone(1)), ..world.receipt_of("7", Event::ReceiptExpired, 4) };
    assert_eq!(moved(&world.receipt(named).await), Some((State::Submitted, State::Expired)));
    assert_eq!(world.state(&newer).await, State::Submitted);
    world.receipt(world.receipt_of("7", Event::ReceiptDelivered, 5)).await;
    assert_eq!((world.state(&older).await, world.state(&newer).await), (State::Expired, State::Delivered));
}

pub(crate) async fn a_second_receipt_is_no_orphan(world: &mut World) {
    for (id, event, state) in [
        ("A", Event::ReceiptDelivered, State::Delivered),
        ("B", Event::ReceiptUndelivered, State::Undelivered),
        ("C", Event::ReceiptRejected, State::Rejected),
    ] {
        let message = world.submitted(phone(1), id).await;
        // In one batch, and again later.
        let twice = vec![world.receipt_of(id, event, 3), world.receipt_of(id, event, 3)];
        let fates = world.store.record_receipts(twice).await.expect("recorded");
        assert_eq!(moved(&fates[0].fate), Some((State::Submitted, state)));
        assert_eq!(fates[1].fate, ReceiptFate::Kept(message.id));
        assert!(fates[0].after.is_some() && fates[1].after.is_none(), "the first was awaited: {fates:?}");
        assert_eq!(world.receipt(world.receipt_of(id, event, 4)).await, ReceiptFate::Kept(message.id));
        let read = world.read(&message).await;
        assert_eq!((read.state, read.state_at), (state, at(3)));
        assert_eq!(world.story(&message).await.iter().filter(|step| *step == "1 receipt").count(), 3);
    }
    assert_eq!(orphans(world).await, 0);
}

pub(crate) async fn a_late_delivery_wins(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    world.receipt(world.receipt_of("A", Event::ReceiptExpired, 3)).await;
    world.restart().await;
    let late = world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 90)).await;
    assert_eq!(moved(&late), Some((State::Expired, State::Delivered)));
    let read = world.read(&message).await;
    assert_eq!((read.state, read.state_at, read.error), (State::Delivered, at(90), None));
    let back = world.receipt(world.receipt_of("A", Event::ReceiptExpired, 95)).await;
    assert_eq!(back, ReceiptFate::Kept(message.id), "and stays");
    assert_eq!(world.state(&message).await, State::Delivered);
    let story = world.store.story(message.workspace, message.id).await.expect("read");
    let receipts: Vec<_> =
        story.iter().filter(|step| step.what == "receipt").map(|step| step.state).collect();
    assert_eq!(receipts, [Some(State::Expired), Some(State::Delivered), None]);
    // Rejected is not undone: the domain says so.
    let refused = world.submitted(phone(2), "B").await;
    world.receipt(world.receipt_of("B", Event::ReceiptRejected, 3)).await;
    let late = world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 4)).await;
    assert_eq!(late, ReceiptFate::Kept(refused.id));
    assert_eq!(world.state(&refused).await, State::Rejected);
    // One part of two, after the whole was undelivered.
    let long = world.accepted(2, phone(3)).await;
    world.hand_over(&long, 1).await;
    for (part, id) in [(0, "C0"), (1, "C1")] {
        world.taken(&long, part, 2, id).await;
    }
    world.receipt(world.receipt_of("C0", Event::ReceiptDelivered, 3)).await;
    world.receipt(world.receipt_of("C1", Event::ReceiptUndelivered, 3)).await;
    let late = world.receipt(world.receipt_of("C1", Event::ReceiptDelivered, 9)).await;
    assert_eq!(moved(&late), Some((State::Undelivered, State::Delivered)));
}

pub(crate) async fn a_receipt_that_is_not_final_is_told(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    let on_its_way =
        Receipt { event: None, word: "ENROUTE", ..world.receipt_of("A", Event::ReceiptDelivered, 3) };
    assert_eq!(world.receipt(on_its_way).await, ReceiptFate::Kept(message.id));
    assert_eq!(world.state(&message).await, State::Submitted);
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 4)).await;
    assert_eq!(world.state(&message).await, State::Delivered);
    let story = world.story(&message).await;
    assert_eq!(story, ["accepted", "1 handed_over", "1 taken", "1 receipt", "1 receipt"]);
}

pub(crate) async fn a_receipt_settles_the_one_unknown_part(world: &mut World) {
    let message = world.lost(phone(1)).await;
    let named = |seconds| Receipt {
        recipient: Some(phone(1)),
        ..world.receipt_of("Z", Event::ReceiptDelivered, seconds)
    };
    assert_eq!(world.receipt(named(0)).await, ReceiptFate::Orphan, "it came before the hand-over");
    assert_eq!(moved(&world.receipt(named(9)).await), Some((State::Unknown, State::Delivered)));
    assert_eq!(world.receipt(named(10)).await, ReceiptFate::Kept(message.id), "its id is known now");
    assert_eq!(
        world.story(&message).await,
        ["accepted", "1 handed_over", "1 lost", "1 receipt", "1 receipt"]
    );
}

pub(crate) async fn a_receipt_may_come_before_its_answer_is_lost(world: &mut World) {
    let named = |world: &World, id: &str, n| Receipt {
        recipient: Some(phone(n)),
        ..world.receipt_of(id, Event::ReceiptDelivered, 2)
    };
    let message = world.accepted(1, phone(1)).await;
    world.hand_over(&message, 1).await;
    assert_eq!(world.receipt(named(world, "Z", 1)).await, ReceiptFate::Orphan, "the answer may still come");
    let changes = world.answer(&message, 0, 3, AnswerOutcome::Lost).await;
    assert_eq!(moves(&changes), [(State::Submitting, State::Unknown), (State::Unknown, State::Delivered)]);
    assert_eq!(orphans(world).await, 0);
    // The same when it was a crash that lost the answer.
    let message = world.accepted(1, phone(2)).await;
    world.hand_over(&message, 1).await;
    world.receipt(named(world, "Y", 2)).await;
    world.restart().await;
    world.store.recover(at(9)).await.expect("recovered");
    assert_eq!(world.state(&message).await, State::Delivered);
    assert_eq!(orphans(world).await, 0);
    // Two receipts for one phone: nobody knows which is meant.
    let message = world.accepted(1, phone(3)).await;
    world.hand_over(&message, 1).await;
    world.receipt(named(world, "X", 3)).await;
    world.receipt(named(world, "W", 3)).await;
    world.answer(&message, 0, 3, AnswerOutcome::Lost).await;
    assert_eq!((world.state(&message).await, orphans(world).await), (State::Unknown, 2));
}

pub(crate) async fn an_smsc_without_ids_is_told_apart_by_recipients(world: &mut World) {
    let first = world.submitted(phone(1), "").await;
    let second = world.submitted(phone(2), "").await;
    let nameless = |recipient| Receipt { recipient, ..world.receipt_of("", Event::ReceiptDelivered, 5) };
    assert_eq!(world.receipt(nameless(None)).await, ReceiptFate::Orphan);
    assert_eq!(
        moved(&world.receipt(nameless(Some(phone(1)))).await),
        Some((State::Submitted, State::Delivered))
    );
    assert_eq!((world.state(&first).await, world.state(&second).await), (State::Delivered, State::Submitted));
}

pub(crate) async fn a_receipt_does_not_guess_between_two(world: &mut World) {
    let first = world.lost(phone(1)).await;
    let second = world.accepted(1, phone(1)).await;
    world.hand_over(&second, 1).await;
    let named = || Receipt { recipient: Some(phone(1)), ..world.receipt_of("Z", Event::ReceiptDelivered, 9) };
    assert_eq!(world.receipt(named()).await, ReceiptFate::Orphan, "perhaps it is the second's, come early");
    world.taken(&second, 0, 10, "Z").await;
    assert_eq!((world.state(&first).await, world.state(&second).await), (State::Unknown, State::Delivered));
    let third = world.lost(phone(1)).await;
    let other = || Receipt { smsc_id: "Y".to_owned(), ..named() };
    assert_eq!(world.receipt(other()).await, ReceiptFate::Orphan, "either could be meant");
    assert_eq!(world.state(&third).await, State::Unknown);
    let of_nobody = Receipt { recipient: None, ..other() };
    assert_eq!(world.receipt(of_nobody).await, ReceiptFate::Orphan);
}

/// A clock that was set back makes the one message look as if it had left after its receipt: the other must
/// not take that for its own.
pub(crate) async fn a_receipt_does_not_guess_when_the_clock_was_set_back(world: &mut World) {
    let first = world.accepted(1, phone(1)).await;
    world.hand_over(&first, 100).await;
    world.answer(&first, 0, 101, AnswerOutcome::Lost).await;
    let second = world.lost(phone(1)).await;
    let named = Receipt { recipient: Some(phone(1)), ..world.receipt_of("Z", Event::ReceiptDelivered, 9) };
    assert_eq!(world.receipt(named).await, ReceiptFate::Orphan, "either could be meant");
    assert_eq!((world.state(&first).await, world.state(&second).await), (State::Unknown, State::Unknown));
}

pub(crate) async fn an_orphan_is_listed(world: &mut World) {
    let orphan = Receipt { recipient: Some(phone(4)), ..world.receipt_of("A", Event::ReceiptExpired, 3) };
    world.receipt(orphan).await;
    world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 4)).await;
    let listed = world.store.orphans(Page { page: 1, size: 1 }).await.expect("read");
    assert_eq!((listed.total, listed.rows.len()), (2, 1));
    assert_eq!((listed.rows[0].smsc_id.as_str(), listed.rows[0].recipient), ("B", None));
    let listed = world.store.orphans(Page { page: 2, size: 1 }).await.expect("read");
    let oldest = &listed.rows[0];
    assert_eq!((oldest.at, oldest.route.as_str(), oldest.smsc_id.as_str()), (at(3), "aggregator", "A"));
    assert_eq!((oldest.recipient, oldest.word.as_str()), (Some(phone(4)), "EXPIRED"));
}

/// What the store counted since its start.
fn counted(world: &World, found: ReceiptFound, effect: ReceiptEffect) -> u64 {
    let counts = world.store.receipt_counts();
    counts.iter().find(|(f, e, _)| (*f, *e) == (found, effect)).map_or(0, |(_, _, count)| *count)
}

pub(crate) async fn every_case_of_a_receipt_is_counted(world: &mut World) {
    use ReceiptEffect as E;
    use ReceiptFound as F;
    let delivered = Event::ReceiptDelivered;
    // As awaited, on its way, again, otherwise, and late.
    world.submitted(phone(1), "A").await;
    world.receipt(Receipt { event: None, word: "ENROUTE", ..world.receipt_of("A", delivered, 3) }).await;
    for (event, seconds) in [(Event::ReceiptUndelivered, 4), (Event::ReceiptUndelivered, 5)] {
        world.receipt(world.receipt_of("A", event, seconds)).await;
    }
    world.receipt(world.receipt_of("A", Event::ReceiptRejected, 6)).await;
    world.receipt(world.receipt_of("A", delivered, 7)).await;
    // In another form; by the recipient alone; before its answer; of nobody.
    world.submitted(phone(2), "1F").await;
    let (other_ids, recipient) = (vec!["1F".to_owned()], Some(phone(2)));
    world.receipt(Receipt { other_ids, recipient, ..world.receipt_of("31", delivered, 8) }).await;
    world.lost(phone(3)).await;
    world.receipt(Receipt { recipient: Some(phone(3)), ..world.receipt_of("Z", delivered, 9) }).await;
    let early = world.accepted(1, phone(4)).await;
    world.hand_over(&early, 1).await;
    world.receipt(world.receipt_of("E", delivered, 10)).await;
    world.taken(&early, 0, 11, "E").await;
    world.receipt(world.receipt_of("N", delivered, 12)).await;
    for (found, effect, expected) in [
        (F::ById, E::Progress, 1),
        (F::ById, E::Settled, 1),
        (F::ById, E::Repeated, 1),
        (F::ById, E::Contradicted, 1),
        (F::ById, E::Late, 1),
        (F::ByOtherForm, E::Settled, 1),
        (F::ByRecipient, E::Settled, 1),
        (F::Early, E::Settled, 1),
        (F::Nowhere, E::Kept, 2),
        (F::Nowhere, E::Forgotten, 0),
    ] {
        assert_eq!(counted(world, found, effect), expected, "{found:?} {effect:?}");
    }
    world.store.tidy(at(20), at(12)).await.expect("tidied");
    assert_eq!(
        (orphans(world).await, counted(world, F::Nowhere, E::Forgotten)),
        (1, 0),
        "not before its time"
    );
    world.store.tidy(at(20), at(13)).await.expect("tidied");
    assert_eq!((orphans(world).await, counted(world, F::Nowhere, E::Forgotten)), (0, 1));
}

pub(crate) async fn a_receipt_of_four_days_later_settles_its_message(world: &mut World) {
    const HOUR: i64 = 3_600;
    let waited = world.submitted(phone(1), "A").await;
    let given_up = world.submitted(phone(2), "B").await;
    let late = world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 73 * HOUR)).await;
    assert_eq!(moved(&late), Some((State::Submitted, State::Delivered)));
    assert_eq!(world.read(&waited).await.state_at, at(73 * HOUR));
    // Nothing came for 96 hours: unknown, and yet known to receipts.
    world.store.overdue_receipts(at(96 * HOUR), at(96 * HOUR), 10).await.expect("done");
    world.restart().await;
    assert_eq!(world.state(&given_up).await, State::Unknown);
    let late = world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 150 * HOUR)).await;
    assert_eq!(moved(&late), Some((State::Unknown, State::Delivered)));
    assert_eq!(counted(world, ReceiptFound::ById, ReceiptEffect::Late), 1);
    assert_eq!(orphans(world).await, 0);
}

pub(crate) async fn a_second_receipt_is_known_after_a_restart(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 3)).await;
    world.restart().await;
    let again = world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 4)).await;
    assert_eq!((again, orphans(world).await), (ReceiptFate::Kept(message.id), 0));
}
