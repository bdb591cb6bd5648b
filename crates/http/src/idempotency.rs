//! The `Idempotency-Key` header of writing requests.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use facteur_domain::AccountKeyId;
use facteur_gateway::{Caller, IdempotencyKey, StoredAnswer};
use facteur_store::{Accepted, Idempotency};
use sha2::{Digest, Sha256};

use crate::api::webhooks::secrets;
use crate::app::App;
use crate::body;
use crate::endpoint::Endpoint;
use crate::error::{ApiError, Detail, codes};

/// The key, both ways.
pub(crate) static HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// `true` on an answer that was kept from an earlier request.
pub(crate) static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in characters.
const LENGTH_MAX: usize = 255;
/// The longest answer that is kept, in octets.
const KEPT_MAX: usize = 4 * 1024 * 1024;

/// The key of a request to `route` with this body, if it has one.
///
/// # Errors
/// 400: the key is not 1 to 255 visible ASCII characters, or there are two.
pub(crate) fn key(
    headers: &HeaderMap,
    route: &'static str,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut given = headers.get_all(&HEADER).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|_| usable(value) && given.next().is_none());
    let key = key.ok_or_else(|| {
        const MESSAGE: &str =
            "The Idempotency-Key header must be one key of 1 to 255 visible ASCII characters.";
        ApiError::new(&codes::INVALID_REQUEST_BODY, MESSAGE)
            .at("Idempotency-Key")
            .suggest("Use a UUID of your own making, a new one for every message.")
            .details(vec![Detail { message: MESSAGE.into(), field: "Idempotency-Key".into(), rule: None }])
    })?;
    Ok(Some(IdempotencyKey { key: key.to_owned(), route, fingerprint: Sha256::digest(body).into() }))
}

/// Keys of requests that are being carried out, so that a second request with one is told to wait. In
/// memory: one process answers a data folder's requests, and what it was doing when it died is over.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashSet<(AccountKeyId, String)>>);

/// A key that is reserved until this goes.
struct Reserved {
    app: App,
    key: (AccountKeyId, String),
}

