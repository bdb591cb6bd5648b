//! The order of what one sender says to one phone: the next message of a class leaves when the
//! operator has answered the one before, by whichever bind it went.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use facteur_domain::{Message, MessageId};
use facteur_store::Waiting;

/// How long a message that is put off, or whose answer does not come, holds back those behind it.
pub(crate) const HELD_BACK_MAX: Duration = Duration::from_secs(30);
/// Messages kept aside for one phone; further ones make their line pause.
const PARKED_MAX: usize = 16;
/// How often forgotten entries are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// A message under way or put off, and what waits behind it.
#[derive(Debug)]
struct Leader {
    message: MessageId,
    since: Instant,
    behind: VecDeque<Waiting>,
}

/// Who is under way to whom.
#[derive(Debug, Default)]
pub(super) struct Order {
    hasher: foldhash::fast::RandomState,
    leaders: HashMap<u64, Leader, foldhash::fast::RandomState>,
    tidied: Option<Instant>,
    /// Messages kept aside.
    pub(super) aside: usize,
}

/// What a message that comes to its turn must do.
pub(super) enum Turn {
    /// Leave.
    Leave(Waiting),
    /// It waits behind another; it was kept aside.
    Aside,
    /// So many wait there that its line must pause.
    Pause(Waiting),
}

impl Order {
    /// Two conversations that share a number here only wait for each other.
    fn key(&self, message: &Message) -> u64 {
        self.hasher.hash_one((message.recipient, &message.sender, message.class))
    }

    /// A message comes to its turn at `now`.
    pub(super) fn turn(&mut self, waiting: Waiting, now: Instant) -> Turn {
        let key = self.key(&waiting.message);
        let id = waiting.message.id;
        match self.leaders.get_mut(&key) {
            None => {
                self.leaders.insert(key, Leader { message: id, since: now, behind: VecDeque::new() });
            }
            Some(leader) if leader.message == id => leader.since = now,
            Some(leader) if leader.behind.len() < PARKED_MAX => {
                leader.behind.push_back(waiting);
                self.aside += 1;
                return Turn::Aside;
            }
            Some(_) => return Turn::Pause(waiting),
        }
        Turn::Leave(waiting)
    }

    /// A message that left is settled: answered for good, lost, or withdrawn. The one behind it.
    pub(super) fn settled(&mut self, message: &Message, now: Instant) -> Option<Waiting> {
        let key = self.key(message);
        let leader = self.leaders.get_mut(&key).filter(|leader| leader.message == message.id)?;
        let Some(next) = leader.behind.pop_front() else {
            self.leaders.remove(&key);
            return None;
        };
        (leader.message, leader.since) = (next.message.id, now);
        self.aside -= 1;
        Some(next)
    }

    /// Those that were held back for too long, in their order.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Waiting> {
        if self.tidied.is_some_and(|at| now.saturating_duration_since(at) < TIDY_EVERY) {
            return Vec::new();
        }
        self.tidied = Some(now);
        let late =
            |_: &u64, leader: &mut Leader| now.saturating_duration_since(leader.since) >= HELD_BACK_MAX;
        let freed: Vec<Waiting> =
            self.leaders.extract_if(late).flat_map(|(_, leader)| leader.behind).collect();
        self.aside -= freed.len();
        freed
    }
}
