//! The customers: they send, cancel, ask again under the same key when no answer came, and are called back.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::operator::Operator;
use super::random::Random;
use crate::common::{Door, Product};

/// Clients that send at once.
const CLIENTS: usize = 6;
/// How long one rests between two messages.
const REST: Duration = Duration::from_millis(15);
/// How long one waits when the product does not answer.
const DEAD_REST: Duration = Duration::from_millis(10);
/// Phones that many messages go to.
const SHARED: u64 = 5;

/// What a message is, by its token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// To a phone of its own.
    Plain,
    /// In two parts.
    Long,
    /// To one of a few phones, that all get many.
    Shared,
    /// Of a class that is left when its answer is lost.
    Left,
    /// To leave a second later.
    Later,
    /// To leave much later, and cancelled before.
    Cancelled,
}

impl Kind {
    pub(super) const fn of(token: u64) -> Self {
        match token % 10 {
            0 => Self::Long,
            1 | 2 => Self::Shared,
            3 => Self::Left,
            4 => Self::Later,
            5 => Self::Cancelled,
            _ => Self::Plain,
        }
    }
}

fn recipient(token: u64) -> String {
    match Kind::of(token) {
        Kind::Shared => format!("+3361999000{}", token / 10 % SHARED),
        _ => format!("+3361{token:07}"),
    }
}

fn text(token: u64) -> String {
    let long = if Kind::of(token) == Kind::Long { "Bonjour. ".repeat(20) } else { String::new() };
    format!("{long}Votre rendez-vous est pour demain, 10:30. #{token:06}")
}

/// What one asked for and has no answer to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    Send(u64),
    Cancel(u64),
}

/// What customers know.
#[derive(Default)]
pub(super) struct Told {
    /// Message ids of what was accepted, by token.
    pub(super) accepted: HashMap<u64, String>,
    /// Tokens whose cancellation was confirmed.
    pub(super) cancelled: HashSet<u64>,
    /// Phones that said STOP.
    pub(super) stops: Vec<String>,
    /// What webhooks told: topic and the id of the message, or the number of the opt-out.
    pub(super) heard: HashSet<(String, String)>,
    /// Requests that were sent again under their key.
    pub(super) repeated: u64,
    unanswered: Vec<Wish>,
    /// Instants that were asked for, by token: a repeated request has the same body.
    instants: HashMap<u64, String>,
}

struct Crowd {
    told: Mutex<Told>,
    next: AtomicU64,
    sent: AtomicU64,
    /// Only messages that are left when in doubt are sent, or only others.
    only_left: Mutex<Option<bool>>,
    /// New messages are sent.
    open: AtomicBool,
    /// Everyone goes home.
    over: AtomicBool,
}

