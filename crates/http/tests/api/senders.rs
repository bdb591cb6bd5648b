//! The Sender ID desk: declarations, reviews, evidence, partners.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use facteur_http::Options;
use serde_json::{Value, json};

use crate::world::{Answer, World, request};

const PDF: &[u8] = b"%PDF-1.7 an extract of the register";

/// The world's first workspace has four Sender IDs, three of which were not refused.
async fn roomy() -> World {
    World::with(&Options { sender_ids_max: 5, ..Options::default() }).await
}

fn papers(name: &str) -> Value {
    json!({
        "sender_id": name, "class": "transactional", "company": "Ma Boutique", "legal_name": "Ma Boutique SAS",
        "siren": "732829320", "website": "maboutique.fr", "use_case": "Reminders of appointments",
        "example_content": "Votre rendez-vous est demain à 10 h.",
    })
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.post(path, &body.to_string()).await
}

async fn declare(world: &World, name: &str) -> Answer {
    post(world, "/v2/api/sender_ids", &papers(name)).await
}

fn told(answer: &Answer) -> (u16, Option<&str>) {
    (answer.status.as_u16(), answer.code())
}

fn id_of(answer: &Answer) -> String {
    answer.body["data"]["id"].as_str().unwrap_or_else(|| panic!("an id in {}", answer.text)).to_owned()
}

async fn upload(world: &World, id: &str, query: &str, kind: &str, file: &[u8]) -> Answer {
    let request = Request::post(format!("/v2/api/sender_ids/{id}/evidence{query}"))
        .header("authorization", &world.key)
        .header("content-type", kind);
    world.call(request.body(Body::from(file.to_vec())).expect("a request")).await
}

// seed-sender-declared seed-sender-setup-time
#[tokio::test]
async fn a_declaration_waits_for_its_review_and_is_made_once() {
    let world = roomy().await;
    let first = declare(&world, "MaBoutique").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let sender = &first.body["data"];
    assert_eq!((&sender["status"], &sender["overdue"]), (&json!("PENDING"), &json!(false)));
    for (field, value) in papers("MaBoutique").as_object().expect("an object") {
        assert_eq!(&sender[field], value, "{field}");
    }
    // Monday 15 January 2024 and five business days: Monday the 22nd, to its end in Paris.
    assert!(sender["due_at"].as_str().is_some_and(|due| due.starts_with("2024-01-22T")), "{}", first.text);
    let again = declare(&world, "MABOUTIQUE").await;
    assert_eq!((again.status, id_of(&again)), (StatusCode::OK, id_of(&first)));
    let shown = world.get(&format!("/v2/api/sender_ids/{}", id_of(&first))).await;
    assert_eq!(shown.body["data"]["sender_id"], "MaBoutique");
    let list = world.get("/v2/api/sender_ids").await;
    let names: Vec<&Value> =
        list.body["data"].as_array().expect("a list").iter().map(|s| &s["sender_id"]).collect();
    assert_eq!(names, ["MyCompany", "Waiting", "Refused", "Gone", "MaBoutique"], "without short codes");
    let theirs = papers("MaBoutique").to_string();
    let theirs = world.call(request(Method::POST, "/v2/api/sender_ids", &world.other_key, &theirs)).await;
    assert_eq!(told(&theirs), (409, Some("SENDER_ID_TAKEN")));
}

#[tokio::test]
async fn a_workspace_has_a_few_sender_ids() {
    let world = World::new().await;
    let refused = declare(&world, "MaBoutique").await;
    assert_eq!(told(&refused), (409, Some("SENDER_ID_LIMIT_REACHED")), "{}", refused.text);
    assert_eq!(declare(&world, "MyCompany").await.status, StatusCode::OK, "the one there is");
}

