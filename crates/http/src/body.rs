//! Reading a request's body: of the right type, not too large, not too slow.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};

use crate::error::{ApiError, codes};
use crate::server::Options;

/// The most octets of a refused body that are read and dropped, so that the client hears why it
/// was refused instead of a broken connection.
const DRAINED_MAX: u64 = 1024 * 1024;

/// Why a body was not read.
enum Unread {
    TooLarge,
    Broken,
}

/// What an endpoint takes as its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Media types, in lower case.
    pub(crate) types: &'static [&'static str],
    /// What to send instead of another type.
    pub(crate) hint: &'static str,
    /// The most octets.
    pub(crate) max: usize,
}

/// The one type that most endpoints take.
const JSON: &[&str] = &["application/json"];
const JSON_HINT: &str = "Send the body as JSON with `Content-Type: application/json`.";

/// The body of a request that must be JSON.
///
/// # Errors
/// 415, 413, 408, or 400 for a body that breaks off.
pub(crate) async fn json(parts: &Parts, body: Body, options: &Options) -> Result<Bytes, ApiError> {
    let wanted = Wanted { types: JSON, hint: JSON_HINT, max: options.body_max };
    octets(parts, body, &wanted, options).await.map(|(_, octets)| octets)
}

/// As [`json`], for a list of many entries.
///
/// # Errors
/// As for [`json`].
pub(crate) async fn long_json(parts: &Parts, body: Body, options: &Options) -> Result<Bytes, ApiError> {
    let wanted = Wanted { types: JSON, hint: JSON_HINT, max: options.bulk_max };
    octets(parts, body, &wanted, options).await.map(|(_, octets)| octets)
}

/// The body of a request, with its type, which is one of the wanted ones.
///
/// # Errors
/// As for [`json`].
pub(crate) async fn octets(
    parts: &Parts,
    body: Body,
    wanted: &Wanted,
    options: &Options,
) -> Result<(&'static str, Bytes), ApiError> {
    let mut body = body;
    let read = match content_type(&parts.headers, wanted) {
        Ok(_) if declared(&body) > Some(wanted.max as u64) => Err(too_large(wanted)),
        Ok(kind) => match tokio::time::timeout(options.body_timeout, collect(&mut body, wanted.max)).await {
            Ok(Ok(octets)) => return Ok((kind, octets)),
            Ok(Err(Unread::TooLarge)) => Err(too_large(wanted)),
            Ok(Err(Unread::Broken)) => {
                return Err(ApiError::new(&codes::INVALID_REQUEST_BODY, "The body broke off."));
            }
            Err(_) => {
                return Err(ApiError::new(
                    &codes::REQUEST_TIMEOUT,
                    format!("The body did not come within {} seconds.", options.body_timeout.as_secs()),
                ));
            }
        },
        Err(error) => Err(error),
    };
    discard(&parts.headers, body, options).await;
    read
}

/// Reads a body as large as any endpoint takes, whatever it is.
///
/// # Errors
/// It broke off, is too large, or came too slowly.
pub(crate) async fn whole(mut body: Body, options: &Options) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(options.body_timeout, collect(&mut body, options.bulk_max)).await {
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(Unread::TooLarge)) => Err(ApiError::new(
            &codes::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {} octets.", options.bulk_max),
        )),
        Ok(Err(Unread::Broken)) => Err(ApiError::new(&codes::INVALID_REQUEST_BODY, "The body broke off.")),
        Err(_) => Err(ApiError::new(
            &codes::REQUEST_TIMEOUT,
            format!("The body did not come within {} seconds.", options.body_timeout.as_secs()),
        )),
    }
}

/// Reads and drops what a refused request still has to say, within bounds.
pub(crate) async fn drain(request: Request, options: &Options) {
    let (parts, body) = request.into_parts();
    discard(&parts.headers, body, options).await;
}

