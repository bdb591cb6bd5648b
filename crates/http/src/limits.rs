//! Requests a second: windows of one second of the clock, so that the three `X-RateLimit-*`
//! headers say the truth. All windows begin and end together, and nothing older than the present
//! second is remembered.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use facteur_domain::{AccountKeyId, Timestamp};
use facteur_gateway::Caller;

use crate::error::{ApiError, codes};

/// The published limits, told to those who show no key.
pub(crate) const READS_DEFAULT: u32 = 20;
/// As above, for writes.
pub(crate) const WRITES_DEFAULT: u32 = 5;
/// How long a window is, and so the longest wait for the next, in seconds.
pub(crate) const WINDOW_SECONDS: u64 = 1;
/// Entries of a list (messages, recipients of a preview) that count as one write.
const MESSAGES_A_WRITE: usize = 200;
/// Keys and addresses counted within one second at most; the rest share one count.
pub(crate) const ENTRIES_MAX: usize = 65_536;

/// What a request counts as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// GET and HEAD.
    Read,
    /// Everything else.
    Write,
}

impl Kind {
    pub(crate) fn of(method: &Method) -> Self {
        if method == Method::GET || method == Method::HEAD { Self::Read } else { Self::Write }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    const fn default_limit(self) -> u32 {
        match self {
            Self::Read => READS_DEFAULT,
            Self::Write => WRITES_DEFAULT,
        }
    }
}

/// A window as its client sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    /// Requests a second.
    limit: u32,
    /// Requests left in this second.
    remaining: u32,
    /// When it ends, in Unix seconds.
    reset: i64,
}

impl Window {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
        static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
        static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
        headers.insert(LIMIT.clone(), HeaderValue::from(self.limit));
        headers.insert(REMAINING.clone(), HeaderValue::from(self.remaining));
        headers.insert(RESET.clone(), HeaderValue::from(self.reset));
    }

    /// The untouched window of someone without a key.
    pub(crate) fn anonymous(kind: Kind, now: Timestamp) -> Self {
        let limit = kind.default_limit();
        Self { limit, remaining: limit, reset: now.seconds() + 1 }
    }

    /// The same window with nothing left.
    pub(crate) const fn used_up(self) -> Self {
        Self { remaining: 0, ..self }
    }

    /// The refusal of a list that counts as more writes than are left.
    pub(crate) fn list_refused(self) -> ApiError {
        let suggestion = format!(
            "A list counts as one write for each {MESSAGES_A_WRITE} of its entries: wait as long as Retry-After says."
        );
        ApiError::new(&codes::RATE_LIMIT_EXCEEDED, self.exceeded(Kind::Write))
            .retry_after(WINDOW_SECONDS)
            .suggest(suggestion)
    }

    /// The sentence that names the limit, for a request too many.
    pub(crate) fn exceeded(self, kind: Kind) -> String {
        format!("The key's limit of {} {} requests a second is used up.", self.limit, kind.name())
    }
}

/// Counts requests of keys, and failed attempts of addresses.
#[derive(Debug)]
pub(crate) struct Limits {
    keys: Counter<(AccountKeyId, Kind)>,
    failures: Counter<IpAddr>,
    failures_per_second: u32,
}

impl Limits {
    /// `failures_per_second`: wrong keys a second from one address (IPv6: one /64) that get a 401;
    /// the rest get a 429.
    pub(crate) fn new(failures_per_second: u32) -> Self {
        Self { keys: Counter::default(), failures: Counter::default(), failures_per_second }
    }

    /// Counts a request of a key; `false` when it is one too many.
    pub(crate) fn take(&self, caller: &Caller, kind: Kind, now: Timestamp) -> (Window, bool) {
        let limit = match kind {
            Kind::Read => caller.key.read_per_second,
            Kind::Write => caller.key.write_per_second,
        };
        self.count((caller.key.id, kind), limit, 1, now)
    }

    /// Counts the entries of a list, whose request was counted as one write: a write for each
    /// [`MESSAGES_A_WRITE`] of them, and never more than the key's limit, so that any list can be sent in a
    /// second of its own. `false` when that is too much now.
    pub(crate) fn take_list(&self, caller: &Caller, entries: usize, now: Timestamp) -> (Window, bool) {
        let limit = caller.key.write_per_second;
        let writes =
            u32::try_from(entries.div_ceil(MESSAGES_A_WRITE)).unwrap_or(u32::MAX).clamp(1, limit.max(1));
        self.count((caller.key.id, Kind::Write), limit, writes - 1, now)
    }

    fn count(&self, key: (AccountKeyId, Kind), limit: u32, requests: u32, now: Timestamp) -> (Window, bool) {
        let used = self.keys.count(key, requests, now);
        let window = Window { limit, remaining: limit.saturating_sub(used), reset: now.seconds() + 1 };
        (window, used <= limit)
    }

