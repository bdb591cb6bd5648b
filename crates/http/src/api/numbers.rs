//! `GET /v1/api/numbers` and `GET /v2/api/numbers`: the senders of a workspace, in Allo's words.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use facteur_domain::{Sender, SenderState};
use facteur_store::SenderRecord;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Key, ok, words};
use crate::app::App;
use crate::error::ApiError;

/// Sender IDs and short codes are registered for France alone.
const COUNTRY: &str = "FR";

/// A sender that may send (v1).
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberV1 {
    /// The short code; null for a Sender ID.
    #[schema(required = true)]
    number: Option<String>,
    /// The sender's name.
    #[schema(example = "MyCompany")]
    name: String,
    /// Always `FR`.
    #[schema(example = "FR")]
    country: &'static str,
    /// Always false: senders belong to one workspace.
    is_shared_number: bool,
}

/// A sender, in whatever state (v2).
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberV2 {
    /// The short code; null for a Sender ID.
    #[schema(required = true)]
    number: Option<String>,
    /// The sender's name.
    #[schema(example = "MyCompany")]
    name: String,
    /// Always `FR`.
    #[schema(example = "FR")]
    country: &'static str,
    /// `SENDER_ID`, or `NUMBER` for a short code.
    #[serde(rename = "type")]
    #[schema(example = "SENDER_ID")]
    kind: &'static str,
    /// Always `SMS`.
    #[schema(value_type = Vec<String>, example = json!(["SMS"]))]
    capabilities: [&'static str; 1],
    /// Always empty: senders belong to the whole workspace.
    #[schema(value_type = Vec<String>)]
    users: [&'static str; 0],
    /// The sender's id (ours).
    id: String,
    /// Where it stands in its verification (ours).
    #[schema(value_type = words::SenderStatus, example = "VALIDATED")]
    status: &'static str,
    /// The class of messages that do not say theirs (ours).
    #[schema(value_type = words::Class, example = "transactional")]
    class: &'static str,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct NumbersV1Answer {
    data: Vec<NumberV1>,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct NumbersV2Answer {
    data: Vec<NumberV2>,
}

/// List senders (v1)
///
/// The Sender IDs and short codes that may send now.
#[utoipa::path(
    get,
    path = "/v1/api/numbers",
    operation_id = "getNumbers",
    tag = "Senders",
    responses(
        (status = 200, description = "The senders that may send", body = NumbersV1Answer),
    )
)]
pub(crate) async fn list_v1(State(app): State<App>, Extension(caller): Key) -> Result<Response, ApiError> {
    let senders = app.gateway.senders(caller.workspace());
    let active = senders.iter().filter(|record| record.state == SenderState::Validated);
    let data: Vec<_> = active
        .map(|record| NumberV1 {
            number: number(record),
            name: record.sender.to_string(),
            country: COUNTRY,
            is_shared_number: false,
        })
        .collect();
    ok(&Data { data })
}

/// List senders (v2)
///
/// All Sender IDs and short codes of the workspace, in every state.
#[utoipa::path(
    get,
    path = "/v2/api/numbers",
    operation_id = "listNumbers",
    tag = "Senders",
    responses(
        (status = 200, description = "The senders", body = NumbersV2Answer),
    )
)]
pub(crate) async fn list_v2(State(app): State<App>, Extension(caller): Key) -> Result<Response, ApiError> {
    let senders = app.gateway.senders(caller.workspace());
    let data: Vec<_> = senders.iter().map(|record| view(record)).collect();
    ok(&Data { data })
}

fn view(record: &SenderRecord) -> NumberV2 {
    NumberV2 {
        number: number(record),
        name: record.sender.to_string(),
        country: COUNTRY,
        kind: match record.sender {
            Sender::Name(_) => "SENDER_ID",
            Sender::Code(_) => "NUMBER",
        },
        capabilities: ["SMS"],
        users: [],
        id: record.id.to_string(),
        status: record.state.as_str(),
        class: record.class.as_str(),
    }
}

fn number(record: &SenderRecord) -> Option<String> {
    match record.sender {
        Sender::Name(_) => None,
        Sender::Code(code) => Some(code.to_string()),
    }
}
