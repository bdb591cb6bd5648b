//! `POST /v2/api/consents`: one consent, or a list of them.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_gateway::{Caller, Gateway};
use facteur_store::{ConsentEntry, NewConsent, StoreError};
use utoipa::ToSchema;

use super::view::ConsentView;
use super::{NewConsentBody, context, read};
use crate::api::bulk::{self, Place, Read};
use crate::api::opt_outs::record::ReportAnswer;
use crate::api::{Data, Key, ok, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::Entry;

/// The field of a list.
const LIST: &str = "consents";

/// A success with one entry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ConsentAnswer {
    data: ConsentView,
}

/// Record consents
///
/// Writes a consent with its proof into the ledger, which is never changed afterwards: a consent that
/// ends is withdrawn by another entry.
///
/// A list of up to 1,000 is `{"consents": [...]}`, and is answered by a report: what is right is
/// recorded, what is wrong is listed with its index and its faults. When nothing is right the answer is
/// 400.
#[utoipa::path(
    post,
    path = "/v2/api/consents",
    operation_id = "recordConsents",
    tag = "Consents",
    request_body = NewConsentBody,
    responses(
        (status = 200, description = "The report of a list", body = ReportAnswer),
        (status = 201, description = "The entry", body = ConsentAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 413, description = "The body is larger than 5 MiB", body = ErrorBody),
    )
)]
pub(crate) async fn record(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::long_json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let settings = app.gateway.settings(caller.workspace());
    let context = context(&settings, &app.gateway);
    let mut faults = Faults::default();
    if !entry.has(LIST) {
        let read = read(entry, context, &mut faults);
        faults.into_result()?;
        let kept = keep(&app.gateway, &caller, read.into_iter().collect()).await?;
        let kept = kept.into_iter().next().ok_or_else(|| ApiError::internal("nothing was recorded"))?;
        return written(StatusCode::CREATED, &Data { data: ConsentView::from(kept) });
    }
    let list = entry.list(LIST, &mut faults).unwrap_or_default();
    entry.end(LIST, &mut faults);
    faults.into_result()?;
    bulk::within_bounds(LIST, list.len(), bulk::ENTRIES_MAX)?;
    let entries = list.into_iter().enumerate().map(|(at, node)| {
        let mut faults = Faults::default();
        let entry = Entry::element(LIST, at, node, &mut faults);
        let read = entry.and_then(|entry| read(entry, context, &mut faults));
        Read { place: Place::Index(at), entry: faults.verdict(read) }
    });
    let report = bulk::record(entries.collect(), |chunk| ids(keep(&app.gateway, &caller, chunk))).await?;
    ok(&Data { data: report })
}

/// The ids of what was kept.
pub(super) async fn ids(
    kept: impl Future<Output = Result<Vec<ConsentEntry>, StoreError>>,
) -> Result<Vec<String>, StoreError> {
    Ok(kept.await?.into_iter().map(|entry| entry.id.to_string()).collect())
}

/// Writes consents into the caller's ledger.
pub(super) async fn keep(
    gateway: &Gateway,
    caller: &Caller,
    consents: Vec<NewConsent>,
) -> Result<Vec<ConsentEntry>, StoreError> {
    gateway.store().record_consents(caller.workspace(), consents, gateway.now(), caller.actor()).await
}
