//! What customers' endpoints are told: the words of the webhook verbs.

use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{EventId, Redacted, Timestamp, WebhookId, WorkspaceId};

use crate::V1Endpoint;

macro_rules! topics {
    ($($(#[doc = $doc:literal])* $name:ident $topic:literal $description:literal;)*) => {
        /// What an endpoint can subscribe to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum WebhookTopic { $(#[doc = $description] $name),* }

        impl WebhookTopic {
            /// Every topic.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $topic),* }
            }

            /// When it is told, in a sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description),* }
            }
        }
    };
}

topics! {
    SmsReceived "sms.received" "A phone sent a message to one of your senders.";
    SmsSent "sms.sent" "An operator took a message.";
    SmsDelivered "sms.delivered" "A message reached its phone.";
    SmsUndelivered "sms.undelivered" "A message will not arrive: undelivered, expired or rejected.";
    SmsUnknown "sms.unknown" "Nobody can tell whether a message arrived; a late receipt may still settle it.";
    SmsHeld "sms.held" "A message waits for the hours in which it may leave.";
    SmsBlocked "sms.blocked" "A rule or a STOP stopped a message that was accepted.";
    OptOutCreated "opt_out.created" "A person said STOP.";
    SenderIdValidated "sender_id.validated" "A Sender ID was validated.";
    SenderIdFailed "sender_id.failed" "A Sender ID was refused.";
    ContactCreated "contact.created" "A contact was made.";
    ContactUpdated "contact.updated" "A contact was changed.";
}

impl WebhookTopic {
    /// The topic of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|topic| topic.as_str() == name)
    }

    /// Its bit in a set of topics.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The octets with which an endpoint's deliveries are signed.
pub type WebhookSecret = Redacted<[u8; 32]>;

/// An endpoint of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Where it is told.
    pub url: String,
    /// Of what; at least one.
    pub topics: Vec<WebhookTopic>,
    /// In somebody's words.
    pub description: Option<String>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Signs its deliveries.
    pub secret: WebhookSecret,
    /// Signs them too, until that instant.
    pub previous_secret: Option<(WebhookSecret, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// Why the product disabled it, if it did.
    pub disabled_reason: Option<String>,
    /// What it is told as Allo's v1 told it, if it was made so; `topics` are then what that means.
    pub v1: Option<V1Endpoint>,
}

/// An endpoint to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where it is told.
    pub url: String,
    /// Of what.
    pub topics: Vec<WebhookTopic>,
    /// In somebody's words.
    pub description: Option<String>,
    /// Random octets.
    pub secret: WebhookSecret,
    /// Whether it is told from the beginning.
    pub enabled: bool,
    /// Told as Allo's v1 told it; `topics` are then not looked at.
    pub v1: Option<V1Endpoint>,
}

/// What changes of an endpoint; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookUpdate {
    /// Where it is told.
    pub url: Option<String>,
    /// Of what: these and no others.
    pub topics: Option<Vec<WebhookTopic>>,
    /// In somebody's words; `Some(None)` takes them away.
    pub description: Option<Option<String>>,
    /// Whether it is told. An endpoint that is enabled starts without a past of failures.
    pub enabled: Option<bool>,
}

/// How much is leased for delivery.
#[derive(Debug, Clone)]
pub struct DueRequest {
    /// Now.
    pub now: Timestamp,
    /// How long what is leased is not offered again.
    pub lease: Duration,
    /// Deliveries for one endpoint at most, unless `rooms` says otherwise.
    pub room: usize,
    /// Endpoints with another room.
    pub rooms: Vec<(WebhookId, usize)>,
    /// Deliveries at most in all.
    pub limit: usize,
    /// Whether endpoints are looked at too that nothing of this process is known to wait for: what another
    /// process wrote is found so.
    pub thorough: bool,
}

/// What is leased for delivery.
#[derive(Debug, Clone, Default)]
pub struct DueDeliveries {
    /// The endpoints of the deliveries.
    pub endpoints: Vec<Webhook>,
    /// By endpoint, the longest due first.
    pub deliveries: Vec<DueDelivery>,
    /// When the next one is due, or its lease ends. In the past: there are more now.
    pub next_due: Option<Timestamp>,
}

/// One event for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// For whom.
    pub endpoint: WebhookId,
    /// Of what.
    pub event: EventId,
    /// How often it was tried before.
    pub attempts: u16,
    /// The body to send, octet for octet. It names a person: it goes into no log.
    pub payload: Redacted<String>,
}

/// Who delivers, as the writer sees it. Called on the writer's thread: it must not block.
pub trait Courier: Send + Sync {
    /// Whether it has room for one more delivery to an endpoint, which it then keeps for it.
    fn reserve(&self, endpoint: WebhookId) -> bool;
    /// What it kept room for does not come: its transaction was not kept.
    fn release(&self, endpoint: WebhookId);
    /// Deliveries that it kept room for, on disk now and leased, with their endpoints as they are.
    fn deliver(&self, leased: Vec<(Arc<Webhook>, DueDelivery)>);
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub struct DeliveryOutcome {
    /// For whom.
    pub endpoint: WebhookId,
    /// Of what.
    pub event: EventId,
    /// When the attempt began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong, in a few words.
    pub error: Option<String>,
    /// The beginning of the answer's body, if it is worth keeping.
    pub answer: Option<String>,
    /// What follows.
    pub next: AfterDelivery,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDelivery {
    /// Nothing: it was taken.
    Done,
    /// Another attempt, not before this instant.
    Retry(Timestamp),
    /// Nothing: it was tried often enough.
    GiveUp,
    /// The endpoint says that it is gone for good (410): it is disabled.
    Gone,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is owed.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// A delivery with its last attempt, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Of what.
    pub event: EventId,
    /// Its topic.
    pub topic: String,
    /// When it happened.
    pub event_at: Timestamp,
    /// The body that is sent.
    pub payload: Redacted<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u16,
    /// When it is tried next, while it is owed.
    pub due_at: Option<Timestamp>,
    /// When it was tried last, and how long that took.
    pub tried: Option<(Timestamp, Duration)>,
    /// The last answer's status.
    pub status: Option<u16>,
    /// The last attempt's fault.
    pub error: Option<String>,
    /// The beginning of the last answer.
    pub answer: Option<String>,
}

/// What is to be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// One event of the workspace, whatever became of it.
    One(EventId),
    /// Everything since then that was given up.
    Since(Timestamp),
}
