//! Reading a request to send: by hand, field by field, so that every fault is found at once.

use std::borrow::Cow;

use facteur_domain::{Class, Timestamp};
use facteur_gateway::{Compliance, Origin, SendRequest};
use facteur_store::{OnClosedWindow, Rewriting};
use utoipa::ToSchema;

use crate::api::consents;
use crate::api::{time, words};
use crate::error::ApiError;
use crate::json::{Faults, Fields, list};

/// How many fields a request can have.
const FIELD_COUNT: usize = 13;

/// The fields of a request to send or, the last two, to preview. Others are ignored.
static FIELDS: [&str; FIELD_COUNT] = [
    "sender_id",
    "from",
    "to",
    "message",
    "class",
    "client_reference",
    "send_at",
    "validity_minutes",
    "consent",
    "on_closed_window",
    "rewrite",
    "recipients",
    "at",
];

/// What required fields are called elsewhere.
const OTHER_NAMES: [(&str, &[&str]); 3] = [
    ("sender_id", &["senderid", "sender", "sender_name", "originator"]),
    ("to", &["recipient", "phone", "phone_number", "number", "to_number", "msisdn"]),
    ("message", &["text", "content", "body", "sms", "msg"]),
];

/// A request's fields, as given.
pub(crate) type Given<'a> = Fields<'a, FIELD_COUNT>;

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
    /// On what ground the recipient is written to, with its proof; used at once, and recorded in the
    /// ledger when the message is accepted.
    consent: Option<OfferedConsent>,
    /// What becomes of marketing outside its hours; the workspace's choice when absent.
    #[schema(value_type = Option<words::ClosedWindow>)]
    on_closed_window: Option<String>,
    /// Whether a French text is rewritten so that it stays in GSM-7; the workspace's choice when absent.
    #[schema(value_type = Option<words::RewriteMode>)]
    rewrite: Option<String>,
}

/// A consent that comes with a message: the fields of an entry of the ledger.
#[derive(ToSchema)]
#[schema(example = json!({
    "basis": "consent", "advertiser": "Ma Boutique", "purpose": "offers",
    "collected_at": "2026-06-01T10:00:00+02:00", "source": "Inscription form of the online shop",
    "text_shown": "J'accepte de recevoir par SMS les offres de Ma Boutique."
}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct OfferedConsent {
    /// The recipient's number again, if you like; no other.
    number: Option<String>,
    /// On which ground the person may be written to.
    #[schema(value_type = words::ConsentBasis)]
    basis: String,
    /// For whose marketing, as the person was told; the sender's own advertiser when absent.
    #[schema(max_length = 100)]
    advertiser: Option<String>,
    /// For what, as the person was told.
    #[schema(max_length = 200, example = "offers")]
    purpose: String,
    /// When the person gave it: RFC 3339 with a zone, not in the future.
    #[schema(format = DateTime)]
    collected_at: String,
    /// How and where: a form's address, a shop, a contract.
    #[schema(max_length = 500)]
    source: String,
    /// The text that the person saw, exactly.
    #[schema(max_length = 10000)]
    text_shown: String,
    /// What else proves it: a reference to a file or a record of yours.
    #[schema(max_length = 500)]
    evidence: Option<String>,
    /// The number is a professional's, and the message concerns their work. True with the basis `b2b`
    /// unless told, and false is refused there: in doubt a person is a consumer.
    professional: Option<bool>,
}

/// Reads a request; every fault is found, the first is named (requirement `seed-request-shape`).
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<SendRequest, ApiError> {
    read_fields(given(body)?, now)
}

/// Reads a list of requests under `name`, `max` at most; of each that can be read, its fields.
pub(crate) fn given_list<'a>(
    body: &'a [u8],
    name: &'static str,
    max: usize,
) -> Result<list::Entries<'a, FIELD_COUNT>, ApiError> {
    list::read(body, name, &FIELDS, max)
}

/// Reads one request's fields.
pub(crate) fn read_fields(mut fields: Given<'_>, now: Timestamp) -> Result<SendRequest, ApiError> {
    let mut faults = Faults::default();
    let origin = origin(&mut fields, &mut faults);
    let to = required(&mut fields, "to", &mut faults);
    let rest = rest(&mut fields, to.as_deref(), now, &mut faults);
    faults.into_result()?;
    let (Some(origin), Some(to), Some(rest)) = (origin, to, rest) else { return Err(incomplete()) };
    Ok(SendRequest { origin, to, ..rest })
}

/// The fields of a body.
pub(crate) fn given(body: &[u8]) -> Result<Given<'_>, ApiError> {
    Given::read(body, &FIELDS)
}

/// A fault of ours.
pub(crate) fn incomplete() -> ApiError {
    ApiError::internal("a required field is missing and no fault says so")
}

/// All of a request but who it is from and to, which stand there empty. `recipient` is its one recipient as
/// the client wrote it.
pub(crate) fn rest(
    fields: &mut Given<'_>,
    recipient: Option<&str>,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<SendRequest> {
    let message = required(fields, "message", faults);
    let class = class(fields, faults);
    let client_reference = fields.text("client_reference", faults).map(Cow::into_owned);
    let send_at = instant(fields, "send_at", faults);
    let validity_minutes = validity(fields, faults);
    let consent = fields.object("consent", faults);
    let compliance = Compliance {
        consent: consent.and_then(|entry| consents::read_offer(entry, recipient, now, faults)),
        on_closed_window: fields.word(
            "on_closed_window",
            OnClosedWindow::from_name,
            &["hold", "refuse"],
            faults,
        ),
        rewrite: fields.word("rewrite", Rewriting::from_name, &["off", "suggest", "auto"], faults),
    };
    Some(SendRequest {
        origin: Origin::SenderId(String::new()),
        to: String::new(),
        message: message?,
        class,
        client_reference,
        send_at,
        validity_minutes,
        idempotency: None,
        compliance,
        resend_of: None,
        trace: None,
    })
}

/// An instant in RFC 3339.
pub(crate) fn instant(fields: &mut Given<'_>, name: &'static str, faults: &mut Faults) -> Option<Timestamp> {
    let text = fields.text(name, faults)?;
    let at = time::read(&text);
    if at.is_none() {
        faults.note(name, format!("`{name}` {}", time::EXPECTED));
    }
    at
}

fn validity(fields: &mut Given<'_>, faults: &mut Faults) -> Option<u32> {
    let minutes = fields.integer("validity_minutes", faults)?;
    let whole = u32::try_from(minutes).ok();
    if whole.is_none() {
        faults.note("validity_minutes", "`validity_minutes` must be from 1 to 2880");
    }
    whole
}

/// Exactly one of `sender_id` and `from`.
pub(crate) fn origin(fields: &mut Given<'_>, faults: &mut Faults) -> Option<Origin> {
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

pub(crate) fn required(fields: &mut Given<'_>, name: &'static str, faults: &mut Faults) -> Option<String> {
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
    use super::*;

    #[test]
    fn a_full_request_is_read() {
        let body = r#"{"sender_id":"MyCompany","from":null,"to":"+33612345678","message":"Hé",
            "class":"otp","client_reference":"r","send_at":"2024-01-15T11:30:00+01:00","validity_minutes":5,
            "callback":"ignored"}"#;
        let request = read(body.as_bytes(), Timestamp::from_millis(0)).expect("reads");
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
                resend_of: None,
                trace: None,
            }
        );
    }
}
