//! The reading endpoints, and cancelling.

use axum::http::StatusCode;
use facteur_gateway::Scope;
use serde_json::{Value, json};

use crate::world::{GOOD, Traits, World, request};

#[tokio::test]
async fn me_shows_what_a_key_may_do() {
    let world = World::new().await;
    let key =
        world.add_key(Traits { scopes: vec![Scope::SmsSend], reads: 20, writes: 5, quota: Some(9) }).await;
    let me = world.call(request(axum::http::Method::GET, "/v2/api/me", &key, "")).await.body["data"].clone();
    assert!(me["api_key_id"].as_str().is_some_and(|id| id.starts_with("api_")));
    assert_eq!(me["scopes"], json!(["SMS_SEND"]));
    assert_eq!(me["team"]["name"], "Demo");
    assert!(me["team"]["id"].as_str().is_some_and(|id| id.starts_with("wsp_")));
    assert_eq!(me["rate_limits"], json!({"read_per_second": 20, "write_per_second": 5}));
    assert_eq!(me["daily_quota"], 9);
    let endpoints: Vec<_> = me["endpoints"].as_array().expect("a list").iter().map(|e| &e["path"]).collect();
    assert_eq!(
        endpoints,
        [
            "/v1/api/sms",
            "/v2/api/messages/batch",
            "/v2/api/sms/preview",
            "/v2/api/me",
            "/v2/api/messages/{id}/cancel"
        ]
    );
    assert_eq!(me["endpoints"][0]["scope"], "SMS_SEND");
    assert_eq!(me["endpoints"][3]["scope"], Value::Null);
}

#[tokio::test]
async fn numbers_are_the_senders() {
    let world = World::new().await;
    let v1 = world.get("/v1/api/numbers").await.body;
    assert_eq!(
        v1["data"],
        json!([
            {"number": null, "name": "MyCompany", "country": "FR", "is_shared_number": false},
            {"number": "38180", "name": "38180", "country": "FR", "is_shared_number": false},
        ])
    );
    let v2 = world.get("/v2/api/numbers").await.body;
    let listed: Vec<_> = v2["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| (s["name"].as_str(), s["number"].as_str(), s["type"].as_str(), s["status"].as_str()))
        .map(|(a, b, c, d)| (a.expect("a name"), b, c.expect("a type"), d.expect("a status")))
        .collect();
    assert_eq!(
        listed,
        [
            ("MyCompany", None, "SENDER_ID", "VALIDATED"),
            ("38180", Some("38180"), "NUMBER", "VALIDATED"),
            ("Waiting", None, "SENDER_ID", "PENDING"),
            ("Refused", None, "SENDER_ID", "FAILED"),
            ("Gone", None, "SENDER_ID", "DISABLED"),
        ]
    );
    assert_eq!(v2["data"][0]["capabilities"], json!(["SMS"]));
    assert_eq!(v2["data"][0]["users"], json!([]));
}

#[tokio::test]
async fn messages_are_listed_newest_first_by_filter_and_page() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (to, class) in [("+33612345601", "otp"), ("+33612345602", "alert"), ("+33612345603", "otp")] {
        let body = json!({"sender_id": "MyCompany", "to": to, "message": "x", "class": class});
        let sent = world.send(&body.to_string()).await;
        ids.push(sent.body["data"]["id"].as_str().expect("an id").to_owned());
    }
    let listed = |query: &'static str| {
        let world = &world;
        async move {
            let page = world.get(&format!("/v2/api/messages{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query} {}", page.text);
            let rows = page.body["data"].as_array().expect("a list");
            rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        }
    };
    let of = |places: &[usize]| places.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>();
    assert_eq!(listed("").await, of(&[2, 1, 0]));
    assert_eq!(listed("?class=otp").await, of(&[2, 0]));
    assert_eq!(listed("?to=%2B33612345602").await, of(&[1]));
    assert_eq!(listed("?sender_id=MYCOMPANY&status=queued").await, of(&[2, 1, 0]));
    assert_eq!(listed("?status=delivered").await, of(&[]));
    assert_eq!(listed("?date_to=2024-01-15T10:30:00Z").await, of(&[]));
    assert_eq!(listed("?date_from=2024-01-15T10:30:00Z").await, of(&[2, 1, 0]));
    assert_eq!(listed("?size=2").await, of(&[2, 1]));
    assert_eq!(listed("?size=2&page=2").await, of(&[0]));
    assert_eq!(listed("?size=2&page=3").await, of(&[]));
    let first = world.get("/v2/api/messages?size=2").await;
    assert_eq!(
        first.body["pagination"],
        json!({"page": 1, "size": 2, "total_count": 3, "total_pages": 2, "has_more": true})
    );
}

#[tokio::test]
async fn a_message_shows_its_story() {
    let world = World::new().await;
    let sent = world.send(GOOD).await;
    let id = sent.body["data"]["id"].as_str().expect("an id");
    let shown = world.get(&format!("/v2/api/messages/{id}")).await.body["data"].clone();
    assert_eq!(shown["id"], id);
    assert_eq!(shown["to_number"], "+33612345678");
    assert_eq!(shown["content"], "Bonjour");
    assert_eq!(shown["status"], "queued");
    assert_eq!(shown["story"][0]["what"], "accepted");
    assert!(shown["story"][0]["at"].as_str().is_some_and(|at| at.starts_with("2024-01-15T10:30:0")));
    let dashed = world.get(&format!("/v2/api/messages/{}", id.replace('_', "-"))).await;
    assert_eq!(dashed.body["data"]["id"], id, "Allo spells ids both ways");
}

#[tokio::test]
async fn a_message_that_waits_can_be_cancelled_again_and_again() {
    let world = World::new().await;
    let later =
        r#"{"sender_id":"MyCompany","to":"+33612345678","message":"x","send_at":"2024-01-16T10:00:00Z"}"#;
    let sent = world.send(later).await;
    let id = sent.body["data"]["id"].as_str().expect("an id");
    for _ in 0..2 {
        let cancelled = world.post(&format!("/v2/api/messages/{id}/cancel"), "").await;
        assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.text);
        assert_eq!(cancelled.body["data"]["status"], "cancelled");
    }
    let shown = world.get(&format!("/v2/api/messages/{id}")).await;
    assert_eq!(shown.body["data"]["status"], "cancelled");
}
