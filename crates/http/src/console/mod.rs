//! The window for people: pages rendered on the server, in French and English, that work without
//! JavaScript. One page is one file here (its view and its handlers) and one template in `templates/`.
//! ARCHITECTURE.md tells how a page is made.

mod account;
mod assets;
mod audit;
pub(crate) mod chart;
mod company;
mod components;
pub(crate) mod confirm;
mod consents;
mod conversations;
mod cookie;
mod exports;
mod first;
mod flash;
pub(crate) mod form;
pub(crate) mod format;
mod guard;
mod held;
mod home;
mod hours;
mod import_pages;
mod imports;
mod keys;
mod keywords;
pub(crate) mod lang;
mod link;
mod live;
mod members;
mod message;
mod messages;
mod nav;
mod opt_outs;
mod overview;
mod page;
pub(crate) mod pager;
mod password;
pub(crate) mod permission;
mod phones;
mod review;
mod routes;
mod second_factor;
mod send;
pub(crate) mod senders;
mod sign_in;
mod trouble;
mod viewer;
mod webhooks;
mod words;
mod workspaces;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use facteur_store::PlatformRole;
use tower_http::csrf::CsrfLayer;

pub(crate) use self::exports::Exports;
pub(crate) use self::flash::Flash;
pub(crate) use self::form::{Field, Fields};
pub(crate) use self::imports::Imports;
pub(crate) use self::page::Page;
pub(crate) use self::password::Passwords;
pub(crate) use self::permission::Permission;
pub use self::phones::{PhoneText, Phones, SimulatedPhone};
pub(crate) use self::trouble::{Trouble, mend, render};
pub(crate) use self::viewer::{Member, Viewer};

use crate::app::{App, Routes};

/// Where the console begins.
const ROOT: &str = "/console";

/// Who may see a page or do what a form does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Anybody: sign-in, links, assets.
    Anyone,
    /// Who has shown a password but not the second factor yet.
    HalfWay,
    /// Who has signed in.
    SignedIn,
    /// Who may do this in the workspace of the address.
    Member(Permission),
    /// Who has this role on the platform, or a higher one.
    Platform(PlatformRole),
}

/// The console's table under construction.
pub(crate) struct Pages<'a> {
    routes: &'a mut Routes,
    csrf: CsrfLayer,
}

impl Pages<'_> {
    /// What the pages share.
    pub(crate) fn app(&self) -> App {
        self.routes.app().clone()
    }

    /// Puts a page of a workspace at `/console/{workspace}` and `path`.
    pub(crate) fn member(&mut self, path: &str, what: Permission, handler: MethodRouter<App>) {
        self.add(&format!("/{{workspace}}{path}"), Access::Member(what), handler);
    }

    /// Puts a page at `/console` and `path`. The same path may be added again with other methods.
    pub(crate) fn add(&mut self, path: &str, access: Access, handler: MethodRouter<App>) {
        let guard = guard::Guard { app: self.routes.app().clone(), access };
        // Forms of people; what uploads a file has a limit of its own, nearer to its handler.
        let body = DefaultBodyLimit::max(guard.app.options.body_max);
        let guarded = handler
            .route_layer(body)
            .route_layer(self.csrf.clone())
            .route_layer(from_fn_with_state(guard, guard::guard));
        self.routes.add_page(&format!("{ROOT}{path}"), guarded);
    }
}

/// Puts every page behind the guard.
pub(crate) fn mount(routes: &mut Routes) {
    let mut csrf = CsrfLayer::new();
    if let Some(base) = &routes.app().options.base_url {
        // An address that is no origin is refused where the settings are read.
        csrf = csrf.clone().add_trusted_origin(base).unwrap_or(csrf);
    }
    routes.add_page("/", get(home::to_console));
    let mut pages = Pages { routes, csrf };
    pages.routes.add_page("/console/assets/{hash}/{name}", get(assets::serve));
    home::mount(&mut pages);
    sign_in::mount(&mut pages);
    second_factor::mount(&mut pages);
    link::mount(&mut pages);
    account::mount(&mut pages);
    // One line for each page of a workspace or of the platform:
    overview::mount(&mut pages);
    send::mount(&mut pages);
    messages::mount(&mut pages);
    message::mount(&mut pages);
    held::mount(&mut pages);
    live::mount(&mut pages);
    audit::mount(&mut pages);
    exports::mount(&mut pages);
    conversations::mount(&mut pages);
    keys::mount(&mut pages);
    webhooks::mount(&mut pages);
    members::mount(&mut pages);
    company::mount(&mut pages);
    review::mount(&mut pages);
    workspaces::mount(&mut pages);
    first::mount(&mut pages);
    routes::mount(&mut pages);
    phones::mount(&mut pages);
    components::mount(&mut pages);
    senders::mount(&mut pages);
    keywords::mount(&mut pages);
    hours::mount(&mut pages);
    consents::mount(&mut pages);
    import_pages::mount(&mut pages);
    opt_outs::mount(&mut pages);
}

/// Whether a path that has no page is the console's to answer.
pub(crate) fn owns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer to a request for a page that is not there.
pub(crate) async fn not_found(app: &App, request: Request) -> Response {
    let guard = guard::Guard { app: app.clone(), access: Access::Anyone };
    guard::answer(&guard, request, async |_| trouble::as_response(Trouble::NotFound)).await
}
