//! `[traces]`: where spans go.

use serde::{Deserialize, Deserializer};

/// The collector of traces.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Traces {
    /// Its OTLP/HTTP address for traces; without one nothing is traced.
    #[serde(deserialize_with = "endpoint")]
    pub(crate) endpoint: Option<String>,
}

/// An `http` or `https` URL, or nothing for an empty text.
fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let url = reqwest::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let wrong =
        || serde::de::Error::custom("expected the collector's URL, as in `http://127.0.0.1:4318/v1/traces`");
    url.map(|_| Some(text)).ok_or_else(wrong)
}
