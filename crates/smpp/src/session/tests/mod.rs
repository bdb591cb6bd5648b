//! Two sessions over a virtual link with a virtual clock, and sessions against hand-made octets.

mod binding;
mod ending;
mod exchange;
mod faults;
mod silence;

use std::time::{Duration, Instant};

use super::*;
use crate::frame::Frame;
use crate::pdu::Address;

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> Limits {
    Limits { window: 4, ..Limits::default() }
}

#[expect(clippy::disallowed_methods, reason = "a test needs some instant to begin with")]
fn some_instant() -> Instant {
    Instant::now()
}

fn credentials(kind: BindKind) -> Credentials {
    Credentials { kind, system_id: "esme".into(), password: "secret".into(), system_type: "vma".into() }
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

/// A whole PDU from its parts, written here and not by the encoder under test.
fn raw(command_id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let mut octets: Vec<u8> =
        [length, command_id, status, sequence].iter().flat_map(|word| word.to_be_bytes()).collect();
    octets.extend_from_slice(body);
    octets
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// What a session has to say, as frames.
fn said(session: &mut Session) -> Vec<Frame> {
    let mut framer = Framer::new(1 << 20);
    framer.push(&session.output().split());
    std::iter::from_fn(|| framer.next_frame().expect("a session writes whole PDUs")).collect()
}

/// Command, status and sequence of what a session has to say.
fn answers(session: &mut Session) -> Vec<(u32, Status, u32)> {
    let parts = |frame: Frame| (frame.header.command_id, frame.header.status, frame.header.sequence);
    said(session).into_iter().map(parts).collect()
}

/// A bound client alone, its bind answered by hand.
fn client(kind: BindKind) -> (Session, Instant) {
    let now = some_instant();
    let mut session = Session::client(&credentials(kind), limits(), now);
    let bind = said(&mut session);
    assert_eq!((bind.len(), bind[0].header), (1, Header::request(kind.command_id(), 1)));
    session.receive(&raw(kind.command_id() | 0x8000_0000, 0, 1, b"smsc\0"), now);
    assert_eq!(events(&mut session), [Event::Bound { system_id: "smsc".into() }]);
    (session, now)
}

/// A bound server alone, its bind made by hand.
fn server(kind: BindKind) -> (Session, Instant) {
    let now = some_instant();
    let mut session = Session::server("smsc", limits(), now);
    session.receive(&raw(kind.command_id(), 0, 1, b"esme\0secret\0vma\0\x34\0\0\0"), now);
    assert_eq!(events(&mut session), [Event::BindRequest { sequence: 1, credentials: credentials(kind) }]);
    session.answer_bind(1, Ok(()));
    assert_eq!(answers(&mut session), [(kind.command_id() | 0x8000_0000, Status::OK, 1)]);
    (session, now)
}

/// A client and a server, and all that they say.
struct Link {
    client: Session,
    server: Session,
    now: Instant,
    /// Octets carried at once.
    chunk: usize,
}

impl Link {
    fn new(kind: BindKind, limits: &Limits) -> Self {
        let now = some_instant();
        let client = Session::client(&credentials(kind), limits.clone(), now);
        let server = Session::server("smsc", limits.clone(), now);
        Self { client, server, now, chunk: usize::MAX }
    }

    fn bound(kind: BindKind, limits: &Limits) -> Self {
        Self::bound_in_chunks(kind, limits, usize::MAX)
    }

    fn bound_in_chunks(kind: BindKind, limits: &Limits, chunk: usize) -> Self {
        let mut link = Self { chunk, ..Self::new(kind, limits) };
        link.carry();
        let asked = events(&mut link.server);
        let [Event::BindRequest { sequence, credentials: said }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(said, &credentials(kind));
        link.server.answer_bind(*sequence, Ok(()));
        link.carry();
        assert_eq!(events(&mut link.client), [Event::Bound { system_id: "smsc".into() }]);
        link
    }

    /// Carries what both have to say, until neither says more.
    fn carry(&mut self) {
        loop {
            let up = self.client.output().split();
            let down = self.server.output().split();
            if up.is_empty() && down.is_empty() {
                return;
            }
            for octets in up.chunks(self.chunk) {
                self.server.receive(octets, self.now);
            }
            for octets in down.chunks(self.chunk) {
                self.client.receive(octets, self.now);
            }
        }
    }

    fn submit(&mut self, token: u64) {
        self.client.submit(&message(b"Bonjour"), token, self.now).expect("there is room");
    }

    /// Sequence numbers of the submits that reached the server, in order.
    fn submitted(&mut self) -> Vec<u32> {
        self.carry();
        let sequence = |event| match event {
            Event::Submit { sequence, .. } => sequence,
            other => panic!("{other:?}"),
        };
        events(&mut self.server).into_iter().map(sequence).collect()
    }

    /// Lets time pass in both, and carries what it makes them say.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.client.tick(self.now);
        self.server.tick(self.now);
        self.carry();
    }
}
