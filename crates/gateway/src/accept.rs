//! The door in: the only writer of outgoing messages.

use facteur_domain::{Class, Timestamp};
use facteur_store::StoredAnswer;

/// What the client gave as the sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `sender_id`: a Sender ID or a short code.
    SenderId(String),
    /// `from`: a number.
    Number(String),
}

/// An idempotency key as it came with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    /// The client's key, 1 to 255 octets.
    pub key: String,
    /// The route, as in `POST /v1/api/sms`.
    pub route: &'static str,
    /// A hash of the request's body.
    pub fingerprint: [u8; 32],
}

/// A request to send one message, as the client wrote it: well-formed, not yet checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendRequest {
    /// Who it is from.
    pub origin: Origin,
    /// Who it is to.
    pub to: String,
    /// The text.
    pub message: String,
    /// What it is for; the sender's class when absent.
    pub class: Option<Class>,
    /// The customer's own word for it.
    pub client_reference: Option<String>,
    /// Not before this instant; at once when absent or past.
    pub send_at: Option<Timestamp>,
    /// For how long it is worth delivering, 1 minute to 2 days; the class's default when absent.
    pub validity_minutes: Option<u32>,
    /// The request's idempotency key.
    pub idempotency: Option<IdempotencyKey>,
}

/// A request that succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The message is on disk.
    New(StoredAnswer),
    /// The same request succeeded before; this is its answer.
    Replayed(StoredAnswer),
}
