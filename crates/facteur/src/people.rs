//! One-time links to the console, as the start and the command line give them out.

use std::time::Duration;

use facteur_domain::{Timestamp, UserId, WorkspaceId};
use facteur_gateway::{Chance, mint_token};
use facteur_store::{Actor, LinkPurpose, NewLink, NewUser, PlatformRole, Role, Store, StoreError};

use crate::failure::Failure;

/// How long a link can be used.
pub(crate) const LINK_LASTS: Duration = Duration::from_hours(24);
/// The e-mail address of the first person until they choose theirs.
const FIRST: &str = "admin@localhost";

/// Makes a link, which gives `grant` to whoever uses it; answers its path, as in `/console/link/...`.
pub(crate) async fn link(
    store: &Store,
    user: UserId,
    purpose: LinkPurpose,
    grant: Option<(WorkspaceId, Role)>,
    now: Timestamp,
    actor: Actor,
) -> Result<String, Failure> {
    let token = mint_token(Chance);
    let link = NewLink { hash: token.hash, user, purpose, grant, expires_at: now.plus(LINK_LASTS) };
    store.make_link(link, now, actor).await?;
    Ok(format!("/console/link/{}", token.token.show()))
}

/// For a product that nobody has signed in to yet: a link for whoever runs it, who becomes the platform's
/// operator and owns the workspaces there are. `None` when somebody can sign in.
pub(crate) async fn first_link(
    store: &Store,
    fresh: impl FnOnce() -> i64,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let users = store.users(None).await?;
    let actor = || Actor::named("facteur");
    let first = match users.as_slice() {
        [] => {
            let user = NewUser {
                id: UserId::from_key(fresh()),
                email: FIRST.to_owned(),
                name: String::new(),
                language: None,
                platform: Some(PlatformRole::Operator),
            };
            store.create_user(user, now, actor()).await?
        }
        // The link was given out and not used.
        [only] if only.email == FIRST && !only.has_password => only.clone(),
        _ => return Ok(None),
    };
    for workspace in store.directory().await?.workspaces {
        own(store, first.id, workspace.id, now, actor()).await?;
    }
    link(store, first.id, LinkPurpose::Setup, None, now, actor()).await.map(Some)
}

/// Makes somebody an owner.
pub(crate) async fn own(
    store: &Store,
    user: UserId,
    workspace: WorkspaceId,
    now: Timestamp,
    actor: Actor,
) -> Result<(), StoreError> {
    let there = store.user(user).await?;
    if there.is_some_and(|user| user.memberships.contains(&(workspace, Role::Owner))) {
        return Ok(());
    }
    store.set_role(user, workspace, Some(Role::Owner), now, actor).await.map(|_| ())
}
