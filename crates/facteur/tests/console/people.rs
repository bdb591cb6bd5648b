//! What people do with one another: a reviewer verifies what an owner declared, a phone answers, somebody
//! says STOP, a key is revoked.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::browser::{Browser, Look};
use crate::common::{Product, until};

/// Where a workspace's pages are, of a browser that has just signed in.
async fn base(browser: &Browser) -> String {
    browser.path().await.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// The simulated phone writes to a short code, by the page of phones.
async fn write(browser: &Browser, phone: &str, code: &str, text: &str) {
    browser.goto(&format!("/console/platform/phones/{phone}")).await;
    browser.fill("code", code).await;
    browser.fill("text", text).await;
    browser.press("form.answer .actions button.primary").await;
    browser.see_text(".flash", text).await;
}

/// A STOP from a simulated phone: the thread shows it, and the next marketing is refused.
#[tokio::test]
async fn a_phone_s_stop_refuses_the_next_send() {
    let product = Product::dev(&["--quiet", "--clock", "2026-11-25T10:00:00+01:00"]).await;
    let consent = json!({"number": "+33639980001", "basis": "consent", "advertiser": "Démo", "purpose": "offres",
        "collected_at": "2026-06-01T10:00:00+02:00", "source": "formulaire", "text_shown": "J’accepte"});
    product.post("/v2/api/consents", &consent, &[]).await.data();
    let offer = json!({"sender_id": "36180", "to": "+33639980001", "message": "Soldes d'hiver ❄️",
        "class": "marketing"});
    let id = product.post("/v1/api/sms", &offer, &[]).await.id();
    product.reaches(&id, &["delivered"]).await;

    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let base = base(&browser).await;
    browser.goto("/console/platform/phones/33639980001").await;
    browser.see_text(".turn-text", "Soldes d'hiver").await;
    browser.press("button[name='quick'][value='STOP']").await;
    browser.see_text(".flash", "STOP").await;
    browser.goto(&format!("{base}/conversations")).await;
    until("the thread with its STOP", async || {
        browser.driver.refresh().await.ok()?;
        browser.driver.find(By::Css(".threads .badge.bad")).await.ok()
    })
    .await;
    browser.press(".threads a").await;
    browser.see_text(".thread .callout.bad", "STOP depuis le").await;
    let refused = product.post("/v1/api/sms", &offer, &[]).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "MESSAGE_NOT_COMPLIANT"), "{}", refused.text);
}

