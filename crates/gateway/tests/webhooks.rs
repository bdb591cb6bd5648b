//! Webhooks, from their cause to a real receiver on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use facteur_domain::{EventId, IdSource, Redacted, WorkspaceId};
use facteur_gateway::{Clock, Config, Gateway, WebhookRules, show_secret};
use facteur_store::{
    Actor, DeliveryState, NewWebhook, Options, Page, V1Endpoint, V1Topic, Webhook, WebhookTopic, Workspace,
};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const SECRET: [u8; 32] = [7; 32];
/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came to the receiver.
struct Heard {
    headers: HeaderMap,
    body: Bytes,
}

impl Heard {
    fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().expect("text")
    }
}

#[derive(Clone)]
struct Door {
    heard: UnboundedSender<Heard>,
    /// Statuses to answer with, then 200.
    answers: Arc<Mutex<Vec<u16>>>,
}

/// A receiver: `/hook` answers as told, `/hang` never, `/away` redirects to `/hook`, `/endless` says 200 and
/// goes on for ever, `/drip` says 200 and never ends.
struct Receiver {
    address: String,
    heard: UnboundedReceiver<Heard>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut answers = door.answers.lock().expect("no panic holds it");
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    let _ = door.heard.send(Heard { headers, body });
    StatusCode::from_u16(status).expect("a status")
}

async fn hang(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let _ = door.heard.send(Heard { headers, body });
    std::future::pending().await
}

async fn away(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let _ = door.heard.send(Heard { headers, body });
    Redirect::temporary("/hook").into_response()
}

async fn endless(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let _ = door.heard.send(Heard { headers, body });
    let octets = Bytes::from_static(&[b'x'; 8 * 1024]);
    axum::body::Body::from_stream(futures_util::stream::repeat(Ok::<_, std::convert::Infallible>(octets)))
        .into_response()
}

async fn drip(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    use futures_util::StreamExt as _;
    let _ = door.heard.send(Heard { headers, body });
    let one = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    axum::body::Body::from_stream(one.chain(futures_util::stream::pending())).into_response()
}

#[expect(clippy::disallowed_methods, reason = "the receiver is not the product; it is aborted when dropped")]
async fn receiver(answers: &[u16]) -> Receiver {
    let (heard, hearing) = unbounded_channel();
    let door = Door { heard, answers: Arc::new(Mutex::new(answers.to_vec())) };
    let router = Router::new()
        .route("/hook", post(hear))
        .route("/hang", post(hang))
        .route("/away", post(away))
        .route("/endless", post(endless))
        .route("/drip", post(drip))
        .with_state(door);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    Receiver { address, heard: hearing, task }
}

impl Receiver {
    async fn next(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.heard.recv());
        next.await.expect("something comes in time").expect("the receiver lives")
    }
}

struct World {
    gateway: Gateway,
    workspace: WorkspaceId,
    folder: TempDir,
}

async fn open(folder: &TempDir, loopback: bool) -> Gateway {
    let webhooks = WebhookRules {
        allow_loopback: loopback,
        schedule: vec![Duration::ZERO, Duration::from_millis(50), Duration::from_millis(50)],
        per_endpoint: 2,
        at_once: 8,
        ..WebhookRules::default()
    };
    let config = Config { webhooks, ..Config::default() };
    let store = Options::new(folder.path().join("facteur.db"));
    Gateway::start(config, store, Clock::system()).await.expect("starts")
}

fn actor() -> Actor {
    Actor::named("test")
}

impl World {
    async fn new(loopback: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = open(&folder, loopback).await;
        let now = gateway.now();
        let workspace = WorkspaceId::from_key(IdSource::new(0).next(now));
        let made = Workspace { id: workspace, name: "Demo".to_owned(), created_at: now };
        gateway.store().create_workspace(made, actor()).await.expect("made");
        Self { gateway, workspace, folder }
    }

    async fn endpoint(&self, url: String) -> Webhook {
        let new = NewWebhook {
            url,
            topics: vec![WebhookTopic::SmsSent],
            description: None,
            secret: Redacted::new(SECRET),
            enabled: true,
            v1: None,
        };
        let store = self.gateway.store();
        store.create_webhook(self.workspace, new, self.gateway.now(), actor()).await.expect("made")
    }

