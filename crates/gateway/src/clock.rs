//! Time and chance, read in this file and nowhere else.

use std::time::{Duration, Instant};

use facteur_domain::Timestamp;

/// The one clock. Wall time is the system's plus a shift; waiting is done on tokio's clock, which
/// tests can pause.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    /// The system's wall clock, plus a shift in milliseconds (0 outside `dev`).
    System { shift: i64 },
    /// Starts at `wall` when tokio's clock shows `start`, and follows tokio's clock.
    Runtime { wall: Timestamp, start: tokio::time::Instant },
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
        Self { source: Source::Runtime { wall, start: tokio::time::Instant::now() } }
    }

    /// Wall time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        match self.source {
            Source::System { shift } => Timestamp::from_millis(system_millis() + shift),
            Source::Runtime { wall, start } => wall.plus(tokio::time::Instant::now() - start),
        }
    }

    /// Monotonic time, for timers and sessions; on tokio's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
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
