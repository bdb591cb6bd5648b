//! Signatures as Standard Webhooks has them: HMAC-SHA-256 of `id.timestamp.body`, in base64, one for each
//! secret in force.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facteur_domain::Timestamp;
use facteur_store::{Webhook, WebhookSecret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How a secret is shown to its owner: `whsec_` and base64.
#[must_use]
pub fn show_secret(secret: &WebhookSecret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.show()))
}

/// The value of `webhook-signature` for an endpoint's delivery: two signatures, split by a blank, while the
/// secret is being changed.
pub(crate) fn signatures(webhook: &Webhook, id: &str, seconds: i64, body: &str, now: Timestamp) -> String {
    let mut all = sign(&webhook.secret, id, seconds, body);
    if let Some((previous, until)) = &webhook.previous_secret
        && now < *until
    {
        all.push(' ');
        all.push_str(&sign(previous, id, seconds, body));
    }
    all
}

fn sign(secret: &WebhookSecret, id: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.show()).expect("HMAC takes a key of whatever length");
    for piece in [id, ".", &seconds.to_string(), ".", body] {
        mac.update(piece.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use facteur_domain::{Redacted, WebhookId, WorkspaceId};

    use super::*;

    fn webhook(secret: [u8; 32], previous: Option<([u8; 32], i64)>) -> Webhook {
        Webhook {
            id: WebhookId::from_key(1),
            workspace: WorkspaceId::from_key(1),
            url: String::new(),
            topics: Vec::new(),
            description: None,
            enabled: true,
            secret: Redacted::new(secret),
            previous_secret: previous
                .map(|(secret, until)| (Redacted::new(secret), Timestamp::from_millis(until))),
            created_at: Timestamp::default(),
            failing_since: None,
            disabled_reason: None,
            v1: None,
        }
    }

    /// The library refuses what is more than five minutes off.
    fn now() -> i64 {
        crate::Clock::system().now().seconds()
    }

    fn verifies(secret: [u8; 32], id: &str, seconds: i64, body: &str, signatures: &str) -> bool {
        let oracle = standardwebhooks::Webhook::new(&show_secret(&Redacted::new(secret))).expect("a secret");
        let mut headers = http::HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", &seconds.to_string()),
            ("webhook-signature", signatures),
        ] {
            headers.insert(name, value.parse().expect("a header"));
        }
        oracle.verify(body.as_bytes(), &headers).is_ok()
    }

    #[test]
    fn the_reference_library_verifies_what_is_signed() {
        let (id, seconds, body) = ("msg_1M3PF7F7G0043", now(), r#"{"topic":"sms.sent"}"#);
        let signed = signatures(&webhook([7; 32], None), id, seconds, body, Timestamp::default());
        assert!(verifies([7; 32], id, seconds, body, &signed));
        assert!(!verifies([8; 32], id, seconds, body, &signed), "another secret");
        assert!(!verifies([7; 32], id, seconds + 1, body, &signed), "another time");
        assert!(!verifies([7; 32], "msg_2", seconds, body, &signed), "another id");
        assert!(!verifies([7; 32], id, seconds, "{}", &signed), "another body");
    }

    #[test]
    fn both_secrets_sign_while_one_follows_the_other() {
        let rotating = webhook([7; 32], Some(([6; 32], 1_000)));
        let seconds = now();
        let at = |millis| signatures(&rotating, "msg_1", seconds, "{}", Timestamp::from_millis(millis));
        for (millis, old) in [(999, true), (1_000, false)] {
            assert!(verifies([7; 32], "msg_1", seconds, "{}", &at(millis)));
            assert_eq!(verifies([6; 32], "msg_1", seconds, "{}", &at(millis)), old, "at {millis}");
        }
    }
}
