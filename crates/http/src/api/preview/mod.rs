//! `POST /v2/api/sms/preview`: the verdict before the send.

pub(crate) mod view;

use std::borrow::Cow;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use facteur_domain::Timestamp;
use facteur_gateway::{Caller, PREVIEW_MAX, Preview, Refusal, SendRequest};
use facteur_store::{OnClosedWindow, Settings};
use serde::Serialize;
use utoipa::ToSchema;

use self::view::{PreviewView, REFUSE, Summary};
use super::bulk::within_bounds;
use super::sms::request::{Given, OfferedConsent, given, incomplete, instant, origin, required, rest};
use super::{Data, Key, ok, words};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::{Entry, Node};

/// The field of a list.
const LIST: &str = "recipients";
/// How far behind ours a client's clock may be for its `at` to count as now, in milliseconds.
const CLOCKS_APART: i64 = 60_000;

/// A message to judge: what `POST /v1/api/sms` takes, for one recipient or many, now or later.
#[derive(ToSchema)]
#[schema(example = json!({
    "sender_id": "MaBoutique", "to": "+33612345678", "class": "marketing",
    "message": "Soldes : -20 % ce samedi.", "at": "2026-11-28T21:15:00+01:00"
}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct PreviewBody {
    /// A Sender ID or short code.
    #[schema(example = "MaBoutique")]
    sender_id: Option<String>,
    /// A number of the account, in E.164.
    from: Option<String>,
    /// The recipient, in E.164; a list of them is as good as `recipients`.
    #[schema(example = "+33612345678")]
    to: Option<String>,
    /// Up to 1,000 recipients, instead of `to`.
    #[schema(max_items = 1000)]
    recipients: Option<Vec<String>>,
    /// The text, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    message: String,
    /// What the message is for; the sender's declared class when absent.
    #[schema(value_type = Option<words::Class>)]
    class: Option<String>,
    /// Judged as if it were sent at this instant, RFC 3339 with a zone, not in the past; now when absent.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Not before this instant, as in a send.
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// For how many minutes it is worth delivering, as in a send.
    validity_minutes: Option<u32>,
    /// Your own word for it, as in a send.
    client_reference: Option<String>,
    /// On what ground the recipients are written to; used, and not recorded.
    consent: Option<OfferedConsent>,
    /// What becomes of marketing outside its hours; the workspace's choice when absent.
    #[schema(value_type = Option<words::ClosedWindow>)]
    on_closed_window: Option<String>,
    /// Whether the text is rewritten so that it stays in GSM-7; the workspace's choice when absent.
    #[schema(value_type = Option<words::RewriteMode>)]
    rewrite: Option<String>,
}

/// The answer for one recipient.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct PreviewAnswer {
    data: PreviewView,
}

/// The answer for a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewListAnswer {
    /// One verdict a recipient, in order.
    data: Vec<PreviewView>,
    /// All of them together.
    summary: Summary,
}

/// Preview a message
///
/// Tells what would become of a message: whether it would be sent, held until its hours begin, or
/// refused; every reason with its source and its cure; the text as it would leave, in how many parts, at
/// what price. Nothing is sent and nothing is kept. The same judgement is made when a message is accepted
/// and when it leaves.
///
/// For one recipient `data` is an object (and a request that could not even be judged, its recipient being
/// no number, say, is answered by the same error as a send); for `recipients` it is a list, with a
/// `summary`.
#[utoipa::path(
    post,
    path = "/v2/api/sms/preview",
    operation_id = "previewSms",
    tag = "SMS",
    request_body = PreviewBody,
    responses(
        (status = 200, description = "The verdict", body = PreviewAnswer),
        (status = 400, description = "Something in the request is wrong; `param` says what", body = ErrorBody),
        (status = 413, description = "The body is larger than 5 MiB", body = ErrorBody),
        (status = 503, description = "The service cannot look anything up now", body = ErrorBody),
    )
)]
pub(crate) async fn preview(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::long_json(&parts, body, &app.options).await?;
    let now = app.gateway.now();
    let Asked { request, recipients, at_counts } = read(&body, now)?;
    // The rules are asked for each recipient, as they are for each message of a list.
    let (window, within) = app.limits.take_list(&caller, recipients.as_ref().map_or(1, Vec::len), now);
    let mut response = if within {
        let asked = Asked { request, recipients, at_counts };
        judge(&app, &caller, asked).await.unwrap_or_else(IntoResponse::into_response)
    } else {
        window.list_refused().into_response()
    };
    response.extensions_mut().insert(window);
    Ok(response)
}

