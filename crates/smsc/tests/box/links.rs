//! Binds, limits, lost links, and what waits for a receiver.

use std::collections::HashMap;
use std::time::Duration;

use facteur_smpp::Status;
use facteur_smpp::session::{BindKind, ClosedBy};

use crate::client::{Client, Seen, Submit, credentials, limits, start, within};

const PHONE: &str = "33639980030";
const THROTTLED: Status = Status(0x58);

#[tokio::test]
async fn mobile_senders_and_foreign_numbers_are_refused() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let cases = [
        ((1, 1, "33612345678"), PHONE, 0x0A),
        ((1, 1, "+33712345678"), PHONE, 0x0A),
        ((2, 1, "0612345678"), PHONE, 0x0A),
        ((5, 0, "TwelveLetter"), PHONE, 0x0A),
        ((5, 0, "My Company"), PHONE, 0x0A),
        ((5, 0, "MyCompany"), "33123456789", 0x0B),
        ((5, 0, "MyCompany"), "447700900123", 0x0B),
    ];
    for (source, to, status) in cases {
        let answer = client.send(Submit { source, ..Submit::new(to, "Bonjour") }).await;
        assert_eq!(answer, Err(Status(status)), "{source:?} to {to}");
    }
    let stats = running.network.stats();
    assert_eq!((stats.refused, stats.accepted, stats.delivered), (7, 0, 0));
}

#[tokio::test]
async fn receipts_wait_for_a_receiver_and_survive_lost_links() {
    let running = start(|_| {}).await;
    let mut sender = Client::bind(&running.network, BindKind::Transmitter, "acme").await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(sender.send(Submit::new(PHONE, &format!("#{number}"))).await.expect("taken"));
    }
    assert_eq!(running.network.stats().receipts_sent, 0);

    // Takes them off the link and never answers.
    let account = credentials(BindKind::Receiver, "acme", "");
    let mut silent = Client::open(&running.network, &account, limits()).await;
    silent.takes = None;
    silent.receipts(PHONE, 30).await;
    running.network.cut().await;
    assert_eq!(silent.closed().await, ClosedBy::Link);
    let stats = running.network.stats();
    assert_eq!((stats.waiting, stats.offered_again, stats.links), (30, 30, 0));

    let mut other = Client::bind(&running.network, BindKind::Transceiver, "other").await;
    let mut receiver = Client::bind(&running.network, BindKind::Receiver, "acme").await;
    let again = receiver.receipts(PHONE, 30).await;
    let before: Vec<String> = silent
        .seen
        .iter()
        .filter_map(|seen| if let Seen::Receipt(receipt) = seen { Some(receipt.id.clone()) } else { None })
        .collect();
    assert_eq!(again.iter().map(|receipt| receipt.id.clone()).collect::<Vec<_>>(), before, "in their order");
    receiver.drain(&running.network).await;
    other.send(Submit::new("33639980083", "no receipt")).await.expect("taken");
    assert!(!other.seen.iter().any(|seen| matches!(seen, Seen::Receipt(_))), "another account's receipts");
}

#[tokio::test]
async fn a_refused_receipt_is_offered_again() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    for status in [0x14, 0x64] {
        client.seen.clear();
        client.takes = Some(Status(status));
        client.send(Submit::new(PHONE, "Bonjour")).await.expect("taken");
        client.receipts(PHONE, 2).await;
        client.takes = Some(Status::OK);
        let receipts = client.receipts(PHONE, 3).await;
        assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
        client.drain(&running.network).await;
    }
    assert_eq!(running.network.stats().receipts_answered, 2);
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let running = start(|options| options.outgoing_max = 10).await;
    let mut sender = Client::bind(&running.network, BindKind::Transmitter, "acme").await;
    for number in 0..15 {
        sender.send(Submit::new(PHONE, &format!("#{number}"))).await.expect("taken");
    }
    let stats = running.network.stats();
    assert_eq!((stats.waiting, stats.dropped), (10, 5));
    let mut receiver = Client::bind(&running.network, BindKind::Receiver, "acme").await;
    receiver.receipts(PHONE, 10).await;
    receiver.drain(&running.network).await;
}

