//! Logs never hold a full number, a text or a key, whatever is logged.

use std::process::Stdio;

use facteur_smsc::{Faults, Options, Refuse};
use serde_json::json;

use crate::common::{Far, Product, facteur, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_no_one_and_quotes_nothing() {
    let far =
        Far::start(Options { late_receipt: std::time::Duration::from_millis(500), ..Options::default() })
            .await;
    let more = "[log]\nfilter = \"trace\"\n[sending]\nsettle_wait = \"1s\"\n";
    let mut product = Product::serve(&far.address(), true, more).await;
    let made = product.admin(&[
        "keys",
        "create",
        "--test",
        "--scopes",
        "SMS_SEND,CONVERSATIONS_READ",
        "--write-per-second",
        "1000",
        "--read-per-second",
        "100000",
    ]);
    let test_key = made["secret"].as_str().expect("a secret").to_owned();
    let live_key = std::mem::replace(&mut product.key, test_key.clone());
    until("the key is known", async || {
        let me = product.get("/v2/api/me").await;
        (me.status == 200).then_some(())
    })
    .await;
    let status = facteur_smpp::Status::INVALID_DESTINATION;
    far.network.set_faults(Faults {
        refuse: Some(Refuse { status, next: 1 }),
        bad_pdus: 2,
        ..Faults::default()
    });
    let text = "Chaussettes épatantes";
    // The answer to 88 is always lost, so it goes round until its attempts are used up; the others
    // have an end to wait for.
    let mut ids = Vec::new();
    for digits in ["12", "80", "81", "82", "84", "86", "87", "88", "89", "90"] {
        let (to, message) = (format!("+336399800{digits}"), format!("{text} {}", "longue ".repeat(30)));
        let body = json!({
            "sender_id": "MyCompany", "to": to, "message": message, "client_reference": "dossier-7421",
        });
        let key = format!("idem-{digits}-cle");
        let answer = product.post("/v1/api/sms", &body, &[("Idempotency-Key", &key)]).await;
        if digits == "88" {
            assert_eq!(answer.status, 200);
        } else {
            ids.push(answer.id());
        }
    }
    // Wrong ones too: their parts must not be quoted either.
    for body in [
        json!({"sender_id": "MyCompany", "to": "+4915112345678", "message": text}),
        json!({"sender_id": "Chaussette", "to": "+33639980013", "message": text}),
        json!(text),
    ] {
        assert!(product.post("/v1/api/sms", &body, &[]).await.status >= 400);
    }
    let _ = product
        .raw("GET", "/v2/api/messages?to=%2B33639980012", &[("Authorization", &test_key)], Vec::new())
        .await;
    for id in &ids {
        product.reaches(id, &["delivered", "undelivered", "expired", "rejected"]).await;
    }
    product.stop().await;
    let log = product.log();
    assert!(log.lines().count() > 20, "the log is a log: {log}");
    for secret in [
        "33639980",
        "639980012",
        "4915112345678",
        "Chaussettes",
        "épatantes",
        "dossier-7421",
        &test_key,
        &live_key,
        "longue",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret:?} is in the log");
    }
    // The same in other clothes: the text as UCS-2 or as octets in a dump.
    let hexadecimal: String = "Chaussettes".bytes().map(|octet| format!("{octet:02x}")).collect();
    assert!(!log.to_lowercase().contains(&hexadecimal), "the text is in the log as octets");
}

#[test]
fn a_wrong_configuration_does_not_show_its_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = crate::common::path(folder.path(), "facteur.toml");
    std::fs::write(
        &file,
        "[[routes]]\nname = \"a\"\naddress = \"nowhere\"\nsystem_id = \"id\"\npassword = \"hunter2!\"\n",
    )
    .expect("written");
    let output = facteur(&["serve", "--config", &file]).stdin(Stdio::null()).output().expect("runs");
    let shown = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && shown.contains("facteur.toml:3:11"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
