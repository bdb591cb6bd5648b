//! Settings > Members: who works in the workspace, what they may do there, and how they come in.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::{EMAIL_MAX, Timestamp, UserId, WorkspaceId, is_email_address};
use facteur_gateway::{Chance, mint_token};
use facteur_store::{Invitation as Invited, LinkPurpose, NewLink, NewUser, Role, StoreError, User};

use super::confirm::Confirm;
use super::permission::{Permission as P, may};
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, ROOT, Trouble, mend, render};
use crate::app::App;

/// How long an invitation can be used.
const INVITED_FOR: Duration = Duration::from_hours(7 * 24);
/// How long a link to choose a password can be used.
const PASSWORD_FOR: Duration = Duration::from_hours(24);

pub(super) fn mount(pages: &mut Pages<'_>) {
    let manage = Permission::ManageMembers;
    pages.member("/settings/members", manage, get(list));
    pages.member("/settings/members/invite", manage, get(new).post(invite));
    pages.member("/settings/members/{user}/withdraw", manage, post(withdraw));
    pages.member("/settings/members/{user}/role", manage, post(change_role));
    pages.member("/settings/members/{user}/link", manage, post(link));
    pages.member("/settings/members/{user}/remove", manage, get(ask).post(remove));
}

struct Row {
    user: User,
    role: Role,
    /// The viewer.
    me: bool,
    /// Nobody else is an owner.
    last: bool,
}

#[derive(Template)]
#[template(path = "members.html")]
struct Members {
    page: Page,
    rows: Vec<Row>,
    /// Who was invited and has not come.
    invited: Vec<Invited>,
    now: Timestamp,
    /// What each role may do, as rows of a table.
    table: Vec<(P, Vec<bool>)>,
}

#[derive(Template)]
#[template(path = "member_invite.html")]
struct InvitationForm {
    page: Page,
    email: Field,
    role: Field,
}

/// A link to hand on.
#[derive(Template)]
#[template(path = "member_link.html")]
pub(super) struct Link {
    pub(super) page: Page,
    pub(super) email: String,
    pub(super) url: String,
    pub(super) invitation: bool,
    pub(super) back: String,
}

/// What the table of roles tells.
const TOLD: [P; 10] = [
    P::See,
    P::Send,
    P::Reply,
    P::Export,
    P::ManageSenders,
    P::ManageConsents,
    P::ManageProfile,
    P::ManageKeys,
    P::ManageMembers,
    P::SeeAudit,
];

/// A permission's word, as its sentence is called.
const fn word(what: &P) -> &'static str {
    match what {
        P::See => "see",
        P::Send => "send",
        P::Reply => "reply",
        P::Export => "export",
        P::ManageSenders => "senders",
        P::ManageConsents => "consents",
        P::ManageProfile => "profile",
        P::ManageKeys => "keys",
        P::ManageMembers => "members",
        P::SeeAudit => "audit",
    }
}

async fn rows(app: &App, member: &Member) -> Result<Vec<Row>, Trouble> {
    let users = app.gateway.store().users(Some(member.workspace())).await?;
    let role_of = |user: &User| {
        user.memberships.iter().find(|(id, _)| *id == member.workspace()).map(|(_, role)| *role)
    };
    let owners = users.iter().filter(|user| role_of(user) == Some(Role::Owner)).count();
    let row = |user: User| {
        let role = role_of(&user)?;
        let (me, last) = (user.id == member.user.id, role == Role::Owner && owners == 1);
        Some(Row { user, role, me, last })
    };
    Ok(users.into_iter().filter_map(row).collect())
}

async fn list(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let rows = rows(&app, &member).await?;
    let allowed = |what| Role::ALL.iter().map(|role| may(*role, what)).collect();
    let table = TOLD.into_iter().map(|what| (what, allowed(what))).collect();
    let invited = app.gateway.store().invitations(member.workspace()).await?;
    let (page, now) = (member.page("members-title"), member.guest.now);
    render(&Members { page, rows, invited, now, table })
}

fn roles(page: &Page) -> Vec<(String, String)> {
    let named = |role: Role| (role.as_str().to_owned(), page.word("common-role", role.as_str()));
    Role::ALL.map(named).to_vec()
}

impl InvitationForm {
    fn new(member: &Member, fields: Option<&Fields>, wrong: Option<&str>) -> Self {
        let page = member.page("members-invite");
        Self {
            email: Field::new(&page, "email", "members-email")
                .of("email")
                .maximum(EMAIL_MAX)
                .value(fields.map_or("", |fields| fields.get("email")))
                .error(wrong.map(|key| page.t(key))),
            role: Field::new(&page, "role", "members-role")
                .choice(roles(&page))
                .value(fields.map_or(Role::ReadOnly.as_str(), |fields| fields.get("role"))),
            page,
        }
    }
}

async fn new(member: Member) -> Result<Response, Trouble> {
    render(&InvitationForm::new(&member, None, None))
}

async fn invite(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let email = fields.get("email").to_lowercase();
    let role = Role::from_name(fields.get("role")).ok_or(Trouble::Malformed)?;
    if !is_email_address(&email) {
        return mend(&InvitationForm::new(&member, Some(&fields), Some("members-email-wrong")));
    }
    if rows(&app, &member).await?.iter().any(|row| row.user.email == email) {
        return mend(&InvitationForm::new(&member, Some(&fields), Some("members-already")));
    }
    let user = find_or_add(&app, &member, &email).await?;
    hand_on(&app, &member, user, role).await
}

