//! What the writer remembers of messages under way changes nothing: stores that remember all, little and
//! nothing come to the same rows and give the same answers, whatever happens, batches that the disk refuses
//! and restarts included.

#![cfg(debug_assertions)]

use std::path::Path;

use facteur_domain::delivery::Event;
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, Message, MessageId, MessageText, Msisdn, PartId, Redacted, Timestamp, WorkspaceId,
};
use facteur_store::{
    Accept, Actor, Answer, AnswerOutcome, Hand, HandOver, NewWebhook, Options, Pending, Receipt, RouteId,
    Store, WebhookTopic, Withdrawal, Workspace,
};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const ROUTE: RouteId = RouteId(1);
/// `SQLITE_FULL`.
const FULL: i32 = 13;

/// What happens next; messages are named by small numbers, taken modulo what there is.
#[derive(Debug, Clone)]
enum Happening {
    Accept {
        parts: u8,
        class: Class,
    },
    /// Two in one request, the second of which is there already: neither is kept.
    AcceptTwice(usize),
    HandOver(usize),
    GiveBack(usize),
    Answer(usize, u8, u8),
    Receipt {
        which: usize,
        part: u8,
        event: Event,
        named: bool,
        stop: bool,
    },
    Cancel(usize),
    Lapse(usize),
    Resend(usize),
    Leave(usize),
    Overdue,
    Recover,
    /// What was asked so far is written, or refused by the disk.
    Write {
        kept: bool,
    },
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let which = || 0..6usize;
    let part = || 0..3u8;
    let class = prop_oneof![Just(Class::Transactional), Just(Class::Otp), Just(Class::Marketing)];
    let event = prop_oneof![3 => Just(Event::ReceiptDelivered), 1 => Just(Event::ReceiptUndelivered)];
    let receipt = (which(), part(), event, prop::bool::weighted(0.8), prop::bool::weighted(0.1));
    prop_oneof![
        5 => (1..=3u8, class).prop_map(|(parts, class)| H::Accept { parts, class }),
        1 => which().prop_map(H::AcceptTwice),
        7 => which().prop_map(H::HandOver),
        1 => which().prop_map(H::GiveBack),
        8 => (which(), part(), 0..6u8).prop_map(|(n, p, kind)| H::Answer(n, p, kind)),
        8 => receipt.prop_map(|(which, part, event, named, stop)| H::Receipt { which, part, event, named, stop }),
        1 => which().prop_map(H::Cancel),
        1 => which().prop_map(H::Lapse),
        1 => which().prop_map(H::Resend),
        1 => which().prop_map(H::Leave),
        1 => Just(H::Overdue),
        1 => Just(H::Recover),
        8 => prop::bool::weighted(0.9).prop_map(|kept| H::Write { kept }),
        1 => Just(H::Restart),
    ]
}

/// One store, worked by hand.
struct Twin {
    folder: TempDir,
    remembers: usize,
    open: Option<(Store, Hand)>,
    /// The answers to what was asked since the last batch.
    asked: Vec<Box<dyn FnOnce() -> String>>,
}

impl Twin {
    /// `first` is a new database: what is random in one is the same in all.
    fn new(first: &Path, remembers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(first, folder.path().join("facteur.db")).expect("copied");
        let mut twin = Self { folder, remembers, open: None, asked: Vec::new() };
        twin.start();
        twin
    }

    fn start(&mut self) {
        self.open = None;
        let path = self.folder.path().join("facteur.db");
        let options = Options { in_hand_max: self.remembers, ..Options::new(path) };
        self.open = Some(Store::open_by_hand(options, Box::new(|_| {})).expect("opens"));
    }

