//! Who goes next: a queue by class and workspace, as a value without tasks or clock.
//!
//! Classes share by weight, so that an OTP never waits behind a campaign and a campaign is never
//! starved; within a class, workspaces take turns; within a workspace, the order of acceptance is
//! kept.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use facteur_domain::{Class, MessageId, Timestamp, WorkspaceId};
use facteur_store::Waiting;

/// What one round of the classes may take, in parts, per unit of weight.
const QUANTUM: i64 = 1;

/// A class's share when every class has work.
const fn weight(class: Class) -> i64 {
    match class {
        Class::Otp => 16,
        Class::Alert => 8,
        Class::Conversational => 4,
        Class::Transactional => 4,
        Class::Marketing => 1,
    }
}

/// The order in which classes are asked within a round.
const ORDER: [Class; 5] =
    [Class::Otp, Class::Alert, Class::Conversational, Class::Transactional, Class::Marketing];

/// Messages of one class: a line for each workspace, and whose turn it is.
#[derive(Debug, Default)]
struct Lane {
    lines: HashMap<WorkspaceId, VecDeque<Waiting>, foldhash::fast::RandomState>,
    turns: VecDeque<WorkspaceId>,
    /// Parts this class may still take in this round; below zero after a long message.
    credit: i64,
}

impl Lane {
    fn push(&mut self, waiting: Waiting) {
        let workspace = waiting.message.workspace;
        let line = self.lines.entry(workspace).or_default();
        if line.is_empty() {
            self.turns.push_back(workspace);
        }
        line.push_back(waiting);
    }

    fn pop(&mut self) -> Option<Waiting> {
        let workspace = self.turns.pop_front()?;
        let line = self.lines.get_mut(&workspace)?;
        let next = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&workspace);
        } else {
            self.turns.push_back(workspace);
        }
        next
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

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: [Lane; 5],
    later: BinaryHeap<Reverse<Later>>,
    /// Messages in the lanes.
    ready: usize,
    /// The class whose turn it is, as an index of `ORDER`.
    turn: usize,
}

impl Queue {
    /// Messages waiting, ready or not.
    pub(crate) fn len(&self) -> usize {
        self.ready + self.later.len()
    }

    /// Adds a message; one whose `not_before` is after `now` waits for it.
    pub(crate) fn push(&mut self, waiting: Waiting, now: Timestamp) {
        if waiting.not_before > now {
            self.later.push(Reverse(Later(waiting.not_before, waiting)));
        } else {
            self.enter(waiting);
        }
    }

    fn enter(&mut self, waiting: Waiting) {
        self.lanes[index(waiting.message.class)].push(waiting);
        self.ready += 1;
    }

    /// When the next message that waits for its time is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.later.peek().map(|Reverse(later)| later.0)
    }

    /// Whether a message could leave at `now`.
    pub(crate) fn has_ready(&self, now: Timestamp) -> bool {
        self.ready > 0 || self.next_due().is_some_and(|due| due <= now)
    }

    /// Takes messages of about `parts` parts in all: the last one may go over, so that a long
    /// message is not stuck behind a narrow window.
    pub(crate) fn take(&mut self, parts: usize, now: Timestamp) -> Vec<Waiting> {
        while self.next_due().is_some_and(|due| due <= now) {
            if let Some(Reverse(later)) = self.later.pop() {
                self.enter(later.1);
            }
        }
        let mut taken = Vec::with_capacity(parts.min(self.ready));
        let mut room = i64::try_from(parts).unwrap_or(i64::MAX);
        while room > 0 && self.ready > 0 {
            let lane = &mut self.lanes[self.turn];
            if lane.turns.is_empty() || lane.credit <= 0 {
                if lane.turns.is_empty() {
                    // An idle class saves nothing up for later.
                    lane.credit = 0;
                }
                self.turn = (self.turn + 1) % ORDER.len();
                let next = &mut self.lanes[self.turn];
                if !next.turns.is_empty() {
                    let share = weight(ORDER[self.turn]) * QUANTUM;
                    next.credit = (next.credit + share).min(share);
                }
                continue;
            }
            if let Some(waiting) = lane.pop() {
                let cost = i64::from(waiting.message.parts);
                lane.credit -= cost;
                room -= cost;
                self.ready -= 1;
                taken.push(waiting);
            }
        }
        taken
    }
}

