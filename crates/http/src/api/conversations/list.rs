//! `GET /v2/api/conversations`.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::ItemId;
use facteur_store::{COUNT_MAX, ConversationFilter, Item, Thread};
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
    /// Its id (ours); null while the phone has not written, nor anybody marked it.
    #[schema(required = true, example = "cnv_1M3PF7F7G0042")]
    id: Option<String>,
    /// The sender (ours).
    #[schema(example = "38180")]
    allo_number: String,
    /// The short code that it can be answered from (ours); null when the phone never wrote.
    #[schema(required = true, example = "38180")]
    reply_from: Option<String>,
    /// How many of the phone's messages were not read (ours).
    unread_count: u32,
    /// Whether it is put away (ours).
    is_archived: bool,
    /// Until when it may be answered as a conversation, at any hour and without a consent (ours); null when the
    /// phone never wrote.
    #[schema(required = true, format = DateTime)]
    session_until: Option<String>,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationPage {
    data: Vec<ConversationView>,
    pagination: Pagination,
    /// Null when everything was looked at. Else the list is complete since this instant (ours): with it as
    /// `last_activity_before` the next request goes on.
    #[schema(required = true, format = DateTime)]
    looked_back_to: Option<String>,
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
    /// Only those in which something was said before this instant (ours), as they stood then.
    #[param(format = DateTime)]
    last_activity_before: Option<String>,
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
/// One for each phone and sender: what was sent, and what the phone wrote. A request looks at the newest 30,000
/// messages of the account that its instants leave; where there are more, `looked_back_to` says where to go on.
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
    let active_before = params.instant("last_activity_before")?;
    let (unread, archived) = (params.yes_or_no("unread")?, params.yes_or_no("archived")?);
    params.extend(&["transcript"])?;
    params.end(
        "allo_number, last_activity_since, last_activity_before, unread, archived, extend, page and size",
    )?;
    let gateway = &app.gateway;
    let sender = sender(gateway, &caller, &named)?.folded();
    let filter = ConversationFilter {
        sender: Some(sender),
        active_since,
        active_before,
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
    let found = gateway.store().threads(workspace, filter, (before, size)).await?;
    let last = found.rows.iter().map(Thread::last_item).collect();
    let items = gateway.store().items_of(workspace, last).await?;
    let mut items: HashMap<ItemId, Item> = items.into_iter().map(|item| (item.id(), item)).collect();
    let contacts = Contacts::of(gateway, workspace, found.rows.iter().map(Thread::phone)).await?;
    let view = |thread: Thread| {
        let item = items.remove(&thread.last_item());
        ConversationView::new(thread, item.map(|item| ItemView::new(item, &contacts)), &contacts)
    };
    let pagination = Pagination::new(page, found.total);
    let looked_back_to = found.back_to.map(|at| at.to_string());
    ok(&ConversationPage { data: found.rows.into_iter().map(view).collect(), pagination, looked_back_to })
}

impl ConversationView {
    fn new(thread: Thread, last_item: Option<ItemView>, contacts: &Contacts) -> Self {
        let (phone, last_activity) = (thread.phone(), thread.last_at().to_string());
        let (sender, row) = match thread {
            Thread::Begun(row) => (row.sender, Some(row)),
            Thread::OneWay(row) => (row.sender, None),
        };
        Self {
            contact_number: phone.to_string(),
            contacts: contacts.with(phone),
            last_activity,
            last_item,
            id: row.as_ref().map(|row| row.id.to_string()),
            allo_number: sender.to_string(),
            reply_from: row.as_ref().and_then(|row| row.code).map(|code| code.to_string()),
            unread_count: row.as_ref().map_or(0, |row| row.unread),
            is_archived: row.as_ref().is_some_and(|row| row.archived_at.is_some()),
            session_until: row
                .as_ref()
                .map(|row| row.session_until)
                .filter(|at| at.millis() > 0)
                .map(|at| at.to_string()),
        }
    }
}
