//! Unbinding, from both sides, and links that go.

use super::*;

fn closed(why: ClosedBy) -> Event {
    Event::Closed { why }
}

fn answered(token: u64) -> Event {
    Event::Answered { token, result: Ok("id".into()) }
}

// smpp-unbind
#[test]
fn an_unbind_with_nothing_unanswered_goes_out_at_once() {
    for ours in [true, false] {
        let mut link = Link::bound(BindKind::Transceiver, &limits());
        let session = if ours { &mut link.client } else { &mut link.server };
        session.unbind(link.now);
        assert!(!session.is_bound());
        assert_eq!(session.room(), 0);
        session.unbind(link.now);
        link.carry();
        let (us, them) =
            if ours { (&mut link.client, &mut link.server) } else { (&mut link.server, &mut link.client) };
        assert_eq!(events(us), [closed(ClosedBy::Us)]);
        assert_eq!(events(them), [Event::Unbinding, closed(ClosedBy::Peer)]);
    }
}

// smpp-unbind-drain
#[test]
fn an_unbind_waits_for_the_answers_that_are_owed() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    link.submit(1);
    link.submit(2);
    let sequences = link.submitted();
    link.client.unbind(link.now);
    assert!(link.client.output().is_empty(), "not yet");
    assert_eq!(link.client.submit(&message(b"x"), 3, link.now), Err(SendError::NotBound));
    link.server.answer_submit(sequences[0], Ok("id"));
    link.server.deliver(&message(b"a receipt meanwhile"), 9, link.now).unwrap();
    link.carry();
    let seen = events(&mut link.client);
    let [first, Event::Deliver { sequence, .. }] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(first, &answered(1));
    link.client.answer_deliver(*sequence, Status::OK);
    link.server.answer_submit(sequences[1], Ok("id"));
    link.carry();
    assert_eq!(events(&mut link.client), [answered(2), closed(ClosedBy::Us)]);
    let delivered = Event::DeliverAnswered { token: 9, status: Status::OK };
    assert_eq!(events(&mut link.server), [delivered, Event::Unbinding, closed(ClosedBy::Peer)]);
}

// smpp-unbind-drain
#[test]
fn an_unbind_does_not_wait_for_ever() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.submit(&message(b"x"), 1, now).unwrap();
    said(&mut client);
    client.unbind(now);
    let drained = now + limits().bind_timeout;
    assert_eq!(client.deadline(), Some(drained));
    client.tick(drained);
    assert_eq!(answers(&mut client), [(command::UNBIND, Status::OK, 3)]);
    assert_eq!(client.deadline(), Some(drained + limits().bind_timeout));
    client.receive(&raw(0x8000_0004, 0, 2, b"id\0"), drained);
    assert_eq!(events(&mut client), [answered(1)], "still in time");
    client.tick(drained + limits().bind_timeout);
    assert_eq!(events(&mut client), [closed(ClosedBy::Us)]);
}

#[test]
fn answers_behind_the_unbinds_answer_count_and_the_rest_is_lost() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.submit(&message(b"1"), 1, now).unwrap();
    client.submit(&message(b"2"), 2, now).unwrap();
    client.unbind(now);
    client.tick(now + limits().bind_timeout);
    let input = [raw(0x8000_0006, 0, 4, b""), raw(0x8000_0004, 0, 2, b"id\0")].concat();
    client.receive(&input, now + limits().bind_timeout);
    assert_eq!(events(&mut client), [answered(1), Event::Lost { token: 2 }, closed(ClosedBy::Us)]);
}

// smpp-unbind-peer
#[test]
fn a_peers_unbind_is_answered_at_once() {
    let (mut client, now) = client(BindKind::Transceiver);
    for token in 1..=3 {
        client.submit(&message(b"x"), token, now).unwrap();
    }
    said(&mut client);
    let input = [
        raw(0x8000_0004, 0, 2, b"id\0"),
        raw(0x06, 0, 50, b""),
        raw(0x8000_0004, 0, 4, b"id\0"),
        raw(0x06, 0, 51, b""),
        raw(0x05, 0, 52, &[0; 17]),
    ];
    client.receive(&input.concat(), now);
    let seen = events(&mut client);
    let [a, Event::Unbinding, b, Event::Faulty { .. }] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((a, b), (&answered(1), &answered(3)));
    assert!(!client.is_bound());
    assert_eq!(client.submit(&message(b"x"), 4, now), Err(SendError::NotBound));
    let expected = [
        (0x8000_0006, Status::OK, 50),
        (0x8000_0006, Status::OK, 51),
        (0x8000_0005, Status::INVALID_BIND_STATUS, 52),
    ];
    assert_eq!(answers(&mut client), expected);
    client.link_lost();
    assert_eq!(events(&mut client), [Event::Lost { token: 2 }, closed(ClosedBy::Peer)]);
}

