//! One SMPP session as a value: bytes and `now` in; bytes, events and the next deadline out.
//!
//! The driver's part:
//! - after every call, empty [`Session::poll_event`] and write [`Session::output`], also after
//!   [`Event::Closed`]: an unbind's answer or a generic_nack may stand there;
//! - bound what it reads and writes: a session holds less than one PDU of input, `window` requests,
//!   and the events and answers of the octets it was just given (at most one event and one
//!   16-octet answer for each 16 octets). A driver that cannot write stops reading.

mod bind;
mod incoming;
mod late;
mod quirks;
mod timer;
mod types;
mod window;

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use bytes::BytesMut;

use crate::frame::Framer;
use crate::pdu::{
    Bind, Header, INTERFACE_VERSION, ShortMessage, command, encode_answer, encode_answer_with_id,
    encode_bind, encode_bind_answer, encode_header, encode_short_message,
};
use crate::status::Status;
use bind::Phase;
use late::Late;
use timer::{Keepalive, Silence, after, due};
use window::Window;

pub use types::{BindKind, ClosedBy, Credentials, Event, Limits, SendError};
pub use window::WINDOW_MAX;

/// Which side of the link this is.
#[derive(Debug)]
enum Role {
    Client,
    Server { system_id: String },
}

/// One session, client or server.
pub struct Session {
    role: Role,
    phase: Phase,
    limits: Limits,
    framer: Framer,
    window: Window,
    late: Late,
    keepalive: Keepalive,
    /// Unanswered data_sm of the other side: their answers are data_sm_resp.
    data_requests: HashSet<u32>,
    events: VecDeque<Event>,
    output: BytesMut,
    /// The session ends for this once the input at hand is read.
    ending: Option<ClosedBy>,
    /// The latest `now`; time never goes back.
    clock: Instant,
}

