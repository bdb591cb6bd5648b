//! The consent ledger and the opt-outs, through the API.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use facteur_gateway::Scope;
use serde_json::{Value, json};

use crate::world::{Answer, Traits, World, request};

/// A consent that is right in every way. The tests' clock stands in January 2024.
fn consent() -> Value {
    json!({
        "number": "+33612345678", "basis": "consent", "advertiser": "Ma Boutique", "purpose": "offers",
        "collected_at": "2024-01-10T10:00:00+01:00", "source": "https://example.fr/form",
        "text_shown": "J'accepte de recevoir les offres de Ma Boutique par SMS.", "evidence": "form 42",
    })
}

/// `consent` with one field replaced; without it when the value is null.
fn with(field: &str, value: Value) -> Value {
    let mut consent = consent();
    let fields = consent.as_object_mut().expect("an object");
    fields.remove(field);
    if !value.is_null() {
        fields.insert(field.to_owned(), value);
    }
    consent
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.post(path, &body.to_string()).await
}

async fn import(world: &World, path: &str, file: &[u8]) -> Answer {
    let request = Request::post(path).header("authorization", &world.key).header("content-type", "text/csv");
    world.call(request.body(Body::from(file.to_vec())).expect("a request")).await
}

fn fields(details: &Value) -> Vec<&str> {
    let list = details.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|detail| detail["field"].as_str().expect("a field")).collect()
}

#[tokio::test]
async fn a_consent_is_kept_with_its_proof_and_its_place_in_the_chain() {
    let world = World::new().await;
    let first = post(&world, "/v2/api/consents", &consent()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let second = post(&world, "/v2/api/consents", &with("number", json!("+33612345679"))).await;
    assert_eq!(second.body["data"]["previous_hash"], first.body["data"]["hash"]);
    let entry = &first.body["data"];
    assert!(entry["id"].as_str().is_some_and(|id| id.starts_with("cns_")));
    assert_eq!((&entry["sequence"], &entry["event"]), (&json!(1), &json!("given")));
    for field in ["number", "basis", "advertiser", "purpose", "source", "text_shown", "evidence"] {
        assert_eq!(entry[field], consent()[field], "{field}");
    }
    assert_eq!(entry["collected_at"], "2024-01-10T09:00:00.000Z");
    let me = world.get("/v2/api/me").await;
    assert_eq!(entry["recorded_by"], me.body["data"]["api_key_id"]);
    let all = world.get("/v2/api/consents").await;
    assert_eq!(all.body["pagination"]["total_count"], 2);
    assert_eq!(all.body["data"][0]["sequence"], 2, "newest first");
    let one = world.get("/v2/api/consents?number=%2B33612345678").await;
    assert_eq!(one.body["data"], json!([entry]));
}

#[tokio::test]
async fn what_a_consent_leaves_out_is_the_workspaces_own() {
    let world = World::new().await;
    let kept = post(&world, "/v2/api/consents", &with("advertiser", Value::Null)).await;
    assert_eq!(kept.body["data"]["advertiser"], "Demo");
    assert_eq!(kept.body["data"]["professional"], false);
    let b2b = post(&world, "/v2/api/consents", &with("basis", json!("b2b"))).await;
    assert_eq!(b2b.body["data"]["professional"], true, "{}", b2b.text);
}

#[tokio::test]
async fn all_faults_of_a_consent_are_told_at_once() {
    let world = World::new().await;
    for (body, expected) in [
        (json!({}), vec!["number", "basis", "purpose", "collected_at", "source", "text_shown"]),
        (with("number", json!("0612345678")), vec!["number"]),
        (with("number", json!(33_612_345_678_u64)), vec!["number"]),
        (with("basis", json!("legitimate_interest")), vec!["basis"]),
        (with("collected_at", json!("2024-01-10")), vec!["collected_at"]),
        (with("collected_at", json!("2025-01-10T10:00:00Z")), vec!["collected_at"]),
        (with("text_shown", json!(" ")), vec!["text_shown"]),
        (with("text_shown", json!("x".repeat(10_001))), vec!["text_shown"]),
        (with("evidnce", json!("form 42")), vec!["evidnce"]),
        (json!({"consents": {}}), vec!["consents"]),
    ] {
        let answer = post(&world, "/v2/api/consents", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert_eq!(answer.code(), Some("INVALID_REQUEST_BODY"));
        assert_eq!(fields(&answer.body["details"]), expected, "{}", answer.text);
    }
    let mut consumer = with("basis", json!("b2b"));
    consumer["professional"] = json!(false);
    let answer = post(&world, "/v2/api/consents", &consumer).await;
    assert_eq!(fields(&answer.body["details"]), ["professional"]);
    assert_eq!(world.get("/v2/api/consents").await.body["pagination"]["total_count"], 0);
}

#[tokio::test]
async fn a_list_is_kept_as_far_as_it_is_right_and_every_entry_is_told_its_fate() {
    let world = World::new().await;
    let list = json!([consent(), with("basis", Value::Null), 7, with("number", json!("+33612345679"))]);
    let answer = post(&world, "/v2/api/consents", &json!({ "consents": list })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let report = &answer.body["data"];
    assert_eq!((&report["recorded"], &report["refused"]), (&json!(2), &json!(2)));
    let entries = report["entries"].as_array().expect("entries");
    for (at, expected) in [vec![], vec!["consents[1].basis"], vec!["consents[2]"], vec![]].iter().enumerate()
    {
        assert_eq!(entries[at]["index"], at);
        assert_eq!(entries[at]["id"].is_string(), expected.is_empty());
        assert_eq!(&fields(&entries[at]["errors"]), expected);
    }
    let none = post(&world, "/v2/api/consents", &json!({"consents": [{}, consent()["number"]]})).await;
    assert_eq!((none.status, none.code()), (StatusCode::BAD_REQUEST, Some("INVALID_REQUEST_BODY")));
    assert_eq!(fields(&none.body["details"]).len(), 7);
    let empty = post(&world, "/v2/api/consents", &json!({"consents": []})).await;
    assert_eq!((empty.status, empty.code()), (StatusCode::BAD_REQUEST, Some("INVALID_REQUEST_BODY")));
    let many = json!({"consents": vec![consent(); 1_001]});
    let many = post(&world, "/v2/api/consents", &many).await;
    assert_eq!((many.status, many.code()), (StatusCode::BAD_REQUEST, Some("BATCH_TOO_LARGE")));
    assert_eq!(world.get("/v2/api/consents").await.body["pagination"]["total_count"], 2);
}

#[tokio::test]
async fn a_withdrawal_is_another_entry() {
    let world = World::new().await;
    let given = post(&world, "/v2/api/consents", &consent()).await;
    post(&world, "/v2/api/consents", &with("advertiser", json!("Other"))).await;
    let body = json!({"number": "+33612345678", "advertiser": "MA BOUTIQUE", "reason": "unticked"});
    let ended = post(&world, "/v2/api/consents/withdraw", &body).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.text);
    let entry = &ended.body["data"][0];
    assert_eq!(
        (&entry["event"], &entry["withdraws"], &entry["reason"]),
        (&json!("withdrawn"), &given.body["data"]["id"], &json!("unticked"))
    );
    let again = post(&world, "/v2/api/consents/withdraw", &body).await;
    assert_eq!(again.body["data"], json!([]));
    let unknown = json!({"number": "+33612340000", "reason": "x"});
    let unknown = post(&world, "/v2/api/consents/withdraw", &unknown).await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::NOT_FOUND, Some("CONSENT_NOT_FOUND")));
    let wrong = post(&world, "/v2/api/consents/withdraw", &json!({"number": "x"})).await;
    assert_eq!(fields(&wrong.body["details"]), ["number", "reason"]);
    assert_eq!(world.get("/v2/api/consents").await.body["pagination"]["total_count"], 3);
}

