//! Keywords and the review of doubtful opt-outs.

use axum::http::{Method, StatusCode};
use facteur_domain::{Msisdn, OptOutScope, WorkspaceId};
use facteur_gateway::Scope;
use facteur_store::{Actor, NewOptOut};
use serde_json::{Value, json};

use crate::world::{Answer, Traits, World, request};

const PATH: &str = "/v2/api/keywords";

async fn call(world: &World, method: Method, path: &str, body: &Value) -> Answer {
    world.call(request(method, path, &world.key, &body.to_string())).await
}

#[tokio::test]
async fn a_keyword_s_life() {
    let world = World::new().await;
    let body = json!({"code": "38180", "words": ["Horaires", "heures"], "reply": "9 h à 19 h."});
    let made = world.post(PATH, &body.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let data = &made.body["data"];
    let path = format!("{PATH}/{}", data["id"].as_str().expect("an id"));
    assert_eq!(
        (&data["match"], &data["is_default"], &data["subscription"]),
        (&json!("exact"), &json!(false), &Value::Null)
    );
    let taken =
        world.post(PATH, &json!({"code": "38180", "words": ["HORAÎRES"], "reply": "x"}).to_string()).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, Some("KEYWORD_TAKEN")), "{}", taken.text);
    let default =
        world.post(PATH, &json!({"code": "38180", "reply": "Je n'ai pas compris."}).to_string()).await;
    assert_eq!(default.body["data"]["is_default"], true, "{}", default.text);
    let changed = call(&world, Method::PUT, &path, &json!({"match": "prefix", "reply": null})).await;
    let data = &changed.body["data"];
    assert_eq!(
        (&data["match"], &data["reply"], &data["words"][1]),
        (&json!("prefix"), &Value::Null, &json!("heures"))
    );
    let listed = world.get(&format!("{PATH}?code=38180&size=1&page=2")).await;
    assert_eq!(listed.body["data"][0]["is_default"], true);
    assert_eq!(listed.body["pagination"]["total_count"], 2);
    assert_eq!(world.get(&path).await.body["data"]["words"], json!(["Horaires", "heures"]));
    assert_eq!(call(&world, Method::DELETE, &path, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get(&path).await.code(), Some("KEYWORD_NOT_FOUND"));
    let theirs = world.call(request(Method::GET, PATH, &world.other_key, "")).await;
    assert_eq!(theirs.body["data"], json!([]));
}

#[tokio::test]
async fn wrong_keywords_are_told_what_is_wrong() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"words": ["a"]}), "code"),
        (json!({"code": "36180", "words": ["a"]}), "code"),
        (json!({"code": "MyCompany", "words": ["a"]}), "code"),
        (json!({"code": "38180"}), "reply"),
        (json!({"code": "38180", "words": ["STOP"], "reply": "x"}), "words"),
        (json!({"code": "38180", "words": ["!"], "reply": "x"}), "words"),
        (json!({"code": "38180", "words": [5]}), "words[0]"),
        (json!({"code": "38180", "words": ["a"], "match": "fuzzy"}), "match"),
        (json!({"code": "38180", "words": ["a"], "answer": "x"}), "answer"),
        (
            json!({"code": "38180", "words": ["a"], "subscription": {"advertiser": "X", "purpose": "offers"}}),
            "subscription.text_shown",
        ),
    ] {
        let answer = world.post(PATH, &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.body["details"][0]["field"], field, "{body}: {}", answer.text);
    }
}

