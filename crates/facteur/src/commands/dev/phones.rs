//! The phones of the box, shown in the terminal: the one place where a number and a text are
//! printed, because here they are what was asked for.

use facteur_smsc::{Direction, PhoneEvent, PhoneMessage};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::output::line;

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