impl Reserved {
    /// `None` when another request holds the key.
    fn take(app: &App, caller: &Caller, key: &str) -> Option<Self> {
        let key = (caller.key.id, key.to_owned());
        let fresh = app.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        fresh.then(|| Self { app: app.clone(), key })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.app.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Carries out a writing request at most once for its key: the same request again is answered as the
/// first was, without being carried out; while the first is under way, with 409. `/v1/api/sms` keeps its
/// answers with its messages, in one transaction; here the answer is kept after the work, so that a crash
/// between the two may do the work twice.
pub(crate) async fn once(app: &App, endpoint: &'static Endpoint, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(caller), true) = (caller, writes && headers.contains_key(&HEADER)) else {
        return next.run(request).await;
    };
    match kept(app, endpoint, request, caller, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn kept(
    app: &App,
    endpoint: &'static Endpoint,
    request: Request,
    caller: Caller,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    // However it comes, in one piece or in chunks. What is too large for the endpoint, it says itself.
    let body = body::whole(body, &app.options).await?;
    // The path is part of the request: the same key for another message is another request.
    let whole = [parts.method.as_str().as_bytes(), b" ", parts.uri.path().as_bytes(), b"\n", &body].concat();
    let Some(key) = key(&parts.headers, endpoint.path, &whole)? else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    let reserved = Reserved::take(app, &caller, &key.key).ok_or_else(|| {
        ApiError::new(
            &codes::OTHER_TRANSACTION_IN_PROGRESS,
            "Another request with this Idempotency-Key is being carried out.",
        )
        .at("Idempotency-Key")
        .retry_after(1)
        .suggest("Repeat the request in a moment: it is then answered as the other one was.")
    })?;
    let (store, now) = (app.gateway.store(), app.gateway.now());
    let found = store.find_answer(caller.key.id, key.key.clone(), key.route, key.fingerprint, now).await?;
    if let Some(answer) = told(found)? {
        return Ok(if secrets::shown_by(endpoint) {
            secrets::put_back(app, &caller, answer).await?
        } else {
            answer
        });
    }
    let request = Request::from_parts(parts, Body::from(body));
    // On a task of its own: a client that hangs up, or a time that runs out, must not come between the
    // work and the note that it is done.
    let work = app.tracker.spawn(async move {
        let response = next.run(request).await;
        remember(&reserved.app, endpoint, &caller, key, response).await
    });
    work.await.map_err(ApiError::internal)?
}

/// Keeps a success for its key. The work is done: whatever goes wrong here, its answer is given, and only a
/// repetition would not know it.
async fn remember(
    app: &App,
    endpoint: &'static Endpoint,
    caller: &Caller,
    key: IdempotencyKey,
    response: Response,
) -> Result<Response, ApiError> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    // Answers to writes are made in memory, whole.
    let body = to_bytes(body, usize::MAX).await.map_err(ApiError::internal)?;
    if let Err(why) = keep(app, endpoint, caller, key, (head.status, &body)).await {
        tracing::error!(route = endpoint.path, %why, "an answer could not be kept for its idempotency key");
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

async fn keep(
    app: &App,
    endpoint: &'static Endpoint,
    caller: &Caller,
    key: IdempotencyKey,
    (status, body): (StatusCode, &Bytes),
) -> Result<(), String> {
    if body.len() > KEPT_MAX {
        return Err(format!("{} octets, {KEPT_MAX} are the most", body.len()));
    }
    let kept = if secrets::shown_by(endpoint) {
        secrets::take_out(body).map_err(|_| "a secret cannot be taken out of it".to_owned())?
    } else {
        body.clone()
    };
    let now = app.gateway.now();
    let idempotency = Idempotency {
        api_key: caller.key.id,
        key: key.key,
        route: key.route,
        fingerprint: key.fingerprint,
        expires_at: now.plus(app.gateway.idempotency_kept()),
        answer: StoredAnswer { status: status.as_u16(), body: kept },
    };
    app.gateway.store().keep_answer(idempotency, now).await.map(|_| ()).map_err(|why| why.to_string())
}

/// The kept answer, if there is one.
fn told(found: Accepted) -> Result<Option<Response>, ApiError> {
    let reused = |how: &str| {
        let message = format!("This Idempotency-Key was used before {how}.");
        ApiError::new(&codes::IDEMPOTENCY_KEY_REUSE, message)
            .at("Idempotency-Key")
            .suggest("Use a new key for a new request; repeat a request as it was to get its answer.")
    };
    match found {
        Accepted::New => Ok(None),
        Accepted::KeyOnOtherRoute => Err(reused("on another route")),
        Accepted::KeyWithOtherBody => Err(reused("for another request")),
        Accepted::Replayed(kept) => {
            let mut response = Body::from(kept.body).into_response();
            *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
            Ok(Some(response))
        }
    }
}

/// Whether a key is 1 to 255 visible ASCII characters.
pub(crate) fn usable(value: &HeaderValue) -> bool {
    let octets = value.as_bytes();
    (1..=LENGTH_MAX).contains(&octets.len()) && octets.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], kept: Result<Option<&str>, ()>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER.clone(), HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let key = key(&headers, "POST /", b"{}").map(|key| key.map(|key| key.key)).map_err(|_| ());
        assert_eq!(key, kept.map(|key| key.map(str::to_owned)), "{values:?}");
    }

    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        check(&[], Ok(None));
        check(&["6f1c"], Ok(Some("6f1c")));
        check(&[&"k".repeat(255)], Ok(Some(&"k".repeat(255))));
        check(&[&"k".repeat(256)], Err(()));
        check(&[""], Err(()));
        check(&["a b"], Err(()));
        check(&["clé"], Err(()));
        check(&["a", "a"], Err(()));
    }

    #[test]
    fn another_body_has_another_fingerprint() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER.clone(), HeaderValue::from_static("k"));
        let print = |body: &[u8]| key(&headers, "POST /", body).expect("usable").expect("given").fingerprint;
        assert_eq!(print(b"a"), print(b"a"));
        assert_ne!(print(b"a"), print(b"b"));
    }
}