    fn ask<T: std::fmt::Debug + Send + 'static>(&mut self, verb: impl FnOnce(&Store) -> Pending<T>) {
        let (store, _) = self.open.as_ref().expect("open");
        let pending = verb(store);
        self.asked.push(Box::new(move || format!("{:?}", pending.wait())));
    }

    /// What was answered.
    fn write(&mut self, mishap: Option<i32>) -> Vec<String> {
        let (_, hand) = self.open.as_mut().expect("open");
        while hand.writes() > 0 {
            hand.write(mishap);
        }
        self.asked.drain(..).map(|answer| answer()).collect()
    }

    /// All rows of all tables.
    fn rows(&self) -> Vec<String> {
        let conn = Connection::open(self.folder.path().join("facteur.db")).expect("opens");
        let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("valid");
        let names = tables.query_map([], |row| row.get::<_, String>(0)).expect("runs");
        let mut all = Vec::new();
        for name in names.map(|name| name.expect("read")) {
            let mut statement = conn.prepare(&format!("SELECT * FROM {name}")).expect("valid");
            let columns = statement.column_count();
            let mut found = statement.query([]).expect("runs");
            while let Some(row) = found.next().expect("reads") {
                let values: Vec<Value> = (0..columns).map(|n| row.get(n).expect("a value")).collect();
                all.push(format!("{name}: {values:?}"));
            }
        }
        all.sort();
        all
    }
}

