//! The waiting room between acceptance and the routes: one queue for real messages, one for those of
//! sandboxes. What does not fit in memory waits on disk and is read back when its turn is near.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use facteur_domain::{Class, Message, MessageId, Timestamp, WorkspaceId};
use facteur_store::Waiting;
use tokio::sync::Notify;

use crate::meters::Meters;
use crate::schedule::{Ahead, Depth, Moment, Queue, Room, Terms, Wanted, is_sandbox};

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

#[derive(Debug)]
struct Rooms {
    real: Queue,
    test: Queue,
}

impl Rooms {
    fn of(&mut self, message: &Message) -> &mut Queue {
        if is_sandbox(message) { &mut self.test } else { &mut self.real }
    }
}

/// The waiting room between acceptance and the routes.
#[derive(Debug)]
pub(crate) struct Backlog {
    rooms: Mutex<Rooms>,
    /// The rates of real messages, and of those of sandboxes.
    meters: [Arc<Meters>; 2],
    /// Told when something may have become ready.
    pub(crate) wake: Notify,
    /// Told when memory may have room for what waits on disk.
    pub(crate) hungry: Notify,
}

impl Backlog {
    /// A waiting room for about `max` messages, whose classes share by `shares`.
    pub(crate) fn new(shares: &dyn Fn(Class) -> u16, max: usize) -> Self {
        let rooms = Rooms { real: Queue::new(shares, max), test: Queue::new(shares, max) };
        let meters = [rooms.real.meters(), rooms.test.meters()];
        Self { rooms: Mutex::new(rooms), meters, wake: Notify::new(), hungry: Notify::new() }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Every critical section leaves the queues whole, so a panic elsewhere is no reason to stop.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rates that a message counts in.
    pub(crate) fn meters(&self, message: &Message) -> &Meters {
        &self.meters[usize::from(is_sandbox(message))]
    }

    /// Takes freshly committed messages. Called on the store's writer thread.
    pub(crate) fn accepted(&self, messages: Vec<Message>) {
        let mut rooms = self.rooms();
        for message in messages {
            let now = message.accepted_at;
            rooms.of(&message).push(fresh(message), now);
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// Takes messages that fell due, or are to be sent again.
    pub(crate) fn put(&self, messages: Vec<Waiting>, now: Timestamp) {
        if messages.is_empty() {
            return;
        }
        let mut rooms = self.rooms();
        for waiting in messages {
            rooms.of(&waiting.message).push(waiting, now);
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// Puts back messages that were taken and did not leave: before those accepted after them.
    pub(crate) fn put_back(&self, messages: Vec<Waiting>, now: Timestamp) {
        if messages.is_empty() {
            return;
        }
        let mut rooms = self.rooms();
        let (test, real) = messages.into_iter().partition(|waiting| is_sandbox(&waiting.message));
        rooms.test.put_back(test, now);
        rooms.real.put_back(real, now);
        drop(rooms);
        self.wake.notify_one();
    }

    /// Takes messages of about as many parts as there is room for, for a route that carries `carries`.
    pub(crate) fn take(
        &self,
        carries: Carries,
        room: Room,
        moment: Moment,
        terms: &dyn Fn(WorkspaceId) -> Terms,
    ) -> Vec<Waiting> {
        let mut rooms = self.rooms();
        let taken = match carries {
            Carries::Real => rooms.real.take(room, moment, terms),
            Carries::Test => rooms.test.take(room, moment, terms),
            Carries::All => {
                let mut taken = rooms.test.take(room, moment, terms);
                let used = taken.iter().map(|w| w.parts_owed.count_ones() as usize).sum();
                let left = Room {
                    parts: room.parts.saturating_sub(used),
                    express: room.express.saturating_sub(used),
                };
                taken.extend(rooms.real.take(left, moment, terms));
                taken
            }
        };
        if rooms.real.is_hungry() || rooms.test.is_hungry() {
            self.hungry.notify_one();
        }
        taken
    }

    /// Messages that left are settled, for good or in doubt: others to the same phones may follow.
    pub(crate) fn settled<'m>(&self, messages: impl IntoIterator<Item = &'m Message>, at: Instant) {
        let mut rooms = self.rooms();
        for message in messages {
            rooms.of(message).settled([message], at);
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// When something may become ready by itself.
    pub(crate) fn next_due(&self, moment: Moment) -> Option<Instant> {
        let rooms = self.rooms();
        [rooms.real.next_due(moment), rooms.test.next_due(moment)].into_iter().flatten().min()
    }

    /// After a start: messages that wait on disk, in order of acceptance. Those of sandboxes are told
    /// apart when they are read.
    pub(crate) fn on_disk(&self, messages: Vec<(MessageId, WorkspaceId, Class, u8)>) {
        let mut rooms = self.rooms();
        for (id, workspace, class, parts) in messages {
            rooms.real.shelve(class, workspace, id, u32::from(parts));
        }
    }

    /// What should be read back from disk now. Answer with [`Backlog::fetched`].
    pub(crate) fn wanted(&self) -> Option<(Carries, Wanted)> {
        let mut rooms = self.rooms();
        if let Some(wanted) = rooms.real.wanted() {
            return Some((Carries::Real, wanted));
        }
        rooms.test.wanted().map(|wanted| (Carries::Test, wanted))
    }

    /// Takes what was read for [`Backlog::wanted`], or puts up with a disk that cannot be read now.
    pub(crate) fn fetched(
        &self,
        (carries, wanted): (Carries, Wanted),
        found: Option<Vec<Waiting>>,
        now: Timestamp,
    ) {
        let mut rooms = self.rooms();
        let queue = if carries == Carries::Test { &mut rooms.test } else { &mut rooms.real };
        match found {
            None => queue.not_fetched(wanted),
            Some(found) => {
                let others = queue.fetched(&wanted, found, now, carries == Carries::Test);
                for waiting in others {
                    rooms.of(&waiting.message).push(waiting, now);
                }
            }
        }
        drop(rooms);
        self.wake.notify_one();
    }

    /// How much of each class waits, the most urgent first: for real routes and for sandboxes together.
    pub(crate) fn depths(&self) -> [Depth; 5] {
        let rooms = self.rooms();
        let (mut real, test) = (rooms.real.depths(), rooms.test.depths());
        for (real, test) in real.iter_mut().zip(test) {
            real.messages += test.messages;
            real.on_disk += test.on_disk;
            real.parts += test.parts;
            real.oldest = [real.oldest, test.oldest].into_iter().flatten().min();
        }
        real
    }

    /// What stands before a message of `class` and `workspace` on its way to `carries`.
    pub(crate) fn ahead(
        &self,
        carries: Carries,
        of: (Class, WorkspaceId),
        id: Option<MessageId>,
        terms: &dyn Fn(WorkspaceId) -> Terms,
    ) -> Ahead {
        let rooms = self.rooms();
        let queue = if carries == Carries::Test { &rooms.test } else { &rooms.real };
        queue.ahead(of, id, terms)
    }

    /// Messages in memory.
    pub(crate) fn len(&self) -> usize {
        let rooms = self.rooms();
        rooms.real.len() + rooms.test.len()
    }
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
    use facteur_domain::Msisdn;

    use super::*;
    use crate::config::ClassPolicies;
    use crate::schedule::tests::waiting;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[expect(clippy::disallowed_methods, reason = "an arbitrary start for a virtual clock")]
    fn moment() -> Moment {
        Moment { now: NOW, at: Instant::now() }
    }

    fn message(id: i64) -> Message {
        waiting(id, Class::Transactional, 1 << 4, 1).message
    }

    fn take(backlog: &Backlog, carries: Carries) -> Vec<i64> {
        let taken = backlog.take(carries, Room::of(9), moment(), &|_| Terms::default());
        taken.iter().map(|w| w.message.id.key() >> 4).collect()
    }

    fn backlog() -> Backlog {
        Backlog::new(&|class| ClassPolicies::default().share(class), 8_000)
    }

    #[test]
    fn test_and_fiction_messages_go_only_by_sandbox_routes() {
        let backlog = backlog();
        let fiction = Msisdn::from_digits(33_639_980_001).expect("valid");
        backlog.accepted(vec![
            Message { test: true, ..message(1) },
            Message { recipient: fiction, ..message(2) },
            message(3),
        ]);
        assert_eq!(take(&backlog, Carries::Real), [3]);
        assert_eq!(take(&backlog, Carries::Test), [1, 2]);
        backlog.put_back(vec![fresh(message(4)), fresh(Message { test: true, ..message(5) })], NOW);
        assert_eq!(take(&backlog, Carries::All), [5, 4]);
    }

    #[test]
    fn what_a_start_finds_on_disk_is_read_and_told_apart() {
        let backlog = backlog();
        let rows = (1..=4).map(|id| (message(id).id, message(id).workspace, Class::Transactional, 1));
        backlog.on_disk(rows.collect());
        assert_eq!((backlog.len(), backlog.depths()[3].on_disk), (0, 4));
        let wanted = backlog.wanted().expect("memory is empty");
        let found = vec![fresh(message(1)), fresh(Message { test: true, ..message(2) }), fresh(message(4))];
        backlog.fetched(wanted, Some(found), NOW);
        assert_eq!(take(&backlog, Carries::Real), [1, 4], "one was cancelled meanwhile");
        assert_eq!(take(&backlog, Carries::Test), [2]);
        assert!(backlog.wanted().is_none());
    }

    #[test]
    fn masks_have_a_bit_a_part() {
        for (parts, mask) in [(1, 0b1), (2, 0b11), (8, 0xFF), (15, 0x7FFF), (16, u16::MAX)] {
            assert_eq!(owed(parts), mask);
        }
    }
}
