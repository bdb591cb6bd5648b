//! What happens to every request for a page before and after its handler: who asks, whether they may, the
//! page within a time, and the headers that keep it to itself.

use std::pin::pin;

use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use facteur_domain::{Timestamp, WorkspaceId};
use facteur_gateway::token_hash;
use facteur_store::{Session, User};
use tower_http::csrf::ProtectionError;

use super::cookie::Kind;
use super::permission::may;
use super::trouble::{self, Trouble};
use super::viewer::{Guest, Member, Place, Viewer};
use super::{Access, Page, ROOT};
use crate::app::App;
use crate::endpoint::{Access as ApiAccess, Endpoint};
use crate::panics::caught;

/// What a page may load and where its forms may go: ourselves alone, no script or style in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A session that is used is written down once in this many milliseconds.
const SEEN_EVERY: i64 = 60_000;

/// What requests for pages are counted as.
static PAGES: Endpoint =
    Endpoint { method: "ANY", path: "/console", description: "", access: ApiAccess::Open };

/// What the guard of a page knows.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) app: App,
    pub(super) access: Access,
}

/// The guard of every page.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    answer(&guard, request, async |request| next.run(request).await).await
}

/// Answers a request by `handler`, if whoever asks may.
pub(super) async fn answer(
    guard: &Guard,
    request: Request,
    handler: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let app = &guard.app;
    let started = app.gateway.clock().instant();
    let id = app.ids.of(request.headers());
    let (mut parts, body) = request.into_parts();
    let guest = Guest::of(&parts, app);
    let method = parts.method.clone();
    let known = match who(app, &guest, &parts.headers).await {
        Ok(known) => known,
        Err(trouble) => {
            let page = guest.page("common-error");
            return finish(app, trouble.draw(page, id.to_str().unwrap_or_default()), id, started);
        }
    };
    let workspace = Path::<std::collections::HashMap<String, String>>::from_request_parts(&mut parts, &())
        .await
        .ok()
        .and_then(|Path(params)| params.get("workspace").cloned());
    let admitted = admit(guard.access, known.as_ref(), workspace.as_deref(), &guest, &method);
    let viewer = known.filter(|viewer| viewer.session.verified || guard.access == Access::HalfWay);
    let mut response = match admitted {
        Ok(member) => {
            // Errors are drawn in the viewer's language also where anybody may come.
            let lang = viewer.as_ref().map_or(guest.lang, Viewer::lang);
            parts.extensions.insert(Guest { lang, ..guest.clone() });
            viewer.iter().for_each(|viewer| {
                parts.extensions.insert(viewer.clone());
            });
            member.into_iter().for_each(|member| {
                parts.extensions.insert(member);
            });
            let handled = pin!(handler(Request::from_parts(parts, body)));
            match tokio::time::timeout(app.options.request_timeout, caught(handled)).await {
                Ok(Ok(response)) => response,
                Ok(Err(place)) => trouble::as_response(Trouble::internal(format_args!("a panic at {place}"))),
                Err(_) => trouble::as_response(Trouble::TooLong),
            }
        }
        Err(trouble) => trouble::as_response(trouble),
    };
    if response.extensions().get::<ProtectionError>().is_some() {
        response = trouble::as_response(Trouble::Foreign);
    } else if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = trouble::as_response(Trouble::Method);
    }
    if let Some(trouble) = response.extensions_mut().remove::<Trouble>() {
        let page = error_page(&guest, viewer.as_ref(), workspace.as_deref());
        response = trouble.draw(page, id.to_str().unwrap_or_default());
    }
    if guest.htmx && response.status() == StatusCode::SEE_OTHER {
        response = for_htmx(&response);
    }
    // What the last form had to say is said once, on a page that was shown.
    if guest.flash.is_some() && method == Method::GET && response.status() == StatusCode::OK && !guest.htmx {
        let (name, value) = Kind::Flash.set("", guest.secure, Some(0));
        response.headers_mut().append(name, value);
    }
    finish(app, response, id, started)
}

/// A redirect as htmx follows it: as a whole page.
fn for_htmx(response: &Response) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    if let Some(to) = response.headers().get(header::LOCATION) {
        answer.headers_mut().insert(HeaderName::from_static("hx-redirect"), to.clone());
    }
    for cookie in response.headers().get_all(header::SET_COOKIE) {
        answer.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    answer
}

