//! Pictures of every page, for people to look at: both languages, two widths, light and dark.

use std::path::PathBuf;

use crate::browser::{Browser, Look};
use crate::common::Product;

/// Pages of a workspace: a name for the file, and a path below the workspace's.
const PAGES: &[(&str, &str)] = &[
    ("overview", ""),
    ("send", "/send"),
    ("messages", "/messages"),
    ("held", "/held"),
    ("senders", "/senders"),
    ("sender-new", "/senders/new"),
    ("short-codes", "/short-codes"),
    ("hours", "/hours"),
    ("hours-edit", "/hours/edit"),
    ("consents", "/consents"),
    ("consent-new", "/consents/new"),
    ("consent-import", "/consents/import"),
    ("opt-outs", "/opt-outs"),
    ("opt-out-new", "/opt-outs/new"),
    ("audit", "/settings/audit"),
];
/// Pages outside a workspace.
const OTHERS: &[(&str, &str)] = &[
    ("account", "/console/account"),
    ("second-factor", "/console/account/second-factor"),
    ("components", "/console/components"),
    ("not-found", "/console/nowhere"),
];

/// Run by `scripts/screenshots`, which says where to: pictures are for eyes, not for assertions. That no
/// page is wider than its window is asserted all the same.
#[tokio::test]
#[ignore = "writes pictures; scripts/screenshots runs it"]
async fn pictures_of_every_page() {
    let folder =
        std::env::var_os("FACTEUR_SCREENSHOTS").map_or_else(|| PathBuf::from("screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut product = Product::dev(&["--quiet"]).await;
    for n in 0..12u32 {
        product.send(&format!("+336399800{:02}", n * 8 % 84), "Votre commande est prête, à demain !").await;
    }
    let mut wide = Vec::new();
    for lang in ["fr", "en"] {
        for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
            let browser = Browser::signed_in(&product, Look { lang, width, dark }).await;
            let home = browser.path().await;
            let workspace: String = home.split('/').take(3).collect::<Vec<_>>().join("/");
            let inside = PAGES.iter().map(|(name, path)| (*name, format!("{workspace}{path}")));
            let outside = OTHERS.iter().map(|(name, path)| (*name, (*path).to_owned()));
            for (name, path) in inside.chain(outside) {
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
