//! One's own account: name, language, time zone, password, second factor, sessions.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::SessionId;
use facteur_store::Session;
use jiff::tz::TimeZone;

use super::lang::Lang;
use super::link::NAME_MAX;
use super::second_factor::confirmed;
use super::{
    Access, Field, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, format, mend, password, render,
};
use crate::app::App;

/// Zones in which people of a French company work.
const ZONES: [&str; 12] = [
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
    "America/Miquelon",
    "Africa/Casablanca",
    "UTC",
];

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/account", Access::SignedIn, get(show).post(save));
    pages.add("/account/password", Access::SignedIn, post(change_password));
    pages.add("/account/sessions/end-others", Access::SignedIn, post(end_others));
    pages.add("/account/sessions/{id}/end", Access::SignedIn, post(end));
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    page: Page,
    viewer: Viewer,
    name: Field,
    language: Field,
    zone: Field,
    current: Field,
    new: Field,
    again: Field,
    confirm: Field,
    sessions: Vec<Session>,
}

/// What is wrong with a form of the page.
#[derive(Default)]
struct Wrong {
    name: Option<&'static str>,
    current: Option<&'static str>,
    new: Option<&'static str>,
}

impl Account {
    async fn new(app: &App, viewer: &Viewer, wrong: Wrong) -> Result<Self, Trouble> {
        let page = viewer.page("account-title");
        let sessions = app.gateway.store().sessions(viewer.user.id, viewer.guest.now).await?;
        let user = &viewer.user;
        let told = |key: Option<&'static str>| key.map(|key| page.t(key));
        let password = |name, label, autocomplete| {
            Field::new(&page, name, label).of("password").autocomplete(autocomplete)
        };
        let own = user.zone.as_deref().unwrap_or(format::PARIS);
        let mut zones: Vec<&str> = ZONES.to_vec();
        if !zones.contains(&own) {
            zones.insert(0, own);
        }
        Ok(Self {
            name: Field::new(&page, "name", "account-name")
                .autocomplete("name")
                .maximum(NAME_MAX)
                .value(&user.name)
                .error(told(wrong.name)),
            language: Field::new(&page, "language", "account-language")
                .choice([
                    ("", page.t("account-language-browser")),
                    ("fr", "Français".to_owned()),
                    ("en", "English".to_owned()),
                ])
                .value(user.language.clone().unwrap_or_default())
                .optional(),
            zone: Field::new(&page, "zone", "account-zone")
                .choice(zones.into_iter().map(|zone| (zone, zone.replace('_', " "))))
                .value(own),
            current: password("current", "account-current-password", "current-password")
                .error(told(wrong.current)),
            new: password("new", "account-new-password", "new-password").error(told(wrong.new)),
            again: password("again", "account-password-again", "new-password"),
            confirm: password("password", "account-current-password", "current-password"),
            sessions,
            viewer: viewer.clone(),
            page,
        })
    }
}

async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    render(&Account::new(&app, &viewer, Wrong::default()).await?)
}

async fn save(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    let name = fields.get("name");
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        let wrong = Wrong { name: Some("account-name-missing"), ..Wrong::default() };
        return mend(&Account::new(&app, &viewer, wrong).await?);
    }
    let language = fields.some("language");
    let zone = fields.some("zone");
    let fine = language.as_deref().is_none_or(|code| Lang::from_code(code).is_some())
        && zone.as_deref().is_none_or(|name| TimeZone::get(name).is_ok());
    if !fine {
        return Err(Trouble::Malformed);
    }
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    store.change_user(viewer.user.id, name.to_owned(), language, zone, now, viewer.actor()).await?;
    Ok(viewer.go(&format!("{ROOT}/account"), Flash::done("account-saved", "")))
}

async fn change_password(
    State(app): State<App>,
    viewer: Viewer,
    fields: Fields,
) -> Result<Response, Trouble> {
    let mut wrong = Wrong::default();
    if !confirmed(&app, &viewer, fields.raw("current")).await? {
        wrong.current = Some("account-password-wrong");
    }
    wrong.new = password::problem(fields.raw("new"), fields.raw("again"), &viewer.user.email);
    if wrong.current.is_some() || wrong.new.is_some() {
        return mend(&Account::new(&app, &viewer, wrong).await?);
    }
    let hash = app.passwords.hash(fields.raw("new")).await?;
    let (store, now, keep) = (app.gateway.store(), viewer.guest.now, Some(viewer.session.id));
    store.set_password(viewer.user.id, hash, keep, now, viewer.actor()).await?;
    Ok(viewer.go(&format!("{ROOT}/account"), Flash::done("account-password-saved", "")))
}

async fn end_others(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    let ended = store.end_other_sessions(viewer.user.id, viewer.session.id, now, viewer.actor()).await?;
    Ok(viewer.go(&format!("{ROOT}/account"), Flash::done("account-sessions-ended", ended.to_string())))
}

async fn end(State(app): State<App>, viewer: Viewer, Path(id): Path<String>) -> Result<Response, Trouble> {
    let id: SessionId = id.parse().map_err(|_| Trouble::NotFound)?;
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    if store.end_session(viewer.user.id, id, now, viewer.actor()).await? == 0 {
        return Err(Trouble::NotFound);
    }
    Ok(viewer.go(&format!("{ROOT}/account"), Flash::done("account-session-ended", "")))
}
