//! From an accepted request to its end, through the network in a box.

use std::time::Duration;

use facteur_smsc::{Encoding, Options, SwitchedOff};
use serde_json::json;

use crate::common::{Far, Product};

/// A network whose slow numbers are quick.
fn quick() -> Options {
    Options {
        late_receipt: Duration::from_millis(1500),
        switched_off: SwitchedOff::After(Duration::from_millis(500)),
        reply_delay: Duration::from_millis(50),
        ..Options::default()
    }
}

/// Every test number of the box reaches the end that is documented for it
/// 83 never hears of its end: it stays submitted.
#[tokio::test(flavor = "multi_thread")]
async fn every_test_number_reaches_its_documented_end() {
    let far = Far::start(quick()).await;
    let product = Product::dev_with(&far).await;
    let ends = [
        ("00", "delivered", 1),
        ("42", "delivered", 1),
        ("79", "delivered", 1),
        ("80", "undelivered", 0),
        ("81", "expired", 0),
        ("82", "delivered", 1),
        ("83", "submitted", 1),
        ("84", "delivered", 1),
        ("85", "delivered", 1),
        ("86", "delivered", 1),
        ("87", "delivered", 1),
        ("89", "delivered", 1),
        ("90", "delivered", 1),
        ("99", "delivered", 1),
    ];
    let mut sent = Vec::new();
    for (digits, end, copies) in ends {
        let to = format!("+336399800{digits}");
        let text = format!("Essai {digits}");
        let answer = product.send(&to, &text).await;
        sent.push((to, text, answer.id(), end, copies));
    }
    for (to, text, id, end, copies) in sent {
        let message = product.reaches(&id, &[end]).await;
        assert_eq!(far.network.deliveries(&to, &text), copies, "{to}");
        assert_eq!(message["possible_duplicate"], false, "{to}");
        if end == "undelivered" {
            assert!(message["error"].is_string(), "{to} says why: {message}");
        }
        if to.ends_with("87") {
            let steps = message["story"].as_array().expect("a story");
            let deferred = steps.iter().filter(|step| step["what"] == "deferred").count();
            assert_eq!((deferred, &message["attempts"]), (2, &json!(3)), "{message}");
        }
    }
}

/// The answer to 88's submit never comes; its receipt settles it, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_its_receipt() {
    let far = Far::start(quick()).await;
    let product = Product::serve(&far.address(), true, "").await;
    let made = product.admin(&[
        "keys",
        "create",
        "--test",
        "--scopes",
        "SMS_SEND,CONVERSATIONS_READ",
        "--write-per-second",
        "1000",
        "--read-per-second",
        "100000",
    ]);
    let product = with_key(product, made["secret"].as_str().expect("a secret")).await;
    let id = product.send("+33639980088", "Essai 88").await.id();
    let message = product.reaches(&id, &["delivered"]).await;
    assert_eq!(far.network.deliveries("+33639980088", "Essai 88"), 1);
    assert_eq!(message["possible_duplicate"], false);
}

async fn with_key(mut product: Product, key: &str) -> Product {
    product.key = key.to_owned();
    crate::common::until("the key is known", async || {
        let me = product.get("/v2/api/me").await;
        (me.status == 200).then_some(())
    })
    .await;
    product
}

/// Long texts arrive whole, in the alphabet and the number of parts that the answer said.
#[tokio::test(flavor = "multi_thread")]
async fn long_texts_arrive_whole() {
    let far = Far::start(Options::default()).await;
    let product = Product::dev_with(&far).await;
    let cases = [
        ("a".repeat(160), 1, Encoding::Gsm7),
        ("a".repeat(161), 2, Encoding::Gsm7),
        (format!("{}€{}", "a".repeat(152), "b".repeat(100)), 2, Encoding::Gsm7),
        ("é".repeat(918), 6, Encoding::Gsm7),
        ("{€}".repeat(100), 4, Encoding::Gsm7),
        ("ê".repeat(70), 1, Encoding::Ucs2),
        (format!("{}👍{}", "ê".repeat(66), "ô".repeat(50)), 2, Encoding::Ucs2),
        ("ç".repeat(300), 5, Encoding::Ucs2),
        ("Ligne 1\nLigne 2 : à bientôt !".to_owned(), 1, Encoding::Ucs2),
    ];
    for (n, (text, parts, encoding)) in cases.into_iter().enumerate() {
        let to = format!("+3361234560{n}");
        let sent = product.send(&to, &text).await.data();
        assert_eq!(sent["parts"], parts, "{text:.20}");
        let shown = far.shows(&to, &text).await;
        assert_eq!(
            (shown.parts, shown.encoding, shown.party.as_str()),
            (parts, encoding, "MyCompany"),
            "{text:.20}"
        );
        product.reaches(sent["id"].as_str().expect("an id"), &["delivered"]).await;
    }
}