// smpp-unbind-peer
#[test]
fn answers_owed_at_a_peers_unbind_are_waited_for_but_not_for_ever() {
    let leaving = || {
        let (mut client, now) = client(BindKind::Transceiver);
        client.submit(&message(b"x"), 1, now).unwrap();
        client.receive(&raw(0x06, 0, 50, b""), now);
        assert_eq!(events(&mut client), [Event::Unbinding]);
        assert_eq!(client.deadline(), Some(now + limits().bind_timeout));
        (client, now)
    };
    let lost = [Event::Lost { token: 1 }, closed(ClosedBy::Peer)];

    let (mut client, now) = leaving();
    client.receive(&raw(0x8000_0004, 0, 2, b"id\0"), now + SECOND);
    assert_eq!(events(&mut client), [answered(1), closed(ClosedBy::Peer)], "nothing more is owed");

    let (mut client, now) = leaving();
    client.tick(now + limits().bind_timeout);
    assert_eq!(events(&mut client), lost);

    let (mut client, now) = leaving();
    client.unbind(now);
    client.receive(&[0; 4], now);
    let seen = events(&mut client);
    assert!(matches!(seen[0], Event::Faulty { .. }));
    assert_eq!(seen[1..], lost);

    let hasty = Limits { response_timeout: SECOND, ..limits() };
    let mut link = Link::bound(BindKind::Transceiver, &hasty);
    link.submit(1);
    link.client.receive(&raw(0x06, 0, 50, b""), link.now);
    link.client.tick(link.now + SECOND);
    assert_eq!(events(&mut link.client)[1..], lost, "the answer's own time counts too");
}

#[test]
fn what_follows_an_unbind_does_not_change_why_it_ended() {
    let (mut session, now) = client(BindKind::Transceiver);
    session.receive(&[raw(0x06, 0, 50, b""), vec![0; 4]].concat(), now);
    let seen = events(&mut session);
    let [Event::Unbinding, Event::Faulty { .. }, end] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(end, &closed(ClosedBy::Peer));

    let mut session = Session::server("smsc", limits(), now);
    let bind = raw(0x09, 0, 51, b"esme\0secret\0vma\0\x34\0\0\0");
    session.receive(&[raw(0x06, 0, 50, b""), bind].concat(), now);
    let seen = events(&mut session);
    assert!(matches!(seen[..], [Event::Unbinding, Event::Faulty { .. }, Event::Closed { .. }]), "{seen:?}");
}

#[test]
fn a_link_that_waits_for_answers_is_still_asked_whether_it_lives() {
    let patient = Limits { bind_timeout: 1000 * SECOND, response_timeout: 1000 * SECOND, ..limits() };
    let mut link = Link::bound(BindKind::Transceiver, &patient);
    link.submit(1);
    link.submitted();
    link.client.unbind(link.now);
    link.client.tick(link.now + patient.enquire_link);
    assert_eq!(answers(&mut link.client), [(command::ENQUIRE_LINK, Status::OK, 3)]);
}

#[test]
fn two_unbinds_that_cross_end_both_sides() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    link.client.unbind(link.now);
    link.server.unbind(link.now);
    link.carry();
    assert_eq!(events(&mut link.client), [Event::Unbinding, closed(ClosedBy::Us)]);
    assert_eq!(events(&mut link.server), [Event::Unbinding, closed(ClosedBy::Us)]);
}

#[test]
fn an_unbind_before_the_bind_is_the_end() {
    let now = some_instant();
    for mut session in [
        Session::client(&credentials(BindKind::Transceiver), limits(), now),
        Session::server("smsc", limits(), now),
    ] {
        session.unbind(now);
        assert_eq!(events(&mut session), [closed(ClosedBy::Us)]);
    }
    let (mut client, now) = client(BindKind::Transceiver);
    client.unbind(now);
    let sequence = said(&mut client)[0].header.sequence;
    client.receive(&raw(0x8000_0000, 3, sequence, b""), now);
    assert_eq!(events(&mut client), [closed(ClosedBy::Us)], "a generic_nack ends it too");
}

#[test]
fn a_peer_that_hangs_up_instead_of_answering_the_unbind_will_do() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.unbind(now);
    client.link_lost();
    assert_eq!(events(&mut client), [closed(ClosedBy::Us)]);
}

#[test]
fn a_link_that_goes_takes_every_unanswered_request_with_it() {
    let (mut client, now) = client(BindKind::Transceiver);
    for token in [5, 6, 7] {
        client.submit(&message(b"x"), token, now).unwrap();
    }
    client.receive(&raw(0x8000_0004, 0, 3, b"id\0"), now);
    client.link_lost();
    client.link_lost();
    let expected = [answered(6), Event::Lost { token: 5 }, Event::Lost { token: 7 }, closed(ClosedBy::Link)];
    assert_eq!(events(&mut client), expected);
    assert_eq!(client.submit(&message(b"x"), 8, now), Err(SendError::NotBound));

    let (mut server, now) = server(BindKind::Transceiver);
    server.deliver(&message(b"x"), 1, now).unwrap();
    server.unbind(now);
    server.link_lost();
    assert_eq!(events(&mut server), [Event::Lost { token: 1 }, closed(ClosedBy::Us)]);
    said(&mut server);
    server.answer_submit(1, Ok("id"));
    server.answer_bind(1, Ok(()));
    assert!(server.output().is_empty(), "nothing is said after the end");
}
