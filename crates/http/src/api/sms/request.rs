//! Reading a request to send: by hand, field by field, so that every fault is found at once.

use std::borrow::Cow;

use facteur_domain::Class;
use facteur_gateway::{Compliance, Origin, SendRequest};
use utoipa::ToSchema;

use crate::api::{time, words};
use crate::error::ApiError;
use crate::json::{Faults, Fields};

/// How many fields a request can have.
const FIELD_COUNT: usize = 8;

/// The fields of a request. Others are ignored.
static FIELDS: [&str; FIELD_COUNT] =
    ["sender_id", "from", "to", "message", "class", "client_reference", "send_at", "validity_minutes"];

/// What required fields are called elsewhere.
const OTHER_NAMES: [(&str, &[&str]); 3] = [
    ("sender_id", &["senderid", "sender", "sender_name", "originator"]),
    ("to", &["recipient", "phone", "phone_number", "number", "to_number", "msisdn"]),
    ("message", &["text", "content", "body", "sms", "msg"]),
];

/// A request's fields, as given.
type Given<'a> = Fields<'a, FIELD_COUNT>;

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

/// Reads a request; every fault is found, the first is named (requirement `seed-request-shape`).
pub(super) fn read(body: &[u8]) -> Result<SendRequest, ApiError> {
    let mut fields = Given::read(body, &FIELDS)?;
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
    let (Some(origin), Some(to), Some(message)) = (origin, to, message) else {
        return Err(ApiError::internal("a required field is missing and no fault says so"));
    };
    Ok(SendRequest {
        origin,
        to,
        message,
        class,
        client_reference,
        send_at,
        validity_minutes,
        idempotency: None,
        compliance: Compliance::default(),
    })
}

/// Exactly one of `sender_id` and `from`.
fn origin(fields: &mut Given<'_>, faults: &mut Faults) -> Option<Origin> {
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

fn required(fields: &mut Given<'_>, name: &'static str, faults: &mut Faults) -> Option<String> {
    let before = faults.count();
    let text = fields.text(name, faults);
    if text.is_none() && faults.count() == before {
        faults.note(name, format!("`{name}` is missing"));
        hint(fields, name, faults);
    }
    text.map(Cow::into_owned)
}

/// Guesses what a missing field was called instead.
fn hint(fields: &Given<'_>, name: &'static str, faults: &mut Faults) {
    let others = OTHER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, others)| *others);
    if let Some(given) = others.and_then(|others| fields.has_unknown(others)) {
        faults.suggest(format!("Did you mean `{name}` by `{given}`? Unknown fields are ignored."));
    }
}

fn class(fields: &mut Given<'_>, faults: &mut Faults) -> Option<Class> {
    let name = fields.text("class", faults)?;
    let class = Class::from_name(&name);
    if class.is_none() {
        faults.note("class", "`class` must be one of marketing, transactional, otp, alert, conversational");
    }
    class
}

#[cfg(test)]
mod tests {
    use facteur_domain::Timestamp;

    use super::*;

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
                compliance: Compliance::default(),
            }
        );
    }
}
