//! `GET /v2/api/review/orphan_receipts`: what operators told of messages that nobody knows.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_store::OrphanReceipt;
use serde::Serialize;
use utoipa::ToSchema;

use super::ok;
use super::page::{Pagination, Params};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A receipt of which nobody knows the message.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanView {
    /// When it came.
    #[schema(format = DateTime)]
    at: String,
    /// By which route.
    route: String,
    /// The operator's id of the message.
    smsc_id: String,
    /// The phone it speaks of, when it says so.
    #[schema(required = true, example = "+33612345678")]
    recipient: Option<String>,
    /// The operator's word.
    #[schema(example = "DELIVRD")]
    word: String,
    /// The operator's error.
    #[schema(required = true, example = "err:005")]
    error: Option<String>,
}

impl From<OrphanReceipt> for OrphanView {
    fn from(orphan: OrphanReceipt) -> Self {
        let OrphanReceipt { at, route, smsc_id, recipient, word, error } = orphan;
        let (at, recipient) = (at.to_string(), recipient.map(|number| number.to_string()));
        Self { at, route, smsc_id, recipient, word, error }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanPage {
    data: Vec<OrphanView>,
    pagination: Pagination,
}

/// List orphan receipts
///
/// Receipts of which nobody knows the message, newest first, of the whole platform. They are matched when
/// their message appears, and kept for as long as the setting `orphans_kept` says.
#[utoipa::path(
    get,
    path = "/v2/api/review/orphan_receipts",
    operation_id = "listOrphanReceipts",
    tag = "Reviews",
    params(
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of receipts", body = OrphanPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    params.end("page and size")?;
    let found = app.gateway.store().orphans(page).await?;
    ok(&OrphanPage {
        pagination: Pagination::new(page, found.total),
        data: found.rows.into_iter().map(OrphanView::from).collect(),
    })
}