fn error_page(guest: &Guest, viewer: Option<&Viewer>, workspace: Option<&str>) -> Page {
    let Some(viewer) = viewer.filter(|viewer| viewer.session.verified) else {
        return guest.page("common-error");
    };
    let place = viewer.places.iter().find(|place| workspace == Some(place.id.to_string().as_str()));
    match place {
        Some(place) => Member::new(viewer.clone(), place.clone()).page("common-error"),
        None => viewer.page("common-error"),
    }
}

/// Whose session the request's cookie names.
async fn who(app: &App, guest: &Guest, headers: &HeaderMap) -> Result<Option<Viewer>, Trouble> {
    let token = Kind::Session.read(headers, guest.secure);
    let Some(hash) = token.as_deref().and_then(token_hash) else { return Ok(None) };
    let (store, now) = (app.gateway.store(), guest.now);
    let idle_since = now.minus(app.options.session_idle);
    let Some((session, user)) = store.session(hash, now, idle_since).await? else { return Ok(None) };
    seen(app, &session, now);
    let places = places(app, &user);
    Ok(Some(Viewer::new(guest.clone(), user, session, places)))
}

/// Notes that a session was used, now and then. Nobody waits for it: when it fails, the session at worst
/// ends a minute early.
fn seen(app: &App, session: &Session, now: Timestamp) {
    if now.millis() - session.seen_at.millis() >= SEEN_EVERY {
        drop(app.gateway.store().session_seen(session.id, now));
    }
}

/// The workspaces of somebody, by name.
fn places(app: &App, user: &User) -> Vec<Place> {
    let named = |id: WorkspaceId| app.gateway.workspace_name(id).unwrap_or_else(|| id.to_string());
    let mut places: Vec<Place> =
        user.memberships.iter().map(|(id, role)| Place { id: *id, name: named(*id), role: *role }).collect();
    places.sort_by(|a, b| a.name.cmp(&b.name));
    places
}

/// Whether they may; for a page of a workspace, who they are there.
fn admit(
    access: Access,
    viewer: Option<&Viewer>,
    workspace: Option<&str>,
    guest: &Guest,
    method: &Method,
) -> Result<Option<Member>, Trouble> {
    if access == Access::Anyone {
        return Ok(None);
    }
    let Some(viewer) = viewer else { return Err(sign_in(guest, method)) };
    match access {
        Access::HalfWay => return Ok(None),
        _ if !viewer.session.verified => {
            return Err(Trouble::Elsewhere(format!("{ROOT}/sign-in/code")));
        }
        Access::Member(what) => {
            // A workspace of others is not there.
            let id: Option<WorkspaceId> = workspace.and_then(|text| text.parse().ok());
            let place = viewer.places.iter().find(|place| Some(place.id) == id).ok_or(Trouble::NotFound)?;
            if !may(place.role, what) {
                return Err(Trouble::Forbidden);
            }
            return Ok(Some(Member::new(viewer.clone(), place.clone())));
        }
        Access::Platform(role) if !viewer.is(role) => return Err(Trouble::NotFound),
        Access::Platform(_) | Access::SignedIn | Access::Anyone => {}
    }
    Ok(None)
}

/// The way to the sign-in page, and back to the page that was asked for.
fn sign_in(guest: &Guest, method: &Method) -> Trouble {
    if method != Method::GET || guest.path == ROOT {
        return Trouble::Elsewhere(format!("{ROOT}/sign-in"));
    }
    let asked =
        if guest.query.is_empty() { guest.path.clone() } else { format!("{}?{}", guest.path, guest.query) };
    Trouble::Elsewhere(format!("{ROOT}/sign-in?next={}", super::form::escaped(&asked)))
}

/// Dresses the answer, and counts it.
fn finish(app: &App, mut response: Response, id: HeaderValue, started: std::time::Instant) -> Response {
    static NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
    static REFERRER: HeaderName = HeaderName::from_static("referrer-policy");
    let taken = app.gateway.clock().instant().saturating_duration_since(started);
    app.metrics.count(&PAGES, response.status(), taken);
    let headers = response.headers_mut();
    headers.insert(crate::request_id::HEADER.clone(), id);
    headers.insert(NOSNIFF.clone(), HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER.clone(), HeaderValue::from_static("same-origin"));
    // A stranger's file has a stricter one.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
