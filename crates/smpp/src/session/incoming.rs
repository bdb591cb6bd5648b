//! What comes from the other side: answers to ours, and requests.

use super::bind::{Asked, Phase};
use super::timer::after;
use super::types::{BindKind, ClosedBy, Credentials, Event};
use super::{Role, Session, quirks};
use crate::frame::Frame;
use crate::pdu::{
    Bind, BindAnswer, Header, INTERFACE_VERSION, Received, command, encode_answer, encode_header, message_id,
    text,
};
use crate::status::Status;

/// Unanswered data_sm of the other side that we keep track of; one more is answered
/// ESME_RMSGQFUL. submit_sm and deliver_sm need no track and are bounded by the driver.
const DATA_REQUESTS_MAX: usize = 1024;

impl Session {
    pub(super) fn take(&mut self, frame: Frame) {
        if let Some(sequence) = self.keepalive.heard(self.clock) {
            self.window.release(sequence);
        }
        if command::is_response(frame.header.command_id) {
            self.take_answer(&frame);
            self.move_on_if_drained();
        } else {
            self.take_request(frame);
        }
    }

    /// An answer that matches nothing is passed over: it is a mistake, or came too late by far (requirement
    /// smpp-sequence-match).
    fn take_answer(&mut self, Frame { header, body }: &Frame) {
        let Header { command_id, status, sequence } = *header;
        match (command_id, self.phase, &self.role) {
            (command::GENERIC_NACK, ..) => self.take_nack(sequence, quirks::nack_status(status)),
            (answer, Phase::Binding { kind, sequence: ours, .. }, _)
                if ours == sequence && quirks::answers_a_bind(answer) =>
            {
                self.take_bind_answer(kind, sequence, status, body);
            }
            (SUBMIT_SM_RESP, _, Role::Client) => {
                let result = if status == Status::OK { Ok(message_id(body)) } else { Err(status) };
                self.take_submit_answer(sequence, result);
            }
            (DELIVER_SM_RESP, _, Role::Server { .. }) => self.take_deliver_answer(sequence, status),
            (UNBIND_RESP, Phase::Unbinding { sequence: ours, .. }, _) if ours == sequence => {
                self.ending.get_or_insert(ClosedBy::Us);
            }
            _ => {}
        }
    }

    /// A generic_nack refuses whatever request of ours has its number (section 4.3).
    fn take_nack(&mut self, sequence: u32, status: Status) {
        match (self.phase, &self.role) {
            (Phase::Binding { kind, sequence: ours, .. }, _) if ours == sequence => {
                self.take_bind_answer(kind, sequence, status, &[]);
            }
            (Phase::Unbinding { sequence: ours, .. }, _) if ours == sequence => {
                self.ending.get_or_insert(ClosedBy::Us);
            }
            (_, Role::Client) => self.take_submit_answer(sequence, Err(status)),
            (_, Role::Server { .. }) => self.take_deliver_answer(sequence, status),
        }
    }

    /// A refusal ends the session with its reason (requirement smpp-bind-refused).
    fn take_bind_answer(&mut self, kind: BindKind, sequence: u32, status: Status, body: &[u8]) {
        self.window.release(sequence);
        if status == Status::OK {
            let system_id = text(BindAnswer::parse(body).system_id);
            self.phase = Phase::Bound(kind);
            self.events.push_back(Event::Bound { system_id });
        } else {
            self.events.push_back(Event::BindRefused(status));
            self.end(ClosedBy::Refused(status));
        }
    }

    fn take_submit_answer(&mut self, sequence: u32, result: Result<String, Status>) {
        if let Some(token) = self.window.close(sequence) {
            self.events.push_back(Event::Answered { token, result });
        } else if let Some(token) = self.late.take(sequence) {
            self.events.push_back(Event::AnsweredLate { token, result });
        }
    }

    fn take_deliver_answer(&mut self, sequence: u32, status: Status) {
        if let Some(token) = self.window.close(sequence) {
            self.events.push_back(Event::DeliverAnswered { token, status });
        }
    }

