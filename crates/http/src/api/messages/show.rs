//! `GET /v2/api/messages/{id}`: one message and its whole story.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_store::StoryStep;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{MessageView, Named, not_found};
use crate::api::time::EtaView;
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
    /// What the rules said of it, and by which rules.
    verdicts: Verdicts,
    /// The entry of the consent ledger that it relied on, or null.
    #[schema(required = true, example = "cns_1M3PF7F7G0042")]
    consent_id: Option<String>,
    /// While it is `queued`, between when and when it is expected to leave; null when nobody can tell, and in
    /// every other status.
    #[schema(required = true)]
    eta: Option<EtaView>,
}

/// The verdicts on a message. One in which no rule had anything to say is null, and so is one that was not
/// made yet.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verdicts {
    /// When it was accepted.
    #[schema(required = true, value_type = Option<KeptVerdict>)]
    acceptance: Option<Value>,
    /// When it left, or was to leave.
    #[schema(required = true, value_type = Option<KeptVerdict>)]
    departure: Option<Value>,
}

/// A verdict as it was kept with its message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer; it is passed on as it was kept")]
pub(crate) struct KeptVerdict {
    /// What was decided.
    #[schema(value_type = words::Decision)]
    decision: String,
    /// When it was judged.
    #[schema(format = DateTime)]
    at: String,
    /// The class that was in force.
    #[schema(value_type = words::Class)]
    class: String,
    /// The rules that judged, with their version.
    rule_pack: String,
    /// Every reason.
    reasons: Vec<KeptReason>,
}

/// One reason of a verdict that was kept.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer; it is passed on as it was kept")]
pub(crate) struct KeptReason {
    /// The rule's stable id.
    #[schema(example = "fr.window.sunday")]
    rule: String,
    /// `allow`, `note`, `hold` or `refuse`.
    #[schema(example = "hold")]
    effect: String,
    /// The reason in a sentence, in English.
    #[schema(example = "No marketing SMS on Sundays.")]
    message: String,
    /// The same in French.
    message_fr: String,
    /// The id of the source that says so.
    #[schema(example = "SEED")]
    source: String,
    /// The source's date.
    dated: String,
    /// For a hold, until when; else null.
    #[schema(required = true, format = DateTime)]
    until: Option<String>,
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
/// A message, where it stands, and its whole story: every step with its time, route and the operator's
/// word; the verdicts of its acceptance and departure, and the consent that it relied on.
#[utoipa::path(
    get,
    path = "/v2/api/messages/{id}",
    operation_id = "getMessage",
    tag = "Messages",
    params(("id" = String, Path, description = "The message's id")),
    responses(
        (status = 200, description = "The message", body = MessageAnswer),
        (status = 404, description = "There is no such message in the workspace", body = ErrorBody),
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
    let (acceptance, departure) = store.verdicts(workspace, id).await?;
    let consent = store.relied_on(workspace, id).await?;
    let queued = message.state == facteur_domain::State::Queued;
    let eta = queued.then(|| app.gateway.eta(&message.message)).flatten().map(EtaView::from);
    ok(&Data {
        data: MessageStory {
            message: message.into(),
            story: story.into_iter().map(Step::from).collect(),
            verdicts: Verdicts { acceptance: kept(acceptance)?, departure: kept(departure)? },
            consent_id: consent.map(|id| id.to_string()),
            eta,
        },
    })
}

/// A verdict as it was kept.
fn kept(json: Option<String>) -> Result<Option<Value>, ApiError> {
    json.map(|json| serde_json::from_str(&json)).transpose().map_err(ApiError::internal)
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
