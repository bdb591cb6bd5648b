//! A route as the dispatcher and its binds see it: its pace, its binds, and how they fare.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use facteur_domain::{Class, Timestamp};
use facteur_store::RouteId;
use tokio::sync::mpsc::UnboundedSender;

use crate::backlog::Carries;
use crate::config::RouteConfig;
use crate::gateway::{BindReport, RouteReport};
use crate::health::Health;
use crate::link::Outgoing;
use crate::pace::Pace;
use crate::schedule::{Room, is_express};

/// Messages are handed over this long before the pace lets them go, so that the disk is not waited for
/// between two of them. Not longer: what is handed over is judged, and no STOP reaches it any more.
const AHEAD: Duration = Duration::from_millis(100);

/// One bind that may carry submits. Its task owns the session; this is what others see of it.
#[derive(Debug)]
pub(crate) struct Bind {
    up: AtomicBool,
    /// Submits that its session would still take.
    window_room: AtomicUsize,
    /// Parts handed over to it and not yet written: of OTPs and alerts, and of the rest.
    express: AtomicI64,
    ordinary: AtomicI64,
    health: Mutex<Health>,
    outgoing: UnboundedSender<Vec<Outgoing>>,
}

/// Where messages could go, and how good a choice that is: the smallest first.
#[derive(Debug)]
pub(crate) struct Choice<'r> {
    pub(crate) route: &'r Arc<Route>,
    pub(crate) bind: &'r Arc<Bind>,
    pub(crate) room: Room,
    in_doubt: bool,
    expected: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section here leaves its value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole(parts: usize) -> i64 {
    i64::try_from(parts).unwrap_or(i64::MAX)
}

impl Bind {
    pub(crate) fn new(outgoing: UnboundedSender<Vec<Outgoing>>) -> Self {
        Self {
            up: AtomicBool::new(false),
            window_room: AtomicUsize::new(0),
            express: AtomicI64::new(0),
            ordinary: AtomicI64::new(0),
            health: Mutex::default(),
            outgoing,
        }
    }

    /// It is bound, with this window.
    pub(crate) fn opened(&self, window: usize) {
        lock(&self.health).opened();
        self.window_room.store(window, Ordering::Release);
        self.up.store(true, Ordering::Release);
    }

    /// Its session ended, or takes nothing more.
    pub(crate) fn closed(&self) {
        self.up.store(false, Ordering::Release);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// How many submits its session would take now.
    pub(crate) fn window(&self, room: usize) {
        self.window_room.store(room, Ordering::Release);
    }

    fn committed(&self, class: Class) -> &AtomicI64 {
        if is_express(class) { &self.express } else { &self.ordinary }
    }

    /// `parts` were handed over to it.
    pub(crate) fn reserve(&self, class: Class, parts: usize) {
        self.committed(class).fetch_add(whole(parts), Ordering::AcqRel);
    }

    /// `parts` that were handed over were written, or will not be.
    pub(crate) fn release(&self, class: Class, parts: usize) {
        self.committed(class).fetch_sub(whole(parts), Ordering::AcqRel);
    }

    /// Parts handed over and not yet written: all, and those that overtake.
    fn handed(&self) -> (usize, usize) {
        let read = |count: &AtomicI64| usize::try_from(count.load(Ordering::Acquire)).unwrap_or(0);
        let express = read(&self.express);
        (express + read(&self.ordinary), express)
    }

    /// What its health says.
    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }

    /// Gives messages to its task; gives them back when the task has ended.
    pub(crate) fn send(&self, batch: Vec<Outgoing>) -> Result<(), Vec<Outgoing>> {
        self.outgoing.send(batch).map_err(|unsent| unsent.0)
    }
}

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) id: RouteId,
    pub(crate) config: RouteConfig,
    pub(crate) carries: Carries,
    /// Binds that may carry submits.
    pub(crate) binds: Vec<Arc<Bind>>,
    pace: Mutex<Pace>,
    trouble: Mutex<Option<(Timestamp, String)>>,
    /// Parts written since the start.
    written: AtomicU64,
    /// Parts written in the last second, as last looked at.
    rate: AtomicU64,
}

impl Route {
    pub(crate) fn new(id: RouteId, config: RouteConfig, carries: Carries, binds: Vec<Arc<Bind>>) -> Self {
        let pace = Mutex::new(Pace::new(config.per_second));
        let (written, rate) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { id, config, carries, binds, pace, trouble: Mutex::default(), written, rate }
    }

