//! Requests and answers: the window, sequence numbers, tokens.

use proptest::prelude::*;

use super::*;
use crate::session::window::SEQUENCE_MAX;

fn answered(token: u64, id: &str) -> Event {
    Event::Answered { token, result: Ok(id.to_owned()) }
}

fn late_answer(token: u64, id: &str) -> Event {
    Event::AnsweredLate { token, result: Ok(id.to_owned()) }
}

// smpp-submit-sm
#[test]
fn a_submit_is_answered_once_with_its_token() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    link.submit(42);
    link.carry();
    let events_seen = events(&mut link.server);
    let [Event::Submit { sequence, message: got }] = &events_seen[..] else { panic!("{events_seen:?}") };
    assert_eq!(got.view(), message(b"Bonjour"));
    for _ in 0..2 {
        link.server.answer_submit(*sequence, Ok("id-1"));
    }
    link.carry();
    assert_eq!(events(&mut link.client), [answered(42, "id-1")]);
    assert_eq!((link.client.room(), link.client.unanswered()), (4, 0));
}

// smpp-deliver-sm
#[test]
fn a_deliver_is_answered_with_its_status() {
    let mut link = Link::bound(BindKind::Receiver, &limits());
    for (token, status) in [(7, Status::OK), (8, Status::RECEIVER_TEMPORARY)] {
        link.server.deliver(&message(b"STOP"), token, link.now).unwrap();
        link.carry();
        let seen = events(&mut link.client);
        let [Event::Deliver { sequence, message: got }] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(got.view(), message(b"STOP"));
        link.client.answer_deliver(*sequence, status);
        link.carry();
        assert_eq!(events(&mut link.server), [Event::DeliverAnswered { token, status }]);
    }
}

// smpp-data-sm
#[test]
fn a_data_sm_reads_like_any_message_and_is_answered_as_data_sm() {
    let body = b"\0\x01\x0133639980001\0\x01\x0138000\0\x00\x00\x00\x04\x24\x00\x04STOP";
    let (mut client, now) = client(BindKind::Transceiver);
    client.receive(&raw(command::DATA_SM, 0, 9, body), now);
    client.receive(&raw(command::DELIVER_SM, 0, 9, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), now);
    let seen = events(&mut client);
    let [Event::Deliver { sequence: 9, message: got }, Event::Deliver { sequence: 9, .. }] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!((got.view().content(), got.view().source.digits), (&b"STOP"[..], &b"33639980001"[..]));
    client.answer_deliver(9, Status::OK);
    client.answer_deliver(9, Status::OK);
    assert_eq!(answers(&mut client), [(0x8000_0103, Status::OK, 9), (0x8000_0005, Status::OK, 9)]);

    let (mut server, now) = server(BindKind::Transmitter);
    server.receive(&raw(command::DATA_SM, 0, 3, body), now);
    assert!(matches!(events(&mut server)[..], [Event::Submit { sequence: 3, .. }]));
    server.answer_submit(3, Ok("d-1"));
    assert_eq!(
        said(&mut server)[0],
        Frame { header: Header::answer(0x103, 3, Status::OK), body: b"d-1\0"[..].into() }
    );
}

// smpp-window
#[test]
fn the_window_is_exact() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    for token in 0..4 {
        assert_eq!(link.client.room(), 4 - usize::try_from(token).unwrap());
        link.submit(token);
    }
    assert_eq!(link.client.room(), 0);
    assert_eq!(link.client.submit(&message(b"5"), 5, link.now), Err(SendError::WindowFull));
    let sequences = link.submitted();
    assert_eq!(sequences.len(), 4, "the fifth never left");
    link.server.answer_submit(sequences[2], Err(Status::THROTTLED));
    link.carry();
    assert_eq!(events(&mut link.client), [Event::Answered { token: 2, result: Err(Status::THROTTLED) }]);
    assert_eq!(link.client.room(), 1);
    link.submit(6);
    assert_eq!(link.client.submit(&message(b"7"), 7, link.now), Err(SendError::WindowFull));
}

#[test]
fn a_window_of_nothing_is_one_and_none_is_wider_than_the_widest() {
    for (asked, given) in [(0, 1), (1, 1), (usize::MAX, WINDOW_MAX)] {
        let link = Link::bound(BindKind::Transceiver, &Limits { window: asked, ..Limits::default() });
        assert_eq!(link.client.room(), given, "{asked}");
    }
}

