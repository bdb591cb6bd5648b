//! `POST /v2/api/opt_outs/{id}/confirm`: somebody has read a doubtful reply, and it is a STOP.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_domain::OptOutId;
use facteur_store::StoreError;

use super::record::OptOutAnswer;
use super::{OptOutView, reached};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// Confirm an opt-out
///
/// Makes a doubtful one (`review`) sure. One that is sure already is answered as it is. Who reads that it was
/// none lifts it instead, with a reason and without a consent.
#[utoipa::path(
    post,
    path = "/v2/api/opt_outs/{id}/confirm",
    operation_id = "confirmOptOut",
    tag = "Opt-outs",
    params(("id" = String, Path, description = "The opt-out's id")),
    responses(
        (status = 200, description = "The opt-out", body = OptOutAnswer),
        (status = 404, description = "There is no such opt-out in the workspace", body = ErrorBody),
        (status = 409, description = "It was lifted", body = ErrorBody),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<OptOutId>, ApiError>,
) -> Result<Response, ApiError> {
    let not_found =
        || ApiError::new(&codes::OPT_OUT_NOT_FOUND, "There is no such opt-out in the workspace.").at("id");
    let Named(id) = id.map_err(|_| not_found())?;
    let gateway = &app.gateway;
    let mut confirmed = Err(StoreError::NotFound("opt-out"));
    for workspace in reached(&caller) {
        confirmed = gateway.store().confirm_opt_out(workspace, id, gateway.now(), caller.actor()).await;
        if !matches!(confirmed, Err(StoreError::NotFound(_))) {
            break;
        }
    }
    let confirmed = confirmed.map_err(|why| match why {
        StoreError::NotFound(_) => not_found(),
        StoreError::Conflict(_) => {
            ApiError::new(&codes::OPT_OUT_NOT_CONFIRMABLE, "This opt-out was lifted, and holds no more.")
                .at("id")
                .suggest("Record a new opt-out, if the person said STOP again.")
        }
        other => other.into(),
    })?;
    ok(&Data { data: OptOutView::from(confirmed) })
}
