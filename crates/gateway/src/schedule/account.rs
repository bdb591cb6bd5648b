//! What one workspace has waiting in one class: a line for each sender, and what waits on disk only.

use std::collections::VecDeque;
use std::time::Instant;

use facteur_domain::{MessageId, Sender, Timestamp};
use facteur_store::Waiting;

use crate::meters::Meters;

/// Messages of a line that are looked at, at most, for the one that waits longest: all that a campaign
/// scheduled for one instant may stand at the head.
const LOOKED_AT: usize = 1_000;

/// What a workspace is due, as it and the platform settled it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Terms {
    /// Its share beside other workspaces, at least 1.
    pub(crate) weight: u16,
    /// Parts a second that are written of it; 0 for no limit.
    pub(crate) per_second: u32,
    /// As above, for each of its senders.
    pub(crate) sender_per_second: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { weight: 1, per_second: 0, sender_per_second: 0 }
    }
}

/// Where an account stands among those of its class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Place {
    /// Nothing of it can be sent.
    #[default]
    Idle,
    /// Among those whose turn comes.
    Ready,
    /// Over its rate: until then.
    Resting(Instant),
}

#[derive(Debug)]
struct Line {
    sender: Sender,
    messages: VecDeque<Waiting>,
    /// Its first message waits for the one before it to the same phone.
    paused: Option<Instant>,
}

/// Since when a message might have left. One that an operator put off goes on counting from the first time:
/// its `not_before` rises with every attempt, and would hide that it does not leave.
fn since(waiting: &Waiting) -> Timestamp {
    if waiting.attempts == 0 { waiting.not_before } else { waiting.message.send_at }
}

fn at_once(waiting: &Waiting) -> bool {
    waiting.attempts == 0 && waiting.not_before <= waiting.message.accepted_at
}

/// One workspace in one class.
#[derive(Debug, Default)]
pub(super) struct Account {
    lines: Vec<Line>,
    turn: usize,
    /// The start of its next message in its class's virtual time.
    pub(super) tag: u64,
    pub(super) place: Place,
    /// Messages in its lines.
    pub(super) held: usize,
    /// Their parts.
    pub(super) parts: u64,
    /// What waits on disk only, in order of acceptance.
    pub(super) shelf: VecDeque<MessageId>,
    /// Parts of those, about.
    pub(super) shelf_parts: u64,
    /// A page of the shelf is asked for.
    pub(super) asked: bool,
}

impl Account {
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0 && self.shelf.is_empty() && !self.asked
    }

    /// At the end of its sender's line, or, for one that was there before, at its head.
    pub(super) fn push(&mut self, waiting: Waiting, first: bool) {
        self.held += 1;
        self.parts += u64::from(waiting.parts_owed.count_ones());
        let sender = waiting.message.sender;
        let place = self.lines.iter().position(|line| line.sender == sender).unwrap_or_else(|| {
            self.lines.push(Line { sender, messages: VecDeque::new(), paused: None });
            self.lines.len() - 1
        });
        let line = &mut self.lines[place];
        if first {
            line.messages.push_front(waiting);
        } else {
            line.messages.push_back(waiting);
        }
    }

    /// Makes the line of `sender` wait.
    pub(super) fn pause(&mut self, sender: &Sender, until: Instant) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.sender == *sender) {
            line.paused = Some(until);
        }
    }

    /// The next message: senders take turns, those over their rate are passed over. Otherwise when to
    /// look again, if ever.
    pub(super) fn next(
        &mut self,
        terms: Terms,
        meters: &Meters,
        now: Instant,
    ) -> Result<Waiting, Option<Instant>> {
        let mut rest: Option<Instant> = None;
        for step in 0..self.lines.len() {
            let place = (self.turn + step) % self.lines.len();
            let line = &mut self.lines[place];
            let Some(first) = line.messages.front() else { continue };
            let parts = first.parts_owed.count_ones() as usize;
            let paused = line.paused.filter(|until| *until > now);
            let wait = paused.max(meters.wait(&first.message, parts, terms, now));
            if let Some(until) = wait {
                rest = Some(rest.map_or(until, |rest| rest.min(until)));
                continue;
            }
            line.paused = None;
            let next = line.messages.pop_front();
            self.turn = place + 1;
            if line.messages.is_empty() {
                self.lines.remove(place);
                self.turn = place;
            }
            if let Some(next) = next {
                self.held -= 1;
                self.parts -= u64::from(next.parts_owed.count_ones());
                return Ok(next);
            }
        }
        Err(rest)
    }

    /// Since when the message that waits longest might have left, among those in memory.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let oldest = |line: &Line| {
            // What fell due or came back stands at the head, before what waits since longer; behind the first
            // that might leave as it was accepted is only what came after it.
            let last = line.messages.iter().take(LOOKED_AT).position(at_once).unwrap_or(LOOKED_AT);
            line.messages.iter().take(last + 1).map(since).min()
        };
        self.lines.iter().filter_map(oldest).min()
    }

    /// Parts before the message `id`, about: lines are nearly in order of acceptance.
    pub(super) fn parts_before(&self, id: MessageId) -> u64 {
        let before: usize = self
            .lines
            .iter()
            .map(|line| line.messages.partition_point(|waiting| waiting.message.id < id))
            .sum();
        let shelved = self.shelf.partition_point(|other| *other < id) as u64;
        let mean = |parts: u64, messages: usize| parts.max(1).div_ceil((messages as u64).max(1));
        before as u64 * mean(self.parts, self.held) + shelved * mean(self.shelf_parts, self.shelf.len())
    }
}
