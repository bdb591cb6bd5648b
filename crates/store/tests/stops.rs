//! After a STOP is durable, no marketing that it covers is handed over: random orders of acceptances,
//! departures, STOPs (recorded by somebody, or said by the phone itself), their ends, holds, new names and
//! restarts, put on the line without waiting for answers, against a model that is a list of messages and a
//! list of STOPs.

use std::sync::Arc;

use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Basis, Class, IdSource, Message, MessageId, MessageText, Msisdn, OptOutId, OptOutScope,
    SenderRecordId, SenderState, State, Timestamp, WorkspaceId,
};
use facteur_store::{
    Accept, Accepted, Actor, Arrived, Change, ConsentOrder, Departed, Dossier, HandOver, Inbound, Known,
    NewConsent, NewOptOut, OptOut, OptOutState, Options, Pending, Reception, RouteId, SenderRecord, Settings,
    StopOrder, Store, Understand, Understood, Waiting, Workspace,
};
use proptest::prelude::*;

const WORKSPACES: [WorkspaceId; 2] = [WorkspaceId::from_key(16), WorkspaceId::from_key(32)];
/// Of each workspace: a sender of its own advertiser, and one of the advertiser "Second".
const SENDERS: [[&str; 2]; 2] = [["FirstOwn", "FirstOther"], ["SecondOwn", "SecondOther"]];
const OTHER_ADVERTISER: &str = "Second";

#[derive(Debug, Clone)]
enum Happening {
    Accept {
        from: (usize, usize),
        to: u64,
        marketing: bool,
        scheduled: bool,
    },
    Depart(usize, bool),
    Stop {
        workspace: usize,
        number: u64,
        scope: OptOutScope,
        own: bool,
    },
    /// The phone writes STOP or START; the operator may deliver it twice.
    Say {
        workspace: usize,
        number: u64,
        own: bool,
        start: bool,
        twice: bool,
    },
    Lift(usize),
    Hold(usize),
    Release,
    Rename(usize),
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let two = || 0..2usize;
    let scope = prop_oneof![
        4 => Just(OptOutScope::Advertiser),
        1 => Just(OptOutScope::Workspace),
        1 => Just(OptOutScope::Platform),
    ];
    prop_oneof![
        10 => ((two(), two()), 0..2u64, prop::bool::weighted(0.8), prop::bool::weighted(0.3))
            .prop_map(|(from, to, marketing, scheduled)| H::Accept { from, to, marketing, scheduled }),
        10 => (any::<usize>(), prop::bool::weighted(0.2)).prop_map(|(n, judged)| H::Depart(n, judged)),
        3 => (two(), 0..2u64, scope, any::<bool>())
            .prop_map(|(workspace, number, scope, own)| H::Stop { workspace, number, scope, own }),
        3 => (two(), 0..2u64, any::<bool>(), prop::bool::weighted(0.3), any::<bool>())
            .prop_map(|(workspace, number, own, start, twice)| H::Say { workspace, number, own, start, twice }),
        1 => any::<usize>().prop_map(H::Lift),
        1 => any::<usize>().prop_map(H::Hold),
        1 => Just(H::Release),
        1 => two().prop_map(H::Rename),
        1 => Just(H::Restart),
    ]
}

struct Sent {
    id: MessageId,
    from: (usize, usize),
    to: u64,
    marketing: bool,
    due: Timestamp,
    state: State,
}

#[derive(PartialEq, Debug)]
struct Stopped {
    workspace: usize,
    number: u64,
    scope: OptOutScope,
    own: bool,
}

impl Stopped {
    fn covers(&self, sent: &Sent) -> bool {
        let (workspace, sender) = sent.from;
        self.number == sent.to
            && match self.scope {
                OptOutScope::Platform => true,
                OptOutScope::Workspace => self.workspace == workspace,
                OptOutScope::Advertiser => self.workspace == workspace && self.own == (sender == 0),
            }
    }
}

/// An answer that is under way, and what it must be.
enum Expected {
    Accepted(Pending<Accepted>),
    Departed(Pending<Departed>, Departed),
    Stopped(Pending<(Vec<OptOut>, Vec<Change>)>, Vec<MessageId>),
    Said(Pending<(Reception, Vec<Change>)>, Vec<MessageId>, bool),
    Held(Pending<Vec<Change>>, usize),
    Released(Pending<Vec<Waiting>>, Vec<MessageId>),
    Renamed(Pending<()>),
}

/// Understands every message in one way.
struct Says(Understood);

impl Understand for Says {
    fn text(&self, _: &[Option<Inbound>]) -> String {
        "said".to_owned()
    }

    fn understand(&self, _: &Arrived<'_>, _: &Known) -> Understood {
        self.0.clone()
    }
}

