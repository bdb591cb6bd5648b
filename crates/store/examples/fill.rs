//! Fills a database with messages, as a busy month leaves them: for full pages, and to measure what ten
//! million kept or a million waiting cost.
//!
//! `cargo run --release -p facteur-store --example fill -- DATABASE [messages] [waiting] [days]`
//!
//! The database may be one that `facteur` made: its first workspace, key and sender are used; an empty one
//! gets a workspace of its own. `messages` (10,000) are spread over the last `days` (30) and have come to
//! their ends: 93 of 100 delivered, the others undelivered, expired or rejected. `waiting` (0) more are
//! queued, accepted just now. Everything goes through the store's own verbs, about 40,000 a second; no
//! gateway may be running on the database.

#![expect(clippy::disallowed_methods, reason = "a tool reads the clock")]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use facteur_domain::delivery::Event;
use facteur_domain::text::plan;
use facteur_domain::{
    AccountKeyId, Class, ClientReference, IdSource, Message, MessageId, MessageText, Msisdn, PartId, Sender,
    Timestamp, WorkspaceId,
};
use facteur_store::{
    Accept, Actor, Answer, AnswerOutcome, HandOver, Options, Receipt, RouteId, Store, Workspace,
};

/// Messages that go through each stage together.
const WAVE: u64 = 1_000;
/// People who are written to.
const PEOPLE: u64 = 250_000;
/// Classes and texts, as often as they stand here. 06 39 98 is fiction: nobody is written to.
const TEXTS: [(Class, &str); 8] = [
    (Class::Transactional, "Votre commande 2026-118 est prête. Retrait en boutique jusqu'à samedi 19 h."),
    (Class::Otp, "Votre code est 482913. Il expire dans 5 minutes."),
    (Class::Transactional, "Colis livré ce jour entre 9 h et 12 h. Suivi : exemple.fr/s/7KQ2"),
    (
        Class::Marketing,
        "Soldes chez Ma Boutique : -20 % ce samedi, sur présentation de ce SMS. STOP au 36180",
    ),
    (Class::Alert, "Vigilance orange : fermeture du parc à 15 h."),
    (Class::Transactional, "Rappel : rendez-vous mardi 24 novembre à 14 h 30, cabinet du Dr Petit."),
    (Class::Marketing, "Déjà un an ! Un café offert à votre prochaine visite… STOP au 36180"),
    (Class::Conversational, "Bonjour, oui, nous sommes ouverts jusqu'à 19 h. À tout à l'heure !"),
];

struct Source {
    ids: IdSource,
    workspace: WorkspaceId,
    key: AccountKeyId,
    sender: Sender,
    count: u64,
}

impl Source {
    fn message(&mut self, at: Timestamp) -> Message {
        let (class, text) = TEXTS[usize::try_from(self.count).unwrap_or(0) % TEXTS.len()];
        let text = MessageText::try_from(text.to_owned()).expect("a text");
        let planned = plan(text.show());
        let person = self.count.wrapping_mul(2_654_435_761) % PEOPLE;
        self.count += 1;
        Message {
            id: MessageId::from_key(self.ids.next(at)),
            workspace: self.workspace,
            api_key: self.key,
            sender: self.sender,
            recipient: Msisdn::from_digits(33_600_000_000 + person).expect("a number"),
            class,
            text,
            encoding: planned.encoding,
            parts: planned.parts,
            accepted_at: at,
            send_at: at,
            expires_at: at.plus(Duration::from_hours(48)),
            client_reference: ClientReference::try_from(format!("order-{}", self.count)).ok(),
            test: false,
            auto_reply: None,
        }
    }
}

/// Each part of each message, with the id that the operator gives it, in no order.
fn parts(messages: &[Message]) -> impl Iterator<Item = (&Message, PartId, String)> {
    messages.iter().flat_map(|message| {
        (0..message.parts).map(move |index| {
            let part = PartId::new(message.id, index);
            let id = part.key().cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (message, part, format!("{id:016X}"))
        })
    })
}

async fn accept(store: &Store, messages: Vec<Message>) {
    let Some(now) = messages.first().map(|message| message.accepted_at) else { return };
    store.accept_all(messages.into_iter().map(Accept::from).collect(), None, now).await.expect("kept");
}

