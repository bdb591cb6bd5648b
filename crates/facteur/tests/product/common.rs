//! Starts the binary on free ports and scratch folders, speaks HTTP to it, kills and restarts it.

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use facteur_smsc::{Network, Options, PhoneMessage};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long anything may take that should be a matter of milliseconds, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a file or a route is looked at that cannot be awaited.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The binary under test.
pub(crate) fn facteur(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.args(args).env_remove("FACTEUR_LOG").env_remove("FACTEUR_API_KEY").env_remove("FACTEUR_URL");
    command
}

/// Runs a command to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    facteur(args).stdin(Stdio::null()).output().expect("the binary runs")
}

/// Runs a command that must succeed, and reads the JSON it prints.
pub(crate) fn run_json(args: &[&str]) -> Value {
    let output = run(args);
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "facteur {args:?} failed: {shown}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("facteur {args:?} printed no JSON: {e}"))
}

/// Waits until `look` finds something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// A running product. Killed when dropped.
pub(crate) struct Product {
    child: Option<Child>,
    /// Its scratch folder; the data folder is `data` in it.
    pub(crate) folder: Arc<TempDir>,
    arguments: Vec<String>,
    /// The address of the box inside, if it runs one.
    pub(crate) smsc: Option<String>,
    door: Door,
}

/// A client of the API; cheap to clone, so that many tasks can knock at once.
#[derive(Clone)]
pub(crate) struct Door {
    /// The API's address, as in `http://127.0.0.1:40001`.
    pub(crate) api: String,
    /// The key that requests are sent with.
    pub(crate) key: String,
    client: Client,
}

