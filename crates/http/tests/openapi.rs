//! The checked-in OpenAPI document is the one the program generates.

use std::path::Path;

/// Set it to write the document instead of comparing it:
/// `UPDATE_OPENAPI=1 cargo test -p facteur-http --test openapi`.
const UPDATE: &str = "UPDATE_OPENAPI";

#[test]
fn the_checked_in_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let generated = facteur_http::openapi();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &generated).expect("docs/ can be written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == generated,
        "docs/openapi.json is not what the program generates; after looking at the change, write it with \
         {UPDATE}=1 cargo test -p facteur-http --test openapi"
    );
}