/// One wave through one stage after the other, each in a transaction.
async fn live(store: &Store, route: RouteId, messages: Vec<Message>) {
    let later = |message: &Message, millis| message.accepted_at.plus(Duration::from_millis(millis));
    accept(store, messages.clone()).await;
    let orders = messages.iter().map(|m| HandOver {
        message: m.id,
        parts: m.parts,
        recipient: m.recipient,
        parts_owed: u16::MAX,
        route,
        at: later(m, 20),
        marketing: false,
        through: None,
    });
    let handed = store.hand_over(orders.collect());
    let answers = parts(&messages).map(|(m, part, smsc_id)| Answer {
        part,
        route,
        at: later(m, 60),
        outcome: AnswerOutcome::Taken { smsc_id },
    });
    let answered = store.record_answers(answers.collect());
    let receipts = parts(&messages).map(|(m, _, smsc_id)| {
        let (event, word, error) = match m.recipient.digits() % 100 {
            0..93 => (Event::ReceiptDelivered, "DELIVRD", None),
            93..96 => (Event::ReceiptUndelivered, "UNDELIV", Some("err:005".to_owned())),
            96..99 => (Event::ReceiptExpired, "EXPIRED", Some("err:027".to_owned())),
            _ => (Event::ReceiptRejected, "REJECTD", Some("err:011".to_owned())),
        };
        Receipt {
            route,
            smsc_id,
            other_ids: Vec::new(),
            recipient: Some(m.recipient),
            event: Some(event),
            word,
            error,
            opted_out: false,
            at: later(m, 2_500 + m.recipient.digits() % 4_000),
            raw: bytes::Bytes::new(),
        }
    });
    let ended = store.record_receipts(receipts.collect());
    handed.await.expect("handed over");
    answered.await.expect("recorded");
    ended.await.expect("recorded");
}

/// The workspace, key and sender of the database, or new ones.
async fn source(store: &Store, now: Timestamp) -> Source {
    let ids = IdSource::new(31);
    let directory = store.directory().await.expect("a directory");
    let workspace = match directory.workspaces.first() {
        Some(workspace) => workspace.id,
        None => {
            let id = WorkspaceId::from_key(ids.next(now));
            let workspace = Workspace { id, name: "Filled".to_owned(), created_at: now };
            store.create_workspace(workspace, Actor::named("fill")).await.expect("a workspace");
            id
        }
    };
    let key = directory.keys.iter().find(|key| key.workspace == workspace).map(|key| key.id);
    let sender = directory.senders.iter().find(|record| record.workspace == workspace);
    Source {
        workspace,
        key: key.unwrap_or_else(|| AccountKeyId::from_key(ids.next(now))),
        sender: sender.map_or_else(|| "MyCompany".parse().expect("a sender"), |record| record.sender),
        // In the past, and rising from there.
        ids: IdSource::new(30),
        count: 0,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let Some(path) = args.get(1) else {
        eprintln!("usage: fill DATABASE [messages] [waiting] [days]");
        std::process::exit(2);
    };
    let number = |n: usize, or: u64| args.get(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (messages, waiting, days) = (number(2, 10_000), number(3, 0), number(4, 30).max(1));
    let options = Options { finals_max: 0, ..Options::new(Path::new(path)) };
    let store = Store::open(options, Box::new(|_| {})).expect("opens");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let now = Timestamp::from_millis(i64::try_from(now).expect("in range"));
    let mut source = source(&store, now).await;
    let route = store.route("filled".to_owned()).await.expect("a route");
    let started = Instant::now();
    let span = Duration::from_hours(24 * days);
    let mut done = 0;
    while done < messages {
        let size = WAVE.min(messages - done);
        let wave = (done..done + size).map(|n| {
            // From `days` ago to a minute ago, evenly.
            let before = span.mul_f64((messages - n) as f64 / messages as f64);
            source.message(now.minus(before.max(Duration::from_secs(60))))
        });
        live(&store, route, wave.collect()).await;
        store.index_recipients().await.expect("indexed");
        done += size;
        if done.is_multiple_of(500 * WAVE) {
            eprintln!("{done} of {messages}, {:.0} a second", done as f64 / started.elapsed().as_secs_f64());
        }
    }
    let mut done = 0;
    while done < waiting {
        let size = WAVE.min(waiting - done);
        accept(&store, (0..size).map(|_| source.message(now)).collect()).await;
        done += size;
    }
    while store.index_recipients().await.expect("indexed") {}
    store.close().await.expect("closes");
    println!("{messages} ended and {waiting} waiting, in {:.1} s", started.elapsed().as_secs_f64());
}
