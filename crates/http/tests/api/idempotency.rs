//! `Idempotency-Key` on routes that do something else than send.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;

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

/// In pieces, as `fetch` sends a stream: its length is not told.
async fn in_pieces(world: &World, path: &str, kind: &str, key: &str, body: &str) -> Answer {
    let mut request = request(Method::POST, path, &world.key, "");
    for (name, value) in [("idempotency-key", key), ("transfer-encoding", "chunked"), ("content-type", kind)]
    {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    let pieces: Vec<_> =
        body.as_bytes().chunks(1000).map(|piece| Ok::<_, String>(Bytes::copy_from_slice(piece))).collect();
    *request.body_mut() = Body::from_stream(futures_util::stream::iter(pieces));
    world.call(request).await
}

#[tokio::test]
async fn a_body_of_unknown_length_is_carried_out_once() {
    let world = World::new().await;
    let make = || in_pieces(&world, PATH, "application/json", "k1", GOOD);
    let (first, again) = (make().await, make().await);
    assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, None));
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, Some("true")));
    assert_eq!(world.get(PATH).await.body["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_long_import_is_carried_out_once_and_a_longer_one_is_refused() {
    let world = World::new().await;
    let path = "/v2/api/opt_outs/import";
    let lines: String =
        (0..1_000).map(|n| format!("+336{:08};{}\n", 10_000_000 + n, "x".repeat(80))).collect();
    let file = format!("number;reason\n{lines}");
    assert!(file.len() > 64 * 1024);
    let import = |file: String| {
        let world = &world;
        async move { in_pieces(world, path, "text/csv", "k1", &file).await }
    };
    let first = import(file.clone()).await;
    assert_eq!(first.body["data"]["recorded"], 1_000, "{}", first.text);
    let again = import(file.clone()).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, Some("true")));
    let other = import(file.replace("xx", "xy")).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, Some("IDEMPOTENCY_KEY_REUSE")));
    let huge = in_pieces(&world, path, "text/csv", "k2", &"x".repeat(5 * 1024 * 1024 + 1)).await;
    assert_eq!((huge.status, huge.code()), (StatusCode::PAYLOAD_TOO_LARGE, Some("PAYLOAD_TOO_LARGE")));
    let long = in_pieces(&world, PATH, "application/json", "k3", &" ".repeat(64 * 1024 + 1)).await;
    assert_eq!((long.status, long.code()), (StatusCode::PAYLOAD_TOO_LARGE, Some("PAYLOAD_TOO_LARGE")));
}
