//! Signing in with an e-mail address and a password. Whoever is wrong, about whichever of the two, hears the
//! same after the same work.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use facteur_domain::{EMAIL_MAX, SessionId, UserId};
use facteur_gateway::{Chance, mint_token};
use facteur_store::{NewSession, Session};

use super::cookie::Kind;
use super::{
    Access, Field, Fields, Page, Pages, ROOT, Trouble, Viewer, render, viewer::Guest, viewer::next_page,
};
use crate::app::App;
use crate::sign_ins::Secret;

/// How long the second factor is awaited.
const HALF_WAY: std::time::Duration = std::time::Duration::from_secs(10 * 60);

/// How long a browser is known, in seconds: half a year.
const KNOWN_SECONDS: i64 = 180 * 24 * 3600;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/sign-in", Access::Anyone, get(show).post(enter));
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    next: String,
    email: Field,
    password: Field,
    wrong: Option<String>,
}

impl SignIn {
    fn new(guest: &Guest, fields: &Fields, wrong: Option<&str>) -> Self {
        let page = guest.page("account-sign-in");
        Self {
            next: next_page(fields.get("next")).unwrap_or_default(),
            email: Field::new(&page, "email", "account-email")
                .of("email")
                .autocomplete("username")
                .value(fields.get("email")),
            password: Field::new(&page, "password", "account-password")
                .of("password")
                .autocomplete("current-password"),
            wrong: wrong.map(|key| page.t(key)),
            page,
        }
    }
}

async fn show(
    guest: Guest,
    viewer: Option<axum::Extension<Viewer>>,
    fields: Fields,
) -> Result<Response, Trouble> {
    if viewer.is_some() {
        let next = next_page(fields.get("next")).unwrap_or_else(|| ROOT.to_owned());
        return Ok(Redirect::to(&next).into_response());
    }
    render(&SignIn::new(&guest, &fields, None))
}

async fn enter(
    State(app): State<App>,
    guest: Guest,
    viewer: Option<axum::Extension<Viewer>>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let account = fields.get("email").to_lowercase();
    if account.len() > EMAIL_MAX {
        // Nobody's: nothing to look up, and nothing to keep.
        let fields = fields.without("email");
        let mut response = render(&SignIn::new(&guest, &fields, Some("account-wrong")))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let origin = app.sign_ins.origin(&account, guest.mark.as_deref(), guest.ip);
    if !app.sign_ins.take(&account, Secret::Password, origin, guest.now) {
        let mut response = render(&SignIn::new(&guest, &fields, Some("account-too-many")))?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(response);
    }
    let found = app.gateway.store().credentials(account.clone()).await?;
    let hash = found.as_ref().and_then(|found| found.password.show().clone());
    let right = app.passwords.verify(fields.raw("password"), hash).await?;
    let Some(found) = found.filter(|found| right && found.user.disabled_at.is_none()) else {
        let mut response = render(&SignIn::new(&guest, &fields, Some("account-wrong")))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    };
    app.sign_ins.forgive(&account, Secret::Password, origin);
    let next = next_page(fields.get("next")).unwrap_or_else(|| ROOT.to_owned());
    let verified = !found.user.has_totp;
    let replaces = viewer.map(|viewer| viewer.session.id);
    let way = Way { user: found.user.id, email: &found.user.email, verified, replaces };
    let cookie = open(&app, &guest, way).await?;
    let to =
        if verified { next } else { format!("{ROOT}/sign-in/code?next={}", super::form::escaped(&next)) };
    let mut response = guest.go(&to, None);
    response.headers_mut().append(cookie.0, cookie.1);
    if verified {
        let (name, value) = known(&app, &guest, &account);
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// The cookie by which a browser is known to have signed in to an account.
pub(super) fn known(
    app: &App,
    guest: &Guest,
    account: &str,
) -> (axum::http::HeaderName, axum::http::HeaderValue) {
    Kind::Known.set(&app.sign_ins.mark(account), guest.secure, Some(KNOWN_SECONDS))
}

/// Whose session is opened, and how.
pub(super) struct Way<'a> {
    pub(super) user: UserId,
    pub(super) email: &'a str,
    /// Whether the second factor was shown, or none is needed.
    pub(super) verified: bool,
    /// The browser's session so far.
    pub(super) replaces: Option<SessionId>,
}

/// A session to open, with a token that nobody knew before, and the cookie that carries it.
pub(super) fn new_session(
    app: &App,
    guest: &Guest,
    verified: bool,
    replaces: Option<SessionId>,
) -> (NewSession, (axum::http::HeaderName, axum::http::HeaderValue)) {
    let token = mint_token(Chance);
    let lasts = if verified { app.options.session_max } else { HALF_WAY };
    let session = NewSession {
        id: SessionId::from_key(app.gateway.new_key()),
        hash: token.hash,
        verified,
        expires_at: guest.now.plus(lasts),
        address: guest.address.clone(),
        agent: guest.agent.clone(),
        replaces,
    };
    let seconds = i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX);
    (session, Kind::Session.set(token.token.show(), guest.secure, Some(seconds)))
}

/// Opens a session; answers the cookie that carries it.
pub(super) async fn open(
    app: &App,
    guest: &Guest,
    way: Way<'_>,
) -> Result<(axum::http::HeaderName, axum::http::HeaderValue), Trouble> {
    let (session, cookie) = new_session(app, guest, way.verified, way.replaces);
    let opened = app.gateway.store().open_session(way.user, session, guest.now, guest.actor(way.email));
    let Session { .. } = opened.await?;
    Ok(cookie)
}