const fn index(class: Class) -> usize {
    match class {
        Class::Otp => 0,
        Class::Alert => 1,
        Class::Conversational => 2,
        Class::Transactional => 3,
        Class::Marketing => 4,
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::text::Encoding;
    use facteur_domain::{AccountKeyId, Message, MessageText, Msisdn};

    use super::*;

    fn waiting(id: i64, class: Class, workspace: i64, parts: u8) -> Waiting {
        let at = Timestamp::from_millis(0);
        Waiting {
            message: Message {
                id: MessageId::from_key(id << 4),
                workspace: WorkspaceId::from_key(workspace),
                api_key: AccountKeyId::from_key(1),
                sender: "MyCompany".parse().expect("valid"),
                recipient: Msisdn::from_digits(33_612_345_678).expect("valid"),
                class,
                text: MessageText::try_from("x".to_owned()).expect("valid"),
                encoding: Encoding::Gsm7,
                parts,
                accepted_at: at,
                send_at: at,
                expires_at: at,
                client_reference: None,
                test: false,
                auto_reply: None,
            },
            attempts: 0,
            possible_duplicate: false,
            not_before: at,
            parts_owed: (1 << parts) - 1,
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn an_otp_passes_a_campaign() {
        let mut queue = Queue::default();
        for id in 0..100_000 {
            queue.push(waiting(id, Class::Marketing, 1, 1), NOW);
        }
        queue.push(waiting(100_001, Class::Otp, 2, 1), NOW);
        let first = queue.take(10, NOW);
        assert!(first.iter().any(|w| w.message.class == Class::Otp), "within the next ten");
    }

    #[test]
    fn a_campaign_is_not_starved_by_otps() {
        let mut queue = Queue::default();
        for id in 0..10_000 {
            queue.push(waiting(id, Class::Otp, 1, 1), NOW);
            queue.push(waiting(20_000 + id, Class::Marketing, 1, 1), NOW);
        }
        let taken = queue.take(1_700, NOW);
        let marketing = taken.iter().filter(|w| w.message.class == Class::Marketing).count();
        assert!((80..=120).contains(&marketing), "a share of 1 in 17, got {marketing} of 1700");
    }

    #[test]
    fn workspaces_take_turns_whatever_their_size() {
        let mut queue = Queue::default();
        for id in 0..50_000 {
            queue.push(waiting(id, Class::Transactional, 1, 1), NOW);
        }
        for id in 50_000..50_100 {
            queue.push(waiting(id, Class::Transactional, 2, 1), NOW);
        }
        let taken = queue.take(200, NOW);
        let small = taken.iter().filter(|w| w.message.workspace.key() == 2).count();
        assert_eq!(small, 100);
    }

    #[test]
    fn order_is_kept_within_a_workspace_and_nothing_is_lost() {
        let mut queue = Queue::default();
        for id in 0..1_000 {
            queue.push(waiting(id, Class::Alert, id % 3, 1), NOW);
        }
        let mut last = [-1; 3];
        let mut count = 0;
        while queue.len() > 0 {
            for taken in queue.take(7, NOW) {
                let place = usize::try_from(taken.message.workspace.key()).expect("small");
                assert!(taken.message.id.key() > last[place]);
                last[place] = taken.message.id.key();
                count += 1;
            }
        }
        assert_eq!(count, 1_000);
    }

    #[test]
    fn a_long_message_costs_its_parts_and_still_leaves() {
        let mut queue = Queue::default();
        queue.push(waiting(1, Class::Marketing, 1, 8), NOW);
        queue.push(waiting(2, Class::Marketing, 1, 8), NOW);
        assert_eq!(queue.take(1, NOW).len(), 1, "a window of one still takes it");
        assert_eq!(queue.take(1, NOW).len(), 1);
    }

    #[test]
    fn what_is_not_due_waits() {
        let mut queue = Queue::default();
        let mut later = waiting(1, Class::Otp, 1, 1);
        later.not_before = Timestamp::from_millis(2_000);
        queue.push(later, NOW);
        assert!(queue.take(10, NOW).is_empty());
        assert!(!queue.has_ready(NOW));
        assert_eq!(queue.next_due(), Some(Timestamp::from_millis(2_000)));
        assert_eq!(queue.take(10, Timestamp::from_millis(2_000)).len(), 1);
        assert_eq!(queue.len(), 0);
    }
}
