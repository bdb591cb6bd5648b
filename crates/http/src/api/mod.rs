//! The window for programs: one file for each resource and group of verbs, with its endpoints,
//! its wire types and its handlers. Core types are not serialised; each file says what its
//! answers look like.

mod bulk;
pub(crate) mod consents;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod export;
mod inbound;
pub(crate) mod keywords;
mod me;
mod messages;
mod numbers;
pub(crate) mod opt_outs;
mod orphans;
mod page;
mod preview;
pub(crate) mod senders;
pub(crate) mod sms;
pub(crate) mod time;
pub(crate) mod webhooks;
mod words;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use facteur_gateway::{Caller, Scope};
use serde::Serialize;
use utoipa::OpenApi;

use crate::app::Routes;
use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

/// The seed's call (requirements `seed-endpoint` and `seed-scope`).
pub(crate) static SEND: Endpoint = Endpoint {
    method: "POST",
    path: "/v1/api/sms",
    description: "Send an SMS to a French mobile from a verified Sender ID or short code",
    access: Access::Scoped(Scope::SmsSend),
};
/// Many messages at once.
pub(crate) static SEND_LIST: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/messages/batch",
    description: "Send up to 1,000 messages, with a verdict on each",
    access: Access::Scoped(Scope::SmsSend),
};
static PREVIEW: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/sms/preview",
    description: "Tell what would become of a message, by which rules, in how many parts; nothing is sent",
    access: Access::Scoped(Scope::SmsSend),
};
static NUMBERS_V1: Endpoint = Endpoint {
    method: "GET",
    path: "/v1/api/numbers",
    description: "List the senders that may send",
    access: Access::Scoped(Scope::ConversationsRead),
};
static ME: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/me",
    description: "Show the key's scopes, endpoints, team and rate limits",
    access: Access::Key,
};
static NUMBERS_V2: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/numbers",
    description: "List Sender IDs and short codes in every state",
    access: Access::Scoped(Scope::PhoneNumbersRead),
};
static MESSAGES: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/messages",
    description: "List messages, newest first, with filters",
    access: Access::Scoped(Scope::ConversationsRead),
};
static MESSAGE: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/messages/{id}",
    description: "Show a message and its whole story",
    access: Access::Scoped(Scope::ConversationsRead),
};
static CANCEL: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/messages/{id}/cancel",
    description: "Cancel a message that has not left",
    access: Access::Scoped(Scope::SmsSend),
};
static UNATTRIBUTED: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/review/inbound",
    description: "List messages from phones that are nobody's",
    access: Access::Scoped(Scope::ComplianceReview),
};
static ORPHANS: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/review/orphan_receipts",
    description: "List receipts of which nobody knows the message",
    access: Access::Scoped(Scope::ComplianceReview),
};

/// Every endpoint for programs, as `GET /v2/api/me` lists them.
pub(crate) static ENDPOINTS: &[&Endpoint] = &[
    &SEND,
    &SEND_LIST,
    &PREVIEW,
    &NUMBERS_V1,
    &ME,
    &NUMBERS_V2,
    &MESSAGES,
    &MESSAGE,
    &CANCEL,
    &consents::LIST,
    &consents::RECORD,
    &consents::IMPORT,
    &consents::EXPORT,
    &consents::WITHDRAW,
    &opt_outs::LIST,
    &opt_outs::RECORD,
    &opt_outs::IMPORT,
    &opt_outs::EXPORT,
    &opt_outs::CONFIRM,
    &opt_outs::LIFT,
    &senders::LIST,
    &senders::DECLARE,
    &senders::CHECK,
    &senders::SHOW,
    &senders::ADD_EVIDENCE,
    &senders::LIST_CODES,
    &senders::ASK_CODE,
    &senders::PARTNER_LIST,
    &senders::PARTNER_DECLARE,
    &senders::PARTNER_SHOW,
    &senders::REVIEW_LIST,
    &senders::REVIEW_VALIDATE,
    &senders::REVIEW_FAIL,
    &senders::REVIEW_DISABLE,
    &senders::REVIEW_ASK,
    &senders::REVIEW_EVIDENCE,
    &ORPHANS,
    &UNATTRIBUTED,
    &keywords::LIST,
    &keywords::CREATE,
    &keywords::SHOW,
    &keywords::UPDATE,
    &keywords::DELETE,
    &conversations::LIST,
    &conversations::SEARCH,
    &conversations::ITEM,
    &conversations::BATCH,
    &conversations::ACTION,
    &conversations::OF_CONTACT,
    &contacts::LIST,
    &contacts::CREATE,
    &contacts::UPDATE,
    &contacts::SHOW,
    &webhooks::V1_LIST,
    &webhooks::V1_CREATE,
    &webhooks::V1_DELETE,
    &webhooks::LIST,
    &webhooks::CREATE,
    &webhooks::EVENT_TYPES,
    &webhooks::SHOW,
    &webhooks::UPDATE,
    &webhooks::DELETE,
    &webhooks::DELIVERIES,
    &webhooks::REPLAY,
    &webhooks::TEST,
    &webhooks::ROTATE,
];

