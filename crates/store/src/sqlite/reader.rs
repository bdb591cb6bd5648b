//! The verbs that read, and the threads that do it: an async caller never waits on a disk.

use std::path::PathBuf;
use std::sync::Arc;

use facteur_domain::{AccountKeyId, MessageId, Msisdn, Timestamp, WorkspaceId};
use rusqlite::Connection;

use super::accept::Asked;
use super::condition::is_corruption;
use super::fault::Fault;
use super::queue::{Priority, Queue, Weighed};
use super::recipients::Span;
use super::{Pending, Store, accept, admin, backup, connect, read, search, start, story, tally, waiting};
use crate::{
    Accepted, AuditLine, DirectorySnapshot, Figures, Found, Hour, MessageFilter, OrphanReceipt, Page, Paged,
    Queued, Scheduled, Search, StoreError, StoredMessage, StoryStep, UnknownMessage, Waiting, WorkCounts,
};

/// A read on its way.
pub(super) struct Read(pub(super) Box<dyn FnOnce(&mut Connection) + Send>);

impl Weighed for Read {
    fn rows(&self) -> usize {
        1
    }
}

/// A reading thread's life.
pub(super) fn run(mut conn: Connection, queue: &Queue<Read>) {
    while let Some(reads) = queue.take(1) {
        for Read(read) in reads {
            read(&mut conn);
        }
    }
}

impl Store {
    /// A read for people and programs.
    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<T> {
        self.read_on(&self.inner.readers, read)
    }

    /// A read that messages on their journey wait for: short, by a key, and behind no list.
    pub(super) fn read_soon<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<T> {
        self.read_on(&self.inner.journey, read)
    }

    fn read_on<T: Send + 'static>(
        &self,
        queue: &Queue<Read>,
        read: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<T> {
        let (reply, pending) = Pending::new();
        let (refuse, refused) = Pending::new();
        let condition = Arc::clone(&self.inner.condition);
        let job = Read(Box::new(move |conn| {
            // A caller that went away needs no answer.
            if reply.is_closed() {
                return;
            }
            let found = read(conn);
            if let Err(Fault::Sql(error)) = &found
                && is_corruption(error)
            {
                condition.learn(error);
            }
            let _ = reply.send(found.map_err(Fault::into_answer));
        }));
        match queue.push(job, Priority::New) {
            Ok(()) => pending,
            Err((_, error)) => {
                let _ = refuse.send(Err(error));
                refused
            }
        }
    }

