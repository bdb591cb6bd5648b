//! `GET /v2/api/opt_outs/export`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use facteur_domain::WorkspaceId;
use facteur_gateway::Gateway;
use facteur_store::Page;

use super::OptOutView;
use crate::api::Key;
use crate::api::export::{Form, Piece, streamed};
use crate::api::page::Params;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::table::Lines;
use facteur_store::OptOut;

/// Rows read at once.
const PAGE: u32 = 100;

/// Export opt-outs
///
/// All opt-outs of the workspace, newest first, as CSV (what `import` reads, and more) or JSON lines.
/// One that is recorded while the export runs may push another onto two pages of it: ids tell.
#[utoipa::path(
    get,
    path = "/v2/api/opt_outs/export",
    operation_id = "exportOptOuts",
    tag = "Opt-outs",
    params(("format" = Option<String>, Query, description = "`csv` (the default) or `jsonl`")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let form = Form::take(&mut params)?;
    params.end("format")?;
    let (gateway, workspace) = (app.gateway.clone(), caller.workspace());
    let body = streamed(1, move |page| Box::pin(piece(gateway.clone(), workspace, form, page)));
    Ok(form.answer("opt-outs", body))
}

async fn piece(gateway: Gateway, workspace: WorkspaceId, form: Form, page: u32) -> Piece<u32> {
    let found = gateway.store().opt_outs(workspace, None, Page { page, size: PAGE }).await?;
    if found.rows.is_empty() && page > 1 {
        return Ok(None);
    }
    let rows = found.rows.into_iter().map(OptOutView::from);
    let written = match form {
        Form::Csv => csv(rows, page == 1),
        Form::JsonLines => json_lines(rows),
    };
    Ok(Some((written, page + 1)))
}

/// A page of opt-outs as an export has them; the first has the heading.
pub(crate) fn csv_page(rows: Vec<OptOut>, first: bool) -> Bytes {
    csv(rows.into_iter().map(OptOutView::from), first)
}

fn csv(rows: impl Iterator<Item = OptOutView>, first: bool) -> Bytes {
    let mut lines = if first { Lines::file() } else { Lines::default() };
    if first {
        lines.push(&[
            "number",
            "scope",
            "advertiser",
            "reason",
            "id",
            "source",
            "state",
            "created_at",
            "created_by",
            "lifted_at",
        ]);
    }
    for row in rows {
        lines.push(&[
            row.number.as_deref().unwrap_or_default(),
            row.scope,
            row.advertiser.as_deref().unwrap_or_default(),
            row.reason.as_deref().unwrap_or_default(),
            &row.id,
            &row.source,
            row.state,
            &row.created_at,
            &row.created_by,
            row.lifted.as_ref().map_or("", |end| end.at.as_str()),
        ]);
    }
    lines.take()
}

/// One JSON object a line.
pub(crate) fn json_lines(rows: impl Iterator<Item = impl serde::Serialize>) -> Bytes {
    let mut lines = BytesMut::new().writer();
    for row in rows {
        // Strings, numbers and nulls in memory: writing them cannot fail.
        let _ = serde_json::to_writer(&mut lines, &row);
        lines.get_mut().put_u8(b'\n');
    }
    lines.into_inner().freeze()
}
