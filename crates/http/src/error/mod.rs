//! The one error of the edge. What the client is told and what went wrong inside are separate
//! fields; every body speaks both of Allo's dialects, the flat one of v1 (`code`, `details`) and
//! the nested one of v2 (`error`), so that every existing client finds its own.

mod body;
pub(crate) mod codes;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use facteur_gateway::Refusal;
use facteur_store::StoreError;

pub(crate) use self::body::{Detail, EntryError, ErrorBody, ErrorObject, FieldError, StringErrorBody};
use self::codes::Code;

/// How long to wait when trying again can help and nothing says for how long, in seconds.
const RETRY_AFTER_DEFAULT: u64 = 1;

/// A request that is not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(Box<Fault>);

#[derive(Clone, Debug)]
struct Fault {
    code: &'static Code,
    message: Cow<'static, str>,
    param: Option<Cow<'static, str>>,
    suggestion: Option<Cow<'static, str>>,
    details: Vec<Detail>,
    retry_after: Option<u64>,
    cause: Option<String>,
    /// `error` is the code alone, as one route of Allo's v1 has it.
    string_error: bool,
}

impl ApiError {
    pub(crate) fn new(code: &'static Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Fault {
            code,
            message: message.into(),
            param: None,
            suggestion: None,
            details: Vec::new(),
            retry_after: None,
            cause: None,
            string_error: false,
        }))
    }

    /// A fault of ours: the client is told that it is ours and no more, the log is told `cause`.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        let mut error = Self::new(
            &codes::INTERNAL_SERVER_ERROR,
            "Something failed on our side. Quote request_id when you report it.",
        );
        error.0.cause = Some(cause.to_string());
        error
    }

    /// Makes `error` the code alone, for clients of the v1 route that answers so.
    pub(crate) fn with_string_error(mut self) -> Self {
        self.0.string_error = true;
        self
    }

    /// Names the parameter at fault.
    pub(crate) fn at(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Says what would be right.
    pub(crate) fn suggest(mut self, suggestion: impl Into<Cow<'static, str>>) -> Self {
        self.0.suggestion = Some(suggestion.into());
        self
    }

    /// Lists the faults that have a place.
    pub(crate) fn details(mut self, details: Vec<Detail>) -> Self {
        self.0.details = details;
        self
    }

    /// Says in how many seconds to try again, 1 at least.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.code.status
    }

    /// The error of one entry of a list.
    pub(crate) fn of_entry(self) -> EntryError {
        self.0.of_entry()
    }

    /// The error of a list of which no entry is right: the first one's, with the faults of all, each with
    /// its place. Errors without a place of their own have the entry's.
    pub(crate) fn of_all(list: &str, errors: Vec<Self>) -> Self {
        let count = errors.len();
        let mut details = Vec::new();
        let mut first = None;
        for (at, error) in errors.into_iter().enumerate() {
            let mut fault = error.0;
            let place = format!("{list}[{at}]");
            let own = std::mem::take(&mut fault.details);
            if own.is_empty() {
                let field = fault.param.as_ref().map_or_else(|| place.clone(), |p| format!("{place}.{p}"));
                details.push(Detail { message: fault.message.clone(), field: field.into(), rule: None });
            }
            details.extend(
                own.into_iter()
                    .map(|detail| Detail { field: format!("{place}.{}", detail.field).into(), ..detail }),
            );
            first.get_or_insert_with(|| {
                fault.param =
                    Some(fault.param.take().map_or(place.clone(), |p| format!("{place}.{p}")).into());
                fault
            });
        }
        let Some(mut fault) = first else { return Self::internal("no entry and no error") };
        if count > 1 {
            fault.message =
                format!("None of the {count} entries is right; the first: {}", fault.message).into();
        }
        fault.details = details;
        Self(fault)
    }

    /// The sentence, for tests.
    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The code, for tests.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &'static str {
        self.0.code.name
    }

    /// The parameter at fault, for tests.
    #[cfg(test)]
    pub(crate) fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// Tells the log what the client is not told. Called once, where the answer is made.
    pub(crate) fn log(&self, request_id: &str, route: &str) {
        if let Some(cause) = &self.0.cause {
            tracing::error!(request_id, route, code = self.0.code.name, cause, "request failed");
        }
    }

    /// The answer, with the id of its request.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let fault = &*self.0;
        let body = if fault.string_error {
            serde_json::to_vec(&fault.string_body(request_id))
        } else {
            serde_json::to_vec(&fault.body(request_id))
        };
        let body = body.unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = fault.code.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = fault.wait() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if fault.code.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body may still come; it must not be read as the next request.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Fault {
    /// In how many seconds to try again, where that can help.
    fn wait(&self) -> Option<u64> {
        let waits =
            matches!(self.code.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after.or(waits.then_some(RETRY_AFTER_DEFAULT))
    }
}

/// The error travels beside the response until the edge, which knows the request's id, renders it.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = codes::of_refusal(refusal.code);
        if code.status == StatusCode::INTERNAL_SERVER_ERROR {
            return Self::internal(refusal.message);
        }
        Self(Box::new(Fault {
            code,
            message: refusal.message.into(),
            param: refusal.param.map(Cow::Borrowed),
            suggestion: refusal.suggestion.map(Cow::Owned),
            details: refusal.details.into_iter().map(Detail::from).collect(),
            retry_after: refusal.retry_after.map(whole_seconds),
            cause: None,
            string_error: false,
        }))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed | StoreError::Overloaded => {
                Self::new(&codes::SERVICE_UNAVAILABLE, "The service is busy or stopping. Try again.")
            }
            StoreError::CannotWrite(_) | StoreError::Damaged(_) => {
                let mut unable =
                    Self::new(&codes::SERVICE_UNAVAILABLE, "The service cannot write to its disk.");
                unable.0.cause = Some(error.to_string());
                unable
            }
            other => Self::internal(other),
        }
    }
}

