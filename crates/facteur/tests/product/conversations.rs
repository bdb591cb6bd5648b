//! A phone answers, and the answer is found, read and told, in Allo's shapes.

use serde_json::{Value, json};

use crate::common::{Product, until};
use crate::webhooks::{next, receiver};

/// The phone that answers OUI.
const PHONE: &str = "+33639980086";

async fn put(product: &Product, target: &str, body: &Value) -> Value {
    let key = product.key.clone();
    let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
    let answer = product.raw("PUT", target, &headers, body.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn search(product: &Product, body: Value) -> Value {
    let answer = product.post("/v2/api/conversations/items/search", &body, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn what_a_phone_answers_is_a_conversation() {
    let (address, mut hearing, _receiver) = receiver().await;
    let mut product = Product::dev(&["--quiet"]).await;
    let contact = json!({"name": "Camille", "last_name": "Durand", "numbers": [PHONE]});
    let contact = product.post("/v1/api/contacts", &contact, &[]).await.id();
    let hook = json!({"allo_number": "38180", "url": format!("{address}/hook"),
        "topics": ["SMS_RECEIVED", "SMS_SENT"]});
    assert_eq!(product.post("/v1/api/webhooks", &hook, &[]).await.status, 201);
    let body = json!({"from": "38180", "to": PHONE, "message": "Bonjour, venez-vous demain ?"});
    let sent = product.post("/v1/api/sms", &body, &[]).await;
    assert_eq!(sent.status, 200, "{}", sent.text);

    // Told to an old client: what was sent, and what came back.
    let (_, first) = next(&mut hearing).await;
    let (_, second) = next(&mut hearing).await;
    let told = |topic: &str| {
        let found = [&first, &second].into_iter().find(|told| told["topic"] == topic);
        found.unwrap_or_else(|| panic!("{first} {second}"))["data"].clone()
    };
    assert_eq!(
        (&told("SMS_SENT")["id"], &told("SMS_SENT")["from_number"]),
        (&json!(sent.id()), &json!("38180"))
    );
    let came = told("SMS_RECEIVED");
    assert_eq!((&came["content"], &came["direction"]), (&json!("OUI"), &json!("INBOUND")));
    assert_eq!((&came["from_number"], &came["to_number"]), (&json!(PHONE), &json!("38180")));
    assert!(first.get("version").is_none() && first.get("timestamp").is_none(), "{first}");

    // The thread, with whom it is and what was said last.
    let listed = product.get("/v2/api/conversations?allo_number=38180&unread=true").await.json();
    let thread = &listed["data"][0];
    assert_eq!((&thread["contact_number"], &thread["unread_count"]), (&json!(PHONE), &json!(1)));
    let named =
        json!([{"id": contact.replace('_', "-"), "name": "Camille Durand", "company": null, "deals": []}]);
    assert_eq!(thread["contacts"], named);
    let last = &thread["last_item"];
    assert_eq!(
        (&last["type"], &last["direction"], &last["content"]),
        (&json!("SMS"), &json!("INBOUND"), &json!("OUI"))
    );
    assert_eq!((&last["status"], &last["meaning"]), (&Value::Null, &json!("reply")));
    assert_eq!(listed["pagination"]["total_count"], 1);

    // Both directions, newest first or last, by words, by direction; and one by its id.
    let both = search(&product, json!({"contact_number": PHONE, "type": "SMS"})).await;
    let directions = |found: &Value| -> Vec<String> {
        let rows = found["data"].as_array().expect("a list");
        rows.iter().map(|row| row["direction"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(directions(&both), ["INBOUND", "OUTBOUND"]);
    let oldest =
        search(&product, json!({"contact_number": PHONE, "sort": "OLDEST", "type": "TEXT_MESSAGE"})).await;
    assert_eq!(directions(&oldest), ["OUTBOUND", "INBOUND"]);
    let by_word = search(&product, json!({"search": "demain venez", "allo_number": "38180"})).await;
    assert_eq!(directions(&by_word), ["OUTBOUND"]);
    let first_page = search(&product, json!({"contact_number": PHONE, "size": 1})).await;
    assert_eq!((directions(&first_page).len(), &first_page["pagination"]["has_more"]), (1, &json!(true)));
    let unanswered = search(&product, json!({"unresponded": true, "unread": true})).await;
    assert_eq!(directions(&unanswered), ["INBOUND"]);
    assert_eq!(search(&product, json!({"type": "CALL"})).await["data"], json!([]));
    let outbound = &both["data"][1];
    assert_eq!(outbound["id"], sent.id().replace('_', "-"));
    assert!(["SENT", "DELIVERED"].contains(&outbound["status"].as_str().expect("text")), "{outbound}");
    let item =
        product.get(&format!("/v2/api/conversations/items/{}", last["id"].as_str().expect("an id"))).await;
    assert_eq!(item.data()["in_reply_to"], outbound["id"]);
    let ids = json!({"ids": [outbound["id"], "cll-abc123", last["id"], "msg-0000000000000"]});
    let batch = product.post("/v2/api/conversations/items/batch", &ids, &[]).await;
    assert_eq!(directions(&batch.json()), ["OUTBOUND", "INBOUND"]);

    // Read, put away; and v1's view of it.
    let target = format!("/v2/api/conversations/{}/action", PHONE.replace('+', "%2B"));
    let done = put(&product, &target, &json!({"action": "READ", "allo_number": "38180"})).await;
    assert_eq!(done["data"], json!({"contact_number": PHONE, "action": "READ", "conversations": 1}));
    put(&product, &target, &json!({"action": "ARCHIVE"})).await;
    let listed = product.get("/v2/api/conversations?allo_number=38180&archived=true").await.json();
    assert_eq!(
        (&listed["data"][0]["unread_count"], &listed["data"][0]["is_archived"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(search(&product, json!({"unread": true})).await["data"], json!([]));
    let of_contact =
        product.get(&format!("/v1/api/contact/{contact}/conversation?size=1&page=1")).await.json();
    let message = &of_contact["data"]["results"][0];
    assert_eq!((&message["type"], &message["call"]), (&json!("TEXT_MESSAGE"), &Value::Null));
    let message = &message["message"];
    assert_eq!((&message["from_number"], &message["to_number"]), (&json!("38180"), &json!(PHONE)));
    assert_eq!(message["type"], "OUTBOUND");
    assert_eq!(of_contact["data"]["metadata"]["pagination"], json!({"total_pages": 2, "current_page": 1}));
    product.stop().await;
}

#[tokio::test]
async fn a_keyword_is_answered_as_its_owner_says() {
    let mut product = Product::dev(&["--quiet"]).await;
    let keyword = json!({"code": "38180", "words": ["oui", "Ouï da"], "reply": "Merci, à demain."});
    let made = product.post("/v2/api/keywords", &keyword, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let body = json!({"from": "38180", "to": PHONE, "message": "Bonjour, venez-vous demain ?"});
    assert_eq!(product.post("/v1/api/sms", &body, &[]).await.status, 200);
    let answered = until("the keyword's answer", async || {
        let found = search(&product, json!({"contact_number": PHONE, "search": "merci"})).await;
        found["data"].get(0).cloned()
    })
    .await;
    assert_eq!((&answered["direction"], &answered["allo_number"]), (&json!("OUTBOUND"), &json!("38180")));
    let came = search(&product, json!({"contact_number": PHONE, "direction": "INBOUND"})).await;
    assert_eq!(came["data"][0]["meaning"], "keyword");
    product.stop().await;
}
