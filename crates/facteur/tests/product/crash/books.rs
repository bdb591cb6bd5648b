//! The books of clients, operator and product, compared.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::client::{Clients, Kind};
use super::operator::Operator;
use super::soon;
use crate::common::Product;

/// What was found.
pub(super) struct Report {
    accepted: usize,
    repeated: u64,
    cancelled: usize,
    doubled: usize,
    unknown: usize,
    stops: usize,
    called: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, repeated, cancelled, doubled, unknown, stops, called } = self;
        write!(
            f,
            "{accepted} accepted ({repeated} repeated requests replayed, {cancelled} cancelled), 0 lost, \
             {doubled} doubled, each marked, {unknown} left unknown by their class, {stops} STOPs in force, \
             {called} webhooks heard"
        )
    }
}

/// A page of a list of the API.
async fn rows(product: &Product, target: &str, page: u32) -> (Vec<Value>, u64) {
    let join = if target.contains('?') { '&' } else { '?' };
    let answer = product.get(&format!("{target}{join}page={page}&size=100")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let total = body["pagination"]["total_count"].as_u64().expect("a total");
    (body["data"].as_array().cloned().expect("rows"), total)
}

async fn all(product: &Product, target: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let (some, _) = rows(product, target, page).await;
        if some.is_empty() {
            break;
        }
        found.extend(some);
    }
    found
}

/// How far ahead messages are sent that are not cancelled, and a little.
const AHEAD: Duration = Duration::from_millis(1_500);

/// Waits until nothing is about to leave, while no client sends anything.
pub(super) async fn calm(product: &Product) {
    tokio::time::sleep(AHEAD).await;
    soon("nothing is about to leave", async || {
        for status in ["queued", "submitting"] {
            if rows(product, &format!("/v2/api/messages?status={status}"), 1).await.1 > 0 {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// Whether nothing is owed any more, as far as one can see who looks at one state after another: a message may move
/// from one that is looked at later to one that was looked at before.
async fn is_settled(product: &Product) -> bool {
    let unknown = all(product, "/v2/api/messages?status=unknown").await;
    if unknown.iter().any(|row| row["class"] != "alert") {
        return false;
    }
    for status in ["scheduled", "queued", "submitting", "submitted"] {
        if rows(product, &format!("/v2/api/messages?status={status}"), 1).await.1 > 0 {
            return false;
        }
    }
    true
}

/// Waits until nothing is owed any more. Looked at twice: what became unknown behind the first look stays so for
/// `settle_wait`, and the second one sees it.
async fn settled(product: &Product) {
    soon("everything comes to its end", async || {
        (is_settled(product).await && is_settled(product).await).then_some(())
    })
    .await;
}

/// Compares; every promise that is broken is a panic.
pub(super) async fn compare(product: &Product, operator: &Operator, clients: &Clients) -> Report {
    settled(product).await;
    let mut product_s: HashMap<u64, Vec<Value>> = HashMap::new();
    for row in all(product, "/v2/api/messages").await {
        // What has no reference is what the product answers by itself.
        let Some(reference) = row["client_reference"].as_str() else {
            let stopped = clients.told().stops.iter().any(|phone| row["to_number"] == **phone);
            assert!(stopped, "nobody asked for this: {row:#}");
            continue;
        };
        product_s.entry(reference.parse().expect("a token")).or_default().push(row);
    }
    let arrivals = operator.arrivals(clients.tokens()).await;
    let (accepted, cancelled) = {
        let told = clients.told();
        (told.accepted.clone(), told.cancelled.clone())
    };
    let (mut doubled, mut unknown) = (0, 0);
    for (token, id) in &accepted {
        let kept = product_s.remove(token).unwrap_or_default();
        let [kept] = &kept[..] else {
            panic!("token {token} was accepted once and is there {} times", kept.len())
        };
        assert_eq!(kept["id"], **id, "token {token}");
        let arrived = arrivals.get(token).copied().unwrap_or(0);
        let (status, marked) = (kept["status"].as_str().expect("a status"), &kept["possible_duplicate"]);
        let told = || format!("token {token} ({:?}) arrived {arrived} times: {kept:#}", Kind::of(*token));
        match (Kind::of(*token), status) {
            (Kind::Cancelled, "cancelled") => assert_eq!(arrived, 0, "{}", told()),
            // The class says: better none than two. Whether it arrived is not known.
            (Kind::Left, "unknown") => {
                assert!(arrived <= 1, "{}", told());
                unknown += 1;
            }
            (Kind::Cancelled, _) => panic!("cancelled, and yet: {}", told()),
            (_, "delivered") => assert!(arrived >= 1, "{}", told()),
            _ => panic!("{}", told()),
        }
        if arrived > 1 {
            assert_eq!(marked, true, "not marked: {}", told());
            assert_ne!(Kind::of(*token), Kind::Left, "sent again against its class: {}", told());
            doubled += 1;
        }
    }
    assert!(
        product_s.is_empty(),
        "kept and never acknowledged, though every request was repeated: {product_s:?}"
    );
    for token in arrivals.keys() {
        assert!(accepted.contains_key(token), "token {token} arrived and was never accepted");
    }
    let stops = stopped(product, clients).await;
    let called = called(clients, &cancelled, &accepted).await;
    let repeated = clients.told().repeated;
    Report { accepted: accepted.len(), repeated, cancelled: cancelled.len(), doubled, unknown, stops, called }
}

/// Every phone that said STOP has one in force.
async fn stopped(product: &Product, clients: &Clients) -> usize {
    let stops = clients.told().stops.clone();
    for phone in &stops {
        soon("the STOP is in force", async || {
            let (found, _) = rows(product, &format!("/v2/api/opt_outs?number=%2B{}", &phone[1..]), 1).await;
            (found.len() == 1 && found[0]["state"] == "confirmed").then_some(())
        })
        .await;
    }
    stops.len()
}

/// Every delivered message and every STOP was called back at least once.
async fn called(
    clients: &Clients,
    cancelled: &std::collections::HashSet<u64>,
    accepted: &HashMap<u64, String>,
) -> usize {
    soon("every webhook is heard", async || {
        let told = clients.told();
        let messages = accepted.iter().filter(|(token, _)| !cancelled.contains(token));
        let messages = messages.filter(|(token, _)| Kind::of(**token) != Kind::Left);
        let owed = messages
            .map(|(_, id)| ("sms.delivered", id))
            .chain(told.stops.iter().map(|phone| ("opt_out.created", phone)));
        let mut owed = owed.map(|(topic, about)| (topic.to_owned(), about.clone()));
        owed.all(|event| told.heard.contains(&event)).then(|| told.heard.len())
    })
    .await
}
