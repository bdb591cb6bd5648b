//! Nothing accepted is lost: kill -9 under load, and operators that misbehave in every way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_smpp::Status;
use facteur_smsc::{Cut, Faults, Options, Refuse};
use tokio::task::JoinSet;

use crate::common::{Door, Far, Product, until};

/// Clients that send at once.
const CLIENTS: usize = 16;
/// Lost answers are decided upon quickly, and a silent operator is noticed quickly.
const HASTE: &str = "[sending]\nsettle_wait = \"1s\"\n[log]\nfilter = \"warn\"\n";

/// A recipient of its own for every token, so that receipts without an id can be told apart.
fn recipient(token: u64) -> String {
    format!("+3361{token:07}")
}

fn text(token: u64) -> String {
    format!("Votre rendez-vous est pour demain, 10:30. #{token:06}")
}

/// What clients were told: message ids by token.
#[derive(Clone, Default)]
struct Told {
    accepted: Arc<Mutex<HashMap<u64, String>>>,
    next: Arc<AtomicU64>,
}

impl Told {
    /// One client: sends token after token until `end`, and goes on when the product is dead.
    async fn client(self, door: Door, end: u64) {
        loop {
            let token = self.next.fetch_add(1, Ordering::Relaxed);
            if token >= end {
                return;
            }
            match door.try_send(&recipient(token), &text(token)).await {
                Ok(answer) => {
                    let id = answer.id();
                    self.accepted.lock().expect("no panic").insert(token, id);
                }
                // The product was killed: whether this one was kept is not known to anyone.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn load(&self, door: &Door, end: u64) -> JoinSet<()> {
        (0..CLIENTS).map(|_| self.clone().client(door.clone(), end)).collect()
    }

    fn all(&self) -> HashMap<u64, String> {
        self.accepted.lock().expect("no panic").clone()
    }
}

/// Every accepted message reached its phone, and only marked ones more than once.
async fn check(product: &Product, far: &Far, told: &Told) {
    let accepted = told.all();
    until("every accepted message reaches its phone", async || {
        let arrived = far.network.token_deliveries();
        accepted.keys().all(|token| arrived.contains_key(token)).then_some(())
    })
    .await;
    for id in accepted.values() {
        product.reaches(id, &["delivered"]).await;
    }
    for (token, times) in far.network.token_deliveries() {
        if times > 1 {
            // One whose request was never answered has no id here, but it has a recipient.
            let listed =
                product.get(&format!("/v2/api/messages?to={}", recipient(token).replace('+', "%2B"))).await;
            let rows = listed.json()["data"].as_array().cloned().expect("rows");
            assert_eq!(rows.len(), 1, "token {token}");
            assert_eq!(rows[0]["possible_duplicate"], true, "token {token} arrived {times} times unmarked");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing() {
    const KILLS: u64 = 4;
    const EACH: u64 = 600;
    let far = Far::start(Options::default()).await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    let told = Told::default();
    for round in 1..=KILLS {
        let clients = told.load(&product, round * EACH);
        let half = round * EACH - EACH / 2;
        until("half of the load is under way", async || {
            (told.next.load(Ordering::Relaxed) >= half).then_some(())
        })
        .await;
        product.kill();
        clients.join_all().await;
        product.restart().await;
    }
    let clients = told.load(&product, KILLS * EACH + EACH);
    clients.join_all().await;
    assert!(told.all().len() > usize::try_from(EACH).expect("small"), "the load is a load");
    check(&product, &far, &told).await;
}

/// An orderly end under load: nothing lost, and nothing sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_under_load_loses_and_doubles_nothing() {
    let far = Far::start(Options::default()).await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    let told = Told::default();
    let clients = told.load(&product, 400);
    until("half of the load is under way", async || (told.next.load(Ordering::Relaxed) >= 200).then_some(()))
        .await;
    product.stop().await;
    clients.join_all().await;
    product.restart().await;
    check(&product, &far, &told).await;
    let twice = far.network.token_deliveries().into_values().filter(|times| *times > 1).count();
    assert_eq!(twice, 0);
}

/// Sends a load while the operator misbehaves; everything arrives all the same.
async fn misbehaving(name: &str, faults: Faults, during: impl AsyncFn(&Far)) {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, HASTE).await;
    let told = Told::default();
    far.network.set_faults(faults);
    let clients = told.load(&product, 200);
    during(&far).await;
    clients.join_all().await;
    assert_eq!(told.all().len(), 200, "{name}: every request is accepted, whatever the operator does");
    check(&product, &far, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_unbinds_or_cuts_links_costs_nothing() {
    misbehaving("unbinds", Faults::default(), async |far| {
        for _ in 0..3 {
            let seen = far.network.stats().accepted;
            far.network.wait_until(|stats| stats.accepted > seen + 20).await;
            far.network.unbind_all();
        }
    })
    .await;
    let cut = |answered| Faults { cut: Some(Cut { after: 50, answered }), ..Faults::default() };
    misbehaving("cuts before the answer", cut(false), async |_| ()).await;
    misbehaving("cuts after the answer", cut(true), async |_| ()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_throttles_or_is_full_is_obeyed() {
    for status in [Status::THROTTLED, Status::QUEUE_FULL, Status::SYSTEM_ERROR] {
        let refuse = Some(Refuse { status, next: 40 });
        misbehaving("refuses for now", Faults { refuse, ..Faults::default() }, async |_| ()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_loses_answers_or_talks_nonsense_costs_nothing() {
    let calm = Faults::default;
    for (name, faults) in [
        ("drops answers", Faults { drop_next_answers: 10, ..calm() }),
        ("bad PDUs", Faults { bad_pdus: 10, ..calm() }),
        ("garbage", Faults { garbage: 2, ..calm() }),
        ("answers out of order", Faults { answers_reversed_by: 7, ..calm() }),
        ("answers late", Faults { answer_delay: Duration::from_millis(300), ..calm() }),
        ("octet by octet", Faults { byte_by_byte: true, ..calm() }),
    ] {
        misbehaving(name, faults, async |_| ()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_come_early_twice_or_with_another_id_are_understood() {
    let calm = Faults::default;
    for (name, faults) in [
        ("receipts twice", Faults { receipts_doubled: true, ..calm() }),
        ("receipts first", Faults { receipts_first: true, ..calm() }),
        ("another id form", Faults { receipts_other_id: true, ..calm() }),
    ] {
        misbehaving(name, faults, async |_| ()).await;
    }
}

/// A message whose answer was lost and that no receipt settles follows its class's policy.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_without_a_receipt_follows_the_policy() {
    let far = Far::start(Options::default()).await;
    let more = format!("{HASTE}[sending.classes.alert]\nunknown = \"leave\"\n");
    let product = Product::serve(&far.address(), false, &more).await;
    far.network.set_faults(Faults { drop_next_answers: 2, receipts_withheld: true, ..Faults::default() });
    let send = async |to: &str, class: &str| {
        let body =
            serde_json::json!({"sender_id": "MyCompany", "to": to, "message": "Bonjour", "class": class});
        product.post("/v1/api/sms", &body, &[]).await.id()
    };
    let resent = send("+33612345601", "transactional").await;
    let left = send("+33612345602", "alert").await;
    far.network.wait_until(|stats| stats.accepted >= 2).await;
    let resent = product.reaches(&resent, &["submitted"]).await;
    assert_eq!((&resent["possible_duplicate"], &resent["attempts"]), (&true.into(), &2.into()), "{resent}");
    assert_eq!(far.network.deliveries("+33612345601", "Bonjour"), 2);
    let left = product.reaches(&left, &["unknown"]).await;
    assert_eq!((&left["possible_duplicate"], &left["attempts"]), (&false.into(), &1.into()), "{left}");
    assert_eq!(far.network.deliveries("+33612345602", "Bonjour"), 1);
}

/// A gateway that starts before its operator accepts at once and sends when the operator is there.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_away_is_waited_for() {
    let far = Far::start(Options::default()).await;
    far.network.set_faults(Faults { refuse_binds: Some(Status::BIND_FAILED), ..Faults::default() });
    let product = Product::serve(&far.address(), false, "").await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    let unready = product.raw("GET", "/readyz", &[], Vec::new()).await;
    assert_eq!(unready.status, 503, "{}", unready.text);
    far.network.set_faults(Faults::default());
    product.reaches(&id, &["delivered"]).await;
    assert_eq!(far.network.deliveries("+33612345678", "Bonjour"), 1);
}

/// A link that is open and dead: submits pile up in it, time out, and are sent again when it lives.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_stops_reading_costs_nothing() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, HASTE).await;
    let told = Told::default();
    told.load(&product, 20).join_all().await;
    far.network.stop_reading(true);
    told.load(&product, 120).join_all().await;
    until("answers are missed", async || {
        let unknown = product.get("/v2/api/messages?status=unknown&size=1").await.json();
        (unknown["pagination"]["total_count"] != 0).then_some(())
    })
    .await;
    far.network.stop_reading(false);
    check(&product, &far, &told).await;
}

/// A port that takes connections and never answers a bind.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_never_answers_a_bind_is_tried_again() {
    let far = Far::start(Options::default()).await;
    far.network.set_faults(Faults { half_open: true, ..Faults::default() });
    let product = Product::serve(&far.address(), false, HASTE).await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    until("the silence is noticed", async || {
        let ready = product.raw("GET", "/readyz", &[], Vec::new()).await;
        ready.json()["routes"][0]["trouble"].is_string().then_some(())
    })
    .await;
    far.network.set_faults(Faults::default());
    product.reaches(&id, &["delivered"]).await;
}

/// What an operator refuses for good is rejected, with its reason, and never offered again.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_refuses_for_good_is_rejected() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, HASTE).await;
    for (n, status) in [Status::INVALID_DESTINATION, Status::INVALID_SOURCE].into_iter().enumerate() {
        far.network.set_faults(Faults { refuse: Some(Refuse { status, next: 1 }), ..Faults::default() });
        let to = format!("+3361234567{n}");
        let rejected = product.send(&to, "Bonjour").await.id();
        let message = product.reaches(&rejected, &["rejected"]).await;
        assert!(message["error"].is_string() && message["attempts"] == 1, "{message}");
        let after = product.send(&to, "Rebonjour").await.id();
        product.reaches(&after, &["delivered"]).await;
        assert_eq!(far.network.deliveries(&to, "Bonjour"), 0);
    }
}

/// A full disk: requests are told to come back, and what was accepted before still arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() {
    let far = Far::start(Options::default()).await;
    let mut product = Product::serve_on("pages_max = 256", &far.address(), false, HASTE).await;
    let long = |token| format!("{} {}", "a".repeat(600), text(token));
    let mut accepted = Vec::new();
    let refused = loop {
        let token = accepted.len() as u64;
        let answer = product.send(&recipient(token), &long(token)).await;
        if answer.status != 200 {
            break answer;
        }
        accepted.push(token);
        assert!(accepted.len() < 10_000, "256 pages hold no such number");
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "SERVICE_UNAVAILABLE"));
    assert_eq!(refused.json()["error"]["retryable"], true);
    assert!(!accepted.is_empty(), "there was room for some");

    product.kill();
    let config = product.folder.path().join("facteur.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replace("pages_max = 256", "pages_max = 25600")).expect("written");
    product.restart().await;
    for token in &accepted {
        far.shows(&recipient(*token), &long(*token)).await;
    }
    assert_eq!(product.send(&recipient(900_000), "Bonjour").await.status, 200);
}
