//! Messages that wait in memory for a route, and what does not fit there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use facteur_domain::{Message, MessageId, Timestamp};
use facteur_store::Waiting;
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::schedule::Queue;

/// Which messages a route may carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carries {
    /// Real messages only.
    Real,
    /// Test messages only: a sandbox beside real routes.
    Test,
    /// Everything: `dev`.
    All,
}

/// Messages read back from disk at once.
pub(crate) const PAGE: usize = 5_000;

#[derive(Debug, Default)]
struct Rooms {
    real: Queue,
    test: Queue,
    /// While some messages wait on disk only: all of them have a later id than this.
    spilled: Option<MessageId>,
    /// The earliest message left on disk since the last page was asked for: that page may have
    /// missed it, for ids are given before the commit.
    missed: Option<MessageId>,
}

impl Rooms {
    fn len(&self) -> usize {
        self.real.len() + self.test.len()
    }

    fn push(&mut self, waiting: Waiting, now: Timestamp) {
        let fiction = waiting.message.recipient.is_fiction();
        let queue = if waiting.message.test || fiction { &mut self.test } else { &mut self.real };
        queue.push(waiting, now);
    }
}

/// The waiting room between acceptance and the routes.
#[derive(Debug)]
pub(crate) struct Backlog {
    rooms: Mutex<Rooms>,
    /// Told when something may have become ready.
    pub(crate) wake: Notify,
    max: usize,
}

