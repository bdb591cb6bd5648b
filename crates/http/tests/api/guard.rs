//! What happens before a handler: paths, methods, keys, scopes, rates, ids.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use facteur_gateway::Scope;
use facteur_http::Options;

use crate::world::{Answer, GOOD, Traits, World, request};

fn told(answer: &Answer) -> (u16, Option<&str>) {
    (answer.status.as_u16(), answer.code())
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405() {
    let world = World::new().await;
    for path in ["/v1", "/v1/api/sms/", "/v1/api/SMS", "/v2/api/sms", "//v1/api/sms", "/v1/api/sms%2Ffrance"]
    {
        let answer = world.post(path, GOOD).await;
        assert_eq!(told(&answer), (404, Some("ENDPOINT_NOT_FOUND")), "{path}");
    }
    for (method, path, allow) in [
        (Method::GET, "/v1/api/sms", "POST"),
        (Method::OPTIONS, "/v1/api/sms", "POST"),
        (Method::DELETE, "/v1/api/sms%23france", "POST"),
        (Method::POST, "/v2/api/me", "GET,HEAD"),
        (Method::OPTIONS, "/v2/api/messages", "GET,HEAD"),
        (Method::DELETE, "/v2/api/messages/msg_0000000000001", "GET,HEAD"),
        (Method::POST, "/metrics", "GET,HEAD"),
    ] {
        // Without a key: the path is looked at first.
        let answer = world.call(request(method.clone(), path, "", "")).await;
        assert_eq!(told(&answer), (405, Some("METHOD_NOT_ALLOWED")), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn what_is_no_text_in_a_path_is_told_as_an_error_of_ours() {
    let world = World::new().await;
    for (method, path, status, code) in [
        (Method::DELETE, "/v1/api/webhooks/%FF", 404, "WEBHOOK_NOT_FOUND"),
        (Method::PUT, "/v2/api/conversations/%FF/action", 400, "INVALID_PHONE_FORMAT"),
    ] {
        let answer = world.call(request(method, path, &world.key, "{}")).await;
        assert_eq!(told(&answer), (status, Some(code)), "{path}: {}", answer.text);
    }
}

/// Requirement `seed-auth-header`.
#[tokio::test]
async fn a_key_is_asked_for_before_anything_in_the_request_is_read() {
    let world = World::new().await;
    let revoked = world.add_key(Traits::default()).await;
    world.revoke(&revoked).await;
    let bearer = format!("Bearer {}", world.key);
    let longer = format!("{}x", world.key);
    for (key, code) in [
        ("", "API_KEY_INVALID"),
        ("Api-Key", "API_KEY_INVALID"),
        ("ak_live_unknown", "API_KEY_INVALID"),
        (longer.as_str(), "API_KEY_INVALID"),
        (bearer.as_str(), "API_KEY_INVALID"),
        ("Basic YTpi", "API_KEY_INVALID"),
        (revoked.as_str(), "API_KEY_REVOKED"),
    ] {
        let mut request = request(Method::POST, "/v1/api/sms", key, "no JSON at all");
        request.headers_mut().remove("content-type");
        let answer = world.call(request).await;
        assert_eq!(told(&answer), (401, Some(code)), "{key:?}");
        assert_eq!(answer.body["error"]["type"], "authentication_error");
        assert_eq!(answer.body["details"], serde_json::Value::Null);
        assert!(answer.body["error"]["suggestion"].is_string());
    }
    let request = Request::post("/v1/api/sms").body(Body::empty()).expect("a request");
    assert_eq!(told(&world.call(request).await), (401, Some("API_KEY_INVALID")));
}

/// Requirement `seed-scope`.
#[tokio::test]
async fn a_scope_that_is_missing_is_named() {
    let world = World::new().await;
    for (method, path, scope) in [
        (Method::POST, "/v1/api/sms", Scope::SmsSend),
        (Method::GET, "/v1/api/numbers", Scope::ConversationsRead),
        (Method::GET, "/v2/api/numbers", Scope::PhoneNumbersRead),
        (Method::GET, "/v2/api/messages", Scope::ConversationsRead),
        (Method::GET, "/v2/api/messages/msg_0000000000001", Scope::ConversationsRead),
        (Method::POST, "/v2/api/messages/msg_0000000000001/cancel", Scope::SmsSend),
        (Method::POST, "/v2/api/sms/preview", Scope::SmsSend),
        (Method::GET, "/v2/api/consents", Scope::ConsentsReadWrite),
        (Method::POST, "/v2/api/consents", Scope::ConsentsReadWrite),
        (Method::POST, "/v2/api/consents/import", Scope::ConsentsReadWrite),
        (Method::GET, "/v2/api/consents/export", Scope::ConsentsReadWrite),
        (Method::POST, "/v2/api/consents/withdraw", Scope::ConsentsReadWrite),
        (Method::GET, "/v2/api/sender_ids", Scope::SenderIdsReadWrite),
        (Method::POST, "/v2/api/sender_ids", Scope::SenderIdsReadWrite),
        (Method::POST, "/v2/api/sender_ids/check", Scope::SenderIdsReadWrite),
        (Method::GET, "/v2/api/sender_ids/snd_0000000000001", Scope::SenderIdsReadWrite),
        (Method::POST, "/v2/api/sender_ids/snd_0000000000001/evidence", Scope::SenderIdsReadWrite),
        (Method::GET, "/v2/api/short_codes", Scope::SenderIdsReadWrite),
        (Method::POST, "/v2/api/short_codes", Scope::SenderIdsReadWrite),
        (Method::GET, "/v2/api/partner/accounts/wsp_0000000000001/sender_ids", Scope::Partner),
        (Method::POST, "/v2/api/partner/accounts/wsp_0000000000001/sender_ids", Scope::Partner),
        (Method::GET, "/v2/api/review/sender_ids", Scope::ComplianceReview),
        (Method::POST, "/v2/api/review/sender_ids/snd_0000000000001/validate", Scope::ComplianceReview),
        (Method::POST, "/v2/api/review/sender_ids/snd_0000000000001/fail", Scope::ComplianceReview),
        (Method::POST, "/v2/api/review/sender_ids/snd_0000000000001/disable", Scope::ComplianceReview),
        (Method::POST, "/v2/api/review/sender_ids/snd_0000000000001/ask", Scope::ComplianceReview),
        (Method::GET, "/v2/api/review/sender_ids/x/evidence/y", Scope::ComplianceReview),
        (Method::GET, "/v2/api/opt_outs", Scope::ConsentsReadWrite),
        (Method::POST, "/v2/api/opt_outs", Scope::ConsentsReadWrite),
        (Method::POST, "/v2/api/opt_outs/import", Scope::ConsentsReadWrite),
        (Method::GET, "/v2/api/opt_outs/export", Scope::ConsentsReadWrite),
        (Method::DELETE, "/v2/api/opt_outs/opt_0000000000001", Scope::ConsentsReadWrite),
    ] {
        let scopes = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let key = world.add_key(Traits { scopes, ..Traits::default() }).await;
        let answer = world.call(request(method, path, &key, "no JSON at all")).await;
        assert_eq!(told(&answer), (403, Some("API_KEY_INSUFFICIENT_SCOPE")), "{path}");
        let required = format!("required={}", scope.as_str());
        assert_eq!(answer.body["details"], serde_json::json!([{"message": required, "field": "scope"}]));
        assert_eq!(answer.body["error"]["type"], "permission_error");
    }
}

/// Whatever the clock does between the requests of this test, each second's answers must count
/// down from the limit, and exactly those beyond it must be refused.
async fn check_countdown(world: &World, key: &str, method: Method, path: &str, limit: u32) {
    let mut second = String::new();
    let mut left = 0;
    let mut refused = 0;
    for _ in 0..limit * 3 {
        let answer = world.call(request(method.clone(), path, key, "{}")).await;
        let reset = answer.header("x-ratelimit-reset").expect("a reset").to_owned();
        if reset != second {
            (second, left) = (reset, limit);
        }
        assert_eq!(answer.header("x-ratelimit-limit"), Some(limit.to_string().as_str()));
        let expected = if left == 0 {
            refused += 1;
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.body["error"]["retry_after_seconds"], 1);
            assert_eq!(answer.body["error"]["retryable"], true);
            let message = answer.body["error"]["message"].as_str().expect("a message");
            assert!(message.contains(&limit.to_string()), "{message}");
            Some("RATE_LIMIT_EXCEEDED")
        } else {
            left -= 1;
            answer.code().filter(|code| *code == "INVALID_REQUEST_BODY")
        };
        assert_eq!(answer.code(), expected);
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
    }
    assert!(refused > 0, "the test came to its limit");
}

#[tokio::test]
async fn rates_are_counted_by_key_and_kind_in_seconds_of_the_clock() {
    let world = World::new().await;
    let key = world.add_key(Traits { reads: 40, writes: 20, ..Traits::default() }).await;
    check_countdown(&world, &key, Method::POST, "/v1/api/sms", 20).await;
    check_countdown(&world, &key, Method::GET, "/v2/api/me", 40).await;
    let reset = world.get("/v2/api/me").await.header("x-ratelimit-reset").and_then(|r| r.parse::<i64>().ok());
    let ahead = reset.expect("seconds") - world.gateway.now().seconds();
    assert!((0..=1).contains(&ahead), "the window ends with the second");
}

#[tokio::test]
async fn wrong_keys_are_slowed_and_right_ones_are_not() {
    let world = World::with(&Options { failures_per_second: 2, ..Options::default() }).await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        let answer = world.call(request(Method::GET, "/v2/api/me", "wrong", "")).await;
        codes.push(answer.status.as_u16());
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            let left = answer.header("x-ratelimit-remaining");
            assert_eq!((left, answer.header("retry-after")), (Some("0"), Some("1")));
            assert!(answer.body["error"]["suggestion"].is_string(), "{}", answer.text);
        }
    }
    assert_eq!(codes[0], 401);
    assert!(codes.contains(&429), "{codes:?}");
    assert_eq!(world.get("/v2/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_requests_id_and_the_usual_headers() {
    let world = World::new().await;
    for (path, key) in [
        ("/v2/api/me", world.key.as_str()),
        ("/v2/api/me", "wrong"),
        ("/nowhere", ""),
        ("/v1/api/sms", ""),
        ("/healthz", ""),
        ("/docs", ""),
        ("/metrics", ""),
    ] {
        let made = world.call(request(Method::GET, path, key, "")).await;
        let id = made.header("x-request-id").expect("an id").to_owned();
        assert!(id.len() == 16 && id.starts_with("req_"), "{id}");
        if made.status != StatusCode::OK {
            assert_eq!(made.body["error"]["request_id"], id.as_str(), "{path}");
        }
        let mut given = request(Method::GET, path, key, "");
        given.headers_mut().insert("x-request-id", "mine-1".parse().expect("a value"));
        let given = world.call(given).await;
        assert_eq!(given.header("x-request-id"), Some("mine-1"), "{path}");
        assert_eq!(given.header("x-content-type-options"), Some("nosniff"));
        let open = matches!(path, "/healthz" | "/docs" | "/metrics");
        assert_eq!(given.header("x-ratelimit-limit").is_none(), open, "{path}");
        assert_eq!(
            given.header("cache-control"),
            Some(if path == "/docs" { "public, max-age=60" } else { "no-store" })
        );
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::new().await;
    let get = world.get("/v2/api/me").await;
    let head = world.call(request(Method::HEAD, "/v2/api/me", &world.key, "")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
    let wrong = world.call(request(Method::HEAD, "/v2/api/me", "wrong", "")).await;
    assert_eq!((wrong.status, wrong.text.as_str()), (StatusCode::UNAUTHORIZED, ""));
}
