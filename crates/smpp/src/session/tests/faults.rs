//! Octets from peers that are broken or hostile.

use proptest::prelude::*;

use super::*;
use crate::pdu::Received;

const DELIVER: &[u8] = b"\0\x01\x0133639980001\0\x01\x0138000\0\0\0\0\0\0\0\0\0\0\x04STOP";

fn delivered(session: &mut Session) -> usize {
    events(session).iter().filter(|event| matches!(event, Event::Deliver { .. })).count()
}

// smpp-bad-pdu-answered
#[test]
fn a_bad_pdu_is_answered_with_its_fault_and_the_next_one_is_read() {
    let long = [b'9'; 21];
    let with_source = |digits: &[u8]| [b"\0\x01\x01", digits, b"\0\x01\x0138000\0", &[0; 10]].concat();
    let with_destination = |digits: &[u8]| [b"\0\x01\x0138000\0\x01\x01", digits, b"\0", &[0; 10]].concat();
    let cases = [
        ("no body", 0x05, vec![], (0x8000_0005, Status::INVALID_COMMAND_LENGTH)),
        ("cut short", 0x05, DELIVER[..12].to_vec(), (0x8000_0005, Status::INVALID_COMMAND_LENGTH)),
        (
            "text cut short",
            0x05,
            DELIVER[..DELIVER.len() - 1].to_vec(),
            (0x8000_0005, Status::INVALID_MESSAGE_LENGTH),
        ),
        ("source too long", 0x05, with_source(&long), (0x8000_0005, Status::INVALID_SOURCE)),
        ("destination too long", 0x05, with_destination(&long), (0x8000_0005, Status::INVALID_DESTINATION)),
        ("service_type too long", 0x05, b"CELLULAR\0".to_vec(), (0x8000_0005, Status::INVALID_SERVICE_TYPE)),
        ("data_sm cut short", 0x0103, b"\0\x01\x01".to_vec(), (0x8000_0103, Status::INVALID_COMMAND_LENGTH)),
        ("query_sm", 0x03, vec![], (0x8000_0003, Status::INVALID_COMMAND_ID)),
        ("replace_sm", 0x07, vec![], (0x8000_0007, Status::INVALID_COMMAND_ID)),
        ("cancel_sm", 0x08, vec![], (0x8000_0008, Status::INVALID_COMMAND_ID)),
        ("submit_multi", 0x21, vec![], (0x8000_0021, Status::INVALID_COMMAND_ID)),
        ("a bind to a client", 0x09, vec![], (0x8000_0009, Status::INVALID_COMMAND_ID)),
        ("a command nobody knows", 0x7777, vec![1, 2, 3], (0x8000_0000, Status::INVALID_COMMAND_ID)),
    ];
    for (name, command_id, body, (answer, status)) in cases {
        let (mut client, now) = client(BindKind::Transceiver);
        client.receive(&[raw(command_id, 0, 70, &body), raw(0x05, 0, 71, DELIVER)].concat(), now);
        assert_eq!(answers(&mut client), [(answer, status, 70)], "{name}");
        let seen = events(&mut client);
        assert!(
            matches!(seen[..], [Event::Faulty { .. }, Event::Deliver { sequence: 71, .. }]),
            "{name}: {seen:?}"
        );
        assert!(client.is_bound(), "{name}");
    }
}

// smpp-latin1-addresses
#[test]
fn addresses_are_octets_and_padding_is_passed_over() {
    let body = [
        b"\0\x05\0",
        &b"Caf\xE9 \x80"[..],
        b"\0\x01\x0138000\0",
        &[0; 10],
        b"\x04\x27\0\x01\x02",
        b"\xFF\xFF\0",
    ]
    .concat();
    let (mut client, now) = client(BindKind::Transceiver);
    client.receive(&raw(0x05, 0, 70, &body), now);
    let seen = events(&mut client);
    let [Event::Deliver { message, .. }] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(message.view().source.digits, b"Caf\xE9 \x80");
    assert_eq!(message.view().tlvs.get(0x0427), Some(&[2][..]));
}

