//! What happens to a submit: taken or refused, on the phone or not, and its receipt.

use std::hash::BuildHasher;
use std::time::Duration;

use facteur_smpp::receipt::MessageState;
use facteur_smpp::{ShortMessage, Status};
use foldhash::fast::FixedState;

use crate::admission::{Admitted, admit};
use crate::behaviour::Behaviour;
use crate::books::Entry;
use crate::clock::Moment;
use crate::faults::Faults;
use crate::network::{Operator, Outcome, mix};
use crate::options::SwitchedOff;
use crate::outgoing::{Body, Outgoing, OwnAddress};
use crate::phone::{Direction, PhoneEvent, PhoneMessage, Progress, e164};
use crate::reassembly::{Part, place, split_header};
use crate::receipts::{Receipt, excerpt, validity_ms};
use crate::world::World;

/// Messages to the throttling test number, and short codes, that are remembered at a time.
const REMEMBERED_MAX: usize = 10_000;

/// How a submit is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) result: Result<String, Status>,
    pub(crate) when: When,
}

/// When it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// As soon as possible.
    Now,
    /// This much later.
    After(Duration),
    /// Not at all.
    Never,
}

/// What a taken submit brought to its phone, and what its receipt will need.
struct Arrival {
    /// Of the message on the phone.
    serial: u64,
    /// The beginning of this part.
    excerpt: Box<str>,
    /// The text, if this part made it whole.
    whole: Option<String>,
}

impl World {
    /// Handles one submit of an account.
    pub(crate) fn submit(&mut self, account: usize, message: &ShortMessage<'_>, moment: Moment) -> Answer {
        self.stats.submits += 1;
        let admitted = match self.judge(account, message, moment) {
            Ok(admitted) => admitted,
            Err(status) => {
                if status == Status::THROTTLED {
                    self.stats.throttled += 1;
                } else {
                    self.stats.refused += 1;
                }
                return Answer { result: Err(status), when: self.usual() };
            }
        };
        self.take(account, message, &admitted, moment)
    }

