//! The API's documentation: the OpenAPI document, and a page made from it on the server. The page
//! needs no script and loads nothing from elsewhere.

mod html;
mod page;
mod schema;

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::openapi::{SERVED, document};

/// Nothing but our own style sheet; no frames, no forms, no scripts.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// The document changes with the program: a browser asks again after a minute.
const CACHED: &str = "public, max-age=60";

/// The OpenAPI document
///
/// This document, generated from the program that serves it.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "Service",
    responses((status = 200, description = "The document", content_type = "application/json"))
)]
pub(crate) async fn openapi() -> Response {
    served("application/json", SERVED.clone())
}

/// The readable page
///
/// The same as a page for people.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "Service",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(crate) async fn page() -> Response {
    static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
        let document = serde_json::to_value(document()).unwrap_or_default();
        Bytes::from(page::render(&document))
    });
    served("text/html; charset=utf-8", PAGE.clone())
}

pub(crate) async fn style() -> Response {
    served("text/css; charset=utf-8", Bytes::from_static(include_bytes!("docs/style.css")))
}

fn served(kind: &'static str, body: Bytes) -> Response {
    static REFERRER: HeaderName = HeaderName::from_static("referrer-policy");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHED)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER.clone(), HeaderValue::from_static("no-referrer")),
    ];
    (headers, Body::from(body)).into_response()
}