#[tokio::test]
async fn a_file_is_imported_and_the_export_can_be_imported_again() {
    let world = World::new().await;
    let file = b"number;basis;purpose;collected_at;source;text_shown\r\n\
        06 12 34 56 78;consent;offres;10/01/2024;formulaire;\"Oui; j'accepte l'\xE9t\xE9\"\r\n\
        pas un num\xE9ro;consent;offres;10/01/2024;formulaire;Oui\r\n\
        0612345679;consent;offres;10/01/2024 10:00;formulaire;Oui\r\n";
    let answer = import(&world, "/v2/api/consents/import", file).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let report = &answer.body["data"];
    assert_eq!((&report["encoding"], &report["separator"]), (&json!("Windows-1252"), &json!(";")));
    assert_eq!((&report["recorded"], &report["refused"]), (&json!(2), &json!(1)));
    assert_eq!((&report["entries"][1]["line"], &report["entries"][1]["id"]), (&json!(3), &Value::Null));
    assert_eq!(fields(&report["entries"][1]["errors"]), ["number"]);
    let export = world.get("/v2/api/consents/export").await;
    assert_eq!(export.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(
        export.text.contains("+33612345678,consent,Demo,offres,2024-01-09T23:00:00.000Z"),
        "{}",
        export.text
    );
    let again = import(&world, "/v2/api/consents/import", export.text.as_bytes()).await;
    assert_eq!(again.body["data"]["recorded"], 2, "{}", again.text);
    let lines = world.get("/v2/api/consents/export?format=jsonl&number=%2B33612345678").await;
    let entries: Vec<Value> =
        lines.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry["text_shown"] == "Oui; j'accepte l'été"));
}

