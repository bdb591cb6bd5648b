//! The board, the alerts and the page on monitoring name metrics that exist, and HELP says what each is.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::Product;

/// Every name that can stand in a query: a counter's `_total`, a histogram's buckets, sum and count.
fn names(metrics: &str) -> BTreeSet<String> {
    let kinds = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let all = kinds.flat_map(|(name, kind)| {
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["", "_bucket", "_sum", "_count"],
            _ => &[""],
        };
        endings.iter().map(move |ending| format!("{name}{ending}"))
    });
    all.collect()
}

/// The names of ours in a text.
fn named(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("facteur_"))
        .map(str::to_owned)
        .collect()
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_named_exists_and_says_what_it_is() {
    let product = Product::dev(&[]).await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
    let metrics = product.raw("GET", "/metrics", &[], Vec::new()).await.text;
    let (names, families) = (names(&metrics), metrics.matches("# TYPE ").count());
    assert_eq!(families, metrics.matches("# HELP ").count(), "each has its HELP");
    let dull = metrics.lines().filter(|line| line.starts_with("# HELP ") && line.split(' ').count() < 5);
    assert_eq!(dull.collect::<Vec<_>>(), Vec::<&str>::new(), "a HELP says something");
    let board: Value = serde_json::from_str(&read("grafana/facteur.json")).expect("the board is JSON");
    let panels = board["panels"].as_array().expect("panels");
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default())
        .map(|target| target["expr"].as_str().expect("a query"))
        .collect();
    assert!(queries.len() >= 40, "{}", queries.len());
    assert!(queries.iter().all(|query| !named(query).is_empty()), "each query asks for something of ours");
    for (source, text) in [
        ("board", queries.join(" ")),
        ("alerts", read("grafana/alerts.yml")),
        ("monitoring.md", read("monitoring.md")),
        ("running.md", read("running.md")),
    ] {
        let rooms = ["facteur_gateway", "facteur_http", "facteur_store"];
        let wanted: Vec<String> =
            named(&text).into_iter().filter(|name| !rooms.contains(&name.as_str())).collect();
        let missing: Vec<&String> = wanted.iter().filter(|name| !names.contains(*name)).collect();
        assert!(!wanted.is_empty() && missing.is_empty(), "{source} names {missing:?}; there are {names:#?}");
    }
    for bind in [1, 2] {
        let up = format!("facteur_bind_up{{route=\"box\",bind=\"{bind}\"}} 1");
        assert!(metrics.contains(&up), "{up} in {metrics}");
    }
    // Nobody's number, name or message is in a label.
    assert!(!metrics.contains("33612345678") && !metrics.contains("MyCompany") && !metrics.contains(&id));
    // Every alert of the file is explained on the page, and the other way round.
    let words = |text: &str| -> BTreeSet<String> {
        let camel = |word: &&str| word.starts_with("Facteur") && word.len() > 7;
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(camel).map(str::to_owned).collect()
    };
    assert_eq!(words(&read("grafana/alerts.yml")), words(&read("monitoring.md")));
}
