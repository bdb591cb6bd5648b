//! `facteur admin users`.

use clap::Subcommand;
use facteur_domain::{Redacted, UserId, is_email_address};
use facteur_store::{LinkPurpose, NewUser, PlatformRole, Role, User};
use serde_json::{Value, json};

use super::{Desk, there_are};
use crate::failure::Failure;
use crate::people::{LINK_LASTS, link};

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Add a person; prints a link by which they choose a password.
    Create(Create),
    /// List people, with what they are where.
    List {
        /// Only members of this workspace (id or name).
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Print a link that lets a person in once to choose a new password.
    Link {
        /// Their e-mail address.
        email: String,
    },
    /// Change a member's role, or take it away; for who is no member yet, print a link that gives it.
    Role(SetRole),
    /// Make a person a reviewer or operator of the platform, or neither: at once, for whoever holds the account.
    Platform {
        /// Their e-mail address.
        email: String,
        /// What they are.
        #[arg(value_parser = platform_or_none)]
        role: PlatformWord,
    },
    /// Remove a person's second factor, for who lost their telephone and codes.
    ResetFactor {
        /// Their e-mail address.
        email: String,
    },
    /// Keep a person from signing in; their sessions end.
    Disable {
        /// Their e-mail address.
        email: String,
    },
    /// Let them in again.
    Enable {
        /// Their e-mail address.
        email: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Their e-mail address, by which they sign in.
    email: String,
    /// What they are called.
    #[arg(long, default_value = "")]
    name: String,
    /// A workspace (id or name) that they are to belong to, with `--role`.
    #[arg(long, requires = "role")]
    workspace: Option<String>,
    /// What they are in it.
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// What they are on the platform as a whole.
    #[arg(long, value_parser = platform)]
    platform: Option<PlatformRole>,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetRole {
    /// Their e-mail address.
    email: String,
    /// Id or name; needless when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    /// What they are in it.
    #[arg(long, value_parser = role, required_unless_present = "none")]
    role: Option<Role>,
    /// Nothing any more.
    #[arg(long, conflicts_with = "role")]
    none: bool,
}

/// A role on the platform, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlatformWord(Option<PlatformRole>);

fn role(name: &str) -> Result<Role, String> {
    let names: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
    Role::from_name(name).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn platform(name: &str) -> Result<PlatformRole, String> {
    PlatformRole::from_name(name).ok_or_else(|| "expected reviewer or operator".to_owned())
}

fn platform_or_none(name: &str) -> Result<PlatformWord, String> {
    if name == "none" {
        return Ok(PlatformWord(None));
    }
    platform(name).map(|role| PlatformWord(Some(role))).map_err(|error| format!("{error}, or none"))
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    let (now, actor) = (desk.now, || desk.actor());
    match what {
        What::Create(create) => make(desk, create).await,
        What::List { workspace } => list(desk, workspace.as_deref()).await,
        What::Link { email } => {
            let user = find(desk, &email).await?;
            let path = link(&desk.store, user.id, LinkPurpose::Password, None, now, actor()).await?;
            tell_link(desk, &user, &path);
            Ok(())
        }
        What::Role(set) => {
            let (user, workspace) =
                (find(desk, &set.email).await?, desk.workspace(set.workspace.as_deref())?);
            let member = user.memberships.iter().any(|(id, _)| *id == workspace);
            if let (Some(role), false) = (set.role, member) {
                // Whoever holds the account of an address need not be who is meant: a role comes by a link.
                let (purpose, grant) = (LinkPurpose::Invitation, Some((workspace, role)));
                let path = link(&desk.store, user.id, purpose, grant, now, actor()).await?;
                tell_link(desk, &user, &path);
                return Ok(());
            }
            let user = desk.store.set_role(user.id, workspace, set.role, now, actor()).await?;
            told(desk, &user);
            Ok(())
        }
        What::Platform { email, role } => {
            let user = find(desk, &email).await?;
            told(desk, &desk.store.set_platform_role(user.id, role.0, now, actor()).await?);
            Ok(())
        }
        What::ResetFactor { email } => {
            let user = find(desk, &email).await?;
            desk.store.set_totp(user.id, Redacted::new(None), Vec::new(), now, actor()).await?;
            told(desk, &find(desk, &email).await?);
            Ok(())
        }
        What::Disable { email } => switch(desk, &email, true).await,
        What::Enable { email } => switch(desk, &email, false).await,
    }
}

async fn switch(desk: &Desk, email: &str, disabled: bool) -> Result<(), Failure> {
    let user = find(desk, email).await?;
    told(desk, &desk.store.disable_user(user.id, disabled, desk.now, desk.actor()).await?);
    Ok(())
}

async fn make(desk: &Desk, create: Create) -> Result<(), Failure> {
    if !is_email_address(create.email.trim()) {
        return Err(Failure::new(format!("{} is no e-mail address", create.email)));
    }
    let workspace = match create.role {
        Some(role) => Some((desk.workspace(create.workspace.as_deref())?, role)),
        None => None,
    };
    let user = NewUser {
        id: UserId::from_key(desk.fresh_key()),
        email: create.email,
        name: create.name,
        language: None,
        platform: create.platform,
    };
    let mut user = desk.store.create_user(user, desk.now, desk.actor()).await?;
    if let Some((workspace, role)) = workspace {
        user = desk.store.set_role(user.id, workspace, Some(role), desk.now, desk.actor()).await?;
    }
    let path = link(&desk.store, user.id, LinkPurpose::Invitation, None, desk.now, desk.actor()).await?;
    tell_link(desk, &user, &path);
    Ok(())
}

async fn list(desk: &Desk, workspace: Option<&str>) -> Result<(), Failure> {
    let only = workspace.map(|named| desk.workspace(Some(named))).transpose()?;
    let users = desk.store.users(only).await?;
    let rows: Vec<Value> = users.iter().map(|user| row(desk, user)).collect();
    desk.output.table(&rows, &["email", "name", "roles", "platform", "second_factor", "disabled_at"]);
    Ok(())
}

async fn find(desk: &Desk, email: &str) -> Result<User, Failure> {
    if let Some(found) = desk.store.credentials(email.to_owned()).await? {
        return Ok(found.user);
    }
    let users = desk.store.users(None).await?;
    let cure = there_are(users.into_iter().map(|user| user.email), "users");
    Err(Failure::new(format!("no user {email}")).cure(cure))
}

fn tell_link(desk: &Desk, user: &User, path: &str) {
    let mut told = row(desk, user);
    told["link"] = Value::from(path);
    desk.output.say(&told, || {
        let hours = LINK_LASTS.as_secs() / 3600;
        format!("for {}, once, within {hours} hours, at the console's address:\n{path}", user.email)
    });
}

fn told(desk: &Desk, user: &User) {
    let row = row(desk, user);
    let roles = row["roles"].as_str().unwrap_or_default().to_owned();
    desk.output.say(&row, || format!("{}: {roles}", user.email));
}

fn row(desk: &Desk, user: &User) -> Value {
    let roles = user.memberships.iter();
    let roles =
        roles.map(|(workspace, role)| format!("{} in {}", role.as_str(), desk.workspace_name(*workspace)));
    json!({
        "id": user.id.to_string(),
        "email": user.email,
        "name": user.name,
        "roles": roles.collect::<Vec<_>>().join(", "),
        "platform": user.platform.map(PlatformRole::as_str),
        "second_factor": user.has_totp,
        "created_at": user.created_at.to_string(),
        "disabled_at": user.disabled_at.map(|at| at.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::*;

    #[tokio::test]
    async fn a_person_is_added_made_more_and_kept_out() {
        let scratch = Scratch::new().await;
        let desk = &scratch.desk;
        let create = Create {
            email: "Claire@Exemple.fr".to_owned(),
            name: "Claire".to_owned(),
            workspace: None,
            role: Some(Role::Owner),
            platform: None,
        };
        run(desk, What::Create(create)).await.expect("added");
        let email = || "claire@exemple.fr".to_owned();
        let set = SetRole { email: email(), workspace: None, role: Some(Role::Support), none: false };
        assert!(run(desk, What::Role(set)).await.is_err(), "the last owner stays");
        run(desk, What::Platform { email: email(), role: PlatformWord(Some(PlatformRole::Reviewer)) })
            .await
            .expect("raised");
        run(desk, What::Disable { email: email() }).await.expect("disabled");
        let claire = find(desk, "claire@exemple.fr").await.expect("there");
        assert_eq!((claire.platform, claire.disabled_at), (Some(PlatformRole::Reviewer), Some(desk.now)));
        assert!(run(desk, What::Link { email: email() }).await.is_err(), "no link for who is kept out");
        assert!(find(desk, "nobody@exemple.fr").await.is_err());
    }
}