/// A link by which somebody becomes a member. Whether the address has an account makes no difference here: the
/// role is given to whoever uses the link, in that account.
async fn hand_on(app: &App, member: &Member, user: User, role: Role) -> Result<Response, Trouble> {
    let link = Made::invitation(&user, member.workspace(), role);
    let url = make_link(app, link, member.actor()).await?;
    let (page, back) = (member.page("members-invited"), member.link("/settings/members"));
    render(&Link { page, email: user.email, url, invitation: true, back })
}

async fn withdraw(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let id: UserId = id.parse().map_err(|_| Trouble::NotFound)?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    let invited = store.invitations(member.workspace()).await?;
    let invited = invited.into_iter().find(|invited| invited.user == id).ok_or(Trouble::NotFound)?;
    store.withdraw_invitation(id, member.workspace(), now, member.actor()).await?;
    Ok(member.go(&member.link("/settings/members"), Flash::done("members-withdrawn", invited.email)))
}

/// Somebody of this address, who may belong to other workspaces already.
pub(super) async fn find_or_add(app: &App, viewer: &super::Viewer, email: &str) -> Result<User, Trouble> {
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    if let Some(there) = store.credentials(email.to_owned()).await? {
        return Ok(there.user);
    }
    let user = NewUser {
        id: UserId::from_key(app.gateway.new_key()),
        email: email.to_owned(),
        name: String::new(),
        language: Some(viewer.lang().code().to_owned()),
        platform: None,
    };
    Ok(store.create_user(user, now, viewer.actor()).await?)
}

/// A link to make.
pub(super) struct Made {
    user: UserId,
    purpose: LinkPurpose,
    grant: Option<(WorkspaceId, Role)>,
    lasts: Duration,
}

impl Made {
    /// By which somebody becomes a member.
    pub(super) const fn invitation(user: &User, workspace: WorkspaceId, role: Role) -> Self {
        let grant = Some((workspace, role));
        Self { user: user.id, purpose: LinkPurpose::Invitation, grant, lasts: INVITED_FOR }
    }
}

/// A fresh link, as it is handed on.
pub(super) async fn make_link(app: &App, made: Made, actor: facteur_store::Actor) -> Result<String, Trouble> {
    let (store, now) = (app.gateway.store(), app.gateway.now());
    let token = mint_token(Chance);
    let Made { user, purpose, grant, lasts } = made;
    let link = NewLink { hash: token.hash, user, purpose, grant, expires_at: now.plus(lasts) };
    store.make_link(link, now, actor).await.map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("members-disabled"),
        other => other.into(),
    })?;
    let base = app.options.base_url.clone().unwrap_or_default();
    Ok(format!("{base}{ROOT}/link/{}", token.token.show()))
}

async fn find(app: &App, member: &Member, id: &str) -> Result<Row, Trouble> {
    let id: UserId = id.parse().map_err(|_| Trouble::NotFound)?;
    rows(app, member).await?.into_iter().find(|row| row.user.id == id).ok_or(Trouble::NotFound)
}

async fn set_role(app: &App, member: &Member, row: &Row, role: Option<Role>) -> Result<(), Trouble> {
    let (store, now) = (app.gateway.store(), member.guest.now);
    let set = store.set_role(row.user.id, member.workspace(), role, now, member.actor()).await;
    set.map(|_| ()).map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("members-last-owner"),
        other => other.into(),
    })
}

async fn change_role(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    let role = Role::from_name(fields.get("role")).ok_or(Trouble::Malformed)?;
    set_role(&app, &member, &row, Some(role)).await?;
    let to = if row.me { ROOT.to_owned() } else { member.link("/settings/members") };
    Ok(member.go(&to, Flash::done("members-role-changed", row.user.email)))
}

/// A link for somebody who cannot come in: their invitation again, or to choose another password.
async fn link(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    // Whoever belongs to other workspaces too, or to the platform, is not this owner's to let in.
    if row.user.memberships.len() > 1 || row.user.platform.is_some() {
        return Err(Trouble::Conflict("members-elsewhere-too"));
    }
    if !row.user.has_password {
        return hand_on(&app, &member, row.user, row.role).await;
    }
    let made = Made { user: row.user.id, purpose: LinkPurpose::Password, grant: None, lasts: PASSWORD_FOR };
    let url = make_link(&app, made, member.actor()).await?;
    let (page, back) = (member.page("members-password-link"), member.link("/settings/members"));
    render(&Link { page, email: row.user.email, url, invitation: false, back })
}

async fn ask(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    if row.last {
        return Err(Trouble::Conflict("members-last-owner"));
    }
    let page = member.page("members-remove-question");
    let mut consequences = vec![page.t("members-remove-at-once"), page.t("members-remove-kept")];
    if row.me {
        consequences.push(page.t("members-remove-me"));
    }
    render(&Confirm {
        what: page.t2("members-remove-what", "email", &row.user.email, "workspace", member.workspace_name()),
        consequences,
        action: member.link(&format!("/settings/members/{}/remove", row.user.id)),
        button: page.t("members-remove"),
        back: member.link("/settings/members"),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn remove(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let row = find(&app, &member, &id).await?;
    set_role(&app, &member, &row, None).await?;
    let to = if row.me { ROOT.to_owned() } else { member.link("/settings/members") };
    Ok(member.go(&to, Flash::done("members-removed", row.user.email)))
}