struct Run {
    twins: [Twin; 3],
    messages: Vec<Message>,
    clock: i64,
}

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let first = folder.path().join("facteur.db");
        drop(Store::open_by_hand(Options::new(&first), Box::new(|_| {})).expect("opens"));
        let twins = [16_384, 2, 0].map(|remembers| Twin::new(&first, remembers));
        let mut run = Self { twins, messages: Vec::new(), clock: 1_795_000_000_000 };
        let now = run.now();
        let workspace = Workspace { id: WORKSPACE, name: "Demo".to_owned(), created_at: now };
        run.ask(|store| store.create_workspace(workspace.clone(), Actor::named("test")));
        run.ask(|store| store.route("operator".to_owned()));
        let new = NewWebhook {
            url: "https://example.com/hook".to_owned(),
            topics: WebhookTopic::ALL.to_vec(),
            description: None,
            secret: Redacted::new([7; 32]),
            enabled: true,
            v1: None,
        };
        run.ask(|store| store.create_webhook(WORKSPACE, new.clone(), now, Actor::named("test")));
        run.write(true);
        run
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1000;
        Timestamp::from_millis(self.clock)
    }

    fn ask<T: std::fmt::Debug + Send + 'static>(&mut self, verb: impl Fn(&Store) -> Pending<T>) {
        self.twins.iter_mut().for_each(|twin| twin.ask(&verb));
    }

    fn write(&mut self, kept: bool) {
        let [all, little, nothing] = self.twins.each_mut().map(|twin| twin.write((!kept).then_some(FULL)));
        assert_eq!(all, nothing, "it remembers all");
        assert_eq!(little, nothing, "it remembers little");
    }

    fn compare(&self) {
        let [all, little, nothing] = self.twins.each_ref().map(Twin::rows);
        let first = |rows: &[String]| {
            rows.iter().zip(&nothing).find(|(a, b)| a != b).map(|(a, b)| [a, b].map(String::clone))
        };
        assert_eq!((first(&all), all.len()), (None, nothing.len()), "it remembers all");
        assert_eq!((first(&little), little.len()), (None, nothing.len()), "it remembers little");
    }

    fn message(&mut self, parts: u8, class: Class) -> Message {
        let now = self.now();
        let n = self.messages.len() as u64;
        Message {
            id: MessageId::from_key(now.millis() << 21),
            workspace: WORKSPACE,
            api_key: AccountKeyId::from_key(16),
            sender: if n.is_multiple_of(3) { "38123" } else { "MyCompany" }.parse().expect("a sender"),
            recipient: Msisdn::from_digits(33_639_980_001 + n % 2).expect("a number"),
            class,
            text: MessageText::try_from(format!("Bonjour {n}")).expect("a text"),
            encoding: Encoding::Gsm7,
            parts,
            accepted_at: now,
            send_at: now,
            expires_at: now.plus(std::time::Duration::from_hours(1)),
            client_reference: None,
            test: false,
            auto_reply: None,
        }
    }

    /// The operator uses an id for two messages, to different phones.
    fn smsc_id(which: usize, part: u8) -> String {
        format!("{}-{part}", which / 2)
    }

    fn happens(&mut self, happening: Happening) {
        use Happening as H;
        if let H::Accept { parts, class } = happening {
            let message = self.message(parts, class);
            self.messages.push(message.clone());
            return self.ask(|store| store.accept(Accept::from(message.clone())));
        }
        let (Some(last), now) = (self.messages.len().checked_sub(1), self.now()) else { return };
        // The newest ones.
        let named = |n: usize| last - n.min(last);
        match happening {
            H::Accept { .. } => {}
            H::AcceptTwice(n) => {
                let (fresh, there) = (self.message(1, Class::Transactional), self.messages[named(n)].clone());
                let both = || vec![Accept::from(fresh.clone()), Accept::from(there.clone())];
                self.ask(|store| store.accept_all(both(), None, now));
            }
            H::HandOver(n) => {
                let Message { id, parts, recipient, .. } = self.messages[named(n)];
                let order = HandOver {
                    message: id,
                    parts,
                    recipient,
                    parts_owed: u16::MAX,
                    route: ROUTE,
                    at: now,
                    marketing: false,
                    through: Some(("36180".parse().expect("a code"), self.messages[named(n)].sender)),
                };
                self.ask(|store| store.depart(vec![order]));
            }
            H::GiveBack(n) => {
                let id = self.messages[named(n)].id;
                self.ask(|store| store.give_back(vec![(id, u16::MAX)], now));
            }
            H::Answer(n, part, kind) => {
                let Message { id, parts, .. } = self.messages[named(n)];
                let part = part % parts;
                let outcome = match kind {
                    0 => AnswerOutcome::Deferred { word: "ESME_RTHROTTLED".to_owned(), until: now },
                    1 => AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() },
                    2 => AnswerOutcome::Lost,
                    _ => AnswerOutcome::Taken { smsc_id: Self::smsc_id(named(n), part) },
                };
                let answer = Answer { part: PartId::new(id, part), route: ROUTE, at: now, outcome };
                self.ask(|store| store.record_answers(vec![answer.clone()]));
            }
            H::Receipt { which, part, event, named: with_number, stop } => {
                let Message { parts, recipient, .. } = self.messages[named(which)];
                let receipt = Receipt {
                    route: ROUTE,
                    smsc_id: Self::smsc_id(named(which), part % parts),
                    other_ids: Vec::new(),
                    recipient: with_number.then_some(recipient),
                    event: Some(event),
                    word: "X",
                    error: None,
                    opted_out: stop,
                    at: now,
                    raw: bytes::Bytes::new(),
                };
                self.ask(|store| store.record_receipts(vec![receipt.clone()]));
            }
            H::Cancel(n) => {
                let id = self.messages[named(n)].id;
                self.ask(|store| store.cancel(WORKSPACE, id, now, Actor::named("test")));
            }
            H::Lapse(n) => {
                let id = self.messages[named(n)].id;
                self.ask(|store| store.withdraw(vec![(id, Withdrawal::Lapsed)], now));
            }
            H::Resend(n) => {
                let id = self.messages[named(n)].id;
                self.ask(|store| store.resend(vec![id], now));
            }
            H::Leave(n) => {
                let id = self.messages[named(n)].id;
                self.ask(|store| store.leave_unknown(vec![id], now));
            }
            H::Overdue => self.ask(|store| store.overdue_receipts(now, now, 100)),
            H::Recover => self.ask(|store| store.recover(now)),
            H::Write { kept } => self.write(kept),
            H::Restart => {
                self.write(true);
                self.twins.iter_mut().for_each(Twin::start);
                self.ask(|store| store.recover(now));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_changes_nothing(life in prop::collection::vec(happening(), 1..60)) {
        let mut run = Run::new();
        for happening in life {
            run.happens(happening);
        }
        run.write(true);
        run.compare();
    }
}

/// One process owns a data folder's traffic. Should another change it all the same, its rows hold.
#[test]
fn what_another_process_writes_is_not_overlooked() {
    let mut run = Run::new();
    run.happens(Happening::Accept { parts: 1, class: Class::Transactional });
    run.write(true);
    let order = |message: &Message| HandOver {
        message: message.id,
        parts: 1,
        recipient: message.recipient,
        parts_owed: 1,
        route: ROUTE,
        at: message.accepted_at,
        marketing: false,
        through: None,
    };
    let twin = &mut run.twins[0];
    let other = Connection::open(twin.folder.path().join("facteur.db")).expect("opens");
    assert_eq!(other.execute("DELETE FROM work", []).expect("deleted"), 1);
    twin.ask(|store| store.hand_over(vec![order(&run.messages[0])]));
    assert_eq!(twin.write(None), ["Ok([])"]);
}
