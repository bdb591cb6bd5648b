//! The console from page to page, by every link: each leads somewhere, and nothing that people wrote anywhere
//! becomes a part of a page.

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;
use facteur_http::Options;
use facteur_store::{LinkPurpose, PlatformRole, Role};

use super::console::{Browser, person};
use super::world::World;

/// What somebody writes who wants a script to run.
const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
/// Pages at most: more are lists that go on.
const PAGES_MAX: usize = 300;

/// Addresses of the console in a page, as they stand behind this.
fn addresses(text: &str, behind: &str) -> Vec<String> {
    let found = text.split(behind).skip(1).filter_map(|rest| rest.split('"').next());
    let here = found.filter(|address| address.starts_with("/console") && !address.contains("/assets/"));
    here.map(|address| address.replace("&amp;", "&").split('#').next().unwrap_or_default().to_owned())
        .collect()
}

/// Something of everything that has words of somebody's in it.
async fn written_everywhere(world: &World, browser: &mut Browser<'_>, base: &str) {
    let message = serde_json::json!({"sender_id": "MyCompany", "to": "+33612345678", "message": EVIL});
    assert_eq!(world.send(&message.to_string()).await.status, StatusCode::OK);
    for (path, fields) in [
        ("/settings/keys", vec![("label", EVIL), ("scope", "SMS_SEND")]),
        ("/opt-outs/new", vec![("number", "06 39 98 00 01"), ("scope", "workspace"), ("reason", EVIL)]),
        (
            "/consents/new",
            vec![
                ("number", "06 39 98 00 02"),
                ("basis", "consent"),
                ("advertiser", EVIL),
                ("purpose", EVIL),
                ("collected_at", "01/01/2024"),
                ("source", EVIL),
                ("text_shown", EVIL),
            ],
        ),
        (
            "/settings/webhooks",
            vec![
                ("url", "https://sms.example/%22%3E%3Cscript%3E"),
                ("topic", "sms.received"),
                ("description", EVIL),
            ],
        ),
        (
            "/senders/new",
            vec![
                ("sender_id", "LeQuai"),
                ("class", "marketing"),
                ("legal_name", EVIL),
                ("siren", "732829320"),
                ("use_case", EVIL),
                ("example_content", EVIL),
                ("advertiser", EVIL),
            ],
        ),
        ("/settings/company", vec![("legal_name", EVIL), ("register_city", EVIL), ("language", "fr")]),
    ] {
        let answer = browser.post(&format!("{base}{path}"), &fields).await;
        assert!(answer.status == StatusCode::SEE_OTHER || answer.status == StatusCode::OK, "{path}");
    }
    let contact = serde_json::json!({"name": EVIL, "numbers": ["+33612345678"]});
    world.post("/v2/api/contacts", &contact.to_string()).await;
    world.post("/v2/api/webhooks", "{\"url\": \"javascript:alert(1)\", \"topics\": [\"sms.sent\"]}").await;
}

/// Goes through every page that links lead to, from the first.
async fn walk(browser: &mut Browser<'_>) -> usize {
    let mut ahead = VecDeque::from(["/console".to_owned()]);
    let mut from: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = 0;
    while let Some(path) = ahead.pop_front() {
        let whence = from.get(&path).cloned().unwrap_or_default();
        let shown = browser.get(&path).await;
        seen += 1;
        assert!(
            [StatusCode::OK, StatusCode::SEE_OTHER].contains(&shown.status),
            "{path}, linked from {whence}: {}",
            shown.status
        );
        let mut next = shown.header("location").map(str::to_owned).into_iter().collect::<Vec<_>>();
        if shown.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            assert!(!shown.text.contains("<script>alert") && !shown.text.contains("<img src=x"), "{path}");
            assert!(!shown.text.contains("href=\"javascript:"), "{path}");
            assert_eq!(shown.text.matches("<h1").count(), 1, "{path} has one heading of the first rank");
            next.extend(addresses(&shown.text, "href=\""));
        }
        for to in next {
            if seen + ahead.len() < PAGES_MAX && !from.contains_key(&to) {
                from.insert(to.clone(), path.clone());
                ahead.push_back(to);
            }
        }
    }
    seen
}

#[tokio::test]
async fn every_link_leads_somewhere_and_what_people_write_stays_text() {
    let world = World::with(&Options { sender_ids_max: 10, ..Options::default() }).await;
    let workspace = world.workspace();
    let roles = [(workspace, Role::Owner)];
    let operator = Some(PlatformRole::Operator);
    let (_, link) = person(&world, "claire@exemple.fr", &roles, operator, LinkPurpose::SignIn).await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.post(&link, &[]).await.status, StatusCode::SEE_OTHER);
    let empty = walk(&mut browser).await;
    assert!(empty > 40, "{empty} pages");
    written_everywhere(&world, &mut browser, &format!("/console/{workspace}")).await;
    let full = walk(&mut browser).await;
    assert!(full > empty, "{full} pages");
}

/// Every role is led only to what it may see: a link that answers 403 is a trap.
#[tokio::test]
async fn whoever_may_not_do_a_thing_is_led_to_no_page_that_refuses_it() {
    let world = World::new().await;
    for role in Role::ALL {
        let email = format!("{}@exemple.fr", role.as_str());
        let (_, link) = person(&world, &email, &[(world.workspace(), role)], None, LinkPurpose::SignIn).await;
        let mut browser = Browser::new(&world);
        browser.post(&link, &[]).await;
        walk(&mut browser).await;
    }
}
