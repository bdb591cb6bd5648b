//! `POST /v1/api/sms`: Allo's call, in both its forms.

use std::borrow::Cow;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use facteur_domain::{Class, Message, State as Stage};
use facteur_gateway::{Origin, Reply, SendRequest};
use facteur_store::StoredAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Key, time, words};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::json::{Faults, Fields};
use crate::{body, idempotency};

/// The route as idempotency keys know it.
const ROUTE: &str = "POST /v1/api/sms";

/// The fields of a request. Others are ignored.
static FIELDS: [&str; 8] =
    ["sender_id", "from", "to", "message", "class", "client_reference", "send_at", "validity_minutes"];

/// What required fields are called elsewhere.
const OTHER_NAMES: [(&str, &[&str]); 3] = [
    ("sender_id", &["senderid", "sender", "sender_name", "originator"]),
    ("to", &["recipient", "phone", "phone_number", "number", "to_number", "msisdn"]),
    ("message", &["text", "content", "body", "sms", "msg"]),
];

/// A message to send. Give `sender_id` (France) or `from`, not both.
#[derive(ToSchema)]
#[schema(example = json!({
    "sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour, ceci est un message de test"
}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct SendSms {
    /// A verified Sender ID (3 to 11 letters and digits with one letter at least), or a short code
    /// 36xxx or 38xxx. Compared without case.
    #[schema(example = "MyCompany")]
    sender_id: Option<String>,
    /// A number of the account, in E.164. French operators refuse standard mobile numbers (+33 6,
    /// +33 7) as senders: use `sender_id` in France.
    from: Option<String>,
    /// The recipient: a French mobile in E.164.
    #[schema(example = "+33612345678")]
    to: String,
    /// The text, 1 to 1000 characters (Unicode scalar values), not only blanks.
    #[schema(min_length = 1, max_length = 1000, example = "Bonjour, ceci est un message de test")]
    message: String,
    /// What the message is for; the sender's declared class when absent.
    #[schema(value_type = Option<words::Class>)]
    class: Option<String>,
    /// Your own word for the message, 1 to 128 characters, returned wherever the message is.
    #[schema(min_length = 1, max_length = 128)]
    client_reference: Option<String>,
    /// Not before this instant: RFC 3339 with a zone. At once when absent or past.
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// For how many minutes the message is worth delivering, 1 to 2880. The class's default when
    /// absent.
    #[schema(minimum = 1, maximum = 2880)]
    validity_minutes: Option<u32>,
}

/// An accepted message: Allo's six fields, then ours.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentSms<'a> {
    /// The sending number; null when a Sender ID was used.
    #[schema(required = true)]
    from_number: Option<&'a str>,
    /// The Sender ID as you gave it; null when a number was used.
    #[schema(required = true, example = "MyCompany")]
    sender_id: Option<&'a str>,
    /// The recipient.
    #[schema(example = "+33612345678")]
    to_number: String,
    /// Always `OUTBOUND`.
    #[serde(rename = "type")]
    #[schema(example = "OUTBOUND")]
    kind: &'static str,
    /// The text as it leaves.
    content: &'a str,
    /// When the message was accepted: UTC, without zone or fraction.
    #[schema(example = "2024-01-15T10:30:00")]
    start_date: String,
    /// The message's id.
    #[schema(example = "msg_1M3PF7F7G0042")]
    id: String,
    /// `queued`, or `scheduled` for a `send_at` to come.
    #[schema(value_type = words::Status, example = "queued")]
    status: &'static str,
    /// How many SMS the text becomes.
    parts: u8,
    /// How the text is encoded.
    #[schema(value_type = words::Encoding, example = "gsm7")]
    encoding: &'static str,
    /// When the message may leave.
    #[schema(format = DateTime)]
    send_at: String,
    /// What the message is for.
    #[schema(value_type = words::Class)]
    class: &'static str,
    /// Your own word for the message, if you gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference: Option<&'a str>,
}