/// A message of several parts is delivered when all of them are.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_put_together_over_parts() {
    let far = Far::start(quick()).await;
    let product = Product::dev_with(&far).await;
    let text = "Bonjour ".repeat(60);
    for (digits, end) in
        [("10", "delivered"), ("80", "undelivered"), ("90", "delivered"), ("89", "delivered")]
    {
        let id = product.send(&format!("+336399800{digits}"), &text).await.id();
        let message = product.reaches(&id, &[end]).await;
        let receipts = message["story"]
            .as_array()
            .expect("a story")
            .iter()
            .filter(|step| step["what"] == "receipt")
            .count();
        assert_eq!(message["parts"], 4);
        assert_eq!(receipts, 4, "{digits}: {message}");
    }
}

/// Arcep's range for fiction never leaves by a real route: only with a test key, or in `dev`.
#[tokio::test(flavor = "multi_thread")]
async fn the_fiction_range_never_leaves_with_a_live_key() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, "").await;
    let refused = product.send("+33639980012", "Bonjour").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "INVALID_TO_NUMBER"));
    let real = product.send("+33612345678", "Bonjour").await;
    product.reaches(&real.id(), &["delivered"]).await;
    assert_eq!(far.network.deliveries("+33639980012", "Bonjour"), 0);
}

/// A message for later waits, and can be cancelled until it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_later_waits_and_can_be_cancelled() {
    let far = Far::start(Options::default()).await;
    let product = Product::dev_with(&far).await;
    let at = |millis: i64| {
        let at = facteur_gateway::Clock::system().now().millis() + millis;
        jiff::Timestamp::from_millisecond(at).expect("in range").to_string()
    };
    let later = |to: &str, millis| {
        let send_at = at(millis);
        json!({"sender_id": "MyCompany", "to": to, "message": "Plus tard", "send_at": send_at})
    };
    let cancelled = product.post("/v1/api/sms", &later("+33612345601", 3_600_000), &[]).await;
    assert_eq!(cancelled.data()["status"], "scheduled");
    let soon = product.post("/v1/api/sms", &later("+33612345602", 1_500), &[]).await;
    assert_eq!(soon.data()["status"], "scheduled");

    for _ in 0..2 {
        let answer =
            product.post(&format!("/v2/api/messages/{}/cancel", cancelled.id()), &json!({}), &[]).await;
        assert_eq!(answer.data()["status"], "cancelled", "again is no error");
    }
    let left = product.reaches(&soon.id(), &["delivered"]).await;
    let instant = |value: &serde_json::Value| -> jiff::Timestamp {
        value.as_str().and_then(|at| at.parse().ok()).expect("an instant")
    };
    assert!(instant(&left["submitted_at"]) >= instant(&left["send_at"]), "{left}");
    assert_eq!(product.message(&cancelled.id()).await["status"], "cancelled");
    assert_eq!(far.network.deliveries("+33612345601", "Plus tard"), 0);
    assert_eq!(far.network.deliveries("+33612345602", "Plus tard"), 1);
}

/// `--clock`: the whole product follows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_shifted_clock_is_the_products_only_one() {
    let product = Product::dev(&["--quiet", "--clock", "2031-07-14T10:00:00+02:00"]).await;
    let sent = product.send("+33612345678", "Bonne fête").await.data();
    assert!(sent["start_date"].as_str().is_some_and(|at| at.starts_with("2031-07-14T08:0")), "{sent}");
    let message = product.reaches(sent["id"].as_str().expect("an id"), &["delivered"]).await;
    for step in message["story"].as_array().expect("a story") {
        assert!(step["at"].as_str().is_some_and(|at| at.starts_with("2031-07-14T08:0")), "{step}");
    }
}
