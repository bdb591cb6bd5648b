//! Every fault does what it says, and nothing more.

use std::time::Duration;

use facteur_smpp::Status;
use facteur_smpp::receipt::{canonical_id, other_forms};
use facteur_smpp::session::{BindKind, ClosedBy, Limits};
use facteur_smsc::{Cut, Faults, Operator, Refuse};

use crate::client::{Client, Seen, Submit, credentials, limits, start};

const PHONE: &str = "33639980020";

fn is_answer(seen: &Seen) -> bool {
    matches!(seen, Seen::Answer(..))
}

async fn submit_many(client: &mut Client, count: u64) -> Vec<u64> {
    let mut tokens = Vec::new();
    for number in 0..count {
        tokens.push(client.write(Submit::new(PHONE, &format!("#{number}"))));
    }
    client.flush().await;
    tokens
}

#[tokio::test]
async fn answers_can_be_slow() {
    let running = start(|_| {}).await;
    running.network.change_faults(|faults| faults.answer_delay = Duration::from_millis(400));
    let mut client = Client::transceiver(&running.network).await;
    let token = client.submit(Submit::new(PHONE, "Bonjour")).await;
    // The receipt takes 20 ms at most: it overtakes an answer that takes 400.
    client.answer(token).await.expect("taken");
    assert!(matches!(client.seen[..], [Seen::Receipt(_), Seen::Answer(..)]), "{:?}", client.seen);
}

#[tokio::test]
async fn answers_can_come_last_first() {
    let running = start(|_| {}).await;
    running.network.change_faults(|faults| faults.answers_reversed_by = 4);
    let mut client = Client::transceiver(&running.network).await;
    let tokens = submit_many(&mut client, 6).await;
    let answers = client.until_count(6, is_answer).await;
    let order: Vec<u64> =
        answers.iter().map(|seen| if let Seen::Answer(token, Ok(_)) = seen { *token } else { 0 }).collect();
    let expected: Vec<u64> = [3, 2, 1, 0, 5, 4].iter().map(|at: &usize| tokens[*at]).collect();
    assert_eq!(order, expected);
}

#[tokio::test]
async fn answers_can_be_dropped() {
    let running = start(|_| {}).await;
    let limits = Limits { response_timeout: Duration::from_millis(800), ..limits() };
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut client = Client::open(&running.network, &account, limits).await;
    client.until(|seen| *seen == Seen::Bound).await;
    running.network.change_faults(|faults| faults.drop_next_answers = 2);
    let tokens = submit_many(&mut client, 3).await;
    client.answer(tokens[2]).await.expect("taken");
    client.until_count(2, |seen| matches!(seen, Seen::Lost(token) if *token != tokens[2])).await;
    assert_eq!(running.network.faults(), Faults::default());

    running.network.change_faults(|faults| faults.drop_one_answer_in = 5);
    client.seen.clear();
    submit_many(&mut client, 20).await;
    client.until_count(4, |seen| matches!(seen, Seen::Lost(_))).await;
    client.until_count(16, is_answer).await;
    assert_eq!(running.network.stats().unanswered, 6);
    assert_eq!(running.network.token_deliveries().values().sum::<u32>(), 23);
}

#[tokio::test]
async fn a_link_can_be_cut_at_a_submit_answered_or_not() {
    for answered in [false, true] {
        let running = start(|_| {}).await;
        let mut client = Client::transceiver(&running.network).await;
        running.network.change_faults(|faults| faults.cut = Some(Cut { after: 3, answered }));
        let tokens = submit_many(&mut client, 3).await;
        assert_eq!(client.closed().await, ClosedBy::Link);
        let last =
            client.seen.iter().any(|seen| matches!(seen, Seen::Answer(token, Ok(_)) if *token == tokens[2]));
        assert_eq!(client.seen.iter().filter(|seen| is_answer(seen)).count(), if answered { 3 } else { 2 });
        assert_eq!(last, answered);
        assert_eq!(running.network.deliveries(PHONE, "#2"), 1, "the message itself is taken");
    }
}

#[tokio::test]
async fn a_bad_pdu_comes_before_an_answer_and_the_link_survives() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    running.network.change_faults(|faults| faults.bad_pdus = 1);
    client.send(Submit::new(PHONE, "one")).await.expect("taken");
    assert!(matches!(client.seen[..], [Seen::Faulty, Seen::Answer(..)]), "{:?}", client.seen);
    client.send(Submit::new(PHONE, "two")).await.expect("taken");
    client.receipts(PHONE, 2).await;
}

