//! Every page before axe-core, which finds what people who do not see, or use no mouse, cannot use.

use serde_json::{Value, json};

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
/// Sends the first form of the page as it is, whatever the browser thinks of it.
const SEND: &str = "const form = document.querySelector('main form[method=post]:not(.inline-form)'); \
    form.noValidate = true; form.querySelector('button.primary, button').click();";
/// Pages with forms that have something to mend when they are sent empty.
const FORMS: &[&str] = &[
    "send",
    "sender-new",
    "consent-new",
    "consent-import",
    "opt-out-new",
    "webhook-new",
    "key-new",
    "member-invite",
    "workspace-new",
];

const fn look(lang: &'static str, width: u32, dark: bool) -> Look {
    Look { lang, width, dark }
}

/// What is serious on the page that is shown.
async fn serious(browser: &Browser, name: &str, how: Look) -> Vec<String> {
    browser.driver.execute(AXE, vec![]).await.expect("it loads");
    let found = browser.driver.execute_async(RUN, vec![]).await.expect("it runs");
    let found = found.json().as_array().cloned().unwrap_or_else(|| vec![Value::from("no answer")]);
    found.iter().map(|one| format!("{name} {how:?}: {}", one.as_str().unwrap_or("?"))).collect()
}

/// What is serious on these pages in these looks, each page in the next of the looks, or in all of them; and
/// on forms that were sent empty.
async fn looked_at(
    browser: &mut Browser,
    pages: &[(String, String)],
    looks: &[Look],
    all: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (turn, how) in looks.iter().enumerate() {
        browser.become_like(*how).await;
        for (at, (name, path)) in pages.iter().enumerate() {
            if !all && at % looks.len() != turn {
                continue;
            }
            browser.goto(path).await;
            found.extend(serious(browser, name, *how).await);
            if FORMS.contains(&name.as_str()) {
                browser.driver.execute(SEND, vec![json!(null)]).await.expect("sent");
                browser.see("main .error, main .callout.bad").await;
                found.extend(serious(browser, &format!("{name} to mend"), *how).await);
            }
        }
    }
    found
}

/// Every page once, every other one in English, dark and narrow.
#[tokio::test]
async fn no_page_shuts_anybody_out() {
    let product = Product::dev(&["--quiet"]).await;
    full(&product).await;
    let mut browser = Browser::signed_in(&product, Look::FRENCH).await;
    let pages = pictures::every_page(&browser).await;
    let looks = [Look::FRENCH, look("en", 390, true)];
    let found = looked_at(&mut browser, &pages, &looks, false).await;
    assert!(found.is_empty(), "{found:#?}");
}

/// Every page, empty and full, in all eight looks. Takes minutes: `cargo test -p facteur --test console --
/// --ignored in_every_look`.
#[tokio::test]
#[ignore = "takes minutes; the other one looks at a half of each"]
async fn no_page_shuts_anybody_out_in_every_look() {
    let product = Product::dev(&["--quiet"]).await;
    let mut browser = Browser::signed_in(&product, Look::FRENCH).await;
    let empty = pictures::fixed_pages(&browser).await;
    let mut found = looked_at(&mut browser, &empty, &[Look::FRENCH, look("en", 390, true)], true).await;
    full(&product).await;
    browser.goto("/console").await;
    browser.see("nav a[aria-current='page']").await;
    let pages = pictures::every_page(&browser).await;
    let looks: Vec<Look> = ["fr", "en"]
        .into_iter()
        .flat_map(|lang| [1280, 390].map(|width| (lang, width)))
        .flat_map(|(lang, width)| [false, true].map(|dark| look(lang, width, dark)))
        .collect();
    found.extend(looked_at(&mut browser, &pages, &looks, true).await);
    assert!(found.is_empty(), "{found:#?}");
}
