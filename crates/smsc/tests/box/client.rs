//! A platform as small as can be: one client session over one socket, and what it saw.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use facteur_smpp::session::{BindKind, ClosedBy, Credentials, Limits};
use facteur_smpp::tlv::Tlvs;
use facteur_smpp::{Address, Event, Session, ShortMessage, Status};
use facteur_smsc::{Network, Options};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Far longer than anything takes here: what is not there by then never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// 2026-11-22T10:30:05Z.
pub(crate) const WALL_MS: i64 = 1_795_343_405_000;

/// A network and the means to end it.
pub(crate) struct Running {
    pub(crate) network: Network,
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Starts a network whose delays are short enough for tests.
pub(crate) async fn start(change: impl FnOnce(&mut Options)) -> Running {
    let mut options = Options {
        receipt_lead: Duration::from_millis(50),
        reply_delay: Duration::from_millis(5),
        offer_again: Duration::from_millis(20),
        switched_off: facteur_smsc::SwitchedOff::After(Duration::from_millis(30)),
        late_receipt: Duration::from_millis(300),
        ledger: true,
        ..Options::default()
    };
    for habits in &mut options.habits {
        habits.receipt_delay = Duration::from_millis(5)..=Duration::from_millis(20);
    }
    change(&mut options);
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let listen = "127.0.0.1:0".parse().expect("an address");
    let network = Network::start(listen, options, Arc::new(|| WALL_MS), &tracker, stop.clone())
        .await
        .expect("a free port");
    Running { network, tracker, stop }
}

/// What a client saw, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Bound,
    BindRefused(Status),
    /// An answer to a submit, by its token.
    Answer(u64, Result<String, Status>),
    /// A submit that was never answered.
    Lost(u64),
    Receipt(Receipt),
    /// What a phone wrote.
    Reply(Reply),
    /// A PDU that could not be used.
    Faulty,
    Closed(ClosedBy),
}

/// A receipt, read with nothing of the product but for `as_read`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Receipt {
    /// What the protocol's own reader makes of it.
    pub(crate) as_read: Option<facteur_smpp::receipt::Receipt>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) error: u32,
    pub(crate) text: String,
    pub(crate) tlvs: Vec<u8>,
}

/// A part of what a phone wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    pub(crate) from: String,
    pub(crate) to: (u8, u8, String),
    pub(crate) esm_class: u8,
    pub(crate) data_coding: u8,
    pub(crate) octets: Vec<u8>,
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("ASCII")
}

fn field(receipt: &str, key: &str) -> String {
    let lower = receipt.to_lowercase();
    let at = lower.find(key).unwrap_or_else(|| panic!("no {key} in {receipt}")) + key.len();
    receipt[at..].split_whitespace().next().expect("a value").to_owned()
}

fn delivered(message: &ShortMessage<'_>) -> Seen {
    let (from, to) = (text(message.source.digits), text(message.destination.digits));
    if message.esm_class == 0x04 {
        let words = text(message.text);
        return Seen::Receipt(Receipt {
            as_read: facteur_smpp::receipt::Receipt::read(message),
            from,
            to,
            id: field(&words, "id:"),
            state: field(&words, "stat:"),
            error: field(&words, "err:").parse().expect("a number"),
            text: words,
            tlvs: message.tlvs.0.to_vec(),
        });
    }
    Seen::Reply(Reply {
        from,
        to: (message.destination.ton, message.destination.npi, to),
        esm_class: message.esm_class,
        data_coding: message.data_coding,
        octets: message.text.to_vec(),
    })
}

/// A submit_sm to be, with the defaults of an ordinary French one.
#[derive(Clone, Copy)]
pub(crate) struct Submit<'a> {
    pub(crate) source: (u8, u8, &'a str),
    pub(crate) to: &'a str,
    pub(crate) text: &'a [u8],
    pub(crate) esm_class: u8,
    pub(crate) data_coding: u8,
    pub(crate) registered: u8,
    pub(crate) tlvs: &'a [u8],
}

