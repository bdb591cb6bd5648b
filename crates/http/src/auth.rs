//! Whose key came with a request. One header, `Authorization`, with the key alone or behind
//! `Api-Key`; `Bearer` is refused, as Allo refuses it, with a word on how to send it.

use axum::http::{HeaderMap, header};
use facteur_gateway::{Caller, Gateway, KeyProblem, Scope};

use crate::error::{ApiError, Detail, codes};

/// The scheme that may stand before a key, in any case.
const SCHEME: &str = "api-key";
/// How a key is sent, for those who sent it otherwise.
const HOW: &str = "Send the key as `Authorization: Api-Key <key>` or `Authorization: <key>`.";

/// The caller behind a request's headers (requirement `seed-auth-header`).
///
/// # Errors
/// 401: no key, badly sent, unknown or revoked.
pub(crate) fn authenticate(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let secret = key_of(headers)?;
    gateway.authenticate(secret).map_err(|problem| match problem {
        KeyProblem::Unknown => ApiError::new(&codes::API_KEY_INVALID, "The API key is unknown.")
            .at("Authorization")
            .suggest("Check that the key is whole and that it was made on this server."),
        KeyProblem::Revoked => ApiError::new(&codes::API_KEY_REVOKED, "The API key was revoked.")
            .at("Authorization")
            .suggest("Make a new key and use that."),
    })
}

/// The key as it stands in the headers.
fn key_of(headers: &HeaderMap) -> Result<&str, ApiError> {
    let invalid = |message: &'static str| {
        ApiError::new(&codes::API_KEY_INVALID, message).at("Authorization").suggest(HOW)
    };
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let value = given.next().ok_or_else(|| invalid("The API key is missing."))?;
    if given.next().is_some() {
        return Err(invalid("There is more than one Authorization header."));
    }
    let value = value.to_str().map_err(|_| invalid("The Authorization header is not ASCII."))?.trim();
    match value.split_once(' ') {
        None if value.is_empty() || value.eq_ignore_ascii_case(SCHEME) => {
            Err(invalid("The API key is missing."))
        }
        None if value.eq_ignore_ascii_case("bearer") => Err(invalid("API keys are not bearer tokens.")),
        None => Ok(value),
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(SCHEME) => Ok(key.trim()),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
            Err(invalid("API keys are not bearer tokens."))
        }
        Some(_) => Err(invalid("The Authorization header has a scheme that is not ours.")),
    }
}

/// Whether the caller's key has the scope.
///
/// # Errors
/// 403, naming the scope in Allo's form.
pub(crate) fn require(caller: &Caller, scope: Scope) -> Result<(), ApiError> {
    if caller.may(scope) {
        return Ok(());
    }
    let name = scope.as_str();
    Err(ApiError::new(&codes::API_KEY_INSUFFICIENT_SCOPE, format!("The API key lacks the scope {name}."))
        .suggest(format!("Use a key with the scope {name}; GET /v2/api/me lists the scopes of a key."))
        .details(vec![Detail {
            message: format!("required={name}").into(),
            field: "scope".into(),
            rule: None,
        }]))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(values: &[&str], key: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
            headers.append(header::AUTHORIZATION, value);
        }
        assert_eq!(key_of(&headers).ok(), key, "{values:?}");
    }

    #[test]
    fn a_key_comes_alone_or_behind_its_scheme() {
        check(&["ak_live_1"], Some("ak_live_1"));
        check(&["Api-Key ak_live_1"], Some("ak_live_1"));
        check(&["api-key ak_live_1"], Some("ak_live_1"));
        check(&["API-KEY   ak_live_1 "], Some("ak_live_1"));
        check(&[], None);
        check(&[""], None);
        check(&["Api-Key"], None);
        check(&["Api-Key "], None);
        check(&["Bearer"], None);
        check(&["Bearer ak_live_1"], None);
        check(&["bearer ak_live_1"], None);
        check(&["Basic YTpi"], None);
        check(&["Token ak_live_1"], None);
        check(&["ak_live_é"], None);
        check(&["ak_live_1", "ak_live_2"], None);
    }
}
