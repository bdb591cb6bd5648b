//! `POST /v1/api/sms` and the reading routes, as a client of Allo's API meets them.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Answer, Far, Product, until};

const TO: &str = "+33612345678";
const TEXT: &str = "Bonjour, ceci est un message de test";

fn body() -> Value {
    json!({"sender_id": "MyCompany", "to": TO, "message": TEXT})
}

/// Whether a date has the form of the seed: seconds, no zone, no fraction.
fn is_bare_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00"
}

/// The seed's six fields, first and in its order (requirement `seed-response-shape`).
fn check_seed_answer(text: &str) {
    let start = [
        r#"{"data":{"from_number":null,"sender_id":"MyCompany","to_number":""#,
        TO,
        r#"","type":"OUTBOUND","content":""#,
        TEXT,
        r#"","start_date":""#,
    ]
    .concat();
    let rest = text.strip_prefix(&start).unwrap_or_else(|| panic!("another beginning: {text}"));
    assert!(rest.get(..19).is_some_and(is_bare_date), "start_date: {rest}");
    let data = &serde_json::from_str::<Value>(text).expect("JSON")["data"];
    assert!(data["id"].as_str().is_some_and(|id| id.starts_with("msg_")));
    assert_eq!(data["status"], "queued");
    assert_eq!((&data["parts"], &data["encoding"]), (&json!(1), &json!("gsm7")));
    assert!(data["send_at"].as_str().is_some_and(|at| at.ends_with('Z')));
}

