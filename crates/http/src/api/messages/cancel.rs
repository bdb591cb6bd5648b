//! `POST /v2/api/messages/{id}/cancel`: withdraws a message that has not left.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_domain::State as Stage;
use facteur_gateway::Code;
use utoipa::ToSchema;

use super::{MessageView, Named};
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct CancelledAnswer {
    data: MessageView,
}

/// Cancel a message
///
/// Withdraws a message that is `scheduled` or `queued`. To cancel a message that is cancelled
/// already is a success, so the call can be repeated.
#[utoipa::path(
    post,
    path = "/v2/api/messages/{id}/cancel",
    operation_id = "cancelMessage",
    tag = "Messages",
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "The message is cancelled", body = CancelledAnswer),
        (status = 404, description = "There is no such message in the workspace", body = ErrorBody),
        (status = 409, description = "The message has left or reached its end", body = ErrorBody),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    Extension(caller): Key,
    Named(id): Named,
) -> Result<Response, ApiError> {
    let workspace = caller.workspace();
    let message = match app.gateway.cancel(workspace, id, caller.actor()).await {
        Ok(message) => message,
        Err(refusal) if refusal.code == Code::MessageNotCancellable => {
            let found = app.gateway.store().message(workspace, id).await?;
            found.filter(|found| found.state == Stage::Cancelled).ok_or(refusal)?
        }
        Err(refusal) => return Err(refusal.into()),
    };
    ok(&Data { data: MessageView::from(message) })
}
