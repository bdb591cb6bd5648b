//! Reading: for the API, the console and the command line. Reads use their own connections and
//! never wait for the writer.

use facteur_domain::delivery::State;
use facteur_domain::{Class, Message, MessageId, Msisdn, Timestamp};

/// A message with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// What was accepted.
    pub message: Message,
    /// Where it stands.
    pub state: State,
    /// When it came to stand there, as far as is kept.
    pub state_at: Timestamp,
    /// The route it left by last.
    pub route: Option<String>,
    /// When the operator took it (its last part).
    pub submitted_at: Option<Timestamp>,
    /// The operator's final error or status, as in `err:005` or `ESME_RINVDSTADR`.
    pub error: Option<String>,
    /// How many times it was handed over.
    pub attempts: u16,
    /// Whether it may have been sent twice.
    pub possible_duplicate: bool,
}

/// The text that stands for one that was erased on request.
pub const ERASED_TEXT: &str = "(erased)";

/// The text that stands for one whose time of keeping is over.
pub const FORGOTTEN_TEXT: &str = "(no longer kept)";

impl StoredMessage {
    /// Whether its text is still kept.
    #[must_use]
    pub fn has_text(&self) -> bool {
        ![ERASED_TEXT, FORGOTTEN_TEXT].contains(&self.message.text.show())
    }
}

/// The number that stands for one that was erased on request: in +999, which the ITU has not given to
/// anybody.
#[must_use]
pub const fn erased_number() -> Msisdn {
    match Msisdn::from_digits(999_000_000) {
        Some(number) => number,
        None => panic!("nine digits are a number"),
    }
}

/// One step of a message's story, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryStep {
    /// When.
    pub at: Timestamp,
    /// Which part, counted from 1; `None` for the message as a whole.
    pub part: Option<u8>,
    /// What happened, as in `accepted`, `handed_over`, `taken`, `deferred`, `receipt`, `resent`,
    /// `blocked`.
    pub what: String,
    /// The state that follows, if it changed.
    pub state: Option<State>,
    /// By which route.
    pub route: Option<String>,
    /// The operator's word: an id, a status name, a receipt's word and error.
    pub detail: Option<String>,
}

/// Which messages to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Only to this number.
    pub recipient: Option<Msisdn>,
    /// Only from this sender (folded).
    pub sender: Option<String>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this class.
    pub class: Option<Class>,
    /// Only with this client reference.
    pub client_reference: Option<String>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub to: Option<Timestamp>,
}

/// What to look for, and where to go on.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Which messages.
    pub filter: MessageFilter,
    /// Only those older than this one: [`Found::next`] of the page before.
    pub below: Option<MessageId>,
    /// How many at most.
    pub limit: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Newest first.
    pub rows: Vec<StoredMessage>,
    /// Where to go on; `None` when there is nothing more.
    pub next: Option<MessageId>,
    /// The search stopped before the page was full: it has seen everything back to this instant.
    pub back_to: Option<Timestamp>,
}

/// When a workspace's scheduled messages leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scheduled {
    /// Instants, earliest first, and how many leave then (a message of which parts have left counts each
    /// part that waits).
    pub leaving: Vec<(Timestamp, u64)>,
    /// All that are scheduled.
    pub total: u64,
}

/// Counting stops here: a `total` of this much means "at least".
pub const COUNT_MAX: u64 = 10_000;

/// A page by number, as Allo's v2 counts: `page` from 1, `size` 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub page: u32,
    /// 1 to 100.
    pub size: u32,
}

/// A page of something, with how much there is in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The page's rows.
    pub rows: Vec<T>,
    /// All rows that match, counted up to [`COUNT_MAX`].
    pub total: u64,
}

/// A receipt nobody knows the message of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanReceipt {
    /// When it came.
    pub at: Timestamp,
    /// By which route.
    pub route: String,
    /// The SMSC's id, canonical.
    pub smsc_id: String,
    /// The phone it speaks of.
    pub recipient: Option<Msisdn>,
    /// What it says.
    pub word: String,
    /// The operator's error, as it stands there.
    pub error: Option<String>,
}

/// Rows of work by state, for metrics and `doctor`: a message is one row until it is handed over, then
/// one for each of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkCounts {
    /// Scheduled or held.
    pub scheduled: u64,
    /// Waiting for their turn.
    pub queued: u64,
    /// Handed to a bind, unanswered.
    pub submitting: u64,
    /// Taken, receipt awaited.
    pub submitted: u64,
    /// Answer lost.
    pub unknown: u64,
    /// Receipts nobody knows the message of.
    pub orphans: u64,
}

/// How busy the writer is, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Rows that wait for the writer.
    pub waiting: u64,
    /// New work is refused when this many wait.
    pub waiting_max: u64,
    /// Batches committed since the start.
    pub commits: u64,
    /// Rows written in them, about.
    pub rows: u64,
    /// Batches that were not kept.
    pub failures: u64,
    /// Pages in the write-ahead log, as of the last commit.
    pub wal_pages: u64,
    /// New messages are refused: the disk, or the file.
    pub refuses: bool,
}

/// The key of a message page that starts after a message (newest first); for long exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub MessageId);
