//! `GET /v2/api/me`: what a key is and may do.

use axum::Extension;
use axum::response::Response;
use facteur_gateway::Caller;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, ENDPOINTS, Key, ok};
use crate::endpoint::{Access, Endpoint};
use crate::error::ApiError;

/// A key, as its holder sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    /// The key's public id.
    #[schema(example = "api_1M3PF7F7G0042")]
    api_key_id: String,
    /// What the key may do.
    #[schema(example = json!(["SMS_SEND", "CONVERSATIONS_READ"]))]
    scopes: &'a [String],
    /// The endpoints it may call.
    endpoints: Vec<AllowedEndpoint>,
    /// The workspace it belongs to.
    team: Team<'a>,
    /// How often it may call them.
    rate_limits: RateLimits,
    /// Messages a UTC day, or null without a quota (ours).
    #[schema(required = true)]
    daily_quota: Option<u32>,
    /// Whether it is a test key, which never sends by a real route (ours).
    test: bool,
}

/// An endpoint that the key may call.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllowedEndpoint {
    /// HTTP method.
    method: &'static str,
    /// Path, parameters in braces.
    path: &'static str,
    /// What it does.
    description: &'static str,
    /// The scope it needs, or null.
    #[schema(required = true)]
    scope: Option<&'static str>,
}

/// A workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct Team<'a> {
    /// Its id.
    id: String,
    /// Its name.
    name: &'a str,
}

/// Requests a second.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateLimits {
    /// GET and HEAD.
    #[schema(example = 20)]
    read_per_second: u32,
    /// All others.
    #[schema(example = 5)]
    write_per_second: u32,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct MeAnswer<'a> {
    data: Me<'a>,
}

/// Show the key
///
/// What the key may do: its scopes, the endpoints it may call, its team and its rate limits. Any
/// key may ask.
#[utoipa::path(
    get,
    path = "/v2/api/me",
    operation_id = "getMe",
    tag = "Account",
    responses(
        (status = 200, description = "The key", body = MeAnswer),
    )
)]
pub(crate) async fn show(Extension(caller): Key) -> Result<Response, ApiError> {
    let key = &caller.key;
    ok(&Data {
        data: Me {
            api_key_id: key.id.to_string(),
            scopes: &key.scopes,
            endpoints: ENDPOINTS.iter().filter_map(|endpoint| allowed(&caller, endpoint)).collect(),
            team: Team { id: key.workspace.to_string(), name: &caller.workspace_name },
            rate_limits: RateLimits {
                read_per_second: key.read_per_second,
                write_per_second: key.write_per_second,
            },
            daily_quota: key.daily_quota,
            test: key.test,
        },
    })
}

fn allowed(caller: &Caller, endpoint: &Endpoint) -> Option<AllowedEndpoint> {
    let scope = match endpoint.access {
        Access::Open | Access::Key => None,
        Access::Scoped(scope) if caller.may(scope) => Some(scope.as_str()),
        Access::Scoped(_) => return None,
    };
    let Endpoint { method, path, description, .. } = *endpoint;
    Some(AllowedEndpoint { method, path, description, scope })
}