    /// Its binds that would take something now.
    pub(crate) fn choices<'r>(self: &'r Arc<Self>, now: Instant) -> impl Iterator<Item = Choice<'r>> {
        let limit = self.limit();
        let handed = self.binds.iter().map(|bind| bind.handed());
        let (all, express) = handed.fold((0, 0), |sum, bind| (sum.0 + bind.0, sum.1 + bind.1));
        // Over all binds, for the pace is the route's.
        let ahead = match limit {
            0 => usize::MAX,
            limit => (limit as usize * AHEAD.subsec_millis() as usize / 1_000).max(1),
        };
        self.binds.iter().filter(|bind| bind.is_up()).filter_map(move |bind| {
            let window = bind.window_room.load(Ordering::Acquire);
            let (own, own_express) = bind.handed();
            let room = Room {
                parts: window.saturating_sub(own).min(ahead.saturating_sub(all)),
                express: window.saturating_sub(own_express).min(ahead.saturating_sub(express)),
            };
            if room.parts == 0 && room.express == 0 {
                return None;
            }
            let load = self.config.limits.window.saturating_sub(window) + own;
            let health = bind.health();
            let (in_doubt, expected) = (health.in_doubt(now), health.expected(load));
            Some(Choice { route: self, bind, room, in_doubt, expected })
        })
    }

    /// Whether one of its binds is up and not in doubt.
    pub(crate) fn is_well(&self, now: Instant) -> bool {
        self.binds.iter().any(|bind| bind.is_up() && !bind.health().in_doubt(now))
    }

    /// Whether a part may be written now; then it counts as written.
    pub(crate) fn draw(&self, now: Instant) -> bool {
        let mut pace = lock(&self.pace);
        let drawn = pace.room(now) > 0;
        if drawn {
            pace.sent(1, now);
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        drawn
    }

    /// When its pace may allow more; `None` when the pace is not what holds it back.
    pub(crate) fn next_room(&self, now: Instant) -> Option<Instant> {
        lock(&self.pace).next_room(now)
    }

    /// The operator throttled it.
    pub(crate) fn throttled(&self, now: Instant) {
        lock(&self.pace).throttled(now);
    }

    /// A receipt says that the operator throttled what it speaks of.
    pub(crate) fn told_of_throttling(&self, now: Instant) {
        lock(&self.pace).told_of_throttling(now);
    }

    /// Parts a second in force; 0 for no limit.
    pub(crate) fn limit(&self) -> u32 {
        lock(&self.pace).limit()
    }

    /// Looks at how many parts were written in the second that ends now.
    pub(crate) fn measure(&self, now: Instant) {
        self.rate.store(lock(&self.pace).last_second(now) as u64, Ordering::Relaxed);
    }

    /// Parts a second that it can be expected to take: its limit, or, without one, what it took in the last
    /// second. `None` when it is down or nothing is known.
    pub(crate) fn capacity(&self) -> Option<f64> {
        if !self.binds.iter().any(|bind| bind.is_up()) {
            return None;
        }
        let seen = u32::try_from(self.rate.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        match (self.limit(), seen) {
            (0, 0) => None,
            (0, seen) => Some(f64::from(seen)),
            (limit, _) => Some(f64::from(limit)),
        }
    }

    /// Remembers the last trouble for people who look.
    pub(crate) fn trouble(&self, at: Timestamp, what: String) {
        *lock(&self.trouble) = Some((at, what));
    }

    /// As it stands.
    pub(crate) fn report(&self, now: Instant) -> RouteReport {
        let window = self.config.limits.window;
        let binds: Vec<BindReport> = self.binds.iter().map(|bind| bind.report(window, now)).collect();
        let up = binds.iter().filter(|bind| bind.up).count();
        RouteReport {
            name: self.config.name.clone(),
            bound: u16::try_from(up).unwrap_or(u16::MAX),
            in_flight: binds.iter().map(|bind| bind.in_flight).sum(),
            limit_per_second: self.limit(),
            rate: self.rate.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            trouble: lock(&self.trouble).as_ref().map(|(at, what)| format!("{at} {what}")),
            binds,
        }
    }
}

impl Bind {
    fn report(&self, window: usize, now: Instant) -> BindReport {
        let up = self.is_up();
        let health = self.health();
        BindReport {
            up,
            window,
            in_flight: if up { window.saturating_sub(self.window_room.load(Ordering::Acquire)) } else { 0 },
            handed: self.handed().0,
            in_doubt: health.in_doubt(now),
            answer_seconds: health.mean().map(|mean| mean.as_secs_f64()),
        }
    }
}

impl Choice<'_> {
    /// Sorted by it, the best choice comes first: well before in doubt, cheap before dear, quick before slow.
    pub(crate) fn merit(&self) -> (bool, u32, Duration) {
        (self.in_doubt, self.route.config.cost, self.expected)
    }

    /// Whether it is used only when nothing else is there.
    pub(crate) const fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }
}
