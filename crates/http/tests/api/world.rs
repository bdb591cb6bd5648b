//! A gateway with two workspaces, some keys and some senders, and a way to call its window.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use facteur_domain::{AccountKeyId, Class, IdSource, SenderRecordId, SenderState, Timestamp, WorkspaceId};
use facteur_gateway::{Chance, Clock, Config, Gateway, Scope, mint_key};
use facteur_http::Options;
use facteur_store::{Actor, ApiKey, SenderRecord, Settings, Workspace};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// 15 January 2024, a Monday, 10:30:00 UTC: nothing in these tests depends on the day.
pub(crate) const START: i64 = 1_705_314_600_000;
/// A request that is right in every way.
pub(crate) const GOOD: &str = r#"{"sender_id":"MyCompany","to":"+33612345678","message":"Bonjour"}"#;

/// A limit that no test reaches.
const PLENTY: u32 = 1_000_000;

/// What a key is like.
pub(crate) struct Traits {
    pub(crate) scopes: Vec<Scope>,
    pub(crate) reads: u32,
    pub(crate) writes: u32,
    pub(crate) quota: Option<u32>,
}

impl Default for Traits {
    fn default() -> Self {
        Self { scopes: Scope::ALL.to_vec(), reads: PLENTY, writes: PLENTY, quota: None }
    }
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) router: Router,
    /// A key that may do everything in the first workspace.
    pub(crate) key: String,
    /// The same in the second.
    pub(crate) other_key: String,
    workspace: WorkspaceId,
    ids: IdSource,
    folder: TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body as JSON; null when it is not.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.body["code"].as_str()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&Options::default()).await
    }

    pub(crate) async fn with(options: &Options) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let gateway = open(&folder).await;
        let ids = IdSource::new(0);
        let now = gateway.now();
        let mut workspaces = Vec::new();
        for name in ["Demo", "Other"] {
            let id = WorkspaceId::from_key(ids.next(now));
            let workspace = Workspace { id, name: name.to_owned(), created_at: now };
            gateway.store().create_workspace(workspace, actor()).await.expect("a workspace");
            workspaces.push(id);
        }
        let mut world = Self {
            router: facteur_http::router(gateway.clone(), options),
            gateway,
            key: String::new(),
            other_key: String::new(),
            workspace: workspaces[0],
            ids,
            folder,
        };
        world.key = world.add_key(Traits::default()).await;
        for (name, state) in [
            ("MyCompany", SenderState::Validated),
            ("38180", SenderState::Validated),
            ("Waiting", SenderState::Pending),
            ("Refused", SenderState::Failed),
            ("Gone", SenderState::Disabled),
        ] {
            world.add_sender(workspaces[0], name, state).await;
        }
        world.add_sender(workspaces[1], "OtherCo", SenderState::Validated).await;
        world.other_key = world.add_key_to(workspaces[1], Traits::default()).await;
        world
    }

    /// The same store behind a new gateway, as after a restart.
    pub(crate) async fn restart(&mut self) {
        self.gateway.shut_down(Duration::from_secs(5)).await;
        self.gateway = open(&self.folder).await;
        self.router = facteur_http::router(self.gateway.clone(), &Options::default());
    }

    /// Everything in the data folder, after the store was closed and opened again.
    pub(crate) async fn octets_on_disk(&mut self) -> Vec<u8> {
        self.restart().await;
        let files = std::fs::read_dir(self.folder.path()).expect("a folder");
        files.flat_map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default()).collect()
    }

    /// A new key of the first workspace.
    pub(crate) async fn add_key(&self, traits: Traits) -> String {
        self.add_key_to(self.workspace, traits).await
    }

    async fn add_key_to(&self, workspace: WorkspaceId, traits: Traits) -> String {
        let now = self.gateway.now();
        let minted = mint_key(Chance, false, None);
        let key = ApiKey {
            id: AccountKeyId::from_key(self.ids.next(now)),
            workspace,
            label: "test".to_owned(),
            visible: minted.visible.clone(),
            hash: minted.hash,
            scopes: traits.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            test: false,
            read_per_second: traits.reads,
            write_per_second: traits.writes,
            daily_quota: traits.quota,
            created_at: now,
            revoked_at: None,
        };
        self.gateway.store().create_key(key, actor()).await.expect("a key");
        self.gateway.refresh().await.expect("the directory");
        minted.secret.into_inner()
    }

    /// The first workspace.
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Revokes a key of the first workspace.
    pub(crate) async fn revoke(&self, secret: &str) {
        let caller = self.gateway.authenticate(secret).expect("a key");
        let done =
            self.gateway.store().revoke_key(self.workspace, caller.key.id, self.gateway.now(), actor());
        done.await.expect("revoked");
        self.gateway.refresh().await.expect("the directory");
    }

    async fn add_sender(&self, workspace: WorkspaceId, name: &str, state: SenderState) {
        let (store, now) = (self.gateway.store(), self.gateway.now());
        let sender = name.parse().expect("a sender");
        let record = SenderRecord {
            id: SenderRecordId::from_key(self.ids.next(now)),
            workspace,
            sender,
            class: Class::Transactional,
            state: SenderState::Pending,
            reason: None,
            decided_by: "test".to_owned(),
            created_at: now,
            decided_at: now,
            dossier: facteur_store::Dossier::default(),
        };
        store.declare_sender(record, actor()).await.expect("declared");
        let path: &[SenderState] = match state {
            SenderState::Pending => &[],
            SenderState::Validated => &[SenderState::Validated],
            SenderState::Failed => &[SenderState::Failed],
            SenderState::Disabled => &[SenderState::Validated, SenderState::Disabled],
        };
        for step in path {
            let decided = store.decide_sender(workspace, sender, *step, None, now, actor());
            decided.await.expect("decided");
        }
        self.gateway.refresh().await.expect("the directory");
    }

    /// Changes what the first workspace chose.
    pub(crate) async fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::clone(&self.gateway.settings(self.workspace));
        change(&mut settings);
        let done =
            self.gateway.store().change_settings(self.workspace, settings, self.gateway.now(), actor());
        done.await.expect("changed");
        self.gateway.refresh().await.expect("the directory");
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router is infallible");
        let (parts, body) = response.into_parts();
        let octets = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&octets).unwrap_or(Value::Null),
            text: String::from_utf8(octets.to_vec()).expect("UTF-8"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(request(Method::GET, path, &self.key, "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.call(request(Method::POST, path, &self.key, body)).await
    }

    /// Sends with the key that may do everything.
    pub(crate) async fn send(&self, body: &str) -> Answer {
        self.post("/v1/api/sms", body).await
    }

    /// Sends with an idempotency key.
    pub(crate) async fn send_once(&self, idempotency_key: &str, body: &str) -> Answer {
        let mut request = request(Method::POST, "/v1/api/sms", &self.key, body);
        let value = idempotency_key.parse().expect("a header value");
        request.headers_mut().insert("idempotency-key", value);
        self.call(request).await
    }

    /// How many messages the first workspace has.
    pub(crate) async fn kept(&self) -> u64 {
        let list = self.get("/v2/api/messages?size=1").await;
        list.body["pagination"]["total_count"].as_u64().expect("a count")
    }
}

async fn open(folder: &TempDir) -> Gateway {
    let store = facteur_store::Options::new(folder.path().join("facteur.db"));
    let clock = Clock::of_runtime(Timestamp::from_millis(START));
    Gateway::start(Config::default(), store, clock).await.expect("the gateway starts")
}

fn actor() -> Actor {
    Actor::named("test")
}

/// A request with a key and a JSON body.
pub(crate) fn request(method: Method, path: &str, key: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("authorization", key);
    let request = request.header("content-type", "application/json");
    request.body(Body::from(body.to_owned())).expect("a request")
}
