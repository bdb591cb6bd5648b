//! Timers: enquire_link, answers that do not come.

use super::*;

const QUIET: Duration = Duration::from_secs(30);

fn enquiries(session: &mut Session) -> usize {
    said(session).iter().filter(|frame| frame.header.command_id == command::ENQUIRE_LINK).count()
}

// smpp-enquire-link
#[test]
fn a_silent_link_is_asked_and_an_answered_question_is_asked_again_later() {
    let mut link = Link::bound(BindKind::Transceiver, &limits());
    for _ in 0..20 {
        link.pass(QUIET);
    }
    assert_eq!(events(&mut link.client), []);
    assert_eq!(events(&mut link.server), []);
    assert!(link.client.is_bound() && link.server.is_bound());
}

// smpp-enquire-link
#[test]
fn only_silence_makes_us_ask() {
    let (mut client, mut now) = client(BindKind::Transceiver);
    for _ in 0..10 {
        now += QUIET - SECOND;
        client.tick(now);
        client.receive(&raw(0x15, 0, 7, b""), now);
    }
    assert_eq!(enquiries(&mut client), 0, "it was never silent for long enough");
    client.tick(now + QUIET - SECOND);
    assert_eq!(enquiries(&mut client), 0);
    client.tick(now + QUIET);
    client.tick(now + QUIET);
    assert_eq!(enquiries(&mut client), 1, "one question at a time");
    assert_eq!(client.deadline(), Some(now + QUIET + limits().response_timeout));
}

#[test]
fn our_own_sending_is_no_sign_of_life() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.submit(&message(b"x"), 1, now + QUIET - SECOND).unwrap();
    client.tick(now + QUIET);
    assert_eq!(enquiries(&mut client), 1);
}

// smpp-enquire-link
#[test]
fn no_word_after_the_question_ends_the_session() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.tick(now + QUIET);
    client.submit(&message(b"x"), 1, now + QUIET + SECOND).unwrap();
    let dead = now + QUIET + limits().response_timeout;
    client.tick(dead - Duration::from_nanos(1));
    assert_eq!(events(&mut client), []);
    client.tick(dead);
    assert_eq!(events(&mut client), [Event::Lost { token: 1 }, Event::Closed { why: ClosedBy::Silence }]);
}

#[test]
fn any_word_after_the_question_will_do_and_its_answer_is_no_surprise() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.tick(now + QUIET);
    let asked = said(&mut client)[0].header.sequence;
    client.receive(&raw(0x15, 0, 7, b""), now + QUIET + SECOND);
    client.tick(now + QUIET + limits().response_timeout);
    assert!(client.is_bound());
    client.receive(&raw(0x8000_0015, 0, asked, b""), now + QUIET + limits().response_timeout);
    assert_eq!(events(&mut client), []);
}

#[test]
fn a_part_of_a_pdu_is_no_word() {
    let (mut client, now) = client(BindKind::Transceiver);
    let long = raw(0x05, 0, 7, &[0; 100]);
    for (second, octet) in (0..).zip(&long) {
        client.receive(&[*octet], now + SECOND * second);
        client.tick(now + SECOND * second);
    }
    assert_eq!(events(&mut client), [Event::Closed { why: ClosedBy::Silence }]);
}

#[test]
fn zero_turns_the_question_off() {
    let quiet = Limits { enquire_link: Duration::ZERO, ..limits() };
    let mut link = Link::bound(BindKind::Transceiver, &quiet);
    assert_eq!((link.client.deadline(), link.server.deadline()), (None, None));
    link.pass(1_000_000 * SECOND);
    assert!(link.client.is_bound() && link.server.is_bound());
}

// smpp-response-timeout
#[test]
fn an_answer_that_does_not_come_in_time_is_lost_once() {
    let (mut client, now) = client(BindKind::Transceiver);
    client.submit(&message(b"1"), 1, now).unwrap();
    client.submit(&message(b"2"), 2, now + SECOND).unwrap();
    let patience = limits().response_timeout;
    client.tick(now + patience - Duration::from_nanos(1));
    assert_eq!(events(&mut client), []);
    client.receive(&raw(0x15, 0, 7, b""), now + patience);
    client.tick(now + patience);
    assert_eq!(events(&mut client), [Event::Lost { token: 1 }]);
    assert_eq!(client.room(), 3);
    assert_eq!(client.deadline(), Some(now + patience + SECOND));
    client.receive(&raw(0x8000_0004, 0, 2, b"late\0"), now + patience);
    client.tick(now + patience);
    assert_eq!(events(&mut client), [Event::AnsweredLate { token: 1, result: Ok("late".into()) }]);
    client.receive(&raw(0x8000_0004, 0, 3, b"id\0"), now + patience);
    assert_eq!(events(&mut client), [Event::Answered { token: 2, result: Ok("id".into()) }]);
}

#[test]
fn endless_patience_and_a_clock_that_steps_back_do_no_harm() {
    let endless = Limits {
        response_timeout: Duration::MAX,
        enquire_link: Duration::MAX,
        bind_timeout: Duration::MAX,
        ..limits()
    };
    let mut link = Link::bound(BindKind::Transceiver, &endless);
    link.submit(1);
    assert_eq!(link.client.deadline(), None);
    link.pass(1_000_000 * SECOND);
    assert!(link.client.is_bound());

    let (mut client, now) = client(BindKind::Transceiver);
    client.tick(now + SECOND);
    client.submit(&message(b"x"), 1, now).unwrap();
    assert_eq!(client.window.next_deadline(), Some(now + SECOND + limits().response_timeout));
}

#[test]
fn a_tick_always_moves_the_deadline_on() {
    let (mut client, _) = client(BindKind::Transceiver);
    client.submit(&message(b"x"), 1, some_instant()).unwrap();
    let mut ticks = 0;
    while let Some(deadline) = client.deadline() {
        client.tick(deadline);
        assert!(client.deadline().is_none_or(|next| next > deadline), "a driver would spin");
        ticks += 1;
    }
    assert!((2..10).contains(&ticks), "{ticks}");
}
