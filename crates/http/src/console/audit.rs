//! Settings > Audit log: who changed what, when, from where; looked through by who, what and when, and
//! exported as it was looked through. Operators see the same of the whole platform.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use facteur_domain::WorkspaceId;
use facteur_store::{AuditFilter, AuditLine, PlatformRole, Store};

use super::exports::{self, ExportLink};
use super::form::escaped;
use super::lang::Lang;
use super::messages::day;
use super::pager::Pager;
use super::{Access, Field, Fields, Member, Page, Pages, Permission, ROOT, Trouble, Viewer, mend, render};
use crate::api::export::{Piece, streamed};
use crate::app::App;
use crate::table::Lines;

/// Lines on a page.
const SIZE: usize = 50;
/// Lines of an export that are read at once.
const PIECE: usize = 500;
/// What changes can be about: what an action's name begins with.
const KINDS: [&str; 14] = [
    "sender",
    "keyword",
    "consent",
    "opt_out",
    "message",
    "person",
    "contact",
    "settings",
    "key",
    "webhook",
    "member",
    "user",
    "session",
    "workspace",
];
/// The filters, by the name of their field.
const FILTERS: [&str; 5] = ["who", "what", "workspace", "from", "until"];

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/settings/audit", Permission::SeeAudit, get(show));
    pages.member("/settings/audit/export", Permission::Export, get(export));
    let operator = Access::Platform(PlatformRole::Operator);
    pages.add("/platform/audit", operator, get(show_all));
    pages.add("/platform/audit/export", operator, get(export_all));
}

/// A line, with what it says in words.
struct Row {
    line: AuditLine,
    /// What was done, in words; empty when nobody has put it into words.
    words: String,
    who: String,
    /// The workspace's name, on the platform's page.
    workspace: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    page: Page,
    platform: bool,
    fields: Vec<Field>,
    /// What is wrong with a filter, in words.
    wrong: String,
    rows: Vec<Row>,
    pager: Pager,
    filtered: bool,
    base: String,
    export: ExportLink,
    /// Whether the viewer may take it away.
    exports: bool,
}

/// Of whose changes the log is read.
#[derive(Clone)]
enum Scope {
    Of(WorkspaceId),
    Platform,
}

impl Scope {
    /// The workspace asked for, in its own page or as a filter of the platform's.
    fn workspace(&self, fields: &Fields) -> Result<Option<WorkspaceId>, &'static str> {
        match self {
            Self::Of(workspace) => Ok(Some(*workspace)),
            Self::Platform => {
                fields.some("workspace").map(|id| id.parse().map_err(|_| "audit-workspace-wrong")).transpose()
            }
        }
    }
}

/// Which lines the filters ask for; the key of a sentence when one is wrong.
fn filter(page: &Page, fields: &Fields) -> Result<AuditFilter, &'static str> {
    let kind = KINDS.into_iter().find(|kind| *kind == fields.get("what"));
    Ok(AuditFilter {
        action: kind.map(|kind| format!("{kind}.")),
        actor: fields.some("who"),
        from: day(page, fields.get("from"), 0)?,
        to: day(page, fields.get("until"), 1)?,
        before: None,
    })
}

/// The filters as they stand in an address, each with `&` behind it.
fn query(fields: &Fields) -> String {
    let given = FILTERS.iter().filter_map(|name| fields.some(name).map(|value| (name, value)));
    given.map(|(name, value)| format!("{name}={}&", escaped(&value))).collect()
}

async fn view(
    app: &App,
    page: Page,
    scope: Scope,
    base: String,
    fields: &Fields,
    exports: bool,
) -> Result<Response, Trouble> {
    let asked = filter(&page, fields).and_then(|filter| Ok((filter, scope.workspace(fields)?)));
    let mut lines = Vec::new();
    let mut wrong = String::new();
    let before: Option<i64> = fields.get("before").parse().ok();
    match asked {
        Ok((filter, workspace)) => {
            let filter = AuditFilter { before, ..filter };
            lines = app.gateway.store().audit_lines(workspace, filter, SIZE + 1).await?;
        }
        Err(key) => wrong = page.t(key),
    }
    let more = lines.len() > SIZE;
    lines.truncate(SIZE);
    let query = query(fields);
    let older = lines.last().filter(|_| more).map(|(number, _)| format!("{base}?{query}before={number}"));
    let newest = before.map(|_| format!("{base}?{query}"));
    let platform = matches!(scope, Scope::Platform);
    let name = |id| app.gateway.workspace_name(id).unwrap_or_default();
    let row = |(_, line): (i64, AuditLine)| Row {
        words: in_words(&page, &line.action),
        who: who(&page, &line.actor),
        workspace: line.workspace.filter(|_| platform).map(name).unwrap_or_default(),
        line,
    };
    let rows: Vec<Row> = lines.into_iter().map(row).collect();
    let view = Audit {
        fields: filters(app, &page, platform, fields),
        pager: Pager::new(&page, newest, older, page.t1("common-results", "count", rows.len())),
        filtered: !query.is_empty(),
        export: ExportLink::new(page.t("audit-export"), &format!("{base}/export?{query}")),
        platform,
        wrong,
        rows,
        base,
        exports,
        page,
    };
    if view.wrong.is_empty() { render(&view) } else { mend(&view) }
}

