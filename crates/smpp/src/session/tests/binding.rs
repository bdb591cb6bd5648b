//! From nothing to bound, or not.

use super::*;

const BIND: &[u8] = b"esme\0secret\0vma\0\x34\0\0\0";

fn closed(why: ClosedBy) -> Event {
    Event::Closed { why }
}

// smpp-bind
#[test]
fn each_kind_of_bind_allows_what_it_is_for() {
    for (kind, submits, delivers) in [
        (BindKind::Transmitter, true, false),
        (BindKind::Receiver, false, true),
        (BindKind::Transceiver, true, true),
    ] {
        let mut link = Link::bound(kind, &limits());
        assert!(link.client.is_bound() && link.server.is_bound());
        assert_eq!(
            (link.client.room(), link.server.room()),
            (4 * usize::from(submits), 4 * usize::from(delivers))
        );
        let submit = link.client.submit(&message(b"x"), 1, link.now);
        assert_eq!(submit, if submits { Ok(()) } else { Err(SendError::NotBound) }, "{kind:?}");
        let deliver = link.server.deliver(&message(b"x"), 1, link.now);
        assert_eq!(deliver, if delivers { Ok(()) } else { Err(SendError::NotBound) }, "{kind:?}");
        assert_eq!(
            link.client.deliver(&message(b"x"), 1, link.now),
            Err(SendError::NotBound),
            "a client does not"
        );
        assert_eq!(
            link.server.submit(&message(b"x"), 1, link.now),
            Err(SendError::NotBound),
            "a server does not"
        );
    }
}

// smpp-bind
#[test]
fn the_bind_says_who_we_are_in_the_standards_order() {
    let mut session = Session::client(&credentials(BindKind::Transceiver), limits(), some_instant());
    let frames = said(&mut session);
    assert_eq!(frames[0].header, Header::request(0x09, 1));
    assert_eq!(frames[0].body, BIND);
}

// smpp-bind-refused
#[test]
fn a_refused_bind_ends_the_session_with_its_reason() {
    let mut link = Link::new(BindKind::Transceiver, &limits());
    link.carry();
    assert_eq!(events(&mut link.server).len(), 1);
    link.server.answer_bind(1, Err(Status::INVALID_PASSWORD));
    assert_eq!(events(&mut link.server), [closed(ClosedBy::Refused(Status::INVALID_PASSWORD))]);
    link.carry();
    let expected =
        [Event::BindRefused(Status::INVALID_PASSWORD), closed(ClosedBy::Refused(Status::INVALID_PASSWORD))];
    assert_eq!(events(&mut link.client), expected);
    assert_eq!((link.client.deadline(), link.server.deadline()), (None, None));
    link.client.receive(&raw(0x15, 0, 1, b""), link.now);
    link.client.link_lost();
    link.client.unbind(link.now);
    link.pass(1000 * SECOND);
    assert_eq!(events(&mut link.client), [], "nothing follows the end");
    assert!(link.client.output().is_empty());
}

#[test]
fn a_bind_may_be_refused_by_generic_nack_or_by_a_driver_without_reason() {
    let mut session = Session::client(&credentials(BindKind::Transceiver), limits(), some_instant());
    session.receive(&raw(0x8000_0000, 3, 1, b""), some_instant());
    let status = Status::INVALID_COMMAND_ID;
    assert_eq!(events(&mut session), [Event::BindRefused(status), closed(ClosedBy::Refused(status))]);

    let mut server = Session::server("smsc", limits(), some_instant());
    server.receive(&raw(0x09, 0, 1, BIND), some_instant());
    server.answer_bind(1, Err(Status::OK));
    assert_eq!(answers(&mut server), [(0x8000_0009, Status::BIND_FAILED, 1)]);
}

