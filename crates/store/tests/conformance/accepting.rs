use facteur_domain::{AccountKeyId, Message, State};
use facteur_store::{Accept, Accepted, Idempotency, StoreError, StoredAnswer};

use super::world::{KEY, World, at, phone};

const ROUTE: &str = "POST /v1/api/sms";

fn idempotency(key: &str, body: u8) -> Idempotency {
    Idempotency {
        api_key: KEY,
        key: key.to_owned(),
        route: ROUTE,
        fingerprint: [body; 32],
        expires_at: at(3600),
        answer: StoredAnswer { status: 200, body: vec![b'{', body, b'}'].into() },
    }
}

fn request(message: &Message, idempotency: Idempotency) -> Accept {
    Accept { idempotency: Some(idempotency), ..message.clone().into() }
}

pub(crate) async fn what_is_accepted_is_read_back_after_a_restart(world: &mut World) {
    let first = world.message(0);
    let second = Message {
        sender: "36180".parse().expect("a code"),
        send_at: at(600),
        client_reference: None,
        test: true,
        auto_reply: None,
        parts: 15,
        recipient: phone(7),
        ..world.message(1)
    };
    world.keep(&first).await;
    world.keep(&second).await;
    world.restart().await;
    let read = world.read(&first).await;
    assert_eq!((read.message, read.state, read.state_at), (first, State::Queued, at(0)));
    assert_eq!((read.attempts, read.route, read.submitted_at, read.error), (0, None, None, None));
    let read = world.read(&second).await;
    assert_eq!((read.message, read.state), (second, State::Scheduled));
}

pub(crate) async fn messages_due_at_once_are_told_in_order(world: &mut World) {
    let messages: Vec<Message> = (0..100).map(|n| world.message(n)).collect();
    let later = Message { send_at: at(1000), ..world.message(200) };
    let mut pending: Vec<_> = messages
        .iter()
        .chain([&later])
        .map(|message| world.store.accept(Accept::from(message.clone())))
        .collect();
    for answer in &mut pending {
        assert_eq!(answer.await.expect("kept"), Accepted::New);
    }
    // The sink is called after the answers; closing waits for both.
    world.store.close().await.expect("closes");
    let told = world.told.lock().expect("no panic holds it").clone();
    assert_eq!(told, messages.iter().map(|message| message.id).collect::<Vec<_>>());
}

pub(crate) async fn many_at_once_are_all_answered(world: &mut World) {
    let pending: Vec<_> = (0..5000)
        .map(|n| {
            let message = world.message(n);
            (message.clone(), world.store.accept(Accept::from(message)))
        })
        .collect();
    let mut messages = Vec::new();
    for (message, answer) in pending {
        assert_eq!(answer.await.expect("kept"), Accepted::New);
        messages.push(message);
    }
    let load = world.store.load();
    assert!(load.commits < 2500, "messages that wait together are committed together: {load:?}");
    world.restart().await;
    for message in [&messages[0], &messages[2500], &messages[4999]] {
        assert_eq!(world.read(message).await.message, *message);
    }
    assert_eq!(world.store.counts().await.expect("counts").queued, 5000);
}

pub(crate) async fn an_id_is_kept_once(world: &mut World) {
    let message = world.message(0);
    let other = Message { recipient: phone(9), ..message.clone() };
    let [a, b, c] =
        [message.clone(), other, world.message(1)].map(|message| world.store.accept(Accept::from(message)));
    assert_eq!(a.await.expect("kept"), Accepted::New);
    assert!(matches!(b.await, Err(StoreError::Conflict(_))));
    assert_eq!(c.await.expect("its neighbours are kept"), Accepted::New);
    assert_eq!(world.read(&message).await.message.recipient, phone(1));
}

pub(crate) async fn a_repeated_request_is_replayed(world: &mut World) {
    let first = world.message(0);
    assert_eq!(world.store.accept(request(&first, idempotency("a", 1))).await.expect("kept"), Accepted::New);
    world.restart().await;
    let second = world.message(10);
    let again = world.store.accept(request(&second, idempotency("a", 1))).await.expect("answered");
    let answer = StoredAnswer { status: 200, body: vec![b'{', 1, b'}'].into() };
    assert_eq!(again, Accepted::Replayed(answer.clone()));
    assert_eq!(world.store.message(second.workspace, second.id).await.expect("read"), None);
    let found = world.store.find_answer(KEY, "a".to_owned(), ROUTE, [1; 32], at(10)).await;
    assert_eq!(found.expect("found"), Accepted::Replayed(answer));
    let other_key = AccountKeyId::from_key(4096);
    let found = world.store.find_answer(other_key, "a".to_owned(), ROUTE, [1; 32], at(10)).await;
    assert_eq!(found.expect("read"), Accepted::New, "keys of others do not meet");
}

