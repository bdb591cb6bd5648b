//! Signing secrets in answers that are kept for their idempotency keys: the secret stays with its endpoint,
//! and is put back when the answer is given again.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use facteur_domain::WebhookId;
use facteur_gateway::{Caller, show_secret};
use serde_json::Value;

use crate::app::App;
use crate::endpoint::Endpoint;
use crate::error::ApiError;

const FIELD: &str = "signing_secret";
/// Longer than the answer about one endpoint.
const ANSWER_MAX: usize = 1024 * 1024;

/// Whether successes of this endpoint show a secret.
pub(crate) fn shown_by(endpoint: &'static Endpoint) -> bool {
    std::ptr::eq(endpoint, &super::CREATE) || std::ptr::eq(endpoint, &super::ROTATE)
}

/// The answer without its secret.
pub(crate) fn take_out(body: &[u8]) -> Result<Bytes, ApiError> {
    let mut answer: Value = serde_json::from_slice(body).map_err(ApiError::internal)?;
    answer["data"][FIELD] = Value::Null;
    Ok(Bytes::from(answer.to_string()))
}

/// The kept answer with the secret that its endpoint has now, if there is one still.
pub(crate) async fn put_back(app: &App, caller: &Caller, answer: Response) -> Result<Response, ApiError> {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, ANSWER_MAX).await.map_err(ApiError::internal)?;
    let mut answer: Value = serde_json::from_slice(&body).map_err(ApiError::internal)?;
    if let Some(id) = answer["data"]["id"].as_str().and_then(|id| id.parse::<WebhookId>().ok())
        && let Some(webhook) = app.gateway.store().webhook(caller.workspace(), id).await?
    {
        answer["data"][FIELD] = show_secret(&webhook.secret).into();
    }
    Ok(Response::from_parts(head, Body::from(answer.to_string())))
}