// smpp-bind-timeout
#[test]
fn a_bind_that_is_not_answered_or_not_made_ends_in_silence() {
    for mut session in [
        Session::client(&credentials(BindKind::Transceiver), limits(), some_instant()),
        Session::server("smsc", limits(), some_instant()),
    ] {
        let deadline = session.deadline().expect("a bind has a time");
        session.tick(deadline - Duration::from_nanos(1));
        assert_eq!(events(&mut session), []);
        session.tick(deadline);
        assert_eq!(events(&mut session), [closed(ClosedBy::Silence)]);
        assert_eq!(session.deadline(), None);
    }
}

#[test]
fn a_server_waits_for_its_own_driver_without_a_clock() {
    let mut server = Session::server("smsc", limits(), some_instant());
    server.receive(&raw(0x09, 0, 1, BIND), some_instant());
    assert_eq!(server.deadline(), None);
    server.answer_bind(2, Ok(()));
    assert!(!server.is_bound() && server.output().is_empty(), "another number is not this bind");
    server.answer_bind(1, Ok(()));
    assert!(server.is_bound());
}

// smpp-bind-once
#[test]
fn a_second_bind_is_refused_and_the_first_stands() {
    let mut server = Session::server("smsc", limits(), some_instant());
    server.receive(&raw(0x09, 0, 1, BIND), some_instant());
    server.receive(&raw(0x02, 0, 2, BIND), some_instant());
    server.answer_bind(1, Ok(()));
    server.receive(&raw(0x09, 0, 3, BIND), some_instant());
    let expected = [
        (0x8000_0002, Status::ALREADY_BOUND, 2),
        (0x8000_0009, Status::OK, 1),
        (0x8000_0009, Status::ALREADY_BOUND, 3),
    ];
    assert_eq!(answers(&mut server), expected);
    assert!(server.is_bound());
}

// smpp-wrong-state
#[test]
fn what_comes_in_the_wrong_state_is_refused_with_that_reason() {
    let wrong = Status::INVALID_BIND_STATUS;
    let submit = raw(0x04, 0, 5, &[0; 17]);
    let deliver = raw(0x05, 0, 5, &[0; 17]);
    let data = raw(0x0103, 0, 5, &[0; 10]);
    let now = some_instant();
    let unbound = || Session::server("smsc", limits(), now);
    let asked = || {
        let mut session = unbound();
        session.receive(&raw(0x09, 0, 1, BIND), now);
        session
    };
    let binding = || {
        let mut session = Session::client(&credentials(BindKind::Transceiver), limits(), now);
        said(&mut session);
        session
    };
    for (name, mut session, octets, answer) in [
        ("submit before the bind", unbound(), &submit, (0x8000_0004, wrong, 5)),
        ("submit before the bind's answer", asked(), &submit, (0x8000_0004, wrong, 5)),
        ("submit on a receiver", server(BindKind::Receiver).0, &submit, (0x8000_0004, wrong, 5)),
        ("data_sm on a receiver", server(BindKind::Receiver).0, &data, (0x8000_0103, wrong, 5)),
        ("deliver before the bind's answer", binding(), &deliver, (0x8000_0005, wrong, 5)),
        ("deliver on a transmitter", client(BindKind::Transmitter).0, &deliver, (0x8000_0005, wrong, 5)),
        (
            "submit to a client",
            client(BindKind::Transceiver).0,
            &submit,
            (0x8000_0004, Status::INVALID_COMMAND_ID, 5),
        ),
        (
            "deliver to a server",
            server(BindKind::Transceiver).0,
            &deliver,
            (0x8000_0005, Status::INVALID_COMMAND_ID, 5),
        ),
    ] {
        events(&mut session);
        session.receive(octets, now);
        assert_eq!(answers(&mut session), [answer], "{name}");
        assert!(matches!(events(&mut session)[..], [Event::Faulty { .. }]), "{name}");
    }
}

