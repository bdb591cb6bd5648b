//! `GET /v1/api/contact/{id}/conversation`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::{ContactId, Msisdn, Sender};
use facteur_store::Item;
use serde::Serialize;
use utoipa::ToSchema;

use super::gather::{COUNTED, LOOKED_AT, Wanted, gather};
use super::{sender, view};
use crate::api::contacts::not_found;
use crate::api::page::{Params, V1Metadata};
use crate::api::{Data, Key, Named, ok, time};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// Something that was said with a contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Always `TEXT_MESSAGE`.
    #[serde(rename = "type")]
    #[schema(example = "TEXT_MESSAGE")]
    kind: &'static str,
    /// Always null.
    #[schema(required = true, value_type = Option<Object>)]
    call: Option<()>,
    /// The message.
    message: TextMessageView,
}

/// A message, as v1 shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextMessageView {
    /// From whom: a phone, a short code, or a Sender ID.
    #[schema(example = "+33612345678")]
    from_number: String,
    /// To whom.
    #[schema(example = "38180")]
    to_number: String,
    /// `INBOUND` or `OUTBOUND`.
    #[serde(rename = "type")]
    #[schema(example = "INBOUND")]
    kind: &'static str,
    /// The text.
    content: String,
    /// When, UTC.
    #[schema(example = "2024-01-15T10:30:00")]
    start_date: String,
}

impl From<Item> for EntryView {
    fn from(item: Item) -> Self {
        let ours = view::our_number(&item);
        let message = match item {
            Item::Sent(sent) => TextMessageView {
                from_number: ours,
                to_number: sent.message.recipient.to_string(),
                kind: "OUTBOUND",
                content: sent.message.text.show().to_owned(),
                start_date: time::bare(sent.message.accepted_at),
            },
            Item::Received(came) => TextMessageView {
                from_number: came.phone.as_ref().map_or_else(|| came.source.clone(), Msisdn::to_string),
                to_number: came.code.map_or(ours, |code| Sender::Code(code).to_string()),
                kind: "INBOUND",
                content: came.text,
                start_date: time::bare(came.at),
            },
        };
        Self { kind: "TEXT_MESSAGE", call: None, message }
    }
}

/// A page of it, as v1 has pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationOfContact {
    results: Vec<EntryView>,
    metadata: V1Metadata,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ConversationOfContactAnswer {
    data: ConversationOfContact,
}

/// List what was said with a contact
///
/// With all its numbers, newest first. `total_pages` counts as far as was looked.
#[utoipa::path(
    get,
    path = "/v1/api/contact/{id}/conversation",
    operation_id = "getContactConversation",
    tag = "Conversations",
    params(
        ("id" = String, Path, description = "The contact's id"),
        ("allo_number" = Option<String>, Query, description = "Only with this sender: a short code, or a Sender ID"),
        ("page" = Option<u32>, Query, description = "Which page, from 0 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 10 unless told"),
    ),
    responses(
        (status = 200, description = "A page of messages", body = ConversationOfContactAnswer),
        (status = 400, description = "There is no such contact (`CONTACT_NOT_FOUND`), or a parameter is wrong", body = ErrorBody),
        (status = 404, description = "`allo_number` is no sender of the account", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<ContactId>, ApiError>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let mut params = Params::read(&uri)?;
    let page = params.page_v1()?;
    let named = params.take("allo_number");
    params.end("allo_number, page and size")?;
    let (gateway, workspace) = (&app.gateway, caller.workspace());
    let contact = gateway.store().contact(workspace, id).await?.ok_or_else(not_found)?;
    let sender = named.map(|named| sender(gateway, &caller, &named)).transpose()?;
    let (before, size) = ((page.page - 1) as usize * page.size as usize, page.size as usize);
    if before + size >= LOOKED_AT {
        let message = format!("Only the newest {LOOKED_AT} messages can be paged through.");
        return Err(ApiError::new(&codes::INVALID_PAGE_SIZE, message).at("page"));
    }
    let wanted = Wanted {
        phones: contact.card.numbers,
        sender: sender.map(|sender| sender.folded()),
        ..Wanted::default()
    };
    let found = gather(gateway, workspace, &wanted, (before + size + 1).max(COUNTED)).await?.items;
    let metadata = V1Metadata::new(page, found.len() as u64);
    let results = found.into_iter().skip(before).take(size).map(EntryView::from).collect();
    ok(&Data { data: ConversationOfContact { results, metadata } })
}