/// Whole seconds, rounded up, so that a client which waits as told does not come too early.
fn whole_seconds(wait: std::time::Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn rendered(error: &ApiError) -> Value {
        serde_json::to_value(error.0.body("req_1")).expect("an error is JSON")
    }

    #[test]
    fn an_error_speaks_both_dialects() {
        let error = ApiError::new(&codes::INVALID_REQUEST_BODY, "`to` is missing")
            .at("to")
            .details(vec![Detail { message: "missing".into(), field: "to".into(), rule: None }]);
        let body = rendered(&error);
        assert_eq!(body["code"], "INVALID_REQUEST_BODY");
        assert_eq!(body["details"], json!([{"message": "missing", "field": "to"}]));
        assert_eq!(
            body["error"],
            json!({
                "type": "validation_error", "code": "INVALID_REQUEST_BODY", "message": "`to` is missing",
                "retryable": false, "request_id": "req_1", "param": "to",
                "errors": [{"field": "to", "code": "INVALID_REQUEST_BODY", "message": "missing"}],
                "doc_url": "/docs#INVALID_REQUEST_BODY",
            })
        );
    }

    #[test]
    fn an_error_without_places_has_null_details() {
        let body = rendered(&ApiError::new(&codes::API_KEY_INVALID, "no key"));
        assert_eq!(body["details"], Value::Null);
        assert_eq!(body["error"]["type"], "authentication_error");
        assert!(body["error"].get("errors").is_none());
    }

    #[test]
    fn the_cause_of_a_fault_of_ours_is_not_shown() {
        let error = ApiError::from(StoreError::Damaged("page 7 of secret.db".to_owned()));
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!rendered(&error).to_string().contains("secret"));
        let error = ApiError::from(StoreError::Internal("secret.db".to_owned()));
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!rendered(&error).to_string().contains("secret"));
    }

    #[test]
    fn what_can_be_tried_again_says_when() {
        for (error, seconds) in [
            (ApiError::new(&codes::RATE_LIMIT_EXCEEDED, ""), 1),
            (ApiError::new(&codes::SERVICE_UNAVAILABLE, ""), 1),
            (ApiError::new(&codes::API_KEY_QUOTA_EXCEEDED, "").retry_after(3600), 3600),
            (ApiError::new(&codes::RATE_LIMIT_EXCEEDED, "").retry_after(0), 1),
        ] {
            let body = rendered(&error);
            assert_eq!(body["error"]["retry_after_seconds"], seconds);
            assert_eq!(body["error"]["retryable"], true);
            assert_eq!(error.render("req_1").headers()[header::RETRY_AFTER], seconds.to_string());
        }
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(5)), 5);
    }
}