// smpp-command-length
#[test]
fn a_length_that_makes_no_sense_is_answered_and_ends_the_session() {
    for length in [0_u32, 15, 64 * 1024 + 1, u32::MAX] {
        let (mut client, now) = client(BindKind::Transceiver);
        client.submit(&message(b"x"), 1, now).unwrap();
        said(&mut client);
        let mut input = raw(0x05, 0, 71, DELIVER);
        input.extend_from_slice(&length.to_be_bytes());
        client.receive(&input, now);
        assert_eq!(answers(&mut client), [(0x8000_0000, Status::INVALID_COMMAND_LENGTH, 0)]);
        let seen = events(&mut client);
        let [Event::Deliver { .. }, Event::Faulty { .. }, lost, end] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((lost, end), (&Event::Lost { token: 1 }, &Event::Closed { why: ClosedBy::Garbage }));
    }
}

#[test]
fn too_many_unanswered_data_sm_are_refused_as_a_full_queue() {
    let (mut client, now) = client(BindKind::Transceiver);
    let flood: Vec<u8> = (1..=1025).flat_map(|sequence| raw(0x0103, 0, sequence, &[0; 10])).collect();
    client.receive(&flood, now);
    assert_eq!(answers(&mut client), [(0x8000_0103, Status::QUEUE_FULL, 1025)]);
    assert_eq!(delivered(&mut client), 1024);
    client.answer_deliver(1, Status::OK);
    client.receive(&raw(0x0103, 0, 2000, &[0; 10]), now);
    assert_eq!(delivered(&mut client), 1);
}

#[test]
fn faults_are_told_without_what_was_in_them() {
    let (mut client, now) = client(BindKind::Transceiver);
    let body = [b"\0\x01\x01336399800013363998000133\0", DELIVER].concat();
    client.receive(&raw(0x05, 0, 70, &body), now);
    let seen = events(&mut client);
    let [Event::Faulty { why }] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(why, "source_addr is longer than SMPP allows");
    client.receive(&raw(0x05, 0, 70, DELIVER), now);
    let shown = format!("{:?}", events(&mut client));
    assert!(!shown.contains("3363998") && !shown.contains("STOP"), "{shown}");
}

/// A valid PDU of any sort that a peer may send.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        Just(DELIVER.to_vec()),
        Just(b"esme\0secret\0vma\0\x34\0\0\0".to_vec()),
        Just(b"id-1\0".to_vec()),
        Just(Vec::new()),
        Just(b"\0\x01\x0133639980001\0\x01\x0138000\0\x00\x00\x00\x04\x24\x00\x04STOP".to_vec()),
    ];
    let command_id = prop::sample::select(vec![
        0x8000_0000_u32,
        0x01,
        0x02,
        0x03,
        0x04,
        0x05,
        0x06,
        0x07,
        0x08,
        0x09,
        0x0B,
        0x15,
        0x21,
        0x0102,
        0x0103,
        0x7777,
        0x8000_0002,
        0x8000_0004,
        0x8000_0005,
        0x8000_0006,
        0x8000_0009,
        0x8000_0015,
        0x8000_0103,
    ]);
    (command_id, 0_u32..3, 0_u32..6, body)
        .prop_map(|(command_id, status, sequence, body)| raw(command_id, status, sequence, &body))
}

/// What a driver does, in any order.
#[derive(Clone, Debug)]
enum Step {
    Octets(Vec<u8>),
    Submit,
    Deliver,
    Answer(u32),
    Pass(u64),
    Unbind,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => valid().prop_map(Step::Octets),
        2 => (valid(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut pdu, at, octet)| {
            let at = at.index(pdu.len());
            pdu[at] = octet;
            Step::Octets(pdu)
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Octets),
        4 => Just(Step::Submit),
        4 => Just(Step::Deliver),
        2 => (0_u32..6).prop_map(Step::Answer),
        2 => (0_u64..40).prop_map(Step::Pass),
        1 => Just(Step::Unbind),
    ]
}

