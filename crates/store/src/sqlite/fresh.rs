//! The STOPs of the last while, in memory: for links, that ask before they write what was handed over to them.
//! See `decisions/0055-a-stop-reaches-the-link.md`.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use facteur_domain::Msisdn;
use foldhash::fast::RandomState;

/// STOPs that are remembered: more than can be said while a message waits in a link.
const REMEMBERED: usize = 65_536;

/// The STOPs of the last while; cheap to clone. One is here before it is on disk.
#[derive(Clone, Debug, Default)]
pub struct FreshStops(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// STOPs said since the start.
    said: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    by_phone: HashMap<Msisdn, u64, RandomState>,
    order: VecDeque<(Msisdn, u64)>,
    /// STOPs up to this one are not remembered.
    forgotten: u64,
}

impl FreshStops {
    /// Where the STOPs stand now. To be asked before a hand-over is queued: the store looks at every STOP that
    /// came before, and [`FreshStops::concerns`] at every one that comes after.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.0.said.load(Ordering::Acquire)
    }

    /// Whether a phone may have said STOP since `mark`. `true` too where that is no longer known.
    #[must_use]
    pub fn concerns(&self, phone: Msisdn, mark: u64) -> bool {
        if self.mark() <= mark {
            return false;
        }
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        mark < last.forgotten || last.by_phone.get(&phone).is_some_and(|said| *said > mark)
    }

    /// A phone says STOP; told before the STOP is committed.
    pub(super) fn said(&self, phone: Msisdn) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.0.said.load(Ordering::Acquire) + 1;
        last.by_phone.insert(phone, number);
        last.order.push_back((phone, number));
        if last.order.len() > REMEMBERED
            && let Some((oldest, number)) = last.order.pop_front()
        {
            last.forgotten = number;
            if last.by_phone.get(&oldest) == Some(&number) {
                last.by_phone.remove(&oldest);
            }
        }
        self.0.said.store(number, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(n: u64) -> Msisdn {
        Msisdn::from_digits(33_600_000_000 + n).expect("a number")
    }

    #[test]
    fn a_stop_concerns_what_was_handed_over_before_it() {
        let stops = FreshStops::default();
        let before = stops.mark();
        assert!(!stops.concerns(phone(1), before));
        stops.said(phone(1));
        assert!(stops.concerns(phone(1), before) && !stops.concerns(phone(2), before));
        assert!(!stops.concerns(phone(1), stops.mark()), "what is handed over now was judged with it");
    }

    #[test]
    fn what_is_forgotten_concerns_everyone() {
        let stops = FreshStops::default();
        let before = stops.mark();
        for n in 0..=REMEMBERED as u64 {
            stops.said(phone(n));
        }
        let last = stops.0.last.lock().expect("sound");
        assert_eq!((last.order.len(), last.by_phone.len()), (REMEMBERED, REMEMBERED));
        drop(last);
        assert!(stops.concerns(phone(0), before) && stops.concerns(phone(900_000), before));
        assert!(!stops.concerns(phone(0), before + 1), "its STOP was in force then");
    }
}
