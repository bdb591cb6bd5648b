//! The reviewers' side of the desk: the senders of all workspaces.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use facteur_domain::{EvidenceId, SenderRecordId, SenderState};
use facteur_gateway::{Caller, Review};
use facteur_store::{NameProof, SenderRecord, StoreError};
use utoipa::ToSchema;

use super::not_found;
use super::show::{SenderPage, paged};
use super::view::{SenderAnswer, SenderDetail, overdue};
use crate::api::opt_outs::REASON_MAX;
use crate::api::page::Params;
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// The passing of a review.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ValidateBody {
    /// What the papers prove of the right to the name: `none`, `registered` (the company's name or trade
    /// mark) or `authorised` (the brand's written authorisation). As it was when absent.
    proof: Option<String>,
    /// A word for the customer.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A refusal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ReasonBody {
    /// Why: the customer reads it.
    #[schema(max_length = 500, example = "The name belongs to another brand.")]
    reason: String,
}

/// A question.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct AskBody {
    /// Which document: the customer reads it.
    #[schema(max_length = 500, example = "An extract of the register of less than three months")]
    what: String,
}

/// List senders to review
///
/// The Sender IDs and short codes of all workspaces; those whose review is due first at the top.
#[utoipa::path(
    get,
    path = "/v2/api/review/sender_ids",
    operation_id = "listReviews",
    tag = "Reviews",
    params(
        ("status" = Option<String>, Query, description = "Only in this state: `PENDING`, `VALIDATED`, `FAILED` or `DISABLED`"),
        ("overdue" = Option<bool>, Query, description = "Only those whose review is late (`true`) or not (`false`)"),
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of senders", body = SenderPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    let unknown = |name: &'static str, words: &str| {
        ApiError::new(&codes::INVALID_SEARCH_QUERY, format!("{name} must be {words}.")).at(name)
    };
    let status = params.take("status").map(|name| {
        let state = SenderState::from_name(&name.to_ascii_uppercase());
        state.ok_or_else(|| unknown("status", "one of PENDING, VALIDATED, FAILED, DISABLED"))
    });
    let status = status.transpose()?;
    let late = params
        .take("overdue")
        .map(|word| word.parse::<bool>().map_err(|_| unknown("overdue", "true or false")));
    let late = late.transpose()?;
    params.end("status, overdue, page and size")?;
    let now = app.gateway.now();
    let all = app.gateway.store().directory().await?.senders;
    let wanted = |record: &&SenderRecord| {
        status.is_none_or(|state| record.state == state)
            && late.is_none_or(|late| overdue(record, now) == late)
    };
    let mut records: Vec<&SenderRecord> = all.iter().filter(wanted).collect();
    records.sort_by_key(|record| (record.state != SenderState::Pending, record.dossier.due_at, record.id));
    ok(&paged(&app, records, page))
}

/// Pass a review
///
/// A `PENDING` sender may send from now on; a `DISABLED` one may again.
#[utoipa::path(
    post,
    path = "/v2/api/review/sender_ids/{id}/validate",
    operation_id = "validateSenderId",
    tag = "Reviews",
    params(("id" = String, Path, description = "The sender's id")),
    request_body = ValidateBody,
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 400, description = "A field is wrong; `details` says which", body = ErrorBody),
        (status = 404, description = "There is no such sender", body = ErrorBody),
        (status = 409, description = "It stands where it cannot be validated", body = ErrorBody),
    )
)]
pub(crate) async fn validate(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let record = find(&app, id).await?;
    let mut entry = read(&app, request).await?;
    let mut faults = Faults::default();
    let proofs = ["none", "registered", "authorised"];
    let proof = entry.word("proof", NameProof::from_name, &proofs, &mut faults);
    let reason = entry.bounded("reason", REASON_MAX, &mut faults);
    entry.end("proof and reason", &mut faults);
    faults.into_result()?;
    decide(&app, &caller, &record, Review::Validate { proof, word: reason }).await
}

/// Refuse a sender
///
/// A `PENDING` sender is refused, for a reason that the customer reads.
#[utoipa::path(
    post,
    path = "/v2/api/review/sender_ids/{id}/fail",
    operation_id = "failSenderId",
    tag = "Reviews",
    params(("id" = String, Path, description = "The sender's id")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 400, description = "The reason is missing", body = ErrorBody),
        (status = 404, description = "There is no such sender", body = ErrorBody),
        (status = 409, description = "It stands where it cannot be refused", body = ErrorBody),
    )
)]
pub(crate) async fn fail(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let record = find(&app, id).await?;
    let why = word(&app, request, "reason", "why it is refused: the customer reads it").await?;
    decide(&app, &caller, &record, Review::Fail(why)).await
}

