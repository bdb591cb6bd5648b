//! `GET /v2/api/consents`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_store::{ConsentEntry, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::view::ConsentView;
use crate::api::page::{Pagination, Params};
use crate::api::{Key, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A page of the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentPage {
    data: Vec<ConsentView>,
    pagination: Pagination,
}

/// Which.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the query; it is read one by one, for better errors")]
pub(crate) struct Filters {
    /// Only what concerns this number, in E.164.
    number: Option<String>,
    /// Which page, from 1 (the default).
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on a page, 20 unless told.
    #[param(minimum = 1, maximum = 100)]
    size: Option<u32>,
}

/// Read the ledger
///
/// The entries of the workspace's ledger, newest first; or all that concern one number, oldest first:
/// what was given, and what was withdrawn.
#[utoipa::path(
    get,
    path = "/v2/api/consents",
    operation_id = "listConsents",
    tag = "Consents",
    params(Filters),
    responses(
        (status = 200, description = "A page of entries", body = ConsentPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    let number = params.msisdn("number")?;
    params.end("number, page and size")?;
    let store = app.gateway.store();
    let (rows, total) = match number {
        Some(number) => {
            let all = store.consents(caller.workspace(), number).await?;
            let total = all.len() as u64;
            (slice(all, page), total)
        }
        None => {
            let found = store.consent_list(caller.workspace(), page).await?;
            (found.rows, found.total)
        }
    };
    ok(&ConsentPage {
        pagination: Pagination::new(page, total),
        data: rows.into_iter().map(ConsentView::from).collect(),
    })
}

/// A page of a person's entries, of which there are few.
fn slice(all: Vec<ConsentEntry>, page: Page) -> Vec<ConsentEntry> {
    let size = page.size as usize;
    let before = size.saturating_mul(page.page.saturating_sub(1) as usize);
    all.into_iter().skip(before).take(size).collect()
}