// smpp-long-password
#[test]
fn binds_of_real_peers() {
    let bind = |body: &[u8]| {
        let mut server = Session::server("smsc", limits(), some_instant());
        server.receive(&raw(0x09, 0, 1, body), some_instant());
        let password = match server.poll_event() {
            Some(Event::BindRequest { credentials, .. }) => Some(credentials.password),
            _ => None,
        };
        (password, answers(&mut server), server)
    };
    let refused = |status| vec![(0x8000_0009, status, 1)];
    let (password, said, _) = bind(b"esme\0a-password-of-thirty-octets--\0\0\x34\0\0\0");
    assert_eq!((password.as_deref(), said), (Some("a-password-of-thirty-octets--"), vec![]), "longer than 8");
    let (_, said, mut session) = bind(b"a-system-id-that-is-too-long\0x\0\0\x34\0\0\0");
    assert_eq!(said, refused(Status::INVALID_SYSTEM_ID));
    session.receive(&raw(0x09, 0, 2, BIND), some_instant());
    assert!(matches!(events(&mut session)[..], [Event::BindRequest { sequence: 2, .. }]));
    assert_eq!(bind(b"esme\0x\0a-type-too-long\0\x34\0\0\0").1, refused(Status::INVALID_SYSTEM_TYPE));
    assert_eq!(bind(b"esme\0x").1, refused(Status::INVALID_COMMAND_LENGTH));
    assert_eq!(bind(b"").1, refused(Status::INVALID_COMMAND_LENGTH));
}

// smpp-interface-version
#[test]
fn only_a_peer_of_3_4_is_told_our_version() {
    for (version, body) in [
        (0x34, &b"smsc\0\x02\x10\0\x01\x34"[..]),
        (0x50, b"smsc\0\x02\x10\0\x01\x34"),
        (0x33, b"smsc\0"),
        (0, b"smsc\0"),
    ] {
        let mut server = Session::server("smsc", limits(), some_instant());
        let bind = [&b"esme\0secret\0vma\0"[..], &[version, 0, 0, 0]].concat();
        server.receive(&raw(0x09, 0, 1, &bind), some_instant());
        server.answer_bind(1, Ok(()));
        assert_eq!(said(&mut server)[0].body, body, "{version:#04x}");
    }
}

#[test]
fn bind_answers_of_sloppy_peers_count() {
    for (command_id, body, system_id) in [
        (0x8000_0009, &b"smsc\0"[..], "smsc"),
        (0x8000_0009, b"smsc", "smsc"),
        (0x8000_0009, b"", ""),
        (0x8000_0009, b"smsc\0\x02\x10\0\x01\x34", "smsc"),
        (0x8000_0002, b"smsc\0", "smsc"),
    ] {
        let mut session = Session::client(&credentials(BindKind::Transceiver), limits(), some_instant());
        session.receive(&raw(command_id, 0, 1, body), some_instant());
        assert_eq!(events(&mut session), [Event::Bound { system_id: system_id.into() }]);
    }
}

// smpp-outbind
#[test]
fn outbind_and_alert_notification_are_heard_in_silence() {
    for session in [&mut client(BindKind::Transceiver).0, &mut server(BindKind::Transceiver).0] {
        session.receive(&raw(0x0B, 0, 8, b"smsc\0secret\0"), some_instant());
        session.receive(&raw(0x0102, 0, 9, b"\0\0\0\0\0\0"), some_instant());
        assert_eq!(events(session), []);
        assert!(session.output().is_empty());
        assert!(session.is_bound());
    }
}

#[test]
fn passwords_do_not_show() {
    let credentials = credentials(BindKind::Transceiver);
    let session = Session::client(&credentials, limits(), some_instant());
    let bind = crate::pdu::Bind::parse(BIND).unwrap();
    let shown = format!("{credentials:?} {bind:?} {session:?} {:?}", session.framer);
    assert!(shown.contains("esme") && shown.contains("Binding"), "{shown}");
    for hidden in ["secret", "115, 101, 99"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
