//! Who asks for a page, from where, and how pages look to them. The guard makes it; handlers take it as an
//! argument.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use facteur_domain::{Timestamp, WorkspaceId};
use facteur_store::{Actor, PlatformRole, Role, Session, User};
use jiff::tz::TimeZone;

use super::cookie::Kind;
use super::flash::Flash;
use super::format;
use super::lang::Lang;
use super::page::Page;
use super::permission::{Permission, may};
use super::trouble::Trouble;
use crate::app::App;
use crate::proxy::Client;

/// Characters of a browser's name for itself that are kept.
const AGENT_MAX: usize = 200;
/// How long what a form has to say waits for its page.
const FLASH_SECONDS: i64 = 60;

/// A request for a page, whoever it is from.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) lang: Lang,
    /// `light`, `dark`, or empty for the system's.
    pub(crate) theme: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) address: String,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) agent: String,
    /// The mark of a browser in which somebody signed in before.
    pub(crate) mark: Option<String>,
    /// htmx asks for a part of a page.
    pub(crate) htmx: bool,
    pub(crate) now: Timestamp,
    /// Whether there are simulated phones to show.
    pub(crate) phones: bool,
    pub(crate) flash: Option<Flash>,
    /// Whether the browser came over HTTPS.
    pub(crate) secure: bool,
}

impl Guest {
    pub(super) fn of(parts: &Parts, app: &App) -> Self {
        let client = parts.extensions.get::<Client>();
        let secure = app.secure() || client.is_some_and(|client| client.https);
        let text = |name: header::HeaderName| {
            let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().chars().take(AGENT_MAX).collect::<String>()
        };
        let ip = client.map(|client| client.address);
        Self {
            lang: Lang::of_browser(&parts.headers),
            theme: theme(&parts.headers, secure),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            address: ip.map_or_else(|| "-".to_owned(), |ip| ip.to_canonical().to_string()),
            ip,
            agent: text(header::USER_AGENT),
            mark: Kind::Known.read(&parts.headers, secure),
            htmx: parts.headers.contains_key("hx-request"),
            now: app.gateway.now(),
            phones: app.options.phones.is_some(),
            flash: Kind::Flash.read(&parts.headers, secure).and_then(|cookie| Flash::of_cookie(&cookie)),
            secure,
        }
    }

    /// The layout of a page for somebody who has not signed in.
    pub(crate) fn page(&self, title: &str) -> Page {
        Page::new(self, None, None, title)
    }

    /// Who acts, for the audit log.
    pub(crate) fn actor(&self, name: &str) -> Actor {
        Actor::at(name, &self.address)
    }

    /// To another page after a form, with something to say there.
    pub(crate) fn go(&self, to: &str, flash: Option<Flash>) -> Response {
        let mut response = Redirect::to(to).into_response();
        if let Some(flash) = flash {
            let (name, value) = Kind::Flash.set(&flash.to_cookie(), self.secure, Some(FLASH_SECONDS));
            response.headers_mut().append(name, value);
        }
        response
    }
}

fn theme(headers: &HeaderMap, secure: bool) -> &'static str {
    match Kind::Theme.read(headers, secure).as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    }
}

/// A workspace of the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) id: WorkspaceId,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Somebody who has signed in; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(Arc<Seen>);

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) guest: Guest,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) zone: TimeZone,
    /// Their workspaces.
    pub(crate) places: Vec<Place>,
}

impl std::ops::Deref for Viewer {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.0
    }
}

impl Viewer {
    pub(super) fn new(guest: Guest, user: User, session: Session, places: Vec<Place>) -> Self {
        let lang = user.language.as_deref().and_then(Lang::from_code).unwrap_or(guest.lang);
        let zone = format::zone(user.zone.as_deref());
        Self(Arc::new(Seen { guest: Guest { lang, ..guest }, zone, user, session, places }))
    }

    /// Who acts, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        self.guest.actor(&self.user.email)
    }

    /// To another page after a form, with something to say there.
    pub(crate) fn go(&self, to: &str, flash: Flash) -> Response {
        self.guest.go(to, Some(flash))
    }

    /// The language of their pages.
    pub(crate) fn lang(&self) -> Lang {
        self.guest.lang
    }

    /// Whether they have this role on the platform, or a higher one.
    pub(crate) fn is(&self, role: PlatformRole) -> bool {
        self.user.platform.is_some_and(|own| own == role || own == PlatformRole::Operator)
    }

    /// The layout of a page outside a workspace; `title` is a sentence's key. Who has one workspace keeps
    /// its menu.
    pub(crate) fn page(&self, title: &str) -> Page {
        let only = if let [only] = self.places.as_slice() { Some(only.clone()) } else { None };
        Page::new(&self.guest, Some(self.clone()), only, title)
    }
}

/// Somebody in one of their workspaces; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    viewer: Viewer,
    place: Place,
}

impl std::ops::Deref for Member {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

impl Member {
    pub(super) const fn new(viewer: Viewer, place: Place) -> Self {
        Self { viewer, place }
    }

    /// The workspace.
    pub(crate) const fn workspace(&self) -> WorkspaceId {
        self.place.id
    }

    /// Its name.
    pub(crate) fn workspace_name(&self) -> &str {
        &self.place.name
    }

    /// Whether they may do this here.
    pub(crate) fn may(&self, what: Permission) -> bool {
        may(self.place.role, what)
    }

    /// The layout of a page of the workspace; `title` is a sentence's key.
    pub(crate) fn page(&self, title: &str) -> Page {
        Page::new(&self.viewer.guest, Some(self.viewer.clone()), Some(self.place.clone()), title)
    }

    /// Where a page of the workspace is: `link("/senders")`.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("/console/{}{path}", self.place.id)
    }
}

macro_rules! of_the_guard {
    ($($what:ty),*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $what {
            type Rejection = Trouble;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
                let found = parts.extensions.get::<Self>().cloned();
                found.ok_or_else(|| Trouble::internal("a page without its guard"))
            }
        }
    )*};
}

of_the_guard!(Guest, Viewer, Member);

/// Where somebody who signs in goes next, as an address that came from outside says: only pages of the
/// console.
pub(super) fn next_page(asked: &str) -> Option<String> {
    let ours =
        asked.strip_prefix("/console").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let plain = asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let parsed: Option<Uri> = asked.parse().ok();
    let path_only = parsed.is_some_and(|uri| uri.scheme().is_none() && uri.authority().is_none());
    (ours && plain && path_only && !asked.contains("//") && !asked.contains("/..")).then(|| asked.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_one_of_ours() {
        for fine in ["/console", "/console/wsp_1/senders?x=1", "/console?a=b"] {
            assert_eq!(next_page(fine).as_deref(), Some(fine));
        }
        for wrong in [
            "",
            "/",
            "/docs",
            "/consolex",
            "//evil.example",
            "https://evil.example/console",
            "/console//evil.example",
            "/console/../docs",
            "/console\\@evil.example",
            "/console/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
        ] {
            assert_eq!(next_page(wrong), None, "{wrong}");
        }
    }
}
