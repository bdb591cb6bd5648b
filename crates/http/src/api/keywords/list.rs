//! `GET /v2/api/keywords` and `GET /v2/api/keywords/{id}`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::{KeywordId, ShortCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{KeywordAnswer, KeywordView, not_found};
use crate::api::page::{Pagination, Params};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// A page of keywords.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeywordPage {
    data: Vec<KeywordView>,
    pagination: Pagination,
}

/// List keywords
///
/// In the order in which they were made; default answers too.
#[utoipa::path(
    get,
    path = "/v2/api/keywords",
    operation_id = "listKeywords",
    tag = "Keywords",
    params(
        ("code" = Option<String>, Query, description = "Only on this short code"),
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of keywords", body = KeywordPage),
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
    let code = params.take("code").map(|text| {
        text.parse::<ShortCode>().map_err(|_| {
            let message = "code must be a short code of 5 digits, as in 38180.";
            ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at("code")
        })
    });
    let code = code.transpose()?;
    params.end("code, page and size")?;
    // A code has a few hundred at most.
    let all = app.gateway.store().keywords(caller.workspace(), code).await?;
    let (total, before) = (all.len() as u64, (page.page - 1) as usize * page.size as usize);
    let data = all.into_iter().skip(before).take(page.size as usize).map(KeywordView::from).collect();
    ok(&KeywordPage { data, pagination: Pagination::new(page, total) })
}

/// Show a keyword
#[utoipa::path(
    get,
    path = "/v2/api/keywords/{id}",
    operation_id = "getKeyword",
    tag = "Keywords",
    params(("id" = String, Path, description = "The keyword's id")),
    responses(
        (status = 200, description = "The keyword", body = KeywordAnswer),
        (status = 404, description = "There is no such keyword in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<KeywordId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let keyword = app.gateway.store().keyword(caller.workspace(), id).await?.ok_or_else(not_found)?;
    ok(&Data { data: KeywordView::from(keyword) })
}
