//! Webhook endpoints through the API.

use axum::http::{Method, StatusCode};

use crate::world::{Answer, Traits, World, request};

const PATH: &str = "/v2/api/webhooks";
const GOOD: &str = r#"{"url":"https://example.com/hook","topics":["sms.delivered"],"description":"Ours"}"#;

async fn call(world: &World, method: Method, path: &str, body: &str) -> Answer {
    world.call(request(method, path, &world.key, body)).await
}

async fn made(world: &World) -> String {
    let made = world.post(PATH, GOOD).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["data"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_endpoint_s_life() {
    let world = World::new().await;
    let made = world.post(PATH, GOOD).await;
    let data = &made.body["data"];
    let secret = data["signing_secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_") && data["id"].as_str().is_some_and(|id| id.starts_with("ep_")));
    let path = format!("{PATH}/{}", data["id"].as_str().expect("an id"));
    assert_eq!(world.get(&path).await.body["data"]["signing_secret"], secret.as_str());
    let listed = world.get(PATH).await;
    assert_eq!(listed.body["data"][0]["url"], "https://example.com/hook");
    assert!(listed.body["data"][0]["signing_secret"].is_null());
    let changed = call(&world, Method::PUT, &path, r#"{"topics":["sms.sent"],"enabled":false}"#).await;
    let data = &changed.body["data"];
    assert_eq!((&data["topics"][0], &data["enabled"]), (&"sms.sent".into(), &false.into()));
    assert_eq!((&data["description"], &data["signing_secret"]), (&"Ours".into(), &serde_json::Value::Null));
    let rotated = call(&world, Method::POST, &format!("{path}/rotate_secret"), "").await;
    assert_ne!(rotated.body["data"]["signing_secret"], secret.as_str());
    assert!(rotated.body["data"]["previous_secret_until"].is_string());
    assert_eq!(call(&world, Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get(&path).await.code(), Some("WEBHOOK_NOT_FOUND"));
}

#[tokio::test]
async fn wrong_endpoints_are_told_what_is_wrong() {
    let world = World::new().await;
    let with = |url: &str| format!(r#"{{"url":"{url}","topics":["sms.sent"]}}"#);
    for (body, expected) in [
        (with("http://example.com/"), "https://"),
        (with("https://10.0.0.1/"), "private address"),
        (with("https://127.0.0.1/"), "loopback"),
        (with("https://[::ffff:10.0.0.1]/"), "IPv4 address in IPv6"),
        (with("nowhere"), "not a URL"),
        (GOOD.replace("sms.delivered", "sms.devoured"), "sms.undelivered"),
        (GOOD.replace("[\"sms.delivered\"]", "[]"), "empty"),
        (r#"{"url":"https://example.com/"}"#.to_owned(), "`topics` is missing"),
        (r#"{"topics":["sms.sent"]}"#.to_owned(), "`url` is missing"),
        (GOOD.replace("description", "secret"), "no field `secret`"),
    ] {
        let answer = world.post(PATH, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.text.contains(expected), "{body}: {}", answer.text);
    }
    assert_eq!(world.get(PATH).await.body["data"], serde_json::json!([]));
}

#[tokio::test]
async fn deliveries_are_listed_and_replayed() {
    let world = World::new().await;
    let path = format!("{PATH}/{}", made(&world).await);
    // So that nothing knocks on example.com.
    call(&world, Method::PUT, &path, r#"{"enabled":false}"#).await;
    let tested = call(&world, Method::POST, &format!("{path}/test"), "").await;
    assert_eq!(tested.status, StatusCode::ACCEPTED, "{}", tested.text);
    let event = tested.body["data"]["event_id"].as_str().expect("an id").to_owned();
    let listed = world.get(&format!("{path}/deliveries?size=5")).await;
    let row = &listed.body["data"][0];
    assert_eq!((&row["event_id"], &row["status"]), (&event.as_str().into(), &"pending".into()));
    assert!(row["request_body"].as_str().is_some_and(|body| body.contains("webhook.test")));
    assert_eq!(listed.body["pagination"]["total_count"], 1);
    for (body, status) in [
        (format!(r#"{{"event_id":"{event}"}}"#), StatusCode::OK),
        (r#"{"since":"2024-01-15T00:00:00Z"}"#.to_owned(), StatusCode::OK),
        ("{}".to_owned(), StatusCode::BAD_REQUEST),
        (format!(r#"{{"event_id":"{event}","since":"2024-01-15T00:00:00Z"}}"#), StatusCode::BAD_REQUEST),
        (r#"{"event_id":"msg_0000000000001"}"#.to_owned(), StatusCode::NOT_FOUND),
        (r#"{"event_id":"x"}"#.to_owned(), StatusCode::BAD_REQUEST),
    ] {
        let answer = call(&world, Method::POST, &format!("{path}/replay"), &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn another_workspace_s_endpoints_are_not_there() {
    let world = World::new().await;
    let path = format!("{PATH}/{}", made(&world).await);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PUT, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::GET, format!("{path}/deliveries")),
        (Method::POST, format!("{path}/replay")),
        (Method::POST, format!("{path}/test")),
        (Method::POST, format!("{path}/rotate_secret")),
    ] {
        let answer = world.call(request(method.clone(), &path, &world.other_key, "{}")).await;
        assert_eq!(answer.code(), Some("WEBHOOK_NOT_FOUND"), "{method} {path}");
    }
    assert_eq!(world.get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn topics_are_listed_and_the_scope_is_needed() {
    let world = World::new().await;
    let topics = world.get(&format!("{PATH}/event_types")).await;
    assert!(topics.text.contains(r#""name":"sms.delivered""#), "{}", topics.text);
    let key = world.add_key(Traits { scopes: Vec::new(), ..Traits::default() }).await;
    let refused = world.call(request(Method::GET, PATH, &key, "")).await;
    assert_eq!(refused.code(), Some("API_KEY_INSUFFICIENT_SCOPE"));
}

const V1: &str = "/v1/api/webhooks";

/// What the TypeScript client that others wrote for v1 sends and reads.
#[tokio::test]
async fn an_endpoint_of_v1_lives_as_old_clients_know_it() {
    let world = World::new().await;
    let body = r#"{"allo_number":"mycompany","url":"https://example.com/hook","enabled":false,
        "topics":["SMS_RECEIVED","CALL_RECEIVED","PING","SMS_RECEIVED"],"secret":"ignored"}"#;
    let made = world.post(V1, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let data = &made.body["data"];
    let id = data["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("web-"), "{id}");
    let expected = serde_json::json!({"id": id, "alloNumber": "MyCompany", "enabled": false,
        "url": "https://example.com/hook", "topics": ["SMS_RECEIVED", "CALL_RECEIVED", "PING"]});
    assert_eq!(*data, expected);
    let listed = world.get(V1).await;
    assert_eq!(listed.body["data"], serde_json::json!([expected]));
    // The same endpoint in today's words: one machinery, no secret to verify with.
    let today = world.get(&format!("{PATH}/{}", id.replace("web-", "ep_"))).await;
    let data = &today.body["data"];
    assert_eq!(
        (&data["allo_number"], &data["signing_secret"]),
        (&"MyCompany".into(), &serde_json::Value::Null)
    );
    assert_eq!(data["topics"], serde_json::json!(["sms.received", "sms.sent"]));
    // One of today's is none of v1's.
    let other = self::made(&world).await;
    assert_eq!(world.get(V1).await.body["data"].as_array().map(Vec::len), Some(1));
    for unknown in [other.as_str(), "web-abc123"] {
        let gone = call(&world, Method::DELETE, &format!("{V1}/{unknown}"), "").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
        assert_eq!(
            (&gone.body["error"], gone.code()),
            (&"WEBHOOK_NOT_FOUND".into(), Some("WEBHOOK_NOT_FOUND"))
        );
    }
    assert_eq!(call(&world, Method::DELETE, &format!("{V1}/{id}"), "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get(V1).await.body["data"], serde_json::json!([]));
}

#[tokio::test]
async fn wrong_endpoints_of_v1_are_told_what_is_wrong() {
    let world = World::new().await;
    let with = |number: &str, topics: &str| {
        format!(r#"{{"allo_number":{number},"url":"https://example.com/","topics":{topics}}}"#)
    };
    for (body, status, expected) in [
        (with("null", r#"["PING"]"#), 400, "`allo_number` is missing"),
        (with(r#""OtherCo""#, r#"["PING"]"#), 404, "PHONE_NUMBER_NOT_FOUND"),
        (with(r#""+33612345678""#, r#"["PING"]"#), 404, "PHONE_NUMBER_NOT_FOUND"),
        (with(r#""38180""#, "[]"), 400, "empty"),
        (with(r#""38180""#, r#"["sms.sent"]"#), 400, "SMS_SENT"),
        (with(r#""38180""#, r#"["PING"]"#).replace("https", "http"), 400, "https://"),
    ] {
        let answer = world.post(V1, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        assert!(answer.text.contains(expected), "{body}: {}", answer.text);
    }
}
