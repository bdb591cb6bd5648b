//! Conversations in Allo's shapes, as far as they are SMS: threads, what was said in them, and by whom.

pub(crate) mod action;
pub(crate) mod gather;
pub(crate) mod items;
pub(crate) mod list;
pub(crate) mod of_contact;
pub(crate) mod search;
pub(crate) mod view;

use facteur_domain::Sender;
use facteur_gateway::{Caller, Gateway, Scope};

use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

const ACCESS: Access = Access::Scoped(Scope::ConversationsRead);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/conversations",
    description: "List a sender's conversations, the last active first",
    access: ACCESS,
};
pub(crate) static SEARCH: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/conversations/items/search",
    description: "Search messages, sent and received",
    access: ACCESS,
};
pub(crate) static ITEM: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/conversations/items/{id}",
    description: "Show a message, sent or received",
    access: ACCESS,
};
pub(crate) static BATCH: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/conversations/items/batch",
    description: "Show up to 100 messages",
    access: ACCESS,
};
pub(crate) static ACTION: Endpoint = Endpoint {
    method: "PUT",
    path: "/v2/api/conversations/{contact_number}/action",
    description: "Mark a number's conversations read or unread, archive them or bring them back",
    access: ACCESS,
};
pub(crate) static OF_CONTACT: Endpoint = Endpoint {
    method: "GET",
    path: "/v1/api/contact/{id}/conversation",
    description: "List what was said with a contact",
    access: ACCESS,
};

/// The workspace's sender that `allo_number` names: a short code, or a Sender ID, in whatever state.
///
/// # Errors
/// 404: the account has none of that name.
pub(crate) fn sender(gateway: &Gateway, caller: &Caller, named: &str) -> Result<Sender, ApiError> {
    let wanted = named.trim().parse::<Sender>().ok().map(|sender| sender.folded());
    let all = gateway.senders(caller.workspace());
    let found = all.iter().map(|record| record.sender).find(|known| Some(known.folded()) == wanted);
    found.ok_or_else(|| {
        ApiError::new(&codes::PHONE_NUMBER_NOT_FOUND, "`allo_number` is no sender of the account.")
            .at("allo_number")
            .suggest("GET /v2/api/numbers lists the senders; give a short code or a Sender ID's name.")
    })
}