    /// Runs on a thread of its own: for what takes long.
    pub(super) fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&super::Options) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        let (reply, pending) = Pending::new();
        let inner = Arc::clone(&self.inner);
        let started = start("facteur-aside", move || {
            let _ = reply.send(work(&inner.options));
        });
        match started {
            Ok(_) => pending,
            Err(error) => {
                let (refuse, refused) = Pending::new();
                let _ = refuse.send(Err(error));
                refused
            }
        }
    }

    /// The kept answer of an idempotency key that has not expired at `now`; with `route` and
    /// `fingerprint` compared as in `accept`. `Accepted::New` when there is none.
    pub fn find_answer(
        &self,
        api_key: AccountKeyId,
        key: String,
        route: &'static str,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Pending<Accepted> {
        self.read_soon(move |conn| {
            let asked = Asked { api_key, key: &key, route, fingerprint: &fingerprint, now };
            Ok(accept::find_answer(conn, &asked)?)
        })
    }

    /// When the next scheduled message is due.
    pub fn next_due(&self) -> Pending<Option<Timestamp>> {
        self.read_soon(|conn| waiting::next_due(conn))
    }

    /// The newest message whose id is of before an instant.
    pub fn last_message(&self, before: Timestamp) -> Pending<Option<MessageId>> {
        self.read(move |conn| {
            let key: Option<i64> = conn
                .prepare_cached("SELECT max(id) FROM message WHERE id < ?1")?
                .query_row([read::first_key(before)], |row| row.get(0))?;
            Ok(key.map(MessageId::from_key))
        })
    }

    /// Which messages wait for their turn after `after`, in order of acceptance: about `rows` of them at
    /// most, at least one if there is any. For a start, which reads them all.
    pub fn queued(&self, after: Option<MessageId>, rows: usize) -> Pending<Vec<Queued>> {
        self.read_soon(move |conn| waiting::queued(conn, after, rows))
    }

    /// The callers' traces of those of `messages` that came with one ([`Accept::traceparent`](crate::Accept)).
    pub fn traces(&self, messages: Vec<MessageId>) -> Pending<Vec<(MessageId, String)>> {
        self.read_soon(move |conn| accept::traces(conn, &messages))
    }

    /// Those of `messages` that wait for their turn, in the same order, with all that leaving needs.
    pub fn waiting(&self, messages: Vec<MessageId>) -> Pending<Vec<Waiting>> {
        self.read_soon(move |conn| waiting::waiting(conn, &messages))
    }

    /// Messages unknown since before `before` that nobody decided about, oldest first.
    pub fn unknown_before(&self, before: Timestamp, limit: usize) -> Pending<Vec<UnknownMessage>> {
        self.read(move |conn| waiting::unknown_before(conn, before, limit))
    }

    /// Everything the gateway keeps in memory.
    pub fn directory(&self) -> Pending<DirectorySnapshot> {
        self.read(admin::directory)
    }

    /// Rises with every change to the directory by any process. Cheap.
    pub fn generation(&self) -> Pending<u64> {
        self.read_soon(|conn| admin::generation(conn))
    }

    /// Messages accepted per key on a UTC day (`Timestamp::utc_day`).
    pub fn usage(&self, utc_day: i64) -> Pending<Vec<(AccountKeyId, u64)>> {
        self.read(move |conn| admin::usage(conn, utc_day))
    }

    /// The audit log of a workspace (with `None`: of all and of the platform itself), newest first.
    pub fn audit(&self, workspace: Option<WorkspaceId>, page: Page) -> Pending<Paged<AuditLine>> {
        self.read(move |conn| admin::audit(conn, workspace, page))
    }

    /// A message of a workspace with where it stands.
    pub fn message(&self, workspace: WorkspaceId, id: MessageId) -> Pending<Option<StoredMessage>> {
        self.read(move |conn| read::message(conn, workspace, id))
    }

    /// Its story, oldest step first; empty when the workspace has no such message.
    pub fn story(&self, workspace: WorkspaceId, id: MessageId) -> Pending<Vec<StoryStep>> {
        self.read(move |conn| story::story(conn, workspace, id))
    }

    /// Messages of a workspace, newest first, for people who look: no count, and so many rows looked at in one
    /// search at most. It says how far back it has looked, and where to go on.
    pub fn search(&self, workspace: WorkspaceId, search: Search) -> Pending<Found> {
        self.read(move |conn| search::search(conn, workspace, &search, search::LOOKED_AT))
    }

    /// The next `limit` instants at which scheduled messages of a workspace leave, with how many then; and how
    /// many are scheduled in all.
    pub fn scheduled(&self, workspace: WorkspaceId, limit: usize) -> Pending<Scheduled> {
        self.read(move |conn| waiting::scheduled(conn, workspace, limit))
    }

    /// Messages of a workspace to one number, newest first: those with an id below `below`, `limit` at
    /// most.
    pub fn messages_to(
        &self,
        workspace: WorkspaceId,
        recipient: Msisdn,
        below: Option<MessageId>,
        limit: usize,
    ) -> Pending<Vec<StoredMessage>> {
        let below = below.map_or(i64::MAX, MessageId::key);
        let span = Span { workspace, recipient, below, from: 0, limit };
        self.read(move |conn| read::messages_to(conn, span))
    }

    /// Messages of a workspace, newest first. A filter that matches few of very many messages reads
    /// all of them; `from` bounds that. By `recipient`, the newest 10,000 to that number are looked
    /// through.
    pub fn messages(
        &self,
        workspace: WorkspaceId,
        filter: MessageFilter,
        page: Page,
    ) -> Pending<Paged<StoredMessage>> {
        self.read(move |conn| read::messages(conn, workspace, &filter, page))
    }

    /// A workspace's figures from one hour until another, which is not in it. Cheap: nothing is counted.
    pub fn figures(&self, workspace: WorkspaceId, from: Hour, until: Hour) -> Pending<Figures> {
        self.read(move |conn| tally::figures(conn, workspace, from, until))
    }

    /// Orphan receipts, newest first.
    pub fn orphans(&self, page: Page) -> Pending<Paged<OrphanReceipt>> {
        self.read(move |conn| read::orphans(conn, page))
    }

    /// How much work is owed.
    pub fn counts(&self) -> Pending<WorkCounts> {
        self.read(|conn| read::counts(conn))
    }

    /// Copies the database while it runs, to a file that does not exist yet: whole or not at all.
    pub fn backup(&self, to: PathBuf) -> Pending<()> {
        self.aside(move |options| backup::backup(options, &to))
    }

    /// SQLite's own check of the file; the faults it finds.
    pub fn check(&self) -> Pending<Vec<String>> {
        self.aside(|options| {
            let conn = connect::open_reader(options)?;
            read::check(&conn).map_err(Fault::into_answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::Options;
    use super::*;

    /// Lists that take for ever, more of them than there are threads.
    #[tokio::test]
    async fn a_message_on_its_journey_waits_for_no_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { readers: 1, ..Options::new(folder.path().join("facteur.db")) };
        let store = Store::open(options, Box::new(|_| {})).expect("opens");
        let (go_on, stop) = mpsc::channel::<()>();
        let long = store.read(move |_| {
            let _ = stop.recv();
            Ok(())
        });
        let next = store.read(|_| Ok(()));
        store.generation().await.expect("reads");
        store.next_due().await.expect("reads");
        store.standings(Vec::new()).await.expect("reads");
        drop(go_on);
        long.await.expect("reads");
        next.await.expect("reads");
    }
}