pub(crate) async fn a_key_belongs_to_a_route_and_a_body(world: &mut World) {
    let store = &world.store;
    store.accept(request(&world.message(0), idempotency("a", 1))).await.expect("kept");
    let other_body = store.accept(request(&world.message(1), idempotency("a", 2))).await;
    assert_eq!(other_body.expect("answered"), Accepted::KeyWithOtherBody);
    let elsewhere = Idempotency { route: "POST /v2/api/messages", ..idempotency("a", 2) };
    let other_route = store.accept(request(&world.message(2), elsewhere)).await;
    assert_eq!(other_route.expect("answered"), Accepted::KeyOnOtherRoute);
    assert_eq!(store.counts().await.expect("counts").queued, 1);
}

pub(crate) async fn an_expired_key_is_new_again(world: &mut World) {
    let store = &world.store;
    store.accept(request(&world.message(0), idempotency("a", 1))).await.expect("kept");
    let found = store.find_answer(KEY, "a".to_owned(), ROUTE, [1; 32], at(3600)).await;
    assert_eq!(found.expect("read"), Accepted::New);
    let fresh = Idempotency { expires_at: at(9000), ..idempotency("a", 2) };
    assert_eq!(store.accept(request(&world.message(3600), fresh)).await.expect("kept"), Accepted::New);
    let found = store.find_answer(KEY, "a".to_owned(), ROUTE, [2; 32], at(3601)).await;
    assert!(matches!(found, Ok(Accepted::Replayed(_))));
}

pub(crate) async fn two_requests_in_flight_with_one_key_keep_one_message(world: &mut World) {
    let (first, second) = (world.message(0), world.message(0));
    let a = world.store.accept(request(&first, idempotency("a", 1)));
    let b = world.store.accept(request(&second, idempotency("a", 1)));
    assert_eq!(a.await.expect("kept"), Accepted::New);
    assert!(matches!(b.await, Ok(Accepted::Replayed(_))));
    assert_eq!(world.store.counts().await.expect("counts").queued, 1);
}

pub(crate) async fn a_list_is_kept_whole_or_not_at_all(world: &mut World) {
    let list = |from: i64| -> Vec<Accept> { (from..from + 3).map(|n| world.message(n).into()).collect() };
    let (first, store) = (list(0), &world.store);
    let kept = store.accept_all(first.clone(), Some(idempotency("a", 1)), at(0)).await;
    assert_eq!(kept.expect("kept"), Accepted::New);
    let again = store.accept_all(list(10), Some(idempotency("a", 1)), at(10)).await;
    assert!(matches!(again, Ok(Accepted::Replayed(_))));
    // Its last message is there already: its first one is not kept, not counted and not told either.
    let mut broken = list(20);
    broken.push(first[2].clone());
    let neighbour = world.message(30);
    let [broken, beside] = [
        store.accept_all(broken, Some(idempotency("b", 1)), at(20)),
        store.accept(Accept::from(neighbour.clone())),
    ];
    assert!(matches!(broken.await, Err(StoreError::Conflict(_))));
    assert_eq!(beside.await.expect("kept"), Accepted::New);
    let unused = store.find_answer(KEY, "b".to_owned(), ROUTE, [1; 32], at(21)).await;
    assert_eq!(unused.expect("read"), Accepted::New, "an error does not use up a key");
    assert_eq!(store.counts().await.expect("counts").queued, 4);
    assert_eq!(store.usage(at(0).utc_day()).await.expect("read"), [(KEY, 4)]);
    store.close().await.expect("closes");
    let told = world.told.lock().expect("no panic holds it").clone();
    let expected = first.iter().map(|accept| accept.message.id).chain([neighbour.id]);
    assert_eq!(told, expected.collect::<Vec<_>>());
}

pub(crate) async fn usage_counts_what_was_kept(world: &mut World) {
    let other = AccountKeyId::from_key(4096);
    for n in 0..5 {
        world.keep(&world.message(n)).await;
    }
    world.keep(&Message { api_key: other, ..world.message(6) }).await;
    world.keep(&world.message(86_400)).await;
    world.store.accept(request(&world.message(7), idempotency("a", 1))).await.expect("kept");
    world.store.accept(request(&world.message(8), idempotency("a", 1))).await.expect("replayed");
    let usage = world.store.usage(at(0).utc_day()).await.expect("read");
    assert_eq!(usage, [(KEY, 6), (other, 1)]);
    assert_eq!(world.store.usage(at(86_400).utc_day()).await.expect("read"), [(KEY, 1)]);
    assert_eq!(world.store.usage(0).await.expect("read"), []);
}
