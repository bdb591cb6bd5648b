//! What a session is told and what it tells.

use std::time::Duration;

use crate::pdu::{EncodeError, Received};
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
    /// server. Taken as at least 1 and at most [`super::WINDOW_MAX`].
    pub window: usize,
    /// How long an answer may take before it counts as lost.
    pub response_timeout: Duration,
    /// How long the other side may be silent before we send enquire_link; zero turns it off.
    pub enquire_link: Duration,
    /// How long a client waits for the answer to its bind, a server for a bind to come, and both
    /// for unanswered requests around an unbind, and for the answer to their own.
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
#[derive(Clone, PartialEq, Eq)]
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

/// Without the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("kind", &self.kind)
            .field("system_id", &self.system_id)
            .field("system_type", &self.system_type)
            .finish_non_exhaustive()
    }
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
        /// What [`Session::submit`](super::Session::submit) was given.
        token: u64,
        /// The message id, or why not.
        result: Result<String, Status>,
    },
    /// Client: a submit was answered that was told as [`Event::Lost`] before, in the same session. Sessions
    /// remember some windows of them.
    AnsweredLate {
        /// What [`Session::submit`](super::Session::submit) was given.
        token: u64,
        /// The message id, or why not.
        result: Result<String, Status>,
    },
    /// A submit or deliver of ours was not answered in time, or the link went.
    Lost {
        /// What [`Session::submit`](super::Session::submit) or
        /// [`Session::deliver`](super::Session::deliver) was given.
        token: u64,
    },
    /// Client: a deliver_sm (or data_sm) came. Answer it with
    /// [`Session::answer_deliver`](super::Session::answer_deliver) once it is kept.
    Deliver {
        /// Its sequence_number, for the answer.
        sequence: u32,
        /// What came.
        message: Received,
    },
    /// Server: a client wants to bind. Answer with [`Session::answer_bind`](super::Session::answer_bind).
    BindRequest {
        /// For the answer.
        sequence: u32,
        /// What it says of itself.
        credentials: Credentials,
    },
    /// Server: a submit_sm came. Answer with [`Session::answer_submit`](super::Session::answer_submit).
    Submit {
        /// For the answer.
        sequence: u32,
        /// What came.
        message: Received,
    },
    /// Server: a deliver of ours was answered.
    DeliverAnswered {
        /// What [`Session::deliver`](super::Session::deliver) was given.
        token: u64,
        /// The answer.
        status: Status,
    },
    /// A PDU we could not use was answered with an error and passed over.
    Faulty {
        /// What was wrong, without its content.
        why: String,
    },
    /// The other side asked to unbind, and was answered. Nothing more can be sent; answers that it
    /// still owes are waited for until it hangs up, or for `bind_timeout` at most.
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
    /// No bind, no answer to a bind, or nothing at all after an enquire_link.
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
    /// A field that ends at its first zero octet holds one.
    #[error("{0} holds a zero octet")]
    HoldsZero(&'static str),
}

impl From<EncodeError> for SendError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::TooLong(field) => Self::TooLong(field),
            EncodeError::HoldsZero(field) => Self::HoldsZero(field),
            // A session only ever encodes submit_sm and deliver_sm.
            EncodeError::NotAMessage => Self::NotBound,
        }
    }
}
