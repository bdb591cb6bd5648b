//! A store with a workspace, and short words for what happens to its messages.

use std::path::Path;
use std::sync::{Arc, Mutex};

use facteur_domain::delivery::Event;
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, ClientReference, IdSource, Message, MessageId, MessageText, Msisdn, PartId, State,
    Timestamp, WorkspaceId,
};
use facteur_store::{
    Accept, Accepted, AcceptedSink, Answer, AnswerOutcome, Change, Fated, HandOver, Receipt, ReceiptFate,
    RouteId, Store, StoredMessage,
};

/// Opens the back end's store in a folder.
pub(crate) type Open = fn(&Path, AcceptedSink) -> Store;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) route: RouteId,
    /// Every message the sink was told of, in order.
    pub(crate) told: Arc<Mutex<Vec<MessageId>>>,
    open: Open,
    ids: IdSource,
}

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
pub(crate) const OTHER: WorkspaceId = WorkspaceId::from_key(32);
pub(crate) const KEY: AccountKeyId = AccountKeyId::from_key(48);

/// `seconds` after the story begins.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + seconds * 1000)
}

pub(crate) fn phone(n: u64) -> Msisdn {
    Msisdn::from_digits(33_639_980_000 + n).expect("a number")
}

fn start(open: Open, folder: &Path, told: &Arc<Mutex<Vec<MessageId>>>) -> Store {
    let told = Arc::clone(told);
    let sink = move |messages: Vec<Message>| {
        told.lock().expect("no panic holds it").extend(messages.iter().map(|message| message.id));
    };
    open(folder, Box::new(sink))
}