#[tokio::test]
async fn an_export_is_whole_over_many_pages() {
    let world = World::new().await;
    let one = |at: usize| with("number", json!(format!("+3361{at:07}")));
    for from in [0, 700] {
        let list: Vec<Value> = (from..from + 700).map(one).collect();
        let answer = post(&world, "/v2/api/consents", &json!({ "consents": list })).await;
        assert_eq!(answer.body["data"]["recorded"], 700, "{}", answer.text);
    }
    let export = world.get("/v2/api/consents/export?format=jsonl").await;
    let sequences: Vec<u64> = export
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["sequence"].as_u64().expect("a place"))
        .collect();
    assert_eq!(sequences, (1..=1_400).collect::<Vec<_>>());
}

#[tokio::test]
async fn files_that_are_no_tables_are_refused() {
    let world = World::new().await;
    for path in ["/v2/api/consents/import", "/v2/api/opt_outs/import"] {
        for file in [&b""[..], b"a;b\n1;2", b"\xFF\xFEa\0"] {
            let answer = import(&world, path, file).await;
            assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, Some("INVALID_CSV")));
        }
        let none = import(&world, path, b"number,basis,purpose,collected_at,source,text_shown\n1,2\n").await;
        assert_eq!((none.status, none.code()), (StatusCode::BAD_REQUEST, Some("INVALID_REQUEST_BODY")));
        assert!(fields(&none.body["details"])[0].starts_with("line 2: number"), "{}", none.text);
        let json = world.post(path, "{}").await;
        assert_eq!(
            (json.status, json.code()),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, Some("UNSUPPORTED_MEDIA_TYPE"))
        );
        let large = import(&world, path, &vec![b'x'; 5 * 1024 * 1024 + 1]).await;
        assert_eq!((large.status, large.code()), (StatusCode::PAYLOAD_TOO_LARGE, Some("PAYLOAD_TOO_LARGE")));
    }
}

