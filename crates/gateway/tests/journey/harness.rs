//! A gateway, its store in a scratch folder, and the network in the box.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{
    AccountKeyId, Class, MessageId, Redacted, Sender, SenderRecordId, SenderState, State, WorkspaceId,
};
use facteur_gateway::{
    Caller, Chance, Clock, Config, Gateway, Link, Origin, Refusal, Reply, RouteConfig, SendRequest,
    SendingRules, StoredAnswer, UnknownPolicy, mint_key,
};
use facteur_smpp::session::Limits;
use facteur_smsc::{Habits, Network, Options as BoxOptions, PhoneMessage, SwitchedOff};
use facteur_store::{Actor, ApiKey, SenderRecord, StoredMessage, StoryStep, Workspace};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What differs from the usual house.
pub(crate) struct Plan {
    pub(crate) link: Link,
    pub(crate) per_second: u32,
    pub(crate) settle_wait: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) otp_validity: Duration,
    pub(crate) unknown: Vec<(Class, UnknownPolicy)>,
    pub(crate) attempts_max: u16,
    pub(crate) dead_route_first: bool,
    pub(crate) dev: bool,
    pub(crate) sandbox: bool,
    /// Where the clock starts, RFC 3339; now when absent.
    pub(crate) clock: Option<&'static str>,
    /// A rule pack beside the embedded ones.
    pub(crate) pack: Option<&'static str>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            link: Link::Transceiver,
            per_second: 0,
            settle_wait: Duration::from_secs(60),
            response_timeout: Duration::from_secs(5),
            otp_validity: Duration::from_secs(300),
            unknown: Vec::new(),
            attempts_max: 20,
            dead_route_first: false,
            dev: true,
            sandbox: true,
            clock: None,
            pack: None,
        }
    }
}

pub(crate) struct Harness {
    pub(crate) gateway: Gateway,
    pub(crate) network: Network,
    pub(crate) workspace: WorkspaceId,
    caller: Caller,
    secret: String,
    config: Config,
    clock: Clock,
    folder: TempDir,
    stop: CancellationToken,
}

fn config(plan: &Plan, network: &Network) -> Config {
    let mut sending = SendingRules {
        settle_wait: plan.settle_wait,
        attempts_max: plan.attempts_max,
        dev: plan.dev,
        stop_code: "36180".parse().ok(),
        ..SendingRules::default()
    };
    if let Some(pack) = plan.pack {
        let pack = facteur_rules::Pack::parse(pack).expect("a pack");
        sending.packs = Arc::new(sending.packs.with(pack));
    }
    for (class, policy) in &plan.unknown {
        for entry in &mut sending.classes.unknown {
            if entry.0 == *class {
                entry.1 = *policy;
            }
        }
    }
    for entry in &mut sending.classes.validity {
        if entry.0 == Class::Otp {
            entry.1 = plan.otp_validity;
        }
    }
    let route = RouteConfig {
        name: "box".to_owned(),
        address: network.address().to_string(),
        system_id: "facteur".to_owned(),
        password: Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: plan.link,
        binds: 1,
        limits: Limits { window: 10, response_timeout: plan.response_timeout, ..Limits::default() },
        per_second: plan.per_second,
        tls: None,
        rebind_max: Duration::from_millis(500),
        opt_out_errors: vec![53],
        throttle_errors: vec![55],
        sandbox: plan.sandbox,
        cost: 1,
    };
    let dead = RouteConfig { name: "dead".to_owned(), address: "127.0.0.1:1".to_owned(), ..route.clone() };
    let routes = if plan.dead_route_first { vec![dead, route] } else { vec![route] };
    Config { routes, sending, ..Config::default() }
}

impl Harness {
    pub(crate) async fn start(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let stop = CancellationToken::new();
        let quick = Habits {
            receipt_delay: Duration::from_millis(10)..=Duration::from_millis(40),
            messages_per_s: 0,
        };
        let options = BoxOptions {
            habits: [quick.clone(), quick.clone(), quick.clone(), quick],
            switched_off: SwitchedOff::After(Duration::from_millis(200)),
            reply_delay: Duration::from_millis(50),
            offer_again: Duration::from_millis(200),
            ..BoxOptions::default()
        };
        let clock = plan.clock.map_or_else(Clock::system, |start| Clock::starting_at(instant(start)));
        let wall = clock.clone();
        let listen = "127.0.0.1:0".parse().expect("an address");
        let network = Network::start(
            listen,
            options,
            Arc::new(move || wall.now().millis()),
            &TaskTracker::new(),
            stop.clone(),
        )
        .await
        .expect("a free port");
        let config = config(&plan, &network);
        let gateway = open(&config, &folder, &clock).await;
        let (workspace, secret) = furnish(&gateway).await;
        let caller = gateway.authenticate(&secret).expect("just made");
        let house = Self { gateway, network, workspace, caller, secret, config, clock, folder, stop };
        house.network.wait_until(|stats| stats.bound > 0).await;
        house
    }

    /// Stops in order and starts again over the same folder.
    pub(crate) async fn restart(&mut self) {
        self.gateway.shut_down(Duration::from_secs(5)).await;
        self.gateway = open(&self.config, &self.folder, &self.clock).await;
        self.caller = self.gateway.authenticate(&self.secret).expect("keys survive");
    }

