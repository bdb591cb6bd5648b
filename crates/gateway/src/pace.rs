//! How fast a route may send: exact over any second, smooth within it, slowed by the operator.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::rate::ANY_SECOND;

const SECOND: Duration = Duration::from_secs(1);
/// Sends may catch up this much after a late timer, as a share of a second.
const BURST_SHARE: u32 = 50;
/// How long a route rests when the operator throttles it.
const REST: Duration = Duration::from_millis(250);
/// How much of the observed rate is tried next after a throttle, in percent.
const BACK_OFF_PERCENT: u32 = 80;
/// How much the rate rises for every second without a throttle, in percent of itself.
const PROBE_PERCENT: u32 = 5;
/// As above, once there was no throttle for `CALM`.
const PROBE_CALM_PERCENT: u32 = 25;
const CALM: Duration = Duration::from_secs(10);
/// A throttle does not slow a route below this share of its limit in percent, nor, without a limit, below
/// so many parts a second: a single refusal on an idle route says little about rates.
const FLOOR_PERCENT: u32 = 10;
const FLOOR: u32 = 10;

/// A rate limiter over parts: never more than the configured number in any second (half-open),
/// spread evenly within it; after a throttle it falls to what the operator took, and probes up.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Configured parts a second; 0 for no limit.
    configured: u32,
    /// The limit in force while the operator throttles, below `configured`.
    learned: Option<u32>,
    /// When each of the last second's parts was sent.
    sent: VecDeque<Instant>,
    /// Not before this instant: even spacing, and rest after a throttle.
    next: Option<Instant>,
    probed: Option<Instant>,
    throttled: Option<Instant>,
    /// When a receipt last said so.
    told: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            configured: per_second,
            learned: None,
            sent: VecDeque::new(),
            next: None,
            probed: None,
            throttled: None,
            told: None,
        }
    }

    /// Parts a second in force; 0 for no limit.
    pub(crate) fn limit(&self) -> u32 {
        self.learned.unwrap_or(self.configured)
    }

    /// Parts that may be sent at `now`; `usize::MAX` without a limit.
    pub(crate) fn room(&mut self, now: Instant) -> usize {
        self.forget(now);
        self.probe(now);
        if self.next.is_some_and(|next| next > now) {
            return 0;
        }
        let limit = self.limit();
        if limit == 0 {
            return usize::MAX;
        }
        let burst = (limit / BURST_SHARE).max(1);
        let behind = self.next.map_or(ANY_SECOND, |next| now - next);
        let earned = behind.as_nanos() / (ANY_SECOND.as_nanos() / u128::from(limit)).max(1) + 1;
        let spaced = usize::try_from(earned.min(u128::from(burst))).unwrap_or(1);
        spaced.min((limit as usize).saturating_sub(self.sent.len()))
    }

    /// Parts sent in the second that ends at `now`.
    pub(crate) fn last_second(&mut self, now: Instant) -> usize {
        self.forget(now);
        self.sent.len()
    }

    /// Says that `parts` were sent at `now`.
    pub(crate) fn sent(&mut self, parts: usize, now: Instant) {
        for _ in 0..parts {
            self.sent.push_back(now);
        }
        let limit = self.limit();
        if limit == 0 {
            // Only the count of the last second is kept, to learn from a throttle.
            return;
        }
        let gap = ANY_SECOND / limit;
        let burst = gap * (limit / BURST_SHARE).max(1);
        // Time not used beyond one burst is not saved up.
        let from = self.next.map_or(now, |next| next.max(now.checked_sub(burst).unwrap_or(now)));
        self.next = Some(from + gap * u32::try_from(parts).unwrap_or(u32::MAX));
    }

    /// When there may be room again; `None` when there is room or no limit.
    pub(crate) fn next_room(&mut self, now: Instant) -> Option<Instant> {
        if self.room(now) > 0 {
            return None;
        }
        let spaced = self.next.filter(|next| *next > now);
        let limit = self.limit() as usize;
        let window = (limit > 0 && self.sent.len() >= limit)
            .then(|| self.sent.get(self.sent.len() - limit).map(|oldest| *oldest + ANY_SECOND))
            .flatten();
        spaced.max(window).or(Some(now + ANY_SECOND / self.limit().max(1)))
    }

    /// The operator said that it was too fast.
    pub(crate) fn throttled(&mut self, now: Instant) {
        self.forget(now);
        self.next = Some(self.next.map_or(now, |n| n.max(now)).max(now + REST));
        self.throttled = Some(now);
        if self.probed.is_some_and(|at| now.saturating_duration_since(at) < SECOND) && self.learned.is_some()
        {
            // One burst of refusals is one lesson.
            return;
        }
        let observed = u32::try_from(self.sent.len()).unwrap_or(u32::MAX).max(1);
        let target = (u64::from(observed) * u64::from(BACK_OFF_PERCENT) / 100).max(1);
        let floor = if self.configured == 0 { FLOOR } else { self.configured * FLOOR_PERCENT / 100 };
        let target = u32::try_from(target).unwrap_or(u32::MAX).max(floor);
        self.learned = Some(self.learned.map_or(target, |l| l.min(target)));
        self.probed = Some(now);
    }

    /// A receipt says that what it speaks of was too fast. What was sent before that was known is still to be told
    /// of: for as long as [`CALM`] receipts say nothing new, and the rate is left where it is.
    pub(crate) fn told_of_throttling(&mut self, now: Instant) {
        self.forget(now);
        if !self.was_told(now, CALM) && !self.sent.is_empty() {
            self.throttled(now);
            self.told = Some(now);
        }
    }

    /// Whether a receipt taught something less than `ago` before `now`.
    fn was_told(&self, now: Instant, ago: Duration) -> bool {
        self.told.is_some_and(|at| now.saturating_duration_since(at) < ago)
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= ANY_SECOND) {
            self.sent.pop_front();
        }
        // Without a limit the count matters only after a throttle; keep it bounded.
        while self.sent.len() > 100_000 {
            self.sent.pop_front();
        }
    }

    fn probe(&mut self, now: Instant) {
        let (Some(learned), Some(probed)) = (self.learned, self.probed) else { return };
        if now.saturating_duration_since(probed) < SECOND || self.was_told(now, CALM) {
            return;
        }
        let calm = !self.was_told(now, CALM * 2)
            && self.throttled.is_none_or(|at| now.saturating_duration_since(at) >= CALM);
        let percent = if calm { PROBE_CALM_PERCENT } else { PROBE_PERCENT };
        let raised = learned + (learned * percent / 100).max(1);
        self.probed = Some(now);
        // Without a configured limit, ten times the lesson means that it no longer holds.
        let ceiling = if self.configured == 0 { 100_000 } else { self.configured };
        self.learned = (raised < ceiling).then_some(raised);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn start() -> Instant {
        Instant::now()
    }

    /// Sends as fast as the pace allows for `seconds`, polling every `step`; the instants of all
    /// parts.
    fn run(pace: &mut Pace, from: Instant, seconds: u64, step: Duration) -> Vec<Instant> {
        let (mut now, mut sent) = (from, Vec::new());
        while now < from + Duration::from_secs(seconds) {
            let room = pace.room(now);
            if room > 0 {
                pace.sent(room, now);
                sent.extend(std::iter::repeat_n(now, room));
            }
            now += step;
        }
        sent
    }

    fn most_in_a_second(sent: &[Instant]) -> usize {
        let (mut most, mut first) = (0, 0);
        for (last, at) in sent.iter().enumerate() {
            while *at - sent[first] >= SECOND {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    #[test]
    fn no_second_has_more_than_the_limit_and_most_of_it_is_used() {
        for limit in [1, 20, 100, 1000, 5000] {
            for step in [Duration::from_micros(200), Duration::from_millis(1), Duration::from_millis(7)] {
                let mut pace = Pace::new(limit);
                let sent = run(&mut pace, start(), 5, step);
                assert!(most_in_a_second(&sent) <= limit as usize, "{limit}/s, step {step:?}");
                assert!(sent.len() >= 5 * limit as usize * 8 / 10, "{limit}/s: {} in 5 s", sent.len());
            }
        }
    }

    #[test]
    fn an_idle_second_is_not_saved_up() {
        let mut pace = Pace::new(20);
        let t = start();
        pace.sent(1, t);
        let burst = pace.room(t + Duration::from_secs(60));
        assert!(burst <= 2, "{burst} at once on a route of 20 a second");
    }

    #[test]
    fn waits_exactly_until_there_is_room() {
        let mut pace = Pace::new(20);
        let mut now = start();
        for _ in 0..100 {
            assert!(pace.room(now) > 0);
            pace.sent(1, now);
            let next = pace.next_room(now).expect("full");
            assert!(next > now && next <= now + ANY_SECOND + Duration::from_millis(1));
            now = next;
        }
    }

    #[test]
    fn a_throttled_route_slows_to_what_is_taken_and_probes_back_up() {
        let mut pace = Pace::new(100);
        let t = start();
        run(&mut pace, t, 2, Duration::from_millis(1));
        pace.throttled(t + Duration::from_secs(2));
        let slow = pace.limit();
        assert!((40..100).contains(&slow), "{slow}");
        assert_eq!(pace.room(t + Duration::from_secs(2)), 0, "rests first");
        run(&mut pace, t + Duration::from_secs(3), 60, Duration::from_millis(5));
        assert_eq!(pace.limit(), 100, "probed back up");
    }

    /// An operator that takes `takes` parts in any second and throttles the rest: what it took of each
    /// second, and all that it refused.
    fn against(pace: &mut Pace, takes: usize, seconds: u64) -> (Vec<usize>, usize) {
        let start = start();
        let (mut now, mut taken, mut refused) = (start, VecDeque::new(), 0);
        let mut by_second = Vec::new();
        for second in 1..=seconds {
            let mut count = 0;
            while now < start + SECOND * u32::try_from(second).expect("small") {
                for _ in 0..pace.room(now).min(10) {
                    pace.sent(1, now);
                    while taken.front().is_some_and(|at| now - *at >= SECOND) {
                        taken.pop_front();
                    }
                    if taken.len() < takes {
                        taken.push_back(now);
                        count += 1;
                    } else {
                        refused += 1;
                        pace.throttled(now);
                    }
                }
                now += Duration::from_millis(5);
            }
            by_second.push(count);
        }
        (by_second, refused)
    }

    #[test]
    fn an_operator_that_takes_less_gets_what_it_takes_and_little_more() {
        for (limit, takes) in [(20, 12), (100, 30), (0, 50)] {
            let mut pace = Pace::new(limit);
            let (by_second, refused) = against(&mut pace, takes, 60);
            let taken: usize = by_second[5..].iter().sum();
            assert!(taken * 100 >= takes * 55 * 75, "{limit}/s: {taken} of {}", takes * 55);
            assert!(refused * 100 <= taken * 20, "{limit}/s: {refused} refused, {taken} taken");
        }
    }

    #[test]
    fn receipts_that_say_too_fast_are_one_lesson_in_ten_seconds() {
        let (mut pace, t) = (Pace::new(100), start());
        pace.told_of_throttling(t);
        assert_eq!(pace.limit(), 100, "nothing is being sent: there is nothing to slow down");
        run(&mut pace, t, 2, Duration::from_millis(1));
        for late in 0..90 {
            pace.told_of_throttling(t + SECOND * 2 + Duration::from_millis(late * 100));
        }
        let slow = pace.limit();
        assert!((70..90).contains(&slow), "{slow}");
        run(&mut pace, t + SECOND * 3, 9, Duration::from_millis(5));
        assert_eq!(pace.limit(), slow, "no more is tried before receipts of what was sent since have come");
        pace.told_of_throttling(t + SECOND * 12);
        assert!(pace.limit() < slow, "then they are listened to again");
        run(&mut pace, t + SECOND * 12, 60, Duration::from_millis(5));
        assert_eq!(pace.limit(), 100, "and it goes back up");
    }

    #[test]
    fn a_refusal_on_an_idle_route_does_not_make_it_crawl() {
        let (mut pace, t) = (Pace::new(1_000), start());
        pace.sent(1, t);
        pace.throttled(t);
        assert_eq!(pace.limit(), 100);
        run(&mut pace, t, 40, Duration::from_millis(5));
        assert_eq!(pace.limit(), 1_000, "and it is back soon");
    }

    #[test]
    fn without_a_limit_there_is_always_room_until_the_operator_objects() {
        let mut pace = Pace::new(0);
        let t = start();
        assert_eq!(pace.room(t), usize::MAX);
        pace.sent(500, t);
        pace.throttled(t + Duration::from_millis(500));
        assert!(pace.limit() > 0 && pace.limit() <= 400);
    }
}
