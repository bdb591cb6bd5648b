//! The pages that need no key.

use axum::http::StatusCode;

use crate::world::{GOOD, World};

#[tokio::test]
async fn the_document_is_served_as_it_is_generated() {
    let world = World::new().await;
    let served = world.get("/openapi.json").await;
    assert_eq!(served.text, facteur_http::openapi());
    assert_eq!(served.body["openapi"].as_str().map(|v| &v[..3]), Some("3.1"));
    let scheme = &served.body["components"]["securitySchemes"]["ApiKeyAuth"];
    assert_eq!(
        (&scheme["type"], &scheme["in"], &scheme["name"]),
        (&"apiKey".into(), &"header".into(), &"Authorization".into())
    );
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    fn references(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                found.extend(map.get("$ref").and_then(|r| r.as_str()).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document: serde_json::Value = serde_json::from_str(&facteur_http::openapi()).expect("JSON");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_is_html_that_loads_nothing_from_elsewhere() {
    let world = World::new().await;
    let page = world.get("/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    assert!(page.text.contains("/v1/api/sms"));
    let style = world.get("/docs/style.css").await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (StatusCode::OK, Some("text/css; charset=utf-8"))
    );
}

#[tokio::test]
async fn probes_and_metrics_answer() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz").await.text, "ok\n");
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["ready"]), (StatusCode::OK, &true.into()), "{}", ready.text);
    world.send(GOOD).await;
    world.send("{}").await;
    let metrics = world.get("/metrics").await;
    assert!(
        metrics.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    for line in [
        r#"facteur_http_requests_total{method="POST",route="/v1/api/sms",status="200"} 1"#,
        r#"facteur_http_requests_total{method="POST",route="/v1/api/sms",status="400"} 1"#,
        "facteur_http_connections 0",
    ] {
        assert!(metrics.text.contains(line), "{line} in\n{}", metrics.text);
    }
    assert!(metrics.text.ends_with("# EOF\n") && metrics.text.matches("# EOF").count() == 1);
}

#[tokio::test]
async fn a_store_that_is_closed_is_not_ready() {
    let world = World::new().await;
    world.gateway.shut_down(std::time::Duration::from_secs(5)).await;
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["ready"]), (StatusCode::SERVICE_UNAVAILABLE, &false.into()));
    let refused = world.send(GOOD).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("SERVICE_UNAVAILABLE"))
    );
    assert_eq!(refused.body["error"]["retryable"], true);
    assert_eq!(refused.header("retry-after"), Some("1"));
    let listed = world.get("/v2/api/messages").await;
    assert_eq!(
        (listed.status, listed.code()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("SERVICE_UNAVAILABLE"))
    );
}