/// Runs the steps on one session and checks what must hold at every one.
fn check(mut session: Session, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut now = some_instant();
    let mut waiting = std::collections::HashSet::new();
    let mut lost = std::collections::HashSet::new();
    let mut closed = false;
    for (token, step) in (0_u64..).zip(steps) {
        let given = if let Step::Octets(octets) = &step { octets.len() } else { 16 };
        match step {
            Step::Octets(octets) => session.receive(&octets, now),
            Step::Submit => {
                if session.submit(&message(b"x"), token, now).is_ok() {
                    waiting.insert(token);
                }
            }
            Step::Deliver => {
                if session.deliver(&message(b"x"), token, now).is_ok() {
                    waiting.insert(token);
                }
            }
            Step::Answer(sequence) => {
                session.answer_bind(sequence, Ok(()));
                session.answer_submit(sequence, Ok("id"));
                session.answer_deliver(sequence, Status::OK);
            }
            Step::Pass(seconds) => {
                now += SECOND * u32::try_from(seconds).unwrap();
                session.tick(now);
                prop_assert!(session.deadline().is_none_or(|deadline| deadline > now));
            }
            Step::Unbind => session.unbind(now),
        }
        prop_assert!(
            session.output().len() < 200 + 8 * given,
            "{} octets for {given}",
            session.output().len()
        );
        prop_assert!(session.framer.held() <= 200);
        session.output().clear();
        for event in events(&mut session) {
            prop_assert!(!closed, "{event:?} after the end");
            match event {
                Event::Answered { token, .. }
                | Event::DeliverAnswered { token, .. }
                | Event::Lost { token } => {
                    prop_assert!(waiting.remove(&token), "{token} came back twice or was never sent");
                    if matches!(event, Event::Lost { .. }) {
                        lost.insert(token);
                    }
                }
                Event::AnsweredLate { token, .. } => {
                    prop_assert!(lost.remove(&token), "{token} was answered twice or in time");
                }
                Event::Closed { .. } => closed = true,
                _ => {}
            }
        }
        prop_assert_eq!(waiting.len(), session.unanswered());
    }
    session.link_lost();
    for event in events(&mut session) {
        if let Event::Lost { token } = event {
            prop_assert!(waiting.remove(&token));
        }
    }
    prop_assert!(waiting.is_empty(), "never came back: {waiting:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Whatever the other side sends and whatever the driver does, every token comes back once, the
    /// end comes once and last, timers move on, and memory stays bounded.
    #[test]
    fn nothing_upsets_a_session(is_client: bool, steps in proptest::collection::vec(step(), 1..60)) {
        let limits = Limits { pdu_max: 200, ..limits() };
        let session = if is_client {
            Session::client(&credentials(BindKind::Transceiver), limits, some_instant())
        } else {
            Session::server("smsc", limits, some_instant())
        };
        check(session, steps)?;
    }

    /// Any octets at all, in any pieces.
    #[test]
    fn any_octets_are_borne(octets: Vec<u8>, chunk in 1..50_usize) {
        let (mut session, now) = client(BindKind::Transceiver);
        for piece in octets.chunks(chunk) {
            session.receive(piece, now);
        }
        prop_assert!(session.framer.held() <= octets.len());
    }

    /// A PDU whose content is spoilt, its length apart, never takes the next one with it.
    #[test]
    fn a_spoilt_pdu_costs_only_itself(mut pdu in valid(), at: prop::sample::Index, octet: u8) {
        let at = 4 + at.index(pdu.len() - 4);
        pdu[at] = octet;
        // An unbind or a bind's refusal ends the session rightly.
        prop_assume!(pdu[4..8] != [0, 0, 0, 6]);
        let (mut session, now) = client(BindKind::Transceiver);
        session.receive(&pdu, now);
        events(&mut session);
        session.receive(&raw(0x05, 0, 99, DELIVER), now);
        prop_assert_eq!(delivered(&mut session), 1);
    }

    /// A received message reads the same through its view whatever its octets are.
    #[test]
    fn any_body_is_read_or_refused(
        command_id in prop::sample::select(vec![4_u32, 5, 0x0103]),
        body: Vec<u8>,
    ) {
        if let Ok(received) = Received::parse(command_id, body.clone().into()) {
            prop_assert_eq!(ShortMessage::parse(command_id, &body), Ok(received.view()));
            let _ = crate::pdu::udh::layout(&received.view());
        }
    }
}
