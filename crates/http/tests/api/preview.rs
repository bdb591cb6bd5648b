//! `POST /v2/api/sms/preview`: the verdict, and nothing sent.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::World;

fn message(class: &str) -> Value {
    json!({"sender_id": "MyCompany", "to": "+33612345678", "message": "Bonjour", "class": class})
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
async fn a_list_has_one_verdict_a_recipient_and_totals() {
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
        assert_eq!(answer.body["data"][2]["reasons"][0]["rule"], "INVALID_PHONE_FORMAT");
        let totals = &answer.body["totals"];
        assert_eq!(
            (&totals["recipients"], &totals["send"], &totals["refuse"], &totals["parts"]),
            (&json!(4), &json!(2), &json!(2), &json!(2))
        );
    }
    assert_eq!(world.kept().await, 0);
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
