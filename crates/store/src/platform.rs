//! What people see who run the platform, and what owners see of their keys.

use facteur_domain::{AccountKeyId, Timestamp, WorkspaceId};

use crate::Counts;

/// A workspace's figures over the hours asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// Which.
    pub workspace: WorkspaceId,
    /// All its messages, whatever their sender, class and route.
    pub counts: Counts,
}

/// When messages were last accepted with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// Which key.
    pub key: AccountKeyId,
    /// The last UTC day, as days since the Unix epoch.
    pub day: i64,
    /// How many on that day.
    pub count: u64,
}

/// Which lines of the audit log to read, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what begins with this, as in `key.` or `sender.validated`.
    pub action: Option<String>,
    /// Only by whoever has this in their name (without case).
    pub actor: Option<String>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Only lines older than this one.
    pub before: Option<i64>,
}
