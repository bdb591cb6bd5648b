//! What a message costs the store: the whole life of many, in ticks as a busy gateway makes them.
//!
//! `cargo run --release -p facteur-store --example bench -- [messages] [rows kept before] [cache MiB] [folder]`
//!
//! With `--webhooks` among the arguments each receipt has its event, leased as it is raised, and the record of
//! its delivery; with `--tick N` only ticks of that size are measured.
//!
//! A tick is four verbs queued together, so that one commit has them all: new messages are accepted,
//! those of the last tick are handed over, those of the one before are answered, and those before
//! that have their receipts.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use facteur_domain::delivery::Event;
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, IdSource, Message, MessageId, MessageText, Msisdn, PartId, Redacted, Timestamp,
    WebhookId, WorkspaceId,
};
use facteur_store::{
    Accept, Actor, AfterDelivery, Answer, AnswerOutcome, Courier, DeliveryOutcome, DueDelivery, DueRequest,
    HandOver, NewWebhook, Options, Receipt, RouteId, Store, Webhook, WebhookTopic, Workspace,
};

/// A usual text, 122 octets.
const TEXT: &str = "Bonjour, votre commande 2026-118 est prête. Retrait en boutique jusqu'à samedi 19 h, \
                    avec une pièce d'identité. Merci !";

struct Traffic {
    ids: IdSource,
    now: i64,
    count: u64,
}

