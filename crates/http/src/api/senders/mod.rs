//! Sender IDs and short codes: declared by customers (or by partners for their accounts), reviewed by
//! people, shown to both. (Requirement `seed-short-code-kinds`.)

pub(crate) mod declare;
pub(crate) mod evidence;
pub(crate) mod partner;
pub(crate) mod review;
pub(crate) mod show;
pub(crate) mod view;

use std::sync::Arc;

use facteur_domain::SenderRecordId;
use facteur_gateway::{Caller, Gateway, Scope};
use facteur_store::SenderRecord;

use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

const CUSTOMER: Access = Access::Scoped(Scope::SenderIdsReadWrite);
const PARTNER: Access = Access::Scoped(Scope::Partner);
const REVIEWER: Access = Access::Scoped(Scope::ComplianceReview);

macro_rules! endpoints {
    ($($name:ident $method:literal $path:literal $access:ident $description:literal;)*) => {
        $(pub(crate) static $name: Endpoint =
            Endpoint { method: $method, path: $path, description: $description, access: $access };)*
    };
}

endpoints! {
    LIST "GET" "/v2/api/sender_ids" CUSTOMER "List Sender IDs with where their review stands";
    DECLARE "POST" "/v2/api/sender_ids" CUSTOMER "Declare a Sender ID; it waits for a review";
    CHECK "POST" "/v2/api/sender_ids/check" CUSTOMER "Check a declaration while it is typed; nothing is kept";
    SHOW "GET" "/v2/api/sender_ids/{id}" CUSTOMER "Show a Sender ID or short code, its papers and its checks";
    ADD_EVIDENCE "POST" "/v2/api/sender_ids/{id}/evidence" CUSTOMER
        "Add a file that proves the right to a Sender ID";
    LIST_CODES "GET" "/v2/api/short_codes" CUSTOMER "List short codes";
    ASK_CODE "POST" "/v2/api/short_codes" CUSTOMER "Ask for a short code, shared or dedicated";
    PARTNER_LIST "GET" "/v2/api/partner/accounts/{account_id}/sender_ids" PARTNER
        "List an account's Sender IDs";
    PARTNER_DECLARE "POST" "/v2/api/partner/accounts/{account_id}/sender_ids" PARTNER
        "Declare a Sender ID for an account";
    PARTNER_SHOW "GET" "/v2/api/partner/accounts/{account_id}/sender_ids/{id}" PARTNER
        "Show an account's Sender ID";
    REVIEW_LIST "GET" "/v2/api/review/sender_ids" REVIEWER
        "List the senders of all workspaces, those due first at the top";
    REVIEW_VALIDATE "POST" "/v2/api/review/sender_ids/{id}/validate" REVIEWER "Pass a review: it may send";
    REVIEW_FAIL "POST" "/v2/api/review/sender_ids/{id}/fail" REVIEWER "Refuse a sender, for a reason";
    REVIEW_DISABLE "POST" "/v2/api/review/sender_ids/{id}/disable" REVIEWER
        "Withdraw a validated sender, for a reason";
    REVIEW_ASK "POST" "/v2/api/review/sender_ids/{id}/ask" REVIEWER "Ask for a document";
    REVIEW_EVIDENCE "GET" "/v2/api/review/sender_ids/{id}/evidence/{evidence_id}" REVIEWER
        "Download a file of evidence";
}

/// No such sender, or none of this workspace: the answer is the same.
fn not_found() -> ApiError {
    ApiError::new(&codes::SENDER_ID_NOT_FOUND, "There is no such Sender ID in the workspace.").at("id")
}

/// The caller's sender of this id.
fn own(gateway: &Gateway, caller: &Caller, id: SenderRecordId) -> Result<Arc<SenderRecord>, ApiError> {
    let senders = gateway.senders(caller.workspace());
    senders.into_iter().find(|record| record.id == id).ok_or_else(not_found)
}