#[tokio::test]
async fn what_the_rules_refuse_is_not_declared() {
    let world = roomy().await;
    for (name, code) in [
        ("ab", "SENDER_ID_INVALID_FORMAT"),
        ("TooLongAName", "SENDER_ID_INVALID_FORMAT"),
        ("Ma Boutique", "SENDER_ID_INVALID_FORMAT"),
        ("+33612345678", "SENDER_ID_INVALID_FORMAT"),
        ("38200", "SENDER_ID_INVALID_FORMAT"),
        ("SFR", "SENDER_ID_NOT_COMPLIANT"),
    ] {
        let answer = declare(&world, name).await;
        assert_eq!(told(&answer), (400, Some(code)), "{name}: {}", answer.text);
        assert_eq!(answer.body["error"]["param"], "sender_id");
    }
    let nothing = post(&world, "/v2/api/sender_ids", &json!({})).await;
    assert_eq!(told(&nothing), (400, Some("MISSING_FIELD")));
    let misspelt = post(&world, "/v2/api/sender_ids", &json!({"sender_id": "Abc", "sirene": "1"})).await;
    assert_eq!(told(&misspelt), (400, Some("INVALID_REQUEST_BODY")));
    assert_eq!(world.get("/v2/api/sender_ids").await.body["pagination"]["total_count"], 4);
}

#[tokio::test]
async fn a_declaration_is_checked_while_it_is_typed() {
    let world = World::new().await;
    let good = post(&world, "/v2/api/sender_ids/check", &papers("MaBoutique")).await;
    assert_eq!(good.body["data"]["declarable"], true, "{}", good.text);
    let bad = post(&world, "/v2/api/sender_ids/check", &json!({"sender_id": "a b"})).await;
    assert_eq!((bad.status, &bad.body["data"]["declarable"]), (StatusCode::OK, &json!(false)));
    let reasons = bad.body["data"]["checks"].as_array().expect("reasons");
    assert!(reasons.iter().any(|reason| reason["effect"] == "refuse" && reason["cure"].is_string()));
    let bare = roomy().await;
    let declared = post(&bare, "/v2/api/sender_ids", &json!({"sender_id": "Bare"})).await;
    let missing = declared.body["data"]["checks"].as_array().expect("reasons");
    assert!(missing.iter().any(|reason| reason["rule"] == "fr.desk.legal_name"), "{}", declared.text);
}

// seed-short-code-kinds seed-short-code-setup-time
#[tokio::test]
async fn a_short_code_is_asked_for_with_its_date() {
    let world = World::new().await;
    let body = json!({"sender_id": "36180", "shared": true, "use_case": "Offers"});
    let asked = post(&world, "/v2/api/short_codes", &body).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    let code = &asked.body["data"];
    assert_eq!(
        (&code["type"], &code["class"], &code["shared"]),
        (&json!("SHORT_CODE"), &json!("marketing"), &json!(true))
    );
    assert!(code["expected_at"].as_str().is_some_and(|at| at.starts_with("2024-02-12T")), "{}", asked.text);
    let list = world.get("/v2/api/short_codes").await;
    assert_eq!(list.body["pagination"]["total_count"], 2);
    for (name, class) in [("38200", "marketing"), ("MaBoutique", "marketing"), ("39180", "marketing")] {
        let wrong = post(&world, "/v2/api/short_codes", &json!({"sender_id": name, "class": class})).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{name}: {}", wrong.text);
    }
}