/// Requirement `fr-stop-unattributed`.
#[tokio::test]
async fn an_opt_out_of_the_platform_is_listed_and_lifted_by_reviewers_alone() {
    let world = World::new().await;
    let stop = NewOptOut {
        number: Msisdn::from_digits(33_612_345_678).expect("a number"),
        scope: OptOutScope::Platform,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: Some("fr.reply.stop.exact".to_owned()),
    };
    let store = world.gateway.store();
    let record =
        |of, stop| store.record_opt_outs(of, vec![stop], world.gateway.now(), Actor::named("stop_reply"));
    let (kept, _) = record(WorkspaceId::PLATFORM, stop.clone()).await.expect("kept");
    let of_workspace = NewOptOut { scope: OptOutScope::Workspace, ..stop };
    record(world.workspace(), of_workspace).await.expect("kept");
    let platform = "/v2/api/opt_outs?scope=platform&holds=true";
    let listed = world.get(platform).await;
    assert_eq!(listed.body["pagination"]["total_count"], 1, "{}", listed.text);
    assert_eq!(listed.body["data"][0]["id"], kept[0].id.to_string());
    assert_eq!(world.get("/v2/api/opt_outs?scope=all").await.code(), Some("INVALID_SEARCH_QUERY"));
    let lift = format!("/v2/api/opt_outs/{}", kept[0].id);
    let reason = json!({"reason": "asked by telephone"});
    // Who may only see to consents sees nothing of it.
    let key = world.add_key(Traits { scopes: vec![Scope::ConsentsReadWrite], ..Traits::default() }).await;
    let seen = world.call(request(Method::GET, platform, &key, "")).await;
    assert_eq!((seen.status, seen.code()), (StatusCode::FORBIDDEN, Some("API_KEY_INSUFFICIENT_SCOPE")));
    let tried = world.call(request(Method::DELETE, &lift, &key, &reason.to_string())).await;
    assert_eq!(tried.code(), Some("OPT_OUT_NOT_FOUND"));
    let lifted = call(&world, Method::DELETE, &lift, &reason).await;
    assert_eq!(lifted.status, StatusCode::OK, "{}", lifted.text);
    assert_eq!(world.get(platform).await.body["data"], json!([]));
}

#[tokio::test]
async fn a_doubtful_opt_out_is_confirmed_or_lifted_by_who_reads_it() {
    let world = World::new().await;
    let doubtful = |digits: u64| NewOptOut {
        number: Msisdn::from_digits(digits).expect("a number"),
        scope: OptOutScope::Advertiser,
        advertiser: None,
        source: "stop_reply".to_owned(),
        reason: Some("laissez-moi".to_owned()),
    };
    let batch = vec![doubtful(33_612_345_678), doubtful(33_698_765_432)];
    let store = world.gateway.store();
    let caller = world.gateway.authenticate(&world.key).expect("a key");
    let (kept, _) = store
        .review_opt_outs(caller.workspace(), batch, world.gateway.now(), Actor::named("stop_reply"))
        .await
        .expect("kept");
    let list = async |query: &str| {
        let listed = world.get(&format!("/v2/api/opt_outs?{query}")).await;
        listed.body["data"].as_array().map(Vec::len)
    };
    assert_eq!((list("state=review").await, list("state=confirmed").await), (Some(2), Some(0)));
    let confirm = format!("/v2/api/opt_outs/{}/confirm", kept[0].id);
    for _ in 0..2 {
        let confirmed = world.post(&confirm, "").await;
        assert_eq!(confirmed.body["data"]["state"], "confirmed", "{}", confirmed.text);
    }
    assert_eq!(
        (list("state=review").await, list("number=%2B33612345678&state=confirmed").await),
        (Some(1), Some(1))
    );
    let lift = format!("/v2/api/opt_outs/{}", kept[1].id);
    let refused = call(&world, Method::DELETE, &lift, &json!({})).await;
    assert_eq!(refused.body["details"][0]["field"], "reason");
    let lifted = call(&world, Method::DELETE, &lift, &json!({"reason": "an ordinary answer"})).await;
    assert_eq!(lifted.status, StatusCode::OK, "{}", lifted.text);
    assert_eq!((list("state=review&holds=true").await, list("holds=false").await), (Some(0), Some(1)));
    let late = world.post(&format!("{lift}/confirm"), "").await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, Some("OPT_OUT_NOT_CONFIRMABLE")));
    // A sure one is not lifted without a consent.
    let sure =
        call(&world, Method::DELETE, &format!("/v2/api/opt_outs/{}", kept[0].id), &json!({"reason": "x"}))
            .await;
    assert_eq!(sure.code(), Some("OPT_OUT_NOT_LIFTABLE"));
    let theirs = world.call(request(Method::POST, &confirm, &world.other_key, "")).await;
    assert_eq!(theirs.code(), Some("OPT_OUT_NOT_FOUND"));
    assert_eq!(world.get("/v2/api/opt_outs?state=perhaps").await.code(), Some("INVALID_SEARCH_QUERY"));
    let nobodys = world.get("/v2/api/review/inbound").await;
    assert_eq!((nobodys.status, &nobodys.body["data"]), (StatusCode::OK, &json!([])));
}