async fn judge(app: &App, caller: &Caller, asked: Asked) -> Result<Response, ApiError> {
    let Asked { request, recipients, at_counts } = asked;
    let words = Words::of(&request, at_counts, &app.gateway.settings(caller.workspace()));
    let one = recipients.is_none();
    let judged = app.gateway.preview(caller, request, recipients.unwrap_or_default()).await?;
    let mut judged: Vec<Preview> = judged.into_iter().map(|preview| words.answered(preview)).collect();
    if one {
        let only = judged.pop().ok_or_else(|| ApiError::internal("no verdict"))?;
        return ok(&Data { data: PreviewView::judged(only.to, only.outcome?) });
    }
    let summary = Summary::of(&judged);
    ok(&PreviewListAnswer { data: judged.into_iter().map(PreviewView::from).collect(), summary })
}

/// What is asked.
struct Asked {
    request: SendRequest,
    /// The recipients, if there is a list of them.
    recipients: Option<Vec<String>>,
    /// It is judged at its `at`, rather than now or at its `send_at`.
    at_counts: bool,
}

/// How the verdicts on a request are told.
struct Words {
    /// The field that the sender came in.
    sender_field: &'static str,
    /// The instant came in `at`, which the gateway knows as `send_at`.
    at_counts: bool,
    /// Nothing is to wait for a window.
    refuses_held: bool,
}

impl Words {
    fn of(request: &SendRequest, at_counts: bool, settings: &Settings) -> Self {
        let on_closed_window = request.compliance.on_closed_window.unwrap_or(settings.on_closed_window);
        Self {
            sender_field: request.origin.param(),
            at_counts,
            refuses_held: on_closed_window == OnClosedWindow::Refuse,
        }
    }

    /// The verdict as a send would act on it, in the words of the request.
    fn answered(&self, mut preview: Preview) -> Preview {
        let judgement = match &mut preview.outcome {
            Ok(judgement) => judgement,
            Err(refusal) => {
                if self.at_counts {
                    name_at(refusal);
                }
                return preview;
            }
        };
        if self.refuses_held && judgement.decision == "hold" {
            judgement.decision = REFUSE;
            judgement.send_at = None;
        }
        for reason in judgement.reasons.iter_mut().filter(|reason| reason.field == "sender_id") {
            reason.field = self.sender_field;
        }
        preview
    }
}

/// Calls the instant by the name it came by.
fn name_at(refusal: &mut Refusal) {
    let renamed = |message: &str| message.replace("send_at", "at");
    if refusal.param == Some("send_at") {
        refusal.param = Some("at");
        refusal.message = renamed(&refusal.message);
    }
    for detail in refusal.details.iter_mut().filter(|detail| detail.field == "send_at") {
        detail.field = "at";
        detail.message = renamed(&detail.message);
    }
}

fn read(body: &[u8], now: Timestamp) -> Result<Asked, ApiError> {
    let mut fields = given(body)?;
    let mut faults = Faults::default();
    let origin = origin(&mut fields, &mut faults);
    let recipients = recipients(&mut fields, &mut faults);
    let to = match &recipients {
        Some(_) => Some(String::new()),
        None => required(&mut fields, "to", &mut faults),
    };
    let recipient = to.as_deref().filter(|_| recipients.is_none());
    let rest = rest(&mut fields, recipient, now, &mut faults);
    let at = instant(&mut fields, "at", &mut faults);
    if at.is_some_and(|at| at.millis() < now.millis() - CLOCKS_APART) {
        faults.note("at", "`at` is in the past; a preview looks ahead");
    }
    faults.into_result()?;
    if let Some(list) = &recipients {
        within_bounds(LIST, list.len(), PREVIEW_MAX)?;
    }
    let (Some(origin), Some(to), Some(rest)) = (origin, to, rest) else { return Err(incomplete()) };
    // A message sent then leaves then, or when it is scheduled if that is later.
    let send_at = rest.send_at.max(at);
    let at_counts = at > rest.send_at;
    Ok(Asked { request: SendRequest { origin, to, send_at, ..rest }, recipients, at_counts })
}

/// The list of recipients, in either of its places.
fn recipients(fields: &mut Given<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let name = if fields.is_list("to") { "to" } else { LIST };
    let list = fields.list(name, faults)?;
    if name == LIST && fields.text("to", faults).is_some() {
        faults.note("to", "`to` and `recipients` exclude each other");
    }
    let texts = list.into_iter().enumerate().map(|(at, node)| recipient(name, at, node, faults));
    Some(texts.map(Option::unwrap_or_default).collect())
}

/// One recipient: a text, or an object with a `to`.
fn recipient(list: &str, at: usize, node: Node, faults: &mut Faults) -> Option<String> {
    match node {
        Node::Text(text) => Some(text),
        Node::Object(fields) => {
            let mut entry = Entry::within(&format!("{list}[{at}]"), fields);
            let to = entry.required("to", 40, "the recipient's number in E.164, as in +33612345678", faults);
            entry.end("to", faults);
            to
        }
        _ => {
            let place = format!("{list}[{at}]");
            let message = format!("`{place}` must be a number in E.164, as in \"+33612345678\"");
            faults.note(Cow::<'static, str>::Owned(place), message);
            None
        }
    }
}
