//! Sending, as a person does it.

use crate::browser::{Browser, Look};
use crate::common::Product;

/// The verdict comes while the message is typed, a refusal says why, and the story is seen to end without a
/// key being touched.
#[tokio::test]
async fn a_message_is_judged_while_it_is_typed_and_seen_delivered() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    browser.press("nav a[href$='/send']").await;
    browser.fill("to", "+33123456789").await;
    browser.fill("message", "Bonjour, votre colis est arrivé").await;
    browser.see(".live .callout.bad").await;
    browser.fill("to", "+33612345678").await;
    browser.see(".live .callout.good").await;
    browser.see_text(".live .bubble", "votre colis").await;
    browser.press("button[value='send']").await;
    browser.see_text("h1 .badge", "Livré").await;
    browser.see_text(".timeline", "Pris par l’opérateur").await;
}
