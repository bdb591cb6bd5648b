//! `GET /v2/api/conversations/items/{id}` and `POST /v2/api/conversations/items/batch`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::ItemId;
use utoipa::ToSchema;

use super::view::{ItemView, views};
use crate::api::page::Params;
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody, codes};
use crate::json::Faults;
use crate::json::tree::{Entry, Node};

/// The most ids of a batch.
const BATCH_MAX: usize = 100;

/// A success with one message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ItemAnswer {
    data: ItemView,
}

/// A success with some.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ItemsAnswer {
    data: Vec<ItemView>,
}

/// Which messages.
#[derive(ToSchema)]
#[schema(example = json!({"ids": ["msg-38G2XW3KJ0000"]}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ItemIdsBody {
    /// Their ids.
    #[schema(max_items = 100)]
    ids: Vec<String>,
}

fn not_found() -> ApiError {
    ApiError::new(&codes::CONVERSATION_ITEM_NOT_FOUND, "There is no such message in the workspace.").at("id")
}

/// Show a message of a conversation
#[utoipa::path(
    get,
    path = "/v2/api/conversations/items/{id}",
    operation_id = "getConversationItem",
    tag = "Conversations",
    params(
        ("id" = String, Path, description = "The message's id (`msg-...`)"),
        ("extend" = Option<String>, Query, description = "`transcript` is accepted, and adds nothing to messages"),
    ),
    responses(
        (status = 200, description = "The message", body = ItemAnswer),
        (status = 404, description = "There is no such message in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<ItemId>, ApiError>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let mut params = Params::read(&uri)?;
    params.extend(&["transcript"])?;
    params.end("extend")?;
    let workspace = caller.workspace();
    let item = app.gateway.store().item(workspace, id).await?.ok_or_else(not_found)?;
    let view = views(&app.gateway, workspace, vec![item]).await?.pop().ok_or_else(not_found)?;
    ok(&Data { data: view })
}

/// Show several messages of conversations
///
/// In the order in which they are asked for; those that are not there are left out.
#[utoipa::path(
    post,
    path = "/v2/api/conversations/items/batch",
    operation_id = "batchConversationItems",
    tag = "Conversations",
    request_body = ItemIdsBody,
    responses(
        (status = 200, description = "The messages that are there", body = ItemsAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
    )
)]
pub(crate) async fn batch(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    if !entry.has("ids") {
        faults.note("ids", "`ids` is missing: a list of messages' ids, as in [\"msg-38G2XW3KJ0000\"]");
    }
    let list = entry.list("ids", &mut faults).unwrap_or_default();
    faults.into_result()?;
    if list.len() > BATCH_MAX {
        let message = format!("`ids` has {} entries; {BATCH_MAX} are the most.", list.len());
        return Err(ApiError::new(&codes::BATCH_TOO_LARGE, message).at("ids"));
    }
    let workspace = caller.workspace();
    let mut items = Vec::with_capacity(list.len());
    for (at, node) in list.into_iter().enumerate() {
        let id = match &node {
            // Ids of calls are right, and name nothing here.
            Node::Text(text) if text.starts_with("cll") || text.starts_with("call") => continue,
            Node::Text(text) => text.trim().parse::<ItemId>().ok(),
            _ => None,
        };
        let id = id.ok_or_else(|| {
            let message = format!("`ids[{at}]` is no message's id, as in msg-38G2XW3KJ0000.");
            ApiError::new(&codes::INVALID_ITEM_ID, message).at(format!("ids[{at}]"))
        })?;
        items.extend(app.gateway.store().item(workspace, id).await?);
    }
    ok(&Data { data: views(&app.gateway, workspace, items).await? })
}
