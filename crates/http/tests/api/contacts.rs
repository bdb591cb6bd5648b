//! Contacts, as Allo's v1 clients make and read them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, World, request};

const PATH: &str = "/v1/api/contacts";

async fn put(world: &World, path: &str, body: &Value) -> Answer {
    world.call(request(Method::PUT, path, &world.key, &body.to_string())).await
}

async fn made(world: &World, body: &Value) -> Answer {
    let made = world.post(PATH, &body.to_string()).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    made
}

#[tokio::test]
async fn a_contact_s_life() {
    let world = World::new().await;
    let body = json!({"name": "Camille", "last_name": "Durand", "job_title": null, "emails": ["c@example.com"],
        "company": "Acme", "numbers": ["+33612345678", "+33612345678", "+33698765432"], "unknown": 1});
    let made = made(&world, &body).await;
    let data = &made.body["data"];
    let id = data["id"].as_str().expect("an id");
    assert!(id.starts_with("cnt_"), "{id}");
    // Allo's fields, in its order, then ours.
    let names: Vec<&str> = data.as_object().expect("an object").keys().map(String::as_str).collect();
    let allos = [
        "id",
        "name",
        "last_name",
        "company",
        "job_title",
        "website",
        "status",
        "is_archived",
        "created_at",
        "updated_at",
        "numbers",
        "is_whitelisted",
        "last_activity_date",
        "engagement",
    ];
    assert_eq!(names[..allos.len()], allos);
    assert_eq!(data["numbers"], json!(["+33612345678", "+33698765432"]));
    assert_eq!(data["company"], json!({"name": "Acme", "id": null}));
    assert_eq!(data["created_at"].as_str().map(str::len), Some("2024-01-15T10:30:00".len()));
    let dashed = id.replace('_', "-");
    let changed =
        put(&world, &format!("{PATH}/{dashed}"), &json!({"last_name": null, "job_title": "CTO"})).await;
    let data = &changed.body["data"];
    assert_eq!(
        (&data["name"], &data["last_name"], &data["job_title"]),
        (&json!("Camille"), &Value::Null, &json!("CTO"))
    );
    assert_eq!(data["numbers"].as_array().map(Vec::len), Some(2), "what is not given stays");
    let shown = world.get(&format!("/v1/api/contact/{id}?extend=engagement")).await;
    let data = &shown.body["data"];
    assert_eq!((&data["emails"], &data["integration_data"]), (&json!(["c@example.com"]), &json!({})));
    assert_eq!(data["conversation_url"], format!("/v1/api/contact/{id}/conversation"));
    let listed = world.get(&format!("{PATH}?page=0&size=1")).await;
    assert_eq!(listed.body["data"]["results"][0]["id"], id);
    assert_eq!(listed.body["data"]["metadata"], json!({"pagination": {"total_pages": 1, "current_page": 0}}));
}

#[tokio::test]
async fn wrong_contacts_are_told_what_is_wrong() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"name": "X"}), "numbers"),
        (json!({"numbers": []}), "numbers"),
        (json!({"numbers": ["0612345678"]}), "numbers[0]"),
        (json!({"numbers": [33_612_345_678_u64]}), "numbers[0]"),
        (json!({"numbers": ["+33612345678"], "emails": ["nobody"]}), "emails[0]"),
        (json!({"numbers": ["+33612345678"], "emails": ["a@b\nc@d"]}), "emails[0]"),
        (json!({"numbers": ["+33612345678"], "name": "x".repeat(201)}), "name"),
        (json!({"numbers": ["+33612345678"], "name": 5}), "name"),
        (json!({"numbers": vec!["+33612345678"; 21]}), "numbers"),
    ] {
        let answer = world.post(PATH, &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.body["details"][0]["field"], field, "{body}: {}", answer.text);
    }
    for path in ["/v1/api/contact/cnt_0000000000001", "/v1/api/contact/x"] {
        let answer = world.get(path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, Some("CONTACT_NOT_FOUND")),
            "{path}"
        );
    }
    assert_eq!(world.get("/v1/api/contact/x?extend=all").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.get(&format!("{PATH}?page=-1")).await.code(), Some("INVALID_PAGE_SIZE"));
}

#[tokio::test]
async fn contacts_of_others_are_not_there() {
    let world = World::new().await;
    let made = made(&world, &json!({"numbers": ["+33612345678"]})).await;
    let id = made.body["data"]["id"].as_str().expect("an id");
    for (method, path) in
        [(Method::GET, format!("/v1/api/contact/{id}")), (Method::PUT, format!("{PATH}/{id}"))]
    {
        let answer = world.call(request(method, &path, &world.other_key, "{}")).await;
        assert_eq!(answer.code(), Some("CONTACT_NOT_FOUND"), "{path}");
    }
    let listed = world.call(request(Method::GET, PATH, &world.other_key, "")).await;
    assert_eq!(listed.body["data"]["results"], json!([]));
}
