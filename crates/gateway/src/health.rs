//! How a bind fares: how long its operator takes to answer, and whether it answers at all.

use std::time::{Duration, Instant};

/// Silence with submits unanswered after which a bind is in doubt: it gets nothing more while another
/// one is well.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(2);
/// How long a lost answer counts against a bind.
const REMEMBERED: Duration = Duration::from_secs(10);
/// A new answer's weight in the mean: one in so many.
const MEMORY: u32 = 8;
/// What is thought of a bind that has not answered anything yet.
const UNKNOWN: Duration = Duration::from_millis(100);

/// How a bind fares.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Mean time from a submit to its answer.
    mean: Option<Duration>,
    /// Since when submits are unanswered without a word.
    quiet_since: Option<Instant>,
    /// When an answer was last lost.
    lost: Option<Instant>,
}

impl Health {
    /// A session begins: what the last one owed says nothing of this one.
    pub(crate) const fn opened(&mut self) {
        self.quiet_since = None;
    }

    /// Submits were written.
    pub(crate) fn wrote(&mut self, now: Instant) {
        self.quiet_since.get_or_insert(now);
    }

    /// An answer came after `waited`; `left` submits are still unanswered.
    pub(crate) fn answered(&mut self, waited: Duration, left: usize, now: Instant) {
        self.mean = Some(match self.mean {
            None => waited,
            Some(mean) => (mean * (MEMORY - 1) + waited) / MEMORY,
        });
        self.quiet_since = (left > 0).then_some(now);
    }

    /// An answer was given up.
    pub(crate) const fn lost(&mut self, now: Instant) {
        self.lost = Some(now);
    }

    /// Whether it is in doubt.
    pub(crate) fn in_doubt(&self, now: Instant) -> bool {
        let for_long = |since: Option<Instant>, limit| {
            since.is_some_and(|since| now.saturating_duration_since(since) >= limit)
        };
        for_long(self.quiet_since, QUIET_MAX) || (self.lost.is_some() && !for_long(self.lost, REMEMBERED))
    }

    /// How long one more submit would wait for its answer, about, behind `load` others.
    pub(crate) fn expected(&self, load: usize) -> Duration {
        let load = u32::try_from(load).unwrap_or(u32::MAX);
        self.mean.unwrap_or(UNKNOWN).max(Duration::from_micros(1)).saturating_mul(load.saturating_add(1))
    }

    /// Mean time from a submit to its answer, once there was one.
    pub(crate) const fn mean(&self) -> Option<Duration> {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn start() -> Instant {
        Instant::now()
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn silence_with_submits_unanswered_is_a_doubt_and_an_answer_ends_it() {
        let (mut health, t) = (Health::default(), start());
        assert!(!health.in_doubt(t + QUIET_MAX * 9), "who was asked nothing owes nothing");
        health.wrote(t);
        health.wrote(t + MS);
        assert!(!health.in_doubt(t + QUIET_MAX - MS) && health.in_doubt(t + QUIET_MAX));
        health.answered(MS, 1, t + QUIET_MAX);
        assert!(!health.in_doubt(t + QUIET_MAX * 2 - MS) && health.in_doubt(t + QUIET_MAX * 2));
        health.answered(MS, 0, t + QUIET_MAX * 3);
        assert!(!health.in_doubt(t + QUIET_MAX * 99));
    }

    #[test]
    fn a_lost_answer_counts_for_a_while() {
        let (mut health, t) = (Health::default(), start());
        health.lost(t);
        assert!(health.in_doubt(t + REMEMBERED - MS) && !health.in_doubt(t + REMEMBERED));
    }

    #[test]
    fn the_quicker_one_is_expected_first_until_it_has_more_to_do() {
        let t = start();
        let (mut quick, mut slow) = (Health::default(), Health::default());
        for _ in 0..50 {
            quick.answered(MS * 10, 0, t);
            slow.answered(MS * 100, 0, t);
        }
        assert!(quick.expected(0) < slow.expected(0) && quick.expected(8) < slow.expected(0));
        assert!(quick.expected(10) > slow.expected(0));
    }
}
