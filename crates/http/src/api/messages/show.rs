//! `GET /v2/api/messages/{id}`: one message and its whole story.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_store::StoryStep;
use serde::Serialize;
use utoipa::ToSchema;

use super::{MessageView, Named, not_found};
use crate::api::{Data, Key, ok, words};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A message with its story.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageStory {
    #[serde(flatten)]
    message: MessageView,
    /// What happened to it, oldest step first.
    story: Vec<Step>,
}

/// One step of a message's story.
#[derive(Serialize, ToSchema)]
pub(crate) struct Step {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Which part, from 1; null for the message as a whole.
    #[schema(required = true)]
    part: Option<u8>,
    /// What happened, as in `accepted`, `handed_over`, `taken`, `deferred`, `receipt`, `resent`.
    #[schema(example = "receipt")]
    what: String,
    /// The status that follows, or null when it stays.
    #[schema(value_type = Option<words::Status>, required = true)]
    status: Option<&'static str>,
    /// By which route, or null.
    #[schema(required = true)]
    route: Option<String>,
    /// The operator's word, or null: an id, a status name, a receipt's word and error.
    #[schema(required = true)]
    detail: Option<String>,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct MessageAnswer {
    data: MessageStory,
}

/// Show a message
///
/// A message, where it stands, and its whole story: every step with its time, route and the
/// operator's word.
#[utoipa::path(
    get,
    path = "/v2/api/messages/{id}",
    operation_id = "getMessage",
    tag = "Messages",
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "The message", body = MessageAnswer),
        (status = 401, description = "The key is missing, unknown or revoked", body = ErrorBody),
        (status = 403, description = "The key lacks the scope", body = ErrorBody),
        (status = 404, description = "There is no such message in the workspace", body = ErrorBody),
        (status = 429, description = "Too many requests a second", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    Named(id): Named,
) -> Result<Response, ApiError> {
    let workspace = caller.workspace();
    let store = app.gateway.store();
    let message = store.message(workspace, id).await?.ok_or_else(not_found)?;
    let story = store.story(workspace, id).await?;
    ok(&Data {
        data: MessageStory { message: message.into(), story: story.into_iter().map(Step::from).collect() },
    })
}

impl From<StoryStep> for Step {
    fn from(step: StoryStep) -> Self {
        Self {
            at: step.at.to_string(),
            part: step.part,
            what: step.what,
            status: step.state.map(|state| state.as_str()),
            route: step.route,
            detail: step.detail,
        }
    }
}
