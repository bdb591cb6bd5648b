//! `POST /v2/api/consents/withdraw`: as easy as to consent.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use utoipa::ToSchema;

use super::view::ConsentView;
use crate::api::opt_outs::{ADVERTISER_MAX, REASON_MAX};
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// Who withdrew what.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct WithdrawBody {
    /// Whose, in E.164.
    #[schema(example = "+33612345678")]
    number: String,
    /// Only for this advertiser's marketing; for everybody's when absent.
    #[schema(max_length = 100)]
    advertiser: Option<String>,
    /// How and why, for the records.
    #[schema(max_length = 500, example = "Unticked the box in their account")]
    reason: String,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct WithdrawnAnswer {
    data: Vec<ConsentView>,
}

/// Withdraw a consent
///
/// Records that a person withdrew what they had given, as new entries of the ledger. What is withdrawn
/// already is not withdrawn again: then `data` is empty. A person who must not be written to at all said
/// STOP: record an opt-out.
#[utoipa::path(
    post,
    path = "/v2/api/consents/withdraw",
    operation_id = "withdrawConsent",
    tag = "Consents",
    request_body = WithdrawBody,
    responses(
        (status = 200, description = "The new entries, one for each consent that ended", body = WithdrawnAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "The ledger has nothing of this number", body = ErrorBody),
    )
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let number = entry.msisdn("number", &mut faults);
    let advertiser = entry.bounded("advertiser", ADVERTISER_MAX, &mut faults);
    let reason = entry.required("reason", REASON_MAX, "how and why it was withdrawn", &mut faults);
    entry.end("number, advertiser and reason", &mut faults);
    faults.into_result()?;
    let (Some(number), Some(reason)) = (number, reason) else {
        return Err(ApiError::internal("a required field is missing and no fault says so"));
    };
    let (store, workspace, now) = (app.gateway.store(), caller.workspace(), app.gateway.now());
    let ended = store.withdraw_consent(workspace, number, advertiser, reason, now, caller.actor()).await?;
    if ended.is_empty() && store.consents(workspace, number).await?.is_empty() {
        return Err(ApiError::new(&codes::CONSENT_NOT_FOUND, "The ledger has no consent of this number.")
            .at("number")
            .suggest("To keep a number from being written to, record an opt-out: POST /v2/api/opt_outs."));
    }
    ok(&Data { data: ended.into_iter().map(ConsentView::from).collect::<Vec<_>>() })
}