impl World {
    pub(crate) async fn new(open: Open) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let told = Arc::default();
        let store = start(open, folder.path(), &told);
        let route = store.route("aggregator".to_owned()).await.expect("a route");
        Self { store, folder, route, told, open, ids: IdSource::new(1) }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await.expect("closes");
        self.store = start(self.open, self.folder.path(), &self.told);
    }

    /// Opens a store elsewhere.
    pub(crate) fn open_in(&self, folder: &Path) -> Store {
        start(self.open, folder, &Arc::default())
    }

    /// A message of one part, accepted at `at(seconds)`, due at once.
    pub(crate) fn message(&self, seconds: i64) -> Message {
        Message {
            id: MessageId::from_key(self.ids.next(at(seconds))),
            workspace: WORKSPACE,
            api_key: KEY,
            sender: "MyCompany".parse().expect("a sender"),
            recipient: phone(1),
            class: Class::Transactional,
            text: MessageText::try_from("Votre commande est prête".to_owned()).expect("a text"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at: at(seconds),
            send_at: at(seconds),
            expires_at: at(seconds + 86_400),
            client_reference: Some(ClientReference::try_from("order-42".to_owned()).expect("a reference")),
            test: false,
            auto_reply: None,
        }
    }

    pub(crate) async fn keep(&self, message: &Message) {
        let accept = Accept::from(message.clone());
        assert_eq!(self.store.accept(accept).await.expect("kept"), Accepted::New);
    }

    /// Accepts a message of `parts` parts to `recipient`.
    pub(crate) async fn accepted(&self, parts: u8, recipient: Msisdn) -> Message {
        let message = Message { parts, recipient, ..self.message(0) };
        self.keep(&message).await;
        message
    }

    pub(crate) fn order(&self, message: &Message, seconds: i64) -> HandOver {
        HandOver {
            message: message.id,
            parts: message.parts,
            recipient: message.recipient,
            parts_owed: u16::MAX,
            route: self.route,
            at: at(seconds),
            marketing: false,
            through: None,
        }
    }

    /// Hands a message over whole.
    pub(crate) async fn hand_over(&self, message: &Message, seconds: i64) {
        let given = self.store.hand_over(vec![self.order(message, seconds)]).await.expect("handed over");
        assert_eq!(given, [message.id]);
    }

    pub(crate) fn answer_of(&self, part: PartId, seconds: i64, outcome: AnswerOutcome) -> Answer {
        Answer { part, route: self.route, at: at(seconds), outcome }
    }

    pub(crate) async fn answer(
        &self,
        message: &Message,
        part: u8,
        seconds: i64,
        outcome: AnswerOutcome,
    ) -> Vec<Change> {
        let answer = self.answer_of(PartId::new(message.id, part), seconds, outcome);
        self.store.record_answers(vec![answer]).await.expect("recorded")
    }

    /// The operator takes part `part` under `id`.
    pub(crate) async fn taken(&self, message: &Message, part: u8, seconds: i64, id: &str) -> Vec<Change> {
        self.answer(message, part, seconds, AnswerOutcome::Taken { smsc_id: id.to_owned() }).await
    }

    /// A message of one part, taken under `id`.
    pub(crate) async fn submitted(&self, recipient: Msisdn, id: &str) -> Message {
        let message = self.accepted(1, recipient).await;
        self.hand_over(&message, 1).await;
        self.taken(&message, 0, 2, id).await;
        message
    }

    /// A message of one part whose answer was lost.
    pub(crate) async fn lost(&self, recipient: Msisdn) -> Message {
        let message = self.accepted(1, recipient).await;
        self.hand_over(&message, 1).await;
        self.answer(&message, 0, 2, AnswerOutcome::Lost).await;
        message
    }

    pub(crate) fn receipt_of(&self, id: &str, event: Event, seconds: i64) -> Receipt {
        let word = match event {
            Event::ReceiptDelivered => "DELIVRD",
            Event::ReceiptUndelivered => "UNDELIV",
            Event::ReceiptExpired => "EXPIRED",
            _ => "REJECTD",
        };
        Receipt {
            route: self.route,
            smsc_id: id.to_owned(),
            other_ids: Vec::new(),
            recipient: None,
            event: Some(event),
            word,
            error: (event != Event::ReceiptDelivered).then(|| "err:005".to_owned()),
            opted_out: false,
            at: at(seconds),
            raw: bytes::Bytes::from_static(b"id:1 stat:X"),
        }
    }

    pub(crate) async fn receipt(&self, receipt: Receipt) -> ReceiptFate {
        self.fated(receipt).await.fate
    }

    pub(crate) async fn fated(&self, receipt: Receipt) -> Fated {
        let fates = self.store.record_receipts(vec![receipt]).await.expect("recorded");
        let [fated] = <[Fated; 1]>::try_from(fates).expect("one fate");
        fated
    }

    /// A message as it stands.
    pub(crate) async fn read(&self, message: &Message) -> StoredMessage {
        self.store.message(message.workspace, message.id).await.expect("read").expect("there")
    }

    /// All that wait for their turn, as a start reads them.
    pub(crate) async fn waiting(&self) -> Vec<facteur_store::Waiting> {
        let queued = self.store.queued(None, 10_000).await.expect("read");
        self.store.waiting(queued.iter().map(|queued| queued.message).collect()).await.expect("read")
    }

    pub(crate) async fn state(&self, message: &Message) -> State {
        self.read(message).await.state
    }

    /// The names of a story's steps, each with its part.
    pub(crate) async fn story(&self, message: &Message) -> Vec<String> {
        let steps = self.store.story(message.workspace, message.id).await.expect("read");
        assert!(steps.is_sorted_by_key(|step| step.at), "oldest first");
        let name =
            |part: Option<u8>, what: &str| part.map_or(what.to_owned(), |part| format!("{part} {what}"));
        steps.iter().map(|step| name(step.part, &step.what)).collect()
    }
}

/// What a change says, shortly.
pub(crate) fn moves(changes: &[Change]) -> Vec<(State, State)> {
    changes.iter().map(|change| (change.from, change.to)).collect()
}
