//! `facteur top` against a running gateway.

use crate::common::{Product, run, run_json};

#[tokio::test(flavor = "multi_thread")]
async fn top_tells_what_a_running_gateway_does() {
    let product = Product::dev(&[]).await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
    let board = run_json(&["top", "--url", &product.api, "--once", "--json"]);
    assert_eq!(board["ready"], true, "{board}");
    let classes: Vec<&str> = board["queues"]
        .as_array()
        .expect("queues")
        .iter()
        .filter_map(|queue| queue["class"].as_str())
        .collect();
    assert_eq!(classes, ["otp", "alert", "conversational", "transactional", "marketing"]);
    let route = &board["routes"][0];
    assert_eq!((&route["name"], &route["bound"]), (&"box".into(), &route["binds"]), "{board}");
    assert!(route["answer_seconds"].as_f64().is_some_and(|mean| mean > 0.0), "{board}");
    assert!(board["store"]["failures"].as_f64().is_some_and(|failures| failures == 0.0), "{board}");
    let text = run(&["top", "--url", &product.api, "--once"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for word in ["ready", "transactional", "box", "store", "webhooks"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let nobody = run(&["top", "--url", "http://127.0.0.1:1", "--once"]);
    let told = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(!nobody.status.success() && told.contains("is the gateway up?"), "{told}");
}
