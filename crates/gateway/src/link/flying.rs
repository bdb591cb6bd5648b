//! Submits of one bind that are under way, message by message.

use std::collections::HashMap;
use std::time::Instant;

use facteur_domain::{Message, MessageId, PartId, Timestamp};
use facteur_store::Waiting;

/// A message of which at least one part is unanswered.
#[derive(Debug)]
struct Flight {
    waiting: Waiting,
    /// Parts written and unanswered.
    unanswered: u16,
    /// Parts the operator wants later.
    deferred: u16,
    until: Timestamp,
    written_at: Instant,
}

/// The submits under way.
#[derive(Debug, Default)]
pub(crate) struct Flying {
    flights: HashMap<MessageId, Flight, foldhash::fast::RandomState>,
}

/// What one answered part means for its message.
#[derive(Debug, Default)]
pub(crate) struct Landed {
    /// When its message was written, for the metrics.
    pub(crate) written_at: Option<Instant>,
    /// The message, when all its parts are answered and some are owed again.
    pub(crate) again: Option<Waiting>,
    /// The message, when all its parts are answered or lost and none is owed again.
    pub(crate) settled: Option<Message>,
}

impl Flying {
    /// Notes that the parts of `parts` are written at `now`. They join others of their message that are
    /// under way.
    pub(crate) fn take_off(&mut self, waiting: Waiting, parts: u16, now: Instant) {
        if let Some(flight) = self.flights.get_mut(&waiting.message.id) {
            flight.unanswered |= parts;
            flight.waiting.attempts = flight.waiting.attempts.max(waiting.attempts);
            flight.waiting.possible_duplicate |= waiting.possible_duplicate;
            return;
        }
        self.flights.insert(
            waiting.message.id,
            Flight { until: waiting.not_before, unanswered: parts, deferred: 0, written_at: now, waiting },
        );
    }

    /// How often the part's message was offered before.
    pub(crate) fn attempts(&self, part: PartId) -> u16 {
        self.flights.get(&part.message()).map_or(0, |flight| flight.waiting.attempts)
    }

    /// Whether its message is still worth offering at `at`.
    pub(crate) fn worth_until(&self, part: PartId) -> Option<Timestamp> {
        self.flights.get(&part.message()).map(|flight| flight.waiting.message.expires_at)
    }

    /// A part was answered or lost; `later` when the operator wants it again, not before then.
    pub(crate) fn land(&mut self, part: PartId, later: Option<Timestamp>) -> Landed {
        let Some(flight) = self.flights.get_mut(&part.message()) else { return Landed::default() };
        let bit = 1_u16 << part.index();
        flight.unanswered &= !bit;
        if let Some(until) = later {
            flight.deferred |= bit;
            flight.until = flight.until.max(until);
        }
        let written_at = Some(flight.written_at);
        if flight.unanswered != 0 {
            return Landed { written_at, ..Landed::default() };
        }
        let Some(flight) = self.flights.remove(&part.message()) else { return Landed::default() };
        if flight.deferred == 0 {
            return Landed { written_at, again: None, settled: Some(flight.waiting.message) };
        }
        let again = Waiting {
            attempts: flight.waiting.attempts.saturating_add(1),
            not_before: flight.until,
            parts_owed: flight.deferred,
            ..flight.waiting
        };
        Landed { written_at, again: Some(again), settled: None }
    }

    /// Nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }
}