impl<'a> Submit<'a> {
    pub(crate) fn new(to: &'a str, text: &'a str) -> Self {
        let (source, text) = ((5, 0, "MyCompany"), text.as_bytes());
        Self { source, to, text, esm_class: 0, data_coding: 0, registered: 1, tlvs: &[] }
    }

    pub(crate) fn of_code(self, code: &'a str) -> Self {
        Self { source: (3, 1, code), ..self }
    }
}

/// What a session can run over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A bound client. It answers every deliver_sm with [`Client::takes`].
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    pub(crate) session: Session,
    input: BytesMut,
    next_token: u64,
    /// How deliver_sm are answered; `None`: not at all.
    pub(crate) takes: Option<Status>,
    /// Everything seen since the bind.
    pub(crate) seen: Vec<Seen>,
}

pub(crate) fn credentials(kind: BindKind, system_id: &str, password: &str) -> Credentials {
    let (system_id, password) = (system_id.to_owned(), password.to_owned());
    Credentials { kind, system_id, password, system_type: String::new() }
}

pub(crate) fn limits() -> Limits {
    Limits { window: 1_000, response_timeout: Duration::from_secs(2), ..Limits::default() }
}

#[expect(clippy::disallowed_methods, reason = "a test's client runs in real time")]
fn now() -> Instant {
    Instant::now()
}

impl Client {
    /// Connects and asks to bind, without waiting for the answer.
    pub(crate) async fn open(network: &Network, credentials: &Credentials, limits: Limits) -> Self {
        let stream = TcpStream::connect(network.address()).await.expect("a listener");
        stream.set_nodelay(true).expect("a socket");
        Self::over(Box::new(stream), credentials, limits).await
    }

    /// Asks to bind over a link that is there.
    pub(crate) async fn over(stream: Box<dyn Stream>, credentials: &Credentials, limits: Limits) -> Self {
        let session = Session::client(credentials, limits, now());
        let input = BytesMut::with_capacity(65_536);
        let mut client =
            Self { stream, session, input, next_token: 0, takes: Some(Status::OK), seen: vec![] };
        client.flush().await;
        client
    }

    /// Connects and binds.
    pub(crate) async fn bind(network: &Network, kind: BindKind, system_id: &str) -> Self {
        let mut client = Self::open(network, &credentials(kind, system_id, ""), limits()).await;
        client.until(|seen| *seen == Seen::Bound).await;
        // What waited for a receiver may have come together with the answer.
        client.seen.retain(|seen| *seen != Seen::Bound);
        client
    }

    /// A transceiver of the account `acme`.
    pub(crate) async fn transceiver(network: &Network) -> Self {
        Self::bind(network, BindKind::Transceiver, "acme").await
    }

    /// Writes what the session has to say; a link that is gone shows when reading.
    pub(crate) async fn flush(&mut self) {
        let output = self.session.output();
        while !output.is_empty() {
            let Ok(written) = self.stream.write(output).await else { return };
            output.advance(written);
        }
    }

    /// Submits, and gives the token of the answer.
    pub(crate) async fn submit(&mut self, submit: Submit<'_>) -> u64 {
        let token = self.write(submit);
        self.flush().await;
        token
    }

    /// Submits, but leaves it to the next flush to write it.
    pub(crate) fn write(&mut self, submit: Submit<'_>) -> u64 {
        let (ton, npi, digits) = submit.source;
        let message = ShortMessage {
            source: Address { ton, npi, digits: digits.as_bytes() },
            destination: Address { ton: 1, npi: 1, digits: submit.to.as_bytes() },
            esm_class: submit.esm_class,
            data_coding: submit.data_coding,
            registered_delivery: submit.registered,
            text: submit.text,
            tlvs: Tlvs(submit.tlvs),
            ..ShortMessage::default()
        };
        self.next_token += 1;
        self.session.submit(&message, self.next_token, now()).expect("room in the window");
        self.next_token
    }