/// The documentation prints the route with a fragment, which a URL library may escape into the
/// path; it is the same route (requirement `seed-endpoint`).
const SEND_ESCAPED: &str = "/v1/api/sms%23france";

pub(crate) fn mount(routes: &mut Routes) {
    routes.add(&SEND, post(sms::send));
    routes.add_at(SEND_ESCAPED, &SEND, post(sms::send));
    routes.add(&SEND_LIST, post(messages::batch::send));
    routes.add(&PREVIEW, post(preview::preview));
    routes.add(&NUMBERS_V1, get(numbers::list_v1));
    routes.add(&ME, get(me::show));
    routes.add(&NUMBERS_V2, get(numbers::list_v2));
    routes.add(&MESSAGES, get(messages::list::list));
    routes.add(&MESSAGE, get(messages::show::show));
    routes.add(&CANCEL, post(messages::cancel::cancel));
    routes.add(&consents::LIST, get(consents::list::list));
    routes.add(&consents::RECORD, post(consents::record::record));
    routes.add(&consents::IMPORT, post(consents::import::import));
    routes.add(&consents::EXPORT, get(consents::export::export));
    routes.add(&consents::WITHDRAW, post(consents::withdraw::withdraw));
    routes.add(&opt_outs::LIST, get(opt_outs::list::list));
    routes.add(&opt_outs::RECORD, post(opt_outs::record::record));
    routes.add(&opt_outs::IMPORT, post(opt_outs::import::import));
    routes.add(&opt_outs::EXPORT, get(opt_outs::export::export));
    routes.add(&opt_outs::CONFIRM, post(opt_outs::confirm::confirm));
    routes.add(&opt_outs::LIFT, delete(opt_outs::lift::lift));
    mount_senders(routes);
    routes.add(&ORPHANS, get(orphans::list));
    routes.add(&UNATTRIBUTED, get(inbound::list));
    routes.add(&keywords::LIST, get(keywords::list::list));
    routes.add(&keywords::CREATE, post(keywords::write::create));
    routes.add(&keywords::SHOW, get(keywords::list::show));
    routes.add(&keywords::UPDATE, put(keywords::write::update));
    routes.add(&keywords::DELETE, delete(keywords::write::delete));
    mount_contacts(routes);
    routes.add(&webhooks::V1_LIST, get(webhooks::v1::list));
    routes.add(&webhooks::V1_CREATE, post(webhooks::v1::create));
    routes.add(&webhooks::V1_DELETE, delete(webhooks::v1::delete));
    routes.add(&webhooks::LIST, get(webhooks::list::list));
    routes.add(&webhooks::CREATE, post(webhooks::create::create));
    routes.add(&webhooks::EVENT_TYPES, get(webhooks::list::event_types));
    routes.add(&webhooks::SHOW, get(webhooks::list::show));
    routes.add(&webhooks::UPDATE, put(webhooks::change::update));
    routes.add(&webhooks::DELETE, delete(webhooks::change::delete));
    routes.add(&webhooks::DELIVERIES, get(webhooks::deliveries::list));
    routes.add(&webhooks::REPLAY, post(webhooks::actions::replay));
    routes.add(&webhooks::TEST, post(webhooks::actions::test));
    routes.add(&webhooks::ROTATE, post(webhooks::actions::rotate));
}

