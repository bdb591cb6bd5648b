//! The main paths with the keyboard alone: Tab, Enter, Space and Escape, as whoever uses no mouse goes.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::browser::{Browser, Look};
use crate::common::{Product, until};

/// What the keyboard is on: whether it is this, and whether that is seen. The box of the menu is seen by the
/// sign beside it.
const AT: &str = "const at = document.activeElement; \
    const seen = at.id === 'menu' ? document.querySelector('.menu-button') : at; \
    const style = getComputedStyle(seen); \
    return [at.matches(arguments[0]), at === document.body, \
    style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, at.outerHTML.slice(0, 120)];";
/// Stops of the keyboard on a page at most.
const STOPS_MAX: usize = 90;

async fn key(browser: &Browser, key: Key) {
    browser.driver.action_chain().send_keys(key).perform().await.expect("a key is pressed");
}

async fn type_in(browser: &Browser, text: &str) {
    browser.driver.action_chain().send_keys(text).perform().await.expect("keys are pressed");
}

/// Goes from stop to stop until the keyboard is on this; every stop on the way can be seen.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..STOPS_MAX {
        key(browser, Key::Tab).await;
        let at = browser.driver.execute(AT, vec![json!(css)]).await.expect("an answer");
        let (here, nowhere, seen, what) =
            at.convert::<(bool, bool, bool, String)>().expect("what has the focus");
        assert!(nowhere || seen, "the focus is not seen on {what}");
        if here {
            return;
        }
    }
    panic!("the keyboard does not reach {css} on {}", browser.path().await);
}

async fn focus_is_on(browser: &Browser, css: &str) {
    until(&format!("the focus on {css}"), async || {
        browser.driver.execute(AT, vec![json!(css)]).await.ok()?.json()[0].as_bool()?.then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_main_paths_need_no_mouse() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::open(&product, Look::FRENCH).await;
    let link = crate::browser::ready(&product)["console"].as_str().expect("a link").to_owned();
    browser.driver.goto(&link).await.expect("a page");
    tab_to(&browser, "main button").await;
    key(&browser, Key::Enter).await;
    browser.see("nav a[aria-current='page']").await;

    // The first stop leads past the navigation.
    tab_to(&browser, ".skip").await;
    key(&browser, Key::Enter).await;
    focus_is_on(&browser, "main").await;
    tab_to(&browser, "main a.primary[href$='/send']").await;
    key(&browser, Key::Enter).await;

    // A message, its verdict, its end: read out, one line each.
    browser.see("[name='message']").await;
    tab_to(&browser, "[name='to']").await;
    type_in(&browser, "06 12 34 56 78").await;
    tab_to(&browser, "[name='message']").await;
    type_in(&browser, "Bonjour, votre colis est là.").await;
    browser.see_text("#news", "peut partir").await;
    focus_is_on(&browser, "[name='message']").await;
    tab_to(&browser, "button[value='send']").await;
    key(&browser, Key::Enter).await;
    browser.see_text("h1 .badge", "Livré").await;

    // What is dangerous asks, and can be left.
    tab_to(&browser, "nav a[href$='/settings/keys']").await;
    key(&browser, Key::Enter).await;
    browser.see("tbody a.danger-text").await;
    tab_to(&browser, "tbody a.danger-text").await;
    key(&browser, Key::Enter).await;
    browser.see("main button.danger").await;
    tab_to(&browser, "main button.danger").await;
    tab_to(&browser, "main .actions a.button").await;
    key(&browser, Key::Enter).await;
    browser.see_text("h1", "Clés d’API").await;

    // A sender is declared, checked meanwhile.
    tab_to(&browser, "nav a[href$='/senders']").await;
    key(&browser, Key::Enter).await;
    tab_to(&browser, "main a.primary").await;
    key(&browser, Key::Enter).await;
    browser.see("[name='sender_id']").await;
    for (name, text) in [
        ("sender_id", "LeQuai"),
        ("legal_name", "Le Quai d'Été SAS"),
        ("siren", "732829320"),
        ("website", "lequai.fr"),
        ("use_case", "Rappels de rendez-vous"),
        ("example_content", "À demain 10 h"),
    ] {
        tab_to(&browser, &format!("[name='{name}']")).await;
        type_in(&browser, text).await;
    }
    tab_to(&browser, "form.columns button.primary").await;
    key(&browser, Key::Space).await;
    browser.see_text(".flash", "LeQuai est déclaré").await;
}

#[tokio::test]
async fn the_keyboard_stays_where_it_was_when_a_list_changes() {
    let product = Product::dev(&["--quiet"]).await;
    let first = product.send("+33612345678", "Le premier").await.id();
    product.reaches(&first, &["delivered"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let base = browser.path().await;
    browser.goto(&format!("{base}/messages")).await;
    let row = format!("#messages a[href$='{first}']");
    tab_to(&browser, &row).await;
    product.send("+33612345679", "Le second").await.id();
    browser.see_text("#messages", "Le second").await;
    focus_is_on(&browser, &row).await;
    // Without the service, what is shown stays, and is said to be old.
    let mut product = product;
    product.stop().await;
    browser.driver.execute("htmx.trigger('#messages', 'live')", vec![]).await.expect("asked");
    browser.see("#stale:not([hidden])").await;
    browser.see_text("#messages", "Le premier").await;
}

#[tokio::test]
async fn the_menu_of_a_narrow_screen_opens_and_closes() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look { width: 390, ..Look::FRENCH }).await;
    let side = browser.see(".side").await;
    assert!(!side.is_displayed().await.expect("read"));
    tab_to(&browser, "#menu").await;
    key(&browser, Key::Space).await;
    assert!(side.is_displayed().await.expect("read"));
    tab_to(&browser, "nav a[href$='/messages']").await;
    key(&browser, Key::Escape).await;
    focus_is_on(&browser, "#menu").await;
    assert!(!side.is_displayed().await.expect("read"));
    key(&browser, Key::Space).await;
    // Who walks on is back in the page, and the menu out of the way.
    tab_to(&browser, "main a, main button").await;
    assert!(!side.is_displayed().await.expect("read"));
}
