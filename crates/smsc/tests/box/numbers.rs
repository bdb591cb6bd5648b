//! Every test number does what the product's description says of it.

use facteur_smpp::Status;
use facteur_smpp::receipt::{MessageState, canonical_id, other_forms};
use facteur_smsc::{Direction, Operator, Progress};

use crate::client::{Client, Receipt, Seen, Submit, start};

const THROTTLED: Status = Status(0x58);

fn value(id: &str, radix: u32) -> u64 {
    u64::from_str_radix(id, radix).unwrap_or_else(|_| panic!("{id} is no number"))
}

/// What the product's protocol reader makes of a receipt: the id in the form that is compared, and
/// the state.
fn as_read(receipt: &Receipt) -> (String, MessageState) {
    let read = receipt.as_read.as_ref().unwrap_or_else(|| panic!("not read as a receipt: {}", receipt.text));
    (canonical_id(&read.id), read.state)
}

/// An id without what operators change between answer and receipt: case and leading zeros.
fn canonical(id: &str) -> String {
    id.trim_start_matches('0').to_lowercase()
}

#[tokio::test]
async fn ordinary_numbers_deliver_in_the_words_of_each_operator() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    for operator in Operator::ALL {
        let number = (33_639_980_000_u64..33_639_980_080).find(|number| Operator::of(*number) == operator);
        let number = number.expect("eighty numbers have all operators").to_string();
        let id = client.send(Submit::new(&number, "Bonjour")).await.expect("taken");
        let Receipt { id: receipt_id, state, error, to, text, .. } =
            client.receipts(&number, 1).await.remove(0);
        assert_eq!((state.as_str(), error, to.as_str()), ("DELIVRD", 0, "MyCompany"));
        assert_eq!(canonical(&receipt_id), canonical(&id), "{operator:?}");
        assert!(text.contains("2611221030"), "{operator:?}: the dates of {text}");

        client.drain(&running.network).await;
        let stats = running.network.stats();
        assert_eq!((stats.of(operator).accepted, stats.of(operator).receipts_sent), (1, 1));
        let shown = running.network.phone(&number);
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].party.as_str(), shown[0].text.as_str()), ("MyCompany", "Bonjour"));
        assert_eq!((shown[0].operator, shown[0].progress), (operator, Progress::Acknowledged));
        assert_eq!((&shown[0].ids, shown[0].parts), (&vec![id], 1));
    }
}

#[tokio::test]
async fn unknown_and_switched_off_phones_never_show_the_text() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let cases = [
        ("33639980080", "UNDELIV", 3, MessageState::Undeliverable),
        ("33639980081", "EXPIRED", 6, MessageState::Expired),
    ];
    for (number, state, error, read) in cases {
        client.send(Submit::new(number, "Bonjour")).await.expect("taken");
        let receipt = client.receipts(number, 1).await.remove(0);
        assert_eq!((receipt.state.as_str(), receipt.error), (state, error), "{number}");
        assert_eq!(as_read(&receipt).1, read, "{number}");
        assert_eq!(running.network.phone(number), []);
    }
    assert_eq!(running.network.stats().delivered, 0);
}

#[tokio::test]
async fn a_late_receipt_comes_after_those_of_later_messages() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    client.send(Submit::new("33639980082", "late")).await.expect("taken");
    client.send(Submit::new("33639980001", "soon")).await.expect("taken");
    client.receipts("33639980082", 1).await;
    let order: Vec<&str> = client
        .seen
        .iter()
        .filter_map(|seen| if let Seen::Receipt(receipt) = seen { Some(receipt.from.as_str()) } else { None })
        .collect();
    assert_eq!(order, ["33639980001", "33639980082"]);
    assert_eq!(facteur_smsc::Options::default().late_receipt.as_secs(), 30);
}

#[tokio::test]
async fn one_number_never_gives_a_receipt() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    client.send(Submit::new("33639980083", "Bonjour")).await.expect("taken");
    let shown = running.network.phone("+33639980083");
    assert_eq!((shown.len(), shown[0].progress), (1, Progress::Withheld));
    assert_eq!(running.network.stats().waiting, 0);
}

