//! The first minutes of somebody who reads nothing: from the link that `serve` printed to a message on a phone.

use facteur_smsc::Options;

use crate::browser::{Browser, Look, ready};
use crate::common::{Far, Product, until};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_printed_link_to_a_delivered_message() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve_nothing(&far.address()).await;
    let browser = Browser::open(&product, Look::FRENCH).await;
    let link = ready(&product)["console"].as_str().expect("a link").to_owned();
    browser.driver.goto(&link).await.expect("a page");
    browser.fill("email", "claire@exemple.fr").await;
    browser.fill("name", "Claire").await;
    browser.fill("password", "un facteur sonne deux fois").await;
    browser.fill("again", "un facteur sonne deux fois").await;
    browser.press("main button").await;

    browser.see_text("h1", "Bienvenue").await;
    browser.fill("name", "Café du Port").await;
    browser.fill("siren", "123").await;
    browser.press("main form button.primary").await;
    browser.see("#e-siren").await;
    browser.fill("siren", "732 829 320").await;
    browser.press("main form button.primary").await;
    browser.see_text(".flash", "Café du Port").await;

    browser.press(".timeline a[href$='/senders/new']").await;
    for (field, text) in [
        ("sender_id", "CafePort"),
        ("legal_name", "Café du Port SARL"),
        ("siren", "732829320"),
        ("website", "https://exemple.fr"),
        ("use_case", "Confirmations de réservation"),
        ("example_content", "Votre table est réservée."),
    ] {
        browser.fill(field, text).await;
    }
    let class = browser.see("[name='class']").await;
    class.send_keys("Transactionnel").await.expect("chosen");
    browser.press("form.columns button.primary").await;
    browser.see_text(".flash", "CafePort est déclaré").await;

    browser.press("nav a[href^='/console/wsp_']").await;
    browser.press(".timeline a[href='/console/platform/review']").await;
    browser.press("tbody a").await;
    browser.press("form[action$='/validate'] button").await;
    browser.see_text(".flash", "CafePort").await;

    browser.goto("/console").await;
    browser.press(".timeline a[href$='/send']").await;
    browser.fill("to", "06 12 34 56 78").await;
    browser.fill("message", "Votre table est réservée pour 20 h.").await;
    browser.see(".live .callout.good").await;
    browser.press("button[value='send']").await;
    browser.see_text("h1 .badge", "Livré").await;
    until("the message on the phone", async || {
        (far.network.deliveries("+33612345678", "Votre table est réservée pour 20 h.") == 1).then_some(())
    })
    .await;
    browser.goto("/console").await;
    browser.see(".stats").await;
}
