//! What phones send (MO): the parts as they come, the messages that they make, and what follows.

use bytes::Bytes;
use facteur_domain::{
    AutoReply, ConversationId, InboundId, KeywordId, MessageId, Msisdn, Sender, ShortCode, Timestamp,
    WorkspaceId,
};

use crate::{Accept, Keyword, NewConsent, NewOptOut, OptOut, OptOutState, RouteId};

/// A deliver_sm that is no receipt. Kept as octets, so that nothing is lost in reading it.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// By which route it came.
    pub route: RouteId,
    /// When.
    pub at: Timestamp,
    /// The phone, if its address is a number.
    pub from: Option<Msisdn>,
    /// The source address, as it came.
    pub source: Bytes,
    /// The destination address (a short code), as it came.
    pub destination: Bytes,
    /// The destination, if it is a short code.
    pub code: Option<ShortCode>,
    /// esm_class.
    pub esm_class: u8,
    /// data_coding.
    pub data_coding: u8,
    /// short_message or message_payload, with its user data header.
    pub content: Bytes,
    /// The optional parameters, raw.
    pub tlvs: Bytes,
    /// Where in `content` the text begins, after the user data header.
    pub text_from: usize,
    /// Which part of which long message it is, if it is one.
    pub part: Option<InboundPart>,
    /// The operator's own id of this delivery, where it gives one: the same again is the same message.
    pub operator_id: Option<String>,
}

/// Without the number and the text.
impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("route", &self.route).field("at", &self.at).finish_non_exhaustive()
    }
}

/// The place of a part in its long message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboundPart {
    /// The phone's reference, the same in all parts.
    pub reference: u16,
    /// How many parts there are, from 2.
    pub total: u8,
    /// Which this is, from 1 to `total`.
    pub index: u8,
}

/// What a phone's message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyMeaning {
    /// Opts out.
    Stop,
    /// Perhaps opts out: counts as a STOP until somebody has read it.
    StopDoubtful,
    /// Asks who writes.
    Contact,
    /// Wants to be written to again.
    Start,
    /// A keyword.
    Keyword,
    /// Anything else: for people to read.
    Reply,
}

impl ReplyMeaning {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Stop, Self::StopDoubtful, Self::Contact, Self::Start, Self::Keyword, Self::Reply];

    /// Its name in the API and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopDoubtful => "stop_doubtful",
            Self::Contact => "contact",
            Self::Start => "start",
            Self::Keyword => "keyword",
            Self::Reply => "reply",
        }
    }

    /// The meaning of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.as_str() == name)
    }
}

/// A message from a phone, whole, or closed with parts missing when they did not come in time.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub id: InboundId,
    /// When its first part came.
    pub at: Timestamp,
    /// The route's name.
    pub route: String,
    /// The phone, if its address is a number; `None` too once the person was erased.
    pub phone: Option<Msisdn>,
    /// The source address as it came; personal.
    pub source: String,
    /// The destination address as it came.
    pub destination: String,
    /// The short code it came to.
    pub code: Option<ShortCode>,
    /// Whose it is; `None` when nobody can tell.
    pub workspace: Option<WorkspaceId>,
    /// The workspace's sender that it answers: the code itself, or the Sender ID whose mention names it.
    pub sender: Option<Sender>,
    /// Its thread.
    pub conversation: Option<ConversationId>,
    /// Its text; where a part is missing stands `[…]`.
    pub text: String,
    /// What it means.
    pub meaning: ReplyMeaning,
    /// By which rule, as in `fr.reply.stop.exact`.
    pub rule: Option<String>,
    /// The keyword it is.
    pub keyword: Option<KeywordId>,
    /// The last message that the phone had from that sender.
    pub in_reply_to: Option<MessageId>,
    /// What the product answered by itself.
    pub answer: Option<MessageId>,
    /// How many parts it says it has.
    pub parts: u8,
    /// How many of them came.
    pub parts_here: u8,
    /// Deliveries of the same, beyond the first.
    pub repeats: u32,
}

impl Received {
    /// Whether all parts came.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.parts_here >= self.parts
    }
}

/// Without the number and the text.
impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Received")
            .field("id", &self.id)
            .field("meaning", &self.meaning)
            .finish_non_exhaustive()
    }
}

