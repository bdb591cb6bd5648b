//! Webhooks, as Allo's v2 has them, and what it has in its console only: deliveries, replay, a test, a new
//! secret.

pub(crate) mod actions;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod deliveries;
pub(crate) mod list;
mod read;
pub(crate) mod secrets;
pub(crate) mod v1;

use facteur_gateway::{Scope, show_secret};
use facteur_store::{StoreError, Webhook};
use serde::Serialize;
use utoipa::ToSchema;

use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

const ACCESS: Access = Access::Scoped(Scope::WebhooksReadWrite);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/webhooks",
    description: "List webhook endpoints",
    access: ACCESS,
};
pub(crate) static CREATE: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/webhooks",
    description: "Make a webhook endpoint",
    access: ACCESS,
};
pub(crate) static V1_LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v1/api/webhooks",
    description: "List webhook endpoints of v1",
    access: ACCESS,
};
pub(crate) static V1_CREATE: Endpoint = Endpoint {
    method: "POST",
    path: "/v1/api/webhooks",
    description: "Make a webhook endpoint of v1, for one sender",
    access: ACCESS,
};
pub(crate) static V1_DELETE: Endpoint = Endpoint {
    method: "DELETE",
    path: "/v1/api/webhooks/{id}",
    description: "Remove a webhook endpoint of v1",
    access: ACCESS,
};
pub(crate) static EVENT_TYPES: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/webhooks/event_types",
    description: "List the topics of webhooks",
    access: ACCESS,
};
pub(crate) static SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/webhooks/{id}",
    description: "Show a webhook endpoint with its signing secret",
    access: ACCESS,
};
pub(crate) static UPDATE: Endpoint = Endpoint {
    method: "PUT",
    path: "/v2/api/webhooks/{id}",
    description: "Change the given fields of a webhook endpoint",
    access: ACCESS,
};
pub(crate) static DELETE: Endpoint = Endpoint {
    method: "DELETE",
    path: "/v2/api/webhooks/{id}",
    description: "Remove a webhook endpoint and its deliveries",
    access: ACCESS,
};
pub(crate) static DELIVERIES: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/webhooks/{id}/deliveries",
    description: "List an endpoint's deliveries, newest first",
    access: ACCESS,
};
pub(crate) static REPLAY: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/webhooks/{id}/replay",
    description: "Deliver an event again, or all that failed since a date",
    access: ACCESS,
};
pub(crate) static TEST: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/webhooks/{id}/test",
    description: "Send a test event to a webhook endpoint",
    access: ACCESS,
};
pub(crate) static ROTATE: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/webhooks/{id}/rotate_secret",
    description: "Give a webhook endpoint a new signing secret",
    access: ACCESS,
};

/// A webhook endpoint.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Its id.
    #[schema(example = "ep_1M3PF7F7G0042")]
    id: String,
    /// Where it is told.
    #[schema(example = "https://example.com/facteur")]
    url: String,
    /// Of what.
    #[schema(example = json!(["sms.delivered", "sms.undelivered"]))]
    topics: Vec<&'static str>,
    /// In your words, or null.
    #[schema(required = true)]
    description: Option<String>,
    /// Whether it is told. One that answers 410, or fails for five days, is disabled.
    enabled: bool,
    /// The key of its signatures (Standard Webhooks): when it is made, changed or shown alone; else null.
    #[schema(required = true, example = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")]
    signing_secret: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Why it was disabled, if the service did it; or null.
    #[schema(required = true)]
    disabled_reason: Option<String>,
    /// Since when every attempt has failed; null when the last one did not.
    #[schema(required = true, format = DateTime)]
    failing_since: Option<String>,
    /// Until when the secret before this one signs (or signed) too; null when there was none.
    #[schema(required = true, format = DateTime)]
    previous_secret_until: Option<String>,
    /// The sender of an endpoint that was made by v1: it is told of that sender's messages only, unsigned,
    /// in v1's envelope; null for others (ours).
    #[schema(required = true, example = json!(null))]
    allo_number: Option<String>,
}

impl WebhookView {
    /// With its secret.
    fn full(webhook: &Webhook) -> Self {
        // Nothing is signed for an endpoint of v1.
        let signing_secret = webhook.v1.is_none().then(|| show_secret(&webhook.secret));
        Self { signing_secret, ..Self::bare(webhook) }
    }

    /// Without its secret.
    fn bare(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            topics: webhook.topics.iter().map(|topic| topic.as_str()).collect(),
            description: webhook.description.clone(),
            enabled: webhook.enabled,
            signing_secret: None,
            created_at: webhook.created_at.to_string(),
            disabled_reason: webhook.disabled_reason.clone(),
            failing_since: webhook.failing_since.map(|at| at.to_string()),
            previous_secret_until: webhook.previous_secret.as_ref().map(|(_, until)| until.to_string()),
            allo_number: webhook.v1.as_ref().map(|v1| v1.sender.to_string()),
        }
    }
}

/// A success with one endpoint.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct WebhookAnswer {
    data: WebhookView,
}

fn not_found() -> ApiError {
    ApiError::new(&codes::WEBHOOK_NOT_FOUND, "There is no such webhook in the workspace.").at("id")
}

/// What the store refused.
fn refused(why: StoreError) -> ApiError {
    match why {
        StoreError::NotFound("event") => ApiError::new(
            &codes::WEBHOOK_NOT_FOUND,
            "There is no such event; events are kept for seven days.",
        )
        .at("event_id"),
        StoreError::NotFound(_) => not_found(),
        StoreError::Conflict(why) => {
            ApiError::new(&codes::INVALID_REQUEST_BODY, format!("Not changed: {why}.")).at("topics")
        }
        other => other.into(),
    }
}
