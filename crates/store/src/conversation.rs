//! Threads between phones and senders.

use facteur_domain::{ConversationId, ItemId, MessageId, Msisdn, Sender, ShortCode, Timestamp, WorkspaceId};

use crate::{Received, StoredMessage};

/// A thread between a phone and a sender of a workspace. It begins when the phone writes; what is sent to
/// the phone from that sender afterwards, and the message it answered, belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// With whom.
    pub phone: Msisdn,
    /// With which sender: a short code, or the Sender ID whose STOP mention names `code`.
    pub sender: Sender,
    /// The code to which the phone wrote last: from it, it can be answered. `None` when it never wrote.
    pub code: Option<ShortCode>,
    /// When something happened last.
    pub last_at: Timestamp,
    /// Its last message.
    pub last_item: ItemId,
    /// How many of the phone's messages were not read.
    pub unread: u32,
    /// Since when it is put away; a new message of the phone brings it back.
    pub archived_at: Option<Timestamp>,
    /// Until when it may be answered as a conversation: without consent, at any hour, nothing commercial.
    /// In the past: no longer.
    pub session_until: Timestamp,
}

/// Which conversations to list, the last active first.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Only with this phone.
    pub phone: Option<Msisdn>,
    /// Only with this sender (folded), or to this code.
    pub sender: Option<String>,
    /// Only those in which something happened at or after.
    pub active_since: Option<Timestamp>,
    /// Only those in which something happened before; a thread with more since is found as it stood then,
    /// unless it has a row of its own.
    pub active_before: Option<Timestamp>,
    /// Only those with something unread, or only those without.
    pub unread: Option<bool>,
    /// Only those put away, or only the others.
    pub archived: Option<bool>,
    /// Only those before this one: its last activity and its id.
    pub before: Option<(Timestamp, ConversationId)>,
}

/// A thread of which the phone never wrote, nor anybody put it away or marked it: there is no more of it than
/// the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneWay {
    /// To whom.
    pub phone: Msisdn,
    /// From which sender.
    pub sender: Sender,
    /// When the last message was accepted, as its id tells.
    pub last_at: Timestamp,
    /// The last message.
    pub last_item: MessageId,
}

/// A thread, as customers look for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thread {
    /// One that a phone began.
    Begun(Conversation),
    /// One that only we wrote.
    OneWay(OneWay),
}

impl Thread {
    /// With whom.
    #[must_use]
    pub const fn phone(&self) -> Msisdn {
        match self {
            Self::Begun(row) => row.phone,
            Self::OneWay(row) => row.phone,
        }
    }

    /// When something happened last.
    #[must_use]
    pub const fn last_at(&self) -> Timestamp {
        match self {
            Self::Begun(row) => row.last_at,
            Self::OneWay(row) => row.last_at,
        }
    }

    /// Its last message.
    #[must_use]
    pub const fn last_item(&self) -> ItemId {
        match self {
            Self::Begun(row) => row.last_item,
            Self::OneWay(row) => ItemId::Sent(row.last_item),
        }
    }
}

/// A page of threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threads {
    /// The last active first.
    pub rows: Vec<Thread>,
    /// How many there are as far back as was looked.
    pub total: u64,
    /// Since when all of them were found; `None` when everything was looked at. What is older is found with
    /// this instant as `active_before`.
    pub back_to: Option<Timestamp>,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// To the phone.
    Sent(Box<StoredMessage>),
    /// From the phone.
    Received(Box<Received>),
}

impl Item {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ItemId {
        match self {
            Self::Sent(sent) => ItemId::Sent(sent.message.id),
            Self::Received(received) => ItemId::Received(received.id),
        }
    }
}

/// What somebody does with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationMark {
    /// All of it was read.
    Read,
    /// Its last message is to be read again.
    Unread,
    /// It is put away.
    Archive,
    /// It is brought back.
    Unarchive,
}

/// Until when a phone's message may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplySession {
    /// From the sender of the conversation.
    pub sender: Sender,
    /// Or from the code it wrote to.
    pub code: ShortCode,
    /// Until then.
    pub until: Timestamp,
}