/// Which messages from phones to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct ReceivedFilter {
    /// Only from this phone.
    pub phone: Option<Msisdn>,
    /// Only to this sender (folded).
    pub sender: Option<String>,
    /// Only with this meaning.
    pub meaning: Option<ReplyMeaning>,
    /// Only of this thread.
    pub conversation: Option<ConversationId>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub to: Option<Timestamp>,
    /// Only those before this one.
    pub before: Option<InboundId>,
}

/// By which message a phone was last written by one sender through a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Through which code: the sender itself, or the one that its STOP mention names.
    pub code: ShortCode,
    /// Whose.
    pub workspace: WorkspaceId,
    /// From which sender.
    pub sender: Sender,
    /// Which message.
    pub message: MessageId,
    /// When it left.
    pub at: Timestamp,
    /// When marketing left last.
    pub marketing_at: Option<Timestamp>,
}

/// What the product answered a phone by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Which kind of answer.
    pub reply: AutoReply,
    /// When.
    pub at: Timestamp,
}

/// What is known when a phone's message is to be understood, all of one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// By whom the phone was written within 90 days, through whichever code, the last first.
    pub written: Vec<Written>,
    /// The keywords on the code, of whoever shares it.
    pub keywords: Vec<Keyword>,
    /// The STOPs of the phone that hold, of all workspaces.
    pub stops: Vec<OptOut>,
    /// What the code answered the phone by itself in the last 24 hours, the last first.
    pub answered: Vec<Answered>,
    /// The phone said STOP to this code while nobody could tell to whom: it holds for the whole platform.
    pub unattributed: bool,
}

/// A phone's message as it is to be understood.
#[derive(Clone, Copy)]
pub struct Arrived<'a> {
    /// Its id.
    pub id: InboundId,
    /// When its first part came.
    pub at: Timestamp,
    /// When it is read: at once, or when parts were waited for in vain.
    pub now: Timestamp,
    /// The phone, if its address is a number.
    pub phone: Option<Msisdn>,
    /// The short code it came to, if it is one.
    pub code: Option<ShortCode>,
    /// Its text as far as it came.
    pub text: &'a str,
    /// Whether more parts are waited for: what follows then is only what cannot wait.
    pub open: bool,
}

/// A STOP that follows from a phone's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOrder {
    /// For which workspace.
    pub workspace: WorkspaceId,
    /// What.
    pub opt_out: NewOptOut,
    /// Whether it is one beyond doubt.
    pub state: OptOutState,
}

/// A consent that a phone's message gives, with what it lifts: the STOPs for the same advertiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentOrder {
    /// For which workspace.
    pub workspace: WorkspaceId,
    /// What; its evidence is the message.
    pub consent: NewConsent,
}

/// What follows from a phone's message: all of it happens with it, or none.
#[derive(Debug, Clone, Default)]
pub struct Understood {
    /// What it means.
    pub meaning: Option<ReplyMeaning>,
    /// By which rule.
    pub rule: Option<String>,
    /// Whose it is, and the sender it answers.
    pub owner: Option<(WorkspaceId, Sender)>,
    /// The last message that the phone had from that sender.
    pub in_reply_to: Option<MessageId>,
    /// The keyword it is.
    pub keyword: Option<KeywordId>,
    /// Until when it may be answered as a conversation.
    pub session_until: Option<Timestamp>,
    /// STOPs to record.
    pub stops: Vec<StopOrder>,
    /// Consents to record.
    pub consents: Vec<ConsentOrder>,
    /// Lifts the STOP that the phone said to this code while nobody could tell to whom.
    pub restarts: bool,
    /// What is answered.
    pub answer: Option<Box<Accept>>,
}

/// Understands what phones send. The store calls it within the transaction that keeps the message, so that
/// what follows is decided on what is on disk and written with it; it must be quick, and read nothing else.
pub trait Understand: Send + Sync {
    /// The text of a message's parts, in order; `None` where one is missing.
    fn text(&self, parts: &[Option<Inbound>]) -> String;
    /// What follows from it.
    fn understand(&self, arrived: &Arrived<'_>, known: &Known) -> Understood;
}

/// What became of a deliver_sm. Each is durable when the verb answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    /// It completed a message, or was one.
    Whole(InboundId),
    /// It is a part of a message whose other parts are waited for.
    Part(InboundId),
    /// It had come before.
    Repeat(InboundId),
}
