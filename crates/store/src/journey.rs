//! What is said of messages on their way: the words of the store's hot verbs.

use std::time::Duration;

use bytes::Bytes;
use facteur_domain::delivery::{Event, State};
use facteur_domain::{
    AccountKeyId, Class, ConsentId, Message, MessageId, Msisdn, PartId, Sender, ShortCode, Timestamp,
};

use crate::NewConsent;

/// A message to keep, and the request's idempotency with it.
#[derive(Debug, Clone)]
pub struct Accept {
    /// What was accepted. It starts as `scheduled` when `send_at` is after `accepted_at`, else as
    /// `queued`.
    pub message: Message,
    /// The request's idempotency key, if it had one.
    pub idempotency: Option<Idempotency>,
    /// What was judged of it, as JSON. It names no number and quotes no text: it outlives them when the
    /// person is erased.
    pub verdict: Option<String>,
    /// The entry of the consent ledger that it relies on. `None` with `new_consents` means the last of
    /// those.
    pub consent: Option<ConsentId>,
    /// Grounds that came with the request, recorded with it, unless the same ground holds already. The
    /// key is who recorded them.
    pub new_consents: Vec<NewConsent>,
    /// The rule that holds it, when it is scheduled for that and not because its sender asked for a later
    /// time: as in `fr.window.sunday`.
    pub held: Option<&'static str>,
    /// What it costs, in millionths of a euro; 0 when that is not known, or for a test.
    pub cost_micros: i64,
    /// The message that it sends anew, of the same workspace: both stories tell.
    pub resend_of: Option<MessageId>,
    /// The caller's trace, for the story: a W3C `traceparent`.
    pub traceparent: Option<String>,
}

impl From<Message> for Accept {
    /// The message alone.
    fn from(message: Message) -> Self {
        Self {
            message,
            idempotency: None,
            verdict: None,
            consent: None,
            new_consents: Vec::new(),
            held: None,
            cost_micros: 0,
            resend_of: None,
            traceparent: None,
        }
    }
}

/// An idempotency key and the answer to keep for it.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The API key that sent the request; keys of others do not meet.
    pub api_key: AccountKeyId,
    /// The client's key, 1 to 255 octets.
    pub key: String,
    /// The route, as in `POST /v1/api/sms`.
    pub route: &'static str,
    /// A hash of the request's body.
    pub fingerprint: [u8; 32],
    /// When the answer may be forgotten.
    pub expires_at: Timestamp,
    /// The answer to keep when the request succeeds.
    pub answer: StoredAnswer,
}

/// An HTTP answer as it is replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status, 200 to 299.
    pub status: u16,
    /// The body, octet for octet.
    pub body: Bytes,
}

/// What became of [`Accept`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Kept, durably.
    New,
    /// The idempotency key was used before by the same request: its answer, nothing new kept.
    Replayed(StoredAnswer),
    /// The idempotency key was used on another route.
    KeyOnOtherRoute,
    /// The idempotency key was used with another body.
    KeyWithOtherBody,
}

/// A number for a route's name, given by [`Store::route`](crate::Store::route), stable for the
/// life of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u16);

/// A message about to be written to a bind. Durable before the first octet leaves.
#[derive(Debug, Clone, Copy)]
pub struct HandOver {
    /// Which.
    pub message: MessageId,
    /// How many parts it has.
    pub parts: u8,
    /// Its recipient, by which receipts are told apart.
    pub recipient: Msisdn,
    /// Which parts are handed over, bit 0 for the first: those of [`Waiting::parts_owed`] or
    /// [`Change::parts_owed`]. Parts that do not wait are left alone.
    pub parts_owed: u16,
    /// By which route.
    pub route: RouteId,
    /// When.
    pub at: Timestamp,
    /// It was judged as marketing, whatever class it was accepted with. Marketing by its class need not
    /// say so.
    pub marketing: bool,
    /// The code by which the phone can answer it and the sender it shows: what it answers is attributed by
    /// this. `None` for what is not remembered so.
    pub through: Option<(ShortCode, Sender)>,
}

/// What became of messages about to be written to a bind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departed {
    /// The parts of each order that may be written, in the order of the batch, bit 0 for the first part.
    /// Never more than it asked for, and 0 where nothing of it waits any more: the same part is given once,
    /// however often it was asked for.
    pub given: Vec<u16>,
    /// Those that a STOP stopped.
    pub blocked: Vec<Change>,
}

/// The operator's answer to one part, or its absence.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which part.
    pub part: PartId,
    /// By which route.
    pub route: RouteId,
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub outcome: AnswerOutcome,
}

/// What an operator answers to a submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// Taken, under this id (canonical form; receipts are matched by it).
    Taken {
        /// The SMSC's id, canonical.
        smsc_id: String,
    },
    /// "Try later": the message goes back to the queue.
    Deferred {
        /// The operator's word, for the story, as in `ESME_RTHROTTLED`.
        word: String,
        /// Not before this instant.
        until: Timestamp,
    },
    /// "Never".
    Refused {
        /// The operator's word, for the story and the message's error, as in `ESME_RINVDSTADR`.
        word: String,
    },
    /// No answer came, or the link went: perhaps taken, perhaps not.
    Lost,
}

