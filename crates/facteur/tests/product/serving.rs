//! `facteur serve` as a service: HTTPS by itself, and how it ends.

use std::path::Path;
use std::time::Duration;

use facteur_smpp::Status;
use facteur_smsc::{Faults, Options};

use crate::common::{Far, Product, path, until};

#[tokio::test(flavor = "multi_thread")]
async fn https_by_itself() {
    let far = Far::start(Options::default()).await;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/tests/data");
    let (certificate, key) = (path(&data, "localhost.pem"), path(&data, "localhost.key"));
    let more = format!("[http.tls]\ncertificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n");
    let product = Product::serve(&far.address(), false, &more).await;
    assert!(product.api.starts_with("https://"), "{}", product.api);
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_says_what_remains() {
    let far = Far::start(Options::default()).await;
    far.network.set_faults(Faults { refuse_binds: Some(Status::BIND_FAILED), ..Faults::default() });
    let mut product = Product::serve(&far.address(), false, "").await;
    for token in 0..3 {
        assert_eq!(product.send("+33612345678", &format!("Bonjour {token}")).await.status, 200);
    }
    product.stop().await;
    assert!(product.log().contains("stopped; 3 messages waiting on disk"), "{}", product.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    let far = Far::start(Options::default()).await;
    far.network.set_faults(Faults { answer_delay: Duration::from_secs(3600), ..Faults::default() });
    let more = "[process]\nshutdown_limit = \"10m\"\n";
    let mut product = Product::serve_patient(&far.address(), more).await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    far.network.wait_until(|stats| stats.accepted > 0).await;
    product.ask_to_stop();
    until("no more requests", async || product.try_send("+33612345678", "Trop tard").await.err().map(drop))
        .await;
    product.stop().await;
    assert!(product.log().contains("stopped at once"), "{}", product.log());
    far.network.set_faults(Faults::default());
    product.restart().await;
    let message = product.reaches(&id, &["delivered", "unknown"]).await;
    assert_eq!(far.network.deliveries("+33612345678", "Bonjour"), 1, "{message}");
}

/// The first start of all prints the link by which somebody comes in, and says so in its ready file.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_over_nothing_gives_a_link_to_come_in() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve_nothing(&far.address()).await;
    let told = std::fs::read(product.folder.path().join("ready.json")).expect("a ready file");
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    let link = told["console"].as_str().expect("a link");
    let path = link.strip_prefix(product.api.as_str()).expect("an address of the product");
    assert!(path.starts_with("/console/link/"), "{path}");
    let page = product.raw("GET", path, &[], Vec::new()).await;
    assert!(page.status == 200 && page.text.contains("name=\"email\""), "{}", page.text);
    assert!(product.log().contains("open this link once"), "{}", product.log());
}