    fn judge<'a>(
        &mut self,
        account: usize,
        message: &ShortMessage<'a>,
        moment: Moment,
    ) -> Result<Admitted<'a>, Status> {
        if let Some(status) = self.faults.refusal() {
            return Err(status);
        }
        let per_s = self.options.messages_per_s;
        if !self.accounts.get(account).rate.admits(per_s, moment.at) {
            return Err(Status::THROTTLED);
        }
        let admitted = admit(message, &self.options)?;
        let per_s = self.options.habits(admitted.operator).messages_per_s;
        if !self.rates[admitted.operator.index()].admits(per_s, moment.at) {
            return Err(Status::THROTTLED);
        }
        if Behaviour::of(admitted.msisdn) == Behaviour::Throttles && self.throttles(&admitted) {
            return Err(Status::THROTTLED);
        }
        Ok(admitted)
    }

    /// Whether the throttling test number still refuses this message (sender and text).
    fn throttles(&mut self, admitted: &Admitted<'_>) -> bool {
        let key = FixedState::default().hash_one((admitted.sender, admitted.octets));
        if self.throttled.len() >= REMEMBERED_MAX {
            self.throttled.clear();
        }
        let refused = self.throttled.entry(key).or_default();
        if *refused >= self.options.throttled_first {
            self.throttled.remove(&key);
            return false;
        }
        *refused += 1;
        true
    }

    fn take(
        &mut self,
        account: usize,
        message: &ShortMessage<'_>,
        admitted: &Admitted<'_>,
        moment: Moment,
    ) -> Answer {
        let Admitted { msisdn, operator, .. } = *admitted;
        self.stats.accepted += 1;
        self.stats.of_mut(operator).accepted += 1;
        self.remember_code(admitted.sender, account);
        let number = self.next_id;
        self.next_id = number.wrapping_add(1);
        let behaviour = Behaviour::of(msisdn);
        // The test number 90 needs a decimal id, whoever's subscriber it is.
        let form = if behaviour == Behaviour::OtherId { Operator::Bouygues } else { operator };
        let id = form.answer_id(number);

        let outcome = outcome(behaviour);
        let asked = asks_receipt(message.registered_delivery, outcome.state);
        let withheld = behaviour == Behaviour::NoReceipt || self.faults.receipts_withheld;
        let progress = match (asked, withheld) {
            (false, _) => Progress::NotAsked,
            (true, true) => Progress::Withheld,
            (true, false) => Progress::Waiting,
        };
        let arrival = self.arrive(message, admitted, &id, progress, moment);
        if progress == Progress::Waiting {
            let other = behaviour == Behaviour::OtherId || self.faults.receipts_other_id;
            let receipt = Receipt {
                id: if other { form.other_id(number) } else { form.receipt_id(number) },
                outcome,
                submitted_ms: moment.wall_ms,
                done_ms: 0,
                excerpt: arrival.excerpt,
            };
            let (ton, npi) = (message.source.ton, message.source.npi);
            let platform = OwnAddress { ton, npi, digits: admitted.sender.into() };
            let body = Body::Receipt(Box::new(receipt));
            let outgoing = Outgoing { account, msisdn, serial: arrival.serial, operator, platform, body };
            let delay = self.receipt_delay(behaviour, operator, message.validity_period, moment);
            self.schedule(outgoing, moment.at + delay, moment);
        }
        if let (Behaviour::Replies(word), Some(text)) = (behaviour, arrival.whole) {
            self.phone_answers(account, admitted, word, &text, moment);
        }
        Answer { result: Ok(id), when: self.when(behaviour) }
    }

    fn remember_code(&mut self, sender: &str, account: usize) {
        let numeric = sender.bytes().all(|octet| octet.is_ascii_digit());
        if !numeric || self.codes.get(sender) == Some(&account) {
            return;
        }
        if self.codes.len() >= REMEMBERED_MAX {
            self.codes.clear();
        }
        self.codes.insert(sender.into(), account);
    }

    /// Brings a part to its phone, if it comes so far.
    fn arrive(
        &mut self,
        message: &ShortMessage<'_>,
        admitted: &Admitted<'_>,
        id: &str,
        progress: Progress,
        moment: Moment,
    ) -> Arrival {
        let Admitted { sender, msisdn, encoding, .. } = *admitted;
        let (header, octets) = split_header(message.esm_class, admitted.octets);
        let own_text = encoding.read(octets);
        let excerpt = excerpt(&own_text);
        let serial = self.serial();
        if !Behaviour::of(msisdn).reaches_phone() {
            return Arrival { serial, excerpt, whole: None };
        }
        let (serial, text, ids) = match place(header, message) {
            None => (serial, own_text, vec![id.to_owned()]),
            Some(place) => {
                let part = Part { sender, place, encoding, octets, id };
                let (serial, whole) = self.phones.reassembly(msisdn, serial).take(&part, serial);
                let Some(whole) = whole else { return Arrival { serial, excerpt, whole: None } };
                (serial, whole.text, whole.ids)
            }
        };
        self.stats.delivered += 1;
        if let Some(ledger) = &mut self.ledger {
            ledger.count(msisdn, &text);
        }
        if let Some(books) = &self.options.books {
            books.note(Entry::Arrived { msisdn, text: &text });
        }
        let whole = Some(text.clone());
        let message = PhoneMessage {
            serial,
            direction: Direction::Received,
            party: sender.to_owned(),
            text,
            at_ms: moment.wall_ms,
            operator: admitted.operator,
            encoding,
            parts: ids.len(),
            ids,
            progress,
        };
        self.keep(msisdn, message);
        Arrival { serial, excerpt, whole }
    }

    /// Keeps a message on its phone and tells those who listen.
    pub(crate) fn keep(&mut self, msisdn: u64, message: PhoneMessage) {
        if self.events.receiver_count() > 0 {
            // Nobody to hear it any more is no error.
            let _ = self.events.send(PhoneEvent::Message { msisdn: e164(msisdn), message: message.clone() });
        }
        self.phones.keep(msisdn, message);
    }

    fn receipt_delay(
        &self,
        behaviour: Behaviour,
        operator: Operator,
        validity: &[u8],
        moment: Moment,
    ) -> Duration {
        match behaviour {
            _ if behaviour == Behaviour::ReceiptFirst || self.faults.receipts_first => Duration::ZERO,
            Behaviour::LateReceipt => self.options.late_receipt,
            Behaviour::SwitchedOff => match self.options.switched_off {
                SwitchedOff::After(delay) => delay,
                SwitchedOff::AtValidityEnd => validity_ms(validity, moment.wall_ms)
                    .and_then(|ms| u64::try_from(ms).ok())
                    .map_or(self.options.validity_default, Duration::from_millis),
            },
            _ => {
                let range = &self.options.habits(operator).receipt_delay;
                let spread = range.end().saturating_sub(*range.start());
                let thousandths = u32::try_from(mix(u64::from(self.next_id)) % 1_001).unwrap_or(0);
                *range.start() + spread * thousandths / 1_000
            }
        }
    }

    /// When submits are answered while nothing special happens to this one.
    const fn usual(&self) -> When {
        if self.faults.answer_delay.is_zero() { When::Now } else { When::After(self.faults.answer_delay) }
    }

    fn when(&mut self, behaviour: Behaviour) -> When {
        let one_in = self.faults.drop_one_answer_in;
        let dropped = behaviour == Behaviour::AnswerLost
            || Faults::strike(&mut self.faults.drop_next_answers)
            || (one_in > 0 && self.stats.accepted.is_multiple_of(one_in));
        if dropped {
            self.stats.unanswered += 1;
            When::Never
        } else if behaviour == Behaviour::ReceiptFirst || self.faults.receipts_first {
            When::After(self.faults.answer_delay + self.options.receipt_lead)
        } else {
            self.usual()
        }
    }
}

