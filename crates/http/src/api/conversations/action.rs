//! `PUT /v2/api/conversations/{contact_number}/action`.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use facteur_domain::Msisdn;
use facteur_store::{ConversationFilter, ConversationMark, Thread};
use serde::Serialize;
use utoipa::ToSchema;

use super::sender;
use crate::api::{Data, Key, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::Entry;

/// The actions.
const ACTIONS: [&str; 4] = ["READ", "UNREAD", "ARCHIVE", "UNARCHIVE"];
/// The longest name of an action or sender that is read, in characters.
const WORD_MAX: usize = 40;
/// Conversations of one phone that are marked: one for each sender.
const CONVERSATIONS_MAX: usize = 100;

/// What to do.
#[derive(ToSchema)]
#[schema(example = json!({"action": "READ", "allo_number": "38180"}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ActionBody {
    /// `READ`, `UNREAD`, `ARCHIVE` or `UNARCHIVE`.
    action: String,
    /// Only the conversation with this sender.
    allo_number: Option<String>,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    /// With whom.
    #[schema(example = "+33612345678")]
    contact_number: String,
    /// What.
    #[schema(example = "READ")]
    action: &'static str,
    /// With how many conversations.
    conversations: usize,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ActionAnswer {
    data: Done,
}

/// Mark a number's conversations
///
/// All of them, or the one with `allo_number`. One that is archived comes back when its phone writes again.
#[utoipa::path(
    put,
    path = "/v2/api/conversations/{contact_number}/action",
    operation_id = "actOnConversation",
    tag = "Conversations",
    params(("contact_number" = String, Path, description = "The phone in E.164; its plus sign may be escaped as `%2B`")),
    request_body = ActionBody,
    responses(
        (status = 200, description = "It is done", body = ActionAnswer),
        (status = 400, description = "The action, or a number, is wrong", body = ErrorBody),
        (status = 404, description = "There is no such conversation, or no such sender", body = ErrorBody),
    )
)]
pub(crate) async fn act(
    State(app): State<App>,
    Extension(caller): Key,
    number: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    // What is no text is no number either.
    let number = number.map_or_else(|_| String::new(), |Path(number)| number);
    // Some libraries write the plus sign as the space that it means in a query.
    let number = number.strip_prefix(' ').map_or_else(|| number.clone(), |digits| format!("+{digits}"));
    let phone = Msisdn::parse(&number).map_err(|why| {
        ApiError::new(&codes::INVALID_PHONE_FORMAT, format!("contact_number: {why}.")).at("contact_number")
    })?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let action = entry.bounded("action", WORD_MAX, &mut faults);
    let named = entry.bounded("allo_number", WORD_MAX, &mut faults);
    faults.into_result()?;
    let (mark, action) = action.as_deref().and_then(mark_of).ok_or_else(|| {
        let message = format!("`action` must be one of {}.", ACTIONS.join(", "));
        ApiError::new(&codes::INVALID_ACTION, message).at("action")
    })?;
    let (gateway, workspace) = (&app.gateway, caller.workspace());
    let sender = named.map(|named| sender(gateway, &caller, &named)).transpose()?;
    let filter = ConversationFilter {
        phone: Some(phone),
        sender: sender.map(|sender| sender.folded()),
        ..ConversationFilter::default()
    };
    let found = gateway.store().threads(workspace, filter, (0, CONVERSATIONS_MAX)).await?.rows;
    if found.is_empty() {
        return Err(ApiError::new(
            &codes::CONVERSATION_NOT_FOUND,
            "There is no conversation with this number.",
        )
        .at("contact_number"));
    }
    for thread in &found {
        match thread {
            Thread::Begun(row) => {
                gateway.store().mark_conversation(workspace, row.id, mark, gateway.now()).await?;
            }
            Thread::OneWay(row) => {
                let whose = (row.phone, row.sender);
                gateway.store().mark_one_way(workspace, whose, mark, gateway.now()).await?;
            }
        }
    }
    ok(&Data { data: Done { contact_number: phone.to_string(), action, conversations: found.len() } })
}

fn mark_of(action: &str) -> Option<(ConversationMark, &'static str)> {
    let action = action.trim().to_ascii_uppercase();
    let name = ACTIONS.into_iter().find(|known| *known == action)?;
    let mark = match name {
        "READ" => ConversationMark::Read,
        "UNREAD" => ConversationMark::Unread,
        "ARCHIVE" => ConversationMark::Archive,
        _ => ConversationMark::Unarchive,
    };
    Some((mark, name))
}
