//! The body of an error, in both dialects.

use std::borrow::Cow;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Fault;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// What is wrong.
    #[schema(value_type = String, example = "required=SMS_SEND")]
    pub(crate) message: Cow<'static, str>,
    /// The field at fault.
    #[schema(value_type = String, example = "scope")]
    pub(crate) field: Cow<'static, str>,
    /// The rule that says so, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) rule: Option<&'static str>,
}

impl From<facteur_gateway::Detail> for Detail {
    fn from(detail: facteur_gateway::Detail) -> Self {
        Self { message: detail.message.into(), field: Cow::Borrowed(detail.field), rule: detail.rule }
    }
}

/// An error in both dialects.
#[derive(Serialize, ToSchema)]
#[schema(title = "Error", example = json!({
    "code": "API_KEY_INSUFFICIENT_SCOPE",
    "details": [{"message": "required=SMS_SEND", "field": "scope"}],
    "error": {
        "type": "permission_error", "code": "API_KEY_INSUFFICIENT_SCOPE",
        "message": "The API key lacks the scope SMS_SEND.", "retryable": false,
        "request_id": "req_8aF3kQ0ZrT1b", "doc_url": "/docs#API_KEY_INSUFFICIENT_SCOPE"
    }
}))]
pub(crate) struct ErrorBody<'a> {
    /// The stable code (v1's dialect).
    #[schema(example = "SENDER_ID_NOT_FOUND")]
    code: &'static str,
    /// Every fault that has a place, or null (v1's dialect).
    #[schema(value_type = Option<Vec<Detail>>, required = true)]
    details: Option<&'a [Detail]>,
    /// The same error in v2's dialect.
    error: ErrorObject<'a>,
}

/// An error in v2's dialect.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorObject<'a> {
    /// The family: `validation_error`, `authentication_error`, `permission_error`,
    /// `not_found_error`, `conflict_error`, `rate_limit_error` or `server_error`.
    #[serde(rename = "type")]
    #[schema(example = "not_found_error")]
    kind: &'static str,
    /// The stable code.
    #[schema(example = "SENDER_ID_NOT_FOUND")]
    code: &'static str,
    /// What is wrong, in a sentence for a developer.
    message: &'a str,
    /// Whether the same request can succeed later.
    retryable: bool,
    /// The request's id, as in the `X-Request-Id` header.
    #[schema(example = "req_8aF3kQ0ZrT1b")]
    request_id: &'a str,
    /// The parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
    /// Every field at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError<'a>>,
    /// In how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    /// Where the code is explained, on this server.
    #[schema(example = "/docs#SENDER_ID_NOT_FOUND")]
    doc_url: String,
}

/// Why one entry of a list was refused.
#[derive(Serialize, ToSchema)]
#[schema(title = "EntryError", example = json!({
    "code": "INVALID_PHONE_FORMAT", "message": "A number in E.164 starts with + and the country code.",
    "retryable": false, "param": "to", "suggestion": "Write +33612345678.",
    "details": [{"message": "A number in E.164 starts with + and the country code.", "field": "to"}],
    "doc_url": "/docs#INVALID_PHONE_FORMAT"
}))]
pub(crate) struct EntryError {
    /// The stable code, as for a request of its own.
    code: &'static str,
    /// What is wrong, in a sentence for a developer.
    #[schema(value_type = String)]
    message: Cow<'static, str>,
    /// Whether the same entry can succeed later.
    retryable: bool,
    /// The parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    param: Option<Cow<'static, str>>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    suggestion: Option<Cow<'static, str>>,
    /// Every fault that has a place.
    details: Vec<Detail>,
    /// Where the code is explained, on this server.
    doc_url: String,
}

/// An error of the one route of v1 whose `error` is a string.
#[derive(Serialize, ToSchema)]
pub(crate) struct StringErrorBody<'a> {
    /// The stable code.
    #[schema(example = "WEBHOOK_NOT_FOUND")]
    code: &'static str,
    /// Every fault that has a place, or null.
    #[schema(value_type = Option<Vec<Detail>>, required = true)]
    details: Option<&'a [Detail]>,
    /// The stable code again.
    #[schema(example = "WEBHOOK_NOT_FOUND")]
    error: &'static str,
    /// What is wrong, in a sentence for a developer.
    message: &'a str,
    /// The request's id, as in the `X-Request-Id` header.
    #[schema(example = "req_8aF3kQ0ZrT1b")]
    request_id: &'a str,
}

/// A field at fault.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldError<'a> {
    /// Which.
    field: &'a str,
    /// The error's code.
    code: &'static str,
    /// What is wrong with it.
    message: &'a str,
}

impl Fault {
    /// Whether the same request can succeed later.
    fn retryable(&self) -> bool {
        matches!(self.code.status.as_u16(), 408 | 429 | 503) || self.retry_after.is_some()
    }

    /// As the error of one entry of a list.
    pub(super) fn of_entry(self) -> EntryError {
        EntryError {
            retryable: self.retryable(),
            code: self.code.name,
            message: self.message,
            param: self.param,
            suggestion: self.suggestion,
            details: self.details,
            doc_url: format!("/docs#{}", self.code.name),
        }
    }

    /// The body whose `error` is a string.
    pub(super) fn string_body<'a>(&'a self, request_id: &'a str) -> StringErrorBody<'a> {
        StringErrorBody {
            code: self.code.name,
            details: (!self.details.is_empty()).then_some(self.details.as_slice()),
            error: self.code.name,
            message: &self.message,
            request_id,
        }
    }

    /// The body for the request of this id.
    pub(super) fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        let code = self.code.name;
        let kind = kind(self.code.status);
        let field_errors = if kind == VALIDATION { self.details.as_slice() } else { &[] };
        ErrorBody {
            code,
            details: (!self.details.is_empty()).then_some(self.details.as_slice()),
            error: ErrorObject {
                kind,
                code,
                message: &self.message,
                retryable: self.retryable(),
                request_id,
                param: self.param.as_deref(),
                suggestion: self.suggestion.as_deref(),
                errors: field_errors
                    .iter()
                    .map(|detail| FieldError { field: &detail.field, code, message: &detail.message })
                    .collect(),
                retry_after_seconds: self.wait(),
                doc_url: format!("/docs#{code}"),
            },
        }
    }
}

const VALIDATION: &str = "validation_error";

/// The family of a status, in v2's words.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => VALIDATION,
    }
}
