//! Answers to submits on one link: now, later, last first, after something foul, or not at all.

use std::time::Duration;

use bytes::BytesMut;
use facteur_smpp::{Session, Status};
use tokio::time::Instant;

use crate::due::Due;
use crate::faults::Faults;

/// How long an incomplete group of reversed answers waits.
const GROUP_WAIT: Duration = Duration::from_millis(50);

/// A well framed deliver_sm whose body ends in the middle of service_type (section 4.6.1).
const BAD_PDU: [u8; 20] =
    [0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xF0, b'C', b'M', b'T', b'X'];
/// What a lost web browser would say: as a command_length, over a thousand million.
const GARBAGE: &[u8] = b"GET / HTTP/1.1\r\nHost: smsc\r\n\r\n";

/// A submit's sequence_number and its answer.
pub(super) type Held = (u32, Result<String, Status>);

/// Answers that are ready but not given.
#[derive(Debug, Default)]
pub(super) struct Answers {
    late: Due<Held>,
    group: Vec<Held>,
    group_leaves: Option<Instant>,
}

impl Answers {
    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.late.len() + self.group.len()
    }

    /// When the next may leave.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.late.next(), self.group_leaves].into_iter().flatten().min()
    }

    /// Keeps an answer until `at`.
    pub(super) fn later(&mut self, at: Instant, held: Held) {
        self.late.push(at, held);
    }

    /// Gives an answer, or puts it into its group.
    pub(super) fn now(&mut self, held: Held, session: &mut Session, faults: &mut Faults, now: Instant) {
        if faults.answers_reversed_by < 2 && self.group.is_empty() {
            return give(held, session, faults);
        }
        self.group.push(held);
        self.group_leaves.get_or_insert(now + GROUP_WAIT);
        if self.group.len() >= faults.answers_reversed_by {
            self.give_group(session, faults);
        }
    }

    /// Gives every answer whose time has come.
    pub(super) fn give_due(&mut self, session: &mut Session, faults: &mut Faults, now: Instant) {
        while let Some(held) = self.late.pop(now) {
            self.now(held, session, faults, now);
        }
        if self.group_leaves.is_some_and(|at| at <= now) {
            self.give_group(session, faults);
        }
    }

    fn give_group(&mut self, session: &mut Session, faults: &mut Faults) {
        self.group_leaves = None;
        while let Some(held) = self.group.pop() {
            give(held, session, faults);
        }
    }
}

/// Writes an answer, and before it what the faults put there.
pub(super) fn give((sequence, result): Held, session: &mut Session, faults: &mut Faults) {
    foul(session.output(), faults);
    session.answer_submit(sequence, result.as_deref().map_err(|status| *status));
}

fn foul(output: &mut BytesMut, faults: &mut Faults) {
    if Faults::strike(&mut faults.bad_pdus) {
        output.extend_from_slice(&BAD_PDU);
    }
    if Faults::strike(&mut faults.garbage) {
        output.extend_from_slice(GARBAGE);
    }
}
