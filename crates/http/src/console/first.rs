//! The first minutes: whoever came by the link that the first start printed names their company, which
//! becomes the first workspace; and what is left to do until a message is delivered, as the overview tells it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use facteur_domain::{Language, SenderState, WorkspaceId};
use facteur_store::{PlatformRole, Publisher, Role, Search, Settings, Workspace};

use super::company::is_siren;
use super::workspaces::NAME_MAX;
use super::{
    Access, Field, Fields, Flash, Member, Page, Pages, Permission, ROOT, Trouble, Viewer, mend, render,
};
use crate::app::App;

/// Where the first workspace is made.
pub(super) const FIRST: &str = "/platform/first";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add(FIRST, Access::Platform(PlatformRole::Operator), get(show).post(create));
}

#[derive(Template)]
#[template(path = "first.html")]
struct First {
    page: Page,
    fields: Vec<Field>,
}

impl First {
    fn new(viewer: &Viewer, given: &Fields, wrong: [bool; 2]) -> Self {
        let page = viewer.page("first-title");
        let own = viewer.lang().code();
        let languages = [Language::French, Language::English]
            .map(|language| (language.as_str(), page.word("company-language", language.as_str())));
        let language = if given.has("language") { given.get("language") } else { own };
        let fields = vec![
            Field::new(&page, "name", "first-name")
                .maximum(NAME_MAX)
                .autocomplete("organization")
                .value(given.raw("name"))
                .error(wrong[0].then(|| page.t("platform-workspace-name-wrong"))),
            Field::new(&page, "siren", "first-siren")
                .optional()
                .maximum(14)
                .value(given.raw("siren"))
                .error(wrong[1].then(|| page.t("company-siren-wrong"))),
            Field::new(&page, "language", "first-language").choice(languages).value(language),
        ];
        Self { page, fields }
    }
}

/// Whether there is no workspace yet.
pub(super) fn is_needed(app: &App, viewer: &Viewer) -> bool {
    viewer.is(PlatformRole::Operator) && app.gateway.workspaces().is_empty()
}

async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    if !is_needed(&app, &viewer) {
        return Ok(Redirect::to(ROOT).into_response());
    }
    render(&First::new(&viewer, &Fields::default(), [false; 2]))
}

async fn create(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if !is_needed(&app, &viewer) {
        return Ok(Redirect::to(ROOT).into_response());
    }
    let name = fields.get("name");
    let siren = fields.some("siren").map(|text| text.split_whitespace().collect::<String>());
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let wrong = [!fits, siren.as_deref().is_some_and(|siren| !is_siren(&app, siren))];
    if wrong.contains(&true) {
        return mend(&First::new(&viewer, &fields, wrong));
    }
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    let id = WorkspaceId::from_key(app.gateway.new_key());
    let workspace = Workspace { id, name: name.to_owned(), created_at: now };
    store.create_workspace(workspace, viewer.actor()).await?;
    store.set_role(viewer.user.id, id, Some(Role::Owner), now, viewer.actor()).await?;
    let publisher = Publisher { legal_name: Some(name.to_owned()), siren, ..Publisher::default() };
    let language = Language::from_name(fields.get("language")).ok_or(Trouble::Malformed)?;
    let settings = Settings { language, publisher, ..Settings::of(name) };
    store.change_settings(id, settings, now, viewer.actor()).await?;
    app.gateway.refresh().await?;
    Ok(viewer.go(&format!("{ROOT}/{id}"), Flash::done("first-made", name)))
}

/// Something to do before messages are delivered.
pub(super) struct Step {
    /// How it stands: `done`, `waits` or `todo`.
    pub(super) state: &'static str,
    /// The key of what it is; with `-why` behind it, of why.
    pub(super) key: &'static str,
    /// Where it is done, and the key of the button's words; empty when the viewer may not do it.
    pub(super) to: String,
    pub(super) go: &'static str,
}

impl Step {
    /// Why it is to be done.
    pub(super) fn why(&self, page: &Page) -> String {
        page.t(&format!("{}-why", self.key))
    }

    /// Its kind in a timeline.
    pub(super) fn look(&self) -> &'static str {
        match self.state {
            "done" => "good",
            "waits" => "warn",
            _ => "",
        }
    }
}

/// What is left to do in a workspace that has sent nothing yet; nothing once it has.
pub(super) async fn steps(app: &App, member: &Member) -> Result<Vec<Step>, Trouble> {
    let (store, workspace) = (app.gateway.store(), member.workspace());
    let search = Search { limit: 1, ..Search::default() };
    if !store.search(workspace, search).await?.rows.is_empty() {
        return Ok(Vec::new());
    }
    let senders = app.gateway.senders(workspace);
    let stands = |state| senders.iter().any(|record| record.state == state);
    let (validated, pending) = (stands(SenderState::Validated), stands(SenderState::Pending));
    let keys = store.directory().await?.keys;
    let keyed = keys.iter().any(|key| key.workspace == workspace && key.revoked_at.is_none());
    let told = app.gateway.settings(workspace).publisher.is_complete();
    let consented = !store.consents_below(workspace, None, 1).await?.is_empty();
    let state = |done: bool| if done { "done" } else { "todo" };
    let link = |what, path: &str| if member.may(what) { member.link(path) } else { String::new() };
    let sender = match (validated, pending) {
        (true, _) => Step { state: "done", key: "first-sender", to: String::new(), go: "" },
        (false, true) if member.is(PlatformRole::Reviewer) => Step {
            state: "waits",
            key: "first-sender-pending",
            to: format!("{ROOT}/platform/review"),
            go: "first-sender-review",
        },
        (false, true) => Step {
            state: "waits",
            key: "first-sender-pending",
            to: member.link("/senders"),
            go: "first-sender-see",
        },
        (false, false) => Step {
            state: "todo",
            key: "first-sender",
            to: link(Permission::ManageSenders, "/senders/new"),
            go: "first-sender-go",
        },
    };
    let routes = app.gateway.routes();
    let up = routes.iter().any(|route| route.report.bound > 0);
    let mut steps = vec![sender];
    if !up && member.is(PlatformRole::Operator) {
        let to = format!("{ROOT}/platform/routes");
        steps.insert(0, Step { state: "todo", key: "first-route", to, go: "first-route-go" });
    }
    steps.extend([
        Step {
            state: state(told),
            key: "first-company",
            to: link(Permission::ManageProfile, "/settings/company"),
            go: "first-company-go",
        },
        Step {
            state: state(keyed),
            key: "first-key",
            to: link(Permission::ManageKeys, "/settings/keys/new"),
            go: "first-key-go",
        },
        Step {
            state: state(consented),
            key: "first-consent",
            to: link(Permission::ManageConsents, "/consents"),
            go: "first-consent-go",
        },
        Step {
            state: "todo",
            key: "first-message",
            to: if validated { link(Permission::Send, "/send") } else { String::new() },
            go: "overview-send-first",
        },
    ]);
    Ok(steps)
}
