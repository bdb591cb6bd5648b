//! Allo's partner routes: a reseller declares senders for its accounts, which are our workspaces.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::{Sender, SenderRecordId, WorkspaceId};
use facteur_store::SenderRecord;

use super::declare::{DeclareBody, Kind, keep, read};
use super::not_found;
use super::show::{SenderPage, only_page, paged};
use super::view::{SenderAnswer, SenderDetail};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// List an account's Sender IDs
///
/// Allo's partner route. An account is a workspace.
#[utoipa::path(
    get,
    path = "/v2/api/partner/accounts/{account_id}/sender_ids",
    operation_id = "listPartnerSenderIds",
    tag = "Partners",
    params(
        ("account_id" = String, Path, description = "The account's id: a workspace's"),
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of Sender IDs", body = SenderPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    account: Result<Named<WorkspaceId>, ApiError>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let account = existing(&app, account.map(|Named(id)| id)).await?;
    let page = only_page(&uri)?;
    let senders = app.gateway.senders(account);
    let names = senders.iter().filter(|record| matches!(record.sender, Sender::Name(_)));
    ok(&paged(&app, names.map(AsRef::as_ref).collect(), page))
}

/// Declare a Sender ID for an account
///
/// Allo's partner route: `sender_id`, and `example_content` or more papers if you have them. It waits for
/// a review; the same name again answers the one there is.
#[utoipa::path(
    post,
    path = "/v2/api/partner/accounts/{account_id}/sender_ids",
    operation_id = "declarePartnerSenderId",
    tag = "Partners",
    params(("account_id" = String, Path, description = "The account's id: a workspace's")),
    request_body = DeclareBody,
    responses(
        (status = 200, description = "It was declared before", body = SenderAnswer),
        (status = 201, description = "It waits for a review", body = SenderAnswer),
        (status = 400, description = "The rules refuse it, or a field is wrong; `details` says why", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
        (status = 409, description = "Another account has it, or this one has too many", body = ErrorBody),
    )
)]
pub(crate) async fn declare(
    State(app): State<App>,
    Extension(caller): Key,
    account: Result<Named<WorkspaceId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let account = existing(&app, account.map(|Named(id)| id)).await?;
    let declared = read(request, &app.options, Kind::Name).await?;
    keep(&app, &caller, account, declared, Kind::Name).await
}

/// Show an account's Sender ID
///
/// Allo's partner route.
#[utoipa::path(
    get,
    path = "/v2/api/partner/accounts/{account_id}/sender_ids/{id}",
    operation_id = "getPartnerSenderId",
    tag = "Partners",
    params(
        ("account_id" = String, Path, description = "The account's id: a workspace's"),
        ("id" = String, Path, description = "The sender's id"),
    ),
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 404, description = "There is no such account, or no such sender in it", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    ids: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path((account, id))) = ids else { return Err(no_account()) };
    let account = existing(&app, account.parse().map_err(|_| no_account())).await?;
    let id: SenderRecordId = id.parse().map_err(|_| not_found())?;
    let senders = app.gateway.senders(account);
    let record: &SenderRecord = senders.iter().find(|record| record.id == id).ok_or_else(not_found)?;
    let evidence = app.gateway.store().evidence(account, id).await?;
    ok(&Data { data: SenderDetail::of(&app.gateway, record, evidence) })
}

/// An account that there is.
async fn existing(app: &App, account: Result<WorkspaceId, ApiError>) -> Result<WorkspaceId, ApiError> {
    let account = account.map_err(|_| no_account())?;
    let known = app.gateway.store().directory().await?.workspaces;
    known.iter().any(|workspace| workspace.id == account).then_some(account).ok_or_else(no_account)
}

fn no_account() -> ApiError {
    ApiError::new(&codes::PARTNER_ACCOUNT_NOT_FOUND, "There is no such account.")
        .at("account_id")
        .suggest("An account's id is its workspace's, as in wsp_...; GET /v2/api/me shows a key's.")
}
