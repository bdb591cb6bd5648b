//! `facteur preview`: the verdict before the send, for people and for scripts.

use std::process::Output;

use serde_json::{Value, json};

use crate::common::{Product, facteur};

/// A Sunday, on which marketing is closed; the next day opens at eight.
const SUNDAY: &str = "2026-11-22T11:00:00+01:00";
const PHONE: &str = "+33612345678";

fn preview(product: &Product, locale: &str, words: &[&str]) -> Output {
    let mut command = facteur(&["preview", "--url", &product.api, "--key", &product.key]);
    command.args(words).env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", locale);
    command.output().expect("the binary runs")
}

fn shown(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn preview_tells_the_verdict_its_reasons_and_its_parts() {
    let product = Product::dev(&["--quiet", "--clock", SUNDAY]).await;
    let marketing = ["--sender-id", "MaBoutique", "--to", PHONE, "--message", "Soldes samedi"];

    let refused = preview(&product, "fr_FR.UTF-8", &marketing);
    assert_eq!(refused.status.code(), Some(2), "no consent");
    let text = shown(&refused);
    assert!(text.starts_with("REFUSÉ") && text.contains("fr.consent.b2c.missing"), "{text}");
    assert!(text.contains("Que faire :") && text.contains("1/1 | Soldes samedi"), "{text}");

    let consent = json!({
        "number": PHONE, "basis": "consent", "purpose": "offers", "source": "form",
        "collected_at": "2026-11-01T10:00:00+01:00", "text_shown": "J'accepte les offres par SMS.",
    });
    assert_eq!(product.post("/v2/api/consents", &consent, &[]).await.status, 201);
    let held = preview(&product, "en_GB.UTF-8", &marketing);
    assert_eq!(held.status.code(), Some(0), "{}", String::from_utf8_lossy(&held.stderr));
    let text = shown(&held);
    assert!(text.starts_with("HOLD: it would leave on 2026-11-23 at 08:00:00 (Paris time)"), "{text}");
    assert!(text.contains("fr.window.sunday") && text.contains("STOP"), "{text}");
    let later = [marketing.as_slice(), &["--at", "2026-11-24T10:00:00+01:00"]].concat();
    assert!(
        shown(&preview(&product, "C", &later)).starts_with("SEND: it would leave on 2026-11-24 at 10:00")
    );

    let code =
        ["--sender-id", "MyCompany", "--to", PHONE, "--message", "Code 4242", "--class", "otp", "--json"];
    let sent = preview(&product, "C", &code);
    let answer: Value = serde_json::from_slice(&sent.stdout).expect("JSON");
    assert_eq!((sent.status.code(), &answer["data"]["decision"]), (Some(0), &json!("send")), "{answer}");

    let unjudged =
        preview(&product, "C", &["--sender-id", "MyCompany", "--to", "0612345678", "--message", "Bonjour"]);
    let why = String::from_utf8_lossy(&unjudged.stderr);
    assert!(unjudged.status.code() == Some(1) && why.contains("+33612345678"), "{why}");
    let listed = product.get("/v2/api/messages").await.json();
    assert_eq!(listed["pagination"]["total_count"], 0, "nothing was sent");
}
