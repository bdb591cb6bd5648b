//! The OpenAPI 3.1 document, generated from the handlers and checked in as `docs/openapi.json`.

use std::sync::LazyLock;

use bytes::Bytes;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::endpoint::{Access, Endpoint};
use crate::error::{Detail, ErrorBody, ErrorObject, FieldError, StringErrorBody};
use crate::{api, pages};

/// The security scheme's name in the document.
const SCHEME: &str = "ApiKeyAuth";

/// The document as JSON, indented, with a line feed at its end.
#[must_use]
pub fn openapi() -> String {
    let document = serde_json::to_string_pretty(&document()).unwrap_or_default();
    document + "\n"
}

/// The document as it is served.
pub(crate) static SERVED: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi()));

/// The document.
pub(crate) fn document() -> Document {
    let mut document = Root::openapi();
    document.merge(api::Documented::openapi());
    document.merge(pages::Documented::openapi());
    Guarded.modify(&mut document);
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Facteur",
        description = "SMS to French mobiles, by Allo's API and a little more. Send the key as \
            `Authorization: Api-Key <key>` or `Authorization: <key>`.\n\nEvery answer has an \
            `X-Request-Id` (yours, if you send one) and, for requests with a key, \
            `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`. Every error has \
            the same body: Allo's v1 fields `code` and `details`, and v2's `error` object.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ErrorBody, StringErrorBody, ErrorObject, FieldError, Detail)),
    tags(
        (name = "SMS", description = "Send"),
        (name = "Messages", description = "What became of what was sent"),
        (name = "Senders", description = "Sender IDs and short codes"),
        (name = "Consents", description = "The ledger of consents: who agreed to what, with proof"),
        (name = "Opt-outs", description = "Who said STOP"),
        (name = "Partners", description = "Sender IDs of a reseller's accounts"),
        (name = "Reviews", description = "The reviewers' side of the Sender ID desk"),
        (name = "Keywords", description = "What is done with the words that phones send to short codes"),
        (name = "Conversations", description = "What was said, both ways"),
        (name = "Contacts", description = "Whom a workspace knows by name"),
        (name = "Webhooks", description = "Who is told what happened, and how that went"),
        (name = "Account", description = "The key and what it may do"),
        (name = "Service", description = "Probes, metrics and documentation; no key needed"),
    )
)]
struct Root;

/// Says of each endpoint what is true of all that the guard protects: the key that it asks for, and how
/// it refuses. A handler documents what is its own.
struct Guarded;

impl Modify for Guarded {
    fn modify(&self, document: &mut Document) {
        let key = ApiKeyValue::with_description(
            "Authorization",
            "The API key, alone or behind `Api-Key `. Bearer is refused.",
        );
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(key));
        let components = document.components.take().unwrap_or_default();
        document.components =
            Some(ComponentsBuilder::from(components).security_scheme(SCHEME, scheme).build());
        for (path, item) in &mut document.paths.paths {
            let verbs = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PUT", &mut item.put),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in verbs {
                let is = |endpoint: &&&Endpoint| endpoint.path == path && endpoint.method == method;
                if let (Some(operation), Some(endpoint)) = (operation, api::ENDPOINTS.iter().find(is)) {
                    guard(endpoint, operation);
                }
            }
        }
    }
}

fn guard(endpoint: &Endpoint, operation: &mut Operation) {
    let needs: [&str; 0] = [];
    operation.security = Some(vec![SecurityRequirement::new(SCHEME, needs)]);
    refusal(operation, "401", "The key is missing, unknown or revoked");
    if matches!(endpoint.access, Access::Scoped(_)) {
        refusal(operation, "403", "The key lacks the scope");
    }
    refusal(operation, "429", "Too many requests a second");
    let json = match &operation.request_body {
        Some(RefOr::T(body)) => body.content.contains_key("application/json"),
        _ => false,
    };
    if json {
        refusal(operation, "415", "The body is not sent as JSON");
    }
    if endpoint.method != "GET" {
        refusal(operation, "503", "Nothing can be kept now");
        refusal(operation, "504", "It took too long: it may have been carried out, or still be");
    }
}

/// Adds a refusal, unless the handler's own words for it are there.
fn refusal(operation: &mut Operation, status: &str, description: &str) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
        ResponseBuilder::new().description(description).content("application/json", body).build().into()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_documented_and_nothing_else() {
        let document = serde_json::to_value(document()).expect("JSON");
        let mut documented = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("methods").keys() {
                documented.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        let endpoints = api::ENDPOINTS.iter().chain(pages::ENDPOINTS.iter());
        let mut routed: Vec<_> = endpoints.map(|e| format!("{} {}", e.method, e.path)).collect();
        documented.sort();
        routed.sort();
        assert_eq!(documented, routed);
    }

    #[test]
    fn what_needs_a_key_says_so() {
        let document = serde_json::to_value(document()).expect("JSON");
        for endpoint in api::ENDPOINTS.iter().chain(pages::ENDPOINTS.iter()) {
            let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
            let open = endpoint.access == Access::Open;
            assert_eq!(operation["security"].is_null(), open, "{}", endpoint.path);
        }
    }
}