impl Deref for Product {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl DerefMut for Product {
    fn deref_mut(&mut self) -> &mut Door {
        &mut self.door
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `data` of a success.
    pub(crate) fn data(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()["data"].clone()
    }

    /// The message id of a success.
    pub(crate) fn id(&self) -> String {
        self.data()["id"].as_str().expect("an id").to_owned()
    }

    /// The code of an error, when both dialects agree on it.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        assert_eq!(body["code"], body["error"]["code"], "both dialects: {}", self.text);
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Product {
    /// `facteur dev` with these further arguments.
    pub(crate) async fn dev(more: &[&str]) -> Self {
        let folder = Arc::new(TempDir::new().expect("a scratch folder"));
        let mut arguments = vec!["dev".to_owned(), "--data".to_owned(), path(folder.path(), "data")];
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        Self::start(folder, arguments, String::new()).await
    }

    /// `facteur dev` towards a network in this process.
    pub(crate) async fn dev_with(network: &Far) -> Self {
        Self::dev(&["--smsc", &network.address()]).await
    }

    /// `facteur serve` with one route to `smsc`, a workspace `test`, a key, and the Sender ID
    /// `MyCompany`; `more` is added to the configuration.
    pub(crate) async fn serve(smsc: &str, sandbox: bool, more: &str) -> Self {
        Self::serve_on("", smsc, sandbox, more).await
    }

    /// `facteur serve` over nothing: no workspace, no key, nobody; one route to `smsc`.
    pub(crate) async fn serve_nothing(smsc: &str) -> Self {
        let folder = Arc::new(TempDir::new().expect("a scratch folder"));
        let (config, data) = (path(folder.path(), "facteur.toml"), path(folder.path(), "data"));
        let text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[store]\ndata = \"{data}\"\n[[routes]]\nname = \"far\"\n\
             address = \"{smsc}\"\nsystem_id = \"test\"\npassword = \"secret\"\n"
        );
        std::fs::write(&config, text).expect("a configuration");
        Self::start(folder, vec!["serve".to_owned(), "--config".to_owned(), config], String::new()).await
    }

    /// The same with a route that waits long for answers.
    pub(crate) async fn serve_patient(smsc: &str, more: &str) -> Self {
        Self::serve_route(smsc, "window = 100\nresponse_timeout = \"10m\"", more).await
    }

    /// The same with further settings of the store.
    pub(crate) async fn serve_on(store: &str, smsc: &str, sandbox: bool, more: &str) -> Self {
        let route = format!("window = 100\nresponse_timeout = \"2s\"\nsandbox = {sandbox}");
        Self::configured(store, smsc, &route, more).await
    }

    /// The same with a route of these settings; what comes after may be further routes.
    pub(crate) async fn serve_route(smsc: &str, route: &str, more: &str) -> Self {
        Self::configured("", smsc, route, more).await
    }

    async fn configured(store: &str, smsc: &str, route: &str, more: &str) -> Self {
        let folder = Arc::new(TempDir::new().expect("a scratch folder"));
        let config = path(folder.path(), "facteur.toml");
        let data = path(folder.path(), "data");
        let text = format!(
            "{more}\n[http]\nlisten = \"127.0.0.1:0\"\n[store]\ndata = \"{data}\"\n{store}\n\
             [[routes]]\nname = \"far\"\naddress = \"{smsc}\"\nsystem_id = \"test\"\n\
             password = \"secret\"\nrebind_max = \"1s\"\nbind_timeout = \"1s\"\n{route}\n"
        );
        std::fs::write(&config, text).expect("a configuration");
        let admin = |words: &[&str]| {
            run_json(&[&["admin", "--config", &config, "--json", "--by", "test"], words].concat())
        };
        admin(&["workspaces", "create", "--name", "test"]);
        let scopes = "SMS_SEND,CONVERSATIONS_READ,PHONE_NUMBERS_READ,CONSENTS_READ_WRITE,WEBHOOKS_READ_WRITE";
        let fast = ["--read-per-second", "1000000", "--write-per-second", "1000000"];
        let key = admin(&[&["keys", "create", "--scopes", scopes], fast.as_slice()].concat());
        admin(&["senders", "declare", "MyCompany", "--class", "transactional"]);
        admin(&["senders", "validate", "MyCompany"]);
        let secret = key["secret"].as_str().expect("shown once").to_owned();
        Self::start(folder, vec!["serve".to_owned(), "--config".to_owned(), config], secret).await
    }

    async fn start(folder: Arc<TempDir>, arguments: Vec<String>, key: String) -> Self {
        // The binary installs the same one; reqwest asks for it when a client is made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A certificate for tests has no authority behind it.
        let client =
            Client::builder().timeout(PATIENCE).danger_accept_invalid_certs(true).build().expect("a client");
        let door = Door { api: String::new(), key, client };
        let mut product = Self { child: None, folder, arguments, smsc: None, door };
        product.restart().await;
        product
    }

    /// Starts it (again) over the same data; at the same address if it had one.
    pub(crate) async fn restart(&mut self) {
        assert!(self.child.is_none(), "it is stopped first");
        let (mut child, ready) = self.launch(None);
        let told = until("ready file", async || {
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("it ended with {status}:\n{}", self.log());
            }
            std::fs::read(&ready).ok()
        })
        .await;
        let told: Value = serde_json::from_slice(&told).expect("a ready file is whole");
        self.api = told["api"].as_str().expect("api").to_owned();
        self.smsc = told["smsc"].as_str().map(str::to_owned);
        if let Some(key) = told["api_key"].as_str() {
            self.key = key.to_owned();
        }
        self.child = Some(child);
    }

    /// From its next start on it listens where it does now, as a service does.
    pub(crate) fn stay_here(&self) {
        let config = self.folder.path().join("facteur.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        let listen = self.api.strip_prefix("http://").expect("HTTP");
        std::fs::write(&config, text.replace("127.0.0.1:0", listen)).expect("written");
    }

    /// From its next start on its clock begins here (`dev` only).
    pub(crate) fn set_clock(&mut self, start: &str) {
        let at = self.arguments.iter().position(|argument| argument == "--clock").expect("it has a clock");
        self.arguments[at + 1] = start.to_owned();
    }

    /// Starts it again without waiting until it is up, at the address that it had; at `crash_at`, when
    /// given, it dies.
    pub(crate) fn set_out(&mut self, crash_at: Option<&str>) {
        self.child = Some(self.launch(crash_at).0);
    }

    /// Whether it has not ended by itself.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().expect("a child").is_none())
    }