    /// Counts a failed attempt; `false` when it is one too many.
    pub(crate) fn fail(&self, address: Option<IpAddr>, now: Timestamp) -> bool {
        let address = address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), subscriber);
        self.failures.count(address, 1, now) <= self.failures_per_second
    }
}

/// An IPv6 subscriber has a whole /64; an IPv4 one has an address.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Counts things of one kind, by key, in windows of time.
#[derive(Debug)]
pub(crate) struct Counter<K> {
    /// How long a window is, in seconds.
    window: i64,
    state: Mutex<Counted<K>>,
}

#[derive(Debug)]
struct Counted<K> {
    /// Which window, counted from the epoch.
    window: i64,
    used: HashMap<K, u32, foldhash::fast::RandomState>,
    overflow: u32,
}

impl<K> Default for Counter<K> {
    fn default() -> Self {
        Self::every(1)
    }
}

impl<K> Counter<K> {
    /// A counter whose windows last `window` seconds.
    pub(crate) fn every(window: i64) -> Self {
        let counted = Counted { window: 0, used: HashMap::default(), overflow: 0 };
        Self { window, state: Mutex::new(counted) }
    }
}

impl<K: Eq + Hash> Counter<K> {
    /// How many times `key` was counted in the present window, these `times` included.
    pub(crate) fn count(&self, key: K, times: u32, now: Timestamp) -> u32 {
        self.counted(key, times, now).0
    }

    /// As [`Counter::count`], and whether the count is the key's own: when as many keys are counted as can be, the
    /// others share one.
    pub(crate) fn counted(&self, key: K, times: u32, now: Timestamp) -> (u32, bool) {
        // A panic while counting leaves at worst a wrong count, for a window.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let present = now.seconds().div_euclid(self.window);
        let ahead = present - state.window;
        // Threads read the clock before they get here, so the last window may call once more;
        // it counts with this one. A clock set back by more begins anew.
        if !(-1..=0).contains(&ahead) {
            state.window = present;
            state.used.clear();
            state.overflow = 0;
        }
        if state.used.len() >= ENTRIES_MAX && !state.used.contains_key(&key) {
            state.overflow = state.overflow.saturating_add(times);
            return (state.overflow, false);
        }
        let used = state.used.entry(key).or_insert(0);
        *used = used.saturating_add(times);
        (*used, true)
    }

    /// How many keys are counted.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).used.len()
    }

    /// Takes a count back.
    pub(crate) fn forgive(&self, key: &K) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = state.used.get_mut(key) {
            *used = used.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn a_count_begins_anew_with_the_second() {
        let counter = Counter::default();
        let counts: Vec<u32> = [0, 10, 999, 1000, 1001, 2500].map(|ms| counter.count('a', 1, at(ms))).into();
        assert_eq!(counts, [1, 2, 3, 1, 2, 1]);
        assert_eq!(counter.count('b', 1, at(2501)), 1, "others have their own");
    }

    #[test]
    fn a_thread_that_comes_late_does_not_begin_the_second_anew() {
        let counter = Counter::default();
        assert_eq!(counter.count('a', 1, at(1000)), 1);
        assert_eq!(counter.count('a', 3, at(999)), 4);
        assert_eq!(counter.count('a', 1, at(1001)), 5);
        assert_eq!(counter.count('a', 1, at(-60_000)), 1, "a clock set back does not lock anyone out");
    }

    #[test]
    fn memory_is_bounded_by_one_second() {
        let counter = Counter::default();
        for key in 0..ENTRIES_MAX + 10 {
            counter.count(key, 1, at(0));
        }
        assert_eq!(counter.count(usize::MAX, 1, at(1)), 11, "those beyond the bound share one count");
        assert_eq!(counter.state.lock().expect("not poisoned").used.len(), ENTRIES_MAX);
        counter.count(0, 1, at(1000));
        assert_eq!(counter.state.lock().expect("not poisoned").used.len(), 1);
    }

    #[test]
    fn failures_are_counted_by_subscriber() {
        let limits = Limits::new(1);
        let address = |text: &str| Some(text.parse().expect("an address"));
        assert!(limits.fail(address("2001:db8::1"), at(0)));
        assert!(!limits.fail(address("2001:db8::2"), at(0)), "the same /64");
        assert!(limits.fail(address("2001:db8:0:1::1"), at(0)));
        assert!(limits.fail(address("192.0.2.1"), at(0)));
        assert!(!limits.fail(address("::ffff:192.0.2.1"), at(0)), "the same address, mapped");
        assert!(limits.fail(None, at(0)));
    }
}