    /// The same on another clock.
    pub(crate) async fn restart_at(&mut self, start: &str) {
        self.clock = Clock::starting_at(instant(start));
        self.restart().await;
    }

    pub(crate) async fn stop(self) {
        let report = self.gateway.shut_down(Duration::from_secs(10)).await;
        assert!(!report.cut_short, "{report:?}");
        self.stop.cancel();
    }

    pub(crate) async fn send(&self, to: &str, text: &str) -> MessageId {
        self.try_send(to, text).await.expect("accepted")
    }

    pub(crate) async fn send_as(&self, to: &str, text: &str, class: Option<Class>) -> MessageId {
        self.accept(SendRequest { class, ..request(to, text) }).await.expect("accepted")
    }

    pub(crate) async fn send_later(&self, to: &str, text: &str, after: Duration) -> MessageId {
        let send_at = Some(self.gateway.now().plus(after));
        self.accept(SendRequest { send_at, ..request(to, text) }).await.expect("accepted")
    }

    pub(crate) async fn try_send(&self, to: &str, text: &str) -> Result<MessageId, Refusal> {
        self.accept(request(to, text)).await
    }

    pub(crate) async fn accept(&self, request: SendRequest) -> Result<MessageId, Refusal> {
        let mut id = None;
        let answer = |message: &facteur_domain::Message| {
            id = Some(message.id);
            StoredAnswer { status: 200, body: bytes::Bytes::new() }
        };
        let reply = self.gateway.accept(&self.caller, request, answer).await?;
        assert!(matches!(reply, Reply::New(_)));
        Ok(id.expect("answered"))
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("facteur.db")
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) async fn stored(&self, id: MessageId) -> StoredMessage {
        self.gateway.store().message(self.workspace, id).await.expect("readable").expect("kept")
    }

    pub(crate) async fn story(&self, id: MessageId) -> Vec<StoryStep> {
        self.gateway.store().story(self.workspace, id).await.expect("readable")
    }

    /// Waits until the message is in `state`.
    pub(crate) async fn reaches(&self, id: MessageId, state: State) {
        let seen = self.poll(id, |now| now == state).await;
        assert_eq!(seen, state, "{:?}", self.story(id).await);
    }

    /// Waits until the message is in a final state.
    pub(crate) async fn settles(&self, id: MessageId) -> State {
        self.poll(id, State::is_final).await
    }

    async fn poll(&self, id: MessageId, done: impl Fn(State) -> bool) -> State {
        let clock = self.gateway.clock();
        let end = clock.instant() + PATIENCE;
        loop {
            let state = self.stored(id).await.state;
            if done(state) || clock.instant() > end {
                return state;
            }
            clock.pause(Duration::from_millis(10)).await;
        }
    }

    /// What the phone holds, oldest first.
    pub(crate) fn texts(&self, number: &str) -> Vec<String> {
        let mut kept: Vec<PhoneMessage> = self.network.phone(number);
        kept.retain(|m| m.direction == facteur_smsc::Direction::Received);
        kept.into_iter().map(|m| m.text).collect()
    }

    pub(crate) async fn decide(&self, sender: Sender, to: SenderState) {
        let store = self.gateway.store();
        let actor = Actor::named("test");
        store
            .decide_sender(self.workspace, sender, to, Some("test".to_owned()), self.gateway.now(), actor)
            .await
            .expect("decided");
        self.gateway.refresh().await.expect("read again");
    }
}

/// A text that belongs to one number.
pub(crate) fn text_of(number: &str) -> String {
    format!("Pour {number}")
}

/// An instant from RFC 3339.
pub(crate) fn instant(text: &str) -> facteur_domain::Timestamp {
    facteur_domain::Timestamp::from_jiff(text.parse().expect("RFC 3339"))
}

pub(crate) fn request(to: &str, text: &str) -> SendRequest {
    SendRequest {
        origin: Origin::SenderId("MyCompany".to_owned()),
        to: to.to_owned(),
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

async fn open(config: &Config, folder: &TempDir, clock: &Clock) -> Gateway {
    let options = facteur_store::Options::new(folder.path().join("facteur.db"));
    Gateway::start(config.clone(), options, clock.clone()).await.expect("starts")
}

/// A workspace with a key and a verified sender; the key's secret.
async fn furnish(gateway: &Gateway) -> (WorkspaceId, String) {
    let (store, at) = (gateway.store(), gateway.now());
    let actor = || Actor::named("test");
    let workspace = WorkspaceId::from_key(1 << 4);
    store
        .create_workspace(Workspace { id: workspace, name: "Acme".to_owned(), created_at: at }, actor())
        .await
        .expect("made");
    let minted = mint_key(Chance, false, None);
    let secret = minted.secret.show().clone();
    let key = ApiKey {
        id: AccountKeyId::from_key(2 << 4),
        workspace,
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
    store.create_key(key, actor()).await.expect("made");
    let record = SenderRecord {
        id: SenderRecordId::from_key(3 << 4),
        workspace,
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
    store.declare_sender(record, actor()).await.expect("declared");
    store
        .decide_sender(workspace, sender, SenderState::Validated, None, at, actor())
        .await
        .expect("validated");
    gateway.refresh().await.expect("read again");
    (workspace, secret)
}
