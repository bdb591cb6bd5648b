//! Links that let somebody in once. Following one changes nothing, since mail programs follow links too:
//! the page's button uses it up.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Redacted, is_email_address};
use facteur_gateway::token_hash;
use facteur_store::{Entrance, EntryLink, LinkPurpose, StoreError};

use super::sign_in::{known, new_session};
use super::{
    Access, Field, Fields, Page, Pages, ROOT, Trouble, Viewer, form::escaped, mend, password, render,
    viewer::Guest,
};
use crate::app::App;

/// The longest name, in characters.
pub(super) const NAME_MAX: usize = 100;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/link/{token}", Access::Anyone, get(show).post(enter));
}

/// A link that can be used, or one that cannot: the same page.
#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    page: Page,
    link: Option<EntryLink>,
    /// The workspace that an invitation leads to.
    workspace: String,
    /// Who is signed in.
    viewer: Option<Viewer>,
    email: Field,
    name: Field,
    password: Field,
    again: Field,
}

impl LinkPage {
    fn new(way: &Way<'_>, link: Option<EntryLink>, fields: Option<&Fields>, wrong: Option<&str>) -> Self {
        let (app, guest) = (way.app, way.guest);
        let workspace = link.as_ref().and_then(|link| link.grant).map(|(workspace, _)| workspace);
        let page = guest.page(match link.as_ref().map(|link| link.purpose) {
            Some(LinkPurpose::SignIn | LinkPurpose::Setup) => "account-link-sign-in",
            Some(LinkPurpose::Invitation) => "account-link-invitation",
            Some(LinkPurpose::Password) => "account-link-password",
            None => "account-link-used",
        });
        let called = link.as_ref().map_or("", |link| link.user.name.as_str());
        let called = fields.map_or(called, |fields| fields.get("name")).to_owned();
        let address = fields.map_or("", |fields| fields.get("email")).to_owned();
        let address_wrong = fields.is_some() && !is_email_address(&address);
        let name_wrong = fields.is_some() && called.is_empty();
        Self {
            email: Field::new(&page, "email", "account-email")
                .of("email")
                .autocomplete("username")
                .value(address)
                .error(address_wrong.then(|| page.t("account-email-wrong"))),
            name: Field::new(&page, "name", "account-name")
                .autocomplete("name")
                .maximum(NAME_MAX)
                .value(called)
                .error(name_wrong.then(|| page.t("account-name-missing"))),
            password: Field::new(&page, "password", "account-new-password")
                .of("password")
                .autocomplete("new-password")
                .error(wrong.map(|key| page.t(key))),
            again: Field::new(&page, "again", "account-password-again")
                .of("password")
                .autocomplete("new-password"),
            workspace: workspace.and_then(|id| app.gateway.workspace_name(id)).unwrap_or_default(),
            viewer: way.viewer.cloned(),
            link,
            page,
        }
    }

    /// Whether a password is chosen here.
    fn chooses(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.purpose != LinkPurpose::SignIn)
    }

    /// Whether the one it is for is signed in.
    fn is_theirs(&self) -> bool {
        let theirs =
            |link: &EntryLink| self.viewer.as_ref().is_some_and(|viewer| viewer.user.id == link.user.id);
        self.link.as_ref().is_some_and(theirs)
    }

    /// The way to sign in and back.
    fn sign_in(&self) -> String {
        format!("{ROOT}/sign-in?next={}", escaped(&self.page.path))
    }

    fn is_setup(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.purpose == LinkPurpose::Setup)
    }

    fn names(&self) -> bool {
        self.link.as_ref().is_some_and(|link| names(link.purpose))
    }
}

/// Whether a name is chosen with a link of this purpose.
fn names(purpose: LinkPurpose) -> bool {
    matches!(purpose, LinkPurpose::Setup | LinkPurpose::Invitation)
}

/// Who follows a link, and where.
struct Way<'a> {
    app: &'a App,
    guest: &'a Guest,
    viewer: Option<&'a Viewer>,
}

