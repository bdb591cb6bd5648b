//! A limit that holds over any second, not only over seconds of the clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Counts parts so that no second (half-open, wherever it begins) has more than `limit`.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// Parts a second; 0 for no limit.
    limit: u32,
    /// When each of the last `limit` parts went, oldest first. A message of more parts than the limit
    /// takes those of the seconds after it: they stand here with instants to come.
    sent: VecDeque<Instant>,
}

impl Rate {
    /// Puts another limit in force; what was counted still counts.
    pub(crate) fn set(&mut self, limit: u32) {
        self.limit = limit;
        while self.sent.len() > limit as usize {
            self.sent.pop_front();
        }
    }

    /// When a message of `parts` parts may go: `None` for at once. One of more parts than the limit
    /// goes when the second before it was empty.
    pub(crate) fn wait(&self, parts: usize, now: Instant) -> Option<Instant> {
        let limit = self.limit as usize;
        if limit == 0 {
            return None;
        }
        let parts = parts.clamp(1, limit);
        // The part that must be a second old so that `parts` more fit into the second that ends now.
        let place = (self.sent.len() + parts).checked_sub(limit + 1)?;
        let free = *self.sent.get(place)? + SECOND;
        (free > now).then_some(free)
    }

    /// `parts` went at `now`.
    pub(crate) fn count(&mut self, parts: usize, now: Instant) {
        let limit = self.limit as usize;
        if limit == 0 {
            return;
        }
        for place in 0..parts {
            if self.sent.len() == limit {
                self.sent.pop_front();
            }
            let seconds = u32::try_from(place / limit).unwrap_or(u32::MAX);
            self.sent.push_back(now + SECOND * seconds);
        }
    }

    /// Nothing that was counted matters any more.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.sent.back().is_none_or(|last| *last + SECOND <= now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn start() -> Instant {
        Instant::now()
    }

    fn limited(limit: u32) -> Rate {
        let mut rate = Rate::default();
        rate.set(limit);
        rate
    }

    proptest! {
        /// Whatever comes whenever: no second, wherever it begins, has more parts than the limit.
        #[test]
        fn no_second_has_more_than_the_limit(
            limit in 1_u32..50,
            offers in prop::collection::vec((0_u64..400, 1_usize..8), 1..300),
        ) {
            let mut rate = limited(limit);
            let (mut now, mut sent) = (start(), Vec::new());
            for (pause, parts) in offers {
                let parts = parts.min(limit as usize);
                now += Duration::from_millis(pause);
                if rate.wait(parts, now).is_none() {
                    rate.count(parts, now);
                    sent.extend(std::iter::repeat_n(now, parts));
                }
            }
            for from in &sent {
                let within = sent.iter().filter(|at| *at >= from && **at - *from < SECOND).count();
                prop_assert!(within <= limit as usize, "{} in a second of {}", within, limit);
            }
        }

        /// It says exactly when it may go on: not a nanosecond before, and then at once.
        #[test]
        fn it_waits_as_long_as_it_must(limit in 1_u32..20, parts in 1_usize..8) {
            let mut rate = limited(limit);
            let (mut now, first) = (start(), start());
            for _ in 0..100 {
                if let Some(free) = rate.wait(parts, now) {
                    prop_assert!(free > now && free <= now + SECOND * 8);
                    prop_assert!(rate.wait(parts, free - Duration::from_nanos(1)).is_some());
                    now = free;
                }
                prop_assert!(rate.wait(parts, now).is_none());
                rate.count(parts, now);
            }
            // Nothing is wasted either: a message goes for every second that has room for it.
            let each = (limit as usize / parts).max(1) * parts;
            let seconds = (100 * parts).div_ceil(each.max(1)) * parts.div_ceil(limit as usize).max(1);
            prop_assert!(now - first <= SECOND * u32::try_from(seconds + 1).expect("small"));
        }
    }

    #[test]
    fn a_message_longer_than_the_limit_pays_with_the_seconds_after_it() {
        let (mut rate, t) = (limited(2), start());
        assert_eq!(rate.wait(5, t), None);
        rate.count(5, t);
        assert_eq!(rate.wait(1, t + SECOND), Some(t + SECOND * 2));
        assert_eq!(
            rate.wait(1, t + SECOND * 2),
            None,
            "five parts at two a second: half of the third is left"
        );
        assert_eq!(rate.wait(2, t + SECOND * 2), Some(t + SECOND * 3));
    }

    #[test]
    fn no_limit_is_no_limit() {
        let (mut rate, t) = (limited(0), start());
        rate.count(1_000, t);
        assert_eq!(rate.wait(1_000, t), None);
        assert!(rate.is_idle(t));
    }
}
