//! The window: which requests of ours are unanswered, and until when we wait for each.

use std::time::Instant;

/// The widest window; what a session holds in memory for it is bounded with it (some 6 MiB here).
pub const WINDOW_MAX: usize = 65_536;

/// The last sequence_number before they begin again at 1 (section 5.1.4).
pub(crate) const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// Bind, enquire_link and unbind also hold a number each while they are unanswered.
const CONTROLS: usize = 3;

/// Marks the end of the list of messages.
const NONE: usize = usize::MAX;

#[derive(Clone, Copy, Debug)]
struct Message {
    token: u64,
    deadline: Option<Instant>,
    older: usize,
    newer: usize,
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Free,
    /// A bind, enquire_link or unbind holds the number; its owner keeps the time.
    Control,
    Message(u32, Message),
}

/// Unanswered requests, and the numbers they hold (requirements smpp-window, smpp-sequence).
///
/// The slot of a request is its sequence_number modulo the number of slots. A number whose slot is
/// taken is skipped, so that a number is never given twice while its first use is unanswered, and
/// every operation takes constant time. At most half of the slots are ever taken. Messages are also
/// linked in the order they were sent, which is the order of their deadlines.
#[derive(Debug)]
pub(super) struct Window {
    slots: Vec<Slot>,
    limit: usize,
    used: usize,
    oldest: usize,
    newest: usize,
    next: u32,
}

impl Window {
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, WINDOW_MAX);
        let slots = vec![Slot::Free; (2 * (limit + CONTROLS)).next_power_of_two()];
        Self { slots, limit, used: 0, oldest: NONE, newest: NONE, next: 1 }
    }

    pub(super) const fn room(&self) -> usize {
        self.limit - self.used
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// The number that the next request gets. It is used up by [`Window::open`] or
    /// [`Window::hold`], not by asking.
    pub(super) fn next_free(&mut self) -> u32 {
        while !matches!(self.slots[self.slot(self.next)], Slot::Free) {
            self.next = after(self.next);
        }
        self.next
    }

    /// Begins to wait for the answer to a message. There must be room, and `sequence` come from
    /// [`Window::next_free`].
    pub(super) fn open(&mut self, sequence: u32, token: u64, deadline: Option<Instant>) {
        let at = self.slot(sequence);
        self.slots[at] =
            Slot::Message(sequence, Message { token, deadline, older: self.newest, newer: NONE });
        match self.message(self.newest) {
            Some(newest) => newest.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
        self.used += 1;
        self.next = after(sequence);
    }

    /// Holds a number for a request that is not a message.
    pub(super) fn hold(&mut self, sequence: u32) {
        let at = self.slot(sequence);
        self.slots[at] = Slot::Control;
        self.next = after(sequence);
    }

    /// Gives back a number taken by [`Window::hold`].
    pub(super) fn release(&mut self, sequence: u32) {
        let at = self.slot(sequence);
        if matches!(self.slots[at], Slot::Control) {
            self.slots[at] = Slot::Free;
        }
    }

    /// The token of the message that `sequence` answers, once.
    pub(super) fn close(&mut self, sequence: u32) -> Option<u64> {
        let at = self.slot(sequence);
        match self.slots[at] {
            Slot::Message(found, _) if found == sequence => self.remove(at),
            _ => None,
        }
    }

    /// The number and the token of the oldest message if its time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Option<(u32, u64)> {
        if self.next_deadline()? > now {
            return None;
        }
        let Slot::Message(sequence, _) = *self.slots.get(self.oldest)? else { return None };
        Some((sequence, self.remove(self.oldest)?))
    }

    /// The token of the oldest message, whatever its time.
    pub(super) fn give_up(&mut self) -> Option<u64> {
        self.remove(self.oldest)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match self.slots.get(self.oldest)? {
            Slot::Message(_, message) => message.deadline,
            Slot::Free | Slot::Control => None,
        }
    }

    fn remove(&mut self, at: usize) -> Option<u64> {
        let Message { token, older, newer, .. } = *self.message(at)?;
        match self.message(older) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        match self.message(newer) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
        self.slots[at] = Slot::Free;
        self.used -= 1;
        Some(token)
    }

    fn message(&mut self, at: usize) -> Option<&mut Message> {
        match self.slots.get_mut(at) {
            Some(Slot::Message(_, message)) => Some(message),
            _ => None,
        }
    }

    const fn slot(&self, sequence: u32) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    /// Puts the next number anywhere, to test the turn from the last to the first.
    #[cfg(test)]
    pub(super) const fn set_next(&mut self, next: u32) {
        self.next = next;
    }
}

const fn after(sequence: u32) -> u32 {
    if sequence >= SEQUENCE_MAX { 1 } else { sequence + 1 }
}
