//! What workspaces and senders may send in a second, over all classes, routes and binds: looked at when a message
//! is handed over, so that nothing waits at a bind, and counted when a part of it is written.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use facteur_domain::{Message, Sender, WorkspaceId};

use crate::rate::Rate;
use crate::schedule::Terms;

/// Rates kept before those at rest are dropped.
const KEPT: usize = 1_024;

/// Rates by workspace and by sender. Without limits it costs a look at a flag.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    /// Somebody has a limit, or had one lately.
    used: AtomicBool,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    workspaces: HashMap<WorkspaceId, Rate, foldhash::fast::RandomState>,
    senders: HashMap<(WorkspaceId, Sender), Rate, foldhash::fast::RandomState>,
}

/// Whether a part may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Write {
    /// It is counted: it must be written now.
    Now,
    /// Its workspace or its sender is over its rate until then.
    Rests(Instant),
    /// Its route takes no more now.
    NoRoom,
}

impl Meters {
    fn books(&self) -> MutexGuard<'_, Books> {
        // Every critical section leaves the books whole.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    /// When a message of which `parts` are owed may be handed over; `None` for at once.
    pub(crate) fn wait(
        &self,
        message: &Message,
        parts: usize,
        terms: Terms,
        now: Instant,
    ) -> Option<Instant> {
        let limited = terms.per_second > 0 || terms.sender_per_second > 0;
        if !limited && !self.in_use() {
            return None;
        }
        let mut books = self.books();
        if limited {
            self.used.store(true, Ordering::Release);
        }
        let whole = wait(&mut books.workspaces, message.workspace, terms.per_second, parts, now);
        let own = wait(
            &mut books.senders,
            (message.workspace, message.sender),
            terms.sender_per_second,
            parts,
            now,
        );
        whole.max(own)
    }

    /// `parts` of a message are handed over at `now`.
    pub(crate) fn reserve(&self, message: &Message, parts: usize, now: Instant) {
        if !self.in_use() {
            return;
        }
        let mut books = self.books();
        books.of(message).for_each(|rate| rate.reserve(parts));
        if books.workspaces.len() + books.senders.len() > KEPT {
            books.workspaces.retain(|_, rate| !rate.is_idle(now));
            books.senders.retain(|_, rate| !rate.is_idle(now));
            let used = !(books.workspaces.is_empty() && books.senders.is_empty());
            self.used.store(used, Ordering::Release);
        }
    }

    /// `parts` that were handed over will not be written.
    pub(crate) fn release(&self, message: &Message, parts: usize) {
        if self.in_use() {
            self.books().of(message).for_each(|rate| rate.release(parts));
        }
    }

    /// Asks for one part of a message to be written at `now`; `draw` asks its route, and counts there. Both count
    /// it or neither does.
    pub(crate) fn write(&self, message: &Message, now: Instant, draw: impl FnOnce() -> bool) -> Write {
        if !self.in_use() {
            return if draw() { Write::Now } else { Write::NoRoom };
        }
        let mut books = self.books();
        if let Some(until) = books.of(message).filter_map(|rate| rate.wait_to_write(now)).max() {
            return Write::Rests(until);
        }
        if !draw() {
            return Write::NoRoom;
        }
        books.of(message).for_each(|rate| rate.write(now));
        Write::Now
    }
}

impl Books {
    /// The rates that a message counts in.
    fn of(&mut self, message: &Message) -> impl Iterator<Item = &mut Rate> {
        let whole = self.workspaces.get_mut(&message.workspace);
        whole.into_iter().chain(self.senders.get_mut(&(message.workspace, message.sender)))
    }
}

fn wait<K: Eq + std::hash::Hash>(
    rates: &mut HashMap<K, Rate, foldhash::fast::RandomState>,
    key: K,
    limit: u32,
    parts: usize,
    now: Instant,
) -> Option<Instant> {
    let rate = if limit > 0 { rates.entry(key).or_default() } else { rates.get_mut(&key)? };
    // Who has no limit any more is rid of it here.
    rate.set(limit);
    rate.wait(parts, now)
}
