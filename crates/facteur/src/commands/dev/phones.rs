//! The phones of the box, lent to the console, and shown in the terminal: the one place where a number and
//! a text are printed, because here they are what was asked for.

use facteur_domain::Timestamp;
use facteur_http::{PhoneText, Phones, SimulatedPhone};
use facteur_smsc::{Direction, Network, PhoneEvent, PhoneMessage};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::output::line;

/// The box's phones as the console shows them.
#[derive(Clone, Debug)]
pub(crate) struct Lent(pub(crate) Network);

impl Phones for Lent {
    fn list(&self) -> Vec<SimulatedPhone> {
        let phones = self.0.phones().into_iter().map(|phone| SimulatedPhone {
            number: phone.msisdn,
            operator: phone.operator.name().to_owned(),
            received: phone.received,
            written: phone.written,
            last: phone.latest.map(shown),
        });
        phones.collect()
    }

    fn messages(&self, number: &str) -> Vec<PhoneText> {
        self.0.phone(number).into_iter().map(shown).collect()
    }

    fn write(&self, number: &str, code: &str, text: &str) -> Result<(), String> {
        self.0.answer(number, code, text).map_err(|why| why.to_string())
    }
}

fn shown(message: PhoneMessage) -> PhoneText {
    PhoneText {
        written: message.direction == Direction::Written,
        party: message.party,
        text: message.text,
        at: Timestamp::from_millis(message.at_ms),
        parts: message.parts,
    }
}

/// Prints a line for each message that reaches or leaves a phone, until `stop`.
pub(crate) async fn show(mut events: Receiver<PhoneEvent>, stop: CancellationToken) {
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = stop.cancelled() => return,
        };
        match event {
            Ok(PhoneEvent::Message { msisdn, message }) => line(&sentence(&msisdn, &message)),
            Ok(PhoneEvent::Progress { .. }) => (),
            // A load test is faster than a terminal.
            Err(RecvError::Lagged(missed)) => line(&format!("☎ … {missed} events not shown")),
            Err(RecvError::Closed) => return,
        }
    }
}

fn sentence(msisdn: &str, message: &PhoneMessage) -> String {
    let PhoneMessage { party, text, operator, .. } = message;
    let way = match message.direction {
        Direction::Received => "de",
        Direction::Written => "à",
    };
    format!("☎ {msisdn} · {} · {way} {party} : {}", operator.name(), text.replace(['\r', '\n'], " "))
}