/// A change of a message's state, told by the verbs that cause it. One whose `from` and `to` are both
/// `queued` says that more of its parts wait than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which message.
    pub message: MessageId,
    /// Its workspace, for those who are told.
    pub workspace: facteur_domain::WorkspaceId,
    /// Its class.
    pub class: Class,
    /// Where it stood.
    pub from: State,
    /// Where it stands now.
    pub to: State,
    /// The parts that wait to be handed over, bit 0 for the first.
    pub parts_owed: u16,
}

/// A receipt, as the link's translation read it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// By which route it came.
    pub route: RouteId,
    /// The SMSC's id, canonical.
    pub smsc_id: String,
    /// Other canonical forms of the same id, tried in turn when the first finds nothing; a match
    /// by one of them counts only if `recipient` is the message's.
    pub other_ids: Vec<String>,
    /// The phone it speaks of, when it says so.
    pub recipient: Option<Msisdn>,
    /// What it says: one of the `Receipt…` events, or `None` when it is not final (en route,
    /// accepted).
    pub event: Option<Event>,
    /// The word it used, as in `DELIVRD`.
    pub word: &'static str,
    /// The operator's error, as it stands there.
    pub error: Option<String>,
    /// It says that the recipient told the operator STOP: the STOP is recorded with it.
    pub opted_out: bool,
    /// When it came.
    pub at: Timestamp,
    /// Its octets, kept when nobody knows the message.
    pub raw: Bytes,
}

/// What became of a receipt. Each is durable when the verb answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptFate {
    /// It moved its message.
    Moved(Change),
    /// It settled a part; the message waits for its other parts, or stays as it was (a repeated
    /// or late receipt, or one that is not final).
    Kept(MessageId),
    /// Nobody knows its message (yet): kept and matched when the submit's answer comes.
    Orphan,
}

/// What became of a receipt, and how long it was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fated {
    /// What became of it.
    pub fate: ReceiptFate,
    /// From its part's last hand-over until it came, when it is the one that was awaited.
    pub after: Option<Duration>,
}

/// A message that waits for its turn, with what the queue must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The message.
    pub message: Message,
    /// How many times it was handed over before: above 0 it may be a duplicate.
    pub attempts: u16,
    /// Whether an earlier hand-over's answer was lost: the next one is marked as a possible
    /// duplicate.
    pub possible_duplicate: bool,
    /// Not before this instant.
    pub not_before: Timestamp,
    /// The parts that wait to be handed over, bit 0 for the first: all of them, unless some were taken
    /// before and the others deferred or lost.
    pub parts_owed: u16,
}

/// A message that waits for its turn, as a start reads it: the least that puts it in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// Which.
    pub message: MessageId,
    /// Its workspace.
    pub workspace: facteur_domain::WorkspaceId,
    /// Its class.
    pub class: Class,
    /// Its parts, of which some may have left.
    pub parts: u8,
}

/// A message whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownMessage {
    /// Which.
    pub message: MessageId,
    /// Its class, whose policy decides.
    pub class: Class,
    /// Since when nothing is known.
    pub since: Timestamp,
    /// When it is no longer worth delivering.
    pub expires_at: Timestamp,
    /// How many times it was handed over.
    pub attempts: u16,
}

/// Why a waiting message will not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// A rule stopped it at departure: the rule's id and its sentence.
    Blocked {
        /// As in `fr.sender.disabled`.
        rule: String,
        /// The sentence, for its story.
        reason: String,
    },
    /// Its validity ran out.
    Lapsed,
    /// Its validity runs out before a rule lets it leave.
    OverBeforeItMay {
        /// As in `fr.window.night`.
        rule: String,
        /// When it could have left.
        until: Timestamp,
    },
}

/// A waiting message that a rule makes wait longer. Its validity stands still meanwhile: it ends later by as
/// much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Which.
    pub message: MessageId,
    /// Until when.
    pub until: Timestamp,
    /// The rule, as in `fr.window.night`.
    pub rule: &'static str,
}

/// What is forgotten when its time of keeping is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// The texts of a class.
    Texts(Class),
    /// Messages: sender, recipient, times and outcome.
    Messages,
    /// The texts of what phones wrote, with its octets; not of what proves something: a STOP, a START, a
    /// keyword.
    ReplyTexts,
    /// What phones wrote, and threads in which nothing has happened since; not what proves something.
    Replies,
    /// What phones wrote that proves something.
    ReplyProofs,
    /// Verdicts, and the consents that messages relied on.
    Proofs,
}

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Messages that wait for their turn or their time.
    pub waiting: u64,
    /// Messages that were being handed over: now unknown.
    pub unknown: u64,
    /// Messages whose receipt is awaited.
    pub awaiting_receipt: u64,
}
