//! Why a request is not carried out, for the client that made it.

use std::time::Duration;

/// The stable codes of refusals, in Allo's spelling where Allo has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Code {
    /// The text is empty, blank or over 1000 characters.
    InvalidLength,
    /// `to` is not a number in E.164.
    InvalidPhoneFormat,
    /// `to` is a number, but not a French mobile.
    InvalidToNumber,
    /// `to` is a landline.
    LandlineNumberNotSupported,
    /// `sender_id` is badly formed.
    InvalidSenderId,
    /// `sender_id` is not on the account.
    SenderIdNotFound,
    /// `sender_id` is on the account and may not send.
    SenderIdNotActive,
    /// `from` is a standard mobile number.
    ProviderNotSupported,
    /// `from` is not on the account.
    FromNumberNotFound,
    /// A field of ours is out of its range.
    InvalidRequestBody,
    /// French rules forbid the message.
    MessageNotCompliant,
    /// The key's daily quota is used up.
    ApiKeyQuotaExceeded,
    /// The idempotency key was used for something else.
    IdempotencyKeyReuse,
    /// No such message in the workspace.
    MessageNotFound,
    /// The message has left and cannot be cancelled.
    MessageNotCancellable,
    /// The workspace has no such keyword.
    KeywordNotFound,
    /// The word is a keyword on that code already, or there are too many.
    KeywordTaken,
    /// The store cannot keep anything now.
    ServiceUnavailable,
    /// A fault of ours.
    InternalServerError,
}

impl Code {
    /// The code as clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidLength => "INVALID_LENGTH",
            Self::InvalidPhoneFormat => "INVALID_PHONE_FORMAT",
            Self::InvalidToNumber => "INVALID_TO_NUMBER",
            Self::LandlineNumberNotSupported => "LANDLINE_NUMBER_NOT_SUPPORTED",
            Self::InvalidSenderId => "INVALID_SENDER_ID",
            Self::SenderIdNotFound => "SENDER_ID_NOT_FOUND",
            Self::SenderIdNotActive => "SENDER_ID_NOT_ACTIVE",
            Self::ProviderNotSupported => "PROVIDER_NOT_SUPPORTED",
            Self::FromNumberNotFound => "FROM_NUMBER_NOT_FOUND",
            Self::InvalidRequestBody => "INVALID_REQUEST_BODY",
            Self::MessageNotCompliant => "MESSAGE_NOT_COMPLIANT",
            Self::ApiKeyQuotaExceeded => "API_KEY_QUOTA_EXCEEDED",
            Self::IdempotencyKeyReuse => "IDEMPOTENCY_KEY_REUSE",
            Self::MessageNotFound => "MESSAGE_NOT_FOUND",
            Self::MessageNotCancellable => "MESSAGE_NOT_CANCELLABLE",
            Self::KeywordNotFound => "KEYWORD_NOT_FOUND",
            Self::KeywordTaken => "KEYWORD_TAKEN",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Detail {
    /// The field at fault, as the client spelled it.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// The rule that says so, as in `fr.recipient.landline`.
    pub rule: Option<&'static str>,
}

/// A refused request: nothing was kept, nothing was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What was wrong, in a sentence for a developer.
    pub message: String,
    /// The parameter at fault.
    pub param: Option<&'static str>,
    /// What would be right, where we know it.
    pub suggestion: Option<String>,
    /// Every fault found.
    pub details: Vec<Detail>,
    /// When to try again, if trying again can help.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with a sentence and nothing else.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            param: None,
            suggestion: None,
            details: Vec::new(),
            retry_after: None,
        }
    }

    /// Names the parameter at fault.
    pub(crate) fn at(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    /// Says what would be right.
    pub(crate) fn try_instead(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}