/// A thread is answered, what arrives is shown as it comes, and no text of a phone becomes a part of the page.
#[tokio::test]
async fn a_conversation_is_answered_and_kept_up_to_date() {
    let product = Product::dev(&["--quiet"]).await;
    let first = json!({"sender_id": "38180", "to": "+33612345678", "message": "Votre colis est là.",
        "class": "transactional"});
    let id = product.post("/v1/api/sms", &first, &[]).await.id();
    product.reaches(&id, &["delivered"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let base = base(&browser).await;
    write(&browser, "33612345678", "38180", "J'arrive <img src=x onerror=alert(1)>").await;
    browser.goto(&format!("{base}/conversations")).await;
    until("the thread", async || {
        browser.driver.refresh().await.ok()?;
        browser.driver.find(By::Css(".threads a.unread")).await.ok()
    })
    .await;
    browser.press(".threads a").await;
    browser.see_text("#bubbles", "J'arrive <img src=x").await;
    assert!(browser.driver.find(By::Css("#bubbles img")).await.is_err(), "a text stays a text");
    browser.fill("text", "À tout à l'heure !").await;
    browser.press("form.answer button.primary").await;
    browser.see_text(".flash", "Réponse acceptée").await;
    browser.see_text("#bubbles", "À tout à l'heure !").await;
    // Its delivery, without asking again.
    browser.see_text("#bubbles .turn:last-of-type .badge", "Livré").await;
    browser.fill("text", " ").await;
    browser
        .driver
        .execute("document.querySelector('[name=text]').required = false", vec![])
        .await
        .expect("done");
    browser.press("form.answer button.primary").await;
    browser.see_text(".callout.bad", "Écrivez un message").await;
}

/// What an owner declares is verified by a reviewer in another session.
#[tokio::test]
async fn a_reviewer_verifies_what_an_owner_declared() {
    let product = Product::dev(&["--quiet"]).await;
    let owner = Browser::signed_in(&product, Look::FRENCH).await;
    let base = base(&owner).await;
    owner.goto(&format!("{base}/senders/new")).await;
    for (field, text) in [
        ("sender_id", "CafePort"),
        ("legal_name", "Café d'Été SARL 🌞"),
        ("siren", "732829320"),
        ("website", "https://exemple.fr"),
        ("use_case", "Confirmations de réservation"),
        ("example_content", "Votre table est réservée."),
    ] {
        owner.fill(field, text).await;
    }
    owner.press("form.columns button.primary").await;
    owner.see_text(".flash", "CafePort").await;

    let told =
        product.admin(&["users", "create", "rita@exemple.fr", "--name", "Rita", "--platform", "reviewer"]);
    let reviewer = Browser::open(&product, Look { lang: "en", ..Look::FRENCH }).await;
    reviewer.goto(told["link"].as_str().expect("a link")).await;
    reviewer.fill("password", "trois colis et une lettre").await;
    reviewer.fill("again", "trois colis et une lettre").await;
    reviewer.press("main button").await;
    reviewer.see_text("h1", "Review").await;
    reviewer.press("tbody a").await;
    reviewer.see_text(".facts", "Café d'Été SARL 🌞").await;
    reviewer.press("form[action$='/validate'] button").await;
    reviewer.see_text(".flash", "CafePort is validated").await;
    owner.driver.refresh().await.expect("a page");
    owner.see_text(".badge", "Validé").await;
    let message = json!({"sender_id": "CafePort", "to": "+33612345678", "message": "Votre table est réservée.",
        "class": "transactional"});
    let id = product.post("/v1/api/sms", &message, &[]).await.id();
    product.reaches(&id, &["delivered"]).await;
}

/// A key is made, works, is revoked, and is refused.
#[tokio::test]
async fn a_revoked_key_is_refused() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let base = base(&browser).await;
    browser.goto(&format!("{base}/settings/keys/new")).await;
    browser.fill("label", "Boutique d'Élodie").await;
    browser.press("main form button.primary").await;
    let secret = browser.see("[data-copy]").await.attr("data-copy").await.expect("read").expect("a secret");
    let me =
        async || product.raw("GET", "/v2/api/me", &[("Authorization", &secret)], Vec::new()).await.status;
    assert_eq!(me().await, 200);
    browser.goto(&format!("{base}/settings/keys")).await;
    browser.press("tbody tr:first-child a.danger-text").await;
    browser.see_text(".plain-list", "401").await;
    assert_eq!(me().await, 200, "asked, not done");
    browser.press("main button.danger").await;
    browser.see_text(".flash", "Boutique d'Élodie").await;
    assert_eq!(me().await, 401);
}

/// A keyword is checked while it is typed, tried on the page, and answers a phone.
#[tokio::test]
async fn a_keyword_answers_a_phone() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    browser.press("nav a[href$='/keywords']").await;
    browser.press(".page-head a.primary").await;
    browser.fill("words", "stop").await;
    browser.see_text(".live .check.bad", "répond elle-même").await;
    browser.fill("words", "HORAIRES\nheures").await;
    browser.fill("reply", "Du lundi au samedi, de 9 h à 19 h.").await;
    browser.see(".live .check.good").await;
    browser.press("form.columns button.primary").await;
    browser.see_text(".flash", "HORAIRES").await;
    browser.fill("text", "heures ?").await;
    browser.see_text(".live .bubble", "de 9 h à 19 h").await;
    let code = browser.see("[name='code']").await.prop("value").await.expect("read").expect("a code");
    write(&browser, "33612345678", &code, "Horaires").await;
    until("the answer on the phone", async || {
        browser.driver.refresh().await.ok()?;
        let page = browser.see("main").await.text().await.ok()?;
        page.contains("de 9 h à 19 h").then_some(())
    })
    .await;
}
