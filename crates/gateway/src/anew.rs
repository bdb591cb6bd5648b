//! Sending a failed message anew, and the people who do: the console's door to the one door in.

use std::sync::Arc;

use facteur_domain::{AccountKeyId, Class, MessageId, Redacted, State, Timestamp, WorkspaceId};
use facteur_store::{ApiKey, StoredAnswer, StoredMessage};

use crate::accept::{Compliance, IdempotencyKey, Origin, Reply, SendRequest};
use crate::directory::{Caller, Scope};
use crate::gateway::{Gateway, unavailable};
use crate::refusal::{Code, Refusal};

impl Caller {
    /// A person of a workspace, who acts without a key. `person` is the key of their id: their idempotency
    /// keys meet nobody else's. With `test`, what they send goes to a sandbox.
    #[must_use]
    pub fn person(person: i64, workspace: WorkspaceId, workspace_name: &str, test: bool) -> Self {
        let key = ApiKey {
            id: AccountKeyId::from_key(person),
            workspace,
            label: "console".to_owned(),
            visible: String::new(),
            // Opens nothing: it is in no directory.
            hash: Redacted::new([0; 32]),
            scopes: vec![Scope::SmsSend.as_str().to_owned()],
            test,
            read_per_second: 0,
            write_per_second: 0,
            daily_quota: None,
            created_at: Timestamp::from_millis(0),
            revoked_at: None,
        };
        Self { key: Arc::new(key), workspace_name: workspace_name.into(), origin: None }
    }

    /// The same, whose messages go to a sandbox.
    fn testing(&self) -> Self {
        let key = ApiKey { test: true, ..(*self.key).clone() };
        Self { key: Arc::new(key), ..self.clone() }
    }
}

/// Whether a message may be sent anew: nobody has it, its text is there, and it still means something.
#[must_use]
pub fn may_send_anew(stored: &StoredMessage) -> bool {
    why_not_anew(stored).is_none()
}

fn why_not_anew(stored: &StoredMessage) -> Option<String> {
    let nobody_has_it = matches!(
        stored.state,
        State::Undelivered | State::Expired | State::Rejected | State::Blocked | State::Cancelled
    );
    if !nobody_has_it {
        return Some(format!("The message is {}: only one that failed is sent anew.", stored.state));
    }
    if stored.message.class == Class::Otp {
        return Some("It is a one-time password, which is no longer good: send a new one.".to_owned());
    }
    (!stored.has_text()).then(|| "Its text is no longer kept: write it again.".to_owned())
}

impl Gateway {
    /// Sends a message that failed anew: a new message of the same words, judged as every other, and
    /// mentioned in the story of the first. One that was a test stays one. `answer` makes what is kept for the idempotency key.
    ///
    /// # Errors
    /// There is no such message in the workspace, somebody may have it, its text is gone, it is a one-time
    /// password, or the rules refuse it now.
    pub async fn send_anew(
        &self,
        caller: &Caller,
        message: MessageId,
        idempotency: Option<IdempotencyKey>,
        answer: impl FnOnce(&facteur_domain::Message) -> StoredAnswer + Send,
    ) -> Result<Reply, Refusal> {
        let found = self.store().message(caller.workspace(), message).await.map_err(unavailable)?;
        let Some(found) = found else {
            let why = format!("There is no message {message}.");
            return Err(Refusal::new(Code::MessageNotFound, why).at("id"));
        };
        if let Some(why) = why_not_anew(&found) {
            return Err(Refusal::new(Code::InvalidRequestBody, why).at("id"));
        }
        let before = found.message;
        let request = SendRequest {
            origin: Origin::SenderId(before.sender.to_string()),
            to: before.recipient.to_string(),
            message: before.text.show().to_owned(),
            class: Some(before.class),
            client_reference: before.client_reference.map(|reference| reference.show().to_owned()),
            send_at: None,
            validity_minutes: None,
            idempotency,
            compliance: Compliance::default(),
            resend_of: Some(message),
            trace: None,
        };
        let tester;
        let caller = match before.test {
            true => {
                tester = caller.testing();
                &tester
            }
            false => caller,
        };
        self.accept(caller, request, answer).await
    }
}