impl Traffic {
    fn message(&mut self) -> Message {
        self.count += 1;
        self.now += i64::from(self.count.is_multiple_of(20));
        let at = Timestamp::from_millis(self.now);
        // Numbers in no order, as they come.
        let number = 33_600_000_000 + self.count.wrapping_mul(2_654_435_761) % 100_000_000;
        Message {
            id: MessageId::from_key(self.ids.next(at)),
            workspace: WorkspaceId::from_key(16),
            api_key: AccountKeyId::from_key(16),
            sender: "MyCompany".parse().expect("valid"),
            recipient: Msisdn::from_digits(number).expect("valid"),
            class: Class::Transactional,
            text: MessageText::try_from(TEXT.to_owned()).expect("valid"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at: at,
            send_at: at,
            expires_at: at.plus(Duration::from_hours(24)),
            client_reference: None,
            test: false,
            auto_reply: None,
        }
    }
}

/// The id an operator gives: in no order.
fn smsc_id(message: &Message) -> String {
    format!("{:016X}", message.id.key().cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Who delivers: an endpoint that takes everything at once.
#[derive(Default)]
struct Taken(Mutex<Vec<DeliveryOutcome>>);

impl Courier for Taken {
    fn reserve(&self, _: WebhookId) -> bool {
        true
    }

    fn release(&self, _: WebhookId) {}

    fn deliver(&self, leased: Vec<(Arc<Webhook>, DueDelivery)>) {
        let outcomes = leased.into_iter().map(|(_, delivery)| DeliveryOutcome {
            endpoint: delivery.endpoint,
            event: delivery.event,
            at: Timestamp::from_millis(1_795_000_000_000),
            took: Duration::from_millis(1),
            status: Some(200),
            error: None,
            answer: None,
            next: AfterDelivery::Done,
        });
        self.0.lock().expect("locked").extend(outcomes);
    }
}

/// An endpoint that is told of every receipt.
async fn subscribe(store: &Store) -> Arc<Taken> {
    let (workspace, at) = (WorkspaceId::from_key(16), Timestamp::from_millis(1_794_000_000_000));
    let actor = || Actor::named("bench");
    let made = Workspace { id: workspace, name: "bench".to_owned(), created_at: at };
    store.create_workspace(made, actor()).await.expect("made");
    let new = NewWebhook {
        url: "https://example.com/hook".to_owned(),
        topics: vec![WebhookTopic::SmsDelivered, WebhookTopic::SmsUndelivered],
        description: None,
        secret: Redacted::new([7; 32]),
        enabled: true,
        v1: None,
    };
    store.create_webhook(workspace, new, at, actor()).await.expect("made");
    let (taken, lease) = (Arc::new(Taken::default()), Duration::from_secs(1_800));
    store.engage_courier(taken.clone(), lease).await.expect("engaged");
    let request = DueRequest { now: at, lease, room: 1, rooms: Vec::new(), limit: 1, thorough: true };
    store.due_deliveries(request).await.expect("looked");
    taken
}

async fn tick(
    store: &Store,
    route: RouteId,
    taken: Option<&Taken>,
    accepted: Vec<Message>,
    handed: &[Message],
    answered: &[Message],
    ended: &[Message],
) {
    let at = |message: &Message, seconds| message.accepted_at.plus(Duration::from_secs(seconds));
    let accepting: Vec<_> = accepted.into_iter().map(|message| store.accept(Accept::from(message))).collect();
    let orders = handed.iter().map(|m| HandOver {
        message: m.id,
        parts: 1,
        recipient: m.recipient,
        parts_owed: 1,
        route,
        at: at(m, 1),
        marketing: false,
        through: None,
    });
    let handing = store.hand_over(orders.collect());
    let answers = answered.iter().map(|m| Answer {
        part: PartId::new(m.id, 0),
        route,
        at: at(m, 2),
        outcome: AnswerOutcome::Taken { smsc_id: smsc_id(m) },
    });
    let answering = store.record_answers(answers.collect());
    let receipts = ended.iter().map(|m| Receipt {
        route,
        smsc_id: smsc_id(m),
        other_ids: Vec::new(),
        recipient: Some(m.recipient),
        event: Some(Event::ReceiptDelivered),
        word: "DELIVRD",
        error: None,
        opted_out: false,
        at: at(m, 3),
        raw: bytes::Bytes::new(),
    });
    let ending = store.record_receipts(receipts.collect());
    let told = taken.map(|taken| std::mem::take(&mut *taken.0.lock().expect("locked")));
    let patience = Duration::from_hours(120);
    let telling = told
        .filter(|told| !told.is_empty())
        .map(|told| store.record_deliveries(told, patience, Timestamp::from_millis(1_795_000_000_000)));
    for answer in accepting {
        answer.await.expect("kept");
    }
    assert_eq!(handing.await.expect("handed over").len(), handed.len());
    assert_eq!(answering.await.expect("recorded").len(), answered.len());
    assert_eq!(ending.await.expect("recorded").len(), ended.len());
    if let Some(telling) = telling {
        telling.await.expect("recorded");
    }
}

/// Milliseconds of CPU this process has used.
fn cpu_millis() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}

async fn run(store: &Store, taken: Option<&Taken>, traffic: &mut Traffic, size: usize, messages: usize) {
    let route = store.route("bench".to_owned()).await.expect("a route");
    let (started, cpu) = (Instant::now(), cpu_millis());
    let mut waves: [Vec<Message>; 3] = Default::default();
    let mut ticks = Vec::new();
    for _ in 0..messages.div_ceil(size) {
        let new: Vec<Message> = (0..size).map(|_| traffic.message()).collect();
        let begun = Instant::now();
        tick(store, route, taken, new.clone(), &waves[0], &waves[1], &waves[2]).await;
        ticks.push(begun.elapsed());
        waves.rotate_right(1);
        waves[0] = new;
    }
    let (took, cpu) = (started.elapsed(), cpu_millis() - cpu);
    ticks.sort();
    let at = |share: usize| ticks[(ticks.len() * share / 100).min(ticks.len() - 1)].as_secs_f64() * 1e3;
    let count = (ticks.len() * size) as f64;
    println!(
        "tick {size:>5}: {:>7.0} messages/s, {:>5.1} us CPU/message, tick p50 {:.1} ms, p99 {:.1} ms, \
         slowest {:.1} ms, log {} pages",
        count / took.as_secs_f64(),
        cpu * 1e3 / count,
        at(50),
        at(99),
        at(100),
        store.load().wal_pages,
    );
    // What is still on its way ends, so that the next run starts clean.
    for _ in 0..3 {
        tick(store, route, taken, Vec::new(), &waves[0], &waves[1], &waves[2]).await;
        waves.rotate_right(1);
        waves[0].clear();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args: Vec<String> = std::env::args().collect();
    let webhooks = args.iter().position(|arg| arg == "--webhooks").map(|at| args.remove(at)).is_some();
    let size = args.iter().position(|arg| arg == "--tick").and_then(|at| args.drain(at..at + 2).nth(1));
    let only: Option<usize> = size.map(|size| size.parse().expect("a number"));
    let number = |n: usize, or: usize| args.get(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (messages, kept) = (number(1, 100_000), number(2, 0));
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = args.get(4).map_or(scratch.path(), Path::new);
    let mut options = Options { queue_max: 1 << 20, ..Options::new(folder.join("bench.db")) };
    options.cache_kib = u32::try_from(number(3, options.cache_kib as usize / 1024) * 1024).expect("small");
    let store = Store::open(options, Box::new(|_| {})).expect("opens");
    let mut traffic = Traffic { ids: IdSource::new(0), now: 1_795_000_000_000, count: 0 };
    let taken = if webhooks { Some(subscribe(&store).await) } else { None };
    let taken = taken.as_deref();
    if kept > 0 {
        run(&store, taken, &mut traffic, 4096, kept).await;
    }
    for size in only.map_or(vec![16, 64, 256, 1024], |size| vec![size]) {
        run(&store, taken, &mut traffic, size, messages.min(size * 2000)).await;
    }
    store.close().await.expect("closes");
}
