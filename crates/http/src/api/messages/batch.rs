//! `POST /v2/api/messages/batch`: many messages, a verdict on each.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use facteur_domain::{Message, Timestamp};
use facteur_gateway::{BATCH_MAX, Caller, ListReply, Origin, Refusal, Reply, SendRequest, TraceContext};
use facteur_store::StoredAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::bulk::within_bounds;
use crate::api::sms::answer::{SentSms, stored};
use crate::api::sms::request::{Given, SendSms, given_list, read_fields};
use crate::api::sms::{respond, trace};
use crate::api::{Data, Key};
use crate::app::App;
use crate::error::{ApiError, EntryError, ErrorBody};
use crate::{body, idempotency};

/// The route as idempotency keys know it.
const ROUTE: &str = "POST /v2/api/messages/batch";
/// The field of the list.
const LIST: &str = "messages";
/// Octets of an accepted message in the answer, about, without its text.
const ENTRY_SIZE: usize = 400;

/// Messages to send.
#[derive(ToSchema)]
#[schema(example = json!({"messages": [
    {"sender_id": "MyCompany", "to": "+33612345678", "message": "Votre commande est pr\u{ea}te."},
    {"sender_id": "MyCompany", "to": "+33612345679", "message": "Votre commande est partie."}
]}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct SendList {
    /// 1 to 1,000 messages, each as in `POST /v1/api/sms`.
    #[schema(min_items = 1, max_items = 1000)]
    messages: Vec<SendSms>,
}

/// What became of a list of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentList<'a> {
    /// Messages that are on disk and will be sent.
    accepted: usize,
    /// Messages that are not.
    refused: usize,
    /// One entry a message, in order.
    messages: Vec<SentEntry<'a>>,
}

/// What became of one message: the fields of an accepted one, or its `error`.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentEntry<'a> {
    /// Which, from 0.
    index: usize,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Outcome<'a> {
    Accepted(SentSms<'a>),
    Refused {
        /// Why it was refused; nothing of it was kept.
        error: EntryError,
    },
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct SentListAnswer<'a> {
    data: SentList<'a>,
}

/// Send a list of messages
///
/// Sends up to 1,000 messages, each as in `POST /v1/api/sms` and judged alone: those that are right are
/// accepted though others are wrong, and the answer tells of each. It comes when all accepted messages are
/// on disk, in one transaction. When none is accepted, the answer is the first one's error, with the faults of
/// all in `details`.
///
/// With an `Idempotency-Key` the list is sent once as a whole: the same list again within the hour gives the
/// same answer. A list counts as one write for each 200 messages of the key's limit a second, and each
/// accepted message counts against the key's daily quota.
#[utoipa::path(
    post,
    path = "/v2/api/messages/batch",
    operation_id = "sendMessages",
    tag = "Messages",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 visible ASCII characters, a new one for every list"
    )),
    request_body = SendList,
    responses(
        (status = 200, description = "What became of each; at least one is on disk and will be sent", body = SentListAnswer),
        (status = 400, description = "No message is right; `details` has the faults of all", body = ErrorBody),
        (status = 404, description = "No message is right; the first one's Sender ID is not on the account", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request", body = ErrorBody),
        (status = 413, description = "The body is larger than 5 MiB", body = ErrorBody),
        (status = 429, description = "Too many requests or messages a second, or the day's quota is used up", body = ErrorBody),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::long_json(&parts, body, &app.options).await?;
    let now = app.gateway.now();
    let entries = given_list(&body, LIST, BATCH_MAX)?;
    within_bounds(LIST, entries.count, BATCH_MAX)?;
    let (window, within) = app.limits.take_list(&caller, entries.count, now);
    let mut response = if within {
        let key = idempotency::key(&parts.headers, ROUTE, &body)?;
        let list = List::read(entries.first, trace(&parts.headers), now);
        list.send(&app, &caller, key).await.unwrap_or_else(IntoResponse::into_response)
    } else {
        window.list_refused().into_response()
    };
    response.extensions_mut().insert(window);
    Ok(response)
}

/// A list as it was read: for each entry its sender, as the client wrote it, or its fault.
struct List {
    entries: Vec<Result<Origin, ApiError>>,
    /// Those that could be read, in order.
    requests: Vec<SendRequest>,
}

impl List {
    fn read(entries: Vec<Result<Given<'_>, ApiError>>, trace: Option<TraceContext>, now: Timestamp) -> Self {
        let mut list = Self { entries: Vec::with_capacity(entries.len()), requests: Vec::new() };
        for entry in entries {
            list.entries.push(entry.and_then(|fields| read_fields(fields, now)).map(|request| {
                let origin = request.origin.clone();
                list.requests.push(SendRequest { trace, ..request });
                origin
            }));
        }
        list
    }

    async fn send(
        self,
        app: &App,
        caller: &Caller,
        key: Option<facteur_gateway::IdempotencyKey>,
    ) -> Result<Response, ApiError> {
        let Self { entries, requests } = self;
        let reply =
            app.gateway.accept_all(caller, requests, key, |outcomes| answer(&entries, outcomes)).await?;
        match reply {
            ListReply::New(answer) => Ok(respond(Reply::New(answer))),
            ListReply::Replayed(answer) => Ok(respond(Reply::Replayed(answer))),
            ListReply::Nothing(refusals) => {
                let mut refusals = refusals.into_iter();
                let errors = entries.into_iter().filter_map(|entry| match entry {
                    Err(fault) => Some(fault),
                    Ok(_) => refusals.next().map(ApiError::from),
                });
                Err(ApiError::of_all(LIST, errors.collect()))
            }
        }
    }
}

/// The answer of a list, as it is sent and kept for replays. `outcomes` are of the entries that could be read.
fn answer(entries: &[Result<Origin, ApiError>], outcomes: &[Result<&Message, &Refusal>]) -> StoredAnswer {
    let mut outcomes = outcomes.iter();
    let mut list = SentList { accepted: 0, refused: 0, messages: Vec::with_capacity(entries.len()) };
    let mut size = 0;
    for (index, entry) in entries.iter().enumerate() {
        let error = match entry {
            Err(fault) => fault.clone(),
            Ok(origin) => match outcomes.next() {
                Some(Ok(message)) => {
                    list.accepted += 1;
                    size += ENTRY_SIZE + message.text.show().len();
                    let outcome = Outcome::Accepted(SentSms::new(origin, message));
                    list.messages.push(SentEntry { index, outcome });
                    continue;
                }
                Some(Err(refusal)) => ApiError::from(Refusal::clone(refusal)),
                None => ApiError::internal("an entry without an outcome"),
            },
        };
        list.refused += 1;
        size += ENTRY_SIZE;
        list.messages.push(SentEntry { index, outcome: Outcome::Refused { error: error.of_entry() } });
    }
    stored(&Data { data: list }, size)
}
