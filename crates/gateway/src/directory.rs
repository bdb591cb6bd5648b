//! Who may do what: keys, workspaces and senders, kept in memory, read without waiting.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, RwLock};

use facteur_domain::sender::NAME_MAX;
use facteur_domain::{Redacted, Sender, SenderState, ShortCode, WorkspaceId};
use facteur_store::{Actor, ApiKey, DirectorySnapshot, SenderRecord, Settings};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Chance;
use crate::schedule::Terms;

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
    /// Read and write the consent ledger and the opt-outs.
    ConsentsReadWrite,
    /// Declare senders, and read what was declared.
    SenderIdsReadWrite,
    /// Read and write keywords.
    KeywordsReadWrite,
    /// Declare senders for every account of the platform, as a reseller does.
    Partner,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 11] = [
        Self::SmsSend,
        Self::ConversationsRead,
        Self::PhoneNumbersRead,
        Self::WebhooksReadWrite,
        Self::ContactsRead,
        Self::ContactsReadWrite,
        Self::ComplianceReview,
        Self::ConsentsReadWrite,
        Self::SenderIdsReadWrite,
        Self::KeywordsReadWrite,
        Self::Partner,
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
            Self::ConsentsReadWrite => "CONSENTS_READ_WRITE",
            Self::SenderIdsReadWrite => "SENDER_IDS_READ_WRITE",
            Self::KeywordsReadWrite => "KEYWORDS_READ_WRITE",
            Self::Partner => "PARTNER",
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
    /// The network address that it calls from, if it came over the network.
    pub origin: Option<IpAddr>,
}

impl Caller {
    /// Its workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.key.workspace
    }

    /// Who acts, for the records.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let name = self.key.id.to_string();
        match self.origin {
            Some(address) => Actor::at(name, address.to_canonical()),
            None => Actor::named(name),
        }
    }

    /// Whether its key has `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        let has = |scope: Scope| self.key.scopes.iter().any(|s| s == scope.as_str());
        // Who may write contacts may read them.
        has(scope) || (scope == Scope::ContactsRead && has(Scope::ContactsReadWrite))
    }
}

/// A fresh secret and what is kept of it.
#[derive(Debug)]
pub struct NewKey {
    /// To show, once.
    pub secret: Redacted<String>,
    /// The start of the secret, kept in clear so that its owner can tell keys apart.
    pub visible: String,
    /// SHA-256 of the secret.
    pub hash: Redacted<[u8; 32]>,
}

/// Characters of a secret that stay visible: the prefix and four more.
const VISIBLE: usize = 12;
/// RFC 4648 base 32 in lower case: 52 characters hold 256 bits, none needs escaping anywhere.
const SECRET_ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes a secret: 256 random bits behind `ak_live_` or `ak_test_`; or takes `fixed` as it is (the
/// `--api-key` of `dev`).
#[must_use]
pub fn mint_key(chance: Chance, test: bool, fixed: Option<&str>) -> NewKey {
    let secret = fixed.map_or_else(|| random_secret(chance, test), str::to_owned);
    let shown = if fixed.is_some() { VISIBLE.min(secret.len() / 3) } else { VISIBLE };
    let visible = secret.chars().take(shown).collect();
    let hash = hash_of(&secret);
    NewKey { secret: Redacted::new(secret), visible, hash: Redacted::new(hash) }
}

fn random_secret(chance: Chance, test: bool) -> String {
    let mut secret = String::from(if test { "ak_test_" } else { "ak_live_" });
    let (mut bits, mut held) = (0u32, 0);
    for octet in chance.octets::<32>() {
        bits = bits << 8 | u32::from(octet);
        held += 8;
        while held >= 5 {
            held -= 5;
            secret.push(letter(bits >> held));
        }
    }
    // 256 is not a multiple of 5: the last letter holds the one bit that is left.
    secret.push(letter(bits << (5 - held)));
    secret
}

fn letter(bits: u32) -> char {
    char::from(SECRET_ALPHABET[(bits & 31) as usize])
}

fn hash_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A sender's name as a key of the in-memory table: lower case, padded with zeros, no allocation.
type Folded = [u8; NAME_MAX];

fn folded(sender: &Sender) -> Folded {
    let mut out = [0; NAME_MAX];
    match sender {
        Sender::Name(name) => {
            for (to, from) in out.iter_mut().zip(name.as_str().bytes()) {
                *to = from.to_ascii_lowercase();
            }
        }
        Sender::Code(code) => {
            for (to, from) in out.iter_mut().zip(code.to_string().bytes()) {
                *to = from;
            }
        }
    }
    out
}

/// The directory in force, shared by those who read it.
pub(crate) type Current = Arc<RwLock<Arc<Directory>>>;

/// The directory at one moment; replaced whole when anything in it changes.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The store's generation it was read at.
    pub(crate) generation: u64,
    callers: HashMap<[u8; 32], Caller, foldhash::fast::RandomState>,
    senders: HashMap<(WorkspaceId, Folded), Arc<SenderRecord>, foldhash::fast::RandomState>,
    by_workspace: HashMap<WorkspaceId, Vec<Arc<SenderRecord>>, foldhash::fast::RandomState>,
    settings: HashMap<WorkspaceId, Arc<Settings>, foldhash::fast::RandomState>,
    names: HashMap<WorkspaceId, Arc<str>, foldhash::fast::RandomState>,
}

