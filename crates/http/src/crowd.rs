//! When all places are taken, connections that say nothing give theirs up: ten thousand clients that are silent must
//! not keep one out that has something to say.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use facteur_gateway::Clock;
use tokio::sync::Notify;

/// How long a connection must have been silent before it is asked for its place.
const SILENT: Duration = Duration::from_secs(1);
/// How often places are asked for while somebody waits.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// One place in so many is asked for at once: clients keep connections to use them again.
const SHARE: usize = 16;

/// Asks for places; shared by all connections of a window.
#[derive(Debug)]
pub(crate) struct Crowd {
    asked: Notify,
    /// Places that are asked for and not given yet.
    wanted: AtomicUsize,
    places: usize,
    clock: Clock,
    start: Instant,
}

impl Crowd {
    /// For a window of so many places.
    pub(crate) fn new(places: usize, clock: Clock) -> Self {
        let start = clock.instant();
        Self { asked: Notify::new(), wanted: AtomicUsize::new(0), places, clock, start }
    }

    /// Asks for places, and waits before it is worth asking again.
    pub(crate) async fn ask(&self) {
        self.wanted.store((self.places / SHARE).max(1), Ordering::Release);
        self.asked.notify_waiters();
        self.clock.pause(ASK_EVERY).await;
    }

    /// Comes when places are asked for.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    fn now(&self) -> u64 {
        let since = self.clock.instant().saturating_duration_since(self.start);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// A connection that begins now.
    pub(crate) fn seat(&self) -> Seat<'_> {
        Seat { crowd: self, busy: AtomicU32::new(0), since: AtomicU64::new(self.now()) }
    }
}

/// One connection's place.
#[derive(Debug)]
pub(crate) struct Seat<'c> {
    crowd: &'c Crowd,
    /// Requests under way.
    busy: AtomicU32,
    /// When the last one was answered, in milliseconds of the window's time.
    since: AtomicU64,
}

/// A request under way; ends when dropped.
pub(crate) struct Busy<'s>(&'s Seat<'s>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.since.store(self.0.crowd.now(), Ordering::Release);
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Seat<'_> {
    /// A request begins.
    pub(crate) fn request(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }

    /// Whether this connection gives its place: it is silent, and enough others have not done so already.
    pub(crate) fn gives_way(&self) -> bool {
        let silent = self.crowd.now().saturating_sub(self.since.load(Ordering::Acquire));
        let long = u128::from(silent) >= SILENT.as_millis();
        let take = |wanted: usize| wanted.checked_sub(1);
        self.busy.load(Ordering::Acquire) == 0
            && long
            && self.crowd.wanted.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok()
    }
}
