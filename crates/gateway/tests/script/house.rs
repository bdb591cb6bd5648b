//! A gateway with a workspace, a key and a verified sender, on a virtual clock.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{
    AccountKeyId, Class, MessageId, Redacted, SenderRecordId, SenderState, State, Timestamp, WorkspaceId,
};
use facteur_gateway::{
    Caller, Clock, Compliance, Config, Gateway, Link, Origin, Refusal, RouteConfig, SendRequest,
    SendingRules, StoredAnswer, mint_key,
};
use facteur_smpp::session::Limits;
use facteur_store::{Actor, ApiKey, Hand, Options, SenderRecord, Store, StoredMessage, Workspace};

use crate::operator::Operator;

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const SECRET: &str = "ak_live_script";
/// How long an operator may take to answer.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a lost answer is waited for.
pub(crate) const SETTLE_WAIT: Duration = Duration::from_secs(10);

pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) clock: Clock,
    caller: Caller,
}

/// What differs from the usual.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    /// RFC 3339.
    pub(crate) clock: &'static str,
    pub(crate) per_second: u32,
}

impl Default for Setting {
    fn default() -> Self {
        Self { clock: "2026-11-24T10:00:00+01:00", per_second: 0 }
    }
}

/// The hand of the store.
type Slot = Rc<RefCell<Option<Hand>>>;

/// The disk, which never refuses; it does not return.
async fn disk(slot: &Slot) {
    loop {
        tokio::time::sleep(Duration::from_millis(3)).await;
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

/// Plays a test in a fresh house, with the operator that `engage` makes.
pub(crate) fn play(
    setting: Setting,
    engage: impl FnOnce() -> Operator,
    act: impl AsyncFnOnce(&House, &Operator),
) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facteur.db");
    let store = Store::open(Options::new(&path), Box::new(|_| {})).expect("opens");
    furnish(&store);
    store.close().wait().expect("closes");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let slot = Slot::default();
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = disk(&slot) => {}
            () = async {
                let (clock, operator) = (Clock::of_runtime(instant(setting.clock)), engage());
                let hold = slot.clone();
                let open = move |sink| {
                    let (store, hand) = Store::open_by_hand(Options::new(&path), sink)?;
                    *hold.borrow_mut() = Some(hand);
                    Ok(store)
                };
                let dial = Arc::new(operator.clone());
                let gateway = Gateway::start_in(config(setting), clock.clone(), dial, open);
                let gateway = gateway.await.expect("starts");
                let caller = gateway.authenticate(SECRET).expect("the key");
                act(&House { gateway, clock, caller }, &operator).await;
            } => {}
        }
    });
}

pub(crate) fn instant(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().expect("RFC 3339"))
}

fn config(setting: Setting) -> Config {
    let sending =
        SendingRules { settle_wait: SETTLE_WAIT, stop_code: "36180".parse().ok(), ..SendingRules::default() };
    let route = RouteConfig {
        name: "script".to_owned(),
        address: "operator:2775".to_owned(),
        system_id: "facteur".to_owned(),
        password: Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: Link::Transceiver,
        binds: 1,
        limits: Limits { window: 10, response_timeout: RESPONSE_TIMEOUT, ..Limits::default() },
        per_second: setting.per_second,
        tls: None,
        rebind_max: Duration::from_millis(500),
        sandbox: false,
        cost: 0,
        opt_out_errors: Vec::new(),
        throttle_errors: Vec::new(),
    };
    Config { routes: vec![route], sending, ..Config::default() }
}

fn furnish(store: &Store) {
    let (at, actor) = (Timestamp::from_millis(1_780_000_000_000), || Actor::named("test"));
    let workspace = Workspace { id: WORKSPACE, name: "Acme".to_owned(), created_at: at };
    store.create_workspace(workspace, actor()).wait().expect("made");
    let minted = mint_key(facteur_gateway::Chance, false, Some(SECRET));
    let key = ApiKey {
        id: AccountKeyId::from_key(32),
        workspace: WORKSPACE,
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
    let record = SenderRecord {
        id: SenderRecordId::from_key(48),
        workspace: WORKSPACE,
        sender: "MyCompany".parse().expect("valid"),
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
        .decide_sender(WORKSPACE, sender, SenderState::Validated, None, at, actor())
        .wait()
        .expect("validated");
}

/// A text of so many parts.
pub(crate) fn text_of(parts: usize) -> String {
    "a".repeat(153 * parts - 1)
}

pub(crate) fn request(text: &str) -> SendRequest {
    SendRequest {
        origin: Origin::SenderId("MyCompany".to_owned()),
        to: "+33612345678".to_owned(),
        message: text.to_owned(),
        class: None,
        client_reference: None,
        send_at: None,
        validity_minutes: None,
        idempotency: None,
        compliance: Compliance::default(),
        resend_of: None,
        trace: None,
    }
}

impl House {
    pub(crate) async fn accept(&self, request: SendRequest) -> Result<MessageId, Refusal> {
        let mut id = None;
        let answer = |message: &facteur_domain::Message| {
            id = Some(message.id);
            StoredAnswer { status: 200, body: bytes::Bytes::new() }
        };
        self.gateway.accept(&self.caller, request, answer).await?;
        Ok(id.expect("answered"))
    }

    pub(crate) async fn stored(&self, id: MessageId) -> StoredMessage {
        self.gateway.store().message(WORKSPACE, id).await.expect("readable").expect("kept")
    }

    /// Waits until the message is in `state`; what its story is, when it does not come there.
    pub(crate) async fn reaches(&self, id: MessageId, state: State, patience: Duration) {
        let end = self.clock.instant() + patience;
        while self.stored(id).await.state != state {
            if self.clock.instant() > end {
                let story = self.gateway.store().story(WORKSPACE, id).await.expect("readable");
                panic!("{} and not {state}: {story:?}", self.stored(id).await.state);
            }
            self.clock.pause(Duration::from_millis(50)).await;
        }
    }
}
