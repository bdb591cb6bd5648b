//! What people who look are told live: that something changed, never what it says. Bounded and lossy: who
//! reads too slowly misses events and is told to look again, so that a slow browser costs nobody anything
//! and loses nothing but freshness.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{MessageId, WorkspaceId};
use facteur_store::Change;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::Clock;
use crate::gateway::Gateway;

/// Happenings that a listener may be behind by.
const BEHIND_MAX: usize = 256;
/// What happens within this time is told together.
const TOGETHER: Duration = Duration::from_millis(300);
/// Messages that one glimpse names.
const NAMED_MAX: usize = 100;

/// Something happened.
#[derive(Clone, Debug)]
enum Happened {
    /// Messages came to other states.
    Moved(Arc<[Change]>),
    /// Messages were accepted.
    Accepted(WorkspaceId, Arc<[MessageId]>),
    /// A phone wrote. Whose it is need not be known.
    Heard,
}

/// Where happenings are told.
#[derive(Clone, Debug)]
pub(crate) struct Newsroom(Sender<Happened>);

impl Default for Newsroom {
    fn default() -> Self {
        Self(channel(BEHIND_MAX).0)
    }
}

impl Newsroom {
    /// Messages came to other states.
    pub(crate) fn moved(&self, changes: &[Change]) {
        if !changes.is_empty() {
            self.tell(|| Happened::Moved(changes.into()));
        }
    }

    /// Messages were accepted.
    pub(crate) fn accepted(&self, workspace: WorkspaceId, messages: &[MessageId]) {
        self.tell(|| Happened::Accepted(workspace, messages.into()));
    }

    /// A phone wrote.
    pub(crate) fn heard(&self) {
        self.tell(|| Happened::Heard);
    }

    /// Nothing is made for nobody.
    fn tell(&self, what: impl FnOnce() -> Happened) {
        if self.0.receiver_count() > 0 {
            // All may have gone since.
            let _ = self.0.send(what());
        }
    }
}

/// What changed in a workspace since the last look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Glimpse {
    /// Messages that were accepted or came to another state: the first hundred.
    pub messages: Vec<MessageId>,
    /// There were more than are named, or some were missed: anything may have changed.
    pub more: bool,
    /// Phones wrote: conversations and opt-outs may have changed.
    pub phones: bool,
}

impl Glimpse {
    fn is_empty(&self) -> bool {
        self.messages.is_empty() && !self.more && !self.phones
    }

    fn add(&mut self, workspace: WorkspaceId, happened: &Happened) {
        match happened {
            Happened::Heard => self.phones = true,
            Happened::Accepted(of, messages) if *of == workspace => {
                messages.iter().for_each(|message| self.name(*message));
            }
            Happened::Accepted(..) => {}
            Happened::Moved(changes) => {
                let ours = changes.iter().filter(|change| change.workspace == workspace);
                ours.for_each(|change| self.name(change.message));
            }
        }
    }

    fn name(&mut self, message: MessageId) {
        if self.messages.contains(&message) {
            return;
        }
        if self.messages.len() < NAMED_MAX {
            self.messages.push(message);
        } else {
            self.more = true;
        }
    }
}

/// A workspace's news, from now on.
#[derive(Debug)]
pub struct NewsFeed {
    workspace: WorkspaceId,
    from: Receiver<Happened>,
    clock: Clock,
}

impl NewsFeed {
    /// What changed, a moment after something did, all of it together; `None` when the gateway is gone.
    /// Nothing is lost when the future is dropped before the first change.
    pub async fn next(&mut self) -> Option<Glimpse> {
        let mut glimpse = Glimpse::default();
        while glimpse.is_empty() {
            match self.from.recv().await {
                Ok(happened) => glimpse.add(self.workspace, &happened),
                Err(RecvError::Lagged(_)) => glimpse.more = true,
                Err(RecvError::Closed) => return None,
            }
        }
        self.clock.pause(TOGETHER).await;
        loop {
            match self.from.try_recv() {
                Ok(happened) => glimpse.add(self.workspace, &happened),
                Err(TryRecvError::Lagged(_)) => glimpse.more = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(glimpse),
            }
        }
    }
}

impl Gateway {
    /// A workspace's news, from now on.
    #[must_use]
    pub fn news(&self, workspace: WorkspaceId) -> NewsFeed {
        NewsFeed { workspace, from: self.shared.news.0.subscribe(), clock: self.shared.clock.clone() }
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::{Class, State, Timestamp};

    use super::*;

    const OURS: WorkspaceId = WorkspaceId::from_key(16);
    const THEIRS: WorkspaceId = WorkspaceId::from_key(32);

    fn feed(room: &Newsroom) -> NewsFeed {
        let clock = Clock::of_runtime(Timestamp::from_millis(0));
        NewsFeed { workspace: OURS, from: room.0.subscribe(), clock }
    }

    fn change(n: i64, workspace: WorkspaceId) -> Change {
        let (message, class) = (MessageId::from_key(n << 4), Class::Otp);
        Change { message, workspace, class, from: State::Queued, to: State::Submitted, parts_owed: 0 }
    }

    #[tokio::test]
    async fn a_workspace_hears_of_its_own_together() {
        let room = Newsroom::default();
        room.moved(&[change(9, OURS)]);
        let mut feed = feed(&room);
        room.moved(&[change(1, THEIRS)]);
        room.accepted(THEIRS, &[MessageId::from_key(16)]);
        room.moved(&[change(1, OURS), change(2, THEIRS), change(3, OURS)]);
        room.accepted(OURS, &[MessageId::from_key(64)]);
        room.moved(&[change(3, OURS)]);
        room.heard();
        let messages = [1, 3, 4].map(|n: i64| MessageId::from_key(n << 4)).to_vec();
        assert_eq!(feed.next().await, Some(Glimpse { messages, more: false, phones: true }));
        drop(room);
        assert_eq!(feed.next().await, None);
    }

    #[tokio::test]
    async fn who_falls_behind_is_told_to_look_again() {
        let room = Newsroom::default();
        let mut feed = feed(&room);
        for n in 0..i64::try_from(BEHIND_MAX).expect("small") * 2 {
            room.moved(&[change(n, OURS)]);
        }
        let glimpse = feed.next().await.expect("news");
        assert_eq!((glimpse.more, glimpse.messages.len()), (true, NAMED_MAX));
    }
}
