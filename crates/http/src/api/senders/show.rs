//! A workspace's senders, listed and shown.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::{Sender, SenderRecordId};
use facteur_store::{Page, SenderRecord};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{SenderAnswer, SenderDetail, SenderView};
use super::{not_found, own};
use crate::api::page::{Pagination, Params};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A page of senders.
#[derive(Serialize, ToSchema)]
pub(crate) struct SenderPage {
    data: Vec<SenderView>,
    pagination: Pagination,
}

/// List Sender IDs
///
/// The workspace's Sender IDs in every state, in the order of their declaration.
#[utoipa::path(
    get,
    path = "/v2/api/sender_ids",
    operation_id = "listSenderIds",
    tag = "Senders",
    params(
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of Sender IDs", body = SenderPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let page = only_page(&uri)?;
    let senders = app.gateway.senders(caller.workspace());
    let names = senders.iter().filter(|record| matches!(record.sender, Sender::Name(_)));
    ok(&paged(&app, names.map(AsRef::as_ref).collect(), page))
}

/// List short codes
///
/// The workspace's short codes in every state, in the order of their declaration.
#[utoipa::path(
    get,
    path = "/v2/api/short_codes",
    operation_id = "listShortCodes",
    tag = "Senders",
    params(
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of short codes", body = SenderPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list_codes(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let page = only_page(&uri)?;
    let senders = app.gateway.senders(caller.workspace());
    let codes = senders.iter().filter(|record| matches!(record.sender, Sender::Code(_)));
    ok(&paged(&app, codes.map(AsRef::as_ref).collect(), page))
}

/// Show a Sender ID
///
/// A Sender ID or short code, what the rules say of it, and its files of evidence.
#[utoipa::path(
    get,
    path = "/v2/api/sender_ids/{id}",
    operation_id = "getSenderId",
    tag = "Senders",
    params(("id" = String, Path, description = "The sender's id")),
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 404, description = "There is no such sender in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let record = own(&app.gateway, &caller, id)?;
    let evidence = app.gateway.store().evidence(record.workspace, record.id).await?;
    ok(&Data { data: SenderDetail::of(&app.gateway, &record, evidence) })
}

/// A query of a page and nothing else.
pub(super) fn only_page(uri: &Uri) -> Result<Page, ApiError> {
    let mut params = Params::read(uri)?;
    let page = params.page()?;
    params.end("page and size")?;
    Ok(page)
}

/// A page of senders that are in memory.
pub(super) fn paged(app: &App, records: Vec<&SenderRecord>, page: Page) -> SenderPage {
    let total = records.len() as u64;
    let size = page.size as usize;
    let before = size.saturating_mul(page.page.saturating_sub(1) as usize);
    let now = app.gateway.now();
    let data = records.into_iter().skip(before).take(size).map(|record| SenderView::of(record, now));
    SenderPage { data: data.collect(), pagination: Pagination::new(page, total) }
}
