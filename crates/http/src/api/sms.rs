//! `POST /v1/api/sms`: Allo's call, in both its forms.

pub(crate) mod answer;
pub(crate) mod request;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use facteur_gateway::{Reply, TraceContext};

use self::answer::{SentSmsAnswer, answer};
use self::request::{SendSms, read};
use super::Key;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::{body, idempotency};

/// The route as idempotency keys know it.
const ROUTE: &str = "POST /v1/api/sms";

/// Send an SMS
///
/// Sends one SMS to a French mobile. The answer comes when the message is on disk: from then on it
/// is not lost. Allo's documentation prints the French form as `/v1/api/sms#france`; it is the same
/// route.
///
/// With an `Idempotency-Key` header, the same request again within the hour gives the same answer
/// (with `Idempotency-Replayed: true`) and sends nothing; errors do not use up the key.
#[utoipa::path(
    post,
    path = "/v1/api/sms",
    operation_id = "sendSms",
    tag = "SMS",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 visible ASCII characters, a new one for every message"
    )),
    request_body = SendSms,
    responses(
        (status = 200, description = "The message is on disk and will be sent", body = SentSmsAnswer),
        (status = 400, description = "Something in the request is wrong; `param` says what", body = ErrorBody),
        (status = 404, description = "The Sender ID is not on the account", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request", body = ErrorBody),
        (status = 413, description = "The body is larger than 64 KiB", body = ErrorBody),
        (status = 429, description = "Too many requests a second, or the day's quota is used up", body = ErrorBody),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut request = read(&body, app.gateway.now())?;
    request.idempotency = idempotency::key(&parts.headers, ROUTE, &body)?;
    request.trace = trace(&parts.headers);
    let origin = request.origin.clone();
    let reply = app.gateway.accept(&caller, request, |message| answer(&origin, message)).await?;
    Ok(respond(reply))
}

/// The caller's trace. A header that is none is ignored, as W3C Trace Context asks.
pub(crate) fn trace(headers: &HeaderMap) -> Option<TraceContext> {
    headers.get("traceparent")?.to_str().ok()?.parse().ok()
}

/// The answer of a request whose messages are on disk.
pub(crate) fn respond(reply: Reply) -> Response {
    let (kept, replayed) = match reply {
        Reply::New(answer) => (answer, false),
        Reply::Replayed(answer) => (answer, true),
    };
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let mut response = (json, Body::from(kept.body)).into_response();
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    if replayed {
        response.headers_mut().insert(idempotency::REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    response
}