/// A success.
#[derive(ToSchema)]
#[schema(example = json!({"data": {
    "from_number": null, "sender_id": "MyCompany", "to_number": "+33612345678", "type": "OUTBOUND",
    "content": "Bonjour, ceci est un message de test", "start_date": "2024-01-15T10:30:00",
    "id": "msg_0CSGF44W08000", "status": "queued", "parts": 1, "encoding": "gsm7",
    "send_at": "2024-01-15T10:30:00.000Z", "class": "transactional"
}}))]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct SentSmsAnswer<'a> {
    data: SentSms<'a>,
}

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
        (status = 401, description = "The key is missing, unknown or revoked", body = ErrorBody),
        (status = 403, description = "The key lacks the scope", body = ErrorBody),
        (status = 404, description = "The Sender ID is not on the account", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request", body = ErrorBody),
        (status = 413, description = "The body is larger than 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not sent as JSON", body = ErrorBody),
        (status = 429, description = "Too many requests a second, or the day's quota is used up", body = ErrorBody),
        (status = 503, description = "Nothing can be kept now", body = ErrorBody),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut request = read(&body)?;
    request.idempotency = idempotency::key(&parts.headers, ROUTE, &body)?;
    let origin = request.origin.clone();
    let reply = app.gateway.accept(&caller, request, |message| answer(&origin, message)).await?;
    Ok(respond(reply))
}

/// Reads a request; every fault is found, the first is named (requirement `seed-request-shape`).
fn read(body: &[u8]) -> Result<SendRequest, ApiError> {
    let mut fields = Fields::read(body, &FIELDS)?;
    let mut faults = Faults::default();
    let origin = origin(&mut fields, &mut faults);
    let to = required(&mut fields, "to", &mut faults);
    let message = required(&mut fields, "message", &mut faults);
    let class = class(&mut fields, &mut faults);
    let client_reference = fields.text("client_reference", &mut faults).map(Cow::into_owned);
    let send_at = fields.text("send_at", &mut faults).and_then(|text| {
        let at = time::read(&text);
        if at.is_none() {
            faults.note("send_at", format!("`send_at` {}", time::EXPECTED));
        }
        at
    });
    let validity_minutes = fields.integer("validity_minutes", &mut faults).and_then(|minutes| {
        let whole = u32::try_from(minutes).ok();
        if whole.is_none() {
            faults.note("validity_minutes", "`validity_minutes` must be from 1 to 2880");
        }
        whole
    });
    faults.into_result()?;
    // Without faults nothing required is missing; the defaults are never used.
    Ok(SendRequest {
        origin: origin.unwrap_or(Origin::SenderId(String::new())),
        to: to.unwrap_or_default(),
        message: message.unwrap_or_default(),
        class,
        client_reference,
        send_at,
        validity_minutes,
        idempotency: None,
    })
}

/// Exactly one of `sender_id` and `from`.
fn origin(fields: &mut Fields<'_, 8>, faults: &mut Faults) -> Option<Origin> {
    let before = faults.count();
    let sender_id = fields.text("sender_id", faults);
    let from = fields.text("from", faults);
    match (sender_id, from) {
        (Some(name), None) => Some(Origin::SenderId(name.into_owned())),
        (None, Some(number)) => Some(Origin::Number(number.into_owned())),
        (Some(_), Some(_)) => {
            faults.note("sender_id", "`sender_id` and `from` exclude each other");
            faults.note("from", "`from` and `sender_id` exclude each other");
            faults.suggest("Use `sender_id` alone to send to France.");
            None
        }
        (None, None) => {
            // A sender of the wrong type is there, if not rightly.
            if faults.count() == before {
                faults.note("sender_id", "`sender_id` or `from` is missing");
                hint(fields, "sender_id", faults);
                faults.suggest("Use `sender_id` with a verified Sender ID to send to France.");
            }
            None
        }
    }
}

fn required(fields: &mut Fields<'_, 8>, name: &'static str, faults: &mut Faults) -> Option<String> {
    let before = faults.count();
    let text = fields.text(name, faults);
    if text.is_none() && faults.count() == before {
        faults.note(name, format!("`{name}` is missing"));
        hint(fields, name, faults);
    }
    text.map(Cow::into_owned)
}

/// Guesses what a missing field was called instead.
fn hint(fields: &Fields<'_, 8>, name: &'static str, faults: &mut Faults) {
    let others = OTHER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, others)| *others);
    if let Some(given) = others.and_then(|others| fields.has_unknown(others)) {
        faults.suggest(format!("Did you mean `{name}` by `{given}`? Unknown fields are ignored."));
    }
}

fn class(fields: &mut Fields<'_, 8>, faults: &mut Faults) -> Option<Class> {
    let name = fields.text("class", faults)?;
    let class = Class::from_name(&name);
    if class.is_none() {
        faults.note("class", "`class` must be one of marketing, transactional, otp, alert, conversational");
    }
    class
}

