//! Another workspace's ids answer as if they did not exist, on every route there is.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Answer, GOOD, World, request};

/// Calls every route of the OpenAPI document that takes an id, with `id` in its place.
async fn walk(world: &World, key: &str, id: &str) -> Vec<(String, Answer)> {
    let document: Value = serde_json::from_str(&facteur_http::openapi()).expect("JSON");
    let mut answers = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if !path.contains('{') {
            continue;
        }
        for method in item.as_object().expect("methods").keys() {
            let filled = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
            let filled = filled.collect::<Vec<_>>().join("/");
            let method: Method = method.to_uppercase().parse().expect("a method");
            let name = format!("{method} {path} with {id}");
            answers.push((name, world.call(request(method, &filled, key, "{}")).await));
        }
    }
    assert!(!answers.is_empty());
    answers
}

#[tokio::test]
async fn ids_of_others_and_ids_that_are_none_answer_404() {
    let world = World::new().await;
    let sent = world.send(GOOD).await;
    let id = sent.body["data"]["id"].as_str().expect("an id").to_owned();
    for (name, answer) in walk(&world, &world.key, &id).await {
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}: its own");
    }
    let strange = ["msg_0000000000001", "msg_", "wsp_0000000000001", "1", "%00", "%ff", "..%2f..", "null"];
    for other in strange.iter().copied().chain([id.as_str()]) {
        for (name, answer) in walk(&world, &world.other_key, other).await {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}: {}", answer.text);
            assert_eq!(answer.code(), Some("MESSAGE_NOT_FOUND"), "{name}");
        }
    }
    let after = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(after.body["data"]["id"], id.as_str());
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
