//! What is known of an endpoint before any request: where it is, who may call it. Routing, the
//! guard, `GET /v2/api/me` and the metrics all read it from here.

use facteur_gateway::Scope;

/// Who may call an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Anyone: a page, or a probe.
    Open,
    /// Any key.
    Key,
    /// A key with this scope.
    Scoped(Scope),
}

/// An endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    /// Its path, parameters in braces.
    pub(crate) path: &'static str,
    /// What it does, in a line.
    pub(crate) description: &'static str,
    pub(crate) access: Access,
}

/// What a request to nowhere is counted as.
pub(crate) static NOWHERE: Endpoint =
    Endpoint { method: "ANY", path: "(none)", description: "", access: Access::Key };
