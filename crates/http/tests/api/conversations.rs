//! Conversations without a phone: what is asked wrongly, and what is sent to those who never wrote.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, GOOD, World, request};

const SEARCH: &str = "/v2/api/conversations/items/search";

async fn search(world: &World, body: Value) -> Answer {
    world.post(SEARCH, &body.to_string()).await
}

#[tokio::test]
async fn messages_to_phones_that_never_wrote_are_found_by_search() {
    let world = World::new().await;
    for n in 0..5 {
        let body = GOOD.replace("Bonjour", &format!("Bonjour {n}"));
        assert_eq!(world.send(&body).await.status, StatusCode::OK);
    }
    let other = GOOD.replace("+33612345678", "+33698765432");
    world.send(&other).await;
    let found = search(&world, json!({"contact_number": "+33612345678", "size": 2, "page": 2})).await;
    let texts: Vec<&str> = found.body["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["content"].as_str().expect("text"))
        .collect();
    assert_eq!(texts, ["Bonjour 2", "Bonjour 1"]);
    assert_eq!(found.body["pagination"]["has_more"], true);
    let row = &found.body["data"][0];
    assert_eq!(
        (&row["status"], &row["allo_number"], &row["user"]),
        (&json!("PENDING"), &json!("MyCompany"), &Value::Null)
    );
    let names: Vec<&str> = row.as_object().expect("an object").keys().map(String::as_str).collect();
    let allos = [
        "id",
        "type",
        "direction",
        "allo_number",
        "contact_number",
        "contacts",
        "user",
        "date",
        "duration",
        "result",
        "recording_url",
        "summary",
        "tags",
        "transcript",
        "content",
        "status",
        "message_type",
    ];
    assert_eq!(names[..allos.len()], allos);
    let oldest = search(&world, json!({"sort": "DATE_ASC", "size": 1, "direction": "OUTBOUND"})).await;
    assert_eq!(oldest.body["data"][0]["content"], "Bonjour 0");
    assert_eq!(oldest.body["pagination"]["total_count"], 6);
    for (body, count) in [
        (json!({}), 6),
        (json!({"direction": "INBOUND"}), 0),
        (json!({"user_id": "usr-1"}), 0),
        (json!({"date": {"from": "2024-01-15", "to": "2024-01-15"}}), 6),
        (json!({"date": {"from": "2024-01-16", "to": "2024-01-16"}}), 0),
        (json!({"allo_number": "mycompany"}), 6),
        (json!({"allo_number": "38180"}), 0),
        (json!({"search": "bonj"}), 6),
        (json!({"search": "bonjour 3"}), 1),
        (json!({"unread": true}), 0),
    ] {
        let found = search(&world, body.clone()).await;
        assert_eq!(found.body["data"].as_array().map(Vec::len), Some(count), "{body}: {}", found.text);
    }
    assert_eq!(world.get("/v2/api/conversations?allo_number=MyCompany").await.body["data"], json!([]));
    let theirs = world.call(request(Method::POST, SEARCH, &world.other_key, "{}")).await;
    assert_eq!(theirs.body["data"], json!([]));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_so() {
    let world = World::new().await;
    for (path, status, code) in [
        ("/v2/api/conversations", 400, "MISSING_ALLO_NUMBER"),
        ("/v2/api/conversations?allo_number=OtherCo", 404, "PHONE_NUMBER_NOT_FOUND"),
        ("/v2/api/conversations?allo_number=38180&unread=perhaps", 400, "INVALID_SEARCH_QUERY"),
        ("/v2/api/conversations?allo_number=38180&last_activity_since=today", 400, "INVALID_DATE_RANGE"),
        ("/v2/api/conversations?allo_number=38180&extend=deals", 400, "UNSUPPORTED_EXTEND_VALUE"),
        ("/v2/api/conversations?allo_number=38180&page=1000000&size=100", 400, "INVALID_PAGE_SIZE"),
        ("/v2/api/conversations/items/msg-0000000000000", 404, "CONVERSATION_ITEM_NOT_FOUND"),
        ("/v2/api/conversations/items/cll-abc123", 404, "CONVERSATION_ITEM_NOT_FOUND"),
        ("/v1/api/contact/cnt-abc/conversation", 400, "CONTACT_NOT_FOUND"),
    ] {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, Some(code)), "{path}");
    }
    for (body, code) in [
        (json!({"contact_number": "0612345678"}), "INVALID_REQUEST_BODY"),
        (json!({"type": "FAX"}), "INVALID_REQUEST_BODY"),
        (json!({"sort": "UP"}), "INVALID_REQUEST_BODY"),
        (json!({"size": 101}), "INVALID_REQUEST_BODY"),
        (json!({"page": 400, "size": 100}), "INVALID_PAGE_SIZE"),
        (json!({"date": {"from": "2024-01-16", "to": "2024-01-14"}}), "INVALID_DATE_RANGE"),
        (json!({"allo_number": "Nobody"}), "PHONE_NUMBER_NOT_FOUND"),
    ] {
        assert_eq!(search(&world, body.clone()).await.code(), Some(code), "{body}");
    }
    let batch = "/v2/api/conversations/items/batch";
    let many: Vec<&str> = vec!["msg-0000000000000"; 101];
    for (body, code) in [
        (json!({}), "INVALID_REQUEST_BODY"),
        (json!({"ids": ["nothing"]}), "INVALID_ITEM_ID"),
        (json!({"ids": [5]}), "INVALID_ITEM_ID"),
        (json!({"ids": many}), "BATCH_TOO_LARGE"),
    ] {
        assert_eq!(world.post(batch, &body.to_string()).await.code(), Some(code), "{body}");
    }
    let act = async |number: &str, body: &str| {
        let path = format!("/v2/api/conversations/{number}/action");
        world.call(request(Method::PUT, &path, &world.key, body)).await.code().map(str::to_owned)
    };
    assert_eq!(act("+33612345678", r#"{"action":"BURN"}"#).await.as_deref(), Some("INVALID_ACTION"));
    assert_eq!(act("+33612345678", "{}").await.as_deref(), Some("INVALID_ACTION"));
    assert_eq!(act("0612345678", r#"{"action":"READ"}"#).await.as_deref(), Some("INVALID_PHONE_FORMAT"));
    assert_eq!(
        act("%2B33612345678", r#"{"action":"READ"}"#).await.as_deref(),
        Some("CONVERSATION_NOT_FOUND")
    );
}
