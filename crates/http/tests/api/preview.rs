//! `POST /v2/api/sms/preview`: the verdict, and nothing sent.

use axum::http::{Method, StatusCode};
use facteur_store::OnClosedWindow;
use serde_json::{Value, json};

use crate::world::{Traits, World, request};

fn message(class: &str) -> Value {
    json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour", "class": class})
}

/// A marketing message with a consent.
fn consented(text: &str) -> Value {
    let mut body = message("marketing");
    body["message"] = json!(text);
    body["consent"] = json!({
        "basis": "consent", "purpose": "offers", "collected_at": "2024-01-10T10:00:00+01:00",
        "source": "form", "text_shown": "J'accepte de recevoir les offres par SMS.",
    });
    body
}

async fn preview(world: &World, body: &Value) -> crate::world::Answer {
    world.post("/v2/api/sms/preview", &body.to_string()).await
}

#[tokio::test]
async fn a_message_that_may_go_is_shown_as_it_would_leave() {
    let world = World::new().await;
    let answer = preview(&world, &message("transactional")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let data = &answer.body["data"];
    assert_eq!(
        (&data["decision"], &data["content"], &data["encoding"], &data["parts"]),
        (&json!("send"), &json!("Bonjour"), &json!("gsm7"), &json!(1))
    );
    assert_eq!((&data["units"], &data["units_left"], &data["cost"]), (&json!(7), &json!(153), &Value::Null));
    assert!(data["send_at"].is_string() && data["rule_pack"].is_string());
    assert_eq!(world.kept().await, 0);
}

/// The tests' clock starts on Monday 15 January 2024; the 21st is a Sunday.
#[tokio::test]
async fn marketing_needs_a_consent_and_waits_for_its_hours() {
    let world = World::new().await;
    let mut body = message("marketing");
    body["message"] = json!("Soldes samedi. STOP au 36180");
    let refused = preview(&world, &body).await;
    assert_eq!(refused.body["data"]["decision"], "refuse", "{}", refused.text);
    assert_eq!(refused.body["data"]["send_at"], Value::Null);
    let reasons = refused.body["data"]["reasons"].as_array().expect("reasons");
    let missing = reasons.iter().find(|reason| reason["effect"] == "refuse").expect("a refusal");
    assert!(missing["rule"].as_str().is_some_and(|rule| rule.starts_with("fr.consent.")), "{missing}");
    for field in ["message", "message_fr", "cure", "cure_fr", "source"] {
        assert!(missing[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    body["consent"] = json!({
        "basis": "consent", "purpose": "offers", "collected_at": "2024-01-10T10:00:00+01:00",
        "source": "form", "text_shown": "J'accepte de recevoir les offres par SMS.",
    });
    body["at"] = json!("2024-01-21T11:00:00+01:00");
    let held = preview(&world, &body).await;
    let data = &held.body["data"];
    assert_eq!((&data["decision"], &data["class"]), (&json!("hold"), &json!("marketing")), "{}", held.text);
    assert_eq!(data["send_at"], "2024-01-22T07:00:00.000Z", "Monday at eight in Paris");
    let sunday =
        data["reasons"].as_array().expect("reasons").iter().find(|r| r["rule"] == "fr.window.sunday");
    assert_eq!(sunday.expect("the rule of Sundays")["until"], data["send_at"]);
    let ledger = world.get("/v2/api/consents").await;
    assert_eq!(ledger.body["pagination"]["total_count"], 0, "a preview records nothing");
}

#[tokio::test]
async fn a_list_has_one_verdict_a_recipient_and_a_summary() {
    let world = World::new().await;
    let mut body = message("transactional");
    let list = json!(["+33612345678", "+33123456789", "nonsense", {"to": "+33612345679"}]);
    for field in ["recipients", "to"] {
        body.as_object_mut().expect("an object").remove("to");
        body.as_object_mut().expect("an object").remove("recipients");
        body[field] = list.clone();
        let answer = preview(&world, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let decisions: Vec<&Value> =
            answer.body["data"].as_array().expect("a list").iter().map(|one| &one["decision"]).collect();
        assert_eq!(decisions, ["send", "refuse", "refuse", "send"], "{}", answer.text);
        let landline = &answer.body["data"][1];
        assert_eq!(landline["reasons"][0]["rule"], "fr.recipient.landline", "{landline}");
        assert_eq!((&landline["send_at"], &landline["error"]), (&Value::Null, &Value::Null));
        let nonsense = &answer.body["data"][2];
        assert_eq!((&nonsense["to"], &nonsense["reasons"]), (&json!("nonsense"), &json!([])));
        assert_eq!(nonsense["error"]["code"], "INVALID_PHONE_FORMAT");
        assert_eq!(nonsense["error"]["details"][0]["field"], "to");
        let summary = &answer.body["summary"];
        let sent_at = &answer.body["data"][0]["send_at"];
        assert_eq!(
            *summary,
            json!({
                "messages": 4, "send": 2, "hold": 0, "refuse": 1, "invalid": 1, "parts": 2, "cost": null,
                "worst_parts": 1, "first_send_at": sent_at, "last_send_at": sent_at,
            })
        );
    }
    assert_eq!(world.kept().await, 0);
}

/// Sunday 21 January 2024: what may not wait is refused, by the request's word or the workspace's.
#[tokio::test]
async fn a_closed_window_refuses_what_may_not_wait() {
    let world = World::new().await;
    let mut body = consented("Soldes samedi. STOP au 36180");
    body["at"] = json!("2024-01-21T11:00:00+01:00");
    let check = async |body: &Value, decision: &str| {
        let data = preview(&world, body).await.body["data"].clone();
        assert_eq!(data["decision"], decision, "{data}");
        assert_eq!(data["send_at"].is_null(), decision == "refuse", "{data}");
        let reasons = data["reasons"].as_array().expect("reasons");
        assert!(reasons.iter().any(|reason| reason["rule"] == "fr.window.sunday"), "{data}");
    };
    check(&body, "hold").await;
    world.change_settings(|settings| settings.on_closed_window = OnClosedWindow::Refuse).await;
    check(&body, "refuse").await;
    body["on_closed_window"] = json!("hold");
    check(&body, "hold").await;
    world.change_settings(|settings| settings.on_closed_window = OnClosedWindow::Hold).await;
    body["on_closed_window"] = json!("refuse");
    check(&body, "refuse").await;
}

/// A message for Sunday 21 January 2024 waits for Monday, and keeps why.
#[tokio::test]
async fn a_held_message_says_until_when_and_keeps_its_verdict() {
    let world = World::new().await;
    let mut body = consented("Soldes lundi. STOP au 36180");
    body["send_at"] = json!("2024-01-21T11:00:00+01:00");
    let held = world.send(&body.to_string()).await;
    let data = &held.body["data"];
    assert_eq!(
        (&data["status"], &data["send_at"]),
        (&json!("scheduled"), &json!("2024-01-22T07:00:00.000Z")),
        "{}",
        held.text
    );
    let shown = world.get(&format!("/v2/api/messages/{}", data["id"].as_str().expect("an id"))).await;
    let verdicts = &shown.body["data"]["verdicts"];
    let acceptance = &verdicts["acceptance"];
    assert_eq!((&acceptance["decision"], &acceptance["class"]), (&json!("hold"), &json!("marketing")));
    let sunday = &acceptance["reasons"][0];
    assert_eq!((&sunday["rule"], &sunday["until"]), (&json!("fr.window.sunday"), &data["send_at"]));
    assert!(acceptance["at"].is_string() && acceptance["rule_pack"].is_string(), "{acceptance}");
    assert_eq!(verdicts["departure"], Value::Null, "it has not left");

    let quiet = world.send(&message("transactional").to_string()).await;
    let id = quiet.body["data"]["id"].as_str().expect("an id");
    let shown = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(shown.body["data"]["verdicts"], json!({"acceptance": null, "departure": null}));
    assert_eq!(shown.body["data"]["consent_id"], Value::Null);

    body["on_closed_window"] = json!("refuse");
    let refused = world.send(&body.to_string()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, Some("MESSAGE_NOT_COMPLIANT")));
    assert_eq!(refused.body["details"][0]["rule"], "fr.window.sunday", "{}", refused.text);
}

/// 72 characters, three of which GSM-7 lacks: two parts of UCS-2, one of GSM-7
/// (requirement `fr-text-rewrite`).
#[tokio::test]
async fn a_rewriting_is_shown_change_by_change_and_made_when_asked() {
    const TEXT: &str =
        "L\u{2019}œuvre de l\u{2019}atelier arrive mardi entre neuf heures et dix heures trente";
    const REWRITTEN: &str = "L'oeuvre de l'atelier arrive mardi entre neuf heures et dix heures trente";
    let world = World::new().await;
    let mut body = message("transactional");
    body["message"] = json!(TEXT);
    assert_eq!(preview(&world, &body).await.body["data"]["rewrite"], Value::Null, "off unless asked");
    for (mode, content, encoding, parts) in [("suggest", TEXT, "ucs2", 2), ("auto", REWRITTEN, "gsm7", 1)] {
        body["rewrite"] = json!(mode);
        let data = preview(&world, &body).await.body["data"].clone();
        assert_eq!(
            (&data["content"], &data["encoding"], &data["parts"]),
            (&json!(content), &json!(encoding), &json!(parts)),
            "{mode} {data}"
        );
        let rewrite = &data["rewrite"];
        assert_eq!(
            (&rewrite["text"], &rewrite["parts_before"], &rewrite["parts_after"]),
            (&json!(REWRITTEN), &json!(2), &json!(1))
        );
        assert_eq!(
            rewrite["changes"],
            json!([
                {"at": 1, "from": "\u{2019}", "to": "'", "why": "quote"},
                {"at": 2, "from": "œ", "to": "oe", "why": "letter"},
                {"at": 12, "from": "\u{2019}", "to": "'", "why": "quote"},
            ])
        );
    }
    let sent = world.send(&body.to_string()).await;
    assert_eq!(sent.body["data"]["content"], REWRITTEN, "{}", sent.text);
}

#[tokio::test]
async fn a_stop_mention_that_is_missing_is_added_and_shown() {
    let world = World::new().await;
    world.change_settings(|settings| settings.stop_code = "36180".parse().ok()).await;
    let body = consented("Soldes samedi.");
    let data = preview(&world, &body).await.body["data"].clone();
    let mention = data["stop_mention"].as_str().expect("a mention");
    assert!(mention.contains("STOP") && mention.contains("36180"), "{data}");
    assert_eq!(data["content"], format!("Soldes samedi.{mention}"));
    assert_eq!(data["units"], json!(14 + mention.chars().count()));
    let sent = world.send(&body.to_string()).await;
    assert_eq!(sent.body["data"]["content"], data["content"], "as a send does, {}", sent.text);
}

/// Two messages of two parts at 0.045 euros a part.
#[tokio::test]
async fn a_price_per_part_makes_costs() {
    let world = World::new().await;
    world.change_settings(|settings| settings.price_per_part = Some(45_000)).await;
    let mut body = message("transactional");
    body["message"] = json!("a".repeat(161));
    let one = preview(&world, &body).await;
    assert_eq!(one.body["data"]["cost"], json!({"amount": "0.09", "currency": "EUR"}), "{}", one.text);
    body.as_object_mut().expect("an object").remove("to");
    body["recipients"] = json!(["+33612345678", "+33612345679", "+33123456789"]);
    let list = preview(&world, &body).await;
    let summary = &list.body["summary"];
    assert_eq!(
        (&summary["parts"], &summary["worst_parts"], &summary["cost"]["amount"]),
        (&json!(4), &json!(2), &json!("0.18")),
        "{}",
        list.text
    );
}

/// As a list of messages does: the rules are asked for each.
#[tokio::test]
async fn a_list_of_recipients_counts_as_one_write_for_each_200() {
    let world = World::new().await;
    let key = world.add_key(Traits { writes: 5, ..Traits::default() }).await;
    let mut body = message("transactional");
    body["to"] = json!(vec!["+33612345678"; 1_000]);
    let asked = || world.call(request(Method::POST, "/v2/api/sms/preview", &key, &body.to_string()));
    // Two within one second of the clock, which the tests' clock does not leave by itself.
    let second = loop {
        let (first, second) = (asked().await, asked().await);
        if first.status == StatusCode::OK {
            assert_eq!(first.header("x-ratelimit-remaining"), Some("0"));
        }
        if first.header("x-ratelimit-reset") == second.header("x-ratelimit-reset") {
            break second;
        }
    };
    assert_eq!((second.status, second.code()), (StatusCode::TOO_MANY_REQUESTS, Some("RATE_LIMIT_EXCEEDED")));
}

#[tokio::test]
async fn reasons_and_errors_name_the_fields_of_the_request() {
    let world = World::new().await;
    let by_number = json!({"from": "36999", "to": "+33612345678", "message": "Bonjour"});
    let refused = preview(&world, &by_number).await;
    let reasons = refused.body["data"]["reasons"].as_array().expect("reasons");
    let unknown = reasons.iter().find(|reason| reason["rule"] == "fr.sender.unknown").expect("the rule");
    assert_eq!(unknown["field"], "from");
    let mut far = message("transactional");
    far["at"] = json!("2030-01-01T00:00:00Z");
    let error = preview(&world, &far).await.body["error"].clone();
    assert_eq!((&error["code"], &error["param"]), (&json!("INVALID_REQUEST_BODY"), &json!("at")), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains(" in at ")), "{error}");
}

#[tokio::test]
async fn wrong_previews() {
    let world = World::new().await;
    let with = |field: &str, value: Value| {
        let mut body = message("transactional");
        body[field] = value;
        body
    };
    for (body, status, code, param) in [
        (json!({}), 400, "INVALID_REQUEST_BODY", "sender_id"),
        (with("recipients", json!(["+33612345678"])), 400, "INVALID_REQUEST_BODY", "to"),
        (with("to", json!([])), 400, "INVALID_REQUEST_BODY", "recipients"),
        (with("to", json!([5])), 400, "INVALID_REQUEST_BODY", "to[0]"),
        (with("to", json!(vec!["+33612345678"; 1_001])), 400, "BATCH_TOO_LARGE", "recipients"),
        (with("at", json!("2020-01-01T00:00:00Z")), 400, "INVALID_REQUEST_BODY", "at"),
        (with("at", json!("soon")), 400, "INVALID_REQUEST_BODY", "at"),
        (with("consent", json!([])), 400, "INVALID_REQUEST_BODY", "consent"),
        (with("consent", json!({"basis": "none"})), 400, "INVALID_REQUEST_BODY", "consent.basis"),
        (with("on_closed_window", json!("wait")), 400, "INVALID_REQUEST_BODY", "on_closed_window"),
        (with("consent", json!({"purpose": "offers"})), 400, "INVALID_REQUEST_BODY", "consent.basis"),
        (with("rewrite", json!(true)), 400, "INVALID_REQUEST_BODY", "rewrite"),
        (with("sender_id", json!("No one")), 400, "INVALID_SENDER_ID", "sender_id"),
        (with("to", json!("0612345678")), 400, "INVALID_PHONE_FORMAT", "to"),
    ] {
        let answer = preview(&world, &body).await;
        let told = (answer.status.as_u16(), answer.code(), answer.body["error"]["param"].as_str());
        assert_eq!(told, (status, Some(code), Some(param)), "{}", answer.text);
    }
}

/// Monday noon in Paris is within the hours of marketing.
#[tokio::test]
async fn a_consent_that_comes_with_a_message_is_recorded_and_linked() {
    let world = World::new().await;
    let mut body = message("marketing");
    body["message"] = json!("Soldes samedi. STOP au 36180");
    let refused = world.send(&body.to_string()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, Some("MESSAGE_NOT_COMPLIANT")));
    let rules = refused.body["details"].as_array().expect("details");
    assert!(rules.iter().any(|detail| detail["rule"] == "fr.consent.b2c.missing"), "{}", refused.text);
    body["consent"] = json!({
        "basis": "consent", "purpose": "offers", "collected_at": "2024-01-10T10:00:00+01:00",
        "source": "form", "text_shown": "J'accepte de recevoir les offres par SMS.",
    });
    let sent = world.send(&body.to_string()).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    let id = sent.body["data"]["id"].as_str().expect("an id");
    let ledger = world.get("/v2/api/consents?number=%2B33612345678").await;
    let shown = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(shown.body["data"]["consent_id"], ledger.body["data"][0]["id"], "{}", shown.text);
    assert!(shown.body["data"]["consent_id"].is_string());
    world.post("/v2/api/opt_outs", r#"{"number":"+33612345678"}"#).await;
    let stopped = world.send(&body.to_string()).await;
    let rules = stopped.body["details"].as_array().expect("details");
    assert!(rules.iter().any(|detail| detail["rule"] == "fr.optout.advertiser"), "{}", stopped.text);
    let shown = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(shown.body["data"]["status"], "blocked", "what waited was withdrawn");
}
