//! A limit that holds over any second, not only over seconds of the clock, where the operator counts: at the wire.
//!
//! What is handed over is reserved, and counted when it is written. Between the two lies a commit, which takes a
//! millisecond now and half a second then: counted at the hand-over, two seconds' worth could leave within one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A second, and a little for the network, which does not carry evenly what was written evenly.
pub(crate) const ANY_SECOND: Duration = Duration::from_millis(1_010);

/// Counts parts so that no second (half-open, wherever it begins) has more than `limit`.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// Parts a second; 0 for no limit.
    limit: u32,
    /// When each of the last `limit` parts was written, oldest first.
    written: VecDeque<Instant>,
    /// Parts handed over and not yet written.
    reserved: usize,
}

impl Rate {
    /// Puts another limit in force; what was counted still counts.
    pub(crate) fn set(&mut self, limit: u32) {
        self.limit = limit;
        while self.written.len() > limit as usize {
            self.written.pop_front();
        }
    }

    /// When a message of `parts` parts may be handed over: `None` for at once. Parts that are reserved count as
    /// written now. One of more parts than the limit goes when nothing else stands in a second; its parts are
    /// written one second after the other.
    pub(crate) fn wait(&self, parts: usize, now: Instant) -> Option<Instant> {
        let limit = self.limit as usize;
        if limit == 0 {
            return None;
        }
        let parts = parts.clamp(1, limit);
        // The part that must be a second old so that `parts` more fit into the second that ends now.
        let place = (self.written.len() + self.reserved + parts).checked_sub(limit + 1)?;
        self.free(self.written.get(place).copied().unwrap_or(now), now)
    }

    /// `parts` are handed over.
    pub(crate) const fn reserve(&mut self, parts: usize) {
        self.reserved += parts;
    }

    /// `parts` that were reserved will not be written.
    pub(crate) const fn release(&mut self, parts: usize) {
        self.reserved = self.reserved.saturating_sub(parts);
    }

    /// When one part may be written: `None` for at once.
    pub(crate) fn wait_to_write(&self, now: Instant) -> Option<Instant> {
        let limit = self.limit as usize;
        if limit == 0 {
            return None;
        }
        let place = self.written.len().checked_sub(limit)?;
        self.free(*self.written.get(place)?, now)
    }

    /// One part, reserved or not, is written at `now`.
    pub(crate) fn write(&mut self, now: Instant) {
        self.release(1);
        if self.written.len() >= self.limit as usize {
            self.written.pop_front();
        }
        if self.limit > 0 {
            self.written.push_back(now);
        }
    }

    /// Nothing that was counted matters any more.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.reserved == 0 && self.written.back().is_none_or(|last| *last + ANY_SECOND <= now)
    }

    fn free(&self, written: Instant, now: Instant) -> Option<Instant> {
        let free = written + ANY_SECOND;
        (free > now).then_some(free)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

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
        /// Whatever is handed over whenever, and however long its commit takes: no second, wherever it begins, has
        /// more parts written than the limit, and what was handed over is written as soon as it may be.
        #[test]
        fn no_second_has_more_than_the_limit(
            limit in 1_u32..50,
            offers in prop::collection::vec((0_u64..400, 1_usize..8, 0_u64..900), 1..300),
        ) {
            let mut rate = limited(limit);
            let (mut now, mut written, mut handed) = (start(), Vec::new(), VecDeque::new());
            for (pause, parts, commit) in offers {
                for _ in 0..pause {
                    now += MS;
                    while let Some((committed, left)) = handed.front_mut() {
                        if *committed > now || rate.wait_to_write(now).is_some() {
                            break;
                        }
                        rate.write(now);
                        written.push(now);
                        *left -= 1;
                        if *left == 0 {
                            handed.pop_front();
                        }
                    }
                }
                if rate.wait(parts, now).is_none() {
                    rate.reserve(parts);
                    let others = handed.back().map_or(now, |(committed, _)| *committed);
                    handed.push_back((others.max(now + MS * u32::try_from(commit).expect("small")), parts));
                }
            }
            for from in &written {
                let within = written.iter().filter(|at| *at >= from && **at - *from < SECOND).count();
                prop_assert!(within <= limit as usize, "{} in a second of {}", within, limit);
            }
        }

        /// It says exactly when it may go on: not a nanosecond before, and then at once.
        #[test]
        fn it_waits_as_long_as_it_must(limit in 1_u32..20, parts in 1_usize..8) {
            let parts = parts.min(limit as usize);
            let mut rate = limited(limit);
            let (mut now, first) = (start(), start());
            for _ in 0..100 {
                if let Some(free) = rate.wait(parts, now) {
                    prop_assert!(free > now && free <= now + ANY_SECOND);
                    prop_assert!(rate.wait(parts, free - Duration::from_nanos(1)).is_some());
                    now = free;
                }
                prop_assert!(rate.wait(parts, now).is_none());
                rate.reserve(parts);
                for _ in 0..parts {
                    prop_assert_eq!(rate.wait_to_write(now), None, "what was let through need not wait again");
                    rate.write(now);
                }
            }
            // Nothing is wasted either: a message goes for every second that has room for it.
            let seconds = 100_usize.div_ceil(limit as usize / parts);
            prop_assert!(now - first <= ANY_SECOND * u32::try_from(seconds).expect("small"));
        }
    }

    #[test]
    fn a_message_longer_than_the_limit_is_written_one_second_after_the_other() {
        let (mut rate, mut now) = (limited(2), start());
        let first = now;
        assert_eq!(rate.wait(5, now), None);
        rate.reserve(5);
        assert!(rate.wait(1, now).is_some(), "others come after it");
        let mut written = Vec::new();
        for _ in 0..5 {
            now = rate.wait_to_write(now).unwrap_or(now);
            rate.write(now);
            written.push(now - first);
        }
        let after = |seconds: u32| ANY_SECOND * seconds;
        assert_eq!(written, [after(0), after(0), after(1), after(1), after(2)]);
        assert_eq!(rate.wait(1, now), None, "and half of the third second is left");
        rate.reserve(1);
        assert_eq!(rate.wait(1, now), Some(now + ANY_SECOND), "what is handed over has its place");
        rate.release(1);
        assert_eq!(rate.wait(1, now), None, "unless it comes back");
    }

    #[test]
    fn no_limit_is_no_limit() {
        let (mut rate, t) = (limited(0), start());
        rate.reserve(1_000);
        rate.write(t);
        rate.release(999);
        assert_eq!((rate.wait(1_000, t), rate.wait_to_write(t)), (None, None));
        assert!(rate.is_idle(t));
    }
}
