//! What the business talks about: numbers, senders, messages, and the values they are made of.
//!
//! A value of this room is right or does not exist. The room knows no I/O, no clock, no wire
//! format and no storage; time comes in as a [`Timestamp`].

pub mod consent;
pub mod delivery;
pub mod email;
pub mod id;
pub mod language;
pub mod message;
pub mod number;
pub mod redacted;
pub mod sender;
pub mod text;
pub mod time;

pub use consent::{Basis, OptOutScope};
pub use delivery::State;
pub use email::{EMAIL_MAX, is_email_address};
pub use id::{
    AccountKeyId, ConsentId, ContactId, ConversationId, EventId, EvidenceId, IdSource, InboundId, ItemId,
    KeywordId, MessageId, OptOutId, PartId, SenderRecordId, SessionId, UserId, WebhookId, WorkspaceId,
};
pub use language::Language;
pub use message::{AutoReply, Class, ClientReference, Message, MessageText};
pub use number::{Msisdn, Range, RangeKind};
pub use redacted::Redacted;
pub use sender::{Sender, SenderName, SenderState, ShortCode};
pub use text::Encoding;
pub use time::Timestamp;
