//! Where the console begins, and what concerns no page in particular: the look, the way out.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use super::cookie::Kind;
use super::{
    Access, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, first, nav, render, viewer::Guest,
    viewer::next_page,
};
use crate::app::App;
use askama::Template;
use facteur_store::PlatformRole;

/// How long the choice of a look is kept, in seconds: a year.
const THEME_SECONDS: i64 = 365 * 24 * 3600;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("", Access::SignedIn, get(begin));
    pages.add("/theme", Access::Anyone, post(theme));
    pages.add("/sign-out", Access::SignedIn, post(sign_out));
}

/// `/` is the console's.
pub(super) async fn to_console() -> Redirect {
    Redirect::to(ROOT)
}

#[derive(Template)]
#[template(path = "home.html")]
struct NoWorkspace {
    page: Page,
}

/// To the viewer's first workspace, or to the platform's pages; where there is no workspace at all, to make
/// one.
async fn begin(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    if first::is_needed(&app, &viewer) {
        return Ok(Redirect::to(&format!("{ROOT}{}", first::FIRST)).into_response());
    }
    if let Some(place) = viewer.places.first() {
        return Ok(Redirect::to(&nav::first(place)).into_response());
    }
    if viewer.is(PlatformRole::Reviewer) {
        return Ok(Redirect::to(&format!("{ROOT}/platform")).into_response());
    }
    render(&NoWorkspace { page: viewer.page("account-no-workspace") })
}

async fn theme(guest: Guest, fields: Fields) -> Response {
    let back = next_page(fields.get("back")).unwrap_or_else(|| ROOT.to_owned());
    let mut response = guest.go(&back, None);
    let (value, seconds) = match fields.get("theme") {
        theme @ ("light" | "dark") => (theme, THEME_SECONDS),
        _ => ("", 0),
    };
    let (name, value) = Kind::Theme.set(value, guest.secure, Some(seconds));
    response.headers_mut().append(name, value);
    response
}

async fn sign_out(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    store.end_session(viewer.user.id, viewer.session.id, now, viewer.actor()).await?;
    let mut response = viewer.go(&format!("{ROOT}/sign-in"), Flash::done("account-signed-out", ""));
    let (name, value) = Kind::Session.set("", viewer.guest.secure, Some(0));
    response.headers_mut().append(name, value);
    Ok(response)
}
