//! Two sessions over a virtual link with a virtual clock.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::*;
use crate::pdu::Address;

fn limits() -> Limits {
    Limits { window: 4, ..Limits::default() }
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

/// A client and a server, and all that they say.
struct Link {
    client: Session,
    server: Session,
    now: Instant,
    /// Octets carried at once.
    chunk: usize,
}

impl Link {
    #[expect(clippy::disallowed_methods, reason = "a test needs some instant to begin with")]
    fn new(kind: BindKind, limits: &Limits) -> Self {
        let now = Instant::now();
        let client = Session::client(&credentials(kind), limits.clone(), now);
        let server = Session::server("smsc", limits.clone(), now);
        Self { client, server, now, chunk: usize::MAX }
    }

    fn bound(kind: BindKind, limits: &Limits) -> Self {
        let mut link = Self::new(kind, limits);
        link.carry();
        let asked = link.server_events();
        let [Event::BindRequest { sequence, credentials: said }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(said, &credentials(kind));
        link.server.answer_bind(*sequence, Ok(()));
        link.carry();
        assert_eq!(link.client_events(), [Event::Bound { system_id: "smsc".into() }]);
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

    fn client_events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    fn server_events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }

    /// Sequence numbers of the submits that reached the server.
    fn submitted(&mut self) -> Vec<u32> {
        let sequence = |event| match event {
            Event::Submit { sequence, .. } => sequence,
            other => panic!("{other:?}"),
        };
        self.server_events().into_iter().map(sequence).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.client.tick(self.now);
        self.server.tick(self.now);
    }
}

// smpp-window
#[test]
fn a_submit_is_answered_once_with_its_token() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    link.client.submit(&message(b"Bonjour"), 42, link.now).unwrap();
    link.carry();
    let events = link.server_events();
    let [Event::Submit { sequence, message: got }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(got.view(), message(b"Bonjour"));
    link.server.answer_submit(*sequence, Ok("id-1"));
    link.carry();
    assert_eq!(link.client_events(), [Event::Answered { token: 42, result: Ok("id-1".into()) }]);
    assert_eq!(link.client.room(), 4);
}
