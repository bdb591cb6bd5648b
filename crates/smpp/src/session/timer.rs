//! Is the other side still there: enquire_link when it was silent (section 4.11.1).

use std::time::{Duration, Instant};

/// `now + wait`; `None`, which is never, where that is beyond the clock.
pub(super) fn after(now: Instant, wait: Duration) -> Option<Instant> {
    now.checked_add(wait)
}

/// Whether `deadline` has come.
pub(super) fn due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}

/// What the silence asks for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silence {
    /// Nothing yet.
    Short,
    /// An enquire_link is due.
    Enquire,
    /// The enquire_link was met with silence.
    Dead,
}

/// The keep-alive of a bound session (requirement smpp-enquire-link).
///
/// Whatever comes after an enquire_link counts as its answer: the question is whether the other
/// side lives, and a busy SMSC may put a thousand submit answers before the one to our question.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Option<Duration>,
    patience: Duration,
    heard: Instant,
    asked: Option<(u32, Instant)>,
}

impl Keepalive {
    /// `interval` zero never asks.
    pub(super) fn new(interval: Duration, patience: Duration, now: Instant) -> Self {
        Self { interval: (!interval.is_zero()).then_some(interval), patience, heard: now, asked: None }
    }

    /// A PDU came. Gives the number of the enquire_link that it settles.
    pub(super) fn heard(&mut self, now: Instant) -> Option<u32> {
        self.heard = now;
        self.asked.take().map(|(sequence, _)| sequence)
    }

    /// An enquire_link was sent.
    pub(super) const fn asked(&mut self, sequence: u32, now: Instant) {
        self.asked = Some((sequence, now));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.asked {
            Some((_, asked)) => after(asked, self.patience),
            None => after(self.heard, self.interval?),
        }
    }

    pub(super) fn silence(&self, now: Instant) -> Silence {
        match (due(self.deadline(), now), self.asked) {
            (false, _) => Silence::Short,
            (true, None) => Silence::Enquire,
            (true, Some(_)) => Silence::Dead,
        }
    }
}
