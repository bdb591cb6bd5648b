//! What phones write: the answers of the test numbers, and whatever a person makes a phone say.

use std::time::Duration;

use crate::admission::Admitted;
use crate::clock::Moment;
use crate::network::Operator;
use crate::outgoing::{Outgoing, OwnAddress, reply};
use crate::phone::{Direction, PhoneMessage, Progress};
use crate::text::{self, Encoding};
use crate::world::World;

/// A message from a code within this time after the phone wrote to it is its answer.
const ANSWERED_WITHIN_MS: i64 = 30_000;

/// Something a phone writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    /// The phone.
    pub(crate) msisdn: u64,
    /// The short code it writes to, or the sender that it cannot write to.
    pub(crate) party: &'a str,
    pub(crate) text: &'a str,
    /// How long it takes.
    pub(crate) delay: Duration,
}

impl World {
    /// A test number answers (requirement `seed-sender-no-reply`): to the sender if it is a number, else to the short code that the text
    /// names for STOP, else it cannot.
    pub(crate) fn phone_answers(
        &mut self,
        account: usize,
        admitted: &Admitted<'_>,
        word: &str,
        received: &str,
        moment: Moment,
    ) {
        let numeric = admitted.sender.bytes().all(|octet| octet.is_ascii_digit());
        let code = if numeric { Some(admitted.sender) } else { stop_code(received) };
        let party = code.unwrap_or(admitted.sender);
        // What comes from the code that the phone has just written to is the answer: a person does not say
        // the same again.
        let last = self.phones.last_written(admitted.msisdn, party);
        if last.is_some_and(|at_ms| moment.wall_ms - at_ms < ANSWERED_WITHIN_MS) {
            return;
        }
        let note = Note { msisdn: admitted.msisdn, party, text: word, delay: self.options.reply_delay };
        if code.is_some() {
            self.write(account, note, moment);
        } else {
            let message = self.written(note, Progress::Impossible, moment);
            self.keep(note.msisdn, message);
        }
    }

    /// A phone writes to a short code, to be carried to this account.
    pub(crate) fn write(&mut self, account: usize, note: Note<'_>, moment: Moment) {
        self.next_reference = self.next_reference.wrapping_add(1);
        let message = self.written(note, Progress::Waiting, moment);
        let (serial, operator, msisdn) = (message.serial, message.operator, note.msisdn);
        self.keep(msisdn, message);
        for body in reply(note.text, self.next_reference) {
            let platform = OwnAddress::short_code(note.party);
            let outgoing = Outgoing { account, msisdn, serial, operator, platform, body };
            self.schedule(outgoing, moment.at + note.delay, moment);
        }
    }

    fn written(&mut self, note: Note<'_>, progress: Progress, moment: Moment) -> PhoneMessage {
        self.stats.written += 1;
        let written = text::write(note.text);
        PhoneMessage {
            serial: self.serial(),
            direction: Direction::Written,
            party: note.party.to_owned(),
            text: note.text.to_owned(),
            at_ms: moment.wall_ms,
            operator: Operator::of(note.msisdn),
            encoding: Encoding::of(written.data_coding),
            parts: written.parts.len(),
            ids: Vec::new(),
            progress,
        }
    }
}

/// The short code after STOP in a text, as in `STOP 36180` or `STOP au 36180`.
fn stop_code(text: &str) -> Option<&str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if !word.eq_ignore_ascii_case("stop") {
            continue;
        }
        let mut after = words.clone();
        let next = after.next()?;
        let code = if next.eq_ignore_ascii_case("au") { after.next()? } else { next };
        let shaped = code.len() == 5 && code.bytes().all(|octet| octet.is_ascii_digit());
        if shaped && (code.starts_with("36") || code.starts_with("38")) {
            return Some(code);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::stop_code;

    #[test]
    fn phones_find_the_code_to_stop_at() {
        let cases = [
            ("Soldes ! STOP 36180", Some("36180")),
            ("Soldes ! STOP au 36180", Some("36180")),
            ("Soldes stop AU 38123.", Some("38123")),
            ("Stop! Soldes. STOP au 36180", Some("36180")),
            ("STOP 33700", None),
            ("STOP 361801", None),
            ("Non-stop", None),
            ("Bonjour", None),
        ];
        for (text, code) in cases {
            assert_eq!(stop_code(text), code, "{text}");
        }
    }
}