const fn outcome(behaviour: Behaviour) -> Outcome {
    match behaviour {
        Behaviour::UnknownSubscriber => Outcome::UNKNOWN_SUBSCRIBER,
        Behaviour::SwitchedOff => Outcome::EXPIRED,
        _ => Outcome::DELIVERED,
    }
}

/// Whether registered_delivery asks for a receipt of this outcome (section 5.2.17, bits 1 and 0):
/// 1 always, 2 on failure, 3 on success (reserved in 3.4, in use since 5.0).
fn asks_receipt(registered_delivery: u8, state: MessageState) -> bool {
    let delivered = state == MessageState::Delivered;
    match registered_delivery & 0b11 {
        0 => false,
        1 => true,
        2 => !delivered,
        _ => delivered,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use facteur_smpp::receipt::MessageState;
    use facteur_smpp::{Address, ShortMessage};

    use super::asks_receipt;
    use crate::clock::{Moment, now};
    use crate::options::{Options, SwitchedOff};
    use crate::world::Shared;

    /// Sends to a test number and gives the time at which its receipt is ready.
    fn receipt_after(number: &str, validity: &str, options: Options) -> Option<Duration> {
        let shared = Shared::new(options, Arc::new(|| 0));
        let mut world = shared.world();
        let account = world.accounts.bind("acme", "", &shared.options).expect("anyone may bind");
        let start = Moment { at: now(), wall_ms: 0 };
        let message = ShortMessage {
            source: Address { ton: 5, npi: 0, digits: b"MyCompany" },
            destination: Address { ton: 1, npi: 1, digits: number.as_bytes() },
            validity_period: validity.as_bytes(),
            registered_delivery: 1,
            text: b"Bonjour",
            ..ShortMessage::default()
        };
        assert!(world.submit(account, &message, start).result.is_ok());
        let due = world.post(start)?;
        assert!(world.accounts.get(account).queue.is_empty());
        world.post(Moment { at: due, wall_ms: 1 });
        assert_eq!(world.accounts.get(account).queue.len(), 1);
        Some(due - start.at)
    }

    #[test]
    fn receipts_are_ready_when_the_number_says() {
        let at_end = || Options { switched_off: SwitchedOff::AtValidityEnd, ..Options::default() };
        let cases = [
            ("33639980082", "", Options::default(), Some(Duration::from_secs(30))),
            ("33639980083", "", Options::default(), None),
            ("33639980081", "", Options::default(), Some(Duration::from_secs(2))),
            ("33639980081", "000000001000000R", at_end(), Some(Duration::from_mins(10))),
            ("33639980081", "", at_end(), Some(Duration::from_hours(48))),
        ];
        for (number, validity, options, expected) in cases {
            assert_eq!(receipt_after(number, validity, options), expected, "{number} {validity}");
        }
    }

    #[test]
    fn ordinary_receipts_keep_to_their_operators_range() {
        for number in 33_639_980_000_u64..33_639_980_080 {
            let after = receipt_after(&number.to_string(), "", Options::default()).expect("a receipt");
            let options = Options::default();
            let range = &options.habits(crate::Operator::of(number)).receipt_delay;
            assert!(range.contains(&after), "{number}: {after:?}");
        }
    }

    #[test]
    fn receipts_are_sent_as_registered() {
        let (good, bad) = (MessageState::Delivered, MessageState::Expired);
        let table =
            [(0, false, false), (1, true, true), (2, false, true), (3, true, false), (0x11, true, true)];
        for (registered, on_success, on_failure) in table {
            assert_eq!(asks_receipt(registered, good), on_success, "{registered:#x}");
            assert_eq!(asks_receipt(registered, bad), on_failure, "{registered:#x}");
        }
    }
}
