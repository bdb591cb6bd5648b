//! Rates where the operator counts: whatever the disk does between a hand-over and its write, no second of the
//! operator's has more of a route, a workspace or a sender than was agreed. And a route is slowed by what receipts say.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use facteur_domain::{
    AccountKeyId, Class, Message, Redacted, SenderRecordId, SenderState, Timestamp, WorkspaceId,
};
use facteur_gateway::{
    Caller, Clock, Config, Dial, Dialling, Gateway, Link, ListReply, Origin, Refusal, RouteConfig,
    SendRequest, StoredAnswer, Stream, mint_key,
};
use facteur_smpp::session::Limits;
use facteur_smpp::tlv::Tlvs;
use facteur_smpp::{Address, Event, Session, ShortMessage};
use facteur_store::{Actor, ApiKey, Options, SenderRecord, Store, Workspace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::TaskTracker;

use crate::disk::Slot;
use crate::plan::Random;

const SECOND: Duration = Duration::from_secs(1);
/// How late the network may be, in milliseconds; with what it was busy with before, twice that. Less than what
/// the gateway leaves for it.
const JITTER_MS: u64 = 4;
/// How long a disk may stall, in milliseconds.
const STALL_MS: u64 = 700;

/// A part as the operator saw it come.
#[derive(Clone, Debug)]
struct Part {
    at: Instant,
    route: String,
    sender: String,
}

#[derive(Debug)]
struct Books {
    parts: Vec<Part>,
    random: Random,
    /// Parts a second on each route beyond which receipts say that it was too much.
    takes: usize,
}

/// Operators: one behind every address. They answer at once, and send a receipt for each part a second later.
#[derive(Clone, Debug)]
struct Operators {
    books: Arc<Mutex<Books>>,
    tasks: TaskTracker,
}

impl Operators {
    fn new(takes: usize) -> Self {
        let books = Books { parts: Vec::new(), random: Random::new(7), takes };
        Self { books: Arc::new(Mutex::new(books)), tasks: TaskTracker::new() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dial for Operators {
    fn dial(&self, address: &str) -> Dialling {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (this, route) = (self.clone(), address.to_owned());
        self.tasks.spawn(async move { this.serve(far, route).await });
        Box::pin(async move { Ok(Box::new(near) as Box<dyn Stream>) })
    }
}

fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the operator's own clock, a virtual one")]
    let now = tokio::time::Instant::now();
    now.into_std()
}

impl Operators {
    async fn serve(self, mut line: DuplexStream, route: String) {
        let mut session = Session::server("SIM", Limits { window: 100, ..Limits::default() }, instant());
        let mut input = BytesMut::new();
        let mut receipts: BTreeMap<(Instant, u32), (String, bool)> = BTreeMap::new();
        loop {
            while let Some(event) = session.poll_event() {
                match event {
                    Event::BindRequest { sequence, .. } => session.answer_bind(sequence, Ok(())),
                    Event::Submit { sequence, message } => {
                        let view = message.view();
                        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
                        let too_much = self.note(&route, text(view.source.digits));
                        let due = (instant() + SECOND, sequence);
                        receipts.insert(due, (text(view.destination.digits), too_much));
                        session.answer_submit(sequence, Ok(&format!("{route}-{sequence:x}")));
                    }
                    Event::Closed { .. } => return,
                    _ => {}
                }
            }
            while let Some(first) = receipts.first_entry()
                && first.key().0 <= instant()
                && session.room() > 0
            {
                let ((_, sequence), (phone, too_much)) = first.remove_entry();
                let (word, error) = if too_much { ("UNDELIV", 55) } else { ("DELIVRD", 0) };
                let text = format!("id:{route}-{sequence:x} stat:{word} err:{error:03}");
                let receipt = ShortMessage {
                    source: Address { ton: 1, npi: 1, digits: phone.as_bytes() },
                    destination: Address { ton: 3, npi: 1, digits: b"36180" },
                    esm_class: 4,
                    text: text.as_bytes(),
                    tlvs: Tlvs::default(),
                    ..ShortMessage::default()
                };
                session.deliver(&receipt, u64::from(sequence), instant()).expect("there is room");
            }
            let output = session.output().split();
            if !output.is_empty() && line.write_all(&output).await.is_err() {
                return;
            }
            let due = receipts.keys().next().map(|(at, _)| *at);
            let deadline = [session.deadline(), due].into_iter().flatten().min();
            let deadline = deadline.unwrap_or(instant() + SECOND).max(instant() + Duration::from_millis(1));
            tokio::select! {
                biased;
                read = line.read_buf(&mut input) => {
                    if !matches!(read, Ok(octets) if octets > 0) {
                        return;
                    }
                    let late = self.books().random.below(JITTER_MS);
                    tokio::time::sleep(Duration::from_millis(late)).await;
                    session.receive(&input, instant());
                    input.clear();
                }
                () = tokio::time::sleep_until(deadline.into()) => session.tick(instant()),
            }
        }
    }

    /// Writes a part down; whether it was too much.
    fn note(&self, route: &str, sender: String) -> bool {
        let mut books = self.books();
        let at = instant();
        books.parts.push(Part { at, route: route.to_owned(), sender });
        let lately = books.parts.iter().rev().take_while(|part| at - part.at < SECOND);
        lately.filter(|part| part.route == route).count() > books.takes
    }

    /// The most parts of those chosen in any second.
    fn most(&self, chosen: impl Fn(&Part) -> bool) -> usize {
        let books = self.books();
        let at: Vec<Instant> = books.parts.iter().filter(|part| chosen(part)).map(|part| part.at).collect();
        let within = |from: &Instant| at.iter().filter(|at| *at >= from && **at - *from < SECOND).count();
        at.iter().map(within).max().unwrap_or(0)
    }

    fn count(&self, chosen: impl Fn(&Part) -> bool) -> usize {
        self.books().parts.iter().filter(|part| chosen(part)).count()
    }
}

const fn workspace(number: i64) -> WorkspaceId {
    WorkspaceId::from_key(number << 4)
}

/// Workspaces by their rates, each with the senders named.
fn furnish(path: &Path, workspaces: &[(u32, u32, &[&str])]) {
    let store = Store::open(Options::new(path), Box::new(|_| {})).expect("opens");
    let (at, actor) = (Timestamp::from_millis(1_780_000_000_000), || Actor::named("test"));
    let mut ids = 100_i64;
    let mut next = || {
        ids += 1;
        ids << 4
    };
    for (number, (per_second, sender_per_second, senders)) in (1..).zip(workspaces) {
        let id = workspace(number);
        let made = Workspace { id, name: format!("Acme {number}"), created_at: at };
        store.create_workspace(made, actor()).wait().expect("made");
        let minted = mint_key(facteur_gateway::Chance, false, Some(&secret(number)));
        let key = ApiKey {
            id: AccountKeyId::from_key(next()),
            workspace: id,
            label: "test".to_owned(),
            visible: minted.visible,
            hash: minted.hash,
            scopes: vec!["SMS_SEND".to_owned()],
            test: false,
            read_per_second: 1_000,
            write_per_second: 1_000,
            daily_quota: None,
            created_at: at,
            revoked_at: None,
        };
        store.create_key(key, actor()).wait().expect("made");
        for sender in *senders {
            let record = SenderRecord {
                id: SenderRecordId::from_key(next()),
                workspace: id,
                sender: sender.parse().expect("valid"),
                class: Class::Transactional,
                state: SenderState::Pending,
                reason: None,
                decided_by: "test".to_owned(),
                created_at: at,
                decided_at: at,
                dossier: facteur_store::Dossier::default(),
            };
            let sender = record.sender;
            store.declare_sender(record, actor()).wait().expect("declared");
            store
                .decide_sender(id, sender, SenderState::Validated, None, at, actor())
                .wait()
                .expect("validated");
        }
        let settings = store.settings(id).wait().expect("read");
        let settings = facteur_store::Settings {
            per_second: *per_second,
            sender_per_second: *sender_per_second,
            ..settings
        };
        store.change_settings(id, settings, at, actor()).wait().expect("changed");
    }
    store.close().wait().expect("closes");
}

fn secret(workspace: i64) -> String {
    format!("ak_live_rates_{workspace}")
}

fn route(name: &str, per_second: u32) -> RouteConfig {
    RouteConfig {
        name: name.to_owned(),
        address: name.to_owned(),
        system_id: "facteur".to_owned(),
        password: Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: Link::Transceiver,
        binds: 2,
        limits: Limits { window: 50, ..Limits::default() },
        per_second,
        tls: None,
        rebind_max: SECOND,
        sandbox: false,
        cost: 1,
        opt_out_errors: Vec::new(),
        throttle_errors: vec![55],
    }
}

/// A disk that takes its time, and now and then much of it.
async fn disk(slot: Slot) {
    let mut random = Random::new(11);
    loop {
        let stall = if random.permille(2) { random.below(STALL_MS) } else { 0 };
        tokio::time::sleep(Duration::from_millis(3 + stall)).await;
        let mut slot = slot.borrow_mut();
        let Some(hand) = slot.as_mut() else { continue };
        if hand.writes() > 0 {
            hand.write(None);
        }
        while hand.reads() > 0 {
            hand.read();
        }
        hand.part();
    }
}

fn request(sender: &str, to: u64, text: &str) -> SendRequest {
    SendRequest {
        origin: Origin::SenderId(sender.to_owned()),
        to: format!("+{to}"),
        message: text.to_owned(),
        class: None,
        client_reference: None,
        send_at: None,
        validity_minutes: None,
        idempotency: None,
        compliance: facteur_gateway::Compliance::default(),
        resend_of: None,
        trace: None,
    }
}

async fn send(gateway: &Gateway, caller: &Caller, requests: Vec<SendRequest>) {
    for list in requests.chunks(250) {
        let answer = |outcomes: &[Result<&Message, &Refusal>]| {
            assert!(outcomes.iter().all(|outcome| outcome.is_ok()), "{outcomes:?}");
            StoredAnswer { status: 200, body: bytes::Bytes::new() }
        };
        let reply = gateway.accept_all(caller, list.to_vec(), None, answer).await.expect("accepted");
        assert!(matches!(reply, ListReply::New(_)), "{reply:?}");
    }
}

/// Runs a gateway with these routes on a slow disk while `work` is done.
fn run(
    operators: &Operators,
    workspaces: &[(u32, u32, &[&str])],
    routes: Vec<RouteConfig>,
    work: impl AsyncFnOnce(&Gateway, Vec<Caller>),
) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facteur.db");
    furnish(&path, workspaces);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let slot: Slot = Rc::new(RefCell::new(None));
    runtime.block_on(async {
        let clock =
            Clock::of_runtime(Timestamp::from_jiff("2026-11-24T10:00:00+01:00".parse().expect("RFC 3339")));
        let hold = slot.clone();
        let serve = async {
            let config = Config { routes, ..Config::default() };
            let started = Gateway::start_in(config, clock, Arc::new(operators.clone()), |sink| {
                let (store, hand) = Store::open_by_hand(Options::new(&path), sink)?;
                *hold.borrow_mut() = Some(hand);
                Ok(store)
            });
            let gateway = Box::pin(started).await.expect("starts");
            let numbers = 1..=i64::try_from(workspaces.len()).expect("few");
            let callers = numbers.map(|n| gateway.authenticate(&secret(n)).expect("a key")).collect();
            work(&gateway, callers).await;
        };
        tokio::select! {
            biased;
            () = disk(slot.clone()) => (),
            () = serve => (),
        }
    });
    drop(runtime);
    slot.borrow_mut().take();
}

#[test]
fn no_second_of_the_operator_s_has_more_than_was_agreed() {
    let operators = Operators::new(usize::MAX);
    let senders: [&[&str]; 2] = [&["Often", "Rarely"], &["Others"]];
    let workspaces = [(7, 5, senders[0]), (0, 0, senders[1])];
    let span = SECOND * 20;
    run(&operators, &workspaces, vec![route("narrow", 20), route("wide", 30)], async |gateway, callers| {
        let long = "Bonjour. ".repeat(60);
        // A message of four parts now and then.
        let own = (0..150_u64).map(|number| {
            let text = if number % 9 == 0 { &long } else { "Bonjour" };
            let sender = if number % 4 == 0 { "Rarely" } else { "Often" };
            request(sender, 33_612_000_000 + number, text)
        });
        send(gateway, &callers[0], own.collect()).await;
        let others = (0..1_000).map(|number| request("Others", 33_630_000_000 + number, "Bonjour"));
        send(gateway, &callers[1], others.collect()).await;
        tokio::time::sleep(span).await;
    });
    let own = |part: &Part| part.sender != "Others";
    for (what, most, limit) in [
        ("a sender", operators.most(|part| part.sender == "Often"), 5),
        ("another", operators.most(|part| part.sender == "Rarely"), 5),
        ("their workspace", operators.most(own), 7),
        ("the narrow route", operators.most(|part| part.route == "narrow"), 20),
        ("the wide route", operators.most(|part| part.route == "wide"), 30),
    ] {
        assert!(most <= limit, "{what}: {most} in a second of {limit}");
    }
    let seconds = usize::try_from(span.as_secs()).expect("small");
    assert!(operators.count(own) >= 7 * seconds * 7 / 10, "the rate is used: {}", operators.count(own));
    let all = operators.count(|_| true);
    assert!(all >= 50 * seconds * 8 / 10, "and the routes are: {all}");
}

#[test]
fn a_message_longer_than_its_sender_s_rate_is_spread_and_holds_nobody_up() {
    let operators = Operators::new(usize::MAX);
    let senders: [&[&str]; 2] = [&["Slow"], &["Others"]];
    run(
        &operators,
        &[(0, 1, senders[0]), (0, 0, senders[1])],
        vec![route("narrow", 20)],
        async |gateway, callers| {
            let long = request("Slow", 33_612_000_000, &"Bonjour. ".repeat(80));
            send(gateway, &callers[0], vec![long]).await;
            let others = (0..200).map(|number| request("Others", 33_630_000_000 + number, "Bonjour"));
            send(gateway, &callers[1], others.collect()).await;
            tokio::time::sleep(SECOND * 13).await;
        },
    );
    let slow = |part: &Part| part.sender == "Slow";
    assert_eq!((operators.count(slow), operators.most(slow)), (5, 1));
    assert_eq!(operators.count(|part| part.sender == "Others"), 200, "the way was theirs meanwhile");
}

#[test]
fn receipts_that_say_too_fast_slow_the_route_down_and_it_probes_back_up() {
    let operators = Operators::new(10);
    let senders: &[&str] = &["Often"];
    let mut rates = Vec::new();
    run(&operators, &[(0, 0, senders)], vec![route("narrow", 20)], async |gateway, callers| {
        let all = (0..1_600).map(|number| request("Often", 33_612_000_000 + number, "Bonjour"));
        send(gateway, &callers[0], all.collect()).await;
        let mut during = async |seconds: u32| {
            let before = operators.count(|_| true);
            tokio::time::sleep(SECOND * seconds).await;
            rates.push((operators.count(|_| true) - before) / seconds as usize);
        };
        during(30).await;
        during(20).await;
        // The operator has room again.
        operators.books().takes = usize::MAX;
        during(30).await;
        during(10).await;
    });
    assert!((7..=12).contains(&rates[1]), "about what it takes: {rates:?}");
    assert!(rates[3] >= 18, "and all of it when it takes all: {rates:?}");
}
