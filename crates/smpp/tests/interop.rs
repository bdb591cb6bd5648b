//! Our session against `smpp34`, an independent client and server, over real TCP, in both roles.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use facteur_smpp::pdu::{Address, ShortMessage};
use facteur_smpp::receipt::{MessageState, Receipt};
use facteur_smpp::session::{BindKind, ClosedBy, Credentials, Event, Limits, Session};
use facteur_smpp::status::Status;
use facteur_smpp::tlv::{self, Tlvs, tag};
use smpp34::client::{BIND_TYPE, SMSC, SmppClient, SmppClientListener};
use smpp34::server::ESME;
use smpp34::{
    SmppConnectionInformation, SmppError, SmppServer, SmppServerListener, TlvTag, bind_transceiver,
    bind_transceiver_resp, deliver_sm, deliver_sm_resp, submit_sm, submit_sm_resp,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// Longer than anything here takes, so that a fault is a failure and not a hang.
const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "the driver is the edge, and tells the session the time")]
fn now() -> Instant {
    Instant::now()
}

/// The smallest driver that serves a session.
struct Driver {
    session: Session,
    link: TcpStream,
    input: Vec<u8>,
}

impl Driver {
    fn new(session: Session, link: TcpStream) -> Self {
        Self { session, link, input: vec![0; 4096] }
    }

    /// The next event, with everything said and read that is needed for it.
    async fn event(&mut self) -> Event {
        timeout(PATIENCE, async {
            loop {
                self.write().await;
                if let Some(event) = self.session.poll_event() {
                    return event;
                }
                let wait = self
                    .session
                    .deadline()
                    .map_or(PATIENCE, |deadline| deadline.saturating_duration_since(now()));
                match timeout(wait, self.link.read(&mut self.input)).await {
                    Ok(Ok(0) | Err(_)) => self.session.link_lost(),
                    Ok(Ok(read)) => self.session.receive(&self.input[..read], now()),
                    Err(_) => self.session.tick(now()),
                }
            }
        })
        .await
        .expect("an event in time")
    }

    async fn write(&mut self) {
        let output = self.session.output().split();
        if self.link.write_all(&output).await.is_err() {
            self.session.link_lost();
        }
    }
}

fn credentials(password: &str) -> Credentials {
    Credentials {
        kind: BindKind::Transceiver,
        system_id: "esme".into(),
        password: password.into(),
        system_type: "vma".into(),
    }
}

fn message(text: &[u8]) -> ShortMessage<'_> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"MyCompany" },
        destination: Address { ton: 1, npi: 1, digits: b"33639980000" },
        registered_delivery: 1,
        text,
        ..ShortMessage::default()
    }
}

/// Their server: takes what is short, refuses the rest, and hands over what comes and who is bound.
struct TheirServer {
    submits: UnboundedSender<submit_sm>,
    bound: UnboundedSender<ESME>,
    failed: UnboundedSender<()>,
}

