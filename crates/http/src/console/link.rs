//! Links that let somebody in once. Following one changes nothing, since mail programs follow links too:
//! the page's button uses it up.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::Redacted;
use facteur_gateway::token_hash;
use facteur_store::{Entrance, EntryLink, LinkPurpose, StoreError};

use super::sign_in::new_session;
use super::{Access, Field, Fields, Page, Pages, ROOT, Trouble, mend, password, render, viewer::Guest};
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
    email: Field,
    name: Field,
    password: Field,
    again: Field,
}

impl LinkPage {
    fn new(guest: &Guest, link: Option<EntryLink>, fields: Option<&Fields>, wrong: Option<&str>) -> Self {
        let page = guest.page(match link.as_ref().map(|link| link.purpose) {
            Some(LinkPurpose::SignIn | LinkPurpose::Setup) => "account-link-sign-in",
            Some(LinkPurpose::Invitation) => "account-link-invitation",
            Some(LinkPurpose::Password) => "account-link-password",
            None => "account-link-used",
        });
        let called = link.as_ref().map_or("", |link| link.user.name.as_str());
        let called = fields.map_or(called, |fields| fields.get("name")).to_owned();
        let address = fields.map_or("", |fields| fields.get("email")).to_owned();
        let address_wrong = fields.is_some() && !is_address(&address);
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
            link,
            page,
        }
    }

    /// Whether a password is chosen here.
    fn chooses(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.purpose != LinkPurpose::SignIn)
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

/// Whether a text could be an e-mail address: what is wrong beyond this, its owner finds out.
pub(super) fn is_address(text: &str) -> bool {
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control()) && text.len() <= 254;
    let parts = text.split_once('@').filter(|(local, host)| !local.is_empty() && !host.contains('@'));
    plain
        && parts.is_some_and(|(_, host)| {
            host.split('.').count() > 1 && host.split('.').all(|part| !part.is_empty())
        })
}

async fn find(app: &App, guest: &Guest, token: &str) -> Result<Option<([u8; 32], EntryLink)>, Trouble> {
    let Some(hash) = token_hash(token) else { return Ok(None) };
    let found = app.gateway.store().link(hash, guest.now).await?;
    Ok(found.map(|link| (hash, link)))
}

async fn show(State(app): State<App>, guest: Guest, path: Path<String>) -> Result<Response, Trouble> {
    let found = find(&app, &guest, &path).await?;
    gone_or(LinkPage::new(&guest, found.map(|(_, link)| link), None, None))
}

/// 404 for a link that cannot be used (any more), with what to do.
fn gone_or(view: LinkPage) -> Result<Response, Trouble> {
    let mut response = render(&view)?;
    if view.link.is_none() {
        *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
    }
    Ok(response)
}

async fn enter(
    State(app): State<App>,
    guest: Guest,
    path: Path<String>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let Some((hash, link)) = find(&app, &guest, &path).await? else {
        return gone_or(LinkPage::new(&guest, None, None, None));
    };
    let mut entrance = Entrance::default();
    if link.purpose != LinkPurpose::SignIn {
        let setup = link.purpose == LinkPurpose::Setup;
        let email = if setup { fields.get("email") } else { &link.user.email };
        let wrong = password::problem(fields.raw("password"), fields.raw("again"), email);
        let name = fields.get("name");
        let invited = names(link.purpose);
        entrance.email = setup.then(|| email.to_owned());
        if wrong.is_some()
            || (setup && !is_address(email))
            || (invited && (name.is_empty() || name.chars().count() > NAME_MAX))
        {
            return mend(&LinkPage::new(&guest, Some(link), Some(&fields), wrong));
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
        // Somebody was quicker.
        Err(StoreError::NotFound(_)) => return gone_or(LinkPage::new(&guest, None, None, None)),
        Err(why) => return Err(why.into()),
    }
    let to = if verified { ROOT.to_owned() } else { format!("{ROOT}/sign-in/code") };
    let mut response = guest.go(&to, None);
    response.headers_mut().append(name, value);
    Ok(response)
}
