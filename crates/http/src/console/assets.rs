//! What pages load: our style sheet, our script, htmx, a font. Each is served under a name that holds its hash,
//! so that a browser keeps it for a year and never shows an old one.

use std::sync::LazyLock;

use crate::hex::hexadecimal;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

const CACHED: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
}

static ASSETS: [Asset; 5] = [
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        body: include_bytes!("assets/console.css"),
    },
    Asset {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        body: include_bytes!("assets/console.js"),
    },
    Asset {
        name: "htmx.js",
        kind: "text/javascript; charset=utf-8",
        body: include_bytes!("assets/htmx.min.js"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", body: include_bytes!("assets/icon.svg") },
    // Inter (SIL Open Font License: `inter.LICENSE` beside it): its Latin signs in all weights.
    Asset { name: "inter.woff2", kind: "font/woff2", body: include_bytes!("assets/inter.woff2") },
];

static HASHES: LazyLock<[String; 5]> = LazyLock::new(|| ASSETS.each_ref().map(|asset| hash(asset.body)));

fn hash(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    hexadecimal(&digest[..6])
}

/// Where an asset is, as in `/console/assets/1f2e3d4c5b6a/console.css`.
pub(super) fn url(name: &str) -> String {
    let at = ASSETS.iter().position(|asset| asset.name == name).unwrap_or(0);
    format!("/console/assets/{}/{}", HASHES[at], ASSETS[at].name)
}

/// Serves an asset.
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().zip(HASHES.iter()).find(|(asset, known)| asset.name == name && **known == hash);
    let Some((asset, _)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHED)),
    ];
    (headers, Body::from(Bytes::from_static(asset.body))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_asks_for_the_font_that_is_served() {
        let sheet = String::from_utf8_lossy(ASSETS[0].body);
        let asked = url("inter.woff2").replace("/console/assets/", "../");
        assert!(sheet.contains(&format!("url(\"{asked}\")")), "{asked}");
    }
}