fn mount_contacts(routes: &mut Routes) {
    routes.add(&conversations::LIST, get(conversations::list::list));
    routes.add(&conversations::SEARCH, post(conversations::search::search));
    routes.add(&conversations::ITEM, get(conversations::items::show));
    routes.add(&conversations::BATCH, post(conversations::items::batch));
    routes.add(&conversations::ACTION, put(conversations::action::act));
    routes.add(&conversations::OF_CONTACT, get(conversations::of_contact::list));
    routes.add(&contacts::LIST, get(contacts::list::list));
    routes.add(&contacts::CREATE, post(contacts::write::create));
    routes.add(&contacts::UPDATE, put(contacts::write::update));
    routes.add(&contacts::SHOW, get(contacts::show::show));
}

fn mount_senders(routes: &mut Routes) {
    routes.add(&senders::LIST, get(senders::show::list));
    routes.add(&senders::DECLARE, post(senders::declare::declare));
    routes.add(&senders::CHECK, post(senders::declare::check));
    routes.add(&senders::SHOW, get(senders::show::show));
    routes.add(&senders::ADD_EVIDENCE, post(senders::evidence::add));
    routes.add(&senders::LIST_CODES, get(senders::show::list_codes));
    routes.add(&senders::ASK_CODE, post(senders::declare::ask_code));
    routes.add(&senders::PARTNER_LIST, get(senders::partner::list));
    routes.add(&senders::PARTNER_DECLARE, post(senders::partner::declare));
    routes.add(&senders::PARTNER_SHOW, get(senders::partner::show));
    routes.add(&senders::REVIEW_LIST, get(senders::review::list));
    routes.add(&senders::REVIEW_VALIDATE, post(senders::review::validate));
    routes.add(&senders::REVIEW_FAIL, post(senders::review::fail));
    routes.add(&senders::REVIEW_DISABLE, post(senders::review::disable));
    routes.add(&senders::REVIEW_ASK, post(senders::review::ask));
    routes.add(&senders::REVIEW_EVIDENCE, get(senders::review::evidence));
}

/// The API's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(
    sms::send,
    messages::batch::send,
    preview::preview,
    numbers::list_v1,
    me::show,
    numbers::list_v2,
    messages::list::list,
    messages::show::show,
    messages::cancel::cancel,
    consents::list::list,
    consents::record::record,
    consents::import::import,
    consents::export::export,
    consents::withdraw::withdraw,
    opt_outs::list::list,
    opt_outs::record::record,
    opt_outs::import::import,
    opt_outs::export::export,
    opt_outs::confirm::confirm,
    opt_outs::lift::lift,
    senders::show::list,
    senders::declare::declare,
    senders::declare::check,
    senders::show::show,
    senders::evidence::add,
    senders::show::list_codes,
    senders::declare::ask_code,
    senders::partner::list,
    senders::partner::declare,
    senders::partner::show,
    senders::review::list,
    senders::review::validate,
    senders::review::fail,
    senders::review::disable,
    senders::review::ask,
    senders::review::evidence,
    orphans::list,
    inbound::list,
    keywords::list::list,
    keywords::write::create,
    keywords::list::show,
    keywords::write::update,
    keywords::write::delete,
    conversations::list::list,
    conversations::search::search,
    conversations::items::show,
    conversations::items::batch,
    conversations::action::act,
    conversations::of_contact::list,
    contacts::list::list,
    contacts::write::create,
    contacts::write::update,
    contacts::show::show,
    webhooks::v1::list,
    webhooks::v1::create,
    webhooks::v1::delete,
    webhooks::list::list,
    webhooks::create::create,
    webhooks::list::event_types,
    webhooks::list::show,
    webhooks::change::update,
    webhooks::change::delete,
    webhooks::deliveries::list,
    webhooks::actions::replay,
    webhooks::actions::test,
    webhooks::actions::rotate,
))]
pub(crate) struct Documented;

/// The caller, whom the guard has let in.
type Key = axum::Extension<Caller>;

/// What stands under `data` in every success.
#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// 200 with this body.
fn ok(body: &impl Serialize) -> Result<Response, ApiError> {
    written(StatusCode::OK, body)
}

/// A success with this status and body.
fn written(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(body).map_err(ApiError::internal)?;
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((status, json, Body::from(body)).into_response())
}

/// The id in a path. One that cannot be an id names nothing; its endpoint says what is not found.
pub(crate) struct Named<T>(T);

impl<S: Send + Sync, T: std::str::FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let none = || ApiError::new(&codes::ENDPOINT_NOT_FOUND, "The path names nothing.");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| none())?;
        text.parse().map(Self).map_err(|_| none())
    }
}
