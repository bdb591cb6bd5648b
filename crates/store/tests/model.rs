//! Random lives of a few messages, against a model that is a list of part states and nothing else.

use std::collections::BTreeMap;

use facteur_domain::delivery::{Event, State, aggregate};
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, IdSource, Message, MessageId, MessageText, Msisdn, PartId, Timestamp, WorkspaceId,
};
use facteur_store::{
    Accept, Answer, AnswerOutcome, HandOver, Options, Receipt, ReceiptFate, RouteId, Store, Withdrawal,
};
use proptest::prelude::*;

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);

/// What happens next; messages and parts are named by small numbers, taken modulo what there is.
#[derive(Debug, Clone)]
enum Happening {
    Accept { parts: u8, scheduled: bool },
    Release,
    HandOver(usize),
    GiveBack(usize),
    Answer(usize, u8, AnswerKind),
    Receipt(usize, u8, Event),
    Cancel(usize),
    Lapse(usize),
    Resend(usize),
    Leave(usize),
    Overdue,
    Recover,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum AnswerKind {
    Taken,
    Deferred,
    Refused,
    Lost,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let which = || 0..4usize;
    let part = || 0..3u8;
    let answer = prop_oneof![
        4 => Just(AnswerKind::Taken),
        1 => Just(AnswerKind::Deferred),
        1 => Just(AnswerKind::Refused),
        1 => Just(AnswerKind::Lost),
    ];
    let event = prop_oneof![
        2 => Just(Event::ReceiptDelivered),
        1 => Just(Event::ReceiptUndelivered),
        1 => Just(Event::ReceiptExpired),
        1 => Just(Event::ReceiptRejected),
    ];
    prop_oneof![
        3 => (1..=3u8, prop::bool::weighted(0.2)).prop_map(|(parts, scheduled)| H::Accept { parts, scheduled }),
        1 => Just(H::Release),
        5 => which().prop_map(H::HandOver),
        1 => which().prop_map(H::GiveBack),
        8 => (which(), part(), answer).prop_map(|(m, p, a)| H::Answer(m, p, a)),
        8 => (which(), part(), event).prop_map(|(m, p, e)| H::Receipt(m, p, e)),
        1 => which().prop_map(H::Cancel),
        1 => which().prop_map(H::Lapse),
        1 => which().prop_map(H::Resend),
        1 => which().prop_map(H::Leave),
        1 => Just(H::Overdue),
        1 => Just(H::Recover),
        1 => Just(H::Restart),
    ]
}

#[derive(Debug, Clone)]
struct ModelPart {
    state: State,
    /// The operator has given it its id.
    known: bool,
    /// It was sent again: what is answered to it while it waits is answered to its first journey.
    resent: bool,
    /// Receipts that came before.
    early: Vec<Event>,
}

impl ModelPart {
    fn happens(&mut self, event: Event) -> bool {
        let unasked = self.state == State::Queued && event == Event::Taken && !self.resent;
        if unasked {
            return false;
        }
        let after = self.state.after(event);
        self.resent |= event == Event::Resent && after.is_ok();
        self.state = after.unwrap_or(self.state);
        after.is_ok()
    }
}

struct Twin {
    message: Message,
    parts: Vec<ModelPart>,
}

impl Twin {
    fn state(&self) -> State {
        aggregate(self.parts.iter().map(|part| part.state)).expect("a part")
    }

    fn owed(&self) -> u16 {
        self.mask(State::Queued)
    }

    fn mask(&self, state: State) -> u16 {
        (0..).zip(&self.parts).filter(|(_, p)| p.state == state).fold(0, |mask, (n, _)| mask | 1 << n)
    }

