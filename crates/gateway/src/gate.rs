//! Overload is an answer: when what is being accepted takes too long to be on disk, some of what comes
//! is refused at once, so that the rest is accepted soon.
//!
//! The measure is how long acceptances take, not how many wait: a burst that is worked off within
//! [`STANDING`] is no overload, however large; a queue that stands is one, however short. While it stands,
//! no more are let in than leave within the target (Little's law: at most rate times target under way).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long acceptances must have been slow before any is refused.
const STANDING: Duration = Duration::from_millis(250);
/// Over how long the rate is measured.
const WINDOW: Duration = Duration::from_millis(500);
/// Acceptances under way that are always allowed: a group that one transaction keeps.
const ALWAYS: usize = 64;

#[derive(Debug)]
struct Flow {
    under_way: usize,
    /// When an acceptance last was quick, or nothing was under way.
    well: Option<Instant>,
    /// A queue stands: until an acceptance takes less than half the target.
    stands: bool,
    /// Since when `done` is counted.
    counting: Option<Instant>,
    done: usize,
    /// Acceptances a second in the last window.
    rate: f64,
}

/// The gate before the store.
#[derive(Debug)]
pub(crate) struct Gate {
    flow: Mutex<Flow>,
    target: Duration,
}

/// An acceptance under way; ends when dropped.
#[derive(Debug)]
pub(crate) struct Pass<'g, F: Fn() -> Instant> {
    gate: &'g Gate,
    entered: Instant,
    clock: F,
    kept: bool,
}

impl<F: Fn() -> Instant> Pass<'_, F> {
    /// The message is on disk, after how long. What ends without this says nothing of the disk.
    pub(crate) fn kept(mut self) -> Duration {
        self.kept = true;
        (self.clock)().saturating_duration_since(self.entered)
    }
}

impl<F: Fn() -> Instant> Drop for Pass<'_, F> {
    fn drop(&mut self) {
        self.gate.left(self.entered, (self.clock)(), self.kept);
    }
}

impl Gate {
    /// A gate that keeps acceptances within about `target`.
    pub(crate) const fn new(target: Duration) -> Self {
        let flow = Flow { under_way: 0, well: None, stands: false, counting: None, done: 0, rate: 0.0 };
        Self { flow: Mutex::new(flow), target }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        // Every critical section leaves the figures usable.
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an acceptance in, or says that it must come again later.
    pub(crate) fn enter<F: Fn() -> Instant>(&self, clock: F) -> Option<Pass<'_, F>> {
        let entered = clock();
        let mut flow = self.flow();
        if flow.under_way == 0 {
            (flow.well, flow.stands) = (Some(entered), false);
        }
        let slow_for = flow.well.map_or(Duration::ZERO, |well| entered.saturating_duration_since(well));
        flow.stands |= slow_for >= STANDING;
        if flow.stands && flow.under_way >= self.most(&flow) {
            return None;
        }
        flow.under_way += 1;
        drop(flow);
        Some(Pass { gate: self, entered, clock, kept: false })
    }

    /// How many may be under way while the queue stands.
    fn most(&self, flow: &Flow) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let within_target = (flow.rate * self.target.as_secs_f64()) as usize;
        within_target.max(ALWAYS)
    }

    fn left(&self, entered: Instant, now: Instant, kept: bool) {
        let mut flow = self.flow();
        flow.under_way -= 1;
        if !kept {
            return;
        }
        let quick = if flow.stands { self.target / 2 } else { self.target };
        if now.saturating_duration_since(entered) < quick {
            (flow.well, flow.stands) = (Some(now), false);
        }
        flow.done += 1;
        let counting = *flow.counting.get_or_insert(entered);
        let counted = now.saturating_duration_since(counting);
        if counted >= WINDOW {
            #[expect(clippy::cast_precision_loss, reason = "a rate")]
            let rate = flow.done as f64 / counted.as_secs_f64();
            (flow.rate, flow.done, flow.counting) = (rate, 0, Some(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::VecDeque;

    use super::*;

    const TARGET: Duration = Duration::from_millis(200);

    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn start() -> Instant {
        Instant::now()
    }

    /// Offers `offered` acceptances a second to a store that keeps `kept` a second, first come, first
    /// served: how long those accepted after the first three seconds took, and how many were refused.
    fn run(offered: u32, kept: u32, seconds: u32) -> (Vec<Duration>, usize) {
        let gate = Gate::new(TARGET);
        let start = start();
        let clock = Cell::new(start);
        let read = || clock.get();
        let mut line: VecDeque<(Instant, Pass<'_, _>)> = VecDeque::new();
        let (mut took, mut refused) = (Vec::new(), 0);
        let (mut owed, mut room) = (0, 0);
        for step in 0..seconds * 1_000 {
            clock.set(start + Duration::from_millis(u64::from(step)));
            owed += offered;
            while owed >= 1_000 {
                owed -= 1_000;
                match gate.enter(read) {
                    Some(pass) => line.push_back((clock.get(), pass)),
                    None => refused += 1,
                }
            }
            room += kept;
            while room >= 1_000 {
                room -= 1_000;
                if let Some((entered, pass)) = line.pop_front() {
                    pass.kept();
                    if step > 3_000 {
                        took.push(clock.get() - entered);
                    }
                }
            }
        }
        (took, refused)
    }

    #[test]
    fn at_three_times_the_capacity_what_is_accepted_is_accepted_soon() {
        for capacity in [300, 2_000] {
            let (took, refused) = run(capacity * 3, capacity, 10);
            let slowest = took.iter().max().copied().unwrap_or_default();
            assert!(slowest <= TARGET * 3 / 2, "{capacity}/s: {slowest:?}");
            assert!(took.len() >= capacity as usize * 68 / 10, "and the capacity is used: {}", took.len());
            assert!(refused >= capacity as usize * 15, "{refused} refused");
        }
    }

    #[test]
    fn nothing_is_refused_within_the_capacity() {
        assert_eq!(run(1_900, 2_000, 5).1, 0);
    }

    #[test]
    fn a_burst_that_is_worked_off_is_no_overload() {
        let gate = Gate::new(TARGET);
        let clock = Cell::new(start());
        let read = || clock.get();
        let mut line: Vec<_> = (0..10_000).filter_map(|_| gate.enter(read)).collect();
        assert_eq!(line.len(), 10_000);
        for _ in 0..100 {
            clock.set(clock.get() + Duration::from_millis(4));
            for pass in line.drain(..100) {
                pass.kept();
            }
        }
        assert!(gate.enter(read).is_some());
    }

    #[test]
    fn a_store_that_answers_nothing_lets_a_few_wait() {
        let gate = Gate::new(TARGET);
        let clock = Cell::new(start());
        let read = || clock.get();
        let first = gate.enter(read);
        clock.set(clock.get() + STANDING);
        let more: Vec<_> = (0..1_000).filter_map(|_| gate.enter(read)).collect();
        assert_eq!(more.len() + usize::from(first.is_some()), ALWAYS);
        // Refused requests among them are quick, and say nothing of the disk.
        assert!(gate.enter(read).is_none());
        drop((more, first));
        assert!(gate.enter(read).is_some(), "and who comes when all is done is let in");
    }
}
