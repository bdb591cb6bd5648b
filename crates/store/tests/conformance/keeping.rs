use facteur_domain::delivery::Event;
use facteur_domain::{Class, Message, State};
use facteur_store::{
    Accept, Accepted, Idempotency, MessageFilter, Page, StoreError, StoredAnswer, WorkCounts,
};

use super::world::{KEY, OTHER, WORKSPACE, World, at, phone};

const ALL: Page = Page { page: 1, size: 100 };

pub(crate) async fn other_workspaces_see_nothing(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    let theirs = Message { workspace: OTHER, ..world.message(3) };
    world.keep(&theirs).await;
    assert_eq!(world.store.message(OTHER, message.id).await.expect("read"), None);
    assert_eq!(world.store.story(OTHER, message.id).await.expect("read"), []);
    let listed = world.store.messages(OTHER, MessageFilter::default(), ALL).await.expect("read");
    assert_eq!(listed.total, 1);
    assert_eq!(listed.rows[0].message, theirs);
    let cancelled = world.store.cancel(WORKSPACE, theirs.id, at(5), facteur_store::Actor::named("ana")).await;
    assert!(matches!(cancelled, Err(StoreError::NotFound("message"))));
    assert_eq!(world.state(&theirs).await, State::Queued);
}

pub(crate) async fn lists_are_filtered_counted_and_paged(world: &mut World) {
    let delivered = world.submitted(phone(1), "A").await;
    world.receipt(world.receipt_of("A", Event::ReceiptDelivered, 5)).await;
    let half = world.accepted(2, phone(2)).await;
    world.hand_over(&half, 1).await;
    world.taken(&half, 0, 2, "B").await;
    let otp = Message {
        class: Class::Otp,
        sender: "MABoutique".parse().expect("a sender"),
        client_reference: None,
        ..world.message(100)
    };
    world.keep(&otp).await;
    let newest_first = [&otp, &half, &delivered];
    let cases: [(&str, MessageFilter, &[&Message]); 10] = [
        ("all", MessageFilter::default(), &newest_first),
        ("number", MessageFilter { recipient: Some(phone(2)), ..Default::default() }, &[&half]),
        ("sender", MessageFilter { sender: Some("maboutique".into()), ..Default::default() }, &[&otp]),
        ("delivered", MessageFilter { state: Some(State::Delivered), ..Default::default() }, &[&delivered]),
        ("submitting", MessageFilter { state: Some(State::Submitting), ..Default::default() }, &[&half]),
        ("submitted", MessageFilter { state: Some(State::Submitted), ..Default::default() }, &[]),
        ("class", MessageFilter { class: Some(Class::Otp), ..Default::default() }, &[&otp]),
        (
            "reference",
            MessageFilter { client_reference: Some("order-42".into()), ..Default::default() },
            &[&half, &delivered],
        ),
        ("from", MessageFilter { from: Some(at(100)), ..Default::default() }, &[&otp]),
        ("to", MessageFilter { to: Some(at(100)), ..Default::default() }, &[&half, &delivered]),
    ];
    for (name, filter, expected) in cases {
        let listed = world.store.messages(WORKSPACE, filter, ALL).await.expect("read");
        let found: Vec<&Message> = listed.rows.iter().map(|row| &row.message).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(listed.total, expected.len() as u64, "{name}");
    }
    for (page, expected) in [(1, &newest_first[..2]), (2, &newest_first[2..]), (3, &[])] {
        let page = Page { page, size: 2 };
        let listed = world.store.messages(WORKSPACE, MessageFilter::default(), page).await.expect("read");
        assert_eq!(listed.total, 3);
        assert_eq!(listed.rows.iter().map(|row| &row.message).collect::<Vec<_>>(), expected, "{page:?}");
    }
}

pub(crate) async fn a_backup_is_a_whole_store(world: &mut World) {
    let message = world.submitted(phone(1), "A").await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let copy = elsewhere.path().join("facteur.db");
    world.store.backup(copy.clone()).await.expect("copied");
    let again = world.store.backup(copy).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "a backup overwrites nothing: {again:?}");
    let later = world.accepted(1, phone(2)).await;
    let restored = world.open_in(elsewhere.path());
    let read = restored.message(message.workspace, message.id).await.expect("read").expect("there");
    assert_eq!((read.message, read.state), (message, State::Submitted));
    assert_eq!(restored.message(later.workspace, later.id).await.expect("read"), None);
    let receipt = world.receipt_of("A", Event::ReceiptDelivered, 9);
    let fates = restored.record_receipts(vec![receipt]).await.expect("it goes on from there");
    assert!(matches!(fates[0].fate, facteur_store::ReceiptFate::Moved(_)));
    assert_eq!(restored.check().await.expect("checked"), Vec::<String>::new());
    restored.close().await.expect("closes");
}

pub(crate) async fn closing_waits_for_what_is_queued(world: &mut World) {
    let messages: Vec<Message> = (0..500).map(|n| world.message(n)).collect();
    let pending: Vec<_> =
        messages.iter().map(|message| world.store.accept(Accept::from(message.clone()))).collect();
    let closed = world.store.close();
    let late = world.store.accept(Accept::from(world.message(600)));
    closed.await.expect("closes");
    for answer in pending {
        assert_eq!(answer.await.expect("kept"), Accepted::New);
    }
    assert!(matches!(late.await, Err(StoreError::Closed)));
    assert!(matches!(world.store.counts().await, Err(StoreError::Closed)));
    let again = world.open_in(world.folder.path());
    assert_eq!(again.counts().await.expect("read").queued, 500);
}

pub(crate) async fn a_sound_store_has_no_faults(world: &mut World) {
    world.submitted(phone(1), "A").await;
    assert_eq!(world.store.check().await.expect("checked"), Vec::<String>::new());
}

pub(crate) async fn what_is_kept_for_a_time_is_forgotten(world: &mut World) {
    let idempotency = Idempotency {
        api_key: KEY,
        key: "a".into(),
        route: "POST /v1/api/sms",
        fingerprint: [0; 32],
        expires_at: at(3600),
        answer: StoredAnswer { status: 200, body: bytes::Bytes::new() },
    };
    let accept = Accept { idempotency: Some(idempotency), ..world.message(0).into() };
    world.store.accept(accept).await.expect("kept");
    let failed = world.submitted(phone(1), "F").await;
    world.receipt(world.receipt_of("F", Event::ReceiptUndelivered, 5)).await;
    world.receipt(world.receipt_of("X", Event::ReceiptDelivered, 10)).await;
    world.receipt(world.receipt_of("Y", Event::ReceiptDelivered, 20)).await;
    assert_eq!(world.store.tidy(at(3599), at(10)).await.expect("tidied"), 0);
    assert_eq!(world.store.tidy(at(3599), at(20)).await.expect("tidied"), 1, "one orphan");
    assert_eq!(world.store.tidy(at(3600), at(20)).await.expect("tidied"), 1, "the key");
    assert_eq!(world.store.tidy(at(5 + 96 * 3600), at(20)).await.expect("tidied"), 1, "the failed part");
    let too_late = world.receipt(world.receipt_of("F", Event::ReceiptDelivered, 400_000)).await;
    assert_eq!(too_late, facteur_store::ReceiptFate::Orphan);
    assert_eq!(world.state(&failed).await, State::Undelivered);
    assert_eq!(
        world.store.counts().await.expect("read"),
        WorkCounts { queued: 1, orphans: 2, ..Default::default() }
    );
}