// smpp-field-lengths
#[test]
fn what_does_not_fit_is_refused_and_leaves_no_trace() {
    let (mut client, now) = client(BindKind::Transmitter);
    let long = [b'1'; 300];
    let address = |digits| Address { ton: 1, npi: 1, digits };
    for (name, bad, error) in [
        ("text", message(&long[..255]), SendError::TooLong("short_message")),
        (
            "source",
            ShortMessage { source: address(&long[..21]), ..message(b"") },
            SendError::TooLong("source_addr"),
        ),
        (
            "destination",
            ShortMessage { destination: address(b"33\0"), ..message(b"") },
            SendError::HoldsZero("destination_addr"),
        ),
        (
            "validity",
            ShortMessage { validity_period: b"0001", ..message(b"") },
            SendError::TooLong("validity_period"),
        ),
    ] {
        assert_eq!(client.submit(&bad, 1, now), Err(error), "{name}");
    }
    assert!(client.output().is_empty());
    assert_eq!(client.room(), 4);
    client.submit(&message(&long[..254]), 2, now).unwrap();
    assert_eq!(said(&mut client)[0].header.sequence, 2, "refusals use up no number");
}

// smpp-sequence
#[test]
fn sequence_numbers_turn_over_at_the_standards_end() {
    let mut link = Link::bound(BindKind::Transceiver, &Limits { window: 10, ..Limits::default() });
    link.client.window.set_next(SEQUENCE_MAX - 1);
    for token in 0..4 {
        link.submit(token);
    }
    let sequences = link.submitted();
    assert_eq!(sequences, [0x7FFF_FFFE, 0x7FFF_FFFF, 1, 2]);
    for sequence in sequences {
        link.server.answer_submit(sequence, Ok(&sequence.to_string()));
    }
    link.carry();
    let expected = [answered(0, "2147483646"), answered(1, "2147483647"), answered(2, "1"), answered(3, "2")];
    assert_eq!(events(&mut link.client), expected);
}

// smpp-sequence
#[test]
fn a_number_that_is_unanswered_is_not_given_again() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    link.submit(1);
    let first = link.submitted()[0];
    for token in 2..40 {
        link.client.window.set_next(first);
        link.submit(token);
        let next = link.submitted()[0];
        assert_ne!(next, first);
        link.server.answer_submit(next, Ok("x"));
        link.carry();
        assert_eq!(events(&mut link.client), [answered(token, "x")]);
    }
    link.server.answer_submit(first, Ok("first"));
    link.carry();
    assert_eq!(events(&mut link.client), [answered(1, "first")]);
}

// smpp-sequence-match
#[test]
fn late_answers_are_told_as_such() {
    let limits = Limits { window: 2, ..limits() };
    let mut link = Link::bound(BindKind::Transceiver, &limits);
    let mut sequences = Vec::new();
    for token in 1..=10 {
        link.submit(token);
        sequences.extend(link.submitted());
        link.pass(limits.response_timeout);
        assert_eq!(events(&mut link.client), [Event::Lost { token }]);
    }
    link.server.answer_submit(sequences[9], Err(Status::THROTTLED));
    link.server.answer_submit(sequences[2], Ok("three"));
    // Four windows are remembered: the first two are forgotten.
    link.server.answer_submit(sequences[1], Ok("two"));
    link.server.answer_submit(sequences[2], Ok("again"));
    link.carry();
    let late = Event::AnsweredLate { token: 10, result: Err(Status::THROTTLED) };
    assert_eq!(events(&mut link.client), [late, late_answer(3, "three")]);
    assert_eq!(link.client.room(), 2);
}

// smpp-sequence-match
#[test]
fn answers_that_match_nothing_are_passed_over() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.submit(&message(b"x"), 1, now).unwrap();
    said(&mut client);
    for stray in [
        raw(0x8000_0004, 0, 99, b"id\0"),
        raw(0x8000_0004, 0, 0, b"id\0"),
        raw(0x8000_0004, 0, 2 + 16, b"the same slot\0"),
        raw(0x8000_0005, 0, 2, b"\0"),
        raw(0x8000_0000, 3, 77, b""),
        raw(0x8000_0009, 0, 2, b"smsc\0"),
        raw(0x8000_0006, 0, 2, b""),
        raw(0x8000_0015, 0, 2, b""),
        raw(0x8000_7777, 0, 2, b""),
    ] {
        client.receive(&stray, now);
        assert_eq!(events(&mut client), [], "{stray:?}");
        assert!(client.output().is_empty(), "an answer is never answered");
    }
    client.receive(&raw(0x8000_0004, 0, 2, b"id\0"), now);
    assert_eq!(events(&mut client), [answered(1, "id")]);
}

// smpp-lenient-answers
#[test]
fn submit_answers_of_sloppy_peers_count() {
    for (body, id) in [
        (&b"abc\0"[..], "abc"),
        (b"abc", "abc"),
        (b"", ""),
        (b"\0", ""),
        (b"abc\0\0\x1E\0\x01x", "abc"),
        (b"n\xE9\0", "né"),
    ] {
        let (mut client, now) = client(BindKind::Transceiver);
        client.submit(&message(b"x"), 1, now).unwrap();
        client.receive(&raw(0x8000_0004, 0, 2, body), now);
        assert_eq!(events(&mut client), [answered(1, id)], "{}", body.escape_ascii());
    }
}

