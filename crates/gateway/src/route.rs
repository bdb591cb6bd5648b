//! A route as the dispatcher sees it: its pace, its binds, and how they fare.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use facteur_domain::Timestamp;
use facteur_store::RouteId;
use tokio::sync::mpsc::UnboundedSender;

use crate::backlog::Carries;
use crate::config::RouteConfig;
use crate::gateway::RouteReport;
use crate::link::Outgoing;
use crate::pace::Pace;

/// One bind that may carry submits. Its task owns the session; this is what others see of it.
#[derive(Debug)]
pub(crate) struct Bind {
    /// Submits it may still take: its window less what is under way. Below zero when a message of
    /// several parts took more than there was; the rest waits in its task.
    free: AtomicI64,
    up: AtomicBool,
    outgoing: UnboundedSender<Vec<Outgoing>>,
}

impl Bind {
    pub(crate) fn new(outgoing: UnboundedSender<Vec<Outgoing>>) -> Self {
        Self { free: AtomicI64::new(0), up: AtomicBool::new(false), outgoing }
    }

    /// It is bound, with this window.
    pub(crate) fn opened(&self, window: usize) {
        self.free.store(i64::try_from(window).unwrap_or(i64::MAX), Ordering::Release);
        self.up.store(true, Ordering::Release);
    }

    /// Its session ended.
    pub(crate) fn closed(&self) {
        self.up.store(false, Ordering::Release);
        self.free.store(0, Ordering::Release);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// `parts` were answered, lost, or never sent.
    pub(crate) fn release(&self, parts: usize) {
        self.free.fetch_add(i64::try_from(parts).unwrap_or(0), Ordering::AcqRel);
    }

    /// `parts` are about to be sent.
    pub(crate) fn reserve(&self, parts: usize) {
        self.free.fetch_sub(i64::try_from(parts).unwrap_or(0), Ordering::AcqRel);
    }

    /// How many parts it would take now.
    pub(crate) fn room(&self) -> usize {
        if self.is_up() { usize::try_from(self.free.load(Ordering::Acquire)).unwrap_or(0) } else { 0 }
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section here leaves its value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Route {
    pub(crate) fn new(id: RouteId, config: RouteConfig, carries: Carries, binds: Vec<Arc<Bind>>) -> Self {
        let pace = Mutex::new(Pace::new(config.per_second));
        Self { id, config, carries, binds, pace, trouble: Mutex::default() }
    }

    /// The bind with the most room, and how many parts may go to it now.
    pub(crate) fn room(&self, now: Instant) -> Option<(&Arc<Bind>, usize)> {
        let bind = self.binds.iter().max_by_key(|bind| bind.room())?;
        let room = bind.room();
        if room == 0 {
            return None;
        }
        let room = room.min(lock(&self.pace).room(now));
        (room > 0).then_some((bind, room))
    }

    /// Counts `parts` against the pace.
    pub(crate) fn spend(&self, parts: usize, now: Instant) {
        lock(&self.pace).sent(parts, now);
    }

    /// When its pace may allow more; `None` when the pace is not what holds it back.
    pub(crate) fn next_room(&self, now: Instant) -> Option<Instant> {
        self.binds.iter().any(|bind| bind.room() > 0).then(|| lock(&self.pace).next_room(now)).flatten()
    }

    /// The operator throttled it.
    pub(crate) fn throttled(&self, now: Instant) {
        lock(&self.pace).throttled(now);
    }

    /// Parts a second in force; 0 for no limit.
    pub(crate) fn limit(&self) -> u32 {
        lock(&self.pace).limit()
    }

    /// Remembers the last trouble for people who look.
    pub(crate) fn trouble(&self, at: Timestamp, what: String) {
        *lock(&self.trouble) = Some((at, what));
    }

    /// As it stands.
    pub(crate) fn report(&self) -> RouteReport {
        let up = self.binds.iter().filter(|bind| bind.is_up()).count();
        let window = self.config.limits.window;
        let in_flight =
            self.binds.iter().filter(|b| b.is_up()).map(|b| window.saturating_sub(b.room())).sum();
        RouteReport {
            name: self.config.name.clone(),
            bound: u16::try_from(up).unwrap_or(u16::MAX),
            binds: u16::try_from(self.binds.len()).unwrap_or(u16::MAX),
            in_flight,
            limit_per_second: self.limit(),
            trouble: lock(&self.trouble).as_ref().map(|(at, what)| format!("{at} {what}")),
        }
    }
}
