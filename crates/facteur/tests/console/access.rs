//! Every page before axe-core, which finds what people who do not see, or use no mouse, cannot use.

use serde_json::Value;

use crate::browser::{Browser, Look};
use crate::common::Product;
use crate::pictures::{self, full};

/// axe-core 4 (Deque, MPL-2.0): `axe.LICENSE` beside it.
const AXE: &str = include_str!("axe.min.js");
/// Runs it with the rules of WCAG 2.2 AA and answers what is serious.
const RUN: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then((found) => \
    done(found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)) \
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)), \
    (why) => done([String(why)]));";

#[tokio::test]
async fn no_page_shuts_anybody_out() {
    let product = Product::dev(&["--quiet"]).await;
    full(&product).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let pages = pictures::every_page(&browser).await;
    let mut serious = Vec::new();
    for dark in [false, true] {
        browser.darken(dark).await;
        for (name, path) in &pages {
            browser.goto(path).await;
            browser.driver.execute(AXE, vec![]).await.expect("it loads");
            let found = browser.driver.execute_async(RUN, vec![]).await.expect("it runs");
            let found = found.json().as_array().cloned().unwrap_or_else(|| vec![Value::from("no answer")]);
            serious.extend(
                found.iter().map(|one| format!("{name} dark={dark}: {}", one.as_str().unwrap_or("?"))),
            );
        }
    }
    assert!(serious.is_empty(), "{serious:#?}");
}
