//! Time and chance, read in this file and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use facteur_domain::Timestamp;

/// The one clock. Wall time is the system's plus a shift; waiting is done on tokio's clock, which
/// tests can pause.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// The system's wall clock, plus a shift in milliseconds (0 outside `dev`).
    System { shift: i64 },
    /// Starts at `wall` when tokio's clock shows `start`, and follows tokio's clock, apart from jumps (in
    /// milliseconds). Chance follows from it too.
    Runtime { wall: Timestamp, start: tokio::time::Instant, jumped: Arc<AtomicI64> },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { source: Source::System { shift: 0 } }
    }

    /// A clock that shows `start` now and runs on (the `--clock` of `dev`).
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        let shift = start.millis() - system_millis();
        Self { source: Source::System { shift } }
    }

    /// A clock that shows `wall` now and follows tokio's clock, paused or not: for tests.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn of_runtime(wall: Timestamp) -> Self {
        let (start, jumped) = (tokio::time::Instant::now(), Arc::default());
        Self { source: Source::Runtime { wall, start, jumped } }
    }

    /// Sets the wall clock of [`Clock::of_runtime`] forward or back, as somebody who corrects it does. The
    /// system's own is left alone.
    pub fn jump(&self, millis: i64) {
        if let Source::Runtime { jumped, .. } = &self.source {
            jumped.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// Wall time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System { shift } => Timestamp::from_millis(system_millis() + shift),
            Source::Runtime { wall, start, jumped } => {
                let now = wall.plus(tokio::time::Instant::now() - *start);
                Timestamp::from_millis(now.millis() + jumped.load(Ordering::Relaxed))
            }
        }
    }

    /// Monotonic time, for timers and sessions; on tokio's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// A number from 0 to `below` - 1; 0 for 0. On a clock of the runtime it follows from the time, so that
    /// a test runs the same way twice.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn chance_below(&self, below: u64) -> u64 {
        match &self.source {
            Source::System { .. } => Chance.below(below),
            Source::Runtime { wall, start, .. } => {
                let since = (tokio::time::Instant::now() - *start).as_nanos();
                let nanos = u64::try_from(since).unwrap_or(u64::MAX);
                // Fibonacci hashing: neighbours fall far apart.
                let mixed = (nanos ^ wall.millis().unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (mixed >> 16).checked_rem(below).unwrap_or(0)
            }
        }
    }

    /// Waits until `instant`.
    pub async fn until(&self, instant: Instant) {
        tokio::time::sleep_until(tokio::time::Instant::from_std(instant)).await;
    }

    /// Waits for `duration`.
    pub async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_millis() -> i64 {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chance;

impl Chance {
    /// `N` random octets. The system's source does not fail after start-up; if it does, the
    /// process must not go on making keys, so this panics.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the source of chance")]
    pub fn octets<const N: usize>(self) -> [u8; N] {
        let mut octets = [0; N];
        getrandom::fill(&mut octets).expect("the operating system gives random octets");
        octets
    }

    /// A number from 0 to `below` - 1; 0 for 0. Slightly uneven for huge bounds, which is fine
    /// for jitter.
    #[must_use]
    pub fn below(self, below: u64) -> u64 {
        u64::from_le_bytes(self.octets()).checked_rem(below).unwrap_or(0)
    }
}
