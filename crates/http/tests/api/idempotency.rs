//! `Idempotency-Key` on routes that do something else than send.

use axum::http::{Method, StatusCode};

use crate::world::{Answer, World, request};

const PATH: &str = "/v2/api/webhooks";
const GOOD: &str = r#"{"url":"https://example.com/hook","topics":["sms.delivered"]}"#;

async fn once(world: &World, path: &str, key: &str, body: &str) -> Answer {
    let mut request = request(Method::POST, path, &world.key, body);
    request.headers_mut().insert("idempotency-key", key.parse().expect("a value"));
    world.call(request).await
}

#[tokio::test]
async fn requests_in_flight_with_one_key_are_carried_out_once() {
    let world = World::new().await;
    let make = || once(&world, PATH, "k1", GOOD);
    let answers = tokio::join!(make(), make(), make());
    let mut made = 0;
    for answer in [answers.0, answers.1, answers.2] {
        match answer.status {
            StatusCode::CREATED => made += usize::from(answer.header("idempotency-replayed").is_none()),
            StatusCode::CONFLICT => {
                assert_eq!(answer.code(), Some("OTHER_TRANSACTION_IN_PROGRESS"));
                assert_eq!(answer.body["error"]["retryable"], true);
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(world.get(PATH).await.body["data"].as_array().map(Vec::len), Some(1));
    // The key is free of the request that held it.
    let again = once(&world, PATH, "k1", GOOD).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, Some("true")));
}

#[tokio::test]
async fn a_secret_is_replayed_but_not_kept_with_the_answer() {
    let mut world = World::new().await;
    let made = once(&world, PATH, "k1", GOOD).await;
    let secret = made.body["data"]["signing_secret"].as_str().expect("a secret").to_owned();
    let rotate = format!("{PATH}/{}/rotate_secret", made.body["data"]["id"].as_str().expect("an id"));
    let again = once(&world, PATH, "k1", GOOD).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&made.text, Some("true")));
    let rotated = once(&world, &rotate, "k2", "").await;
    let fresh = rotated.body["data"]["signing_secret"].as_str().expect("a secret").to_owned();
    assert_eq!(once(&world, &rotate, "k2", "").await.text, rotated.text);
    assert_ne!(secret, fresh);
    let octets = world.octets_on_disk().await;
    for secret in [&secret, &fresh] {
        assert!(!octets.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    // The search finds what is kept: the answer without its secret.
    let kept = b"\"signing_secret\":null";
    assert!(octets.windows(kept.len()).any(|part| part == kept));
}
