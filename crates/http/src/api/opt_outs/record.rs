//! `POST /v2/api/opt_outs`: one opt-out, or a list of them.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_gateway::{Caller, Gateway};
use facteur_store::{NewOptOut, OptOut, StoreError};
use utoipa::ToSchema;

use super::{OptOutView, Reach, read};
use crate::api::bulk::{self, Place, Read, Report};
use crate::api::{Data, Key, ok, words, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::Entry;

/// The field of a list.
const LIST: &str = "opt_outs";

/// An opt-out to record; or a list of such objects, as `{"opt_outs": [...]}`.
#[derive(ToSchema)]
#[schema(example = json!({"number": "+33612345678", "reason": "Asked for it on the telephone"}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct NewOptOutBody {
    /// Whose, in E.164.
    #[schema(example = "+33612345678")]
    number: String,
    /// How far it reaches: `advertiser` (the default), `workspace`, or `platform` with the scope
    /// COMPLIANCE_REVIEW.
    #[schema(value_type = Option<words::OptOutReach>)]
    scope: Option<String>,
    /// With the scope `advertiser`, whose marketing it ends; the workspace's own advertiser when absent.
    #[schema(max_length = 100)]
    advertiser: Option<String>,
    /// Why, in your words.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A success with one opt-out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct OptOutAnswer {
    data: OptOutView,
}

/// A success with a list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ReportAnswer {
    data: Report,
}

/// Record opt-outs
///
/// Records that a person said STOP: from the moment this is answered, no marketing that it covers leaves
/// for the number, and what waits is withdrawn. To record an opt-out that holds already changes nothing.
///
/// A list of up to 1,000 is `{"opt_outs": [...]}`, and is answered by a report: what is right is
/// recorded, what is wrong is listed with its index and its faults. When nothing is right the answer is
/// 400.
#[utoipa::path(
    post,
    path = "/v2/api/opt_outs",
    operation_id = "recordOptOuts",
    tag = "Opt-outs",
    request_body = NewOptOutBody,
    responses(
        (status = 200, description = "The report of a list", body = ReportAnswer),
        (status = 201, description = "The opt-out holds", body = OptOutAnswer),
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
    let reach = Reach::of(&caller);
    let mut faults = Faults::default();
    if !entry.has(LIST) {
        let read = read(entry, reach, "api", &mut faults);
        faults.into_result()?;
        let kept = keep(&app.gateway, &caller, read.into_iter().collect()).await?;
        let kept = kept.into_iter().next().ok_or_else(|| ApiError::internal("nothing was recorded"))?;
        return written(StatusCode::CREATED, &Data { data: OptOutView::from(kept) });
    }
    let list = entry.list(LIST, &mut faults).unwrap_or_default();
    entry.end(LIST, &mut faults);
    faults.into_result()?;
    bulk::within_bounds(LIST, list.len(), bulk::ENTRIES_MAX)?;
    let entries = list.into_iter().enumerate().map(|(at, node)| {
        let mut faults = Faults::default();
        let entry = Entry::element(LIST, at, node, &mut faults);
        let read = entry.and_then(|entry| read(entry, reach, "api", &mut faults));
        Read { place: Place::Index(at), entry: faults.verdict(read) }
    });
    let report = bulk::record(entries.collect(), |chunk| ids(keep(&app.gateway, &caller, chunk))).await?;
    ok(&Data { data: report })
}

/// The ids of what was kept.
pub(super) async fn ids(
    kept: impl Future<Output = Result<Vec<OptOut>, StoreError>>,
) -> Result<Vec<String>, StoreError> {
    Ok(kept.await?.into_iter().map(|opt_out| opt_out.id.to_string()).collect())
}

/// Records opt-outs; what they withdraw is told to whoever waits for it.
pub(super) async fn keep(
    gateway: &Gateway,
    caller: &Caller,
    opt_outs: Vec<NewOptOut>,
) -> Result<Vec<OptOut>, StoreError> {
    let recording =
        gateway.store().record_opt_outs(caller.workspace(), opt_outs, gateway.now(), caller.actor());
    let (kept, withdrawn) = recording.await?;
    gateway.report(&withdrawn);
    Ok(kept)
}