async fn discard(headers: &HeaderMap, mut body: Body, options: &Options) {
    // A client that asks before it sends must not be told to go on.
    if body.is_end_stream() || headers.contains_key(header::EXPECT) || declared(&body) > Some(DRAINED_MAX) {
        return;
    }
    let mut left = DRAINED_MAX;
    let dropped = async {
        while let Some(Ok(octets)) = next(&mut body).await {
            match left.checked_sub(octets.len() as u64) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Too slow is as good as too large: the connection is closed after the answer.
    let _ = tokio::time::timeout(options.body_timeout, dropped).await;
}

/// The length the headers declare, if they do.
fn declared(body: &Body) -> Option<u64> {
    body.size_hint().exact()
}

fn too_large(wanted: &Wanted) -> ApiError {
    ApiError::new(&codes::PAYLOAD_TOO_LARGE, format!("The body is larger than {} octets.", wanted.max))
}

/// The next octets of a body; trailers are skipped.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame.map(http_frame_data) {
            Ok(Some(octets)) => return Some(Ok(octets)),
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

fn http_frame_data(frame: hyper::body::Frame<Bytes>) -> Option<Bytes> {
    frame.into_data().ok()
}

async fn collect(body: &mut Body, max: usize) -> Result<Bytes, Unread> {
    let Some(first) = next(body).await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| Unread::Broken)?;
    if first.len() > max {
        return Err(Unread::TooLarge);
    }
    // Nearly every body comes in one piece, which is then not copied.
    if body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    while let Some(octets) = next(body).await {
        let octets = octets.map_err(|_| Unread::Broken)?;
        if whole.len() + octets.len() > max {
            return Err(Unread::TooLarge);
        }
        whole.extend_from_slice(&octets);
    }
    Ok(whole.freeze())
}

/// The wanted type that the headers say, with whatever parameters, and no compression.
fn content_type(headers: &HeaderMap, wanted: &Wanted) -> Result<&'static str, ApiError> {
    let unsupported = |message: String, param: &'static str| {
        ApiError::new(&codes::UNSUPPORTED_MEDIA_TYPE, message).at(param).suggest(wanted.hint)
    };
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let value =
        given.next().ok_or_else(|| unsupported("The Content-Type is missing.".to_owned(), "Content-Type"))?;
    let essence = value.as_bytes().split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii();
    let known = wanted.types.iter().find(|kind| essence.eq_ignore_ascii_case(kind.as_bytes()));
    let Some(kind) = known.filter(|_| given.next().is_none()) else {
        return Err(unsupported(
            format!("The Content-Type is not {}.", wanted.types.join(" or ")),
            "Content-Type",
        ));
    };
    match headers.get(header::CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(unsupported("The body is compressed, which is not supported.".to_owned(), "Content-Encoding"))
        }
        _ => Ok(kind),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn check(given: &[(HeaderName, &'static str)], fine: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let wanted = Wanted { types: JSON, hint: JSON_HINT, max: 1 };
        assert_eq!(content_type(&headers, &wanted).is_ok(), fine, "{given:?}");
    }

    #[test]
    fn only_plain_json_is_read() {
        const TYPE: HeaderName = header::CONTENT_TYPE;
        check(&[(TYPE, "application/json")], true);
        check(&[(TYPE, "Application/JSON; charset=utf-8")], true);
        check(&[(TYPE, "application/json;charset=utf-8")], true);
        check(&[(TYPE, "application/json"), (header::CONTENT_ENCODING, "identity")], true);
        check(&[(TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")], false);
        check(&[], false);
        check(&[(TYPE, "")], false);
        check(&[(TYPE, "application/vnd.api+json")], false);
        check(&[(TYPE, "application/jsonp")], false);
        check(&[(TYPE, "text/plain")], false);
        check(&[(TYPE, "application/x-www-form-urlencoded")], false);
        check(&[(TYPE, "application/json"), (TYPE, "text/plain")], false);
    }
}
