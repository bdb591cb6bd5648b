//! Who goes next, as a value without tasks or clock.
//!
//! Classes share a route by weight, workspaces share their class by weight, senders of a workspace take
//! turns, and a sender's messages keep the order of acceptance. Shares are kept by start-time fair
//! queueing: each class (and, within it, each workspace) has a virtual time that advances by parts over
//! weight, and the one that is behind goes next. Who was idle starts at the present, so that a lone OTP goes
//! before whatever waits, an idle time is not saved up, and none starves: while it waits, its turn comes
//! nearer with every part that others send.

mod account;
mod lane;
mod order;
mod outlook;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use facteur_domain::{Class, Message, MessageId, Timestamp, WorkspaceId};
use facteur_store::Waiting;

pub(crate) use account::Terms;
use account::{Account, Place};
use lane::Lane;
use order::{Order, Turn};
pub(crate) use outlook::{Ahead, Depth};

use crate::meters::Meters;

/// The classes, the most urgent first: who goes first when shares leave it open.
pub(crate) const ORDER: [Class; 5] =
    [Class::Otp, Class::Alert, Class::Conversational, Class::Transactional, Class::Marketing];
/// The first classes of `ORDER` whose messages may overtake parts that are handed over and not written.
const EXPRESS: usize = 2;
/// Virtual time of one part at weight 1.
const SCALE: u64 = 1 << 20;
/// How far a class may run ahead of its share, in virtual time: an OTP goes first though another just
/// did, and over a longer time OTPs have their share and no more.
const HASTE: [u64; 5] = [SCALE, SCALE / 2, 0, 0, 0];
/// How long a line pauses whose next message waits for an answer from the same phone's operator.
const PAUSE: Duration = Duration::from_millis(20);
/// Messages of one workspace and class that stay in memory when it is full.
const FEW: usize = 100;
/// Messages read back from disk at once.
pub(crate) const PAGE: usize = 2_000;

/// One instant on both clocks: of the wall, for messages, and of the machine, for rates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) at: Instant,
}

/// How many parts may be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    /// Of any class.
    pub(crate) parts: usize,
    /// Of OTPs and alerts, when `parts` is used up.
    pub(crate) express: usize,
}

impl Room {
    /// The same for every class.
    #[cfg(test)]
    pub(crate) const fn of(parts: usize) -> Self {
        Self { parts, express: parts }
    }

    const fn has(self, express: bool) -> bool {
        self.parts > 0 || express && self.express > 0
    }

    fn spend(&mut self, parts: usize, express: bool) {
        // The last message may go over, so that a long one is not stuck behind a narrow window.
        self.parts = self.parts.saturating_sub(parts);
        if express {
            self.express = self.express.saturating_sub(parts);
        }
    }
}

/// Whether `class` may overtake.
pub(crate) const fn is_express(class: Class) -> bool {
    rank(class) < EXPRESS
}

/// Whether a message goes by sandbox routes only.
pub(crate) fn is_sandbox(message: &Message) -> bool {
    message.test || message.recipient.is_fiction()
}

const fn rank(class: Class) -> usize {
    match class {
        Class::Otp => 0,
        Class::Alert => 1,
        Class::Conversational => 2,
        Class::Transactional => 3,
        Class::Marketing => 4,
    }
}

/// A message that must not leave before an instant; ordered by it, then by acceptance.
#[derive(Debug)]
struct Later(Timestamp, Waiting);

impl Later {
    fn key(&self) -> (Timestamp, MessageId) {
        (self.0, self.1.message.id)
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Messages on disk that memory has room for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    class: usize,
    workspace: WorkspaceId,
    /// Which.
    pub(crate) ids: Vec<MessageId>,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: [Lane; 5],
    /// The virtual time of the classes.
    time: u64,
    later: BinaryHeap<Reverse<Later>>,
    order: Order,
    meters: Arc<Meters>,
    /// Messages in the lanes.
    ready: usize,
    /// Messages in memory above which every workspace keeps only a few there.
    max: usize,
    /// Accounts that may want a page.
    hungry: VecDeque<(usize, WorkspaceId)>,
}

impl Queue {
    /// An empty queue whose classes share by `shares`, for about `max` messages in memory.
    pub(crate) fn new(shares: &dyn Fn(Class) -> u16, max: usize) -> Self {
        Self {
            lanes: ORDER.map(|class| Lane::new(shares(class))),
            time: 0,
            later: BinaryHeap::new(),
            order: Order::default(),
            meters: Arc::default(),
            ready: 0,
            max,
            hungry: VecDeque::new(),
        }
    }

