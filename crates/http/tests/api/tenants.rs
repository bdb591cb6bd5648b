//! Another workspace's ids answer as if they did not exist, on every route there is.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Answer, GOOD, World, request};

/// The routes of the OpenAPI document that take an id, by what stands before it in their paths.
fn routes_of(resource: &str) -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&facteur_http::openapi()).expect("JSON");
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if !path.starts_with(&format!("{resource}/{{")) {
            continue;
        }
        for method in item.as_object().expect("methods").keys() {
            routes.push((method.to_uppercase().parse().expect("a method"), path.clone()));
        }
    }
    assert!(!routes.is_empty(), "{resource}");
    routes
}

/// Calls every route of a resource with `id` in its place.
async fn walk(world: &World, resource: &str, key: &str, id: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for (method, path) in routes_of(resource) {
        let filled = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        let filled = filled.collect::<Vec<_>>().join("/");
        let name = format!("{method} {path} with {id}");
        let body = r#"{"reason":"x"}"#;
        answers.push((name, world.call(request(method, &filled, key, body)).await));
    }
    answers
}

/// Its own id is known; another workspace's, and what is no id at all, answer 404 alike.
async fn check(world: &World, resource: &str, id: &str, code: &str) {
    for (name, answer) in walk(world, resource, &world.key, id).await {
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}: its own");
    }
    let strange = ["msg_0000000000001", "msg_", "wsp_0000000000001", "1", "%00", "%ff", "..%2f..", "null"];
    for other in strange.iter().copied().chain([id]) {
        for (name, answer) in walk(world, resource, &world.other_key, other).await {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}: {}", answer.text);
            assert_eq!(answer.code(), Some(code), "{name}");
        }
    }
}

#[tokio::test]
async fn ids_of_others_and_ids_that_are_none_answer_404() {
    let world = World::new().await;
    let sent = world.send(GOOD).await;
    let id = sent.body["data"]["id"].as_str().expect("an id").to_owned();
    check(&world, "/v2/api/messages", &id, "MESSAGE_NOT_FOUND").await;
    let after = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(after.body["data"]["id"], id.as_str());
    let stopped = world.post("/v2/api/opt_outs", r#"{"number":"+33612345678"}"#).await;
    let id = stopped.body["data"]["id"].as_str().expect("an id");
    check(&world, "/v2/api/opt_outs", id, "OPT_OUT_NOT_FOUND").await;
    let numbers = world.get("/v2/api/numbers").await;
    let id = numbers.body["data"][0]["id"].as_str().expect("an id");
    check(&world, "/v2/api/sender_ids", id, "SENDER_ID_NOT_FOUND").await;
}

#[tokio::test]
async fn lists_show_only_ones_own() {
    let world = World::new().await;
    world.send(GOOD).await;
    let theirs = |path: &'static str| world.call(request(Method::GET, path, &world.other_key, ""));
    assert_eq!(theirs("/v2/api/messages").await.body["data"], serde_json::json!([]));
    let numbers = theirs("/v2/api/numbers").await.body;
    assert_eq!(numbers["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(numbers["data"][0]["name"], "OtherCo");
    let borrowed = world.call(request(Method::POST, "/v1/api/sms", &world.other_key, GOOD)).await;
    assert_eq!((borrowed.status, borrowed.code()), (StatusCode::NOT_FOUND, Some("SENDER_ID_NOT_FOUND")));
}
