//! `POST /v2/api/messages/batch`: a verdict on each, one transaction, one idempotency key.

use axum::http::{Method, StatusCode};
use facteur_gateway::Scope;
use serde_json::{Value, json};

use crate::world::{GOOD, Traits, World, request};

const PATH: &str = "/v2/api/messages/batch";

fn good() -> Value {
    serde_json::from_str(GOOD).expect("JSON")
}

fn list(messages: &[Value]) -> String {
    json!({ "messages": messages }).to_string()
}

#[tokio::test]
async fn what_is_right_is_sent_though_others_are_wrong() {
    let world = World::new().await;
    let mut bad_number = good();
    bad_number["to"] = json!("0612345678");
    bad_number["client_reference"] = json!("r".repeat(200));
    let landline = json!({"sender_id": "MyCompany", "to": "+33145678901", "message": "Bonjour"});
    let untyped = json!({"sender_id": "MyCompany", "to": 33, "message": true});
    let marketing =
        json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Soldes", "class": "marketing"});
    let mut last = good();
    last["client_reference"] = json!("last");
    let body = list(&[good(), bad_number, landline, untyped, json!(7), marketing, last]);
    let answer = world.post(PATH, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let data = &answer.body["data"];
    assert_eq!((&data["accepted"], &data["refused"]), (&json!(2), &json!(5)));
    let messages = data["messages"].as_array().expect("a list");
    let indices: Vec<&Value> = messages.iter().map(|entry| &entry["index"]).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4, 5, 6]);
    // An accepted one has the fields of a send's answer, in its order.
    let alone = world.send(GOOD).await.body["data"].as_object().expect("an object").clone();
    let first = messages[0].as_object().expect("an object");
    let names: Vec<&String> = first.keys().skip(1).collect();
    assert_eq!(names, alone.keys().collect::<Vec<_>>());
    assert_eq!(first["content"], "Bonjour");
    assert_eq!(messages[6]["client_reference"], "last");
    // A refused one has its error, with everything that is wrong.
    let code = |at: usize| messages[at]["error"]["code"].as_str().expect("a code");
    assert_eq!(
        [1, 2, 3, 4, 5].map(code),
        [
            "INVALID_PHONE_FORMAT",
            "LANDLINE_NUMBER_NOT_SUPPORTED",
            "INVALID_REQUEST_BODY",
            "INVALID_REQUEST_BODY",
            "MESSAGE_NOT_COMPLIANT"
        ]
    );
    let fields = |at: usize| -> Vec<&str> {
        let details = messages[at]["error"]["details"].as_array().expect("a list");
        details.iter().map(|detail| detail["field"].as_str().expect("a field")).collect()
    };
    assert_eq!((fields(1), fields(3)), (vec!["to", "client_reference"], vec!["to", "message"]));
    assert_eq!(messages[1]["error"]["suggestion"], "Write +33612345678.");
    assert_eq!(messages[4]["error"]["message"], "The entry must be an object, it is a number.");
    assert!(messages[5]["error"]["details"][0]["rule"].is_string(), "{}", messages[5]);
    assert_eq!(world.kept().await, 3, "two of the list, one alone");
    let id = messages[6]["id"].as_str().expect("an id");
    assert_eq!(world.get(&format!("/v2/api/messages/{id}")).await.body["data"]["client_reference"], "last");
}

#[tokio::test]
async fn a_list_of_which_nothing_is_right_is_refused_with_every_fault() {
    let world = World::new().await;
    let mut unknown = good();
    unknown["sender_id"] = json!("Nobody");
    unknown["class"] = json!("transactional");
    let answer = world.post(PATH, &list(&[unknown, json!({"to": "+336"}), json!([])])).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, Some("SENDER_ID_NOT_FOUND")));
    let fields: Vec<&Value> =
        answer.body["details"].as_array().expect("a list").iter().map(|detail| &detail["field"]).collect();
    assert_eq!(
        fields,
        ["messages[0].sender_id", "messages[1].sender_id", "messages[1].message", "messages[2]"]
    );
    assert_eq!(answer.body["error"]["param"], "messages[0].sender_id");
    for (body, code) in [
        (String::new(), "INVALID_REQUEST_BODY"),
        (GOOD.to_owned(), "INVALID_REQUEST_BODY"),
        (list(&[]), "INVALID_REQUEST_BODY"),
        (format!(r#"{{"messages": [{GOOD}, {{]}}"#), "INVALID_REQUEST_BODY"),
        (list(&vec![good(); 1_001]), "BATCH_TOO_LARGE"),
    ] {
        let answer = world.post(PATH, &body).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, Some(code)), "{}", answer.text);
    }
    let huge = world.post(PATH, &list(&[json!({"message": "x".repeat(6 << 20)})])).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.kept().await, 0);
}

