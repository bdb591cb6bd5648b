//! The far side's own clocks: tokio's for delays (tests can pause it), the caller's for dates.

use std::sync::Arc;

use tokio::time::Instant;

/// Wall time in Unix milliseconds: the dates of receipts and of what phones show.
pub type Wall = Arc<dyn Fn() -> i64 + Send + Sync>;

/// One reading of both clocks, taken once for everything that is handled together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// For delays and timers.
    pub(crate) at: Instant,
    /// For dates, Unix milliseconds.
    pub(crate) wall_ms: i64,
}

impl Moment {
    /// Reads both clocks.
    pub(crate) fn read(wall: &Wall) -> Self {
        Self { at: now(), wall_ms: wall() }
    }
}

/// The only place where the far side reads the runtime's clock.
#[expect(clippy::disallowed_methods, reason = "the far side is no part of the product and has its own clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
