//! Platform > Workspaces: the companies' accounts, what they have and send; a new one with its owner.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{SenderState, WorkspaceId, is_email_address};
use facteur_store::{Counts, Hour, PlatformRole, Role, Workspace};

use super::members::{Link, Made, find_or_add, make_link};
use super::{Access, Field, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, mend, render};
use crate::app::App;

/// The longest name, in characters.
pub(super) const NAME_MAX: usize = 100;
/// Hours of a month of 30 days.
const MONTH: i64 = 30 * 24;

pub(super) fn mount(pages: &mut Pages<'_>) {
    let access = Access::Platform(PlatformRole::Operator);
    pages.add("/platform/workspaces", access, get(list));
    pages.add("/platform/workspaces/new", access, get(new).post(create));
}

struct Row {
    workspace: Workspace,
    keys: usize,
    senders: usize,
    pending: usize,
    members: usize,
    day: Counts,
    month: Counts,
    /// The viewer may go in.
    mine: bool,
}

#[derive(Template)]
#[template(path = "workspaces.html")]
struct Workspaces {
    page: Page,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "workspace_new.html")]
struct NewWorkspace {
    page: Page,
    name: Field,
    email: Field,
}

async fn list(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    let store = app.gateway.store();
    let here = store.directory().await?;
    let users = store.users(None).await?;
    let hour = Hour::of(viewer.guest.now).plus(1);
    let day = store.volumes(hour.plus(-24), hour).await?;
    let month = store.volumes(hour.plus(-MONTH), hour).await?;
    let of = |volumes: &[facteur_store::Volume], id: WorkspaceId| {
        volumes.iter().find(|volume| volume.workspace == id).map(|volume| volume.counts).unwrap_or_default()
    };
    let row = |workspace: Workspace| {
        let id = workspace.id;
        let senders = || here.senders.iter().filter(|record| record.workspace == id);
        Row {
            keys: here.keys.iter().filter(|key| key.workspace == id && key.revoked_at.is_none()).count(),
            senders: senders().filter(|record| record.state == SenderState::Validated).count(),
            pending: senders().filter(|record| record.state == SenderState::Pending).count(),
            members: users.iter().filter(|user| user.memberships.iter().any(|(of, _)| *of == id)).count(),
            day: of(&day, id),
            month: of(&month, id),
            mine: viewer.places.iter().any(|place| place.id == id),
            workspace,
        }
    };
    let mut rows: Vec<Row> = here.workspaces.iter().cloned().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.month.accepted));
    render(&Workspaces { page: viewer.page("platform-workspaces"), rows })
}

impl NewWorkspace {
    fn new(viewer: &Viewer, fields: Option<&Fields>, wrong: (Option<&str>, Option<&str>)) -> Self {
        let page = viewer.page("platform-workspace-new");
        let said = |name: &str| fields.map_or("", |fields| fields.get(name)).to_owned();
        Self {
            name: Field::new(&page, "name", "platform-workspace-name")
                .maximum(NAME_MAX)
                .value(said("name"))
                .error(wrong.0.map(|key| page.t(key))),
            email: Field::new(&page, "email", "platform-workspace-owner")
                .of("email")
                .value(said("email"))
                .error(wrong.1.map(|key| page.t(key))),
            page,
        }
    }
}

async fn new(viewer: Viewer) -> Result<Response, Trouble> {
    render(&NewWorkspace::new(&viewer, None, (None, None)))
}

async fn create(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    let (name, email) = (fields.get("name"), fields.get("email").to_lowercase());
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    let there = store.directory().await?.workspaces;
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let name_wrong = if !fits {
        Some("platform-workspace-name-wrong")
    } else if there.iter().any(|workspace| workspace.name.eq_ignore_ascii_case(name)) {
        Some("platform-workspace-name-taken")
    } else {
        None
    };
    let email_wrong = (!is_email_address(&email)).then_some("members-email-wrong");
    if name_wrong.is_some() || email_wrong.is_some() {
        return mend(&NewWorkspace::new(&viewer, Some(&fields), (name_wrong, email_wrong)));
    }
    let owner = find_or_add(&app, &viewer, &email).await?;
    let id = WorkspaceId::from_key(app.gateway.new_key());
    let workspace = Workspace { id, name: name.to_owned(), created_at: now };
    store.create_workspace(workspace, viewer.actor()).await?;
    app.gateway.refresh().await?;
    let back = format!("{ROOT}/platform/workspaces");
    if owner.id == viewer.user.id {
        store.set_role(owner.id, id, Some(Role::Owner), now, viewer.actor()).await?;
        return Ok(viewer.go(&back, Flash::done("platform-workspace-made", name)));
    }
    let url = make_link(&app, Made::invitation(&owner, id, Role::Owner), viewer.actor()).await?;
    render(&Link { page: viewer.page("members-invited"), email, url, invitation: true, back })
}