    /// Waits for its death; by which signal, if by one.
    pub(crate) async fn dies(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt as _;
        loop {
            let ended = self.child.as_mut().expect("it runs").try_wait().expect("a child");
            if let Some(status) = ended {
                self.child = None;
                return status.signal();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn launch(&self, crash_at: Option<&str>) -> (Child, PathBuf) {
        let ready = self.folder.path().join("ready.json");
        // There is none before the first start.
        let _ = std::fs::remove_file(&ready);
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log");
        let mut command = facteur(&[]);
        command.args(&self.arguments).arg("--ready-file").arg(&ready);
        if self.arguments[0] == "dev" {
            let address = self.api.strip_prefix("http://").unwrap_or("127.0.0.1:0");
            command.args(["--listen", address]);
        }
        let errors = log.try_clone().expect("a log");
        if let Some(point) = crash_at {
            command.env("FACTEUR_CRASH_AT", point);
        }
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        (child.expect("the binary starts"), ready)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> String {
        path(self.folder.path(), "data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Everything that it has printed, to standard output and error, over all its starts.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("a child");
        child.wait().expect("a child");
    }

    /// SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        let pid = self.pid().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(asked.success());
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn stop(&mut self) {
        self.ask_to_stop();
        let mut child = self.child.take().expect("it runs");
        let status = until("orderly end", async || child.try_wait().expect("a child")).await;
        assert!(status.success(), "it ended with {status}:\n{}", self.log());
    }

    /// `facteur admin` over its data.
    pub(crate) fn admin(&self, words: &[&str]) -> Value {
        run_json(&[&["admin", "--data", &self.data(), "--json", "--by", "test"], words].concat())
    }
}

impl Door {
    /// A request with these headers and no others of ours.
    pub(crate) async fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        self.try_raw(method, target, headers, body).await.expect("an answer")
    }

    /// The same, where the product may be dead.
    pub(crate) async fn try_raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{target}", self.api)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, text: answer.text().await? })
    }

    /// A POST of JSON with the key.
    pub(crate) async fn post(&self, target: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let key: &str = &self.key;
        let usual = [("Authorization", key), ("Content-Type", "application/json")];
        self.raw("POST", target, &[usual.as_slice(), more].concat(), body.to_string().into_bytes()).await
    }

    /// A GET with the key.
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.raw("GET", target, &[("Authorization", &self.key)], Vec::new()).await
    }

    /// A message from `MyCompany`.
    pub(crate) async fn send(&self, to: &str, message: &str) -> Answer {
        self.post("/v1/api/sms", &json!({"sender_id": "MyCompany", "to": to, "message": message}), &[]).await
    }

    /// The same, where the product may be dead.
    pub(crate) async fn try_send(&self, to: &str, message: &str) -> Result<Answer, reqwest::Error> {
        let headers = [("Authorization", self.key.as_str()), ("Content-Type", "application/json")];
        let body = json!({"sender_id": "MyCompany", "to": to, "message": message}).to_string();
        self.try_raw("POST", "/v1/api/sms", &headers, body.into_bytes()).await
    }

    /// A message with its story.
    pub(crate) async fn message(&self, id: &str) -> Value {
        self.get(&format!("/v2/api/messages/{id}")).await.data()
    }

    /// Waits until a message is in one of these states; answers it with its story.
    pub(crate) async fn reaches(&self, id: &str, states: &[&str]) -> Value {
        let mut last = Value::Null;
        let reaching = async {
            loop {
                last = self.message(id).await;
                if states.contains(&last["status"].as_str().expect("a status")) {
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reaching).await;
        assert!(reached.is_ok(), "never one of {states:?}: {last:#}");
        last
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; the test has its verdict either way.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The far side in this process, to misbehave on demand and to be asked what arrived.
pub(crate) struct Far {
    pub(crate) network: Network,
    stop: CancellationToken,
}

impl Far {
    /// A network that counts every text that reaches every phone.
    pub(crate) async fn start(options: Options) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = facteur_gateway::Clock::system();
        let wall = Arc::new(move || clock.now().millis());
        let options = Options { ledger: true, ..options };
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let network = Network::start(listen, options, wall, &tasks, stop.clone()).await.expect("a network");
        Self { network, stop }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.network.address().to_string()
    }

    /// Waits until a phone has this text.
    pub(crate) async fn shows(&self, msisdn: &str, text: &str) -> PhoneMessage {
        until("the text is on the phone", async || {
            self.network.phone(msisdn).into_iter().find(|message| message.text == text)
        })
        .await
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A path below a folder, as text.
pub(crate) fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("UTF-8").to_owned()
}
