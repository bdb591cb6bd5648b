//! `GET /v2/api/opt_outs`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::WorkspaceId;
use facteur_gateway::Scope;
use facteur_store::{OptOutFilter, OptOutState};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::OptOutView;
use crate::api::page::{Pagination, Params};
use crate::api::{Key, ok, words};
use crate::app::App;
use crate::auth;
use crate::error::{ApiError, ErrorBody, codes};

/// A page of opt-outs.
#[derive(Serialize, ToSchema)]
pub(crate) struct OptOutPage {
    data: Vec<OptOutView>,
    pagination: Pagination,
}

/// Which.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the query; it is read one by one, for better errors")]
pub(crate) struct Filters {
    /// Only this number's, in E.164.
    number: Option<String>,
    /// Only sure ones (`confirmed`), or only those that somebody is to read (`review`).
    #[param(value_type = Option<words::OptOutStatus>, inline)]
    state: Option<String>,
    /// `platform`, with the scope COMPLIANCE_REVIEW: those of the whole platform, whoever recorded them, and those
    /// of phones that said STOP while nobody could tell to whom. Without it, the workspace's.
    scope: Option<String>,
    /// Only those that hold, or only those that were lifted.
    holds: Option<bool>,
    /// Which page, from 1 (the default).
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on a page, 20 unless told.
    #[param(minimum = 1, maximum = 100)]
    size: Option<u32>,
}

/// List opt-outs
///
/// The workspace's opt-outs, newest first, those that were lifted too unless `holds` says otherwise.
#[utoipa::path(
    get,
    path = "/v2/api/opt_outs",
    operation_id = "listOptOuts",
    tag = "Opt-outs",
    params(Filters),
    responses(
        (status = 200, description = "A page of opt-outs", body = OptOutPage),
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
    let state = params.take("state").map(|name| {
        OptOutState::from_name(&name.to_lowercase()).ok_or_else(|| {
            ApiError::new(&codes::INVALID_SEARCH_QUERY, "state must be confirmed or review.").at("state")
        })
    });
    let filter = OptOutFilter { number, state: state.transpose()?, holds: params.yes_or_no("holds")? };
    let workspace = match params.take("scope").as_deref() {
        None => caller.workspace(),
        Some("platform") => {
            auth::require(&caller, Scope::ComplianceReview)?;
            WorkspaceId::PLATFORM
        }
        Some(_) => {
            let message = "scope is platform, or absent for the workspace's own.";
            return Err(ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at("scope"));
        }
    };
    params.end("number, state, scope, holds, page and size")?;
    let found = app.gateway.store().opt_outs(workspace, filter, page).await?;
    ok(&OptOutPage {
        pagination: Pagination::new(page, found.total),
        data: found.rows.into_iter().map(OptOutView::from).collect(),
    })
}
