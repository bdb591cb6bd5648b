use thirtyfour::prelude::*;

use crate::browser::{Browser, Look};
use crate::common::{Product, until};

/// Requirement `seed-sender-declared`.
#[tokio::test]
async fn a_sender_is_checked_while_it_is_typed_and_declared() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    browser.driver.find(By::LinkText("Sender ID")).await.expect("a link").click().await.expect("pressed");
    browser.press(".page-head a.primary").await;
    browser.fill("sender_id", "1234").await;
    browser.see(".live .check.bad").await;
    browser.fill("sender_id", "LeQuai").await;
    browser.see(".live .check:not(.bad)").await;
    browser.fill("legal_name", "Le Quai d'Été SAS").await;
    browser.fill("siren", "732829320").await;
    browser.fill("website", "lequai.fr").await;
    browser.fill("use_case", "Offres à nos abonnés 🎁").await;
    browser.fill("example_content", "Soldes ce samedi").await;
    browser.press("form.columns button.primary").await;
    browser.see_text("h1", "LeQuai").await;
    browser.see_text(".flash", "LeQuai est déclaré").await;
    browser.see_text(".badge", "En validation").await;
    let kbis = product.folder.path().join("kbis.pdf");
    std::fs::write(&kbis, "%PDF-1.7 Kbis").expect("a file");
    browser.see("input[type='file']").await.send_keys(kbis.to_str().expect("UTF-8")).await.expect("chosen");
    browser.press("form.upload button").await;
    browser.see_text(".flash", "kbis.pdf est ajouté").await;
    let told = product.admin(&["senders", "validate", "LeQuai"]);
    assert!(!told.is_null());
    // The gateway sees what the command line changed within a fifth of a second.
    until("it is validated", async || {
        browser.driver.refresh().await.expect("a page");
        let badge = browser.see(".badge").await.text().await.ok()?;
        badge.contains("Validé").then_some(())
    })
    .await;
}

#[tokio::test]
async fn consents_are_imported_with_a_report() {
    let product = Product::dev(&["--quiet"]).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    browser.driver.find(By::LinkText("Consentements")).await.expect("a link").click().await.expect("pressed");
    browser
        .driver
        .find(By::LinkText("Importer un fichier"))
        .await
        .expect("a link")
        .click()
        .await
        .expect("pressed");
    let file = product.folder.path().join("clients.csv");
    let heading = "number;basis;purpose;collected_at;source;text_shown\n";
    let good = |n: u32| format!("06399800{:02};consent;offres;01/01/2026;boutique;J'accepte\n", n % 100);
    let lines: String =
        (0..2000).map(|n| if n == 7 { "abc;consent\n".to_owned() } else { good(n) }).collect();
    std::fs::write(&file, format!("{heading}{lines}")).expect("a file");
    browser.see("input[type='file']").await.send_keys(file.to_str().expect("UTF-8")).await.expect("chosen");
    browser.press("form button.primary").await;
    browser.see_text("#import .stats", "1\u{202f}999").await;
    browser.see_text("#import table", "9").await;
}
