//! `POST /v2/api/consents/import`: a CSV file of consents.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use utoipa::ToSchema;

use super::context;
use super::record::{ids, keep};
use crate::api::bulk::{self, ImportReport};
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::body::{self, Wanted};
use crate::error::{ApiError, ErrorBody, codes};
use crate::import::{NoTable, read_consents};
use crate::server::Options;

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ImportAnswer {
    data: ImportReport,
}

/// Import consents
///
/// Records the consents of a CSV file: a line each, with the columns `number`, `basis`, `purpose`,
/// `collected_at`, `source`, `text_shown` and, if you like, `advertiser`, `evidence` and `professional`.
/// The first line names the columns, in whatever order; other columns are passed over. Numbers may be
/// written the French way, and dates as 22/11/2026 or 22/11/2026 10:15, Paris time. UTF-8 and
/// Windows-1252, semicolons, commas and tabs are understood. Every line is in the report; what is right
/// is recorded though other lines are wrong.
#[utoipa::path(
    post,
    path = "/v2/api/consents/import",
    operation_id = "importConsents",
    tag = "Consents",
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
    let settings = app.gateway.settings(caller.workspace());
    let reader = app.clone();
    let read = aside(move || read_consents(&octets, context(&settings, &reader.gateway))).await?;
    let report = bulk::record_import(read, |chunk| ids(keep(&app.gateway, &caller, chunk))).await?;
    ok(&Data { data: report })
}

/// The octets of a table.
///
/// # Errors
/// As for every body.
pub(crate) async fn table(request: Request, options: &Options) -> Result<Bytes, ApiError> {
    let (parts, body) = request.into_parts();
    let wanted = Wanted {
        types: &["text/csv"],
        hint: "Send the file as it is with `Content-Type: text/csv`, as in `curl --data-binary @file.csv`.",
        max: options.bulk_max,
    };
    body::octets(&parts, body, &wanted, options).await.map(|(_, octets)| octets)
}

/// What `read` makes of a file: megabytes are read aside from the tasks that answer requests.
///
/// # Errors
/// The file is no table.
pub(crate) async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, NoTable> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(read).await.map_err(ApiError::internal)?.map_err(unreadable)
}

/// A file that is no table.
#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn unreadable(why: NoTable) -> ApiError {
    ApiError::new(&codes::INVALID_CSV, why.to_string())
        .suggest("Save the table as CSV, its first line being the names of the columns.")
}