    /// Waits until something like this is seen; looks at what was seen already first.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        self.until_count(1, wanted).await.remove(0)
    }

    /// Waits until so many things like this are seen.
    pub(crate) async fn until_count(&mut self, count: usize, wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        let all = async {
            loop {
                let found: Vec<Seen> = self.seen.iter().filter(|seen| wanted(seen)).cloned().collect();
                if found.len() >= count {
                    return found;
                }
                self.step().await;
            }
        };
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(found) => found,
            Err(_) => panic!("not seen in time; seen: {:#?}", self.seen),
        }
    }

    /// The answer to a submit.
    pub(crate) async fn answer(&mut self, token: u64) -> Result<String, Status> {
        match self.until(|seen| matches!(seen, Seen::Answer(of, _) if *of == token)).await {
            Seen::Answer(_, result) => result,
            other => unreachable!("{other:?}"),
        }
    }

    /// Submits and waits for the answer.
    pub(crate) async fn send(&mut self, submit: Submit<'_>) -> Result<String, Status> {
        let token = self.submit(submit).await;
        self.answer(token).await
    }

    /// The first receipts for a number, so many of them.
    pub(crate) async fn receipts(&mut self, from: &str, count: usize) -> Vec<Receipt> {
        let seen = self
            .until_count(count, |seen| matches!(seen, Seen::Receipt(receipt) if receipt.from == from))
            .await;
        seen.into_iter()
            .map(|seen| match seen {
                Seen::Receipt(receipt) => receipt,
                other => unreachable!("{other:?}"),
            })
            .collect()
    }

    /// Everything that phones wrote, once there are so many parts.
    pub(crate) async fn replies(&mut self, count: usize) -> Vec<Reply> {
        let seen = self.until_count(count, |seen| matches!(seen, Seen::Reply(_))).await;
        seen.into_iter()
            .map(|seen| match seen {
                Seen::Reply(reply) => reply,
                other => unreachable!("{other:?}"),
            })
            .collect()
    }

    /// Goes on taking what comes until nothing waits in the network any more.
    pub(crate) async fn drain(&mut self, network: &Network) {
        let taking = async {
            loop {
                self.step().await;
            }
        };
        let drained = async {
            tokio::select! {
                _ = network.wait_until(|stats| stats.waiting == 0) => {}
                () = taking => {}
            }
        };
        within(drained).await;
    }

    /// Waits for the end of the link.
    pub(crate) async fn closed(&mut self) -> ClosedBy {
        match self.until(|seen| matches!(seen, Seen::Closed(_))).await {
            Seen::Closed(why) => why,
            other => unreachable!("{other:?}"),
        }
    }

    /// Reads once, or lets a timer pass.
    pub(crate) async fn step(&mut self) {
        let deadline = self.session.deadline().map(tokio::time::Instant::from_std);
        let due = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = self.stream.read_buf(&mut self.input) => match read {
                Ok(octets) if octets > 0 => {
                    self.session.receive(&self.input, now());
                    self.input.clear();
                }
                _ => self.session.link_lost(),
            },
            () = due => self.session.tick(now()),
        }
        self.note();
        self.flush().await;
    }

    fn note(&mut self) {
        while let Some(event) = self.session.poll_event() {
            let seen = match event {
                Event::Bound { .. } => Seen::Bound,
                Event::BindRefused(status) => Seen::BindRefused(status),
                Event::Answered { token, result } => Seen::Answer(token, result),
                Event::Lost { token } => Seen::Lost(token),
                Event::Deliver { sequence, message } => {
                    if let Some(status) = self.takes {
                        self.session.answer_deliver(sequence, status);
                    }
                    delivered(&message.view())
                }
                Event::Faulty { .. } => Seen::Faulty,
                Event::Closed { why } => Seen::Closed(why),
                Event::Unbinding | Event::AnsweredLate { .. } => continue,
                other => unreachable!("{other:?}"),
            };
            self.seen.push(seen);
        }
    }
}

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}
