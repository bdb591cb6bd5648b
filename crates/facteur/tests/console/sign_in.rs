use crate::browser::{Browser, Look, ready};
use crate::common::Product;

#[tokio::test]
async fn the_printed_link_signs_in_once() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    browser.see_text(".switch-one", "Démo").await;
    browser.goto("/console/account").await;
    browser.see_text("h1", "Mon compte").await;
    let link = ready(&product)["console"].as_str().expect("a link").to_owned();
    let thief = Browser::open(&product, Look { lang: "en", ..Look::FRENCH }).await;
    thief.driver.goto(&link).await.expect("a page");
    thief.see_text("h1", "This link can no longer be used").await;
    browser.press(".side-tools form[action='/console/sign-out'] button").await;
    browser.see_text("h1", "Se connecter").await;
    browser.goto("/console/account").await;
    assert_eq!(browser.path().await, "/console/sign-in");
}

#[tokio::test]
async fn a_password_is_chosen_and_signs_in_again() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look { lang: "en", ..Look::FRENCH }).await;
    browser.goto("/console/account").await;
    browser.fill("new", "too short").await;
    browser.fill("again", "too short").await;
    browser.press("form[action='/console/account/password'] button").await;
    browser.see_text("#e-new", "twelve characters").await;
    browser.fill("new", "a postman rings twice").await;
    browser.fill("again", "a postman rings twice").await;
    browser.press("form[action='/console/account/password'] button").await;
    browser.see_text(".flash", "The password is changed").await;
    let other = Browser::open(&product, Look { lang: "en", ..Look::FRENCH }).await;
    other.goto("/console/account").await;
    other.fill("email", "demo@exemple.fr").await;
    other.fill("password", "a postman rings twice").await;
    other.press("main button").await;
    other.see_text("h1", "My account").await;
}