#[tokio::test]
async fn an_opt_out_holds_and_is_recorded_once() {
    let world = World::new().await;
    let body = json!({"number": "+33612345678", "advertiser": "Ma Boutique", "reason": "by telephone"});
    let first = post(&world, "/v2/api/opt_outs", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let opt_out = &first.body["data"];
    assert!(opt_out["id"].as_str().is_some_and(|id| id.starts_with("opt_")));
    assert_eq!(
        (&opt_out["scope"], &opt_out["source"], &opt_out["state"], &opt_out["lifted"]),
        (&json!("advertiser"), &json!("api"), &json!("confirmed"), &Value::Null)
    );
    let again = post(&world, "/v2/api/opt_outs", &body).await;
    assert_eq!(again.body["data"]["id"], opt_out["id"]);
    let listed = world.get("/v2/api/opt_outs?number=%2B33612345678").await;
    assert_eq!(listed.body["data"], json!([opt_out]));
    let theirs = world.call(request(Method::GET, "/v2/api/opt_outs", &world.other_key, "")).await;
    assert_eq!(theirs.body["data"], json!([]));
}

#[tokio::test]
async fn wrong_opt_outs() {
    let world = World::new().await;
    for (body, expected) in [
        (json!({}), vec!["number"]),
        (json!({"number": "06 12 34 56 78"}), vec!["number"]),
        (json!({"number": "+33612345678", "scope": "everybody"}), vec!["scope"]),
        (json!({"number": "+33612345678", "scope": "workspace", "advertiser": "X"}), vec!["advertiser"]),
        (json!({"number": "+33612345678", "reason": "x".repeat(501)}), vec!["reason"]),
        (json!({"number": "+33612345678", "until": "2027-01-01"}), vec!["until"]),
    ] {
        let answer = post(&world, "/v2/api/opt_outs", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert_eq!(fields(&answer.body["details"]), expected, "{}", answer.text);
    }
    let platform = json!({"number": "+33612345678", "scope": "platform"}).to_string();
    let customer =
        world.add_key(Traits { scopes: vec![Scope::ConsentsReadWrite], ..Traits::default() }).await;
    let answer = world.call(request(Method::POST, "/v2/api/opt_outs", &customer, &platform)).await;
    assert_eq!(fields(&answer.body["details"]), ["scope"], "platform-wide is for reviewers");
    assert_eq!(world.post("/v2/api/opt_outs", &platform).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn opt_outs_come_and_go_in_files() {
    let world = World::new().await;
    let file = "téléphone,motif\n06 12 34 56 78,STOP\n0612345679,\nabc,\n";
    let answer = import(&world, "/v2/api/opt_outs/import", file.as_bytes()).await;
    assert_eq!(answer.body["data"]["recorded"], 2, "{}", answer.text);
    assert_eq!(answer.body["data"]["entries"][2]["line"], 4);
    let export = world.get("/v2/api/opt_outs/export").await;
    assert_eq!(export.text.lines().count(), 3, "{}", export.text);
    assert_eq!(export.header("content-disposition"), Some("attachment; filename=\"opt-outs.csv\""));
    let again = import(&world, "/v2/api/opt_outs/import", export.text.as_bytes()).await;
    assert_eq!(again.body["data"]["recorded"], 2, "{}", again.text);
    let lines = world.get("/v2/api/opt_outs/export?format=jsonl").await;
    assert_eq!(lines.text.lines().count(), 2, "recorded once");
    let wrong = world.get("/v2/api/opt_outs/export?format=xlsx").await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, Some("INVALID_SEARCH_QUERY")));
}

/// Lifts an opt-out; DELETE with a body.
async fn lift(world: &World, id: &str, body: &Value) -> Answer {
    let path = format!("/v2/api/opt_outs/{id}");
    world.call(request(Method::DELETE, &path, &world.key, &body.to_string())).await
}

#[tokio::test]
async fn an_opt_out_is_lifted_on_a_newer_consent_alone() {
    let world = World::new().await;
    let body = json!({"number": "+33612345678", "advertiser": "Ma Boutique"});
    let kept = post(&world, "/v2/api/opt_outs", &body).await;
    let id = kept.body["data"]["id"].as_str().expect("an id");
    let wrong = lift(&world, id, &json!({"consent": {"number": "+33612345678"}})).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(fields(&wrong.body["details"])[0], "reason");
    assert!(fields(&wrong.body["details"]).contains(&"consent.text_shown"), "{}", wrong.text);
    for consent in [Value::Null, consent()] {
        let refused = lift(&world, id, &json!({"reason": "came back", "consent": consent})).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, Some("OPT_OUT_NOT_LIFTABLE")));
        assert!(refused.body["error"]["suggestion"].is_string());
    }
    let created = kept.body["data"]["created_at"].as_str().expect("an instant");
    let newer = with("collected_at", json!(world.gateway.now().to_string()));
    assert!(newer["collected_at"].as_str().is_some_and(|at| at > created), "the clock runs");
    let lifted = lift(&world, id, &json!({"reason": "came back", "consent": newer})).await;
    assert_eq!(lifted.status, StatusCode::OK, "{}", lifted.text);
    let end = &lifted.body["data"]["lifted"];
    let ledger = world.get("/v2/api/consents?number=%2B33612345678").await;
    assert_eq!((&end["reason"], &end["consent_id"]), (&json!("came back"), &ledger.body["data"][0]["id"]));
    let again = lift(&world, id, &json!({"reason": "x", "consent": newer})).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, Some("OPT_OUT_NOT_LIFTABLE")));
}

#[tokio::test]
async fn an_idempotency_key_records_once_and_serves_one_request_only() {
    let world = World::new().await;
    let keyed = |path: &str, body: String| {
        let mut request = request(Method::POST, path, &world.key, &body);
        request.headers_mut().insert("idempotency-key", "k1".parse().expect("a value"));
        request
    };
    let wrong = world.call(keyed("/v2/api/consents", with("basis", json!("guess")).to_string())).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "errors do not use up the key");
    let first = world.call(keyed("/v2/api/consents", consent().to_string())).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, None));
    let again = world.call(keyed("/v2/api/consents", consent().to_string())).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, Some("true")));
    assert_eq!((&again.text, again.header("idempotency-key")), (&first.text, Some("k1")));
    assert_eq!(world.get("/v2/api/consents").await.body["pagination"]["total_count"], 1);
    let other = with("purpose", json!("other")).to_string();
    for request in [
        keyed("/v2/api/consents", other),
        keyed("/v2/api/opt_outs", json!({"number": "+33612345678", "reason": "asked"}).to_string()),
    ] {
        let reused = world.call(request).await;
        assert_eq!((reused.status, reused.code()), (StatusCode::CONFLICT, Some("IDEMPOTENCY_KEY_REUSE")));
    }
    let body = r#"{"sender_id":"MyCompany","to":"+33612345678","message":"Bonjour"}"#;
    let sent = world.send_once("k1", body).await;
    assert_eq!(sent.code(), Some("IDEMPOTENCY_KEY_REUSE"), "another route, sending included");
}
