use facteur_domain::delivery::Event;
use facteur_domain::{Class, ClientReference, Message, MessageId, State};
use facteur_store::{AnswerOutcome, Found, MessageFilter, Scheduled, Search, Withdrawal};

use super::world::{OTHER, WORKSPACE, World, at, phone};

async fn search(world: &World, filter: MessageFilter, below: Option<MessageId>, limit: usize) -> Found {
    world.store.search(WORKSPACE, Search { filter, below, limit }).await.expect("found")
}

fn ids(found: &Found) -> Vec<MessageId> {
    found.rows.iter().map(|row| row.message.id).collect()
}

pub(crate) async fn a_search_goes_on_page_by_page(world: &mut World) {
    let mut kept = Vec::new();
    for n in 0..25 {
        let message = Message { recipient: phone(n % 2), ..world.message(i64::try_from(n).expect("small")) };
        world.keep(&message).await;
        kept.insert(0, message.id);
        world.keep(&Message { workspace: OTHER, ..world.message(0) }).await;
    }
    for filter in
        [MessageFilter::default(), MessageFilter { recipient: Some(phone(1)), ..Default::default() }]
    {
        let wanted: Vec<MessageId> = match filter.recipient {
            None => kept.clone(),
            Some(_) => kept.iter().enumerate().filter(|(n, _)| n % 2 == 1).map(|(_, id)| *id).collect(),
        };
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let page = search(world, filter.clone(), below, 6).await;
            assert!(page.rows.len() <= 6 && page.back_to.is_none());
            seen.extend(ids(&page));
            below = page.next;
            if below.is_none() {
                break;
            }
        }
        assert_eq!(seen, wanted);
    }
    let exact = search(world, MessageFilter::default(), None, 25).await;
    assert_eq!((exact.rows.len(), exact.next), (25, None), "a full last page has nothing behind it");
}

pub(crate) async fn every_state_is_found(world: &mut World) {
    let scheduled = Message { send_at: at(900), ..world.message(0) };
    world.keep(&scheduled).await;
    let queued = world.accepted(1, phone(1)).await;
    let submitting = world.accepted(2, phone(2)).await;
    world.hand_over(&submitting, 1).await;
    let submitted = world.submitted(phone(3), "A").await;
    let lost = world.lost(phone(4)).await;
    let delivered = world.submitted(phone(5), "B").await;
    world.receipt(world.receipt_of("B", Event::ReceiptDelivered, 9)).await;
    let half = world.accepted(2, phone(6)).await;
    world.hand_over(&half, 1).await;
    for (part, id) in [(0, "C"), (1, "D")] {
        world.taken(&half, part, 2, id).await;
    }
    world.receipt(world.receipt_of("C", Event::ReceiptDelivered, 9)).await;
    world.receipt(world.receipt_of("D", Event::ReceiptUndelivered, 9)).await;
    let rejected = world.accepted(1, phone(7)).await;
    world.hand_over(&rejected, 1).await;
    world.answer(&rejected, 0, 2, AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() }).await;
    let expired = world.accepted(1, phone(8)).await;
    world.store.withdraw(vec![(expired.id, Withdrawal::Lapsed)], at(5)).await.expect("withdrawn");
    let cancelled = world.accepted(1, phone(9)).await;
    world
        .store
        .cancel(WORKSPACE, cancelled.id, at(5), facteur_store::Actor::named("ana"))
        .await
        .expect("cancelled");
    for (state, message) in [
        (State::Scheduled, &scheduled),
        (State::Queued, &queued),
        (State::Submitting, &submitting),
        (State::Submitted, &submitted),
        (State::Unknown, &lost),
        (State::Delivered, &delivered),
        (State::Undelivered, &half),
        (State::Rejected, &rejected),
        (State::Expired, &expired),
        (State::Cancelled, &cancelled),
    ] {
        let filter = MessageFilter { state: Some(state), ..MessageFilter::default() };
        let found = search(world, filter, None, 10).await;
        assert_eq!((ids(&found), found.next), (vec![message.id], None), "{state}");
        assert_eq!(found.rows[0].state, state);
    }
}

pub(crate) async fn filters_narrow_a_search(world: &mut World) {
    let reference = |text: &str| ClientReference::try_from(text.to_owned()).ok();
    let otp = Message { class: Class::Otp, client_reference: reference("code-1"), ..world.message(10) };
    let code = Message { sender: "36180".parse().expect("a code"), ..world.message(20) };
    let late = Message { client_reference: None, ..world.message(7_200) };
    for message in [&otp, &code, &late] {
        world.keep(message).await;
    }
    let none = MessageFilter::default;
    for (filter, wanted) in [
        (MessageFilter { class: Some(Class::Otp), ..none() }, vec![otp.id]),
        (MessageFilter { client_reference: Some("code-1".to_owned()), ..none() }, vec![otp.id]),
        (MessageFilter { sender: Some("mycompany".to_owned()), ..none() }, vec![late.id, otp.id]),
        (
            MessageFilter { sender: Some("36180".to_owned()), state: Some(State::Queued), ..none() },
            vec![code.id],
        ),
        (MessageFilter { from: Some(at(20)), to: Some(at(7_200)), ..none() }, vec![code.id]),
        (MessageFilter { recipient: Some(phone(1)), class: Some(Class::Otp), ..none() }, vec![otp.id]),
        (MessageFilter { recipient: Some(phone(2)), ..none() }, vec![]),
    ] {
        assert_eq!(ids(&search(world, filter.clone(), None, 10).await), wanted, "{filter:?}");
    }
}

pub(crate) async fn what_is_scheduled_is_told_by_when_it_leaves(world: &mut World) {
    for (seconds, workspace) in [(900, WORKSPACE), (600, WORKSPACE), (900, WORKSPACE), (600, OTHER)] {
        world.keep(&Message { send_at: at(seconds), workspace, ..world.message(0) }).await;
    }
    world.accepted(1, phone(1)).await;
    let all = world.store.scheduled(WORKSPACE, 10).await.expect("read");
    assert_eq!(all, Scheduled { leaving: vec![(at(600), 1), (at(900), 2)], total: 3 });
    let first = world.store.scheduled(WORKSPACE, 1).await.expect("read");
    assert_eq!(first, Scheduled { leaving: vec![(at(600), 1)], total: 3 });
}
