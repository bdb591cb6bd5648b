//! Webhooks in the store: told with their cause, leased, recorded, replayed, forgotten.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, Message, MessageId, MessageText, Msisdn, OptOutScope, PartId, Redacted, Timestamp,
    WebhookId, WorkspaceId,
};
use facteur_store::{
    Accept, Actor, AfterDelivery, Answer, AnswerOutcome, ContactCard, ContactUpdate, Courier,
    DeliveryOutcome, DeliveryState, DueDeliveries, DueDelivery, DueRequest, HandOver, NewOptOut, NewWebhook,
    Options, Page, Replay, RouteId, Store, StoreError, V1Endpoint, V1Topic, Webhook, WebhookTopic,
    WebhookUpdate, Workspace,
};
use tempfile::TempDir;

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const PATIENCE: Duration = Duration::from_secs(5 * 86_400);
const LEASE: Duration = Duration::from_secs(900);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + seconds * 1000)
}

fn actor() -> Actor {
    Actor::named("test")
}

struct World {
    store: Store,
    folder: TempDir,
    route: RouteId,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder);
        let workspace = Workspace { id: WORKSPACE, name: "Demo".to_owned(), created_at: at(0) };
        store.create_workspace(workspace, actor()).await.expect("made");
        let route = store.route("operator".to_owned()).await.expect("a route");
        Self { store, folder, route }
    }

    async fn subscribe(&self, topics: &[WebhookTopic]) -> Webhook {
        let new = NewWebhook {
            url: "https://example.com/hook".to_owned(),
            topics: topics.to_vec(),
            description: None,
            secret: Redacted::new([7; 32]),
            enabled: true,
            v1: None,
        };
        self.store.create_webhook(WORKSPACE, new, at(0), actor()).await.expect("made")
    }

    async fn accept(&self, n: i64, held: bool) -> MessageId {
        let id = MessageId::from_key(n << 21);
        let message = Message {
            id,
            workspace: WORKSPACE,
            api_key: AccountKeyId::from_key(48),
            sender: "MyCompany".parse().expect("a sender"),
            recipient: Msisdn::from_digits(33_639_980_001).expect("a number"),
            class: Class::Transactional,
            text: MessageText::try_from("Bonjour".to_owned()).expect("a text"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at: at(n),
            send_at: at(if held { n + 60 } else { n }),
            expires_at: at(n + 3600),
            client_reference: None,
            test: false,
            auto_reply: None,
        };
        self.store
            .accept(Accept { held: held.then_some("fr.window.night"), ..message.into() })
            .await
            .expect("kept");
        id
    }

    /// Sends a message; the operator takes it, or refuses it.
    async fn send(&self, n: i64, taken: bool) -> MessageId {
        let outcome = if taken {
            AnswerOutcome::Taken { smsc_id: format!("id-{n}") }
        } else {
            AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() }
        };
        self.answered(n, outcome).await
    }

    /// Sends a message, and the operator answers so.
    async fn answered(&self, n: i64, outcome: AnswerOutcome) -> MessageId {
        let message = self.accept(n, false).await;
        let order = HandOver {
            message,
            parts: 1,
            recipient: Msisdn::from_digits(33_639_980_001).expect("a number"),
            parts_owed: 1,
            route: self.route,
            at: at(n),
            marketing: false,
            through: None,
        };
        self.store.hand_over(vec![order]).await.expect("handed over");
        let answer = Answer { part: PartId::new(message, 0), route: self.route, at: at(n), outcome };
        self.store.record_answers(vec![answer]).await.expect("recorded");
        message
    }

    async fn due(&self, seconds: i64) -> DueDeliveries {
        let request = DueRequest {
            now: at(seconds),
            lease: LEASE,
            room: 100,
            rooms: Vec::new(),
            limit: 1000,
            thorough: false,
        };
        self.store.due_deliveries(request).await.expect("leased")
    }

    async fn record(&self, due: &DueDeliveries, seconds: i64, next: AfterDelivery) -> Vec<Webhook> {
        let outcomes = due.deliveries.iter().map(|delivery| DeliveryOutcome {
            endpoint: delivery.endpoint,
            event: delivery.event,
            at: at(seconds),
            took: Duration::from_millis(12),
            status: Some(500),
            error: Some("500".to_owned()),
            answer: Some("oh".to_owned()),
            next,
        });
        self.store.record_deliveries(outcomes.collect(), PATIENCE, at(seconds)).await.expect("recorded")
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(Options::new(folder.path().join("facteur.db")), Box::new(|_| ())).expect("opens")
}

