//! People who sign in to the console: who they are, what they may do where, and how they got in.

use facteur_domain::{Redacted, SessionId, Timestamp, UserId, WorkspaceId};

/// What somebody is in a workspace. What each may do is the console's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, members and keys too.
    Owner,
    /// Senders, consents, opt-outs and the profile of sending hours.
    Compliance,
    /// Sends marketing.
    Marketing,
    /// Answers people.
    Support,
    /// Looks.
    ReadOnly,
}

impl Role {
    /// All of them, the one that may most first.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Compliance, Self::Marketing, Self::Support, Self::ReadOnly];

    /// Its name, as in `read_only`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Compliance => "compliance",
            Self::Marketing => "marketing",
            Self::Support => "support",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// What somebody is on the platform as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlatformRole {
    /// Verifies Sender IDs of all workspaces.
    Reviewer,
    /// A reviewer who also runs the platform: workspaces, routes, accounts.
    Operator,
}

impl PlatformRole {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Reviewer, Self::Operator];

    /// Its name: `reviewer` or `operator`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
        }
    }

    /// The role of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A person to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, by which they sign in. Compared without case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// The language of their pages, `fr` or `en`; `None` is the browser's.
    pub language: Option<String>,
    /// What they are on the platform as a whole.
    pub platform: Option<PlatformRole>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, in lower case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they have chosen a password.
    pub has_password: bool,
    /// Whether they have a second factor.
    pub has_totp: bool,
    /// The language of their pages; `None` is the browser's.
    pub language: Option<String>,
    /// Their time zone by its IANA name; `None` is Paris.
    pub zone: Option<String>,
    /// What they are on the platform as a whole.
    pub platform: Option<PlatformRole>,
    /// When they were added.
    pub created_at: Timestamp,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// Their workspaces, and what they are there.
    pub memberships: Vec<(WorkspaceId, Role)>,
}

/// What a sign-in is checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Who.
    pub user: User,
    /// The hash of the password, as a PHC string.
    pub password: Redacted<Option<String>>,
    /// The shared secret of the second factor.
    pub totp: Redacted<Option<Vec<u8>>>,
}

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its public id.
    pub id: SessionId,
    /// SHA-256 of its token.
    pub hash: Redacted<[u8; 32]>,
    /// Whether the second factor was shown, or none is needed.
    pub verified: bool,
    /// When it ends, whatever is done with it.
    pub expires_at: Timestamp,
    /// The address it was opened from.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    /// The session of the same browser that it takes the place of.
    pub replaces: Option<SessionId>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public id.
    pub id: SessionId,
    /// Whether the second factor was shown, or none is needed.
    pub verified: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever is done with it.
    pub expires_at: Timestamp,
    /// The address it was opened from.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// It lets somebody in.
    SignIn,
    /// It lets the first person in, who chooses an e-mail address, a name and a password.
    Setup,
    /// It lets somebody in who chooses a name and a password; or gives somebody who is signed in a role.
    Invitation,
    /// It lets somebody choose a new password.
    Password,
}

impl LinkPurpose {
    /// Its name: `sign_in`, `setup`, `invitation` or `password`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Setup => "setup",
            Self::Invitation => "invitation",
            Self::Password => "password",
        }
    }

    /// The purpose of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::SignIn, Self::Setup, Self::Invitation, Self::Password];
        all.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// A one-time link to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// SHA-256 of its token.
    pub hash: Redacted<[u8; 32]>,
    /// Whom it lets in.
    pub user: UserId,
    /// What for.
    pub purpose: LinkPurpose,
    /// What an invitation gives to whoever uses it.
    pub grant: Option<(WorkspaceId, Role)>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A one-time link that can still be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLink {
    /// Whom it lets in.
    pub user: User,
    /// What for.
    pub purpose: LinkPurpose,
    /// What an invitation gives to whoever uses it.
    pub grant: Option<(WorkspaceId, Role)>,
    /// Until when.
    pub expires_at: Timestamp,
}

impl EntryLink {
    /// Whether the link alone opens the account. The invitation of a workspace proves the address to that
    /// workspace only: it opens no account that has a password, or that another workspace or the platform
    /// counts on. There it waits for somebody who is signed in.
    #[must_use]
    pub fn lets_in(&self) -> bool {
        let of_this_alone = |workspace| {
            self.user.platform.is_none() && self.user.memberships.iter().all(|(id, _)| *id == workspace)
        };
        self.purpose != LinkPurpose::Invitation
            || (!self.user.has_password && self.grant.is_none_or(|(workspace, _)| of_this_alone(workspace)))
    }
}

/// Somebody who was invited to a workspace and has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who.
    pub user: UserId,
    /// Their e-mail address.
    pub email: String,
    /// What they are to be.
    pub role: Role,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

/// What somebody who enters by a link brings with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entrance {
    /// An e-mail address to sign in by from now on.
    pub email: Option<String>,
    /// A name to be called by.
    pub name: Option<String>,
    /// The hash of a password they chose.
    pub password: Redacted<Option<String>>,
}