async fn find(way: &Way<'_>, token: &str) -> Result<Option<([u8; 32], EntryLink)>, Trouble> {
    let Some(hash) = token_hash(token) else { return Ok(None) };
    let found = way.app.gateway.store().link(hash, way.guest.now).await?;
    Ok(found.map(|link| (hash, link)))
}

async fn show(
    State(app): State<App>,
    guest: Guest,
    viewer: Option<Extension<Viewer>>,
    path: Path<String>,
) -> Result<Response, Trouble> {
    let way = Way { app: &app, guest: &guest, viewer: viewer.as_deref() };
    let found = find(&way, &path).await?;
    gone_or(LinkPage::new(&way, found.map(|(_, link)| link), None, None))
}

/// 404 for a link that cannot be used (any more), with what to do.
fn gone_or(view: LinkPage) -> Result<Response, Trouble> {
    let mut response = render(&view)?;
    if view.link.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

async fn enter(
    State(app): State<App>,
    guest: Guest,
    viewer: Option<Extension<Viewer>>,
    path: Path<String>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let way = Way { app: &app, guest: &guest, viewer: viewer.as_deref() };
    let Some((hash, link)) = find(&way, &path).await? else {
        return gone_or(LinkPage::new(&way, None, None, None));
    };
    if !link.lets_in() {
        return join(&way, hash, link).await;
    }
    let mut entrance = Entrance::default();
    let setup = link.purpose == LinkPurpose::Setup;
    if link.purpose != LinkPurpose::SignIn {
        let email = if setup { fields.get("email") } else { &link.user.email };
        let wrong = password::problem(fields.raw("password"), fields.raw("again"), email);
        let name = fields.get("name");
        let invited = names(link.purpose);
        entrance.email = setup.then(|| email.to_owned());
        if wrong.is_some()
            || (setup && !is_email_address(email))
            || (invited && (name.is_empty() || name.chars().count() > NAME_MAX))
        {
            return mend(&LinkPage::new(&way, Some(link), Some(&fields), wrong));
        }
        entrance.name = invited.then(|| name.to_owned());
        entrance.password =
            Redacted::new(Some(app.passwords.hash(fields.raw("password")).await?.into_inner()));
    }
    // A link stands for the password, not for the second factor.
    let verified = !link.user.has_totp;
    let (session, (name, value)) = new_session(&app, &guest, verified, None);
    let actor = guest.actor(&link.user.email);
    match app.gateway.store().enter_by_link(hash, entrance, session, guest.now, actor).await {
        Ok(_) => {}
        // Somebody was quicker: with the same link, or with another that gave the account a password.
        Err(StoreError::NotFound(_)) => return gone_or(LinkPage::new(&way, None, None, None)),
        Err(StoreError::Conflict(_)) => return Ok(guest.go(&guest.path, None)),
        Err(why) => return Err(why.into()),
    }
    let to = if verified { ROOT.to_owned() } else { format!("{ROOT}/sign-in/code") };
    let mut response = guest.go(&to, None);
    response.headers_mut().append(name, value);
    if verified && !setup {
        let (name, value) = known(&app, &guest, &link.user.email);
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Gives what an invitation promises to the one it is for, who is signed in; tells everybody else to sign in.
async fn join(way: &Way<'_>, hash: [u8; 32], link: EntryLink) -> Result<Response, Trouble> {
    let theirs = way.viewer.filter(|viewer| viewer.user.id == link.user.id);
    let (Some(viewer), Some((workspace, _))) = (theirs, link.grant) else {
        let mut response = render(&LinkPage::new(way, Some(link), None, None))?;
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    };
    match way.app.gateway.store().join_by_link(hash, viewer.user.id, way.guest.now, viewer.actor()).await {
        Ok(_) => Ok(way.guest.go(&format!("{ROOT}/{workspace}"), None)),
        Err(StoreError::NotFound(_)) => gone_or(LinkPage::new(way, None, None, None)),
        Err(why) => Err(why.into()),
    }
}
