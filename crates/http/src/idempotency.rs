//! The `Idempotency-Key` header of writing requests.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use facteur_gateway::IdempotencyKey;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, Detail, codes};

/// The key, both ways.
pub(crate) static HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// `true` on an answer that was kept from an earlier request.
pub(crate) static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in characters.
const LENGTH_MAX: usize = 255;

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
