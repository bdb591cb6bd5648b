//! Workspaces, keys and senders: what people set up, each change with who and why.

use facteur_domain::{
    AccountKeyId, Class, Redacted, Sender, SenderRecordId, SenderState, Timestamp, WorkspaceId,
};

use crate::{Dossier, Settings};

/// Who changes something, and from where. Kept in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `dev`, the user of a process, a person's e-mail address or a key's id.
    pub name: String,
    /// The network address it was asked from, if it was asked over the network.
    pub origin: Option<String>,
}

impl Actor {
    /// Somebody at this machine, or the product itself.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), origin: None }
    }

    /// Somebody who asks over the network.
    #[must_use]
    pub fn at(name: impl Into<String>, origin: impl ToString) -> Self {
        Self { name: name.into(), origin: Some(origin.to_string()) }
    }
}

/// A company's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id.
    pub id: AccountKeyId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// What its owner calls it.
    pub label: String,
    /// The start of the secret, shown so that its owner can tell keys apart, as in `ak_live_3F9K`.
    pub visible: String,
    /// SHA-256 of the whole secret.
    pub hash: Redacted<[u8; 32]>,
    /// Scope names, as in `SMS_SEND`.
    pub scopes: Vec<String>,
    /// A test key: sends to the fiction range, never to a real route.
    pub test: bool,
    /// Reads a second.
    pub read_per_second: u32,
    /// Writes a second.
    pub write_per_second: u32,
    /// Messages a UTC day, if bounded.
    pub daily_quota: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A Sender ID or short code of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderRecord {
    /// Its id.
    pub id: SenderRecordId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// As declared.
    pub sender: Sender,
    /// The class of messages that do not say theirs.
    pub class: Class,
    /// Where it stands.
    pub state: SenderState,
    /// Why it stands there, in the reviewer's words.
    pub reason: Option<String>,
    /// Who moved it last.
    pub decided_by: String,
    /// When it was declared.
    pub created_at: Timestamp,
    /// When it moved last.
    pub decided_at: Timestamp,
    /// What was declared with it, and what the desk adds.
    pub dossier: Dossier,
}

/// Everything the gateway keeps in memory to judge and authenticate without reading.
#[derive(Debug, Clone, Default)]
pub struct DirectorySnapshot {
    /// Rises with every change by anyone, this process or another.
    pub generation: u64,
    /// All workspaces.
    pub workspaces: Vec<Workspace>,
    /// All keys, revoked ones too.
    pub keys: Vec<ApiKey>,
    /// All senders, in every state.
    pub senders: Vec<SenderRecord>,
    /// What each workspace chose; one entry for each of them, also for those that chose nothing.
    pub settings: Vec<(WorkspaceId, Settings)>,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// In which workspace, if in one.
    pub workspace: Option<WorkspaceId>,
    /// What, as in `sender.validated`.
    pub action: String,
    /// What it concerns and how, in words.
    pub detail: String,
    /// The network address it came from, if it came over the network.
    pub origin: Option<String>,
    /// What was changed as it stood before, where something was changed.
    pub before: Option<String>,
    /// And after.
    pub after: Option<String>,
}

impl AuditLine {
    /// A line about something that was done, not changed from one value to another.
    #[must_use]
    pub fn new(
        at: Timestamp,
        actor: Actor,
        workspace: Option<WorkspaceId>,
        action: &str,
        detail: String,
    ) -> Self {
        let Actor { name, origin } = actor;
        Self {
            at,
            actor: name,
            workspace,
            action: action.to_owned(),
            detail,
            origin,
            before: None,
            after: None,
        }
    }
}
