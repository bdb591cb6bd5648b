//! Webhooks as Allo's v1 had them: one sender an endpoint, other names for the topics, another envelope, no
//! signature. Delivered by the same machinery as the others; only the body differs.

use facteur_domain::Sender;
use serde_json::{Value, json};

use crate::WebhookTopic;

/// A topic of v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum V1Topic {
    /// A test. Told when one is asked for.
    Ping,
    /// A call: accepted, and never told, for there are none.
    CallReceived,
    /// A phone sent a message. Without [`V1Topic::SmsSent`] beside it, it tells of sent ones too, as v1
    /// did when it had no topic for those; `direction` says which.
    SmsReceived,
    /// An operator took a message.
    SmsSent,
    /// A contact was made.
    ContactCreated,
    /// A contact was changed.
    ContactUpdated,
}

impl V1Topic {
    /// Every topic.
    pub const ALL: [Self; 6] = [
        Self::Ping,
        Self::CallReceived,
        Self::SmsReceived,
        Self::SmsSent,
        Self::ContactCreated,
        Self::ContactUpdated,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::CallReceived => "CALL_RECEIVED",
            Self::SmsReceived => "SMS_RECEIVED",
            Self::SmsSent => "SMS_SENT",
            Self::ContactCreated => "CONTACT_CREATED",
            Self::ContactUpdated => "CONTACT_UPDATED",
        }
    }

    /// The topic of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// What an endpoint of v1 has beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V1Endpoint {
    /// The one sender whose messages it is told of.
    pub sender: Sender,
    /// v1's topics, as they were asked for.
    pub topics: Vec<V1Topic>,
}

impl V1Endpoint {
    /// The topics that it subscribes to in today's words.
    #[must_use]
    pub fn meant(&self) -> Vec<WebhookTopic> {
        let mut meant = Vec::new();
        for topic in &self.topics {
            match topic {
                V1Topic::Ping | V1Topic::CallReceived => {}
                V1Topic::SmsReceived => meant.extend([WebhookTopic::SmsReceived, WebhookTopic::SmsSent]),
                V1Topic::SmsSent => meant.push(WebhookTopic::SmsSent),
                V1Topic::ContactCreated => meant.push(WebhookTopic::ContactCreated),
                V1Topic::ContactUpdated => meant.push(WebhookTopic::ContactUpdated),
            }
        }
        meant
    }

    /// The body of v1 for an event that is written down as today's: `topic` and `data`, nothing else.
    /// v1 had a number in every message, so a Sender ID stands where today there is null.
    #[must_use]
    pub(crate) fn body(&self, payload: &str) -> Option<String> {
        let mut event: Value = serde_json::from_str(payload).ok()?;
        let topic = self.name_of(event["topic"].as_str()?);
        let mut data = event["data"].take();
        if let Some(name) = data.get("from_name").filter(|_| data["from_number"].is_null()).cloned() {
            data["from_number"] = name;
        }
        Some(json!({ "topic": topic, "data": data }).to_string())
    }

    fn name_of(&self, topic: &str) -> String {
        let v1 = match WebhookTopic::from_name(topic) {
            Some(WebhookTopic::SmsSent) if self.topics.contains(&V1Topic::SmsSent) => V1Topic::SmsSent,
            Some(WebhookTopic::SmsSent | WebhookTopic::SmsReceived) => V1Topic::SmsReceived,
            Some(WebhookTopic::ContactCreated) => V1Topic::ContactCreated,
            Some(WebhookTopic::ContactUpdated) => V1Topic::ContactUpdated,
            // Somebody had another event told again.
            Some(other) => return other.as_str().to_uppercase().replace('.', "_"),
            None => V1Topic::Ping,
        };
        v1.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(topics: &[V1Topic]) -> V1Endpoint {
        V1Endpoint { sender: "38180".parse().expect("a sender"), topics: topics.to_vec() }
    }

    #[test]
    fn a_body_of_v1_has_a_topic_and_data() {
        let sent = r#"{"topic":"sms.sent","version":"2.0","timestamp":"t","data":{"id":"msg_1","direction":"OUTBOUND","from_number":null,"from_name":"MyCompany"}}"#;
        let both = endpoint(&[V1Topic::SmsReceived, V1Topic::SmsSent]).body(sent);
        let data = r#""data":{"id":"msg_1","direction":"OUTBOUND","from_number":"MyCompany","from_name":"MyCompany"}"#;
        assert_eq!(both, Some(format!(r#"{{"topic":"SMS_SENT",{data}}}"#)));
        let one = endpoint(&[V1Topic::SmsReceived]).body(sent);
        assert_eq!(one, Some(format!(r#"{{"topic":"SMS_RECEIVED",{data}}}"#)));
        let test = r#"{"topic":"webhook.test","data":{"webhook_id":"ep_1"}}"#;
        let ping = r#"{"topic":"PING","data":{"webhook_id":"ep_1"}}"#;
        assert_eq!(endpoint(&[V1Topic::SmsSent]).body(test).as_deref(), Some(ping));
        assert_eq!(endpoint(&[]).body("no JSON"), None);
    }

    #[test]
    fn topics_read_back_and_mean_todays() {
        for topic in V1Topic::ALL {
            assert_eq!(V1Topic::from_name(topic.as_str()), Some(topic));
        }
        let all = endpoint(&V1Topic::ALL).meant();
        assert!(all.contains(&WebhookTopic::SmsSent) && all.contains(&WebhookTopic::ContactUpdated));
        assert!(endpoint(&[V1Topic::Ping, V1Topic::CallReceived]).meant().is_empty());
    }
}
