//! The answer to an accepted message.

use axum::http::StatusCode;
use bytes::Bytes;
use facteur_domain::{Message, State as Stage};
use facteur_gateway::Origin;
use facteur_store::StoredAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Data, time, words};

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

impl<'a> SentSms<'a> {
    /// The message as it was accepted, its sender as the client wrote it.
    pub(crate) fn new(origin: &'a Origin, message: &'a Message) -> Self {
        let (from_number, sender_id) = match origin {
            Origin::Number(number) => (Some(number.as_str()), None),
            Origin::SenderId(name) => (None, Some(name.as_str())),
        };
        let later = message.send_at > message.accepted_at;
        Self {
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
        }
    }
}

/// The answer to an accepted message, as it is sent and kept for replays (requirement
/// `seed-response-shape`).
pub(super) fn answer(origin: &Origin, message: &Message) -> StoredAnswer {
    stored(&Data { data: SentSms::new(origin, message) }, 512 + message.text.show().len())
}

/// A success of about `size` octets.
pub(crate) fn stored(body: &impl Serialize, size: usize) -> StoredAnswer {
    let mut octets = Vec::with_capacity(size);
    // Strings, numbers and nulls in a Vec: serialising them cannot fail.
    if serde_json::to_writer(&mut octets, body).is_err() {
        octets.clear();
    }
    StoredAnswer { status: StatusCode::OK.as_u16(), body: Bytes::from(octets) }
}

#[cfg(test)]
mod tests {
    use facteur_domain::{
        AccountKeyId, Class, ClientReference, Encoding, MessageId, MessageText, Msisdn, Timestamp,
        WorkspaceId,
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
            auto_reply: None,
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
}
