//! Messages of a workspace: listed, shown with their story, cancelled. A resource of ours, in the
//! conventions of Allo's v2.

pub(super) mod batch;
pub(super) mod cancel;
pub(super) mod list;
pub(super) mod show;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use facteur_domain::MessageId;
use facteur_store::StoredMessage;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::words;
use crate::error::{ApiError, codes};

/// A message and where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageView {
    /// Its id.
    #[schema(example = "msg_1M3PF7F7G0042")]
    id: String,
    /// Where it stands.
    #[schema(value_type = words::Status, example = "delivered")]
    status: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    status_at: String,
    /// The Sender ID or short code it is from.
    #[schema(example = "MyCompany")]
    sender_id: String,
    /// Who it is to.
    #[schema(example = "+33612345678")]
    to_number: String,
    /// What it is for.
    #[schema(value_type = words::Class, example = "transactional")]
    class: &'static str,
    /// The text as it leaves.
    content: String,
    /// How the text is encoded.
    #[schema(value_type = words::Encoding, example = "gsm7")]
    encoding: &'static str,
    /// How many SMS the text becomes.
    parts: u8,
    /// Your own word for it, or null.
    #[schema(required = true)]
    client_reference: Option<String>,
    /// When it was accepted.
    #[schema(format = DateTime)]
    accepted_at: String,
    /// When it may leave.
    #[schema(format = DateTime)]
    send_at: String,
    /// When it is no longer worth delivering.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When the operator took it, or null.
    #[schema(required = true, format = DateTime)]
    submitted_at: Option<String>,
    /// The route it left by last, or null.
    #[schema(required = true)]
    route: Option<String>,
    /// The operator's final error or status, or null.
    #[schema(required = true, example = "err:005")]
    error: Option<String>,
    /// How many times it was handed to an operator.
    attempts: u16,
    /// Whether it may have been sent twice.
    possible_duplicate: bool,
    /// Whether it was sent with a test key.
    test: bool,
}

impl From<StoredMessage> for MessageView {
    fn from(stored: StoredMessage) -> Self {
        let message = stored.message;
        Self {
            id: message.id.to_string(),
            status: stored.state.as_str(),
            status_at: stored.state_at.to_string(),
            sender_id: message.sender.to_string(),
            to_number: message.recipient.to_string(),
            class: message.class.as_str(),
            content: message.text.show().to_owned(),
            encoding: message.encoding.as_str(),
            parts: message.parts,
            client_reference: message.client_reference.map(|reference| reference.show().to_owned()),
            accepted_at: message.accepted_at.to_string(),
            send_at: message.send_at.to_string(),
            expires_at: message.expires_at.to_string(),
            submitted_at: stored.submitted_at.map(|at| at.to_string()),
            route: stored.route,
            error: stored.error,
            attempts: stored.attempts,
            possible_duplicate: stored.possible_duplicate,
            test: message.test,
        }
    }
}

/// The message that a path names. One that cannot be an id names no message.
pub(crate) struct Named(MessageId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        text.parse().map(Self).map_err(|_| not_found())
    }
}

/// No such message, or none of this workspace: the answer is the same.
fn not_found() -> ApiError {
    ApiError::new(&codes::MESSAGE_NOT_FOUND, "There is no such message in the workspace.").at("id")
}
