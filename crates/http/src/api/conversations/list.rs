//! `GET /v2/api/conversations`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_store::{COUNT_MAX, Conversation, ConversationFilter};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::sender;
use super::view::{ContactRef, Contacts, ItemView};
use crate::api::page::{Pagination, Params};
use crate::api::{Key, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// A thread between a phone and a sender.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationView {
    /// The phone.
    #[schema(example = "+33612345678")]
    contact_number: String,
    /// Whom the workspace knows by this number.
    contacts: Vec<ContactRef>,
    /// When something was said last.
    #[schema(format = DateTime)]
    last_activity: String,
    /// What was said last.
    #[schema(required = true)]
    last_item: Option<ItemView>,
    /// Its id (ours).
    #[schema(example = "cnv_1M3PF7F7G0042")]
    id: String,
    /// The sender that the phone wrote to (ours).
    #[schema(example = "38180")]
    allo_number: String,
    /// The short code that it can be answered from (ours).
    #[schema(example = "38180")]
    reply_from: String,
    /// How many of the phone's messages were not read (ours).
    unread_count: u32,
    /// Whether it is put away (ours).
    is_archived: bool,
    /// Until when it may be answered as a conversation, at any hour and without a consent (ours).
    #[schema(format = DateTime)]
    session_until: String,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationPage {
    data: Vec<ConversationView>,
    pagination: Pagination,
}

/// Which.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the query; it is read one by one, for better errors")]
pub(crate) struct Filters {
    /// With this sender: a short code (with the Sender IDs whose STOP mention names it), or a Sender ID.
    allo_number: String,
    /// Only those in which something was said at or after this instant, RFC 3339 with a zone.
    #[param(format = DateTime)]
    last_activity_since: Option<String>,
    /// Only those with something unread, or only those without.
    unread: Option<bool>,
    /// Only those put away, or only the others (ours); all unless told.
    archived: Option<bool>,
    /// `transcript` is accepted, and adds nothing to messages.
    extend: Option<String>,
    /// Which page, from 1 (the default).
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on a page, 20 unless told.
    #[param(minimum = 1, maximum = 100)]
    size: Option<u32>,
}

/// List conversations
///
/// A conversation begins when a phone writes; what is sent to it afterwards belongs to it. Messages to phones
/// that never wrote are found by `POST /v2/api/conversations/items/search`.
#[utoipa::path(
    get,
    path = "/v2/api/conversations",
    operation_id = "listConversations",
    tag = "Conversations",
    params(Filters),
    responses(
        (status = 200, description = "A page of conversations, the last active first", body = ConversationPage),
        (status = 400, description = "A parameter is missing or wrong; `param` says which", body = ErrorBody),
        (status = 404, description = "`allo_number` is no sender of the account", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    let named = params.take("allo_number").ok_or_else(|| {
        ApiError::new(&codes::MISSING_ALLO_NUMBER, "The parameter allo_number is missing.")
            .at("allo_number")
            .suggest("GET /v2/api/numbers lists the senders; give a short code or a Sender ID's name.")
    })?;
    let active_since = params.instant("last_activity_since")?;
    let (unread, archived) = (params.yes_or_no("unread")?, params.yes_or_no("archived")?);
    params.extend(&["transcript"])?;
    params.end("allo_number, last_activity_since, unread, archived, extend, page and size")?;
    let gateway = &app.gateway;
    let sender = sender(gateway, &caller, &named)?.folded();
    let filter = ConversationFilter {
        sender: Some(sender),
        active_since,
        unread,
        archived,
        ..ConversationFilter::default()
    };
    let workspace = caller.workspace();
    let before = u64::from(page.page - 1) * u64::from(page.size);
    if before >= COUNT_MAX {
        let message = format!("Only the first {COUNT_MAX} conversations can be paged through.");
        return Err(ApiError::new(&codes::INVALID_PAGE_SIZE, message)
            .at("page")
            .suggest("Narrow the list with last_activity_since."));
    }
    let (before, size) = (usize::try_from(before).unwrap_or(usize::MAX), page.size as usize);
    let total = gateway.store().conversation_count(workspace, filter.clone()).await?;
    let found = gateway.store().conversations(workspace, filter, before + size).await?;
    let rows: Vec<Conversation> = found.into_iter().skip(before).collect();
    let contacts = Contacts::of(gateway, workspace, rows.iter().map(|row| row.phone)).await?;
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        let item = gateway.store().item(workspace, row.last_item).await?;
        data.push(ConversationView {
            contact_number: row.phone.to_string(),
            contacts: contacts.with(row.phone),
            last_activity: row.last_at.to_string(),
            last_item: item.map(|item| ItemView::new(item, &contacts)),
            id: row.id.to_string(),
            allo_number: row.sender.to_string(),
            reply_from: row.code.to_string(),
            unread_count: row.unread,
            is_archived: row.archived_at.is_some(),
            session_until: row.session_until.to_string(),
        });
    }
    ok(&ConversationPage { data, pagination: Pagination::new(page, total) })
}
