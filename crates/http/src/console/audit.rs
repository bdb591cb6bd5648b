//! Settings > Audit log: who changed what, when, from where; read and exported.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use facteur_store::{AuditLine, Page as Window};

use super::pager::Pager;
use super::{Fields, Member, Page, Pages, Permission, Trouble, render};
use crate::api::export::{Form, streamed};
use crate::app::App;
use crate::table::Lines;

/// Lines on a page.
const SIZE: u32 = 50;
/// Lines of an export that are read at once.
const PIECE: u32 = 100;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/settings/audit", Permission::SeeAudit, get(show));
    pages.member("/settings/audit/export", Permission::Export, get(export));
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    page: Page,
    lines: Vec<AuditLine>,
    pager: Pager,
    /// Whether the viewer may take it away.
    exports: bool,
}

async fn show(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let at = fields.get("page").parse::<u32>().unwrap_or(1).clamp(1, 100_000);
    let window = Window { page: at, size: SIZE };
    let found = app.gateway.store().audit(Some(member.workspace()), window).await?;
    let page = member.page("audit-title");
    let to = |at: u32| format!("{}?page={at}", member.link("/settings/audit"));
    let more = found.total > u64::from(at) * u64::from(SIZE);
    let (newer, older) = ((at > 1).then(|| to(at - 1)), more.then(|| to(at + 1)));
    let shown = page.t1("audit-page", "number", at);
    render(&Audit {
        pager: Pager::new(&page, newer, older, shown),
        lines: found.rows,
        exports: member.may(Permission::Export),
        page,
    })
}

async fn export(State(app): State<App>, member: Member) -> Response {
    let (store, workspace) = (app.gateway.store().clone(), member.workspace());
    let mut head = Lines::file();
    head.push(&["at", "actor", "origin", "action", "detail", "before", "after"]);
    let head = head.take();
    let body = streamed((1, Some(head)), move |(at, head): (u32, Option<Bytes>)| {
        let store = store.clone();
        Box::pin(async move {
            if let Some(head) = head {
                return Ok(Some((head, (at, None))));
            }
            let found = store.audit(Some(workspace), Window { page: at, size: PIECE }).await?;
            let mut lines = Lines::default();
            for line in &found.rows {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let (origin, before, after) = (text(&line.origin), text(&line.before), text(&line.after));
                let when = line.at.to_string();
                lines.push(&[&when, &line.actor, &origin, &line.action, &line.detail, &before, &after]);
            }
            Ok((!found.rows.is_empty()).then(|| (lines.take(), (at + 1, None))))
        })
    });
    Form::Csv.answer("audit", body)
}
