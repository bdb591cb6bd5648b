//! About a hundred requests that are wrong, each with the status, code and parameter that it must
//! be told.

use serde_json::json;

use crate::common::Product;

/// Method, target, headers, body; then the status and the code that must be told.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str, u16, &'a str);

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The seed's body with other fields.
fn with(changes: &str) -> String {
    let mut body = json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour"});
    let changes: serde_json::Value = serde_json::from_str(changes).expect("JSON");
    for (name, value) in changes.as_object().expect("an object") {
        match value.as_str() {
            Some("(absent)") => drop(body.as_object_mut().map(|body| body.remove(name))),
            _ => body[name] = value.clone(),
        }
    }
    body.to_string()
}

fn text(length: usize, character: &str) -> String {
    with(&json!({"message": character.repeat(length)}).to_string())
}

/// Wrong bodies of `POST /v1/api/sms`: body, status, code, param.
fn bodies() -> Vec<(String, u16, &'static str, &'static str)> {
    let body = "INVALID_REQUEST_BODY";
    let mut all: Vec<(String, u16, &str, &str)> = Vec::new();
    for malformed in [
        "",
        " ",
        "{",
        "{}}",
        "{'to': 1}",
        "null",
        "[]",
        "\"text\"",
        "42",
        "{\"to\": \"+33612345678\",}",
        "\u{feff}{}x",
        "{\"a\":\"\\ud800\"}",
    ] {
        all.push((malformed.to_owned(), 400, body, "*"));
    }
    for (changes, param) in [
        (r#"{"sender_id": "(absent)"}"#, "sender_id"),
        (r#"{"sender_id": null}"#, "sender_id"),
        (r#"{"sender_id": 38180}"#, "sender_id"),
        (r#"{"sender_id": ["MyCompany"]}"#, "sender_id"),
        (r#"{"sender_id": {}}"#, "sender_id"),
        (r#"{"sender_id": true}"#, "sender_id"),
        (r#"{"from": "+33612345678"}"#, "sender_id"),
        (r#"{"from": 33612345678, "sender_id": "(absent)"}"#, "from"),
        (r#"{"to": "(absent)"}"#, "to"),
        (r#"{"to": null}"#, "to"),
        (r#"{"to": 33612345678}"#, "to"),
        (r#"{"to": ["+33612345678"]}"#, "to"),
        (r#"{"message": "(absent)"}"#, "message"),
        (r#"{"message": null}"#, "message"),
        (r#"{"message": 5}"#, "message"),
        (r#"{"message": {"text": "Bonjour"}}"#, "message"),
        (r#"{"class": "promo"}"#, "class"),
        (r#"{"class": "Marketing"}"#, "class"),
        (r#"{"class": 1}"#, "class"),
        (r#"{"client_reference": 42}"#, "client_reference"),
        (r#"{"client_reference": ""}"#, "client_reference"),
        (r#"{"client_reference": "a\nb"}"#, "client_reference"),
        (r#"{"send_at": "demain"}"#, "send_at"),
        (r#"{"send_at": "2030-01-01T10:00:00"}"#, "send_at"),
        (r#"{"send_at": "2030-02-30T10:00:00Z"}"#, "send_at"),
        (r#"{"send_at": 1893456000}"#, "send_at"),
        (r#"{"send_at": "2999-01-01T10:00:00Z"}"#, "send_at"),
        (r#"{"validity_minutes": 0}"#, "validity_minutes"),
        (r#"{"validity_minutes": -1}"#, "validity_minutes"),
        (r#"{"validity_minutes": 2881}"#, "validity_minutes"),
        (r#"{"validity_minutes": 1.5}"#, "validity_minutes"),
        (r#"{"validity_minutes": "10"}"#, "validity_minutes"),
    ] {
        all.push((with(changes), 400, body, param));
    }
    let long_reference = json!({"client_reference": "x".repeat(129)}).to_string();
    all.push((with(&long_reference), 400, body, "client_reference"));
    all.push((
        r#"{"sender_id":"MyCompany","to":"+33612345678","to":"+33612345679","message":"a"}"#.into(),
        400,
        body,
        "to",
    ));

    for wrong in [
        with(r#"{"message": ""}"#),
        with(r#"{"message": "  \n\t"}"#),
        with("{\"message\": \"\u{a0}\"}"),
        text(1001, "a"),
        text(1001, "é"),
        text(1001, "👍"),
    ] {
        all.push((wrong, 400, "INVALID_LENGTH", "message"));
    }
    let to = |number: &str| with(&json!({"to": number}).to_string());
    for number in [
        "0612345678",
        "612345678",
        "33612345678",
        "0033612345678",
        "+33 6 12 34 56 78",
        "+33-612345678",
        "+33(0)612345678",
        "+",
        "",
        "abc",
        "+33612345678a",
        "+336123456789012345",
        "＋33612345678",
        "+٣٣٦١٢٣٤٥٦٧٨",
    ] {
        all.push((to(number), 400, "INVALID_PHONE_FORMAT", "to"));
    }
    for number in [
        "+4915112345678",
        "+14155552671",
        "+447911123456",
        "+33700123456",
        "+33812345678",
        "+3361234567",
        "+336123456789",
        "+33012345678",
    ] {
        all.push((to(number), 400, "INVALID_TO_NUMBER", "to"));
    }
    for number in ["+33123456789", "+33223456789", "+33323456789", "+33423456789", "+33523456789"] {
        all.push((to(number), 400, "LANDLINE_NUMBER_NOT_SUPPORTED", "to"));
    }
    let sender = |name: &str| with(&json!({"sender_id": name}).to_string());
    for name in [
        "",
        "ab",
        "TwelveLetter",
        "My Company",
        "Société",
        "My-Company",
        "L'Oreal",
        "123",
        "12345678901",
        "33700",
        "37180",
        "361800",
        "+33612345678",
        "MyCompany ",
        "<script>",
    ] {
        all.push((sender(name), 400, "INVALID_SENDER_ID", "sender_id"));
    }
    for name in ["Unknown", "36999", "38999", "MyCompany2"] {
        all.push((sender(name), 404, "SENDER_ID_NOT_FOUND", "sender_id"));
    }
    for name in ["Pending1", "PENDING1", "Failed1", "Disabled1"] {
        all.push((sender(name), 400, "SENDER_ID_NOT_ACTIVE", "sender_id"));
    }
    let from = |number: &str| with(&json!({"sender_id": "(absent)", "from": number}).to_string());
    for number in ["+33612345678", "+33756123456", "+33639980000"] {
        all.push((from(number), 400, "PROVIDER_NOT_SUPPORTED", "from"));
    }
    for number in ["+33123456789", "+14155552671"] {
        all.push((from(number), 400, "FROM_NUMBER_NOT_FOUND", "from"));
    }
    all
}

/// (requirements `seed-request-shape`, `seed-recipient-format`, `seed-message-length`,
/// `seed-sender-format`, `seed-sender-verified`, `seed-sender-declared`,
/// `seed-mobile-sender-refused`)
#[tokio::test(flavor = "multi_thread")]
async fn wrong_bodies_are_told_what_is_wrong_and_where() {
    let product = Product::dev(&["--quiet"]).await;
    for name in ["Failed1", "Disabled1"] {
        product.admin(&["senders", "declare", name]);
    }
    product.admin(&["senders", "fail", "Failed1", "--reason", "no proof"]);
    product.admin(&["senders", "validate", "Disabled1"]);
    product.admin(&["senders", "disable", "Disabled1", "--reason", "complaints"]);
    // Declared last: once it is known, everything before it is.
    product.admin(&["senders", "declare", "Pending1"]);
    let mut wrong = Vec::new();
    let cases = bodies();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let key = product.key.clone();
    crate::common::until("the senders are known", async || {
        let listed = product.get("/v2/api/numbers").await.text;
        listed.contains("Pending1").then_some(())
    })
    .await;
    for (body, status, code, param) in cases {
        let headers = [("Authorization", key.as_str()), JSON];
        let answer = product.raw("POST", "/v1/api/sms", &headers, body.clone().into_bytes()).await;
        let found = answer.json();
        let error = &found["error"];
        let param_fits = param == "*" || error["param"] == param;
        let shape = error["message"].as_str().is_some_and(|text| !text.is_empty())
            && error["retryable"] == false
            && error["type"].is_string()
            && error["request_id"].is_string()
            && found.as_object().is_some_and(|root| root.contains_key("details"));
        if (answer.status, answer.code().as_str()) != (status, code) || !param_fits || !shape {
            wrong.push(format!(
                "{body:.120}\n    expected {status} {code} {param}\n    found    {} {}",
                answer.status, answer.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let kept = product.get("/v2/api/messages").await.json();
    assert_eq!(kept["pagination"]["total_count"], 0, "nothing refused was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_routes_methods_and_headers_are_told_so() {
    let product = Product::dev(&["--quiet"]).await;
    let key = product.key.clone();
    let auth = ("Authorization", key.as_str());
    let good = with("{}");
    let long_key = "k".repeat(256);
    let large = text(70_000, "a");
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
    let (message, cancel) = (format!("/v2/api/messages/{id}"), format!("/v2/api/messages/{id}/cancel"));
    let cases: Vec<Case<'_>> = vec![
        ("GET", "/v1/api/sms", vec![auth], "", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/v1/api/sms", vec![auth, JSON], &good, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/v1/api/sms", vec![auth], "", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/v1/api/sms", vec![auth], "", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/v1/api/sms", vec![auth], "", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v2/api/me", vec![auth, JSON], "{}", 405, "METHOD_NOT_ALLOWED"),
        ("GET", &cancel, vec![auth], "", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v2/api/sms", vec![auth, JSON], &good, 404, "ENDPOINT_NOT_FOUND"),
        ("POST", "/v1/api/sms/", vec![auth, JSON], &good, 404, "ENDPOINT_NOT_FOUND"),
        ("POST", "/V1/API/SMS", vec![auth, JSON], &good, 404, "ENDPOINT_NOT_FOUND"),
        ("GET", "/v2/api/messages/", vec![auth], "", 404, "ENDPOINT_NOT_FOUND"),
        ("POST", "/v1/api/sms", vec![auth], &good, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, ("Content-Type", "text/plain")],
            &good,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, ("Content-Type", "application/x-www-form-urlencoded")],
            "to=1",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, ("Content-Type", "application/jsonp")],
            &good,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ("POST", "/v1/api/sms", vec![auth, JSON], &large, 413, "PAYLOAD_TOO_LARGE"),
        ("POST", "/v1/api/sms", vec![JSON], &good, 401, "API_KEY_INVALID"),
        ("GET", "/v2/api/me", vec![], "", 401, "API_KEY_INVALID"),
        ("GET", &message, vec![], "", 401, "API_KEY_INVALID"),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, JSON, ("Idempotency-Key", "")],
            &good,
            400,
            "INVALID_REQUEST_BODY",
        ),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, JSON, ("Idempotency-Key", &long_key)],
            &good,
            400,
            "INVALID_REQUEST_BODY",
        ),
        (
            "POST",
            "/v1/api/sms",
            vec![auth, JSON, ("Idempotency-Key", "with space")],
            &good,
            400,
            "INVALID_REQUEST_BODY",
        ),
        ("GET", "/v2/api/messages?page=0", vec![auth], "", 400, "INVALID_PAGE_SIZE"),
        ("GET", "/v2/api/messages?size=101", vec![auth], "", 400, "INVALID_PAGE_SIZE"),
        ("GET", "/v2/api/messages?size=ten", vec![auth], "", 400, "INVALID_PAGE_SIZE"),
        ("GET", "/v2/api/messages?to=0612345678", vec![auth], "", 400, "INVALID_PHONE_FORMAT"),
        ("GET", "/v2/api/messages?status=sent", vec![auth], "", 400, "INVALID_SEARCH_QUERY"),
        ("GET", "/v2/api/messages?colour=red", vec![auth], "", 400, "INVALID_SEARCH_QUERY"),
        ("GET", "/v2/api/messages?date_from=yesterday", vec![auth], "", 400, "INVALID_DATE_RANGE"),
        ("GET", "/v2/api/messages/msg_0000000000000", vec![auth], "", 404, "MESSAGE_NOT_FOUND"),
        ("GET", "/v2/api/messages/nonsense", vec![auth], "", 404, "MESSAGE_NOT_FOUND"),
        ("POST", "/v2/api/messages/msg_0000000000000/cancel", vec![auth], "", 404, "MESSAGE_NOT_FOUND"),
        ("POST", &cancel, vec![auth], "", 409, "MESSAGE_NOT_CANCELLABLE"),
    ];
    let mut wrong = Vec::new();
    for (method, target, headers, body, status, code) in cases {
        let answer = product.raw(method, target, &headers, body.as_bytes().to_vec()).await;
        if (answer.status, answer.code().as_str()) != (status, code) {
            wrong.push(format!(
                "{method} {target}: expected {status} {code}, found {} {}",
                answer.status, answer.text
            ));
        }
        if status == 405 && answer.header("Allow").is_none() {
            wrong.push(format!("{method} {target}: no Allow"));
        }
        for name in ["X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
            if answer.header(name).is_none() {
                wrong.push(format!("{method} {target}: no {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