// smpp-generic-nack
#[test]
fn a_generic_nack_refuses_the_request_it_names() {
    for (sent, status) in [(0x03, Status::INVALID_COMMAND_ID), (0, Status::UNKNOWN_ERROR)] {
        let (mut client, now) = client(BindKind::Transceiver);
        client.submit(&message(b"x"), 1, now).unwrap();
        client.receive(&raw(0x8000_0000, sent, 2, b""), now);
        assert_eq!(events(&mut client), [Event::Answered { token: 1, result: Err(status) }]);
        assert_eq!(client.room(), 4);

        let (mut server, now) = server(BindKind::Transceiver);
        server.deliver(&message(b"x"), 1, now).unwrap();
        server.receive(&raw(0x8000_0000, sent, 1, b""), now);
        assert_eq!(events(&mut server), [Event::DeliverAnswered { token: 1, status }]);
    }
}

#[test]
fn an_id_that_does_not_fit_is_answered_as_our_fault() {
    let (mut server, _) = server(BindKind::Transceiver);
    server.answer_submit(1, Ok(&"x".repeat(64)));
    server.answer_submit(2, Ok(&"x".repeat(65)));
    server.answer_submit(3, Err(Status::OK));
    let expected = [
        (0x8000_0004, Status::OK, 1),
        (0x8000_0004, Status::SYSTEM_ERROR, 2),
        (0x8000_0004, Status::SYSTEM_ERROR, 3),
    ];
    assert_eq!(answers(&mut server), expected);
}

/// One exchange of everything, with the link cut into chunks of this size.
fn whole_exchange(chunk: usize) -> (Vec<Event>, Vec<Event>) {
    let mut link = Link::bound_in_chunks(BindKind::Transceiver, &limits(), chunk);
    for token in 0..3 {
        link.submit(token);
        link.server.deliver(&message(b"receipt"), 100 + token, link.now).unwrap();
    }
    link.carry();
    for sequence in 2..5 {
        link.client.answer_deliver(sequence - 1, Status::OK);
        link.server.answer_submit(sequence, Ok("id"));
    }
    link.carry();
    link.client.unbind(link.now);
    link.carry();
    (events(&mut link.client), events(&mut link.server))
}

// smpp-framing
#[test]
fn where_the_link_cuts_changes_nothing() {
    let whole = whole_exchange(usize::MAX);
    assert_eq!((whole.0.len(), whole.1.len()), (7, 8));
    for chunk in 1..200 {
        assert_eq!(whole_exchange(chunk), whole, "in chunks of {chunk}");
    }
}

proptest! {
    /// Whatever the order of answers and whichever are missing, every token comes back exactly once.
    #[test]
    fn every_token_comes_back_once(
        order in Just((0..64_usize).collect::<Vec<_>>()).prop_shuffle(),
        lost in proptest::collection::hash_set(0..64_usize, 0..20),
        chunk in 1..400_usize,
    ) {
        let limits = Limits { window: 64, ..Limits::default() };
        let mut link = Link::bound_in_chunks(BindKind::Transmitter, &limits, chunk);
        (0..64).for_each(|token| link.submit(token));
        let sequences = link.submitted();
        for index in order.iter().filter(|index| !lost.contains(index)) {
            link.server.answer_submit(sequences[*index], Ok(&index.to_string()));
        }
        link.carry();
        let in_order: Vec<Event> = order
            .iter()
            .filter(|index| !lost.contains(index))
            .map(|index| answered(u64::try_from(*index).unwrap(), &index.to_string()))
            .collect();
        prop_assert_eq!(events(&mut link.client), in_order);
        prop_assert_eq!(link.client.unanswered(), lost.len());
        link.pass(limits.response_timeout);
        let mut late: Vec<u64> = lost.iter().map(|index| u64::try_from(*index).unwrap()).collect();
        late.sort_unstable();
        let late: Vec<Event> = late.into_iter().map(|token| Event::Lost { token }).collect();
        prop_assert_eq!(events(&mut link.client), late);
        for _ in 0..2 {
            for index in &lost {
                link.server.answer_submit(sequences[*index], Ok("late"));
            }
        }
        link.carry();
        let told: Vec<Event> = lost.iter().map(|index| late_answer(u64::try_from(*index).unwrap(), "late")).collect();
        prop_assert_eq!(events(&mut link.client), told, "once, in the order they came");
        prop_assert_eq!(link.client.room(), 64);
    }
}