#[async_trait]
impl SmppServerListener for TheirServer {
    async fn on_bind_transceiver(
        &self,
        request: bind_transceiver,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> bind_transceiver_resp {
        if request.password == "secret" {
            request.accept("their-smsc".into(), Some(0x34))
        } else {
            request.reject(SmppError::ESME_RINVPASWD)
        }
    }

    async fn on_submit_sm(
        &self,
        request: submit_sm,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> submit_sm_resp {
        self.submits.send(request.clone()).expect("the test still listens");
        if request.short_message.len() > 100 {
            request.reject(SmppError::ESME_RMSGQFUL)
        } else {
            let id = format!("id-{}", request.short_message.len());
            request.accept(id)
        }
    }

    async fn on_esme_bound(&self, esme: ESME, _: &String) {
        self.bound.send(esme).ok();
    }

    async fn on_listen_failed(&self, _: &str) {
        self.failed.send(()).ok();
    }
}

/// A port that was free a moment ago: their server takes no listener and no port 0.
async fn free_port() -> u16 {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    taken.local_addr().expect("a bound listener has an address").port()
}

/// Starts their server and connects to it once it listens; on another port if somebody was quicker.
async fn connect_to_theirs() -> (TcpStream, SmppServer, UnboundedReceiver<submit_sm>, UnboundedReceiver<ESME>)
{
    loop {
        let (submits, submitted) = unbounded_channel();
        let (bound, esmes) = unbounded_channel();
        let (failed, mut failure) = unbounded_channel();
        let port = free_port().await;
        let listener = Arc::new(TheirServer { submits, bound, failed });
        let mut server = SmppServer::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port, listener);
        server.start().await;
        let connect = async {
            loop {
                // It gives no sign when it listens: the connection itself is the sign.
                match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    Ok(link) => return link,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        tokio::select! {
            biased;
            Some(()) = failure.recv() => {}
            link = timeout(PATIENCE, connect) => {
                return (link.expect("their server listens"), server, submitted, esmes);
            }
        }
    }
}

// smpp-interop
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_submits_to_their_server_and_hears_the_receipt() {
    let (link, mut server, mut submitted, mut esmes) = connect_to_theirs().await;
    let mut driver = Driver::new(Session::client(&credentials("secret"), Limits::default(), now()), link);
    assert_eq!(driver.event().await, Event::Bound { system_id: "their-smsc".into() });

    let mut tlvs = bytes::BytesMut::new();
    tlv::put(&mut tlvs, 0x0204, &[0, 7]).unwrap();
    let first = ShortMessage { tlvs: Tlvs(&tlvs), ..message(b"Bonjour \x00\x1B\xE9") };
    driver.session.submit(&first, 1, now()).unwrap();
    driver.session.submit(&message(&[b'x'; 150]), 2, now()).unwrap();
    let mut answers = [driver.event().await, driver.event().await];
    answers.sort_by_key(|event| matches!(event, Event::Answered { token: 2, .. }));
    let expected = [
        Event::Answered { token: 1, result: Ok("id-11".into()) },
        Event::Answered { token: 2, result: Err(Status::QUEUE_FULL) },
    ];
    assert_eq!(answers, expected);

    let mut seen = [submitted.recv().await.unwrap(), submitted.recv().await.unwrap()];
    seen.sort_by_key(|submit| submit.short_message.len());
    let [seen, _] = seen;
    assert_eq!((seen.source_addr_ton, seen.source_addr_npi, &seen.source_addr[..]), (5, 0, "MyCompany"));
    assert_eq!((seen.dest_addr_ton, seen.dest_addr_npi, &seen.destination_addr[..]), (1, 1, "33639980000"));
    assert_eq!((seen.registered_delivery, &seen.short_message[..]), (1, &b"Bonjour \x00\x1B\xE9"[..]));
    assert_eq!(seen.tlvs.len(), 1);

    let esme = esmes.recv().await.unwrap();
    let receipt = esme
        .deliver_sm()
        .source_addr("33639980000")
        .destination_addr("MyCompany")
        .esm_class(0x04)
        .short_message(b"id:id-11 sub:001 dlvrd:001 stat:DELIVRD err:000 text:".to_vec())
        .tlv(TlvTag::ReceiptedMessageId, b"id-11\0".to_vec())
        .tlv(TlvTag::MessageStateTlv, [2])
        .send();
    let ours = async {
        let Event::Deliver { sequence, message } = driver.event().await else { panic!("a receipt comes") };
        driver.session.answer_deliver(sequence, Status::OK);
        driver.write().await;
        Receipt::read(&message.view())
    };
    let (theirs, read) = tokio::join!(receipt, ours);
    assert!(theirs.expect("an answer").is_success());
    assert_eq!(
        read,
        Some(Receipt { id: "id-11".into(), state: MessageState::Delivered, error: Some("000".into()) })
    );

    driver.session.unbind(now());
    assert_eq!(driver.event().await, Event::Closed { why: ClosedBy::Us });
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_server_refuses_our_client_by_its_reason() {
    let (link, mut server, _submitted, _esmes) = connect_to_theirs().await;
    let mut driver = Driver::new(Session::client(&credentials("wrong"), Limits::default(), now()), link);
    assert_eq!(driver.event().await, Event::BindRefused(Status::INVALID_PASSWORD));
    let why = ClosedBy::Refused(Status::INVALID_PASSWORD);
    assert_eq!(driver.event().await, Event::Closed { why });
    server.stop().await;
}

/// A full window again and again: many PDUs a write, cut anywhere by the network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_submits_come_back_with_their_own_answers() {
    let (link, mut server, _submitted, _esmes) = connect_to_theirs().await;
    let limits = Limits { window: 50, ..Limits::default() };
    let mut driver = Driver::new(Session::client(&credentials("secret"), limits, now()), link);
    assert!(matches!(driver.event().await, Event::Bound { .. }));
    let text = [b'x'; 100];
    let (mut next, mut answered) = (0_u64, 0);
    while answered < 1000 {
        while driver.session.room() > 0 && next < 1000 {
            let length = usize::try_from(next % 100).unwrap();
            driver.session.submit(&message(&text[..length]), next, now()).unwrap();
            next += 1;
        }
        let event = driver.event().await;
        let Event::Answered { token, result } = event else { panic!("{event:?}") };
        assert_eq!(result, Ok(format!("id-{}", token % 100)));
        answered += 1;
    }
    assert_eq!(driver.session.unanswered(), 0);
    driver.session.unbind(now());
    assert_eq!(driver.event().await, Event::Closed { why: ClosedBy::Us });
    server.stop().await;
}

/// Their client: hands over its link once bound, and what is delivered to it.
struct TheirClient {
    bound: UnboundedSender<SMSC>,
    delivered: UnboundedSender<deliver_sm>,
}

#[async_trait]
impl SmppClientListener for TheirClient {
    async fn on_smsc_bound(&self, smsc: SMSC, _: &String) {
        self.bound.send(smsc).ok();
    }

    async fn on_deliver_sm(
        &self,
        request: deliver_sm,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> deliver_sm_resp {
        self.delivered.send(request.clone()).ok();
        request.accept()
    }
}

// smpp-interop
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_client_submits_to_our_server_and_is_delivered_to() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (bound, mut smscs) = unbounded_channel();
    let (delivered, mut deliveries) = unbounded_channel();
    let mut client = SmppClient::new(
        "127.0.0.1".into(),
        listener.local_addr().unwrap().port(),
        false,
        BIND_TYPE::TRX,
        "esme".into(),
        "secret".into(),
        "vma".into(),
        0,
        0,
        String::new(),
        Arc::new(TheirClient { bound, delivered }),
        10,
    );
    client.start().await;
    let (link, _) = timeout(PATIENCE, listener.accept()).await.expect("their client connects").unwrap();
    let mut driver = Driver::new(Session::server("our-smsc", Limits::default(), now()), link);
    let Event::BindRequest { sequence, credentials: said } = driver.event().await else {
        panic!("a bind comes")
    };
    assert_eq!(said, credentials("secret"));
    driver.session.answer_bind(sequence, Ok(()));
    driver.write().await;
    let smsc = timeout(PATIENCE, smscs.recv()).await.expect("bound in time").unwrap();

    let submit = smsc
        .submit_sm()
        .source_addr("38000")
        .destination_addr("33639980001")
        .short_message(b"Votre code".to_vec())
        .tlv(TlvTag::MessagePayload, vec![1, 2, 3])
        .send();
    let ours = async {
        let Event::Submit { sequence, message } = driver.event().await else { panic!("a submit comes") };
        let view = message.view();
        assert_eq!((view.text, view.destination.digits), (&b"Votre code"[..], &b"33639980001"[..]));
        assert_eq!(view.tlvs.get(tag::MESSAGE_PAYLOAD), Some(&[1, 2, 3][..]));
        driver.session.answer_submit(sequence, Ok("our-id"));
        driver.write().await;
    };
    let (theirs, ()) = tokio::join!(submit, ours);
    assert_eq!(theirs.expect("an answer").message_id.as_deref(), Some("our-id"));

    driver.session.deliver(&message(b"STOP"), 5, now()).unwrap();
    assert_eq!(driver.event().await, Event::DeliverAnswered { token: 5, status: Status::OK });
    assert_eq!(deliveries.recv().await.unwrap().short_message, b"STOP");

    let unbound = tokio::join!(smsc.send_unbind(), async { [driver.event().await, driver.event().await,] });
    assert!(unbound.0.is_ok());
    assert_eq!(unbound.1, [Event::Unbinding, Event::Closed { why: ClosedBy::Peer }]);
    client.stop().await;
}