    /// The rates that its messages count in.
    pub(crate) fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }

    /// Messages in memory, ready or not.
    pub(crate) fn len(&self) -> usize {
        self.ready + self.later.len() + self.order.aside
    }

    /// How many messages of one workspace and class memory holds at present.
    fn account_max(&self) -> usize {
        if self.len() >= self.max { FEW } else { (self.max / 8).max(FEW) }
    }

    /// Adds a message that is on disk; one whose `not_before` is after now waits for it. What does not fit
    /// in memory stays on disk, and is asked for by [`Queue::wanted`] when its turn is near.
    pub(crate) fn push(&mut self, waiting: Waiting, now: Timestamp) {
        if waiting.not_before > now {
            self.later.push(Reverse(Later(waiting.not_before, waiting)));
            return;
        }
        let max = self.account_max();
        let (rank, workspace) = (rank(waiting.message.class), waiting.message.workspace);
        let account = self.lanes[rank].account(workspace);
        if account.held >= max || !account.shelf.is_empty() || account.asked {
            account.shelf.push_back(waiting.message.id);
            account.shelf_parts += u64::from(waiting.parts_owed.count_ones());
            self.ask(rank, workspace);
        } else {
            self.enter(waiting, false);
        }
    }

    /// Puts back, in their order, messages that were taken and did not leave: they are next, or when their
    /// time comes.
    pub(crate) fn put_back(&mut self, messages: Vec<Waiting>, now: Timestamp) {
        for waiting in messages.into_iter().rev() {
            if waiting.not_before > now {
                self.later.push(Reverse(Later(waiting.not_before, waiting)));
            } else {
                self.enter(waiting, true);
            }
        }
    }

    /// After a start: a message that waits on disk.
    pub(crate) fn shelve(&mut self, class: Class, workspace: WorkspaceId, id: MessageId, parts: u32) {
        let account = self.lanes[rank(class)].account(workspace);
        account.shelf.push_back(id);
        account.shelf_parts += u64::from(parts);
        self.ask(rank(class), workspace);
    }

    fn enter(&mut self, waiting: Waiting, first: bool) {
        let (rank, time) = (rank(waiting.message.class), self.time);
        self.lanes[rank].push(waiting, first, time);
        self.ready += 1;
    }

    /// Notes that an account's memory runs low while disk holds more of it.
    fn ask(&mut self, rank: usize, workspace: WorkspaceId) {
        let low = self.account_max() / 2;
        let account = self.lanes[rank].account(workspace);
        if !account.asked && !account.shelf.is_empty() && account.held < low {
            account.asked = true;
            self.hungry.push_back((rank, workspace));
        }
    }

    /// What should be read back from disk now. Answer with [`Queue::fetched`].
    pub(crate) fn wanted(&mut self) -> Option<Wanted> {
        let (class, workspace) = self.hungry.pop_front()?;
        let max = self.account_max();
        let account = self.lanes[class].account(workspace);
        let count = max.saturating_sub(account.held).clamp(1, PAGE).min(account.shelf.len());
        Some(Wanted { class, workspace, ids: account.shelf.drain(..count).collect() })
    }

    /// Whether [`Queue::wanted`] may have something.
    pub(crate) fn is_hungry(&self) -> bool {
        !self.hungry.is_empty()
    }

    /// Takes what was read; what is missing there does not wait any more. Gives back what is of the other
    /// kind, for sandboxes or not.
    pub(crate) fn fetched(
        &mut self,
        wanted: &Wanted,
        found: Vec<Waiting>,
        now: Timestamp,
        sandbox: bool,
    ) -> Vec<Waiting> {
        let account = self.lanes[wanted.class].account(wanted.workspace);
        account.asked = false;
        let parts = found.iter().map(|waiting| u64::from(waiting.parts_owed.count_ones())).sum();
        account.shelf_parts = account.shelf_parts.saturating_sub(parts);
        if account.shelf.is_empty() {
            account.shelf_parts = 0;
        }
        let mut others = Vec::new();
        for waiting in found {
            if is_sandbox(&waiting.message) != sandbox {
                others.push(waiting);
            } else if waiting.not_before > now {
                self.later.push(Reverse(Later(waiting.not_before, waiting)));
            } else {
                self.enter(waiting, false);
            }
        }
        self.ask(wanted.class, wanted.workspace);
        others
    }