/// The seed's call, word for word but for the address and the key, run by curl itself
/// (requirements `seed-endpoint`, `seed-request-shape`, `seed-response-shape`).
#[tokio::test(flavor = "multi_thread")]
async fn the_seeds_curl_call_reaches_a_phone_and_its_receipt_comes_back() {
    let product = Product::dev(&[]).await;
    let data = format!(
        "\n{{\n  \"sender_id\": \"MyCompany\",\n  \"to\": \"{TO}\",\n  \"message\": \"{TEXT}\"\n}}\n"
    );
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--request",
            "POST",
            "--url",
            &format!("{}/v1/api/sms#france", product.api),
        ])
        .args(["--header", &format!("Authorization: {}", product.key)])
        .args(["--header", "Content-Type: application/json", "--data", &data])
        .output()
        .expect("curl is installed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    check_seed_answer(&text);
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let message = product.reaches(answer["data"]["id"].as_str().expect("an id"), &["delivered"]).await;
    let steps: Vec<&str> =
        message["story"].as_array().expect("a story").iter().filter_map(|s| s["what"].as_str()).collect();
    for step in ["accepted", "handed_over", "taken", "receipt"] {
        assert!(steps.contains(&step), "{step} in {steps:?}");
    }
    until("the phone is shown", async || product.log().contains(&format!("{TO} · ")).then_some(())).await;
    assert!(product.log().contains(&format!("de MyCompany : {TEXT}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dev_prints_can_be_pasted() {
    let product = Product::dev(&["--quiet"]).await;
    let log = product.log();
    let start = log.find("curl --request POST").expect("a curl line");
    let script = &log[start..];
    let end = script.find("\n'\n").expect("its end") + 3;
    let output = Command::new("sh").args(["-c", &script[..end]]).output().expect("sh");
    check_seed_answer(&String::from_utf8(output.stdout).expect("UTF-8"));
}

/// What the documentation prints after the path changes nothing (requirement `seed-endpoint`).
#[tokio::test(flavor = "multi_thread")]
async fn an_encoded_fragment_is_the_same_route() {
    let product = Product::dev(&["--quiet"]).await;
    for target in ["/v1/api/sms", "/v1/api/sms#france", "/v1/api/sms%23france"] {
        let answer = product.post(target, &body(), &[]).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text);
        check_seed_answer(&answer.text);
    }
}

/// (requirements `seed-auth-header`, `seed-scope`)
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_taken_in_both_forms_and_no_other() {
    let product = Product::dev(&["--quiet"]).await;
    let revoked = product.admin(&["keys", "create", "--label", "revoked"]);
    product.admin(&["keys", "revoke", revoked["id"].as_str().expect("an id")]);
    let reader = product.admin(&["keys", "create", "--label", "reader", "--scopes", "CONVERSATIONS_READ"]);
    let secret = |key: &Value| key["secret"].as_str().expect("a secret").to_owned();
    let (key, revoked, reader) = (product.key.clone(), secret(&revoked), secret(&reader));
    // The gateway sees changes by others within a quarter of a second.
    until("the keys are known", async || {
        let me = product.raw("GET", "/v2/api/me", &[("Authorization", &reader)], Vec::new()).await;
        (me.status == 200).then_some(())
    })
    .await;
    let cases = [
        (Some(key.clone()), 200, ""),
        (Some(format!("Api-Key {key}")), 200, ""),
        (Some(format!("api-key {key}")), 200, ""),
        (Some(format!("Bearer {key}")), 401, "API_KEY_INVALID"),
        (Some(format!("Basic {key}")), 401, "API_KEY_INVALID"),
        (Some(format!("{key}x")), 401, "API_KEY_INVALID"),
        (Some(key[..key.len() - 1].to_owned()), 401, "API_KEY_INVALID"),
        (Some("Api-Key".to_owned()), 401, "API_KEY_INVALID"),
        (Some(String::new()), 401, "API_KEY_INVALID"),
        (None, 401, "API_KEY_INVALID"),
        (Some(revoked), 401, "API_KEY_REVOKED"),
        (Some(reader), 403, "API_KEY_INSUFFICIENT_SCOPE"),
    ];
    for (value, status, code) in cases {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(value.as_deref().map(|value| ("Authorization", value)));
        let answer = product.raw("POST", "/v1/api/sms", &headers, body().to_string().into_bytes()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 200 {
            check_seed_answer(&answer.text);
        } else {
            assert_eq!(answer.code(), code);
        }
        if status == 403 {
            let detail = &answer.json()["details"][0];
            assert_eq!(
                (&detail["message"], &detail["field"]),
                (&json!("required=SMS_SEND"), &json!("scope"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_clients_request_id_or_one_of_ours() {
    let product = Product::dev(&["--quiet"]).await;
    let id = |answer: &Answer| answer.header("X-Request-Id").expect("a request id").to_owned();
    for target in ["/v1/api/sms", "/v2/api/me", "/nowhere"] {
        let answer = product
            .post(target, &body(), &[("X-Request-Id", "order-42/retry 1".split(' ').next().expect("a word"))])
            .await;
        assert_eq!(id(&answer), "order-42/retry", "{target}");
    }
    let long = "x".repeat(129);
    for given in [None, Some("with space"), Some(long.as_str())] {
        let headers: Vec<_> = given.map(|id| ("X-Request-Id", id)).into_iter().collect();
        let answer = product.post("/v1/api/sms", &json!({}), &headers).await;
        let made = id(&answer);
        assert!(
            made.strip_prefix("req_")
                .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_alphanumeric())),
            "{made}"
        );
        assert_eq!(answer.json()["error"]["request_id"], json!(made));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_over_its_rate_is_told_when_to_come_back() {
    let product = Product::dev(&["--quiet"]).await;
    let slow = product.admin(&[
        "keys",
        "create",
        "--scopes",
        "SMS_SEND,CONVERSATIONS_READ",
        "--write-per-second",
        "1",
    ]);
    let key = slow["secret"].as_str().expect("a secret").to_owned();
    let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
    let send = || product.raw("POST", "/v1/api/sms", &headers, body().to_string().into_bytes());
    until("the key is known", async || (send().await.status != 401).then_some(())).await;

    let refused = until("a refusal", async || {
        let answer = send().await;
        assert_eq!(answer.header("X-RateLimit-Limit"), Some("1"));
        if answer.status == 429 {
            return Some(answer);
        }
        assert_eq!((answer.status, answer.header("X-RateLimit-Remaining")), (200, Some("0")));
        None
    })
    .await;
    assert_eq!(refused.code(), "RATE_LIMIT_EXCEEDED");
    let error = &refused.json()["error"];
    assert_eq!((&error["type"], &error["retryable"]), (&json!("rate_limit_error"), &json!(true)));
    let wait: u64 = refused.header("Retry-After").and_then(|text| text.parse().ok()).expect("whole seconds");
    assert!(wait >= 1 && error["retry_after_seconds"] == json!(wait));
    assert!(refused.header("X-RateLimit-Reset").is_some_and(|text| text.parse::<u64>().is_ok()));
    // Reads have a limit of their own.
    let read = product.raw("GET", "/v2/api/messages", &headers[..1], Vec::new()).await;
    assert_eq!((read.status, read.header("X-RateLimit-Limit")), (200, Some("20")));
    until("the next second", async || (send().await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_quota_is_kept_over_a_restart_and_refused_in_allos_words() {
    let mut product = Product::dev(&["--quiet"]).await;
    let made = product.admin(&["keys", "create", "--daily-quota", "2", "--write-per-second", "1000"]);
    product.key = made["secret"].as_str().expect("a secret").to_owned();
    let key = product.key.clone();
    until("the key is known", async || {
        let me = product.get("/v2/api/me").await;
        (me.status == 200).then_some(())
    })
    .await;
    assert_eq!(product.send(TO, "un").await.status, 200);
    product.kill();
    product.restart().await;
    product.key = key;
    assert_eq!(product.send(TO, "deux").await.status, 200);
    let refused = product.send(TO, "trois").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "API_KEY_QUOTA_EXCEEDED"));
    let detail = refused.json()["details"][0].clone();
    assert_eq!(detail["field"], "DAILY");
    let message = detail["message"].as_str().expect("words");
    let reset =
        message.strip_prefix("limit=2;type=DAILY;reset_in=").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(reset.is_some_and(|seconds| seconds <= 86_400), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_sends_once() {
    let far = Far::start(facteur_smsc::Options::default()).await;
    let mut product = Product::dev_with(&far).await;
    let key = [("Idempotency-Key", "order-42")];
    let first = product.post("/v1/api/sms", &body(), &key).await;
    assert_eq!((first.status, first.header("Idempotency-Replayed")), (200, None));
    let again = product.post("/v1/api/sms", &body(), &key).await;
    assert_eq!((again.status, again.header("Idempotency-Replayed")), (200, Some("true")));
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("Idempotency-Key"), Some("order-42"));

    let other = json!({"sender_id": "MyCompany", "to": TO, "message": "un autre texte"});
    let reused = product.post("/v1/api/sms", &other, &key).await;
    assert_eq!((reused.status, reused.code().as_str()), (409, "IDEMPOTENCY_KEY_REUSE"));

    // Once it is delivered, nothing is left for the restart to be in doubt about.
    product.reaches(&first.id(), &["delivered"]).await;
    product.kill();
    product.restart().await;
    let later = product.post("/v1/api/sms", &body(), &key).await;
    assert_eq!((later.header("Idempotency-Replayed"), &later.text), (Some("true"), &first.text));

    // An error does not use the key up.
    let key = [("Idempotency-Key", "order-43")];
    let wrong = json!({"sender_id": "MyCompany", "to": TO, "message": ""});
    assert_eq!(product.post("/v1/api/sms", &wrong, &key).await.status, 400);
    let right = product.post("/v1/api/sms", &body(), &key).await;
    assert_eq!((right.status, right.header("Idempotency-Replayed")), (200, None));

    product.reaches(&right.id(), &["delivered"]).await;
    assert_eq!(far.network.deliveries(TO, TEXT), 2, "one for each key");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_in_flight_with_one_key_send_one_message() {
    let product = Product::dev(&["--quiet"]).await;
    for round in 0..10 {
        let key = format!("round-{round}");
        let headers = [("Idempotency-Key", key.as_str())];
        let message = body();
        let send = || product.post("/v1/api/sms", &message, &headers);
        let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
        let ids: std::collections::HashSet<String> = [&a, &b, &c, &d].into_iter().map(Answer::id).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        let replayed =
            [&a, &b, &c, &d].into_iter().filter(|x| x.header("Idempotency-Replayed").is_some()).count();
        assert_eq!(replayed, 3);
    }
    let listed = product.get("/v2/api/messages").await.json();
    assert_eq!(listed["pagination"]["total_count"], 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_fields_come_back() {
    let product = Product::dev(&["--quiet"]).await;
    let request = json!({
        "sender_id": "mycompany", "to": TO, "message": "Votre code : 123456", "class": "otp",
        "client_reference": "commande 42", "validity_minutes": 10, "unknown": {"is": "ignored"},
    });
    let data = product.post("/v1/api/sms", &request, &[]).await.data();
    assert_eq!(data["sender_id"], "mycompany", "as given");
    assert_eq!((&data["class"], &data["client_reference"]), (&json!("otp"), &json!("commande 42")));
    let id = data["id"].as_str().expect("an id");
    let message = product.message(id).await;
    assert_eq!(message["sender_id"], "MyCompany", "as declared");
    assert_eq!((&message["class"], &message["client_reference"]), (&json!("otp"), &json!("commande 42")));
    let instant = |name: &str| -> jiff::Timestamp {
        message[name].as_str().and_then(|at| at.parse().ok()).expect("an instant")
    };
    assert_eq!(instant("expires_at").duration_since(instant("accepted_at")).as_secs(), 600);
    let default = product.message(&product.send(TO, "Bonjour").await.id()).await;
    assert_eq!(default["class"], "transactional", "the sender's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_code_sends_too() {
    // A Tuesday morning: 36180 is for marketing, which needs an open window and a consent.
    let product = Product::dev(&["--quiet", "--clock", "2026-11-24T10:00:00+01:00"]).await;
    let consent = json!({
        "number": TO, "basis": "consent", "purpose": "offres", "collected_at": "2026-11-01T10:00:00Z",
        "source": "formulaire du site", "text_shown": "J'accepte de recevoir des offres par SMS.",
    });
    assert_eq!(product.post("/v2/api/consents", &consent, &[]).await.status, 201);
    for code in ["36180", "38180"] {
        let answer = product
            .post("/v1/api/sms", &json!({"sender_id": code, "to": TO, "message": "Bonjour"}), &[])
            .await;
        assert_eq!(answer.data()["sender_id"], code);
        product.reaches(&answer.id(), &["delivered"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_newest_first_and_filtered() {
    let product = Product::dev(&["--quiet"]).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let to = format!("+3361234567{n}");
        let reference = format!("r{n}");
        let request =
            json!({"sender_id": "MyCompany", "to": to, "message": "Bonjour", "client_reference": reference});
        ids.push(product.post("/v1/api/sms", &request, &[]).await.id());
    }
    for id in &ids {
        product.reaches(id, &["delivered"]).await;
    }
    let listed = |answer: &Value| -> Vec<String> {
        let rows = answer["data"].as_array().expect("rows");
        rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect()
    };
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    let all = product.get("/v2/api/messages").await.json();
    assert_eq!(listed(&all), newest);
    let page = product.get("/v2/api/messages?page=2&size=2").await.json();
    assert_eq!(listed(&page), newest[2..4]);
    assert_eq!(
        page["pagination"],
        json!({"page": 2, "size": 2, "total_count": 5, "total_pages": 3, "has_more": true})
    );
    for (filter, expected) in [
        ("to=%2B33612345671", vec![ids[1].clone()]),
        ("client_reference=r3", vec![ids[3].clone()]),
        ("status=delivered&sender_id=MYCOMPANY", newest.clone()),
        ("status=undelivered", Vec::new()),
        ("class=marketing", Vec::new()),
    ] {
        let found = product.get(&format!("/v2/api/messages?{filter}")).await.json();
        assert_eq!(listed(&found), expected, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_knows_itself_and_its_senders() {
    let product = Product::dev(&["--quiet"]).await;
    let me = product.get("/v2/api/me").await.data();
    assert_eq!(me["team"]["name"], "Démo");
    assert!(me["scopes"].as_array().is_some_and(|scopes| scopes.contains(&json!("SMS_SEND"))));
    assert!(me["rate_limits"]["write_per_second"].as_u64().is_some_and(|n| n > 1000));
    let endpoints = me["endpoints"].as_array().expect("endpoints");
    assert!(
        endpoints.iter().any(|e| e["path"] == "/v1/api/sms" && e["scope"] == "SMS_SEND"),
        "{endpoints:?}"
    );
    for target in ["/v1/api/numbers", "/v2/api/numbers"] {
        let text = product.get(target).await.data().to_string();
        for sender in ["MyCompany", "MaBoutique", "36180", "38180"] {
            assert!(text.contains(sender), "{target}: {sender} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_metrics_and_documents_need_no_key() {
    let product = Product::dev(&["--quiet"]).await;
    until("ready", async || {
        let answer = product.raw("GET", "/readyz", &[], Vec::new()).await;
        (answer.status == 200).then_some(())
    })
    .await;
    for (target, word) in [
        ("/healthz", ""),
        ("/metrics", "# HELP"),
        ("/openapi.json", "\"openapi\":\"3.1"),
        ("/docs", "/v1/api/sms"),
    ] {
        let answer = product.raw("GET", target, &[], Vec::new()).await;
        assert_eq!(answer.status, 200, "{target}");
        assert!(answer.text.replace(": ", ":").contains(&word.replace(": ", ":")), "{target} says {word}");
    }
}
