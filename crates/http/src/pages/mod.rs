//! What needs no key: probes, metrics, and the API's documentation.

mod docs;
mod probes;

pub(crate) use self::probes::{ReadinessView, healthz};

use axum::routing::get;
use utoipa::OpenApi;

use crate::app::Routes;
use crate::endpoint::{Access, Endpoint};

const fn open(path: &'static str, description: &'static str) -> Endpoint {
    Endpoint { method: "GET", path, description, access: Access::Open }
}

static HEALTHZ: Endpoint = open("/healthz", "Whether the process is up");
static READYZ: Endpoint = open("/readyz", "Whether it can do its work, and if not, why");
static METRICS: Endpoint = open("/metrics", "Counters and timings for Prometheus");
static OPENAPI: Endpoint = open("/openapi.json", "The API as an OpenAPI 3.1 document");
static DOCS: Endpoint = open("/docs", "The API as a readable page");
static STYLE: Endpoint = open("/docs/style.css", "How the readable page looks");

/// Those that the OpenAPI document shows.
#[cfg(test)]
pub(crate) static ENDPOINTS: &[&Endpoint] = &[&HEALTHZ, &READYZ, &METRICS, &OPENAPI, &DOCS];

pub(crate) fn mount(routes: &mut Routes) {
    routes.add(&HEALTHZ, get(probes::healthz));
    routes.add(&READYZ, get(probes::readyz));
    routes.add(&METRICS, get(probes::metrics));
    routes.add(&OPENAPI, get(docs::openapi));
    routes.add(&DOCS, get(docs::page));
    routes.add(&STYLE, get(docs::style));
}

/// These endpoints' part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(probes::healthz, probes::readyz, probes::metrics, docs::openapi, docs::page))]
pub(crate) struct Documented;
