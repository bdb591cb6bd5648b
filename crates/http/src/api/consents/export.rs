//! `GET /v2/api/consents/export`: for an inspection, or for the person themself.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bytes::Bytes;
use facteur_domain::{Msisdn, WorkspaceId};
use facteur_gateway::Gateway;
use facteur_store::ConsentEntry;

use super::view::ConsentView;
use crate::api::Key;
use crate::api::export::{Form, Piece, streamed};
use crate::api::opt_outs::export::json_lines;
use crate::api::page::Params;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::table::Lines;

/// Entries read at once.
const PAGE: usize = 500;

/// What is exported.
#[derive(Clone)]
struct Wish {
    gateway: Gateway,
    workspace: WorkspaceId,
    number: Option<Msisdn>,
    form: Form,
}

/// Export the ledger
///
/// The whole ledger, oldest entry first, as CSV (what `import` reads, and more) or as JSON lines, which
/// have all that is needed to compute the chain of hashes again. With `number`, a person's part of it.
#[utoipa::path(
    get,
    path = "/v2/api/consents/export",
    operation_id = "exportConsents",
    tag = "Consents",
    params(
        ("format" = Option<String>, Query, description = "`csv` (the default) or `jsonl`"),
        ("number" = Option<String>, Query, description = "Only what concerns this number, in E.164"),
    ),
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
    let number = params.msisdn("number")?;
    params.end("format and number")?;
    let wish = Wish { gateway: app.gateway.clone(), workspace: caller.workspace(), number, form };
    let body = streamed(Some(0), move |after| Box::pin(piece(wish.clone(), after)));
    Ok(form.answer("consents", body))
}

/// The entries after the one at this place of the ledger; `None` when all were read.
async fn piece(wish: Wish, after: Option<u64>) -> Piece<Option<u64>> {
    let Some(after) = after else { return Ok(None) };
    let store = wish.gateway.store();
    let (entries, more) = match wish.number {
        Some(number) => (store.consents(wish.workspace, number).await?, false),
        None => {
            let entries = store.consent_export(wish.workspace, Some(after), PAGE).await?;
            let more = entries.len() == PAGE;
            (entries, more)
        }
    };
    let last = entries.last().map(|entry| entry.sequence);
    Ok(Some((write_consents(entries, wish.form, after == 0), last.filter(|_| more))))
}

/// Entries of a ledger as an export has them; the first piece of a CSV has its heading.
#[must_use]
pub fn write_consents(entries: Vec<ConsentEntry>, form: Form, first: bool) -> Bytes {
    let rows = entries.into_iter().map(ConsentView::from);
    match form {
        Form::Csv => csv(rows, first),
        Form::JsonLines => json_lines(rows),
    }
}

fn csv(rows: impl Iterator<Item = ConsentView>, first: bool) -> Bytes {
    let mut lines = if first { Lines::file() } else { Lines::default() };
    if first {
        lines.push(&[
            "number",
            "basis",
            "advertiser",
            "purpose",
            "collected_at",
            "source",
            "text_shown",
            "evidence",
            "professional",
            "event",
            "reason",
            "id",
            "withdraws",
            "sequence",
            "recorded_by",
            "recorded_at",
            "hash",
        ]);
    }
    for row in rows {
        let ground = row.consent.as_ref();
        let field = |read: fn(&super::view::GroundView) -> &str| ground.map_or("", read);
        lines.push(&[
            field(|ground| &ground.number),
            field(|ground| ground.basis),
            field(|ground| &ground.advertiser),
            field(|ground| &ground.purpose),
            field(|ground| &ground.collected_at),
            field(|ground| &ground.source),
            field(|ground| &ground.text_shown),
            field(|ground| ground.evidence.as_deref().unwrap_or_default()),
            field(|ground| if ground.professional { "true" } else { "false" }),
            row.event,
            row.reason.as_deref().unwrap_or_default(),
            &row.id,
            row.withdraws.as_deref().unwrap_or_default(),
            &row.sequence.to_string(),
            &row.recorded_by,
            &row.recorded_at,
            &row.hash,
        ]);
    }
    lines.take()
}
