//! `GET /v2/api/opt_outs/export`.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use facteur_domain::{OptOutId, WorkspaceId};
use facteur_store::{OptOutFilter, Store};

use super::OptOutView;
use crate::api::Key;
use crate::api::export::{Form, Piece, streamed};
use crate::api::page::Params;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::table::Lines;

/// Opt-outs read at once.
const PIECE: usize = 500;

/// Export opt-outs
///
/// All opt-outs of the workspace, newest first, as CSV (what `import` reads, and more) or JSON lines.
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
    let store = app.gateway.store().clone();
    let body = exported(store, caller.workspace(), OptOutFilter::default(), form);
    Ok(form.answer("opt-outs", body))
}

/// How far an export has come.
enum Place {
    Head,
    Below(OptOutId),
    End,
}

/// The opt-outs of a workspace that a filter leaves, as a body.
pub(crate) fn exported(store: Store, workspace: WorkspaceId, filter: OptOutFilter, form: Form) -> Body {
    streamed(Place::Head, move |place| Box::pin(piece(store.clone(), workspace, filter, form, place)))
}

async fn piece(
    store: Store,
    workspace: WorkspaceId,
    filter: OptOutFilter,
    form: Form,
    place: Place,
) -> Piece<Place> {
    let (below, first) = match place {
        Place::Head => (None, true),
        Place::Below(last) => (Some(last), false),
        Place::End => return Ok(None),
    };
    let found = store.opt_outs_below(workspace, filter, below, PIECE).await?;
    let next = found.last().filter(|_| found.len() == PIECE).map_or(Place::End, |last| Place::Below(last.id));
    let rows = found.into_iter().map(OptOutView::from);
    let written = match form {
        Form::Csv => csv(rows, first),
        Form::JsonLines => json_lines(rows),
    };
    Ok(Some((written, next)))
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