/// An action in words.
fn in_words(page: &Page, action: &str) -> String {
    let key = format!("audit-did-{}", action.replace(['_', '.'], "-"));
    if Lang::knows(&key) { page.t(&key) } else { String::new() }
}

/// Who did it: people by their address, keys by their id; what is neither has a word.
pub(super) fn who(page: &Page, actor: &str) -> String {
    match actor {
        "phone" | "operator" | "facteur" => page.word("audit-by", actor),
        _ => actor.to_owned(),
    }
}

fn filters(app: &App, page: &Page, platform: bool, fields: &Fields) -> Vec<Field> {
    let field =
        |name: &'static str, label: &str| Field::new(page, name, label).value(fields.get(name)).filter();
    let any = || (String::new(), page.t("audit-any"));
    let kinds = KINDS.map(|kind| (kind.to_owned(), page.word("audit-kind", kind)));
    let mut drawn = vec![
        field("who", "audit-who"),
        field("what", "audit-what").choice(std::iter::once(any()).chain(kinds)),
    ];
    if platform {
        let all = app.gateway.workspaces().into_iter().map(|(id, name)| (id.to_string(), name));
        drawn.push(field("workspace", "audit-workspace").choice(std::iter::once(any()).chain(all)));
    }
    drawn.extend([field("from", "audit-from").of("date"), field("until", "audit-until").of("date")]);
    drawn
}

async fn show(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let (page, base) = (member.page("audit-title"), member.link("/settings/audit"));
    let exports = member.may(Permission::Export);
    view(&app, page, Scope::Of(member.workspace()), base, &fields, exports).await
}

async fn show_all(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    let base = format!("{ROOT}/platform/audit");
    view(&app, viewer.page("platform-audit"), Scope::Platform, base, &fields, true).await
}

async fn export(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    exported(&app, &member, &Scope::Of(member.workspace()), &fields)
}

async fn export_all(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    exported(&app, &viewer, &Scope::Platform, &fields)
}

/// How far an export has come.
enum Place {
    Head,
    Before(Option<i64>),
    End,
}

fn exported(app: &App, viewer: &Viewer, scope: &Scope, fields: &Fields) -> Result<Response, Trouble> {
    let filter = filter(&viewer.page("audit-title"), fields).map_err(|_| Trouble::Malformed)?;
    let workspace = scope.workspace(fields).map_err(|_| Trouble::Malformed)?;
    let store = app.gateway.store().clone();
    let body =
        streamed(Place::Head, move |place| Box::pin(piece(store.clone(), workspace, filter.clone(), place)));
    Ok(exports::answer(app, viewer, fields, "audit", body))
}

async fn piece(
    store: Store,
    workspace: Option<WorkspaceId>,
    filter: AuditFilter,
    place: Place,
) -> Piece<Place> {
    let before = match place {
        Place::Head => {
            let mut head = Lines::file();
            head.push(&["at", "actor", "origin", "workspace", "action", "detail", "before", "after"]);
            return Ok(Some((head.take(), Place::Before(None))));
        }
        Place::Before(before) => before,
        Place::End => return Ok(None),
    };
    let found = store.audit_lines(workspace, AuditFilter { before, ..filter }, PIECE).await?;
    let last = found.last().filter(|_| found.len() == PIECE).map(|(number, _)| *number);
    let next = last.map_or(Place::End, |number| Place::Before(Some(number)));
    Ok(Some((csv(found), next)))
}

fn csv(found: Vec<(i64, AuditLine)>) -> Bytes {
    let mut lines = Lines::default();
    for (_, line) in found {
        lines.push(&[
            &line.at.to_string(),
            &line.actor,
            line.origin.as_deref().unwrap_or_default(),
            &line.workspace.map(|id| id.to_string()).unwrap_or_default(),
            &line.action,
            &line.detail,
            line.before.as_deref().unwrap_or_default(),
            line.after.as_deref().unwrap_or_default(),
        ]);
    }
    lines.take()
}