#[tokio::test]
async fn evidence_is_what_it_says_and_reaches_the_reviewer() {
    let world = roomy().await;
    let id = id_of(&declare(&world, "MaBoutique").await);
    let review = format!("/v2/api/review/sender_ids/{id}");
    let asked = post(&world, &format!("{review}/ask"), &json!({"what": "the register"})).await;
    assert_eq!(asked.body["data"]["missing_document"]["what"], "the register", "{}", asked.text);
    for (query, kind, file, expected) in [
        ("", "application/pdf", PDF, (400, "INVALID_SEARCH_QUERY")),
        ("?name=../x.pdf", "application/pdf", PDF, (400, "INVALID_SEARCH_QUERY")),
        ("?name=a.pdf&x=1", "application/pdf", PDF, (400, "INVALID_SEARCH_QUERY")),
        ("?name=a.pdf", "application/pdf", b"<html>", (400, "INVALID_REQUEST_BODY")),
        ("?name=a.pdf", "application/pdf", b"", (400, "INVALID_REQUEST_BODY")),
        ("?name=a.html", "text/html", b"<html>", (415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        let answer = upload(&world, &id, query, kind, file).await;
        assert_eq!(told(&answer), (expected.0, Some(expected.1)), "{query} {}", answer.text);
    }
    let kept = upload(&world, &id, "?name=kbis.pdf", "application/pdf", PDF).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text);
    let shown = world.get(&format!("/v2/api/sender_ids/{id}")).await;
    assert_eq!(shown.body["data"]["evidence"], json!([kept.body["data"]]));
    assert_eq!(shown.body["data"]["missing_document"], Value::Null, "it has come");
    let file = world.get(&format!("{review}/evidence/{}", id_of(&kept))).await;
    assert_eq!((file.text.as_bytes(), file.header("content-type")), (PDF, Some("application/pdf")));
    assert_eq!(file.header("content-disposition"), Some("attachment"));
    let none = world.get(&format!("{review}/evidence/evd_0000000000001")).await;
    assert_eq!(told(&none), (404, Some("EVIDENCE_NOT_FOUND")));
}

#[tokio::test]
async fn a_review_moves_a_sender_by_its_rules() {
    let world = roomy().await;
    let id = id_of(&declare(&world, "MaBoutique").await);
    let act = |verb: &'static str, body: Value| {
        let (path, world) = (format!("/v2/api/review/sender_ids/{id}/{verb}"), &world);
        async move { post(world, &path, &body).await }
    };
    let list = world.get("/v2/api/review/sender_ids?status=PENDING").await;
    let names: Vec<&Value> =
        list.body["data"].as_array().expect("a list").iter().map(|s| &s["sender_id"]).collect();
    assert!(names.contains(&&json!("MaBoutique")) && names.contains(&&json!("Waiting")), "{}", list.text);
    let late = world.get("/v2/api/review/sender_ids?overdue=true").await;
    assert_eq!(late.body["data"], json!([]));
    assert_eq!(told(&act("fail", json!({})).await), (400, Some("INVALID_REQUEST_BODY")));
    assert_eq!(told(&act("disable", json!({"reason": "x"})).await), (409, Some("SENDER_ID_STATE_CONFLICT")));
    assert_eq!(told(&act("validate", json!({"proof": "much"})).await), (400, Some("INVALID_REQUEST_BODY")));
    let valid = act("validate", json!({"proof": "registered"})).await;
    assert_eq!(
        (&valid.body["data"]["status"], &valid.body["data"]["proof"]),
        (&json!("VALIDATED"), &json!("registered")),
        "{}",
        valid.text
    );
    let send = json!({"sender_id": "MaBoutique", "to": "+33612345678", "message": "Bonjour", "class": "transactional"});
    assert_eq!(world.send(&send.to_string()).await.status, StatusCode::OK);
    let gone = act("disable", json!({"reason": "complaints"})).await;
    assert_eq!(gone.body["data"]["reason"], "complaints");
    assert_eq!(told(&world.send(&send.to_string()).await), (400, Some("SENDER_ID_NOT_ACTIVE")));
    let unknown =
        post(&world, "/v2/api/review/sender_ids/snd_0000000000001/fail", &json!({"reason": "x"})).await;
    assert_eq!(told(&unknown), (404, Some("SENDER_ID_NOT_FOUND")));
}

#[tokio::test]
async fn a_partner_declares_for_its_accounts() {
    let world = roomy().await;
    let me = world.get("/v2/api/me").await;
    let account = me.body["data"]["team"]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v2/api/partner/accounts/{account}/sender_ids");
    let body = json!({"sender_id": "Reseller1", "example_content": "Bonjour"}).to_string();
    // The partner's key belongs to another workspace.
    let made = world.call(request(Method::POST, &path, &world.other_key, &body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["data"]["workspace_id"], account.as_str());
    let shown =
        world.call(request(Method::GET, &format!("{path}/{}", id_of(&made)), &world.other_key, "")).await;
    assert_eq!(shown.body["data"]["status"], "PENDING");
    let list = world.call(request(Method::GET, &path, &world.other_key, "")).await;
    assert_eq!(list.body["pagination"]["total_count"], 5);
    for account in ["wsp_0000000000001", "x", "snd_0000000000001"] {
        let none = world.get(&format!("/v2/api/partner/accounts/{account}/sender_ids")).await;
        assert_eq!(told(&none), (404, Some("PARTNER_ACCOUNT_NOT_FOUND")), "{account}");
    }
}
