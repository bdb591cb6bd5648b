//! `POST /v2/api/opt_outs/import`: a CSV file of opt-outs.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::record::{ids, keep};
use crate::api::bulk;
use crate::api::consents::import::{ImportAnswer, aside, table};
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::import::read_opt_outs;

/// Import opt-outs
///
/// Records the opt-outs of a CSV file: a line each, with the columns `number` and, if you like, `scope`
/// (`advertiser` or `workspace`), `advertiser` and `reason`. The first line names the columns, in
/// whatever order. Numbers may be written the French way. UTF-8 and Windows-1252, semicolons, commas and
/// tabs are understood. Every line is in the report; what is right is recorded though other lines are
/// wrong.
#[utoipa::path(
    post,
    path = "/v2/api/opt_outs/import",
    operation_id = "importOptOuts",
    tag = "Opt-outs",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "The report, a line each", body = ImportAnswer),
        (status = 400, description = "The file is no table, or no line is right", body = ErrorBody),
        (status = 413, description = "The file is larger than 5 MiB", body = ErrorBody),
        (status = 415, description = "The body is not sent as text/csv", body = ErrorBody),
    )
)]
pub(crate) async fn import(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let octets = table(request, &app.options).await?;
    let read = aside(move || read_opt_outs(&octets)).await?;
    let report = bulk::record_import(read, |chunk| ids(keep(&app.gateway, &caller, chunk))).await?;
    ok(&Data { data: report })
}