impl Directory {
    pub(crate) fn new(snapshot: DirectorySnapshot) -> Self {
        let mut directory = Self { generation: snapshot.generation, ..Self::default() };
        directory.names = snapshot.workspaces.iter().map(|w| (w.id, Arc::from(w.name.as_str()))).collect();
        for key in snapshot.keys {
            let workspace_name =
                directory.names.get(&key.workspace).cloned().unwrap_or_else(|| Arc::from(""));
            directory
                .callers
                .insert(*key.hash.show(), Caller { key: Arc::new(key), workspace_name, origin: None });
        }
        directory.settings =
            snapshot.settings.into_iter().map(|(id, chosen)| (id, Arc::new(chosen))).collect();
        for record in snapshot.senders {
            let record = Arc::new(record);
            directory.senders.insert((record.workspace, folded(&record.sender)), record.clone());
            directory.by_workspace.entry(record.workspace).or_default().push(record);
        }
        directory
    }

    /// Whose key this is. Look-up is by the hash, so that timing says nothing about a secret; the
    /// hash is compared again in constant time.
    pub(crate) fn authenticate(&self, secret: &str) -> Result<Caller, KeyProblem> {
        let hash = hash_of(secret);
        let caller = self.callers.get(&hash).ok_or(KeyProblem::Unknown)?;
        if !bool::from(caller.key.hash.show().ct_eq(&hash)) {
            return Err(KeyProblem::Unknown);
        }
        if caller.key.revoked_at.is_some() {
            return Err(KeyProblem::Revoked);
        }
        Ok(caller.clone())
    }

    /// The record of a sender in a workspace, without regard to case.
    pub(crate) fn sender(&self, workspace: WorkspaceId, sender: &Sender) -> Option<&Arc<SenderRecord>> {
        self.senders.get(&(workspace, folded(sender)))
    }

    /// The name of a workspace.
    pub(crate) fn workspace_name(&self, workspace: WorkspaceId) -> Option<&str> {
        self.names.get(&workspace).map(|name| &**name)
    }

    /// Every workspace, by name.
    pub(crate) fn workspaces(&self) -> Vec<(WorkspaceId, String)> {
        let mut all: Vec<(WorkspaceId, String)> =
            self.names.iter().map(|(id, name)| (*id, name.to_string())).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        all
    }

    /// What a workspace chose; what it would choose by default when the directory does not know it.
    pub(crate) fn settings(&self, workspace: WorkspaceId) -> Arc<Settings> {
        self.settings.get(&workspace).cloned().unwrap_or_else(|| Arc::new(Settings::of("")))
    }

    /// What a workspace is due in the queue.
    pub(crate) fn terms(&self, workspace: WorkspaceId) -> Terms {
        self.settings.get(&workspace).map_or_else(Terms::default, |settings| Terms {
            weight: settings.weight,
            per_second: settings.per_second,
            sender_per_second: settings.sender_per_second,
        })
    }

    /// The workspaces whose STOP mentions name `code`: it is a sender of theirs, their choice, or, when it
    /// is the platform's own, what they fall back on. Several may share it.
    pub(crate) fn workspaces_of(&self, code: ShortCode, platform: Option<ShortCode>) -> Vec<WorkspaceId> {
        let mut found: Vec<WorkspaceId> = self
            .settings
            .iter()
            .filter(|(workspace, settings)| {
                let senders = self.by_workspace.get(workspace).map(Vec::as_slice).unwrap_or_default();
                let codes = || {
                    senders.iter().filter_map(|record| match record.sender {
                        Sender::Code(own) if is_given(record) => Some(own),
                        _ => None,
                    })
                };
                let falls_back = || settings.stop_code.is_none() && !codes().any(ShortCode::is_marketing);
                settings.stop_code == Some(code)
                    || codes().any(|own| own == code)
                    || (platform == Some(code) && falls_back())
            })
            .map(|(workspace, _)| *workspace)
            .collect();
        found.sort_unstable();
        found
    }