fn topics(due: &DueDeliveries) -> Vec<String> {
    due.deliveries
        .iter()
        .map(|delivery| {
            let payload: serde_json::Value = serde_json::from_str(delivery.payload.show()).expect("JSON");
            payload["topic"].as_str().expect("a topic").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn who_subscribed_is_told_and_nobody_else() {
    let world = World::new().await;
    world.send(1, true).await;
    assert_eq!(world.store.webhooks_raised(), 0, "nobody listens");
    world.subscribe(&[WebhookTopic::SmsSent, WebhookTopic::SmsHeld, WebhookTopic::OptOutCreated]).await;
    let message = world.send(2, true).await;
    world.send(3, false).await;
    world.accept(4, true).await;
    let stop = NewOptOut {
        number: Msisdn::from_digits(33_639_980_001).expect("a number"),
        scope: OptOutScope::Workspace,
        advertiser: None,
        source: "api".to_owned(),
        reason: None,
    };
    world.store.record_opt_outs(WORKSPACE, vec![stop.clone()], at(5), actor()).await.expect("kept");
    world.store.record_opt_outs(WORKSPACE, vec![stop], at(6), actor()).await.expect("kept");
    let due = world.due(10).await;
    assert_eq!(topics(&due), ["sms.sent", "sms.held", "opt_out.created"]);
    let told: serde_json::Value = serde_json::from_str(due.deliveries[0].payload.show()).expect("JSON");
    let data = &told["data"];
    assert_eq!(told["version"], "2.0");
    assert_eq!(data["id"], message.to_string());
    assert_eq!((&data["direction"], &data["type"]), (&"OUTBOUND".into(), &"SMS".into()));
    assert_eq!((&data["from_name"], &data["from_number"]), (&"MyCompany".into(), &serde_json::Value::Null));
    assert_eq!((&data["content"], &data["to_number"]), (&"Bonjour".into(), &"+33639980001".into()));
    assert_eq!((&data["status"], &data["route"]), (&"submitted".into(), &"operator".into()));
}

#[tokio::test]
async fn a_refusal_by_the_operator_is_told_with_its_word() {
    let world = World::new().await;
    world.subscribe(&[WebhookTopic::SmsUndelivered]).await;
    world.send(1, false).await;
    let due = world.due(2).await;
    assert_eq!(topics(&due), ["sms.undelivered"]);
    let told: serde_json::Value = serde_json::from_str(due.deliveries[0].payload.show()).expect("JSON");
    assert_eq!(told["data"]["error"], "ESME_RINVDSTADR");
    assert_eq!(told["data"]["status"], "rejected");
}

#[tokio::test]
async fn what_nobody_will_ever_know_is_told() {
    let world = World::new().await;
    world.subscribe(WebhookTopic::ALL).await;
    // Its answer was lost, and its class leaves it.
    let lost = world.answered(1, AnswerOutcome::Lost).await;
    assert_eq!(topics(&world.due(2).await), [""; 0], "it may be sent again");
    world.store.leave_unknown(vec![lost], at(20)).await.expect("left");
    world.store.leave_unknown(vec![lost], at(21)).await.expect("left");
    let due = world.due(22).await;
    assert_eq!(topics(&due), ["sms.unknown"], "once");
    let told: serde_json::Value = serde_json::from_str(due.deliveries[0].payload.show()).expect("JSON");
    assert_eq!((&told["data"]["id"], &told["data"]["status"]), (&lost.to_string().into(), &"unknown".into()));
    // It was taken, and its receipt does not come.
    let silent = world.send(30, true).await;
    world.store.overdue_receipts(at(40), at(50), 10).await.expect("swept");
    let due = world.due(51).await;
    assert_eq!(topics(&due), ["sms.sent", "sms.unknown"]);
    let told: serde_json::Value = serde_json::from_str(due.deliveries[1].payload.show()).expect("JSON");
    assert_eq!(told["data"]["id"], silent.to_string());
}

#[tokio::test]
async fn a_lease_is_exclusive_until_it_ends_and_a_restart_ends_it() {
    let mut world = World::new().await;
    world.subscribe(&[WebhookTopic::SmsSent]).await;
    world.send(1, true).await;
    let first = world.due(2).await;
    assert_eq!(first.deliveries.len(), 1);
    assert_eq!(world.due(3).await.deliveries.len(), 0, "leased");
    assert_eq!(world.due(2 + 900).await.deliveries, first.deliveries, "the lease ended");
    world.store.close().await.expect("closes");
    world.store = open(&world.folder);
    assert_eq!(world.due(1000).await.deliveries.len(), 0, "a new process does not take what another leased");
    assert_eq!(world.store.recover_deliveries(at(1001)).await.expect("freed"), 1);
    assert_eq!(world.due(1001).await.deliveries, first.deliveries, "the same id and octets");
}

#[tokio::test]
async fn attempts_are_recorded_and_replayed() {
    let world = World::new().await;
    let endpoint = world.subscribe(&[WebhookTopic::SmsSent]).await;
    world.send(1, true).await;
    let due = world.due(2).await;
    world.record(&due, 3, AfterDelivery::Retry(at(8))).await;
    assert_eq!(world.due(7).await.next_due, Some(at(8)));
    let again = world.due(8).await;
    assert_eq!(again.deliveries[0].attempts, 1);
    world.record(&again, 9, AfterDelivery::GiveUp).await;
    assert_eq!(world.due(100_000).await.deliveries.len(), 0);
    let page = Page { page: 1, size: 10 };
    let listed = world.store.webhook_deliveries(WORKSPACE, endpoint.id, page).await.expect("read");
    let [row] = listed.rows.as_slice() else { panic!("one row") };
    assert_eq!((row.state, row.attempts, row.status), (DeliveryState::Failed, 2, Some(500)));
    assert_eq!(row.tried, Some((at(9), Duration::from_millis(12))));
    let other = WorkspaceId::from_key(32);
    let foreign = world
        .store
        .replay_webhook(other, endpoint.id, Replay::Since(at(0)), at(10), facteur_store::Actor::named("ana"))
        .await;
    assert!(matches!(foreign, Err(StoreError::NotFound(_))));
    for (what, count) in [
        (Replay::Since(at(2)), 0),
        (Replay::Since(at(1)), 1),
        (Replay::Since(at(1)), 0),
        (Replay::One(row.event), 1),
    ] {
        let owed = world
            .store
            .replay_webhook(WORKSPACE, endpoint.id, what, at(10), facteur_store::Actor::named("ana"))
            .await
            .expect("done");
        assert_eq!(owed, count, "{what:?}");
    }
    let replayed = world.due(10).await;
    assert_eq!((replayed.deliveries[0].event, replayed.deliveries[0].attempts), (row.event, 0));
}

#[tokio::test]
async fn endpoints_that_are_gone_or_dead_are_disabled() {
    let world = World::new().await;
    let endpoint = world.subscribe(&[WebhookTopic::SmsSent]).await;
    let days = |days: i64| days * 86_400;
    world.send(1, true).await;
    let due = world.due(2).await;
    assert_eq!(world.record(&due, 3, AfterDelivery::Retry(at(4))).await.len(), 0);
    let due = world.due(4).await;
    assert_eq!(world.record(&due, days(4), AfterDelivery::Done).await.len(), 0, "it lives");
    for (n, dies) in [(days(5), false), (days(9), false), (days(10), true)] {
        world.send(n, true).await;
        let due = world.due(n).await;
        let disabled = world.record(&due, n, AfterDelivery::GiveUp).await;
        assert_eq!(disabled.len(), usize::from(dies), "day {}", n / 86_400);
    }
    world.send(days(10) + 1, true).await;
    assert_eq!(world.due(days(11)).await.deliveries.len(), 0, "a disabled endpoint is told nothing");
    let enable = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
    let update = world.store.update_webhook(WORKSPACE, endpoint.id, enable, at(days(11)), actor());
    assert_eq!(update.await.expect("changed").disabled_reason, None);
    world.send(days(11), true).await;
    let due = world.due(days(11)).await;
    let disabled = world.record(&due, days(11), AfterDelivery::Gone).await;
    assert!(disabled[0].disabled_reason.as_deref().is_some_and(|why| why.contains("410")));
}

#[tokio::test]
async fn what_is_erased_or_old_is_told_to_nobody() {
    let world = World::new().await;
    world.subscribe(&[WebhookTopic::SmsSent]).await;
    world.send(1, true).await;
    let number = Msisdn::from_digits(33_639_980_001).expect("a number");
    world.store.erase_person(WORKSPACE, number, at(2), actor()).await.expect("erased");
    assert_eq!(world.due(3).await.deliveries.len(), 0, "erased");
    world.send(4, true).await;
    let week = 7 * 86_400;
    world.store.tidy(at(week), at(0)).await.expect("tidied");
    assert_eq!(world.due(week).await.deliveries.len(), 1, "kept for a week");
    world.store.tidy(at(week + 5), at(0)).await.expect("tidied");
    assert_eq!(world.due(2 * week).await.deliveries.len(), 0, "forgotten");
}

#[tokio::test]
async fn an_endpoint_of_v1_is_told_of_its_sender_alone() {
    let world = World::new().await;
    let made = |sender: &str| {
        let v1 = V1Endpoint { sender: sender.parse().expect("a sender"), topics: vec![V1Topic::SmsSent] };
        let new = NewWebhook {
            url: "https://example.com/hook".to_owned(),
            topics: Vec::new(),
            description: None,
            secret: Redacted::new([7; 32]),
            enabled: true,
            v1: Some(v1),
        };
        world.store.create_webhook(WORKSPACE, new, at(0), actor())
    };
    let (mine, _other) = (made("MyCompany").await.expect("made"), made("38180").await.expect("made"));
    let every = world.subscribe(&[WebhookTopic::SmsSent]).await;
    let message = world.send(1, true).await;
    let due = world.due(2).await;
    let told: Vec<_> = due.deliveries.iter().map(|delivery| delivery.endpoint).collect();
    assert_eq!(told, [mine.id, every.id]);
    let body = due.deliveries[0].payload.show();
    assert!(body.starts_with(r#"{"topic":"SMS_SENT","data":{"id":"msg_"#), "{body}");
    assert!(body.contains(&message.to_string()) && body.contains(r#""from_number":"MyCompany""#), "{body}");
    let topics = WebhookUpdate { topics: Some(vec![WebhookTopic::SmsSent]), ..WebhookUpdate::default() };
    let changed = world.store.update_webhook(WORKSPACE, mine.id, topics, at(3), actor()).await;
    assert!(matches!(changed, Err(StoreError::Conflict(_))), "{changed:?}");
}

#[tokio::test]
async fn contacts_are_told_with_their_change_and_erased_with_their_number() {
    let world = World::new().await;
    let hook = world.subscribe(&[WebhookTopic::ContactCreated, WebhookTopic::ContactUpdated]).await;
    let number = |n: u64| Msisdn::from_digits(33_639_980_000 + n).expect("a number");
    let card = ContactCard {
        name: Some("Camille".to_owned()),
        numbers: vec![number(1), number(2)],
        ..ContactCard::default()
    };
    let made = world
        .store
        .create_contact(WORKSPACE, card, at(1), facteur_store::Actor::named("ana"))
        .await
        .expect("made");
    let update = ContactUpdate { last_name: Some(Some("Durand".to_owned())), ..ContactUpdate::default() };
    let changed = world
        .store
        .update_contact(WORKSPACE, made.id, update, at(2), facteur_store::Actor::named("ana"))
        .await
        .expect("changed");
    assert_eq!((changed.card.name.as_deref(), changed.card.numbers.len()), (Some("Camille"), 2));
    let due = world.due(3).await;
    let bodies: Vec<_> = due.deliveries.iter().map(|delivery| delivery.payload.show().clone()).collect();
    assert!(
        bodies[0].contains("contact.created") && bodies[1].contains("\"last_name\":\"Durand\""),
        "{bodies:?}"
    );
    let found = world.store.contacts_of(WORKSPACE, vec![number(2), number(3)]).await.expect("read");
    assert_eq!((found[0].1.len(), found[1].1.len()), (1, 0));
    // The contact keeps its other number; what was told of it goes.
    world.store.erase_person(WORKSPACE, number(2), at(4), actor()).await.expect("erased");
    let left = world.store.contact(WORKSPACE, made.id).await.expect("read").expect("there");
    assert_eq!(left.card.numbers, [number(1)]);
    let page = Page { page: 1, size: 10 };
    let kept = world.store.webhook_deliveries(WORKSPACE, hook.id, page).await.expect("read");
    assert_eq!(kept.total, 0);
    world.store.erase_person(WORKSPACE, number(1), at(5), actor()).await.expect("erased");
    assert_eq!(world.store.contact(WORKSPACE, made.id).await.expect("read"), None);
}

/// Who delivers: with room for so many, and what came.
#[derive(Default)]
struct Hands {
    room: Mutex<usize>,
    came: Mutex<Vec<(Arc<Webhook>, DueDelivery)>>,
}

impl Hands {
    fn room(&self, room: usize) {
        *self.room.lock().expect("locked") = room;
    }

    fn left(&self) -> usize {
        *self.room.lock().expect("locked")
    }

    /// What came with what the store has answered so far.
    async fn heard(&self, store: &Store) -> DueDeliveries {
        // Who asked is answered first: the next batch comes behind both.
        store.route("operator".to_owned()).await.expect("a route");
        self.came()
    }

    fn came(&self) -> DueDeliveries {
        let came = std::mem::take(&mut *self.came.lock().expect("locked"));
        let deliveries = came.into_iter().map(|(_, delivery)| delivery).collect();
        DueDeliveries { deliveries, ..DueDeliveries::default() }
    }
}

impl Courier for Hands {
    fn reserve(&self, _: WebhookId) -> bool {
        let mut room = self.room.lock().expect("locked");
        let free = *room > 0;
        *room -= usize::from(free);
        free
    }

    fn release(&self, _: WebhookId) {
        *self.room.lock().expect("locked") += 1;
    }

    fn deliver(&self, leased: Vec<(Arc<Webhook>, DueDelivery)>) {
        self.came.lock().expect("locked").extend(leased);
    }
}

#[tokio::test]
async fn what_is_raised_goes_at_once_to_who_has_room_and_overtakes_nothing() {
    let mut world = World::new().await;
    let endpoint = world.subscribe(&[WebhookTopic::SmsSent]).await;
    let hands = Arc::new(Hands::default());
    hands.room(1);
    world.store.engage_courier(hands.clone(), LEASE).await.expect("engaged");
    world.send(1, true).await;
    assert_eq!(
        hands.heard(&world.store).await.deliveries.len(),
        0,
        "whether older ones wait is not known yet"
    );
    assert_eq!(world.due(2).await.deliveries.len(), 1);
    let raised = world.store.webhooks_raised();
    world.send(3, true).await;
    let leased = hands.heard(&world.store).await;
    assert_eq!((topics(&leased), world.store.webhooks_raised()), (vec!["sms.sent".to_owned()], raised));
    assert_eq!(world.due(4).await.deliveries.len(), 0, "leased");
    world.send(5, true).await;
    assert_eq!(
        (hands.heard(&world.store).await.deliveries.len(), world.store.webhooks_raised()),
        (0, raised + 1),
        "no room"
    );
    hands.room(1);
    world.send(6, true).await;
    assert_eq!(hands.heard(&world.store).await.deliveries.len(), 0, "another waits before it");
    assert_eq!(world.due(7).await.deliveries.len(), 2);
    world.send(8, true).await;
    assert_eq!(hands.heard(&world.store).await.deliveries.len(), 1, "level again");
    world.record(&leased, 9, AfterDelivery::Done).await;
    let page = Page { page: 1, size: 10 };
    let listed = world.store.webhook_deliveries(WORKSPACE, endpoint.id, page).await.expect("read");
    let delivered = listed.rows.iter().filter(|row| row.state == DeliveryState::Delivered);
    assert_eq!(delivered.map(|row| row.event).collect::<Vec<_>>(), [leased.deliveries[0].event]);
    world.store.close().await.expect("closes");
    world.store = open(&world.folder);
    assert_eq!(
        world.store.recover_deliveries(at(10)).await.expect("freed"),
        4,
        "all but the one that was taken"
    );
}

#[cfg(debug_assertions)]
#[test]
fn what_the_disk_refused_goes_to_nobody() {
    const FULL: i32 = 13;
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options::new(folder.path().join("facteur.db"));
    let (store, mut hand) = Store::open_by_hand(options, Box::new(|_| ())).expect("opens");
    let workspace = Workspace { id: WORKSPACE, name: "Demo".to_owned(), created_at: at(0) };
    let new = NewWebhook {
        url: "https://example.com/hook".to_owned(),
        topics: vec![WebhookTopic::ContactCreated],
        description: None,
        secret: Redacted::new([7; 32]),
        enabled: true,
        v1: None,
    };
    let hands = Arc::new(Hands::default());
    let made = store.create_workspace(workspace, actor());
    let webhook = store.create_webhook(WORKSPACE, new, at(0), actor());
    let engaged = store.engage_courier(hands.clone(), LEASE);
    hand.write(None);
    made.wait().expect("made");
    webhook.wait().expect("made");
    engaged.wait().expect("engaged");
    let look = |hand: &mut facteur_store::Hand, seconds| {
        let request = DueRequest {
            now: at(seconds),
            lease: LEASE,
            room: 100,
            rooms: Vec::new(),
            limit: 1000,
            thorough: true,
        };
        let due = store.due_deliveries(request);
        hand.write(None);
        due.wait().expect("leased").deliveries.len()
    };
    assert_eq!(look(&mut hand, 1), 0);
    hands.room(5);
    let card = || ContactCard { name: Some("Camille".to_owned()), ..ContactCard::default() };
    let refused = store.create_contact(WORKSPACE, card(), at(2), actor());
    hand.write(Some(FULL));
    assert!(refused.wait().is_err());
    assert_eq!((hands.came().deliveries.len(), hands.left()), (0, 5), "the batch was not kept");
    assert_eq!(look(&mut hand, 3), 0);
    let kept = store.create_contact(WORKSPACE, card(), at(4), actor());
    hand.write(None);
    kept.wait().expect("made");
    assert_eq!((hands.came().deliveries.len(), hands.left()), (1, 4));
    assert_eq!(look(&mut hand, 5), 0, "leased");
}
