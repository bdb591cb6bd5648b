//! Pictures of every page, for people to look at: both languages, two widths, light and dark.

use std::path::PathBuf;

use serde_json::json;
use thirtyfour::By;

use crate::browser::{Browser, Look};
use crate::common::{Product, until};

/// Pages of a workspace: a name for the file, and a path below the workspace's.
const PAGES: &[(&str, &str)] = &[
    ("overview", ""),
    ("send", "/send"),
    ("messages", "/messages"),
    ("held", "/held"),
    ("senders", "/senders"),
    ("sender-new", "/senders/new"),
    ("short-codes", "/short-codes"),
    ("keywords", "/keywords"),
    ("keyword-new", "/keywords/new"),
    ("hours", "/hours"),
    ("hours-edit", "/hours/edit"),
    ("consents", "/consents"),
    ("consent-new", "/consents/new"),
    ("consent-import", "/consents/import"),
    ("opt-outs", "/opt-outs"),
    ("opt-out-new", "/opt-outs/new"),
    ("conversations", "/conversations"),
    ("conversations-archived", "/conversations?folder=archived"),
    ("company", "/settings/company"),
    ("keys", "/settings/keys"),
    ("key-new", "/settings/keys/new"),
    ("webhooks", "/settings/webhooks"),
    ("webhook-new", "/settings/webhooks/new"),
    ("members", "/settings/members"),
    ("member-invite", "/settings/members/invite"),
    ("audit", "/settings/audit"),
];
/// Pages outside a workspace.
const OTHERS: &[(&str, &str)] = &[
    ("account", "/console/account"),
    ("second-factor", "/console/account/second-factor"),
    ("components", "/console/components"),
    ("not-found", "/console/nowhere"),
    ("review", "/console/platform/review"),
    ("workspaces", "/console/platform/workspaces"),
    ("workspace-new", "/console/platform/workspaces/new"),
    ("routes", "/console/platform/routes"),
    ("rules", "/console/platform/rules"),
    ("phones", "/console/platform/phones"),
    ("phone", "/console/platform/phones/33639980008"),
];

/// Pages that a list leads to: a name, the list, and its link.
const LED_TO: &[(&str, &str, &str)] = &[
    ("message", "/messages", "#messages tbody a"),
    ("sender", "/senders", "tbody a"),
    ("conversation", "/conversations", ".threads li:last-child a"),
    ("webhook", "/settings/webhooks", "tbody a"),
    ("key-revoke", "/settings/keys", "a.danger-text"),
];

/// Something of everything: messages in several states, phones that answered, a sender to review with its
/// evidence, a webhook that fails.
pub(crate) async fn full(product: &Product) {
    for n in 0..12u32 {
        product.send(&format!("+336399800{:02}", n * 8 % 84), "Votre commande est prête, à demain !").await;
    }
    for (to, text) in [
        ("+33639980084", "Votre rendez-vous de demain est confirmé."),
        ("+33639980085", "L’équipe d’Élodie 🎉 vous remercie."),
    ] {
        let message = json!({"sender_id": "38180", "to": to, "message": text, "class": "transactional"});
        let id = product.post("/v1/api/sms", &message, &[]).await.id();
        product.reaches(&id, &["delivered"]).await;
    }
    let hook = json!({"url": "http://127.0.0.1:9/sms", "topics": ["sms.delivered", "sms.received"]});
    product.post("/v2/api/webhooks", &hook, &[]).await.data();
    let declared = json!({"sender_id": "CafePort", "legal_name": "Café d’Été SARL", "siren": "732829320",
        "website": "https://exemple.fr", "use_case": "Réservations", "example_content": "Votre table est prête."});
    let sender = product.post("/v2/api/sender_ids", &declared, &[]).await.id();
    let key: &str = &product.key;
    let headers = [("Authorization", key), ("Content-Type", "application/pdf")];
    let evidence = format!("/v2/api/sender_ids/{sender}/evidence?name=kbis.pdf");
    product.raw("POST", &evidence, &headers, b"%PDF-1.7 Kbis".to_vec()).await.data();
    until("both phones' answers", async || {
        let found = product.get("/v2/api/conversations?allo_number=38180").await.json();
        (found["data"].as_array()?.len() >= 2).then_some(())
    })
    .await;
}

/// Pages that are there whatever the workspace has: a name, and where it is. The browser is on a page of the
/// workspace.
pub(crate) async fn fixed_pages(browser: &Browser) -> Vec<(String, String)> {
    let workspace = workspace(browser).await;
    let inside = PAGES.iter().map(|(name, path)| ((*name).to_owned(), format!("{workspace}{path}")));
    let outside = OTHERS.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    inside.chain(outside).collect()
}

/// Where the pages of the workspace are that the browser is in.
async fn workspace(browser: &Browser) -> String {
    browser.path().await.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Every page, also those that lists lead to.
pub(crate) async fn every_page(browser: &Browser) -> Vec<(String, String)> {
    let workspace = workspace(browser).await;
    let mut pages = fixed_pages(browser).await;
    let review = ("review-one", "/console/platform/review".to_owned(), "tbody a");
    let led = LED_TO.iter().map(|(name, list, link)| (*name, format!("{workspace}{list}"), *link));
    for (name, list, link) in led.chain([review]) {
        browser.goto(&list).await;
        let to = until(&format!("{link} on {list}"), async || {
            browser.driver.find(By::Css(link)).await.ok()?.prop("pathname").await.ok()?
        })
        .await;
        pages.push((name.to_owned(), to));
    }
    pages
}

/// The three pictures of the README. Run by `scripts/screenshots --readme`.
#[tokio::test]
#[ignore = "writes pictures; scripts/screenshots runs it"]
async fn pictures_of_the_readme() {
    let folder =
        std::env::var_os("FACTEUR_SCREENSHOTS").map_or_else(|| PathBuf::from("docs/pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let product = Product::dev(&["--quiet", "--clock", "2026-11-25T10:12:00+01:00"]).await;
    full(&product).await;
    let browser = Browser::signed_in(&product, Look::FRENCH).await;
    let pages = every_page(&browser).await;
    for name in ["overview", "message", "conversation"] {
        let (_, path) = pages.iter().find(|(page, _)| page == name).expect("a page");
        browser.goto(path).await;
        browser.window(&folder.join(format!("{name}.png"))).await;
    }
}

/// Run by `scripts/screenshots`, which says where to: pictures are for eyes, not for assertions. That no
/// page is wider than its window is asserted all the same.
#[tokio::test]
#[ignore = "writes pictures; scripts/screenshots runs it"]
async fn pictures_of_every_page() {
    let folder =
        std::env::var_os("FACTEUR_SCREENSHOTS").map_or_else(|| PathBuf::from("screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut product = Product::dev(&["--quiet"]).await;
    full(&product).await;
    let mut wide = Vec::new();
    for lang in ["fr", "en"] {
        for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true), (360, false)] {
            let browser = Browser::signed_in(&product, Look { lang, width, dark }).await;
            for (name, path) in every_page(&browser).await {
                browser.goto(&path).await;
                let theme = if dark { "dark" } else { "light" };
                browser.picture(&folder.join(format!("{name}-{lang}-{width}-{theme}.png"))).await;
                if browser.overflows().await {
                    wide.push(format!("{name} {lang} {width}"));
                }
            }
            drop(browser);
            // A link works once: the next start prints another.
            product.stop().await;
            product.restart().await;
        }
    }
    assert!(wide.is_empty(), "wider than the window: {wide:?}");
}
