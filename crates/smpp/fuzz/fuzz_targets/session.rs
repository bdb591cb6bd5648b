//! A client and a server are fed the same octets, cut where the first one says: nothing panics, and
//! a message that was taken can be written again and reads the same.
#![no_main]

use std::time::{Duration, Instant};

use facteur_smpp::pdu::{Received, ShortMessage, udh};
use facteur_smpp::session::{BindKind, Credentials, Event, Limits, Session};
use facteur_smpp::status::Status;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Some((chunk, octets)) = octets.split_first() else { return };
    let credentials = Credentials {
        kind: BindKind::Transceiver,
        system_id: "esme".into(),
        password: "secret".into(),
        system_type: String::new(),
    };
    let now = Instant::now();
    drive(Session::client(&credentials, Limits::default(), now), octets, usize::from(*chunk) + 1, now);
    drive(Session::server("smsc", Limits::default(), now), octets, usize::from(*chunk) + 1, now);
});

fn drive(mut session: Session, octets: &[u8], chunk: usize, mut now: Instant) {
    for octets in octets.chunks(chunk) {
        session.receive(octets, now);
        while let Some(event) = session.poll_event() {
            match event {
                Event::BindRequest { sequence, .. } => session.answer_bind(sequence, Ok(())),
                Event::Submit { sequence, message } => {
                    written_again(&message);
                    session.answer_submit(sequence, Ok("id"));
                }
                Event::Deliver { sequence, message } => {
                    written_again(&message);
                    session.answer_deliver(sequence, Status::OK);
                }
                _ => {}
            }
        }
        let _ = session.submit(&ShortMessage::default(), 1, now);
        let _ = session.deliver(&ShortMessage::default(), 2, now);
        session.output().clear();
        now += Duration::from_secs(1);
        session.tick(now);
    }
}

fn written_again(message: &Received) {
    let view = message.view();
    let _ = udh::layout(&view);
    if let Ok(again) = Received::from_message(message.command_id(), &view) {
        assert!(again.view() == view);
    }
}