    fn take_request(&mut self, frame: Frame) {
        let Header { command_id, sequence, .. } = frame.header;
        match (command_id, &self.role) {
            (command::ENQUIRE_LINK, _) => encode_answer(command_id, sequence, Status::OK, &mut self.output),
            (command::UNBIND, _) => self.take_unbind(sequence),
            // An outbind asks for a bind, which a client has already sent; neither has an answer
            // (requirement smpp-outbind).
            (command::OUTBIND | command::ALERT_NOTIFICATION, _) => {}
            (command::SUBMIT_SM | command::DATA_SM, Role::Server { .. })
            | (command::DELIVER_SM | command::DATA_SM, Role::Client) => self.take_message(frame),
            (_, Role::Server { .. }) if BindKind::of_command(command_id).is_some() => self.take_bind(&frame),
            _ => match command::request_name(command_id) {
                Some(name) => {
                    self.refuse(frame.header, Status::INVALID_COMMAND_ID, format!("{name} is not supported"));
                }
                None => {
                    let why = format!("command_id {command_id:#010x} is unknown");
                    self.nack(sequence, Status::INVALID_COMMAND_ID, why);
                }
            },
        }
    }

    /// Answered at once. The other side hangs up when it has said what it still owes us, so that we
    /// listen until then, until nothing is owed, or until `bind_timeout` is over (requirement
    /// smpp-unbind-peer).
    fn take_unbind(&mut self, sequence: u32) {
        encode_answer(command::UNBIND, sequence, Status::OK, &mut self.output);
        if self.ending.is_some() || matches!(self.phase, Phase::Leaving { .. }) {
            return;
        }
        self.events.push_back(Event::Unbinding);
        if matches!(self.phase, Phase::Draining { .. } | Phase::Unbinding { .. }) {
            self.ending = Some(ClosedBy::Us);
        } else if self.window.used() == 0 {
            self.ending = Some(ClosedBy::Peer);
        } else {
            self.phase = Phase::Leaving { until: after(self.clock, self.limits.bind_timeout) };
        }
    }

    /// One bind a session (requirement smpp-bind-once).
    fn take_bind(&mut self, Frame { header, body }: &Frame) {
        let Some(kind) = BindKind::of_command(header.command_id) else { return };
        if !matches!(self.phase, Phase::Open { .. }) || self.ending.is_some() {
            return self.refuse(*header, Status::ALREADY_BOUND, "a second bind".to_owned());
        }
        match Bind::parse(body) {
            Ok(bind) => {
                let credentials = Credentials {
                    kind,
                    system_id: text(bind.system_id),
                    password: text(bind.password),
                    system_type: text(bind.system_type),
                };
                let knows_tlvs = bind.interface_version >= INTERFACE_VERSION;
                self.phase = Phase::Asked(Asked { sequence: header.sequence, kind, knows_tlvs });
                self.events.push_back(Event::BindRequest { sequence: header.sequence, credentials });
            }
            Err(error) => self.refuse(*header, error.status, error.to_string()),
        }
    }

    /// What does not fit how the session is bound is refused for that (section 2.3; requirement
    /// smpp-wrong-state).
    fn take_message(&mut self, Frame { header, body }: Frame) {
        let Header { command_id, sequence, .. } = header;
        let allowed = self.phase.kind().is_some_and(|kind| match self.role {
            Role::Client => kind.receives(),
            Role::Server { .. } => kind.transmits(),
        });
        if !allowed || self.ending.is_some() {
            let name = command::request_name(command_id).unwrap_or_default();
            let why = format!("{name} does not fit the state of the session");
            return self.refuse(header, Status::INVALID_BIND_STATUS, why);
        }
        let message = match Received::parse(command_id, body) {
            Ok(message) => message,
            Err(error) => return self.refuse(header, error.status, error.to_string()),
        };
        if command_id == command::DATA_SM {
            if self.data_requests.len() >= DATA_REQUESTS_MAX {
                return self.refuse(header, Status::QUEUE_FULL, "too many data_sm at once".to_owned());
            }
            self.data_requests.insert(sequence);
        }
        self.events.push_back(match self.role {
            Role::Client => Event::Deliver { sequence, message },
            Role::Server { .. } => Event::Submit { sequence, message },
        });
    }

    /// Answers a request that we understood enough to know its command (requirement
    /// smpp-bad-pdu-answered).
    fn refuse(&mut self, request: Header, status: Status, why: String) {
        encode_answer(request.command_id, request.sequence, status, &mut self.output);
        self.events.push_back(Event::Faulty { why });
    }

    /// Answers what we did not even recognise (requirement smpp-generic-nack).
    pub(super) fn nack(&mut self, sequence: u32, status: Status, why: String) {
        let header = Header { command_id: command::GENERIC_NACK, status, sequence };
        encode_header(header, &mut self.output);
        self.events.push_back(Event::Faulty { why });
    }
}

const SUBMIT_SM_RESP: u32 = command::response(command::SUBMIT_SM);
const DELIVER_SM_RESP: u32 = command::response(command::DELIVER_SM);
const UNBIND_RESP: u32 = command::response(command::UNBIND);