/// Where it stands, without what is under way: that may hold a number, a text or a password.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("role", &self.role)
            .field("phase", &self.phase)
            .field("unanswered", &self.window.used())
            .field("events", &self.events.len())
            .field("output", &self.output.len())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A client session over a fresh link: its bind is in [`Session::output`] at once (requirement
    /// smpp-bind).
    #[must_use]
    pub fn client(credentials: &Credentials, limits: Limits, now: Instant) -> Self {
        let kind = credentials.kind;
        let mut session = Self::new(Role::Client, limits, now);
        let sequence = session.hold_number();
        let bind = Bind {
            system_id: credentials.system_id.as_bytes(),
            password: credentials.password.as_bytes(),
            system_type: credentials.system_type.as_bytes(),
            interface_version: INTERFACE_VERSION,
        };
        encode_bind(kind.command_id(), sequence, &bind, &mut session.output);
        session.phase = Phase::Binding { kind, sequence, until: after(now, session.limits.bind_timeout) };
        session
    }

    /// A server session over a fresh link; `system_id` is what it calls itself.
    #[must_use]
    pub fn server(system_id: &str, limits: Limits, now: Instant) -> Self {
        Self::new(Role::Server { system_id: system_id.to_owned() }, limits, now)
    }

    fn new(role: Role, limits: Limits, now: Instant) -> Self {
        Self {
            role,
            phase: Phase::Open { until: after(now, limits.bind_timeout) },
            framer: Framer::new(limits.pdu_max),
            window: Window::new(limits.window),
            late: Late::new(limits.window.clamp(1, WINDOW_MAX)),
            keepalive: Keepalive::new(limits.enquire_link, limits.response_timeout, now),
            data_requests: HashSet::new(),
            events: VecDeque::new(),
            output: BytesMut::new(),
            ending: None,
            clock: now,
            limits,
        }
    }

    /// Takes octets from the link. A command_length that no PDU has is answered with a generic_nack
    /// and ends the session, since nobody knows where the next PDU begins (requirement
    /// smpp-command-length).
    pub fn receive(&mut self, octets: &[u8], now: Instant) {
        if self.is_closed() {
            return;
        }
        self.advance(now);
        self.framer.push(octets);
        loop {
            match self.framer.next_frame() {
                Ok(Some(frame)) => self.take(frame),
                Ok(None) => break,
                Err(bad) => {
                    self.nack(0, Status::INVALID_COMMAND_LENGTH, bad.to_string());
                    let leaving = matches!(self.phase, Phase::Leaving { .. });
                    self.ending.get_or_insert(if leaving { ClosedBy::Peer } else { ClosedBy::Garbage });
                    break;
                }
            }
            if self.is_closed() {
                return;
            }
        }
        if let Some(why) = self.ending.take() {
            self.end(why);
        }
    }

    /// Runs the timers that are due: answers that did not come become [`Event::Lost`] (requirement
    /// smpp-response-timeout), a bind or unbind that takes too long ends the session (requirement
    /// smpp-bind-timeout), and silence is met with an enquire_link.
    pub fn tick(&mut self, now: Instant) {
        if self.is_closed() {
            return;
        }
        self.advance(now);
        let now = self.clock;
        while let Some((sequence, token)) = self.window.expire(now) {
            self.late.give_up(sequence, token);
            self.events.push_back(Event::Lost { token });
        }
        self.move_on_if_drained();
        if due(self.phase.until(), now) {
            match self.phase {
                Phase::Draining { kind, .. } => self.send_unbind(kind),
                Phase::Unbinding { .. } => self.ending = Some(ClosedBy::Us),
                Phase::Leaving { .. } => self.ending = Some(ClosedBy::Peer),
                _ => self.ending = Some(ClosedBy::Silence),
            }
        }
        if let Some(why) = self.ending.take() {
            return self.end(why);
        }
        if self.phase.keeps_alive() {
            match self.keepalive.silence(now) {
                Silence::Short => {}
                Silence::Enquire => self.enquire(),
                Silence::Dead => self.end(ClosedBy::Silence),
            }
        }
    }

    /// When [`Session::tick`] must be called next; `None` once closed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let keepalive = if self.phase.keeps_alive() { self.keepalive.deadline() } else { None };
        [self.window.next_deadline(), self.phase.until(), keepalive].into_iter().flatten().min()
    }

    /// The next event; call until `None` after every other call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Octets to write to the link; the driver takes them off the front.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Tells the session that the link is gone: every unanswered request becomes
    /// [`Event::Lost`], and [`Event::Closed`] follows.
    pub fn link_lost(&mut self) {
        match self.phase {
            Phase::Closed => {}
            Phase::Draining { .. } | Phase::Unbinding { .. } => self.end(ClosedBy::Us),
            Phase::Leaving { .. } => self.end(ClosedBy::Peer),
            _ => self.end(ClosedBy::Link),
        }
    }

    /// Whether the session is bound and not on its way out. What may be sent also depends on how it
    /// is bound: see [`Session::room`].
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        matches!(self.phase, Phase::Bound(_))
    }

    /// Requests the window still has room for; 0 when not bound, or bound the wrong way for
    /// [`Session::submit`] (a client) or [`Session::deliver`] (a server).
    #[must_use]
    pub const fn room(&self) -> usize {
        if self.may_send() { self.window.room() } else { 0 }
    }

    /// Requests of ours that are unanswered now.
    #[must_use]
    pub const fn unanswered(&self) -> usize {
        self.window.used()
    }

    /// Client: sends a submit_sm. `token` comes back in [`Event::Answered`] or [`Event::Lost`],
    /// exactly one of them, exactly once. After [`Event::Lost`] it may come in one
    /// [`Event::AnsweredLate`] more.
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn submit(&mut self, message: &ShortMessage<'_>, token: u64, now: Instant) -> Result<(), SendError> {
        match self.role {
            Role::Client => self.send(command::SUBMIT_SM, message, token, now),
            Role::Server { .. } => Err(SendError::NotBound),
        }
    }

    /// Client: answers a deliver_sm or data_sm.
    pub fn answer_deliver(&mut self, sequence: u32, status: Status) {
        if !self.is_closed() {
            let request = self.request_of(sequence, command::DELIVER_SM);
            encode_answer(request, sequence, status, &mut self.output);
        }
    }

    /// Server: answers a bind. An error closes the session after the answer is written. An answer
    /// to a bind that is not waiting is passed over.
    pub fn answer_bind(&mut self, sequence: u32, result: Result<(), Status>) {
        let (Phase::Asked(asked), Role::Server { system_id }) = (self.phase, &self.role) else { return };
        if asked.sequence != sequence {
            return;
        }
        let request = asked.kind.command_id();
        match result {
            Ok(()) => {
                let system_id = system_id.as_bytes();
                encode_bind_answer(request, sequence, system_id, asked.knows_tlvs, &mut self.output);
                self.phase = Phase::Bound(asked.kind);
            }
            Err(status) => {
                let status = quirks::refusal(status, Status::BIND_FAILED);
                encode_answer(request, sequence, status, &mut self.output);
                self.end(ClosedBy::Refused(status));
            }
        }
    }

    /// Server: answers a submit_sm or data_sm with the id given to the message. An id that
    /// message_id has no room for (over 64 octets, or with a zero) becomes ESME_RSYSERR.
    pub fn answer_submit(&mut self, sequence: u32, result: Result<&str, Status>) {
        if self.is_closed() {
            return;
        }
        let request = self.request_of(sequence, command::SUBMIT_SM);
        let refused = match result {
            Ok(id) => encode_answer_with_id(request, sequence, id, &mut self.output)
                .err()
                .map(|_| Status::SYSTEM_ERROR),
            Err(status) => Some(quirks::refusal(status, Status::SYSTEM_ERROR)),
        };
        if let Some(status) = refused {
            encode_answer(request, sequence, status, &mut self.output);
        }
    }

    /// Server: sends a deliver_sm. `token` comes back in [`Event::DeliverAnswered`] or
    /// [`Event::Lost`].
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn deliver(&mut self, message: &ShortMessage<'_>, token: u64, now: Instant) -> Result<(), SendError> {
        match self.role {
            Role::Server { .. } => self.send(command::DELIVER_SM, message, token, now),
            Role::Client => Err(SendError::NotBound),
        }
    }

    /// Ends the session in order (requirements smpp-unbind, smpp-unbind-drain). Nothing more is
    /// sent; unanswered requests are waited for, for `bind_timeout` at most; then the unbind goes
    /// out, and [`Event::Closed`] follows its answer, or another `bind_timeout`. With nothing
    /// unanswered the unbind goes out at once; a session that is not bound closes at once.
    pub fn unbind(&mut self, now: Instant) {
        self.advance(now);
        match self.phase {
            Phase::Bound(kind) => {
                self.phase = Phase::Draining { kind, until: after(self.clock, self.limits.bind_timeout) };
                self.move_on_if_drained();
            }
            Phase::Binding { .. } | Phase::Open { .. } | Phase::Asked(_) => self.end(ClosedBy::Us),
            Phase::Draining { .. } | Phase::Unbinding { .. } | Phase::Leaving { .. } | Phase::Closed => {}
        }
    }

    fn send(
        &mut self,
        command_id: u32,
        message: &ShortMessage<'_>,
        token: u64,
        now: Instant,
    ) -> Result<(), SendError> {
        if !self.may_send() {
            return Err(SendError::NotBound);
        }
        if self.window.room() == 0 {
            return Err(SendError::WindowFull);
        }
        self.advance(now);
        let sequence = self.window.next_free();
        encode_short_message(command_id, sequence, message, &mut self.output)?;
        self.window.open(sequence, token, after(self.clock, self.limits.response_timeout));
        Ok(())
    }

    const fn may_send(&self) -> bool {
        match (self.phase, &self.role) {
            (Phase::Bound(kind), Role::Client) => kind.transmits(),
            (Phase::Bound(kind), Role::Server { .. }) => kind.receives(),
            _ => false,
        }
    }

    const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    fn advance(&mut self, now: Instant) {
        self.clock = self.clock.max(now);
    }

    /// The command that `sequence` answers: a data_sm if it was one, else `usual`.
    fn request_of(&mut self, sequence: u32, usual: u32) -> u32 {
        if !self.data_requests.is_empty() && self.data_requests.remove(&sequence) {
            command::DATA_SM
        } else {
            usual
        }
    }

    fn enquire(&mut self) {
        let sequence = self.hold_number();
        encode_header(Header::request(command::ENQUIRE_LINK, sequence), &mut self.output);
        self.keepalive.asked(sequence, self.clock);
    }

    /// What was put off until no answer is owed to us.
    fn move_on_if_drained(&mut self) {
        match self.phase {
            Phase::Draining { kind, .. } if self.window.used() == 0 => self.send_unbind(kind),
            Phase::Leaving { .. } if self.window.used() == 0 => {
                self.ending.get_or_insert(ClosedBy::Peer);
            }
            _ => {}
        }
    }

    fn send_unbind(&mut self, kind: BindKind) {
        let sequence = self.hold_number();
        encode_header(Header::request(command::UNBIND, sequence), &mut self.output);
        let until = after(self.clock, self.limits.bind_timeout);
        self.phase = Phase::Unbinding { kind, sequence, until };
    }

    fn hold_number(&mut self) -> u32 {
        let sequence = self.window.next_free();
        self.window.hold(sequence);
        sequence
    }

    /// Nothing is waited for any more.
    fn end(&mut self, why: ClosedBy) {
        while let Some(token) = self.window.give_up() {
            self.events.push_back(Event::Lost { token });
        }
        self.phase = Phase::Closed;
        self.framer = Framer::new(self.limits.pdu_max);
        self.data_requests.clear();
        self.late.clear();
        self.events.push_back(Event::Closed { why });
    }
}

#[cfg(test)]
mod tests;
