//! `DELETE /v2/api/opt_outs/{id}`: the person changed their mind, and there is proof of it.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use facteur_domain::OptOutId;
use facteur_store::StoreError;
use utoipa::ToSchema;

use super::record::OptOutAnswer;
use super::{OptOutView, REASON_MAX, reached};
use crate::api::consents::{self, NewConsentBody};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// Why an opt-out is lifted, and on what ground.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct LiftBody {
    /// Why, for the records.
    #[schema(max_length = 500, example = "Subscribed again in the shop")]
    reason: String,
    /// The new consent, of the same number and for the same advertiser, collected after the opt-out. It
    /// is recorded in the ledger. Without one, only a doubtful opt-out (`review`) is lifted, and by reviewers one of
    /// the whole platform.
    consent: Option<NewConsentBody>,
}

/// Lift an opt-out
///
/// Ends an opt-out. It stays on the list, with its end; the new consent is recorded with it.
#[utoipa::path(
    delete,
    path = "/v2/api/opt_outs/{id}",
    operation_id = "liftOptOut",
    tag = "Opt-outs",
    params(("id" = String, Path, description = "The opt-out's id")),
    request_body = LiftBody,
    responses(
        (status = 200, description = "The opt-out with its end", body = OptOutAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "There is no such opt-out in the workspace", body = ErrorBody),
        (status = 409, description = "It was lifted before, or the consent does not carry it", body = ErrorBody),
    )
)]
pub(crate) async fn lift(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<OptOutId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let not_found =
        || ApiError::new(&codes::OPT_OUT_NOT_FOUND, "There is no such opt-out in the workspace.").at("id");
    let Named(id) = id.map_err(|_| not_found())?;
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let gateway = &app.gateway;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let reason = entry.required("reason", REASON_MAX, "say why the opt-out is lifted", &mut faults);
    let settings = gateway.settings(caller.workspace());
    let context = consents::context(&settings, gateway);
    let consent = entry.object("consent", &mut faults);
    let consent = consent.and_then(|consent| consents::read(consent, context, &mut faults));
    entry.end("reason and consent", &mut faults);
    faults.into_result()?;
    let reason = reason.ok_or_else(|| ApiError::internal("no reason and no fault says so"))?;
    let mut lifted = Err(StoreError::NotFound("opt-out"));
    for workspace in reached(&caller) {
        let (reason, consent) = (reason.clone(), consent.clone());
        let lifting =
            gateway.store().lift_opt_out(workspace, id, reason, consent, gateway.now(), caller.actor());
        lifted = lifting.await;
        if !matches!(lifted, Err(StoreError::NotFound(_))) {
            break;
        }
    }
    let lifted = lifted.map_err(|why| match why {
        StoreError::NotFound(_) => not_found(),
        StoreError::Conflict(why) => {
            ApiError::new(&codes::OPT_OUT_NOT_LIFTABLE, sentence(&why)).at("consent").suggest(
                "Send `consent` with the person's new consent: the same number and advertiser, collected \
                 after the opt-out, with the text that was shown.",
            )
        }
        other => other.into(),
    })?;
    ok(&Data { data: OptOutView::from(lifted) })
}

/// The store's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
