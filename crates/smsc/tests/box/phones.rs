//! Phones put long texts together, read every coding, and write back.

use facteur_smpp::Status;
use facteur_smpp::session::BindKind;
use facteur_smsc::{Direction, Encoding, NoRoute, PhoneEvent};

use crate::client::{Client, Submit, start, within};

const PHONE: &str = "33639980010";

fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short");
    [&tag.to_be_bytes()[..], &length.to_be_bytes()[..], value].concat()
}

fn sar(reference: u16, total: u8, index: u8) -> Vec<u8> {
    [tlv(0x020C, &reference.to_be_bytes()), tlv(0x020E, &[total]), tlv(0x020F, &[index])].concat()
}

#[tokio::test]
async fn parts_are_put_together_whatever_carries_them() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let mut events = running.network.subscribe();
    let udh_8 = |index, text: &str| ([&[5, 0, 3, 7, 3, index], text.as_bytes()].concat(), 0x40, vec![]);
    let udh_16 = |index, text: &str| ([&[6, 8, 4, 1, 7, 3, index], text.as_bytes()].concat(), 0x40, vec![]);
    let by_sar = |index, text: &str| (text.as_bytes().to_vec(), 0, sar(7, 3, index));
    type Carrier<'a> = &'a dyn Fn(u8, &str) -> (Vec<u8>, u8, Vec<u8>);
    let carriers: [Carrier<'_>; 3] = [&udh_8, &udh_16, &by_sar];
    for (round, carrier) in carriers.into_iter().enumerate() {
        for (index, piece) in [(3, "fin"), (1, "debut "), (2, "milieu ")] {
            let (text, esm_class, tlvs) = carrier(index, piece);
            let part = Submit { text: &text, esm_class, tlvs: &tlvs, ..Submit::new(PHONE, "") };
            client.send(part).await.expect("taken");
        }
        let shown = running.network.phone(PHONE);
        assert_eq!(shown.len(), round + 1, "round {round}");
        assert_eq!((shown[round].text.as_str(), shown[round].parts), ("debut milieu fin", 3));
        assert_eq!(shown[round].ids.len(), 3);
    }
    // Every part has its receipt; the text is one.
    client.receipts(PHONE, 9).await;
    assert_eq!(running.network.deliveries(PHONE, "debut milieu fin"), 3);
    let first = within(events.recv()).await.expect("an event");
    assert!(matches!(first, PhoneEvent::Message { msisdn, message }
        if msisdn == "+33639980010" && message.text == "debut milieu fin"));
}

#[tokio::test]
async fn every_coding_is_read() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let cases: [(u8, &[u8], &str, Encoding); 4] = [
        (0, &[0x04, 0x05, 0x1B, 0x65], "\u{e8}\u{e9}\u{20ac}", Encoding::Gsm7),
        (3, &[0xEA], "\u{ea}", Encoding::Latin1),
        (8, &[0x00, 0xEA, 0xD8, 0x3D, 0xDE, 0x00], "\u{ea}\u{1F600}", Encoding::Ucs2),
        (4, &[0xCA, 0xFE], "cafe", Encoding::Binary),
    ];
    for (round, (data_coding, text, shown_text, encoding)) in cases.into_iter().enumerate() {
        client.send(Submit { text, data_coding, ..Submit::new(PHONE, "") }).await.expect("taken");
        let shown = running.network.phone(PHONE).swap_remove(round);
        assert_eq!((shown.text.as_str(), shown.encoding), (shown_text, encoding));
    }
}

#[tokio::test]
async fn a_payload_carries_a_text_but_not_beside_another() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    let payload = tlv(0x0424, "x".repeat(300).as_bytes());
    client.send(Submit { tlvs: &payload, ..Submit::new(PHONE, "") }).await.expect("taken");
    assert_eq!(running.network.phone(PHONE)[0].text, "x".repeat(300));
    let both = Submit { tlvs: &payload, ..Submit::new(PHONE, "text") };
    assert_eq!(client.send(both).await, Err(Status(0x01)));
}

#[tokio::test]
async fn a_person_writes_back_in_gsm7_or_ucs2_and_at_length() {
    let running = start(|_| {}).await;
    let mut client = Client::transceiver(&running.network).await;
    client.send(Submit::new(PHONE, "Bonjour").of_code("38180")).await.expect("taken");

    running.network.answer("+33639980010", "38180", "d\u{e9}j\u{e0}").expect("a route");
    let reply = client.replies(1).await.remove(0);
    assert_eq!((reply.data_coding, reply.octets), (0, vec![b'd', 0x05, b'j', 0x7F]));

    running.network.answer(PHONE, "38180", "\u{ea}\u{1F600}").expect("a route");
    let reply = client.replies(2).await.remove(1);
    assert_eq!((reply.data_coding, reply.octets), (8, vec![0x00, 0xEA, 0xD8, 0x3D, 0xDE, 0x00]));

    running.network.answer(PHONE, "38180", &"a".repeat(200)).expect("a route");
    let replies = client.replies(4).await;
    let (one, two) = (&replies[2], &replies[3]);
    assert_eq!((one.esm_class, one.octets.len(), two.octets.len()), (0x40, 6 + 153, 6 + 47));
    assert_eq!((&one.octets[..3], &one.octets[4..6]), (&[5, 0, 3][..], &[2, 1][..]));
    assert_eq!((one.octets[3], &two.octets[4..6]), (two.octets[3], &[2, 2][..]));

    client.drain(&running.network).await;
    let written: Vec<usize> = running
        .network
        .phone(PHONE)
        .iter()
        .filter(|message| message.direction == Direction::Written)
        .map(|message| message.parts)
        .collect();
    assert_eq!(written, [1, 1, 2]);
    let summary = running.network.phones().remove(0);
    assert_eq!((summary.msisdn.as_str(), summary.received, summary.written), ("+33639980010", 1, 3));
}

#[tokio::test]
async fn a_text_goes_to_the_account_that_sends_from_its_code() {
    let running = start(|_| {}).await;
    let mut owner = Client::bind(&running.network, BindKind::Transceiver, "owner").await;
    owner.send(Submit::new(PHONE, "Bonjour").of_code("38180")).await.expect("taken");
    owner.drain(&running.network).await;
    let mut latest = Client::bind(&running.network, BindKind::Transceiver, "latest").await;
    running.network.answer(PHONE, "38180", "known").expect("a route");
    running.network.answer(PHONE, "38181", "unknown").expect("a route");
    assert_eq!(owner.replies(1).await[0].octets, b"known");
    assert_eq!(latest.replies(1).await[0].octets, b"unknown");
}

#[tokio::test]
async fn what_cannot_leave_says_why() {
    let running = start(|_| {}).await;
    assert_eq!(running.network.answer(PHONE, "36180", "OUI"), Err(NoRoute::Nobody));
    assert_eq!(running.network.answer("0639980010", "36180", "OUI"), Err(NoRoute::Phone));
    assert_eq!(running.network.answer(PHONE, "MyCompany", "OUI"), Err(NoRoute::Recipient));
    assert_eq!(running.network.phone("no number"), []);
}
