//! One SMPP session as a value: bytes and `now` in; bytes, events and the next deadline out.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use crate::pdu::{Received, ShortMessage};
use crate::status::Status;

/// How a client binds (section 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BindKind {
    /// Sends only.
    Transmitter,
    /// Receives only.
    Receiver,
    /// Both.
    Transceiver,
}

/// Limits and timers of a session, both roles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Requests of ours that may be unanswered at once: submit_sm for a client, deliver_sm for a
    /// server.
    pub window: usize,
    /// How long an answer may take before it counts as lost.
    pub response_timeout: Duration,
    /// How long the link may be silent before we send enquire_link.
    pub enquire_link: Duration,
    /// How long a bind, or an unbind's answer, may take.
    pub bind_timeout: Duration,
    /// The longest PDU we read, in octets; a longer one ends the session.
    pub pdu_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 10,
            response_timeout: Duration::from_secs(30),
            enquire_link: Duration::from_secs(30),
            bind_timeout: Duration::from_secs(10),
            pdu_max: 64 * 1024,
        }
    }
}

/// What a client says of itself when it binds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// How to bind.
    pub kind: BindKind,
    /// system_id, 15 octets at most.
    pub system_id: String,
    /// password, 8 octets by the standard; longer ones are sent as they are.
    pub password: String,
    /// system_type, 12 octets at most.
    pub system_type: String,
}

/// What a session tells its driver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Client: bound.
    Bound {
        /// The SMSC's system_id.
        system_id: String,
    },
    /// Client: the bind was refused. `Closed` follows.
    BindRefused(Status),
    /// Client: a submit was answered. `Ok` is the SMSC's message id as it stands there.
    Answered {
        /// What [`Session::submit`] was given.
        token: u64,
        /// The message id, or why not.
        result: Result<String, Status>,
    },
    /// A submit or deliver of ours will never be answered: too late, or the link went.
    Lost {
        /// What [`Session::submit`] or [`Session::deliver`] was given.
        token: u64,
    },
    /// Client: a deliver_sm (or data_sm) came. Answer it with [`Session::answer_deliver`] once it
    /// is kept.
    Deliver {
        /// Its sequence_number, for the answer.
        sequence: u32,
        /// What came.
        message: Received,
    },
    /// Server: a client wants to bind. Answer with [`Session::answer_bind`].
    BindRequest {
        /// For the answer.
        sequence: u32,
        /// What it says of itself.
        credentials: Credentials,
    },
    /// Server: a submit_sm came. Answer with [`Session::answer_submit`].
    Submit {
        /// For the answer.
        sequence: u32,
        /// What came.
        message: Received,
    },
    /// Server: a deliver of ours was answered.
    DeliverAnswered {
        /// What [`Session::deliver`] was given.
        token: u64,
        /// The answer.
        status: Status,
    },
    /// A PDU we could not use was answered with an error and passed over.
    Faulty {
        /// What was wrong, without its content.
        why: String,
    },
    /// The other side asked to unbind, and was answered.
    Unbinding,
    /// The session is over; the driver closes the link. Nothing follows.
    Closed {
        /// Why.
        why: ClosedBy,
    },
}

/// Why a session ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClosedBy {
    /// We unbound.
    Us,
    /// The other side unbound.
    Peer,
    /// The link went: end of stream or an I/O error.
    Link,
    /// No answer to a bind or to an enquire_link.
    Silence,
    /// The bind was refused.
    Refused(Status),
    /// Octets that are no SMPP: a nonsensical length.
    Garbage,
}

/// Why a request of ours cannot be sent now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// Not bound, or bound the wrong way.
    #[error("the session is not bound for that")]
    NotBound,
    /// As many unanswered requests as the window allows.
    #[error("the window is full")]
    WindowFull,
    /// A field is longer than the standard allows.
    #[error("{0} is longer than SMPP allows")]
    TooLong(&'static str),
}

/// One session, client or server.
#[derive(Debug)]
pub struct Session {
    output: BytesMut,
}

impl Session {
    /// A client session over a fresh link: its bind is in [`Session::output`] at once.
    #[must_use]
    pub fn client(credentials: &Credentials, limits: Limits, now: Instant) -> Self {
        let _ = (credentials, limits, now);
        Self { output: BytesMut::new() }
    }

    /// A server session over a fresh link; `system_id` is what it calls itself.
    #[must_use]
    pub fn server(system_id: &str, limits: Limits, now: Instant) -> Self {
        let _ = (system_id, limits, now);
        Self { output: BytesMut::new() }
    }

    /// Takes octets from the link.
    pub fn receive(&mut self, octets: &[u8], now: Instant) {
        let _ = (octets, now);
    }

    /// Runs the timers that are due.
    pub fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// When [`Session::tick`] must be called next; `None` once closed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The next event; call until `None` after every other call.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// Octets to write to the link; the driver takes them off the front.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Tells the session that the link is gone: every unanswered request becomes
    /// [`Event::Lost`], and [`Event::Closed`] follows.
    pub fn link_lost(&mut self) {}

    /// Whether requests may be sent.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        false
    }

    /// Requests the window still has room for; 0 when not bound.
    #[must_use]
    pub fn room(&self) -> usize {
        0
    }

    /// Client: sends a submit_sm. `token` comes back in [`Event::Answered`] or [`Event::Lost`],
    /// exactly one of them, exactly once.
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn submit(&mut self, message: &ShortMessage<'_>, token: u64, now: Instant) -> Result<(), SendError> {
        let _ = (message, token, now);
        Err(SendError::NotBound)
    }

    /// Client: answers a deliver_sm.
    pub fn answer_deliver(&mut self, sequence: u32, status: Status) {
        let _ = (sequence, status);
    }

    /// Server: answers a bind. An error closes the session after the answer is written.
    pub fn answer_bind(&mut self, sequence: u32, result: Result<(), Status>) {
        let _ = (sequence, result);
    }

    /// Server: answers a submit_sm with the id given to the message.
    pub fn answer_submit(&mut self, sequence: u32, result: Result<&str, Status>) {
        let _ = (sequence, result);
    }

    /// Server: sends a deliver_sm. `token` comes back in [`Event::DeliverAnswered`] or
    /// [`Event::Lost`].
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn deliver(&mut self, message: &ShortMessage<'_>, token: u64, now: Instant) -> Result<(), SendError> {
        let _ = (message, token, now);
        Err(SendError::NotBound)
    }

    /// Sends unbind; [`Event::Closed`] follows its answer or its timeout. Unanswered requests are
    /// waited for until then.
    pub fn unbind(&mut self, now: Instant) {
        let _ = now;
    }
}
