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
    let theirs = world.call(request(Method::POST, SEARCH, &world.other_key, "{}")).await;
    assert_eq!(theirs.body["data"], json!([]));
}

#[tokio::test]
async fn a_search_goes_on_where_the_answer_before_ended() {
    let world = World::new().await;
    for n in 0..7 {
        world.send(&GOOD.replace("Bonjour", &format!("Bonjour {n}"))).await;
    }
    let (mut texts, mut before) = (Vec::new(), Value::Null);
    loop {
        let mut asked = json!({"size": 3});
        if !before.is_null() {
            asked["before"] = before;
        }
        let found = search(&world, asked).await;
        let rows = found.body["data"].as_array().expect("a list").clone();
        texts.extend(rows.iter().map(|row| row["content"].as_str().expect("text").to_owned()));
        let left = 7 - (texts.len() - rows.len());
        assert_eq!(
            found.body["pagination"]["total_count"], left,
            "what was not counted before: {}",
            found.text
        );
        before = found.body["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(texts, ["6", "5", "4", "3", "2", "1", "0"].map(|n| format!("Bonjour {n}")));
}

#[tokio::test]
async fn who_was_only_written_to_has_a_conversation_too() {
    let world = World::new().await;
    for (to, text) in [("+33612345678", "un"), ("+33698765432", "deux"), ("+33612345678", "trois")] {
        world.send(&GOOD.replace("+33612345678", to).replace("Bonjour", text)).await;
    }
    let list =
        async |query: &str| world.get(&format!("/v2/api/conversations?allo_number=MyCompany{query}")).await;
    let found = list("").await;
    assert_eq!(found.body["pagination"]["total_count"], 2, "{}", found.text);
    assert_eq!(found.body["looked_back_to"], Value::Null);
    let said = |found: &Answer| {
        let rows = found.body["data"].as_array().expect("a list").clone();
        let of = |row: &Value| {
            [&row["contact_number"], &row["last_item"]["content"]].map(|v| v.as_str().map(str::to_owned))
        };
        rows.iter().map(of).map(|of| of.map(Option::unwrap_or_default)).collect::<Vec<_>>()
    };
    assert_eq!(said(&found), [["+33612345678", "trois"], ["+33698765432", "deux"]]);
    let row = &found.body["data"][0];
    assert_eq!(row["last_item"]["direction"], "OUTBOUND");
    for (field, value) in [
        ("id", Value::Null),
        ("reply_from", Value::Null),
        ("session_until", Value::Null),
        ("unread_count", json!(0)),
        ("is_archived", json!(false)),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert_eq!(said(&list("&size=1&page=2").await), [["+33698765432", "deux"]]);
    let theirs = "/v2/api/conversations?allo_number=OtherCo";
    let theirs = world.call(request(Method::GET, theirs, &world.other_key, "")).await;
    assert_eq!(theirs.body["data"].as_array().map_or(0, Vec::len), 0, "{}", theirs.text);
    // Put away, and marked to be looked at again, it stays what it is, and what is sent to it belongs to it.
    let act = async |action: &str| {
        let path = "/v2/api/conversations/%2B33612345678/action";
        world.call(request(Method::PUT, path, &world.key, &json!({"action": action}).to_string())).await
    };
    for (action, unread, archived) in [
        ("READ", "false", "false"),
        ("ARCHIVE", "false", "true"),
        ("UNREAD", "true", "true"),
        ("UNARCHIVE", "true", "false"),
    ] {
        let done = act(action).await;
        assert_eq!(
            (done.status, &done.body["data"]["conversations"]),
            (StatusCode::OK, &json!(1)),
            "{action}"
        );
        let kept = list(&format!("&unread={unread}&archived={archived}")).await;
        assert!(
            said(&kept).contains(&["+33612345678".to_owned(), "trois".to_owned()]),
            "{action}: {}",
            kept.text
        );
        assert_eq!(list("").await.body["pagination"]["total_count"], 2, "once, after {action}");
    }
    world.send(&GOOD.replace("Bonjour", "quatre")).await;
    let found = list("").await;
    assert_eq!(said(&found)[0], ["+33612345678", "quatre"]);
    assert!(found.body["data"][0]["id"].is_string(), "{}", found.text);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_so() {
    let world = World::new().await;
    for (path, status, code) in [
        ("/v2/api/conversations", 400, "MISSING_ALLO_NUMBER"),
        ("/v2/api/conversations?allo_number=OtherCo", 404, "PHONE_NUMBER_NOT_FOUND"),
        ("/v2/api/conversations?allo_number=38180&unread=perhaps", 400, "INVALID_SEARCH_QUERY"),
        ("/v2/api/conversations?allo_number=38180&last_activity_since=today", 400, "INVALID_DATE_RANGE"),
        ("/v2/api/conversations?allo_number=38180&last_activity_before=today", 400, "INVALID_DATE_RANGE"),
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
        (json!({"before": "yesterday"}), "INVALID_REQUEST_BODY"),
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
