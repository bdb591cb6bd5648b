//! `GET /v1/api/contacts`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::ContactView;
use crate::api::page::{Params, V1Metadata};
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A page of contacts, as v1 has pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactPage {
    results: Vec<ContactView>,
    metadata: V1Metadata,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ContactPageAnswer {
    data: ContactPage,
}

/// List contacts
#[utoipa::path(
    get,
    path = "/v1/api/contacts",
    operation_id = "searchContacts",
    tag = "Contacts",
    params(
        ("page" = Option<u32>, Query, description = "Which page, from 0 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 10 unless told"),
    ),
    responses(
        (status = 200, description = "A page of contacts, newest first", body = ContactPageAnswer),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page_v1()?;
    params.end("page and size")?;
    let found = app.gateway.store().contacts(caller.workspace(), page).await?;
    let metadata = V1Metadata::new(page, found.total);
    let results = found.rows.into_iter().map(ContactView::from).collect();
    ok(&Data { data: ContactPage { results, metadata } })
}