    fn all(&mut self, from: &[State], event: Event) -> bool {
        let mut any = false;
        for part in self.parts.iter_mut().filter(|part| from.contains(&part.state)) {
            any |= part.happens(event);
        }
        any
    }
}

struct Run {
    folder: tempfile::TempDir,
    store: Store,
    route: RouteId,
    ids: IdSource,
    clock: i64,
    twins: Vec<Twin>,
}

fn open(folder: &tempfile::TempDir) -> Store {
    let options = Options { readers: 1, ..Options::new(folder.path().join("facteur.db")) };
    Store::open(options, Box::new(|_| {})).expect("opens")
}

impl Run {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder);
        let route = store.route("r".to_owned()).await.expect("a route");
        Self { folder, store, route, ids: IdSource::new(0), clock: 1_795_000_000_000, twins: Vec::new() }
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1000;
        Timestamp::from_millis(self.clock)
    }

    fn id(&self, n: usize) -> MessageId {
        self.twins[n].message.id
    }

    async fn happens(&mut self, happening: Happening) {
        use Happening as H;
        let count = self.twins.len();
        if let H::Accept { parts, scheduled } = happening {
            return self.accept(parts, scheduled).await;
        }
        if count == 0 {
            return;
        }
        match happening {
            H::Accept { .. } => {}
            H::Release => self.release().await,
            H::HandOver(n) => self.hand_over(n % count).await,
            H::GiveBack(n) => {
                let at = self.now();
                self.store.give_back(vec![(self.id(n % count), u16::MAX)], at).await.expect("given back");
                // Nothing was written: as if the operator had said "later".
                self.twins[n % count].all(&[State::Submitting], Event::Deferred);
            }
            H::Answer(n, part, kind) => self.answer(n % count, part, kind).await,
            H::Receipt(n, part, event) => self.receipt(n % count, part, event).await,
            H::Cancel(n) => self.cancel(n % count).await,
            H::Lapse(n) => {
                let at = self.now();
                let batch = vec![(self.id(n % count), Withdrawal::Lapsed)];
                self.store.withdraw(batch, at).await.expect("withdrawn");
                self.twins[n % count].all(&[State::Scheduled, State::Queued], Event::Lapsed);
            }
            H::Resend(n) => {
                let at = self.now();
                let resent = self.store.resend(vec![self.id(n % count)], at).await.expect("resent");
                let unknown = self.twins[n % count].mask(State::Unknown);
                self.twins[n % count].all(&[State::Unknown], Event::Resent);
                let moved: Vec<u16> = resent.iter().map(|waiting| waiting.parts_owed).collect();
                assert_eq!(
                    moved,
                    if unknown == 0 { vec![] } else { vec![unknown] },
                    "what moved, and no more"
                );
            }
            H::Leave(n) => {
                let at = self.now();
                self.store.leave_unknown(vec![self.id(n % count)], at).await.expect("left");
            }
            H::Overdue => {
                let at = self.now();
                self.store.overdue_receipts(at, at, 1000).await.expect("swept");
                for twin in &mut self.twins {
                    twin.all(&[State::Submitted], Event::ReceiptOverdue);
                }
            }
            H::Recover => self.recover().await,
            H::Restart => {
                self.store.close().await.expect("closes");
                self.store = open(&self.folder);
                self.recover().await;
            }
        }
    }

    async fn accept(&mut self, parts: u8, scheduled: bool) {
        let now = self.now();
        let send_at = if scheduled { Timestamp::from_millis(self.clock + 60_000) } else { now };
        let message = Message {
            id: MessageId::from_key(self.ids.next(now)),
            workspace: WORKSPACE,
            api_key: AccountKeyId::from_key(16),
            sender: "MyCompany".parse().expect("a sender"),
            recipient: Msisdn::from_digits(33_639_980_001).expect("a number"),
            // One whose text is kept.
            class: Class::Alert,
            text: MessageText::try_from("Bonjour".to_owned()).expect("a text"),
            encoding: Encoding::Gsm7,
            parts,
            accepted_at: now,
            send_at,
            expires_at: now,
            client_reference: None,
            test: false,
            auto_reply: None,
        };
        self.store.accept(Accept::from(message.clone())).await.expect("kept");
        let state = if scheduled { State::Scheduled } else { State::Queued };
        let part = ModelPart { state, known: false, resent: false, early: Vec::new() };
        self.twins.push(Twin { message, parts: vec![part; usize::from(parts)] });
    }

    async fn release(&mut self) {
        let now = self.now();
        let released = self.store.release_due(now, 100).await.expect("released");
        let mut due = Vec::new();
        for twin in self.twins.iter_mut().filter(|twin| twin.message.send_at <= now) {
            if twin.all(&[State::Scheduled], Event::Due) {
                due.push(twin.message.id);
            }
        }
        assert_eq!(released.iter().map(|waiting| waiting.message.id).collect::<Vec<_>>(), due);
    }

    async fn hand_over(&mut self, n: usize) {
        let (at, id) = (self.now(), self.id(n));
        let twin = &mut self.twins[n];
        let order = HandOver {
            message: id,
            parts: twin.message.parts,
            recipient: twin.message.recipient,
            parts_owed: u16::MAX,
            route: self.route,
            at,
            marketing: false,
            through: None,
        };
        let given = self.store.hand_over(vec![order]).await.expect("answered");
        assert_eq!(given == [id], twin.owed() != 0);
        twin.all(&[State::Queued], Event::HandedOver);
    }

    async fn answer(&mut self, n: usize, part: u8, kind: AnswerKind) {
        let (at, id) = (self.now(), self.id(n));
        let part = part % self.twins[n].message.parts;
        let outcome = match kind {
            AnswerKind::Taken => AnswerOutcome::Taken { smsc_id: format!("{n}-{part}") },
            AnswerKind::Deferred => AnswerOutcome::Deferred { word: "ESME_RTHROTTLED".to_owned(), until: at },
            AnswerKind::Refused => AnswerOutcome::Refused { word: "ESME_RINVDSTADR".to_owned() },
            AnswerKind::Lost => AnswerOutcome::Lost,
        };
        let answer = Answer { part: PartId::new(id, part), route: self.route, at, outcome };
        let changes = self.store.record_answers(vec![answer]).await.expect("recorded");
        let before = self.twins[n].state();
        let model = &mut self.twins[n].parts[usize::from(part)];
        let event = match kind {
            AnswerKind::Taken => Event::Taken,
            AnswerKind::Deferred => Event::Deferred,
            AnswerKind::Refused => Event::Refused,
            AnswerKind::Lost => Event::AnswerLost,
        };
        if model.happens(event) && matches!(kind, AnswerKind::Taken) {
            model.known = true;
        }
        if model.known && matches!(kind, AnswerKind::Taken) {
            for early in std::mem::take(&mut model.early) {
                model.happens(early);
            }
        }
        let after = self.twins[n].state();
        assert_eq!(changes.first().map_or(before, |change| change.from), before);
        assert_eq!(changes.last().map_or(before, |change| change.to), after);
    }

    async fn receipt(&mut self, n: usize, part: u8, event: Event) {
        let at = self.now();
        let part = part % self.twins[n].message.parts;
        let receipt = Receipt {
            route: self.route,
            smsc_id: format!("{n}-{part}"),
            other_ids: Vec::new(),
            recipient: None,
            event: Some(event),
            word: "X",
            error: None,
            opted_out: false,
            at,
            raw: bytes::Bytes::new(),
        };
        let fated = self.store.record_receipts(vec![receipt]).await.expect("recorded");
        let fates: Vec<ReceiptFate> = fated.into_iter().map(|fated| fated.fate).collect();
        let twin = &mut self.twins[n];
        let before = twin.state();
        let model = &mut twin.parts[usize::from(part)];
        if model.known {
            // A part delivered long ago, in another process's life, is known no more: the receipt is
            // kept as an orphan and changes nothing.
            if fates[0] == ReceiptFate::Orphan {
                assert_eq!(twin.state(), before);
                assert_eq!(twin.parts[usize::from(part)].state, State::Delivered);
                return;
            }
            model.happens(event);
            let moved = matches!(&fates[0], ReceiptFate::Moved(change) if change.from != change.to);
            assert_eq!(moved, twin.state() != before);
        } else {
            assert_eq!(fates[0], ReceiptFate::Orphan);
            model.early.push(event);
        }
    }

    async fn cancel(&mut self, n: usize) {
        let (at, id) = (self.now(), self.id(n));
        let cancelled =
            self.store.cancel(WORKSPACE, id, at, facteur_store::Actor::named("ana")).await.is_ok();
        let waits = |part: &ModelPart| matches!(part.state, State::Scheduled | State::Queued);
        let may = self.twins[n].parts.iter().all(waits);
        assert_eq!(cancelled, may);
        if may {
            self.twins[n].all(&[State::Scheduled, State::Queued], Event::Cancelled);
        }
    }

    async fn recover(&mut self) {
        let at = self.now();
        let recovery = self.store.recover(at).await.expect("recovered");
        for twin in &mut self.twins {
            twin.all(&[State::Submitting], Event::AnswerLost);
        }
        let mut counts = BTreeMap::new();
        for twin in &self.twins {
            *counts.entry(twin.state()).or_insert(0) += 1;
        }
        let count = |state| counts.get(&state).copied().unwrap_or(0);
        assert_eq!(recovery.waiting, count(State::Scheduled) + count(State::Queued));
        assert_eq!(recovery.unknown, count(State::Unknown));
        assert_eq!(recovery.awaiting_receipt, count(State::Submitted));
    }

    /// Whether the store says of every message what the model says.
    async fn compare(&self) {
        for twin in &self.twins {
            let read = self.store.message(WORKSPACE, twin.message.id).await.expect("read").expect("there");
            assert_eq!((&read.message, read.state), (&twin.message, twin.state()));
        }
        let queued = self.store.queued(None, 10_000).await.expect("read");
        let queued = queued.iter().map(|queued| queued.message).collect();
        let waiting = self.store.waiting(queued).await.expect("read");
        let waiting: Vec<(MessageId, u16)> =
            waiting.iter().map(|waiting| (waiting.message.id, waiting.parts_owed)).collect();
        let expected: Vec<(MessageId, u16)> = self
            .twins
            .iter()
            .filter(|twin| twin.owed() != 0)
            .map(|twin| (twin.message.id, twin.owed()))
            .collect();
        assert_eq!(waiting, expected);
        assert_eq!(self.store.check().await.expect("checked"), Vec::<String>::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_life_is_the_model_s(life in prop::collection::vec(happening(), 1..120)) {
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