    /// The one workspace that has a code to itself.
    pub(crate) fn dedicated(&self, code: ShortCode) -> Option<WorkspaceId> {
        let sender = Sender::Code(code);
        let mut holders = self.by_workspace.values().flatten();
        let holder = holders
            .find(|record| record.sender == sender && is_given(record) && !record.dossier.shared_code)?;
        Some(holder.workspace)
    }

    /// All senders of a workspace.
    pub(crate) fn senders(&self, workspace: WorkspaceId) -> Vec<Arc<SenderRecord>> {
        self.by_workspace.get(&workspace).cloned().unwrap_or_default()
    }
}

/// Whether the platform has given a sender to its workspace; one that was disabled since is still
/// answered to it.
fn is_given(record: &SenderRecord) -> bool {
    matches!(record.state, SenderState::Validated | SenderState::Disabled)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use facteur_domain::{AccountKeyId, Class, SenderRecordId, Timestamp};
    use facteur_store::Workspace;

    use super::*;

    #[test]
    fn secrets_are_256_bits_behind_their_prefix() {
        let mut seen = HashSet::new();
        for test in [false, true] {
            for _ in 0..100 {
                let key = mint_key(Chance, test, None);
                let secret = key.secret.show();
                assert!(secret.starts_with(if test { "ak_test_" } else { "ak_live_" }));
                assert_eq!(secret.len(), 8 + 52);
                assert!(secret.starts_with(&key.visible) && key.visible.len() == VISIBLE);
                assert!(seen.insert(secret.clone()));
                assert!(!format!("{key:?}").contains(&secret[12..]));
            }
        }
    }

    #[test]
    fn a_fixed_secret_is_kept_as_given_and_not_shown_whole() {
        let key = mint_key(Chance, false, Some("k"));
        assert_eq!((key.secret.show().as_str(), key.visible.as_str()), ("k", ""));
    }

    fn directory(revoked: bool) -> (Directory, String) {
        let minted = mint_key(Chance, false, None);
        let at = Timestamp::from_millis(1);
        let workspace = WorkspaceId::from_key(1 << 4);
        let key = ApiKey {
            id: AccountKeyId::from_key(2 << 4),
            workspace,
            label: "test".into(),
            visible: minted.visible,
            hash: minted.hash,
            scopes: vec!["SMS_SEND".into()],
            test: false,
            read_per_second: 20,
            write_per_second: 5,
            daily_quota: None,
            created_at: at,
            revoked_at: revoked.then_some(at),
        };
        let sender = SenderRecord {
            id: SenderRecordId::from_key(3 << 4),
            workspace,
            sender: "MyCompany".parse().expect("valid"),
            class: Class::Transactional,
            state: SenderState::Validated,
            reason: None,
            decided_by: "test".into(),
            created_at: at,
            decided_at: at,
            dossier: facteur_store::Dossier::default(),
        };
        let snapshot = DirectorySnapshot {
            generation: 1,
            workspaces: vec![Workspace { id: workspace, name: "Acme".into(), created_at: at }],
            keys: vec![key],
            senders: vec![sender],
            settings: Vec::new(),
        };
        (Directory::new(snapshot), minted.secret.into_inner())
    }

    #[test]
    fn keys_open_what_they_should() {
        let (open, secret) = directory(false);
        let caller = open.authenticate(&secret).expect("known");
        assert!(caller.may(Scope::SmsSend) && !caller.may(Scope::WebhooksReadWrite));
        assert_eq!(&*caller.workspace_name, "Acme");
        for wrong in ["", "ak_live_", &secret[..59], &format!("{secret}x"), &secret.to_uppercase()] {
            assert_eq!(open.authenticate(wrong).err(), Some(KeyProblem::Unknown));
        }
        let (closed, secret) = directory(true);
        assert_eq!(closed.authenticate(&secret).err(), Some(KeyProblem::Revoked));
    }

    #[test]
    fn senders_are_found_without_case_and_only_in_their_workspace() {
        let (directory, _) = directory(false);
        let workspace = WorkspaceId::from_key(1 << 4);
        for name in ["MyCompany", "MYCOMPANY", "mycompany"] {
            assert!(directory.sender(workspace, &name.parse().expect("valid")).is_some());
        }
        let sender = "MyCompany".parse().expect("valid");
        assert!(directory.sender(WorkspaceId::from_key(9 << 4), &sender).is_none());
        assert!(directory.sender(workspace, &"MyCompany2".parse().expect("valid")).is_none());
        assert!(directory.sender(workspace, &"36180".parse().expect("valid")).is_none());
    }
}