    /// Makes an event owed to an endpoint.
    async fn tell(&self, webhook: &Webhook) -> EventId {
        let told = self.gateway.store().test_webhook(
            self.workspace,
            webhook.id,
            self.gateway.now(),
            facteur_store::Actor::named("ana"),
        );
        let event = told.await.expect("told");
        self.gateway.deliver_webhooks();
        event
    }

    /// Waits until the endpoint's newest delivery stands so; its fault.
    async fn until(&self, webhook: &Webhook, state: DeliveryState) -> Option<String> {
        let waiting = async {
            loop {
                let page = Page { page: 1, size: 1 };
                let listed = self.gateway.store().webhook_deliveries(self.workspace, webhook.id, page);
                let first = listed.await.expect("read").rows.into_iter().next().expect("one");
                if first.state == state {
                    return first.error;
                }
                self.gateway.clock().pause(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to this in time")
    }

    async fn end(self) {
        self.gateway.shut_down(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn a_delivery_is_signed_so_that_the_reference_library_verifies_it() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let webhook = world.endpoint(format!("{}/hook", receiver.address)).await;
    let event = world.tell(&webhook).await;
    let heard = receiver.next().await;
    assert_eq!(heard.id(), event.to_string());
    let oracle = standardwebhooks::Webhook::new(&show_secret(&Redacted::new(SECRET))).expect("a secret");
    oracle.verify(&heard.body, &heard.headers).expect("verified");
    world.until(&webhook, DeliveryState::Delivered).await;
    world.end().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_under_the_same_id_until_the_schedule_ends() {
    for (answers, state) in
        [(&[500, 503][..], DeliveryState::Delivered), (&[500, 500, 500][..], DeliveryState::Failed)]
    {
        let (world, mut receiver) = (World::new(true).await, receiver(answers).await);
        let webhook = world.endpoint(format!("{}/hook", receiver.address)).await;
        let event = world.tell(&webhook).await;
        let first = receiver.next().await;
        for _ in 1..3 {
            let again = receiver.next().await;
            assert_eq!((again.id(), &again.body), (event.to_string().as_str(), &first.body));
        }
        world.until(&webhook, state).await;
        world.end().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[410]).await);
    let webhook = world.endpoint(format!("{}/hook", receiver.address)).await;
    world.tell(&webhook).await;
    receiver.next().await;
    world.until(&webhook, DeliveryState::Failed).await;
    let found = world.gateway.store().webhook(world.workspace, webhook.id).await.expect("read");
    assert!(!found.expect("there").enabled);
    world.end().await;
}

#[tokio::test]
async fn an_endpoint_that_hangs_delays_no_other() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let slow = world.endpoint(format!("{}/hang", receiver.address)).await;
    let quick = world.endpoint(format!("{}/hook", receiver.address)).await;
    for _ in 0..50 {
        world.tell(&slow).await;
    }
    // Both places of the slow one are taken before the other has anything.
    receiver.next().await;
    receiver.next().await;
    let event = world.tell(&quick).await;
    assert_eq!(receiver.next().await.id(), event.to_string(), "no third attempt on the slow one comes first");
    world.until(&quick, DeliveryState::Delivered).await;
    world.end().await;
}

#[tokio::test]
async fn what_was_under_way_is_told_again_after_a_restart() {
    let (mut world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let webhook = world.endpoint(format!("{}/hang", receiver.address)).await;
    let event = world.tell(&webhook).await;
    receiver.next().await;
    world.gateway.shut_down(Duration::from_millis(1)).await;
    world.gateway = open(&world.folder, true).await;
    assert_eq!(receiver.next().await.id(), event.to_string());
    world.end().await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let webhook = world.endpoint(format!("{}/away", receiver.address)).await;
    world.tell(&webhook).await;
    let why = world.until(&webhook, DeliveryState::Failed).await.expect("a fault");
    assert!(why.contains("redirects are not followed"), "{why}");
    let mut attempts = 0;
    while let Ok(heard) = receiver.heard.try_recv() {
        assert!(heard.headers.contains_key("webhook-id"));
        attempts += 1;
    }
    assert_eq!(attempts, 3, "three attempts at the first address, none at the second");
    world.end().await;
}

#[tokio::test]
async fn an_internal_address_is_never_connected_to() {
    let (world, mut receiver) = (World::new(false).await, receiver(&[]).await);
    let port = receiver.address.rsplit(':').next().expect("a port").to_owned();
    for (url, expected) in [
        (format!("{}/hook", receiver.address), "https"),
        (format!("https://127.0.0.1:{port}/hook"), "not public"),
        (format!("https://localhost.:{port}/hook"), "not public"),
    ] {
        let webhook = world.endpoint(url.clone()).await;
        world.tell(&webhook).await;
        let why = world.until(&webhook, DeliveryState::Failed).await.expect("a fault");
        assert!(why.contains(expected), "{url}: {why}");
    }
    assert!(receiver.heard.try_recv().is_err());
    world.end().await;
}

#[tokio::test]
async fn many_deliveries_all_arrive_once() {
    const MANY: usize = 1_500;
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let webhook = world.endpoint(format!("{}/hook", receiver.address)).await;
    let now = world.gateway.now();
    let told: Vec<_> = (0..MANY)
        .map(|_| {
            world.gateway.store().test_webhook(
                world.workspace,
                webhook.id,
                now,
                facteur_store::Actor::named("ana"),
            )
        })
        .collect();
    for event in told {
        event.await.expect("told");
    }
    world.gateway.deliver_webhooks();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..MANY {
        assert!(ids.insert(receiver.next().await.id().to_owned()), "each comes once");
    }
    world.end().await;
}

#[tokio::test]
async fn endpoints_that_hang_leave_room_for_others_however_many_they_are() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.push(world.endpoint(format!("{}/hang", receiver.address)).await);
    }
    for webhook in &slow {
        for _ in 0..4 {
            world.tell(webhook).await;
        }
    }
    // Every slow one has its first attempt; together they could take all eight places.
    for _ in 0..slow.len() {
        receiver.next().await;
    }
    let quick = world.endpoint(format!("{}/hook", receiver.address)).await;
    let event = world.tell(&quick).await.to_string();
    // Long before the first of the others runs out of its time.
    let told = async { while receiver.next().await.id() != event {} };
    tokio::time::timeout(PATIENCE / 4, told).await.expect("it need not wait for the others");
    world.until(&quick, DeliveryState::Delivered).await;
    world.end().await;
}

#[tokio::test]
async fn an_answer_without_end_is_an_answer() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    for path in ["endless", "drip"] {
        let webhook = world.endpoint(format!("{}/{path}", receiver.address)).await;
        let event = world.tell(&webhook).await;
        assert_eq!(receiver.next().await.id(), event.to_string());
        world.until(&webhook, DeliveryState::Delivered).await;
    }
    world.end().await;
}

/// Answers one connection with these octets, and closes it.
#[expect(clippy::disallowed_methods, reason = "the liar is not the product; it ends with the test")]
async fn liar(answer: &'static [u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn an_endpoint_that_lies_is_taken_at_its_status() {
    let world = World::new(true).await;
    for (answer, state, expected) in [
        // Less than it announces.
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort"[..], DeliveryState::Delivered, ""),
        // Not HTTP at all.
        (&b"+OK ready\r\n"[..], DeliveryState::Failed, "invalid"),
        // Nothing.
        (&b""[..], DeliveryState::Failed, ""),
        // A redirect inside.
        (
            &b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n"[..],
            DeliveryState::Failed,
            "redirects are not followed",
        ),
    ] {
        let webhook = world.endpoint(liar(answer).await).await;
        world.tell(&webhook).await;
        let why = world.until(&webhook, state).await.unwrap_or_default();
        assert!(why.contains(expected), "{why}");
    }
    world.end().await;
}

#[tokio::test]
async fn an_endpoint_of_v1_is_told_unsigned_in_its_own_envelope() {
    let (world, mut receiver) = (World::new(true).await, receiver(&[]).await);
    let v1 = V1Endpoint { sender: "38180".parse().expect("a sender"), topics: vec![V1Topic::SmsReceived] };
    let new = NewWebhook {
        url: format!("{}/hook", receiver.address),
        topics: Vec::new(),
        description: None,
        secret: Redacted::new(SECRET),
        enabled: true,
        v1: Some(v1),
    };
    let store = world.gateway.store();
    let made = store.create_webhook(world.workspace, new, world.gateway.now(), actor()).await.expect("made");
    let event = world.tell(&made).await;
    let heard = receiver.next().await;
    assert_eq!(heard.id(), event.to_string());
    assert!(!heard.headers.contains_key("webhook-signature"));
    let body = String::from_utf8(heard.body.to_vec()).expect("text");
    assert_eq!(body, format!(r#"{{"topic":"PING","data":{{"webhook_id":"{}"}}}}"#, made.id));
    world.end().await;
}