impl Backlog {
    /// A waiting room for `max` messages; what comes above waits on disk.
    pub(crate) fn new(max: usize) -> Self {
        Self { rooms: Mutex::default(), wake: Notify::new(), max: max.max(PAGE) }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Every critical section leaves the queues whole, so a panic elsewhere is no reason to stop.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes freshly committed messages. Called on the store's writer thread.
    pub(crate) fn accepted(&self, messages: Vec<Message>) {
        let mut rooms = self.rooms();
        for message in messages {
            if rooms.spilled.is_none() && rooms.len() >= self.max {
                rooms.spilled = Some(before(message.id));
            }
            if rooms.spilled.is_some_and(|spilled| message.id > spilled) {
                // On disk it waits its turn; memory stays bounded.
                rooms.missed = Some(rooms.missed.map_or(message.id, |missed| missed.min(message.id)));
                continue;
            }
            let now = message.accepted_at;
            rooms.push(fresh(message), now);
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// Puts messages back that come from a route, from disk, or are due now.
    pub(crate) fn put(&self, messages: Vec<Waiting>, now: Timestamp) {
        if messages.is_empty() {
            return;
        }
        let mut rooms = self.rooms();
        for waiting in messages {
            rooms.push(waiting, now);
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// Takes messages of about `parts` parts for a route that carries `carries`.
    pub(crate) fn take(&self, carries: Carries, parts: usize, now: Timestamp) -> Vec<Waiting> {
        let mut rooms = self.rooms();
        match carries {
            Carries::Real => rooms.real.take(parts, now),
            Carries::Test => rooms.test.take(parts, now),
            Carries::All => {
                let mut taken = rooms.test.take(parts, now);
                let used: usize = taken.iter().map(|w| usize::from(w.message.parts)).sum();
                taken.extend(rooms.real.take(parts.saturating_sub(used), now));
                taken
            }
        }
    }

    /// Whether a message could leave at `now` by a route that carries `carries`.
    pub(crate) fn has_ready(&self, carries: Carries, now: Timestamp) -> bool {
        let rooms = self.rooms();
        (carries != Carries::Test && rooms.real.has_ready(now))
            || (carries != Carries::Real && rooms.test.has_ready(now))
    }

    /// When the next message that waits for its time is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let rooms = self.rooms();
        [rooms.real.next_due(), rooms.test.next_due()].into_iter().flatten().min()
    }

    /// After a start: says that disk holds more than was read, after `last`.
    pub(crate) fn more_on_disk(&self, last: MessageId) {
        self.rooms().spilled = Some(last);
    }

    /// Where to read on from disk, when memory has room again and disk holds more. Answer with
    /// [`Backlog::page`].
    pub(crate) fn wants_page(&self) -> Option<MessageId> {
        let mut rooms = self.rooms();
        let last = rooms.spilled.filter(|_| rooms.len() + PAGE <= self.max)?;
        rooms.missed = None;
        Some(last)
    }

    /// Takes the page read from disk after [`Backlog::wants_page`]. A message that was in memory
    /// all along comes twice; the store hands it over once.
    pub(crate) fn page(&self, page: Vec<Waiting>, now: Timestamp) {
        let mut rooms = self.rooms();
        let short = page.len() < PAGE;
        let reached = page.last().map(|waiting| waiting.message.id).max(rooms.spilled);
        for waiting in page {
            rooms.push(waiting, now);
        }
        rooms.spilled = match rooms.missed {
            None if short => None,
            None => reached,
            Some(missed) => reached.min(Some(before(missed))),
        };
        drop(rooms);
        self.wake.notify_one();
    }

    /// Shows its length in the metrics.
    pub(crate) fn measure(&self, metrics: &Metrics) {
        let rooms = self.rooms();
        metrics.queued.set(i64::try_from(rooms.len()).unwrap_or(i64::MAX));
        metrics.spilled.set(i64::from(rooms.spilled.is_some()));
    }

    /// Messages in memory.
    pub(crate) fn len(&self) -> usize {
        self.rooms().len()
    }
}

/// The last id there could be before `id`.
fn before(id: MessageId) -> MessageId {
    MessageId::from_key(id.key() - 1)
}

/// A message that was never handed over.
fn fresh(message: Message) -> Waiting {
    Waiting {
        attempts: 0,
        possible_duplicate: false,
        not_before: message.send_at,
        parts_owed: owed(message.parts),
        message,
    }
}

/// The bit mask of a message's parts, the first in the lowest bit.
pub(crate) fn owed(parts: u8) -> u16 {
    u16::MAX.checked_shr(u32::from(16_u8.saturating_sub(parts))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use facteur_domain::text::Encoding;
    use facteur_domain::{AccountKeyId, Class, MessageText, Msisdn, WorkspaceId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn message(id: i64) -> Message {
        Message {
            id: MessageId::from_key(id << 4),
            workspace: WorkspaceId::from_key(1 << 4),
            api_key: AccountKeyId::from_key(1 << 4),
            sender: "MyCompany".parse().expect("valid"),
            recipient: Msisdn::from_digits(33_612_345_678).expect("valid"),
            class: Class::Transactional,
            text: MessageText::try_from("x".to_owned()).expect("valid"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at: NOW,
            send_at: NOW,
            expires_at: NOW,
            client_reference: None,
            test: false,
            auto_reply: None,
        }
    }

    fn ids(taken: &[Waiting]) -> Vec<i64> {
        taken.iter().map(|w| w.message.id.key() >> 4).collect()
    }

    /// What the store would answer: the messages of `disk` after `after`, a page at most.
    fn read(disk: &[i64], after: MessageId) -> Vec<Waiting> {
        let later = disk.iter().copied().filter(|id| MessageId::from_key(id << 4) > after);
        later.take(PAGE).map(|id| fresh(message(id))).collect()
    }

    #[test]
    fn what_does_not_fit_waits_on_disk_and_comes_back_in_order() {
        let backlog = Backlog::new(PAGE);
        let disk: Vec<i64> = (1..=12_000).collect();
        for chunk in disk.chunks(100) {
            backlog.accepted(chunk.iter().map(|id| message(*id)).collect());
        }
        assert_eq!(backlog.len(), PAGE, "memory is bounded");
        assert_eq!(backlog.wants_page(), None, "no room yet");
        let mut seen = Vec::new();
        while seen.len() < 12_000 {
            seen.extend(ids(&backlog.take(Carries::Real, 1_000, NOW)));
            if let Some(after) = backlog.wants_page() {
                backlog.page(read(&disk, after), NOW);
            }
            assert!(backlog.len() <= 2 * PAGE);
        }
        assert_eq!(seen, disk);
    }

    #[test]
    fn a_message_committed_late_with_an_early_id_is_not_missed() {
        let backlog = Backlog::new(PAGE);
        let most = i64::try_from(PAGE).expect("small");
        backlog.accepted((1..=most).map(|id| message(id * 2)).collect());
        backlog.accepted(vec![message(most * 2 + 10)]);
        backlog.take(Carries::Real, PAGE, NOW);
        let after = backlog.wants_page().expect("disk holds one");
        // While the page is read, an earlier id and two later ones are committed; of these the page
        // has only the last.
        backlog.accepted(vec![message(3), message(most * 2 + 30), message(most * 2 + 20)]);
        assert_eq!(ids(&backlog.take(Carries::Real, 9, NOW)), [3], "before what is on disk");
        backlog.page(read(&[most * 2 + 10, most * 2 + 30], after), NOW);
        assert_eq!(ids(&backlog.take(Carries::Real, 9, NOW)), [most * 2 + 10, most * 2 + 30]);
        let after = backlog.wants_page().expect("read again: one was missed");
        backlog.page(read(&[most * 2 + 10, most * 2 + 20, most * 2 + 30], after), NOW);
        let seen = ids(&backlog.take(Carries::Real, 9, NOW));
        assert!(seen.contains(&(most * 2 + 20)), "{seen:?}");
        assert_eq!(backlog.wants_page(), None, "disk holds no more");
        backlog.accepted(vec![message(most * 2 + 40)]);
        assert_eq!(backlog.len(), 1, "memory takes messages again");
    }

    #[test]
    fn test_and_fiction_messages_go_only_by_sandbox_routes() {
        let backlog = Backlog::new(PAGE);
        let fiction = Msisdn::from_digits(33_639_980_001).expect("valid");
        backlog.accepted(vec![
            Message { test: true, ..message(1) },
            Message { recipient: fiction, ..message(2) },
            message(3),
        ]);
        assert!(backlog.has_ready(Carries::Real, NOW) && backlog.has_ready(Carries::Test, NOW));
        assert_eq!(ids(&backlog.take(Carries::Real, 9, NOW)), [3]);
        assert_eq!(ids(&backlog.take(Carries::Test, 9, NOW)), [1, 2]);
        backlog.put(vec![fresh(message(4)), fresh(Message { test: true, ..message(5) })], NOW);
        assert_eq!(ids(&backlog.take(Carries::All, 9, NOW)), [5, 4]);
    }

    #[test]
    fn masks_have_a_bit_a_part() {
        for (parts, mask) in [(1, 0b1), (2, 0b11), (8, 0xFF), (15, 0x7FFF), (16, u16::MAX)] {
            assert_eq!(owed(parts), mask);
        }
    }
}
