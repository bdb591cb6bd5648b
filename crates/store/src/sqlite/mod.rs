//! The embedded back end: SQLite, one thread that writes, a few that read.
//!
//! A verb puts its work on the writer's line and answers when the batch it fell into is on disk.
//! `verbs.rs` has the verbs that write, `reader.rs` those that read, `compliance.rs` both of the compliance
//! desk, `people.rs` both of the console's users, `two_way.rs` both of what phones send, `walks.rs` those
//! that walk long lists; what they do stands in the files named after it.

mod accept;
mod admin;
mod answers;
mod backup;
#[cfg(debug_assertions)]
mod by_hand;
mod checkpoint;
mod compliance;
mod condition;
mod connect;
mod consents;
mod contacts;
mod conversations;
mod dossier;
mod erase;
mod evidence;
mod fault;
mod fresh;
mod in_hand;
mod inbound;
mod keywords;
mod ledger;
mod lifting;
mod mark;
mod memory;
mod optouts;
mod orphans;
mod parcel;
mod pending;
mod people;
mod platform;
mod queue;
mod reach;
mod read;
mod reader;
mod receipts;
mod received;
mod recipients;
mod retention;
mod rows;
mod search;
mod secret;
mod sessions;
mod settings;
mod standing;
mod statements;
mod step;
mod story;
mod sweep;
mod tally;
mod threads;
mod two_way;
mod understood;
mod users;
mod verbs;
mod verdicts;
mod waiting;
mod walks;
mod webhooks;
mod writer;
mod written;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use facteur_domain::{Class, Message};
use rusqlite::Connection;

#[cfg(debug_assertions)]
pub use self::by_hand::Hand;
pub use self::fresh::FreshStops;
pub use self::pending::Pending;
pub use self::retention::forgotten_before;
pub use self::webhooks::WEBHOOKS_MAX;

use self::checkpoint::Checkpoints;
use self::condition::Condition;
use self::fault::describe;
use self::mark::Mark;
use self::memory::Memory;
use self::pending::Reply;
use self::queue::Queue;
use self::reader::Read;
use self::writer::{Job, Tally, Writer};
use crate::StoreError;

/// How a store is opened. [`Options::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file; its folder exists.
    pub path: PathBuf,
    /// Rows that may wait for the writer before new messages are [`StoreError::Overloaded`]; of verbs on
    /// messages that were accepted, twice as many may wait. Default 16,384.
    pub queue_max: usize,
    /// Rows in one transaction at most. Default 2,048.
    pub batch_max: usize,
    /// Connections that read for people and programs, each with its thread. What the journey of messages reads
    /// has one of its own, so that no list stands before an acceptance or a departure. Default 2.
    pub readers: usize,
    /// How long to wait for another process's lock. Default 5 s.
    pub busy_timeout: Duration,
    /// How long a part that ended otherwise than delivered, or was left unknown, is still known to
    /// receipts. Default 96 h.
    pub late_receipts: Duration,
    /// Delivered parts that are remembered, in memory, to tell a second receipt from an orphan; about
    /// 50 octets each. Default 131,072.
    pub finals_max: usize,
    /// Messages under way that the writer remembers, so that an answer and a receipt need not read what was
    /// written a moment before; about 900 octets each. Default 16,384; 0: none.
    pub in_hand_max: usize,
    /// Page cache of each connection, in KiB. Default 16,384 (16 MiB): the work under way fits, and
    /// SQLite looks through the whole cache after most commits, so that more costs more.
    pub cache_kib: u32,
    /// The most pages (4 KiB) the database may have, for who shares the disk; beyond, verbs answer
    /// [`StoreError::CannotWrite`]. Default none.
    pub pages_max: Option<u32>,
    /// Octets of the disk that are kept for what is owed (receipts, STOPs, answers of operators): new messages
    /// are [`StoreError::CannotWrite`] when less is free. A twentieth of the disk, or of `pages_max`, where
    /// that is less. Default 64 MiB.
    pub reserve: u64,
    /// Files of this many octets at most are read page by page as they are opened, so that damage is found
    /// before anything is written. Default 0: none.
    pub checked_up_to: u64,
    /// Pages (4 KiB) of write-ahead log between two checkpoints. Default 1,000 (4 MiB).
    pub wal_pages: u64,
    /// Whether a file of an older version is brought to this one. Not beside a gateway that may be of the older
    /// version and runs on it: then opening is refused. Default yes.
    pub migrate: bool,
    /// Classes whose texts are forgotten when their message has come to its end. Default: one-time
    /// passwords.
    pub forgotten_at_end: Vec<Class>,
}