/// Withdraw a sender
///
/// A `VALIDATED` sender may send no more, for a reason that the customer reads.
#[utoipa::path(
    post,
    path = "/v2/api/review/sender_ids/{id}/disable",
    operation_id = "disableSenderId",
    tag = "Reviews",
    params(("id" = String, Path, description = "The sender's id")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 400, description = "The reason is missing", body = ErrorBody),
        (status = 404, description = "There is no such sender", body = ErrorBody),
        (status = 409, description = "It stands where it cannot be withdrawn", body = ErrorBody),
    )
)]
pub(crate) async fn disable(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let record = find(&app, id).await?;
    let why = word(&app, request, "reason", "why it is withdrawn: the customer reads it").await?;
    decide(&app, &caller, &record, Review::Disable(why)).await
}

/// Ask for a document
///
/// The sender's papers lack a document; the customer sees which. The next file of evidence settles it.
#[utoipa::path(
    post,
    path = "/v2/api/review/sender_ids/{id}/ask",
    operation_id = "askSenderDocument",
    tag = "Reviews",
    params(("id" = String, Path, description = "The sender's id")),
    request_body = AskBody,
    responses(
        (status = 200, description = "The sender", body = SenderAnswer),
        (status = 400, description = "`what` is missing", body = ErrorBody),
        (status = 404, description = "There is no such sender", body = ErrorBody),
    )
)]
pub(crate) async fn ask(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let record = find(&app, id).await?;
    let what = word(&app, request, "what", "which document: the customer reads it").await?;
    decide(&app, &caller, &record, Review::Ask(what)).await
}

/// Download evidence
///
/// A file of evidence as it was added.
#[utoipa::path(
    get,
    path = "/v2/api/review/sender_ids/{id}/evidence/{evidence_id}",
    operation_id = "getEvidence",
    tag = "Reviews",
    params(
        ("id" = String, Path, description = "The sender's id"),
        ("evidence_id" = String, Path, description = "The file's id"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/pdf"),
        (status = 404, description = "There is no such sender or file", body = ErrorBody),
    )
)]
pub(crate) async fn evidence(
    State(app): State<App>,
    ids: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, ApiError> {
    let none = || ApiError::new(&codes::EVIDENCE_NOT_FOUND, "There is no such file.").at("evidence_id");
    let Ok(Path((id, evidence))) = ids else { return Err(not_found()) };
    let id = id.parse::<SenderRecordId>().map(Named).map_err(|_| not_found());
    let record = find(&app, id).await?;
    let evidence: EvidenceId = evidence.parse().map_err(|_| none())?;
    let found = app.gateway.store().evidence_file(record.workspace, evidence).await?;
    let (file, bytes) = found.filter(|(file, _)| file.sender == record.id).ok_or_else(none)?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    // One of three types that were checked when it came; never shown by a browser as a page of ours.
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

/// The sender of an id, in whatever workspace.
async fn find(app: &App, id: Result<Named<SenderRecordId>, ApiError>) -> Result<SenderRecord, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let all = app.gateway.store().directory().await?.senders;
    all.into_iter().find(|record| record.id == id).ok_or_else(not_found)
}

async fn read(app: &App, request: Request) -> Result<Entry, ApiError> {
    let (parts, body) = request.into_parts();
    Entry::read(&body::json(&parts, body, &app.options).await?)
}

/// The one field of a body.
async fn word(app: &App, request: Request, field: &'static str, meaning: &str) -> Result<String, ApiError> {
    let mut entry = read(app, request).await?;
    let mut faults = Faults::default();
    let word = entry.required(field, REASON_MAX, meaning, &mut faults);
    entry.end(field, &mut faults);
    faults.into_result()?;
    word.ok_or_else(|| ApiError::internal("a required field is missing and no fault says so"))
}

async fn decide(
    app: &App,
    caller: &Caller,
    record: &SenderRecord,
    review: Review,
) -> Result<Response, ApiError> {
    let moved = app.gateway.review(record, review, caller.actor()).await.map_err(|why| match why {
        StoreError::Conflict(why) => {
            ApiError::new(&codes::SENDER_ID_STATE_CONFLICT, format!("{why}.")).at("id")
        }
        StoreError::NotFound(_) => not_found(),
        other => other.into(),
    })?;
    let evidence = app.gateway.store().evidence(moved.workspace, moved.id).await?;
    ok(&Data { data: SenderDetail::of(&app.gateway, &moved, evidence) })
}
