//! The verbs of the console's users: who they are, and how they get in.

use facteur_domain::{Redacted, SessionId, Timestamp, UserId, WorkspaceId};

use super::sessions::{self, Ended};
use super::verbs::Manner;
use super::{Pending, Store, users};
use crate::{
    Actor, Credentials, Entrance, EntryLink, Invitation, NewLink, NewSession, NewUser, PlatformRole, Role,
    Session, User,
};

impl Store {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when there is one of the same e-mail address.
    pub fn create_user(&self, user: NewUser, at: Timestamp, actor: Actor) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| users::create(tx, &user, at, actor))
    }

    /// The person of this id.
    pub fn user(&self, user: UserId) -> Pending<Option<User>> {
        self.read(move |conn| Ok(users::find(conn, user)?))
    }

    /// Everybody, or who belongs to a workspace, by name.
    pub fn users(&self, workspace: Option<WorkspaceId>) -> Pending<Vec<User>> {
        self.read(move |conn| users::list(conn, workspace))
    }

    /// The person of this e-mail address (without case), with what a sign-in is checked against.
    pub fn credentials(&self, email: String) -> Pending<Option<Credentials>> {
        self.read(move |conn| Ok(users::credentials(conn, &email)?))
    }

    /// Changes what a person is called, and the language and time zone of their pages.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn change_user(
        &self,
        user: UserId,
        name: String,
        language: Option<String>,
        zone: Option<String>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| users::change(tx, user, (name, language, zone), at, actor))
    }

    /// Gives a person a role in a workspace, or takes it away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) without the person or the workspace;
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when the workspace would have no owner left.
    pub fn set_role(
        &self,
        user: UserId,
        workspace: WorkspaceId,
        role: Option<Role>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| users::set_role(tx, user, workspace, role, at, actor))
    }

    /// Makes a person a reviewer or operator of the platform, or neither.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn set_platform_role(
        &self,
        user: UserId,
        role: Option<PlatformRole>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| users::set_platform(tx, user, role, at, actor))
    }

    /// Keeps a person from signing in (their sessions end, their links no longer work), or lets them in
    /// again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn disable_user(&self, user: UserId, disabled: bool, at: Timestamp, actor: Actor) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| users::disable(tx, user, disabled, at, actor))
    }

    /// Keeps the hash of a new password; the person's other sessions than `keep` end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn set_password(
        &self,
        user: UserId,
        hash: Redacted<String>,
        keep: Option<SessionId>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        let keep = keep.map(SessionId::key);
        self.write(Manner::guarded(), move |tx| users::set_password(tx, user, &hash, keep, (at, actor)))
    }

    /// Sets the second factor with the hashes of the codes that replace it, or removes both.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound).
    pub fn set_totp(
        &self,
        user: UserId,
        secret: Redacted<Option<Vec<u8>>>,
        recovery: Vec<[u8; 32]>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| {
            users::set_totp(tx, user, secret.show().as_deref(), &recovery, (at, actor))
        })
    }

    /// Counts the code of a step of the second factor as used; `false` when that step or a later one was
    /// used before.
    pub fn use_totp_step(&self, user: UserId, step: i64) -> Pending<bool> {
        self.write(Manner::guarded(), move |tx| users::use_totp(tx, user, step))
    }

    /// Uses a code that replaces the second factor; `false` when there is none such, or it was used before.
    pub fn use_recovery_code(
        &self,
        user: UserId,
        hash: [u8; 32],
        at: Timestamp,
        actor: Actor,
    ) -> Pending<bool> {
        self.write(Manner::guarded(), move |tx| users::use_recovery(tx, user, &hash, (at, actor)))
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) without the person,
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when they are disabled.
    pub fn open_session(
        &self,
        user: UserId,
        session: NewSession,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Session> {
        self.write(Manner::guarded(), move |tx| sessions::open(tx, user, &session, (at, actor)))
    }

    /// The session whose token has this hash, and its person, if it is in force: not over at `now`, used
    /// since `idle_since`, the person not disabled.
    pub fn session(
        &self,
        hash: [u8; 32],
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Pending<Option<(Session, User)>> {
        self.read(move |conn| sessions::of_token(conn, &hash, now, idle_since))
    }

    /// Remembers that a session was used. Rarely enough: a write a minute and session will do.
    pub fn session_seen(&self, session: SessionId, at: Timestamp) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| sessions::seen(tx, session, at))
    }

    /// A person's sessions that are not over, the last used first.
    pub fn sessions(&self, user: UserId, now: Timestamp) -> Pending<Vec<Session>> {
        self.read(move |conn| sessions::list(conn, user, now))
    }

    /// Ends a session of a person. How many ended: none when it was over.
    pub fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<usize> {
        self.write(Manner::guarded(), move |tx| sessions::end(tx, user, Ended::One(session), (at, actor)))
    }

    /// Ends every session of a person but this one.
    pub fn end_other_sessions(
        &self,
        user: UserId,
        keep: SessionId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<usize> {
        self.write(Manner::guarded(), move |tx| sessions::end(tx, user, Ended::AllBut(keep), (at, actor)))
    }

    /// Makes a link that lets a person in once, or invites them to a workspace; their unused ones of the same
    /// purpose, to the same workspace, no longer work.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) without the person,
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when they are disabled.
    pub fn make_link(&self, link: NewLink, at: Timestamp, actor: Actor) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| sessions::make_link(tx, &link, at, actor))
    }

    /// The link whose token has this hash, if it can still be used.
    pub fn link(&self, hash: [u8; 32], now: Timestamp) -> Pending<Option<EntryLink>> {
        self.read(move |conn| sessions::link(conn, &hash, now))
    }

    /// Uses a link up: keeps what the person brings, and opens their session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when it cannot be used (any more),
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when it does not open the account by itself
    /// ([`EntryLink::lets_in`]).
    pub fn enter_by_link(
        &self,
        hash: [u8; 32],
        entrance: Entrance,
        session: NewSession,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<(Session, User)> {
        self.write(Manner::guarded(), move |tx| sessions::enter(tx, &hash, entrance, &session, (at, actor)))
    }

    /// Uses an invitation up for somebody who is signed in as the one it is for, and gives its role.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when it cannot be used (any more), or not by them.
    pub fn join_by_link(&self, hash: [u8; 32], user: UserId, at: Timestamp, actor: Actor) -> Pending<User> {
        self.write(Manner::guarded(), move |tx| sessions::join_by_link(tx, &hash, user, (at, actor)))
    }

    /// Who was invited to a workspace and has not come, by address; also those whose link is too old.
    pub fn invitations(&self, workspace: WorkspaceId) -> Pending<Vec<Invitation>> {
        self.read(move |conn| sessions::invitations(conn, workspace))
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) without one.
    pub fn withdraw_invitation(
        &self,
        user: UserId,
        workspace: WorkspaceId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| sessions::withdraw(tx, user, workspace, (at, actor)))
    }
}