#[tokio::test]
async fn garbage_ends_the_link() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    running.network.change_faults(|faults| faults.garbage = 1);
    let token = client.submit(Submit::new(PHONE, "one")).await;
    assert_eq!(client.closed().await, ClosedBy::Garbage);
    assert!(client.seen.contains(&Seen::Lost(token)));
}

#[tokio::test]
async fn receipts_can_be_doubled_first_foreign_or_withheld() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;

    running.network.set_faults(Faults { receipts_doubled: true, ..Faults::default() });
    client.send(Submit::new(PHONE, "one")).await.expect("taken");
    let receipts = client.receipts(PHONE, 2).await;
    assert_eq!(receipts[0], receipts[1]);

    client.seen.clear();
    running.network.set_faults(Faults { receipts_first: true, ..Faults::default() });
    client.send(Submit::new(PHONE, "two")).await.expect("taken");
    assert!(matches!(client.seen[..], [Seen::Receipt(_), Seen::Answer(..)]), "{:?}", client.seen);

    client.seen.clear();
    running.network.set_faults(Faults { receipts_other_id: true, ..Faults::default() });
    assert_ne!(Operator::of(33_639_980_020), Operator::Free, "its ids are no numbers");
    let id = client.send(Submit::new(PHONE, "three")).await.expect("taken");
    let other = client.receipts(PHONE, 1).await.remove(0).id;
    assert!(other_forms(&id).contains(&canonical_id(&other)), "{id} and {other}");

    running.network.set_faults(Faults { receipts_withheld: true, ..Faults::default() });
    client.send(Submit::new(PHONE, "four")).await.expect("taken");
    client.drain(&running.network).await;
    assert_eq!(running.network.stats().receipts_sent, 4);
}

#[tokio::test]
async fn submits_and_binds_can_be_refused() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let full = Status(0x14);
    running.network.change_faults(|faults| faults.refuse = Some(Refuse { status: full, next: 2 }));
    for expected in [Err(full), Err(full), Ok(())] {
        assert_eq!(client.send(Submit::new(PHONE, "one")).await.map(|_| ()), expected);
    }
    running.network.change_faults(|faults| faults.refuse_binds = Some(Status(0x0D)));
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut refused = Client::open(&running.network, &account, limits()).await;
    refused.until(|seen| *seen == Seen::BindRefused(Status(0x0D))).await;
    refused.closed().await;
    assert_eq!(running.network.stats().binds_refused, 1);
}

#[tokio::test]
async fn a_half_open_link_never_answers_the_bind() {
    // The server's own patience with binds must not end the link either.
    let running = start(|options| options.limits.bind_timeout = Duration::from_millis(50)).await;
    running.network.change_faults(|faults| faults.half_open = true);
    let limits = Limits { bind_timeout: Duration::from_millis(400), ..limits() };
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut client = Client::open(&running.network, &account, limits).await;
    assert_eq!(client.closed().await, ClosedBy::Silence);
    assert_eq!((running.network.stats().binds, running.network.stats().binds_refused), (0, 0));
}

#[tokio::test]
async fn a_network_that_does_not_read_answers_once_it_does() {
    let running = start(|_| {}).await;
    let limits = Limits { response_timeout: Duration::from_millis(200), ..limits() };
    let account = credentials(BindKind::Transceiver, "acme", "");
    let mut client = Client::open(&running.network, &account, limits).await;
    client.until(|seen| *seen == Seen::Bound).await;
    running.network.stop_reading(true);
    let token = client.submit(Submit::new(PHONE, "one")).await;
    client.until(|seen| *seen == Seen::Lost(token)).await;
    assert_eq!(running.network.stats().submits, 0);
    running.network.stop_reading(false);
    client.receipts(PHONE, 1).await;
    assert_eq!(running.network.deliveries(PHONE, "one"), 1);
}

#[tokio::test]
async fn octets_can_come_one_by_one() {
    let running = start(|_| {}).await;
    running.network.change_faults(|faults| faults.byte_by_byte = true);
    let mut client = Client::transceiver(&running.network).await;
    submit_many(&mut client, 20).await;
    client.until_count(20, |seen| matches!(seen, Seen::Answer(_, Ok(_)))).await;
    client.receipts(PHONE, 20).await;
}