/// The answer to an accepted message, as it is sent and kept for replays (requirement
/// `seed-response-shape`).
fn answer(origin: &Origin, message: &Message) -> StoredAnswer {
    let (from_number, sender_id) = match origin {
        Origin::Number(number) => (Some(number.as_str()), None),
        Origin::SenderId(name) => (None, Some(name.as_str())),
    };
    let later = message.send_at > message.accepted_at;
    let sent = SentSms {
        from_number,
        sender_id,
        to_number: message.recipient.to_string(),
        kind: "OUTBOUND",
        content: message.text.show(),
        start_date: time::bare(message.accepted_at),
        id: message.id.to_string(),
        status: if later { Stage::Scheduled } else { Stage::Queued }.as_str(),
        parts: message.parts,
        encoding: message.encoding.as_str(),
        send_at: message.send_at.to_string(),
        class: message.class.as_str(),
        client_reference: message.client_reference.as_ref().map(|reference| reference.show()),
    };
    let mut body = Vec::with_capacity(512 + message.text.show().len());
    // Strings, numbers and nulls in a Vec: serialising them cannot fail.
    if serde_json::to_writer(&mut body, &Data { data: sent }).is_err() {
        body.clear();
    }
    StoredAnswer { status: StatusCode::OK.as_u16(), body: Bytes::from(body) }
}

fn respond(reply: Reply) -> Response {
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

#[cfg(test)]
mod tests {
    use facteur_domain::{
        AccountKeyId, ClientReference, Encoding, MessageId, MessageText, Msisdn, Timestamp, WorkspaceId,
    };

    use super::*;

    fn message(send_at: i64, reference: Option<&str>) -> Message {
        let accepted_at = Timestamp::from_millis(1_705_314_600_007);
        Message {
            id: MessageId::from_key(1),
            workspace: WorkspaceId::from_key(1),
            api_key: AccountKeyId::from_key(1),
            sender: "mycompany".parse().expect("a sender"),
            recipient: Msisdn::parse("+33612345678").expect("a number"),
            class: Class::Transactional,
            text: MessageText::try_from("Bonjour".to_owned()).expect("a text"),
            encoding: Encoding::Gsm7,
            parts: 1,
            accepted_at,
            send_at: Timestamp::from_millis(send_at),
            expires_at: accepted_at,
            client_reference: reference.map(|r| ClientReference::try_from(r.to_owned()).expect("fits")),
            test: false,
        }
    }

    #[test]
    fn the_answer_has_allos_fields_first_and_as_documented() {
        let answer = answer(&Origin::SenderId("MyCompany".to_owned()), &message(1_705_314_600_007, None));
        assert_eq!(
            std::str::from_utf8(&answer.body),
            Ok(concat!(
                r#"{"data":{"from_number":null,"sender_id":"MyCompany","to_number":"+33612345678","#,
                r#""type":"OUTBOUND","content":"Bonjour","start_date":"2024-01-15T10:30:00","#,
                r#""id":"msg_0000000000001","status":"queued","parts":1,"encoding":"gsm7","#,
                r#""send_at":"2024-01-15T10:30:00.007Z","class":"transactional"}}"#
            ))
        );
    }

    #[test]
    fn a_later_message_is_scheduled_and_its_reference_returned() {
        let answer =
            answer(&Origin::Number("36180".to_owned()), &message(1_705_314_601_000, Some("order-42")));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(body["data"]["status"], "scheduled");
        assert_eq!(body["data"]["client_reference"], "order-42");
        assert_eq!(body["data"]["from_number"], "36180");
        assert_eq!(body["data"]["sender_id"], serde_json::Value::Null);
    }

    #[test]
    fn a_full_request_is_read() {
        let body = r#"{"sender_id":"MyCompany","from":null,"to":"+33612345678","message":"Hé",
            "class":"otp","client_reference":"r","send_at":"2024-01-15T11:30:00+01:00","validity_minutes":5,
            "callback":"ignored"}"#;
        let request = read(body.as_bytes()).expect("reads");
        assert_eq!(
            request,
            SendRequest {
                origin: Origin::SenderId("MyCompany".to_owned()),
                to: "+33612345678".to_owned(),
                message: "Hé".to_owned(),
                class: Some(Class::Otp),
                client_reference: Some("r".to_owned()),
                send_at: Some(Timestamp::from_millis(1_705_314_600_000)),
                validity_minutes: Some(5),
                idempotency: None,
            }
        );
    }
}