#[tokio::test]
async fn a_thousand_are_one_list() {
    let world = World::new().await;
    let answer = world.post(PATH, &list(&vec![good(); 1_000])).await;
    assert_eq!((answer.status, &answer.body["data"]["accepted"]), (StatusCode::OK, &json!(1_000)));
    assert_eq!(world.kept().await, 1_000);
}

async fn post_once(world: &World, key: &str, body: &str) -> crate::world::Answer {
    let mut request = request(Method::POST, PATH, &world.key, body);
    request.headers_mut().insert("idempotency-key", key.parse().expect("a header value"));
    world.call(request).await
}

#[tokio::test]
async fn a_list_is_sent_once_for_its_key() {
    let mut world = World::new().await;
    let body = list(&[good(), json!(null), good()]);
    let first = post_once(&world, "k", &body).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::OK, None));
    world.restart().await;
    let again = post_once(&world, "k", &body).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, Some("true")));
    let other = post_once(&world, "k", &list(&[good()])).await;
    assert_eq!(other.code(), Some("IDEMPOTENCY_KEY_REUSE"));
    let elsewhere = world.send_once("k", GOOD).await;
    assert_eq!(elsewhere.code(), Some("IDEMPOTENCY_KEY_REUSE"), "on another route");
    assert_eq!(world.kept().await, 2);
    // An error does not use the key up.
    assert_eq!(post_once(&world, "e", &list(&[json!(null)])).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post_once(&world, "e", &list(&[good()])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn two_in_flight_with_one_key_are_sent_once() {
    let world = World::new().await;
    let body = list(&vec![good(); 200]);
    let (a, b) = tokio::join!(post_once(&world, "k", &body), post_once(&world, "k", &body));
    assert_eq!((a.status, b.status), (StatusCode::OK, StatusCode::OK), "{} {}", a.text, b.text);
    assert_eq!(a.text, b.text);
    assert_eq!(world.kept().await, 200);
}

#[tokio::test]
async fn a_quota_counts_messages_and_a_list_fills_it() {
    let world = World::new().await;
    let key = world.add_key(Traits { quota: Some(3), ..Traits::default() }).await;
    let send =
        async |count: usize| world.call(request(Method::POST, PATH, &key, &list(&vec![good(); count]))).await;
    assert_eq!(send(2).await.body["data"]["accepted"], 2);
    let answer = send(3).await;
    assert_eq!((&answer.body["data"]["accepted"], &answer.body["data"]["refused"]), (&json!(1), &json!(2)));
    let error = &answer.body["data"]["messages"][1]["error"];
    assert_eq!((&error["code"], &error["retryable"]), (&json!("API_KEY_QUOTA_EXCEEDED"), &json!(true)));
    let full = send(1).await;
    assert_eq!((full.status, full.code()), (StatusCode::TOO_MANY_REQUESTS, Some("API_KEY_QUOTA_EXCEEDED")));
    assert!(full.header("retry-after").is_some());
    assert_eq!(world.kept().await, 3);
}

#[tokio::test]
async fn a_list_counts_as_a_write_for_each_two_hundred_messages() {
    let world = World::new().await;
    let key = world.add_key(Traits { writes: 5, ..Traits::default() }).await;
    let send =
        async |count: usize| world.call(request(Method::POST, PATH, &key, &list(&vec![good(); count]))).await;
    // Within one second of the clock, which the tests' clock does not leave by itself.
    let full = loop {
        let remaining = send(201).await.header("x-ratelimit-remaining").map(str::to_owned);
        if remaining.as_deref() != Some("3") {
            continue;
        }
        let full = send(1_000).await;
        if full.header("x-ratelimit-remaining") != Some("0") || full.status != StatusCode::OK {
            break full;
        }
    };
    assert_eq!((full.status, full.code()), (StatusCode::TOO_MANY_REQUESTS, Some("RATE_LIMIT_EXCEEDED")));
    assert_eq!(full.header("x-ratelimit-remaining"), Some("0"));
}

#[tokio::test]
async fn a_slow_key_may_send_a_full_list_in_a_second_of_its_own() {
    let world = World::new().await;
    let key = world.add_key(Traits { writes: 2, ..Traits::default() }).await;
    let answer = world.call(request(Method::POST, PATH, &key, &list(&vec![good(); 1_000]))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
}

#[tokio::test]
async fn it_needs_the_scope_of_a_send() {
    let world = World::new().await;
    let key = world.add_key(Traits { scopes: vec![Scope::ConversationsRead], ..Traits::default() }).await;
    let answer = world.call(request(Method::POST, PATH, &key, &list(&[good()]))).await;
    assert_eq!(answer.code(), Some("API_KEY_INSUFFICIENT_SCOPE"));
}