    /// The disk could not be read: what was wanted is asked for again.
    pub(crate) fn not_fetched(&mut self, wanted: Wanted) {
        let account = self.lanes[wanted.class].account(wanted.workspace);
        for id in wanted.ids.into_iter().rev() {
            account.shelf.push_front(id);
        }
        self.hungry.push_back((wanted.class, wanted.workspace));
    }

    /// When something may change by itself: a message falls due, or a rate allows more.
    pub(crate) fn next_due(&self, moment: Moment) -> Option<Instant> {
        let due = self.later.peek().map(|Reverse(later)| moment.at + later.0.since(moment.now));
        let rested = self.lanes.iter().filter_map(Lane::next_rested).min();
        // What is due already waits for room, and room wakes us: to look at once would be to run in circles.
        [due, rested].into_iter().flatten().filter(|at| *at > moment.at).min()
    }

    /// Takes messages of about as many parts as there is room for: the last one may go over.
    pub(crate) fn take(
        &mut self,
        mut room: Room,
        moment: Moment,
        terms: &dyn Fn(WorkspaceId) -> Terms,
    ) -> Vec<Waiting> {
        self.advance(moment);
        let mut taken = Vec::new();
        while let Some(rank) = self.next_class() {
            let express = rank < EXPRESS;
            if !room.has(express) {
                break;
            }
            if let Some(waiting) = self.next_of(rank, moment.at, terms) {
                room.spend(waiting.parts_owed.count_ones() as usize, express);
                taken.push(waiting);
            }
        }
        taken
    }

    /// Lets in what is due, and those that were held back for too long.
    fn advance(&mut self, moment: Moment) {
        let mut due = Vec::new();
        while self.later.peek().is_some_and(|Reverse(later)| later.0 <= moment.now) {
            due.extend(self.later.pop().map(|Reverse(later)| later.1));
        }
        due.extend(self.order.overdue(moment.at));
        // They waited before: those accepted after them do not go before them.
        for waiting in due.into_iter().rev() {
            self.enter(waiting, true);
        }
        for lane in &mut self.lanes {
            lane.wake(moment.at, self.time);
        }
    }

    /// The class that is furthest behind among those that can send.
    fn next_class(&self) -> Option<usize> {
        let can = |rank: &usize| !self.lanes[*rank].turns.is_empty();
        (0..ORDER.len()).filter(can).min_by_key(|rank| (self.lanes[*rank].tag + SCALE - HASTE[*rank], *rank))
    }

    /// One step of a class: its next message, unless the one whose turn it was must wait.
    fn next_of(&mut self, rank: usize, at: Instant, terms: &dyn Fn(WorkspaceId) -> Terms) -> Option<Waiting> {
        let lane = &mut self.lanes[rank];
        let Reverse((tag, workspace)) = lane.turns.pop()?;
        let terms = terms(workspace);
        let account = lane.account(workspace);
        let next = match account.next(terms, &self.meters, at) {
            Err(rest) => {
                account.place = rest.map_or(Place::Idle, Place::Resting);
                lane.rest(rest, workspace);
                return None;
            }
            Ok(next) => next,
        };
        self.ready -= 1;
        let turn = self.order.turn(next, at);
        let mut left = None;
        match turn {
            Turn::Leave(waiting) => {
                let parts = u64::from(waiting.parts_owed.count_ones());
                self.time = lane.tag;
                lane.tag += parts * SCALE / lane.weight;
                lane.time = tag;
                let account = lane.account(workspace);
                account.tag = tag + parts * SCALE / u64::from(terms.weight.max(1));
                self.meters.reserve(&waiting.message, waiting.parts_owed.count_ones() as usize, at);
                left = Some(waiting);
            }
            Turn::Aside => {}
            Turn::Pause(waiting) => {
                let sender = waiting.message.sender;
                account.push(waiting, true);
                account.pause(&sender, at + PAUSE);
                self.ready += 1;
            }
        }
        lane.stay(workspace);
        self.ask(rank, workspace);
        left
    }

    /// Messages that left are settled: those behind them to the same phone may go.
    pub(crate) fn settled<'m>(&mut self, messages: impl IntoIterator<Item = &'m Message>, at: Instant) {
        for message in messages {
            if let Some(next) = self.order.settled(message, at) {
                self.enter(next, true);
            }
        }
    }
}
