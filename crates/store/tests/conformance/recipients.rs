use facteur_domain::{Message, MessageId};
use facteur_store::{Accept, Accepted, MessageFilter, Page, StoredMessage};

use super::world::{OTHER, WORKSPACE, World, phone};

/// Enough for one run of the index and what stays after it.
const MANY: i64 = 25_000;

fn keys(found: &[StoredMessage]) -> Vec<MessageId> {
    found.iter().map(|stored| stored.message.id).collect()
}

/// Keeps many messages to a hundred people; those to the third one, newest first.
async fn many(world: &World) -> Vec<Message> {
    let messages: Vec<Message> =
        (0..MANY).map(|n| Message { recipient: phone(n.unsigned_abs() % 100), ..world.message(n) }).collect();
    for chunk in messages.chunks(1_000) {
        let accepts = chunk.iter().cloned().map(Accept::from).collect();
        let kept = world.store.accept_all(accepts, None, chunk[0].accepted_at).await;
        assert_eq!(kept.expect("kept"), Accepted::New);
    }
    messages.into_iter().rev().filter(|message| message.recipient == phone(3)).collect()
}

pub(crate) async fn a_person_s_messages_are_found_newest_first(world: &mut World) {
    let expected: Vec<MessageId> = many(world).await.iter().map(|message| message.id).collect();
    world.keep(&Message { workspace: OTHER, recipient: phone(3), ..world.message(MANY) }).await;
    // Before anything is indexed, while it is, and after a restart, the answers are the same.
    for indexed in [false, true, true] {
        if indexed {
            while world.store.index_recipients().await.expect("indexed") {}
            world.restart().await;
        }
        let store = &world.store;
        let all = store.messages_to(WORKSPACE, phone(3), None, 1_000).await.expect("read");
        assert_eq!(keys(&all), expected);
        let page = store.messages_to(WORKSPACE, phone(3), Some(expected[9]), 20).await.expect("read");
        assert_eq!(keys(&page), expected[10..30]);
        assert_eq!(store.messages_to(WORKSPACE, phone(500), None, 9).await.expect("read"), []);
        let filter = MessageFilter { recipient: Some(phone(3)), ..MessageFilter::default() };
        let listed = store.messages(WORKSPACE, filter.clone(), Page { page: 2, size: 10 }).await;
        let listed = listed.expect("read");
        assert_eq!((keys(&listed.rows), listed.total), (expected[10..20].to_vec(), 250));
        let from = all[99].message.accepted_at;
        let filter = MessageFilter { from: Some(from), ..filter };
        let listed = store.messages(WORKSPACE, filter, Page { page: 1, size: 1 }).await.expect("read");
        assert_eq!(listed.total, 100);
    }
}

pub(crate) async fn an_indexed_person_is_erased(world: &mut World) {
    let theirs = many(world).await;
    while world.store.index_recipients().await.expect("indexed") {}
    let (store, at) = (&world.store, super::world::at(MANY + 1));
    let by = facteur_store::Actor::named("test");
    let erased = store.erase_person(WORKSPACE, phone(3), at, by).await.expect("erased");
    assert_eq!(erased, theirs.len() as u64);
    assert_eq!(store.messages_to(WORKSPACE, phone(3), None, 1_000).await.expect("read"), []);
    assert_eq!(store.messages_to(WORKSPACE, phone(4), None, 1_000).await.expect("read").len(), 250);
    assert_eq!(world.read(&theirs[0]).await.message.recipient, facteur_store::erased_number());
}
