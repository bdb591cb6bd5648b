//! `POST /v1/api/sms` when all is right, and its idempotency.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::world::{GOOD, Traits, World, request};

/// Requirement `seed-response-shape`.
#[tokio::test]
async fn the_answer_is_allos_with_our_fields_behind() {
    let world = World::new().await;
    let answer = world.send(GOOD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let head = concat!(
        r#"{"data":{"from_number":null,"sender_id":"MyCompany","to_number":"+33612345678","#,
        r#""type":"OUTBOUND","content":"Bonjour","start_date":"2024-01-15T10:30:0"#,
    );
    assert!(answer.text.starts_with(head), "{}", answer.text);
    let data = &answer.body["data"];
    assert_eq!(data["start_date"].as_str().map(str::len), Some("2024-01-15T10:30:00".len()));
    assert!(data["id"].as_str().is_some_and(|id| id.starts_with("msg_")));
    assert_eq!(
        (&data["status"], &data["parts"], &data["encoding"], &data["class"]),
        (&"queued".into(), &1.into(), &"gsm7".into(), &"transactional".into())
    );
}

/// Requirements `seed-endpoint` and `seed-auth-header`.
#[tokio::test]
async fn both_forms_both_paths_and_both_key_forms_are_the_same_route() {
    let world = World::new().await;
    let by_code = r#"{"from":"38180","to":"+33612345678","message":"Bonjour"}"#;
    for (path, body) in [("/v1/api/sms", GOOD), ("/v1/api/sms%23france", GOOD), ("/v1/api/sms", by_code)] {
        for scheme in ["", "Api-Key ", "api-key "] {
            let key = format!("{scheme}{}", world.key);
            let answer = world.call(request(Method::POST, path, &key, body)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {scheme} {}", answer.text);
        }
    }
    let answer = world.send(by_code).await;
    assert_eq!(answer.body["data"]["from_number"], "38180");
    assert_eq!(answer.body["data"]["sender_id"], Value::Null);
}

#[tokio::test]
async fn optional_fields_come_back() {
    let world = World::new().await;
    let body = r#"{"sender_id":"mycompany","to":"+33612345678","message":"Déjà vu… 👍","class":"otp",
        "client_reference":"order-42","send_at":"2024-01-15T12:00:00+01:00","validity_minutes":5,
        "webhook":"ignored"}"#;
    let data = world.send(body).await.body["data"].clone();
    assert_eq!(data["sender_id"], "mycompany", "as the caller wrote it");
    assert_eq!(data["class"], "otp");
    assert_eq!(data["client_reference"], "order-42");
    assert_eq!(data["send_at"], "2024-01-15T11:00:00.000Z");
    assert_eq!(data["status"], "scheduled");
    assert_eq!(data["encoding"], "ucs2");
    let shown = world.get(&format!("/v2/api/messages/{}", data["id"].as_str().expect("an id"))).await;
    assert_eq!(shown.body["data"]["sender_id"], "MyCompany", "as it was verified");
    assert_eq!(shown.body["data"]["expires_at"], "2024-01-15T11:05:00.000Z");
    assert_eq!(shown.body["data"]["client_reference"], "order-42");
}

#[tokio::test]
async fn the_same_request_with_the_same_key_sends_once() {
    let mut world = World::new().await;
    let first = world.send_once("k1", GOOD).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(first.header("idempotency-key"), Some("k1"));
    let again = world.send_once("k1", GOOD).await;
    assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("idempotency-key"), Some("k1"));
    world.restart().await;
    let later = world.send_once("k1", GOOD).await;
    assert_eq!((&later.text, later.header("idempotency-replayed")), (&first.text, Some("true")));
    assert_eq!(world.kept().await, 1);
}

#[tokio::test]
async fn another_body_with_the_same_key_is_a_conflict() {
    let world = World::new().await;
    world.send_once("k1", GOOD).await;
    let other = world.send_once("k1", &GOOD.replace("Bonjour", "Bonsoir")).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, Some("IDEMPOTENCY_KEY_REUSE")));
    assert_eq!(world.kept().await, 1);
}

#[tokio::test]
async fn errors_do_not_use_up_the_key() {
    let world = World::new().await;
    let wrong = world.send_once("k1", &GOOD.replace("+336", "+331")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let right = world.send_once("k1", GOOD).await;
    assert_eq!((right.status, right.header("idempotency-replayed")), (StatusCode::OK, None));
}

#[tokio::test]
async fn two_requests_in_flight_with_one_key_send_one_message() {
    let world = World::new().await;
    let (a, b, c) =
        tokio::join!(world.send_once("k1", GOOD), world.send_once("k1", GOOD), world.send_once("k1", GOOD));
    assert_eq!([a.status, b.status, c.status], [StatusCode::OK; 3]);
    assert!(a.text == b.text && b.text == c.text);
    assert_eq!(world.kept().await, 1);
}

#[tokio::test]
async fn keys_of_others_do_not_meet() {
    let world = World::new().await;
    let second = world.add_key(Traits::default()).await;
    let mine = world.send_once("k1", GOOD).await;
    let mut theirs = request(Method::POST, "/v1/api/sms", &second, GOOD);
    theirs.headers_mut().insert("idempotency-key", "k1".parse().expect("a value"));
    let theirs = world.call(theirs).await;
    assert_ne!(mine.body["data"]["id"], theirs.body["data"]["id"]);
}

#[tokio::test]
async fn a_daily_quota_answers_in_the_documented_form() {
    let world = World::new().await;
    let key = world.add_key(Traits { quota: Some(1), ..Traits::default() }).await;
    let send = || world.call(request(Method::POST, "/v1/api/sms", &key, GOOD));
    assert_eq!(send().await.status, StatusCode::OK);
    let refused = send().await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::TOO_MANY_REQUESTS, Some("API_KEY_QUOTA_EXCEEDED"))
    );
    let detail = &refused.body["details"][0];
    let message = detail["message"].as_str().expect("a message");
    let seconds = message.strip_prefix("limit=1;type=DAILY;reset_in=").expect(message);
    assert_eq!(detail["field"], "DAILY");
    let wait = refused.body["error"]["retry_after_seconds"].as_u64().expect("seconds");
    assert_eq!(refused.header("retry-after"), Some(wait.to_string().as_str()));
    let said: u64 = seconds.parse().expect("seconds");
    assert!((said..=said + 1).contains(&wait), "{said} is {wait}, rounded up");
}