impl Crowd {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no panic elsewhere")
    }

    fn wish(&self) -> Option<Wish> {
        let only_left = *self.only_left.lock().expect("no panic elsewhere");
        let wanted = |token| only_left.is_none_or(|left| left == (Kind::of(token) == Kind::Left));
        let unanswered = &mut self.told().unanswered;
        let again = unanswered.iter().position(|wish| {
            let (Wish::Send(token) | Wish::Cancel(token)) = *wish;
            wanted(token)
        });
        if let Some(at) = again {
            return Some(unanswered.swap_remove(at));
        }
        if !self.open.load(Ordering::Relaxed) {
            return None;
        }
        let mut token = self.next.fetch_add(1, Ordering::Relaxed);
        while !wanted(token) {
            token = self.next.fetch_add(1, Ordering::Relaxed);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        Some(Wish::Send(token))
    }

    async fn client(self: Arc<Self>, door: Door) {
        while !self.over.load(Ordering::Relaxed) {
            let Some(wish) = self.wish() else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let next = match wish {
                Wish::Send(token) => self.send(&door, token).await,
                Wish::Cancel(token) => self.cancel(&door, token).await,
            };
            let rest = match next {
                // Not answered: whether it was done is not known, so it is asked again.
                Err(()) => {
                    self.told().unanswered.push(wish);
                    DEAD_REST
                }
                Ok(next) => {
                    self.told().unanswered.extend(next);
                    REST
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    async fn send(&self, door: &Door, token: u64) -> Result<Option<Wish>, ()> {
        let mut body = json!({
            "sender_id": "MyCompany", "to": recipient(token), "message": text(token),
            "client_reference": token.to_string(),
        });
        match Kind::of(token) {
            Kind::Left => body["class"] = "alert".into(),
            // Said alike every time: the body is part of the key's promise.
            Kind::Later => body["send_at"] = self.fixed(token, 1).into(),
            Kind::Cancelled => body["send_at"] = self.fixed(token, 3_600).into(),
            Kind::Plain | Kind::Long | Kind::Shared => {}
        }
        let headers = [
            ("Authorization", door.key.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", &format!("token-{token}")),
        ];
        let answer = door.try_raw("POST", "/v1/api/sms", &headers, body.to_string().into_bytes()).await;
        let answer = answer.map_err(drop)?;
        // 503: nothing was accepted, so it is asked again too.
        if answer.status == 503 {
            return Err(());
        }
        assert_eq!(answer.status, 200, "token {token}: {}", answer.text);
        let mut told = self.told();
        if answer.header("Idempotency-Replayed").is_some() {
            told.repeated += 1;
        }
        let before = told.accepted.insert(token, answer.id());
        assert!(before.is_none_or(|id| id == answer.id()), "token {token} has two ids");
        Ok((Kind::of(token) == Kind::Cancelled).then_some(Wish::Cancel(token)))
    }

    /// An instant that is the same whenever the token is asked about.
    fn fixed(&self, token: u64, seconds: u64) -> String {
        let at = facteur_gateway::Clock::system().now().plus(Duration::from_secs(seconds));
        self.told().instants.entry(token).or_insert_with(|| at.to_string()).clone()
    }

    async fn cancel(&self, door: &Door, token: u64) -> Result<Option<Wish>, ()> {
        let id = self.told().accepted[&token].clone();
        let headers = [("Authorization", door.key.as_str())];
        let target = format!("/v2/api/messages/{id}/cancel");
        let answer = door.try_raw("POST", &target, &headers, Vec::new()).await.map_err(drop)?;
        if answer.status == 503 {
            return Err(());
        }
        assert_eq!(answer.status, 200, "token {token}: {}", answer.text);
        self.told().cancelled.insert(token);
        Ok(None)
    }
}

/// The customers of one siege.
pub(super) struct Clients {
    crowd: Arc<Crowd>,
    phones: u64,
    _receiver: JoinSet<()>,
}

/// The load of one life.
pub(super) struct Load {
    crowd: Arc<Crowd>,
    tasks: JoinSet<()>,
}

impl Load {
    /// After the kill.
    pub(super) async fn end(self) {
        self.crowd.over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }

    /// Sends nothing new; ends when everything has its answer.
    pub(super) async fn until_answered(self) {
        self.crowd.open.store(false, Ordering::Relaxed);
        let crowd = self.crowd.clone();
        let sent = crowd.sent.load(Ordering::Relaxed);
        super::soon("everything has its answer", async || {
            let told = crowd.told();
            let cancelled = told.accepted.keys().filter(|token| Kind::of(**token) == Kind::Cancelled).count();
            (told.accepted.len() as u64 == sent && told.cancelled.len() == cancelled).then_some(())
        })
        .await;
        self.end().await;
    }
}

impl Clients {
    /// Subscribes to webhooks while the product lives for a moment.
    pub(super) async fn start(product: &Product, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let topics = ["sms.sent", "sms.delivered", "opt_out.created"];
        let made = product.post("/v2/api/webhooks", &json!({"url": url, "topics": topics}), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let crowd = Arc::new(Crowd {
            told: Mutex::default(),
            next: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            only_left: Mutex::default(),
            open: AtomicBool::new(true),
            over: AtomicBool::new(false),
        });
        let mut receiver = JoinSet::new();
        let heard = crowd.clone();
        receiver.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(hear(stream, heard.clone()));
            }
        });
        // Phones of another siege must not be taken for this one's: the operator may be shared.
        Self { crowd, phones: Random::new(seed).below(1_000) * 1_000, _receiver: receiver }
    }

    /// The load of one life; a phone says STOP in it, unless nothing but messages is asked for.
    pub(super) fn load(&mut self, product: &Product, operator: &mut Operator) -> Load {
        self.crowd.over.store(false, Ordering::Relaxed);
        let mut tasks = JoinSet::new();
        let door: &Door = product;
        for _ in 0..CLIENTS {
            tasks.spawn(self.crowd.clone().client(door.clone()));
        }
        if self.crowd.only_left.lock().expect("no panic elsewhere").is_some() {
            return Load { crowd: self.crowd.clone(), tasks };
        }
        let (crowd, first) = (self.crowd.clone(), self.phones);
        self.phones += 1;
        let phone = format!("+3363{first:07}");
        operator.stop_from(&phone);
        crowd.told().stops.push(phone);
        Load { crowd: self.crowd.clone(), tasks }
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.crowd.told()
    }

    /// Above every token.
    pub(super) fn tokens(&self) -> u64 {
        self.crowd.next.load(Ordering::Relaxed)
    }

    /// From now on only messages that are left when in doubt are sent, only others, or both.
    pub(super) fn send_only(&self, left: Option<bool>) {
        *self.crowd.only_left.lock().expect("no panic elsewhere") = left;
    }
}

/// Reads webhooks and answers 200.
async fn hear(mut stream: TcpStream, crowd: Arc<Crowd>) {
    let mut octets = Vec::new();
    loop {
        if stream.read_buf(&mut octets).await.unwrap_or(0) == 0 {
            return;
        }
        while let Some((length, body)) = request(&octets) {
            let data = &body["data"];
            let about = data["number"].as_str().or_else(|| data["id"].as_str()).unwrap_or_default();
            let topic = body["topic"].as_str().unwrap_or_default();
            crowd.told().heard.insert((topic.to_owned(), about.to_owned()));
            octets.drain(..length);
            let answered = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            if answered.is_err() {
                return;
            }
        }
    }
}

/// A whole request: its length and its body.
fn request(octets: &[u8]) -> Option<(usize, Value)> {
    let text = std::str::from_utf8(octets).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let length = head.lines().filter_map(|line| line.split_once(": "));
    let length = length.filter(|(field, _)| field.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map(|(_, value)| value.parse().expect("a length")).next()?;
    let body = rest.get(..length)?;
    Some((head.len() + 4 + length, serde_json::from_str(body).expect("JSON")))
}
