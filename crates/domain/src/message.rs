//! An outgoing message (MT): what was accepted, and never changes after.

use std::fmt;

use crate::id::{AccountKeyId, MessageId, WorkspaceId};
use crate::number::Msisdn;
use crate::redacted::Redacted;
use crate::sender::Sender;
use crate::text::Encoding;
use crate::time::Timestamp;

/// The longest text, in Unicode scalar values (requirement `seed-message-length`).
pub const TEXT_MAX: usize = 1000;
/// The longest client reference, in Unicode scalar values (ours).
pub const REFERENCE_MAX: usize = 128;

/// What a message is for. An undeclared message is marketing: the strictest rules apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Promotes goods, services or the image of a seller (CPCE L34-5).
    Marketing,
    /// Follows from something the recipient did: an order, an appointment, a payment.
    Transactional,
    /// A one-time password: useless when late.
    Otp,
    /// A warning that cannot wait.
    Alert,
    /// The answer to someone who wrote first.
    Conversational,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 5] =
        [Self::Marketing, Self::Transactional, Self::Otp, Self::Alert, Self::Conversational];

    /// Its name in the API, in configuration and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Transactional => "transactional",
            Self::Otp => "otp",
            Self::Alert => "alert",
            Self::Conversational => "conversational",
        }
    }

    /// The class of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that may be sent: 1 to 1000 Unicode scalar values, not only blanks (requirement
/// `seed-message-length`). Prints as redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageText(String);

/// Why a text may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or only blanks.
    #[error("the text is empty or only blanks")]
    Blank,
    /// More than 1000 characters.
    #[error("the text has {0} characters, 1000 are the most")]
    TooLong(usize),
}

impl MessageText {
    /// The text, for sending and for the account that wrote it.
    #[must_use]
    pub fn show(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageText {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        if text.chars().all(char::is_whitespace) {
            return Err(TextError::Blank);
        }
        // A scalar value is one octet at least, so short texts need no counting.
        if text.len() > TEXT_MAX {
            let length = text.chars().count();
            if length > TEXT_MAX {
                return Err(TextError::TooLong(length));
            }
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets redacted]", self.0.len())
    }
}

/// The customer's own word for a message: 1 to 128 characters without control characters, returned
/// wherever the message is.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientReference(Redacted<String>);

/// Why a text is no client reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client reference has 1 to 128 characters and no control characters")]
pub struct ReferenceError;

impl ClientReference {
    /// The reference.
    #[must_use]
    pub fn show(&self) -> &str {
        self.0.show()
    }
}

impl TryFrom<String> for ClientReference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        let length = text.chars().count();
        if length == 0 || length > REFERENCE_MAX || text.chars().any(char::is_control) {
            return Err(ReferenceError);
        }
        Ok(Self(Redacted::new(text)))
    }
}

impl fmt::Debug for ClientReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a message answers that the product itself writes back to a phone, from the code it wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AutoReply {
    /// A STOP: confirms it, once.
    Stop,
    /// CONTACT: says who publishes the service.
    Contact,
    /// START: confirms that the person wants to be written to again.
    Start,
    /// A keyword of a workspace, in its words.
    Keyword,
}

impl AutoReply {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Contact, Self::Start, Self::Keyword];

    /// Its name in the API and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Contact => "contact",
            Self::Start => "start",
            Self::Keyword => "keyword",
        }
    }

    /// The one of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reply| reply.as_str() == name)
    }
}

/// An accepted message. Nothing here changes after acceptance; where it stands is its
/// [`State`](crate::delivery::State).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its id; the time in it is `accepted_at`.
    pub id: MessageId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// The key that sent it.
    pub api_key: AccountKeyId,
    /// Who it is from.
    pub sender: Sender,
    /// Who it is to.
    pub recipient: Msisdn,
    /// What it is for.
    pub class: Class,
    /// The text as it leaves.
    pub text: MessageText,
    /// How the text is encoded.
    pub encoding: Encoding,
    /// How many SMS it becomes, 1 to 15.
    pub parts: u8,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it may leave: `accepted_at`, or the later `send_at` of the request.
    pub send_at: Timestamp,
    /// When it is no longer worth delivering.
    pub expires_at: Timestamp,
    /// The customer's own word for it.
    pub client_reference: Option<ClientReference>,
    /// Sent with a test key or in `dev`: never to a real route.
    pub test: bool,
    /// What it answers, when the product itself wrote it; `None` for what a customer sends.
    pub auto_reply: Option<AutoReply>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requirement `seed-message-length`.
    #[test]
    fn texts_have_1_to_1000_scalar_values() {
        let text = |s: &str| MessageText::try_from(s.to_owned()).map(|_| ());
        assert_eq!(text("a"), Ok(()));
        assert_eq!(text(&"é".repeat(1000)), Ok(()));
        assert_eq!(text(&"👍".repeat(1000)), Ok(()));
        assert_eq!(text(&"é".repeat(1001)), Err(TextError::TooLong(1001)));
        assert_eq!(text(&"a".repeat(1001)), Err(TextError::TooLong(1001)));
        for blank in ["", " ", "\n\t", "\u{a0}\u{202f}"] {
            assert_eq!(text(blank), Err(TextError::Blank));
        }
    }

    #[test]
    fn texts_and_references_print_redacted() {
        let text = MessageText::try_from("Code 123456".to_owned()).expect("valid");
        assert!(!format!("{text:?}").contains("123456"));
        let reference = ClientReference::try_from("order-42".to_owned()).expect("valid");
        assert!(!format!("{reference:?}").contains("42"));
        assert!(ClientReference::try_from("a\nb".to_owned()).is_err());
        assert!(ClientReference::try_from("x".repeat(129)).is_err());
    }

    #[test]
    fn class_names_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.as_str()), Some(class));
        }
        assert_eq!(Class::from_name("Marketing"), None);
    }
}