impl Options {
    /// The defaults, for the database at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            queue_max: 16_384,
            batch_max: 2_048,
            readers: 2,
            busy_timeout: Duration::from_secs(5),
            late_receipts: Duration::from_hours(96),
            finals_max: 131_072,
            in_hand_max: 16_384,
            cache_kib: 16_384,
            pages_max: None,
            reserve: 64 << 20,
            checked_up_to: 0,
            wal_pages: 1_000,
            migrate: true,
            forgotten_at_end: vec![Class::Otp],
        }
    }
}

/// Called on the writer thread after each commit, with the newly kept messages that are due at
/// once, in order of acceptance. It must not block.
pub type AcceptedSink = Box<dyn Fn(Vec<Message>) + Send>;

/// The store; cheap to clone. When the last clone goes, what is queued is still done, then the threads
/// end; [`Store::close`] waits for that.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    writer: Arc<Queue<Box<dyn Job>>>,
    /// Reads that messages on their journey wait for.
    journey: Arc<Queue<Read>>,
    /// All others: lists, searches, exports.
    readers: Arc<Queue<Read>>,
    tally: Arc<Tally>,
    condition: Arc<Condition>,
    stops: FreshStops,
    /// Rows that were written when recipients were last looked at and there was nothing to do.
    indexed: AtomicU64,
    closing: mpsc::Sender<Reply<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writer.close();
        // The writer does this too, but it may never have been started.
        self.journey.close();
        self.readers.close();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.options.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or makes the database, runs migrations where [`Options::migrate`] lets it, starts the writer.
    ///
    /// # Errors
    /// The file cannot be opened, is not ours, or is of another version.
    pub fn open(options: Options, accepted: AcceptedSink) -> Result<Self, StoreError> {
        let conn = connect::open_writer(&options)?;
        let memory = Memory::load(&conn, &options).map_err(|e| describe(&e))?;
        let (closing, closed) = mpsc::channel();
        let inner = Inner::new(options, closing);
        // From here on, dropping `inner` ends what was started.
        let helpers = inner.start_helpers()?;
        let writer = inner.writer_for(conn, memory, accepted, helpers, closed);
        start("facteur-store", move || writer.run())?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Copies a database as it is, of whatever version, without opening a store on it: whole and consistent, also
    /// while another process writes. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is a file of the copy's name; the file cannot be read, or the copy not
    /// be written.
    pub fn copy(options: &Options, to: &Path) -> Result<(), StoreError> {
        backup::backup(options, to)
    }
}

impl Inner {
    fn new(options: Options, closing: mpsc::Sender<Reply<()>>) -> Self {
        Self {
            writer: Arc::new(Queue::new(options.queue_max)),
            journey: Arc::new(Queue::new(options.queue_max)),
            readers: Arc::new(Queue::new(options.queue_max)),
            tally: Arc::default(),
            condition: Arc::default(),
            stops: FreshStops::default(),
            indexed: AtomicU64::new(u64::MAX),
            closing,
            options,
        }
    }

    fn start_helpers(&self) -> Result<Vec<JoinHandle<()>>, StoreError> {
        let mut helpers = Vec::new();
        let lists = std::iter::repeat_n(&self.readers, self.options.readers.max(1));
        for queue in lists.chain([&self.journey]) {
            let (conn, queue) = (connect::open_reader(&self.options)?, Arc::clone(queue));
            helpers.push(start("facteur-read", move || reader::run(conn, &queue))?);
        }
        Ok(helpers)
    }

    fn writer_for(
        &self,
        conn: Connection,
        mut memory: Memory,
        accepted: AcceptedSink,
        helpers: Vec<JoinHandle<()>>,
        closed: mpsc::Receiver<Reply<()>>,
    ) -> Writer {
        memory.hooks.raised = Arc::clone(&self.tally.raised);
        memory.stops = self.stops.clone();
        let readers = [Arc::clone(&self.journey), Arc::clone(&self.readers)];
        let checkpoints = Checkpoints::new(
            self.options.wal_pages,
            Arc::clone(&self.tally.wal_pages),
            Mark::open(&self.options.path),
        );
        Writer {
            conn,
            queue: Arc::clone(&self.writer),
            checkpoints,
            tally: Arc::clone(&self.tally),
            condition: Arc::clone(&self.condition),
            options: self.options.clone(),
            memory,
            accepted,
            helpers,
            stop_helpers: Box::new(move || readers.iter().for_each(|queue| queue.close())),
            closed,
            #[cfg(debug_assertions)]
            mishap: None,
        }
    }
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| StoreError::Internal(format!("no thread for the store: {error}")))
}