#[tokio::test]
async fn an_account_over_its_rate_is_throttled_and_recovers() {
    let running = start(|options| options.messages_per_s = 10).await;
    let mut client = Client::transceiver(&running.network).await;
    let mut answers = Vec::new();
    for number in 0..12 {
        client.write(Submit::new(PHONE, &format!("#{number}")));
    }
    client.flush().await;
    for seen in client.until_count(12, |seen| matches!(seen, Seen::Answer(..))).await {
        let Seen::Answer(_, result) = seen else { unreachable!() };
        answers.push(result);
    }
    assert!(answers[..10].iter().all(Result::is_ok), "{answers:?}");
    assert!(answers[10..].contains(&Err(THROTTLED)), "{answers:?}");
    let recovered = within(async {
        loop {
            if client.send(Submit::new(PHONE, "again")).await.is_ok() {
                return true;
            }
        }
    });
    assert!(recovered.await);
}

#[tokio::test]
async fn an_operator_over_its_rate_throttles_its_own_numbers_only() {
    let running = start(|options| options.habits[0].messages_per_s = 1).await;
    let mut client = Client::transceiver(&running.network).await;
    let number = |wanted| {
        let mut numbers = 33_639_980_000_u64..33_639_980_080;
        numbers.find(|number| facteur_smsc::Operator::of(*number) == wanted).expect("one").to_string()
    };
    let (orange, sfr) = (number(facteur_smsc::Operator::Orange), number(facteur_smsc::Operator::Sfr));
    client.send(Submit::new(&orange, "one")).await.expect("taken");
    assert_eq!(client.send(Submit::new(&orange, "two")).await, Err(THROTTLED));
    for _ in 0..5 {
        client.send(Submit::new(&sfr, "three")).await.expect("taken");
    }
}

#[tokio::test]
async fn more_submits_than_the_window_are_throttled() {
    let running = start(|options| options.window_max = 3).await;
    running.network.change_faults(|faults| faults.answer_delay = Duration::from_millis(200));
    let mut client = Client::transceiver(&running.network).await;
    for number in 0..5 {
        client.write(Submit::new(PHONE, &format!("#{number}")));
    }
    client.flush().await;
    let answers = client.until_count(5, |seen| matches!(seen, Seen::Answer(..))).await;
    let taken = answers.iter().filter(|seen| matches!(seen, Seen::Answer(_, Ok(_)))).count();
    let throttled = answers.iter().filter(|seen| matches!(seen, Seen::Answer(_, Err(THROTTLED)))).count();
    assert_eq!((taken, throttled), (3, 2));
}

#[tokio::test]
async fn doors_open_as_the_options_say() {
    let running = start(|options| {
        options.accounts = Some(HashMap::from([("acme".to_owned(), "secret".to_owned())]));
        options.binds_per_account_max = 1;
    })
    .await;
    let mut kept = Vec::new();
    let cases = [
        ("other", "secret", Some(0x0F)),
        ("acme", "wrong", Some(0x0E)),
        ("acme", "secret", None),
        ("acme", "secret", Some(0x05)),
    ];
    for (system_id, password, refused) in cases {
        let account = credentials(BindKind::Transceiver, system_id, password);
        let mut client = Client::open(&running.network, &account, limits()).await;
        let expected = refused.map_or(Seen::Bound, |status| Seen::BindRefused(Status(status)));
        client.until(|seen| *seen == expected).await;
        kept.push(client);
    }
    drop(kept);
    within(running.network.wait_until(|stats| stats.bound == 0)).await;
    let account = credentials(BindKind::Transceiver, "acme", "secret");
    let mut client = Client::open(&running.network, &account, limits()).await;
    client.until(|seen| *seen == Seen::Bound).await;
}

#[tokio::test]
async fn too_many_links_are_closed_at_once() {
    let running = start(|options| options.links_max = 1).await;
    let _kept = Client::transceiver(&running.network).await;
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut refused = Client::open(&running.network, &account, limits()).await;
    assert_eq!(refused.closed().await, ClosedBy::Link);
}

#[tokio::test]
async fn the_network_unbinds_by_the_clock_and_on_order() {
    let running = start(|options| options.unbind_every = Some(Duration::from_millis(100))).await;
    let mut client = Client::transceiver(&running.network).await;
    assert_eq!(client.closed().await, ClosedBy::Peer);

    let running = start(|_| {}).await;
    let mut one = Client::transceiver(&running.network).await;
    let mut two = Client::transceiver(&running.network).await;
    running.network.unbind_all();
    assert_eq!((one.closed().await, two.closed().await), (ClosedBy::Peer, ClosedBy::Peer));
    within(running.network.wait_until(|stats| stats.links == 0)).await;
}

#[tokio::test]
async fn a_stopped_network_unbinds_and_leaves_no_task_behind() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let deaf = Client::transceiver(&running.network).await;
    running.stop.cancel();
    running.tracker.close();
    assert_eq!(client.closed().await, ClosedBy::Peer);
    within(running.tracker.wait()).await;
    drop(deaf);
}
