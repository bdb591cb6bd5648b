//! Many messages: nothing is lost when links are cut all the time, and nothing grows without end.

use std::collections::HashSet;

use facteur_smsc::{Cut, Network};

use crate::client::{Client, PATIENCE, Seen, Submit, start};

/// Every number of the fiction block that delivers, again and again.
fn number(message: usize) -> String {
    format!("336399800{:02}", message % 80)
}

fn receipt_ids(seen: &[Seen]) -> impl Iterator<Item = String> {
    seen.iter()
        .filter_map(|seen| if let Seen::Receipt(receipt) = seen { Some(receipt.id.clone()) } else { None })
}

/// Binds, submits until the link is cut, and gives what came.
async fn life(network: &Network, messages: std::ops::Range<usize>) -> Vec<Seen> {
    let mut client = Client::transceiver(network).await;
    for message in messages {
        client.write(Submit::new(&number(message), &format!("#{message}")));
    }
    client.flush().await;
    client.closed().await;
    client.seen
}

#[tokio::test]
async fn every_receipt_arrives_although_links_are_cut() {
    let running = start(|_| {}).await;
    let network = &running.network;
    let mut ids = HashSet::new();
    for round in 0..30 {
        let (after, answered) = (1 + 7 * round % 60, round % 2 == 0);
        network.change_faults(|faults| faults.cut = Some(Cut { after: after as u64, answered }));
        ids.extend(receipt_ids(&life(network, round * 60..(round + 1) * 60).await));
    }
    let mut last = Client::transceiver(network).await;
    last.drain(network).await;
    ids.extend(receipt_ids(&last.seen));
    let stats = network.stats();
    assert_eq!(ids.len() as u64, stats.accepted, "a receipt for every message taken");
    assert_eq!((stats.receipts_answered, stats.dropped), (stats.accepted, 0));
    assert_eq!(stats.receipts_sent, stats.receipts_answered + stats.offered_again);
    assert!(network.token_deliveries().values().all(|count| *count == 1));
    assert_eq!(network.token_deliveries().len() as u64, stats.accepted);
}

#[tokio::test]
async fn a_load_passes_within_bounds() {
    const MESSAGES: usize = 20_000;
    let running = start(|options| {
        options.phones_max = 50;
        options.messages_max = 400;
        options.messages_per_phone_max = 10;
    })
    .await;
    let network = &running.network;
    let mut client = Client::transceiver(network).await;
    let load = async {
        let (mut written, mut answered) = (0, 0);
        while answered < MESSAGES {
            while written < MESSAGES && client.session.room() > 0 {
                let number = format!("336{:08}", written % 3_000);
                client.write(Submit::new(&number, &format!("#{written}")));
                written += 1;
            }
            client.flush().await;
            client.step().await;
            answered += client.seen.iter().filter(|seen| matches!(seen, Seen::Answer(_, Ok(_)))).count();
            client.seen.clear();
        }
    };
    tokio::time::timeout(PATIENCE * 6, load).await.expect("the load passes");
    client.drain(network).await;
    let stats = network.stats();
    let expected = MESSAGES as u64;
    assert_eq!((stats.accepted, stats.delivered, stats.receipts_answered), (expected, expected, expected));
    assert_eq!(network.token_deliveries().len(), MESSAGES);
    let kept: usize = network.phones().iter().map(|phone| network.phone(&phone.msisdn).len()).sum();
    assert!(
        network.phones().len() <= 50 && kept <= 400,
        "{} phones, {kept} messages",
        network.phones().len()
    );
}
