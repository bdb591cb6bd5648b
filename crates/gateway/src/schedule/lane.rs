//! One class: its workspaces, and whose turn it is among them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

use facteur_domain::WorkspaceId;
use facteur_store::Waiting;

use super::{Account, Place};

/// Accounts kept before those without messages are dropped.
const ACCOUNTS_KEPT: usize = 1_024;

/// Messages of one class.
#[derive(Debug)]
pub(super) struct Lane {
    /// The class's share.
    pub(super) weight: u64,
    /// The start of its next message in the virtual time of the classes.
    pub(super) tag: u64,
    /// Its own virtual time, of its workspaces.
    pub(super) time: u64,
    pub(super) accounts: HashMap<WorkspaceId, Account, foldhash::fast::RandomState>,
    /// Workspaces that can send, the one furthest behind first.
    pub(super) turns: BinaryHeap<Reverse<(u64, WorkspaceId)>>,
    /// Workspaces over their rate. One that came back before its time leaves its entry behind.
    resting: BinaryHeap<Reverse<(Instant, WorkspaceId)>>,
}

impl Lane {
    pub(super) fn new(share: u16) -> Self {
        Self {
            weight: u64::from(share.max(1)),
            tag: 0,
            time: 0,
            accounts: HashMap::default(),
            turns: BinaryHeap::new(),
            resting: BinaryHeap::new(),
        }
    }

    pub(super) fn account(&mut self, workspace: WorkspaceId) -> &mut Account {
        if self.accounts.len() > ACCOUNTS_KEPT && !self.accounts.contains_key(&workspace) {
            // Who used more than its share is remembered until the others have caught up.
            let time = self.time;
            self.accounts.retain(|_, account| !account.is_empty() || account.tag > time);
        }
        self.accounts.entry(workspace).or_default()
    }

    /// Adds a message; `time` is that of the classes.
    pub(super) fn push(&mut self, waiting: Waiting, first: bool, time: u64) {
        let workspace = waiting.message.workspace;
        self.account(workspace).push(waiting, first);
        self.ready(workspace, time);
    }

    /// An account has something to send, or its rate may allow it to.
    fn ready(&mut self, workspace: WorkspaceId, time: u64) {
        let (idle, now) = (self.turns.is_empty(), self.time);
        let account = self.account(workspace);
        if account.place == Place::Ready || account.held == 0 {
            return;
        }
        account.place = Place::Ready;
        account.tag = account.tag.max(now);
        let tag = account.tag;
        self.turns.push(Reverse((tag, workspace)));
        if idle {
            self.tag = self.tag.max(time);
        }
    }

    /// Puts an account back among those whose turn comes, if it has anything left.
    pub(super) fn stay(&mut self, workspace: WorkspaceId) {
        let account = self.account(workspace);
        account.place = if account.held > 0 { Place::Ready } else { Place::Idle };
        if account.held > 0 {
            let tag = account.tag;
            self.turns.push(Reverse((tag, workspace)));
        }
    }

    /// Its account's rate allows nothing until then.
    pub(super) fn rest(&mut self, until: Option<Instant>, workspace: WorkspaceId) {
        self.resting.extend(until.map(|until| Reverse((until, workspace))));
    }

    /// Brings back the accounts whose rest is over.
    pub(super) fn wake(&mut self, now: Instant, time: u64) {
        while self.resting.peek().is_some_and(|Reverse((until, _))| *until <= now) {
            if let Some(Reverse((until, workspace))) = self.resting.pop()
                && self.account(workspace).place == Place::Resting(until)
            {
                self.ready(workspace, time);
            }
        }
    }

    /// When the next account's rest is over.
    pub(super) fn next_rested(&self) -> Option<Instant> {
        self.resting.peek().map(|Reverse((until, _))| *until)
    }
}