#[tokio::test]
async fn phones_answer_a_short_code_with_their_word() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    for (number, word) in [("33639980084", "STOP"), ("33639980085", "CONTACT"), ("33639980086", "OUI")] {
        client.seen.clear();
        client.send(Submit::new(number, "Une question ?").of_code("38180")).await.expect("taken");
        let reply = client.replies(1).await.remove(0);
        assert_eq!((reply.from.as_str(), reply.to), (number, (3, 1, "38180".into())));
        assert_eq!((reply.octets.as_slice(), reply.data_coding, reply.esm_class), (word.as_bytes(), 0, 0));
        client.drain(&running.network).await;
        let shown = running.network.phone(number);
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[1].direction, shown[1].text.as_str()), (Direction::Written, word));
        assert_eq!((shown[1].party.as_str(), shown[1].progress), ("38180", Progress::Acknowledged));
    }
}

#[tokio::test]
async fn phones_answer_a_name_only_where_the_text_says() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    client.send(Submit::new("33639980084", "Soldes ! STOP au 36180")).await.expect("taken");
    let reply = client.replies(1).await.remove(0);
    assert_eq!((reply.to.2.as_str(), reply.octets.as_slice()), ("36180", &b"STOP"[..]));

    client.send(Submit::new("33639980086", "Bonjour")).await.expect("taken");
    let shown = running.network.phone("33639980086");
    assert_eq!((shown[1].party.as_str(), shown[1].progress), ("MyCompany", Progress::Impossible));
}

#[tokio::test]
async fn a_throttled_message_passes_at_the_third_try() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    for text in ["one", "two", "one"] {
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(client.send(Submit::new("33639980087", text)).await.map(|_| ()));
        }
        assert_eq!(answers, [Err(THROTTLED), Err(THROTTLED), Ok(())]);
    }
    client.receipts("33639980087", 3).await;
    let stats = running.network.stats();
    assert_eq!((stats.throttled, stats.accepted, stats.refused), (6, 3, 0));
}

#[tokio::test]
async fn a_lost_answer_still_reaches_the_phone_and_has_its_receipt() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let token = client.submit(Submit::new("33639980088", "Bonjour")).await;
    let receipt = client.receipts("33639980088", 1).await.remove(0);
    assert_eq!(receipt.state, "DELIVRD");
    client.until(|seen| *seen == Seen::Lost(token)).await;
    assert_eq!(running.network.deliveries("+33639980088", "Bonjour"), 1);
    assert_eq!(running.network.stats().unanswered, 1);
}

#[tokio::test]
async fn a_receipt_can_come_before_its_answer() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let id = client.send(Submit::new("33639980089", "Bonjour")).await.expect("taken");
    assert!(
        matches!(&client.seen[..], [Seen::Receipt(receipt), Seen::Answer(..)] if canonical(&receipt.id) == canonical(&id)),
        "{:?}",
        client.seen
    );
}

#[tokio::test]
async fn a_receipt_can_bear_its_id_in_hexadecimal() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let id = client.send(Submit::new("33639980090", "Bonjour")).await.expect("taken");
    let receipt = client.receipts("33639980090", 1).await.remove(0);
    assert_ne!(receipt.id, id);
    assert_eq!(value(&receipt.id, 16), value(&id, 10));
    assert!(other_forms(&id).contains(&as_read(&receipt).0), "{id} and {}", receipt.id);
}

#[tokio::test]
async fn receipts_are_sent_only_as_asked() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let cases = [("33639980001", 0), ("33639980001", 2), ("33639980080", 3), ("33639980080", 0)];
    for (to, registered) in cases {
        client.send(Submit { registered, ..Submit::new(to, "Bonjour") }).await.expect("taken");
        assert_eq!(running.network.stats().waiting, 0, "{to} {registered}");
    }
    for (to, registered) in [("33639980080", 2), ("33639980002", 3)] {
        client.send(Submit { registered, ..Submit::new(to, "Bonjour") }).await.expect("taken");
        client.receipts(to, 1).await;
    }
}
