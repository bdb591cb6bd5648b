use std::time::Duration;

use facteur_domain::delivery::Event;
use facteur_domain::{Class, Message, State};
use facteur_store::{
    Accept, ConversationFilter, FORGOTTEN_TEXT, Forget, OptOutFilter, ReceivedFilter, forgotten_before,
};

use super::two_way;
use super::world::{WORKSPACE, World, at, phone};

const DAY: i64 = 86_400;

async fn forget(world: &World, what: Forget, days: i64) {
    let before = forgotten_before(at(days * DAY), Duration::ZERO);
    while world.store.forget(what, before).await.expect("forgotten") {}
}

/// A message of a class, accepted on a day, with a verdict.
async fn kept(world: &World, class: Class, day: i64) -> Message {
    let message = Message { class, ..world.message(day * DAY) };
    let accept = Accept { verdict: Some("{}".to_owned()), ..message.clone().into() };
    world.store.accept(accept).await.expect("kept");
    message
}

/// It is delivered.
async fn end(world: &World, message: &Message) {
    let (id, seconds) = (message.id.to_string(), (message.accepted_at.millis() - at(0).millis()) / 1000);
    world.hand_over(message, seconds + 1).await;
    world.taken(message, 0, seconds + 2, &id).await;
    world.receipt(world.receipt_of(&id, Event::ReceiptDelivered, seconds + 3)).await;
    assert_eq!(world.state(message).await, State::Delivered);
}

async fn text(world: &World, message: &Message) -> String {
    world.read(message).await.message.text.show().to_owned()
}

pub(crate) async fn texts_are_forgotten_by_class_and_whole_days(world: &mut World) {
    let waiting = kept(world, Class::Marketing, 0).await;
    let mut messages = Vec::new();
    for (class, day) in [(Class::Marketing, 0), (Class::Alert, 0), (Class::Marketing, 1)] {
        let message = kept(world, class, day).await;
        end(world, &message).await;
        messages.push(message);
    }
    forget(world, Forget::Texts(Class::Marketing), 1).await;
    for (message, forgotten) in messages.iter().zip([true, false, false]) {
        assert_eq!(text(world, message).await == FORGOTTEN_TEXT, forgotten, "{message:?}");
        assert_eq!(world.read(message).await.message.recipient, phone(1), "the rest is kept");
    }
    // What is owed keeps its text, over a restart, and loses it when it has come to its end.
    world.restart().await;
    assert_eq!(text(world, &waiting).await, waiting.text.show());
    end(world, &waiting).await;
    assert_eq!(text(world, &waiting).await, FORGOTTEN_TEXT);
}

pub(crate) async fn a_one_time_password_goes_with_its_end(world: &mut World) {
    let message = kept(world, Class::Otp, 0).await;
    assert_eq!(text(world, &message).await, message.text.show());
    end(world, &message).await;
    assert_eq!(text(world, &message).await, FORGOTTEN_TEXT);
    assert_eq!(world.store.check().await.expect("checked"), Vec::<String>::new());
}

pub(crate) async fn messages_go_whole_and_their_proofs_later(world: &mut World) {
    let (old, young) = (kept(world, Class::Alert, 0).await, kept(world, Class::Alert, 1).await);
    end(world, &young).await;
    forget(world, Forget::Messages, 3).await;
    assert_eq!(world.state(&old).await, State::Queued, "nothing goes before what is owed and older");
    assert_eq!(world.state(&young).await, State::Delivered);
    end(world, &old).await;
    forget(world, Forget::Messages, 1).await;
    let found = |message: &Message| world.store.message(message.workspace, message.id);
    assert_eq!(found(&old).await.expect("read"), None);
    assert_eq!(world.store.story(WORKSPACE, old.id).await.expect("read"), []);
    assert!(found(&young).await.expect("read").is_some());
    let of_one = world.store.messages_to(WORKSPACE, phone(1), None, 9).await.expect("read");
    assert_eq!(of_one.len(), 1);
    forget(world, Forget::Proofs, 1).await;
    let (accepted, _) = world.store.verdicts(WORKSPACE, young.id).await.expect("read");
    assert!(accepted.is_some());
}

pub(crate) async fn many_are_forgotten_in_slices(world: &mut World) {
    let messages: Vec<Message> = (0..1_700).map(|n| world.message(n)).collect();
    let accepts = messages.iter().cloned().map(Accept::from).collect();
    world.store.accept_all(accepts, None, at(0)).await.expect("kept");
    let batch = messages.iter().map(|message| {
        let lapsed = facteur_store::Withdrawal::Lapsed;
        (message.id, lapsed)
    });
    world.store.withdraw(batch.collect(), at(2_000)).await.expect("ended");
    let mut slices = 1;
    let before = forgotten_before(at(DAY), Duration::ZERO);
    while world.store.forget(Forget::Texts(Class::Transactional), before).await.expect("forgotten") {
        slices += 1;
    }
    assert_eq!(slices, 4, "of 500 at most");
    for message in [&messages[0], &messages[499], &messages[500], &messages[1_699]] {
        assert_eq!(text(world, message).await, FORGOTTEN_TEXT);
    }
    forget(world, Forget::Messages, 1).await;
    assert_eq!(world.store.messages_to(WORKSPACE, phone(1), None, 9).await.expect("read"), []);
}

/// Requirement `fr-reply-retention`.
pub(crate) async fn what_phones_wrote_is_forgotten_and_proofs_later(world: &mut World) {
    two_way::workspace(world).await;
    let said = async |text: &str, days: i64| {
        two_way::receive(world, two_way::inbound(world, text, days * DAY)).await;
    };
    said("bonjour, ici Paul", 0).await;
    said("STOP", 1).await;
    said("merci", 3).await;
    let kept = async || {
        let filter = ReceivedFilter::default();
        let all = world.store.received(Some(WORKSPACE), filter, 10).await.expect("read");
        all.into_iter().rev().map(|came| came.text).collect::<Vec<_>>()
    };
    forget(world, Forget::ReplyTexts, 2).await;
    assert_eq!(kept().await, [FORGOTTEN_TEXT, "STOP", "merci"]);
    forget(world, Forget::Replies, 2).await;
    assert_eq!(kept().await, ["STOP", "merci"]);
    let threads =
        async || world.store.conversations(WORKSPACE, ConversationFilter::default(), 9).await.expect("read");
    let thread = threads().await.remove(0);
    let items = world.store.items(WORKSPACE, thread.id, None, 9).await.expect("read");
    assert_eq!(items.len(), 2, "the thread goes on without it");
    forget(world, Forget::ReplyProofs, 2).await;
    assert_eq!(kept().await, ["merci"]);
    let page = facteur_store::Page { page: 1, size: 9 };
    let stops = world.store.opt_outs(WORKSPACE, OptOutFilter::default(), page).await.expect("read");
    assert_eq!(stops.total, 1, "the STOP outlives the message that said it");
    forget(world, Forget::Replies, 4).await;
    assert_eq!((kept().await.len(), threads().await.len()), (0, 0));
    assert_eq!(world.store.check().await.expect("checked"), Vec::<String>::new());
}
