//! What a page says when it cannot do what was asked: what happened, and what to do. The guard draws it in
//! the viewer's language.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use facteur_store::StoreError;

use super::page::Page;

/// Why there is no page.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// There is none, or none of this workspace: the answer is the same.
    NotFound,
    /// The viewer's role does not allow it.
    Forbidden,
    /// The browser says that another site asked.
    Foreign,
    /// The page does not take this method.
    Method,
    /// What a form sent is not what the page asked for, in a way that no person does.
    Malformed,
    /// It is larger than it may be.
    TooLarge,
    /// What was asked contradicts what is there; the sentence's key says how.
    Conflict(&'static str),
    /// Too many attempts.
    TooMany,
    /// Nothing can be read or kept at the moment.
    Unavailable,
    /// It took too long; nobody knows whether it will be done.
    TooLong,
    /// A fault of ours, with what only the log is told.
    Internal(String),
    /// Not a trouble: another page.
    Elsewhere(String),
}

impl Trouble {
    /// A fault of ours.
    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLong => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Elsewhere(_) => StatusCode::SEE_OTHER,
        }
    }

    /// The keys of the sentences that say what happened and what to do.
    const fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => ("common-error-404", "common-error-404-todo"),
            Self::Forbidden => ("common-error-403", "common-error-403-todo"),
            Self::Foreign => ("common-error-foreign", "common-error-foreign-todo"),
            Self::Method | Self::Malformed => ("common-error-400", "common-error-400-todo"),
            Self::TooLarge => ("common-error-413", "common-error-413-todo"),
            Self::Conflict(key) => (key, "common-error-409-todo"),
            Self::TooMany => ("common-error-429", "common-error-429-todo"),
            Self::Unavailable => ("common-error-503", "common-error-503-todo"),
            Self::TooLong => ("common-error-504", "common-error-504-todo"),
            Self::Internal(_) | Self::Elsewhere(_) => ("common-error-500", "common-error-500-todo"),
        }
    }

    /// Draws it. `page` has the title of errors.
    pub(super) fn draw(&self, page: Page, id: &str) -> Response {
        if let Self::Elsewhere(to) = self {
            return Redirect::to(to).into_response();
        }
        if let Self::Internal(why) = self {
            tracing::error!(request_id = id, why, "a page failed");
        }
        let (what, todo) = self.keys();
        let status = self.status();
        let fragment = page.is_fragment();
        let view = TroublePage { page, code: status.as_u16(), what, todo, id: id.to_owned() };
        let drawn = if fragment { view.as_fragment().render() } else { view.render() };
        match drawn {
            Ok(html) => (status, html_of(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "an error page does not render");
                status.into_response()
            }
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(why: StoreError) -> Self {
        match why {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Conflict(_) => Self::Conflict("common-error-409"),
            StoreError::CannotWrite(_)
            | StoreError::Damaged(_)
            | StoreError::Closed
            | StoreError::Overloaded => {
                tracing::error!(%why, "a page could not be served");
                Self::Unavailable
            }
            StoreError::Foreign(_) | StoreError::Internal(_) | StoreError::OtherVersion { .. } => {
                Self::internal(why)
            }
        }
    }
}

/// A trouble on its way to the guard, who draws it.
pub(super) fn as_response(trouble: Trouble) -> Response {
    let mut response = trouble.status().into_response();
    response.extensions_mut().insert(trouble);
    response
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        as_response(self)
    }
}

fn html_of(html: String) -> Response {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (headers, Body::from(html)).into_response()
}

/// A page or a part of one.
///
/// # Errors
/// The template failed.
pub(crate) fn render(view: &impl Template) -> Result<Response, Trouble> {
    view.render().map(html_of).map_err(Trouble::internal)
}

/// As [`render`], for a form that has something to mend: 422.
///
/// # Errors
/// As its.
pub(crate) fn mend(view: &impl Template) -> Result<Response, Trouble> {
    let mut response = render(view)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    page: Page,
    code: u16,
    what: &'static str,
    todo: &'static str,
    id: String,
}

#[derive(Template)]
#[template(path = "parts/trouble.html")]
struct TroubleFragment<'a> {
    page: &'a Page,
    what: &'static str,
    todo: &'static str,
}

impl TroublePage {
    const fn as_fragment(&self) -> TroubleFragment<'_> {
        TroubleFragment { page: &self.page, what: self.what, todo: self.todo }
    }
}