struct Run {
    folder: tempfile::TempDir,
    store: Store,
    route: RouteId,
    ids: IdSource,
    clock: i64,
    sent: Vec<Sent>,
    stops: Vec<Stopped>,
    renamed: u32,
    said: u32,
    /// Each workspace's own advertiser.
    names: [String; 2],
    under_way: Vec<Expected>,
}

fn open(folder: &tempfile::TempDir) -> Store {
    let options = Options { readers: 1, ..Options::new(folder.path().join("facteur.db")) };
    Store::open(options, Box::new(|_| {})).expect("opens")
}

fn actor() -> Actor {
    Actor::named("test")
}

fn number(n: u64) -> Msisdn {
    Msisdn::from_digits(33_639_980_000 + n).expect("a number")
}

impl Run {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder);
        let route = store.route("r".to_owned()).await.expect("a route");
        let clock = 1_795_000_000_000;
        let (ids, at) = (IdSource::new(0), Timestamp::from_millis(clock));
        for (id, names) in WORKSPACES.into_iter().zip(SENDERS) {
            let workspace = Workspace { id, name: format!("Company {}", id.key()), created_at: at };
            store.create_workspace(workspace, actor()).await.expect("made");
            for (name, advertiser) in names.into_iter().zip([None, Some(OTHER_ADVERTISER.to_owned())]) {
                let record = SenderRecord {
                    id: SenderRecordId::from_key(ids.next(at)),
                    workspace: id,
                    sender: name.parse().expect("a sender"),
                    class: Class::Marketing,
                    state: SenderState::Validated,
                    reason: None,
                    decided_by: "test".to_owned(),
                    created_at: at,
                    decided_at: at,
                    dossier: Dossier { advertiser, ..Dossier::default() },
                };
                store.declare_sender(record, actor()).await.expect("declared");
            }
        }
        let names = WORKSPACES.map(|id| format!("Company {}", id.key()));
        let (sent, stops, under_way) = (Vec::new(), Vec::new(), Vec::new());
        Self { folder, store, route, ids, clock, sent, stops, renamed: 0, said: 0, names, under_way }
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1000;
        Timestamp::from_millis(self.clock)
    }

    async fn happens(&mut self, happening: Happening) {
        use Happening as H;
        let at = self.now();
        match happening {
            H::Accept { from, to, marketing, scheduled } => self.accept(at, from, to, marketing, scheduled),
            H::Depart(n, judged) if !self.sent.is_empty() => self.depart(at, n % self.sent.len(), judged),
            H::Hold(n) if !self.sent.is_empty() => self.hold(at, n % self.sent.len()),
            H::Stop { workspace, number, scope, own } => {
                self.stop(at, Stopped { workspace, number, scope, own });
            }
            H::Say { workspace, number, own, start, twice } => {
                let stop = Stopped { workspace, number, scope: OptOutScope::Advertiser, own };
                self.say(at, stop, start, twice);
            }
            H::Lift(n) if !self.stops.is_empty() => self.lift(at, n % self.stops.len()).await,
            H::Release => self.release(at),
            H::Rename(workspace) => self.rename(at, workspace),
            H::Restart => self.restart().await,
            H::Depart(..) | H::Hold(_) | H::Lift(_) => {}
        }
    }

    fn accept(&mut self, at: Timestamp, from: (usize, usize), to: u64, marketing: bool, scheduled: bool) {
        let due = if scheduled { Timestamp::from_millis(self.clock + 10_000) } else { at };
        let message = Message {
            id: MessageId::from_key(self.ids.next(at)),
            workspace: WORKSPACES[from.0],
            api_key: AccountKeyId::from_key(16),
            sender: SENDERS[from.0][from.1].parse().expect("a sender"),
            recipient: number(to),
            class: if marketing { Class::Marketing } else { Class::Otp },
            text: MessageText::try_from("Bonjour".to_owned()).expect("a text"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at: at,
            send_at: due,
            expires_at: at,
            client_reference: None,
            test: false,
            auto_reply: None,
        };
        let state = if scheduled { State::Scheduled } else { State::Queued };
        self.sent.push(Sent { id: message.id, from, to, marketing, due, state });
        self.under_way.push(Expected::Accepted(self.store.accept(Accept::from(message))));
    }

    fn depart(&mut self, at: Timestamp, n: usize, judged: bool) {
        let (sent, stops) = (&mut self.sent[n], &self.stops);
        let order = HandOver {
            message: sent.id,
            parts: 1,
            recipient: number(sent.to),
            parts_owed: u16::MAX,
            route: self.route,
            at,
            marketing: judged,
            through: None,
        };
        let mut expected = Departed { given: vec![0], ..Departed::default() };
        if sent.state == State::Queued {
            let stopped = (sent.marketing || judged) && stops.iter().any(|stop| stop.covers(sent));
            if stopped {
                sent.state = State::Blocked;
                expected.blocked.push(Change {
                    message: sent.id,
                    workspace: WORKSPACES[sent.from.0],
                    class: if sent.marketing { Class::Marketing } else { Class::Otp },
                    from: State::Queued,
                    to: State::Blocked,
                    parts_owed: 0,
                });
            } else {
                sent.state = State::Submitting;
                expected.given[0] = 1;
            }
        }
        self.under_way.push(Expected::Departed(self.store.depart(vec![order]), expected));
    }

    fn stop(&mut self, at: Timestamp, stop: Stopped) {
        // Both ways of naming the workspace's own advertiser are used: by nothing, and by scope.
        let advertiser = (!stop.own).then(|| OTHER_ADVERTISER.to_uppercase());
        let new = NewOptOut {
            number: number(stop.number),
            scope: stop.scope,
            advertiser,
            source: "stop_reply".to_owned(),
            reason: None,
        };
        let pending = self.store.record_opt_outs(WORKSPACES[stop.workspace], vec![new], at, actor());
        let mut blocked = Vec::new();
        for sent in self.sent.iter_mut().filter(|sent| sent.marketing && stop.covers(sent)) {
            if matches!(sent.state, State::Scheduled | State::Queued) {
                sent.state = State::Blocked;
                blocked.push(sent.id);
            }
        }
        let own = stop.own || stop.scope != OptOutScope::Advertiser;
        let stop = Stopped { own, ..stop };
        if !self.stops.contains(&stop) {
            self.stops.push(stop);
        }
        self.under_way.push(Expected::Stopped(pending, blocked));
    }

    /// What a phone writes is understood, and happens, in the transaction that keeps it.
    fn say(&mut self, at: Timestamp, stop: Stopped, start: bool, twice: bool) {
        self.said += 1;
        let workspace = WORKSPACES[stop.workspace];
        let own = self.names[stop.workspace].clone();
        let mut understood = Understood::default();
        if start {
            let consent = NewConsent {
                number: number(stop.number),
                basis: Basis::Consent,
                advertiser: if stop.own { own } else { OTHER_ADVERTISER.to_owned() },
                purpose: "test".to_owned(),
                collected_at: at,
                source: "test".to_owned(),
                text_shown: "test".to_owned(),
                evidence: None,
                professional: false,
            };
            understood.consents = vec![ConsentOrder { workspace, consent }];
        } else {
            let opt_out = NewOptOut {
                number: number(stop.number),
                scope: OptOutScope::Advertiser,
                advertiser: (!stop.own).then(|| OTHER_ADVERTISER.to_uppercase()),
                source: "stop_reply".to_owned(),
                reason: None,
            };
            understood.stops = vec![StopOrder { workspace, opt_out, state: OptOutState::Confirmed }];
        }
        let mut blocked = Vec::new();
        if start {
            self.stops.retain(|there| *there != stop);
        } else {
            for sent in self.sent.iter_mut().filter(|sent| sent.marketing && stop.covers(sent)) {
                if matches!(sent.state, State::Scheduled | State::Queued) {
                    sent.state = State::Blocked;
                    blocked.push(sent.id);
                }
            }
            if !self.stops.contains(&stop) {
                self.stops.push(stop);
            }
        }
        let inbound = Inbound {
            route: self.route,
            at,
            from: Some(number(0)),
            source: bytes::Bytes::from_static(b"33639980000"),
            destination: bytes::Bytes::from_static(b"36180"),
            code: "36180".parse().ok(),
            esm_class: 0,
            data_coding: 0,
            content: bytes::Bytes::from(format!("{}", self.said)),
            tlvs: bytes::Bytes::new(),
            text_from: 0,
            part: None,
            operator_id: None,
        };
        let desk: Arc<dyn Understand> = Arc::new(Says(understood));
        let once = self.store.receive(inbound.clone(), desk.clone());
        self.under_way.push(Expected::Said(once, blocked, false));
        if twice {
            self.under_way.push(Expected::Said(self.store.receive(inbound, desk), Vec::new(), true));
        }
    }

    /// Needs the STOP's id, so it waits for what is under way.
    async fn lift(&mut self, at: Timestamp, n: usize) {
        self.settle().await;
        let stop = self.stops.remove(n);
        let workspace = WORKSPACES[stop.workspace];
        let there = self.held(&stop).await;
        let consent = NewConsent {
            number: number(stop.number),
            basis: Basis::Consent,
            advertiser: there.1.unwrap_or_else(|| "Any".to_owned()),
            purpose: "test".to_owned(),
            collected_at: at,
            source: "test".to_owned(),
            text_shown: "test".to_owned(),
            evidence: None,
            professional: false,
        };
        let why = "agreed again".to_owned();
        let lifted = self.store.lift_opt_out(workspace, there.0, why, Some(consent), at, actor());
        lifted.await.expect("lifted");
    }

    /// The STOP in the store that stands for one of the model's.
    async fn held(&self, stop: &Stopped) -> (OptOutId, Option<String>) {
        let workspace = WORKSPACES[stop.workspace];
        let page = facteur_store::Page { page: 1, size: 100 };
        let all = self.store.opt_outs(workspace, Some(number(stop.number)), page).await.expect("read");
        let other = OTHER_ADVERTISER.to_uppercase();
        let wanted = |there: &&OptOut| {
            there.lifted.is_none()
                && there.scope == stop.scope
                && (stop.scope != OptOutScope::Advertiser
                    || (there.advertiser.as_deref() == Some(&*other)) != stop.own)
        };
        let found: Vec<&OptOut> = all.rows.iter().filter(wanted).collect();
        assert_eq!(found.len(), 1, "a STOP is kept once");
        (found[0].id, found[0].advertiser.clone())
    }

    fn hold(&mut self, at: Timestamp, n: usize) {
        let until = Timestamp::from_millis(self.clock + 5_000);
        let sent = &mut self.sent[n];
        let held = self
            .store
            .hold(vec![facteur_store::Hold { message: sent.id, until, rule: "fr.window.night" }], at);
        let moved = usize::from(sent.state == State::Queued);
        if matches!(sent.state, State::Scheduled | State::Queued) {
            (sent.state, sent.due) = (State::Scheduled, until);
        }
        self.under_way.push(Expected::Held(held, moved));
    }

    fn release(&mut self, at: Timestamp) {
        let released = self.store.release_due(at, 1000);
        let mut due = Vec::new();
        for sent in self.sent.iter_mut().filter(|sent| sent.state == State::Scheduled && sent.due <= at) {
            sent.state = State::Queued;
            due.push(sent.id);
        }
        self.under_way.push(Expected::Released(released, due));
    }

    /// The STOPs that hold follow.
    fn rename(&mut self, at: Timestamp, workspace: usize) {
        self.renamed += 1;
        let name = format!("Name {}", self.renamed);
        let settings = Settings::of(&name);
        self.names[workspace] = name;
        let pending = self.store.change_settings(WORKSPACES[workspace], settings, at, actor());
        self.under_way.push(Expected::Renamed(pending));
    }

    async fn restart(&mut self) {
        self.store.close().await.expect("closes");
        self.settle().await;
        self.store = open(&self.folder);
        let at = self.now();
        self.store.recover(at).await.expect("recovered");
        for sent in self.sent.iter_mut().filter(|sent| sent.state == State::Submitting) {
            sent.state = State::Unknown;
        }
    }

    async fn settle(&mut self) {
        for expected in self.under_way.drain(..) {
            match expected {
                Expected::Accepted(pending) => assert_eq!(pending.await.expect("kept"), Accepted::New),
                Expected::Departed(pending, expected) => {
                    assert_eq!(pending.await.expect("answered"), expected);
                }
                Expected::Stopped(pending, blocked) => {
                    let (_, changes) = pending.await.expect("recorded");
                    let told: Vec<MessageId> = changes.iter().map(|change| change.message).collect();
                    assert_eq!(told, blocked);
                }
                Expected::Said(pending, blocked, again) => {
                    let (reception, changes) = pending.await.expect("kept");
                    assert_eq!(matches!(reception, Reception::Repeat(_)), again);
                    let told: Vec<MessageId> = changes.iter().map(|change| change.message).collect();
                    assert_eq!(told, blocked);
                }
                Expected::Held(pending, moved) => assert_eq!(pending.await.expect("held").len(), moved),
                Expected::Released(pending, due) => {
                    let released = pending.await.expect("released");
                    let told: Vec<MessageId> = released.iter().map(|waiting| waiting.message.id).collect();
                    assert_eq!(told, due);
                }
                Expected::Renamed(pending) => pending.await.expect("changed"),
            }
        }
    }

    /// Whether the store says of every message what the model says.
    async fn compare(&mut self) {
        self.settle().await;
        for sent in &self.sent {
            let read = self.store.message(WORKSPACES[sent.from.0], sent.id).await.expect("read");
            assert_eq!(read.expect("there").state, sent.state);
        }
        assert_eq!(self.store.check().await.expect("checked"), Vec::<String>::new());
        for workspace in WORKSPACES {
            let report = self.store.verify_consents(workspace).await.expect("verified");
            assert_eq!(report.broken_at, None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    // Requirement `fr-optout-scope`.
    #[test]
    fn nothing_leaves_after_a_stop(life in prop::collection::vec(happening(), 1..150)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut run = Run::new().await;
            for happening in life {
                run.happens(happening).await;
            }
            run.compare().await;
            run.store.close().await.expect("closes");
        });
    }
}
