//! How much waits, and what stands before a message.

use facteur_domain::{Class, MessageId, Timestamp, WorkspaceId};

use super::{ORDER, Queue, Terms, rank};

/// How much of one class waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Depth {
    /// Which.
    pub(crate) class: Class,
    /// Messages in memory.
    pub(crate) messages: usize,
    /// Messages on disk only.
    pub(crate) on_disk: usize,
    /// Parts of both.
    pub(crate) parts: u64,
    /// Since when the one that waits longest in memory might have left.
    pub(crate) oldest: Option<Timestamp>,
}

/// What stands before a message, in parts, and the share of the way that it has for itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ahead {
    /// Parts of its workspace and class before it, its own first part included.
    pub(crate) parts: u64,
    /// What its workspace has of the route while all that waits now goes on waiting: above 0, at most 1.
    pub(crate) share: f64,
}

impl Queue {
    /// How much of each class waits, the most urgent first.
    pub(crate) fn depths(&self) -> [Depth; 5] {
        ORDER.map(|class| {
            let lane = &self.lanes[rank(class)];
            let mut depth = Depth { class, messages: 0, on_disk: 0, parts: 0, oldest: None };
            for account in lane.accounts.values() {
                depth.messages += account.held;
                depth.on_disk += account.shelf.len();
                depth.parts += account.parts + account.shelf_parts;
                depth.oldest = [depth.oldest, account.oldest()].into_iter().flatten().min();
            }
            depth
        })
    }

    /// What stands before a message of `class` and `workspace`: before `id`, or at the end of its line.
    pub(crate) fn ahead(
        &self,
        (class, workspace): (Class, WorkspaceId),
        id: Option<MessageId>,
        terms: &dyn Fn(WorkspaceId) -> Terms,
    ) -> Ahead {
        let lane = &self.lanes[rank(class)];
        let account = lane.accounts.get(&workspace);
        let before = account.map_or(0, |account| match id {
            Some(id) => account.parts_before(id),
            None => account.parts + account.shelf_parts,
        });
        let waits = |other: usize| other == rank(class) || !self.lanes[other].turns.is_empty();
        let classes: u64 =
            (0..ORDER.len()).filter(|other| waits(*other)).map(|other| self.lanes[other].weight).sum();
        let weight = |id: &WorkspaceId| f64::from(terms(*id).weight.max(1));
        let others: f64 = lane
            .accounts
            .iter()
            .filter(|(id, account)| **id != workspace && account.held > 0)
            .map(|(id, _)| weight(id))
            .sum();
        let own = weight(&workspace);
        #[expect(clippy::cast_precision_loss, reason = "weights are small")]
        let of_class = lane.weight as f64 / classes.max(1) as f64;
        Ahead { parts: before + 1, share: of_class * own / (own + others) }
    }
}
