//! `[webhooks]`: how customers are told what happened.

use std::time::Duration;

use facteur_gateway::WebhookRules;
use serde::Deserialize;

use super::values::{duration, number};

/// How webhooks are delivered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    /// How long an attempt may take.
    #[serde(deserialize_with = "duration::<_, 1_000, 60_000>")]
    pub(crate) timeout: Duration,
    /// Attempts under way to one endpoint.
    #[serde(deserialize_with = "number::<_, usize, 1, 256>")]
    pub(crate) per_endpoint: usize,
    /// Attempts under way in all.
    #[serde(deserialize_with = "number::<_, usize, 1, 10_000>")]
    pub(crate) at_once: usize,
    /// Loopback addresses and plain HTTP are allowed.
    pub(crate) allow_loopback: bool,
}

impl Default for Webhooks {
    fn default() -> Self {
        let WebhookRules { timeout, per_endpoint, at_once, allow_loopback, .. } = WebhookRules::default();
        Self { timeout, per_endpoint, at_once, allow_loopback }
    }
}

impl Webhooks {
    /// What the gateway is told.
    pub(crate) fn rules(&self) -> WebhookRules {
        let Self { timeout, per_endpoint, at_once, allow_loopback } = *self;
        WebhookRules { timeout, per_endpoint, at_once, allow_loopback, ..WebhookRules::default() }
    }
}
