//! Phones: what each has received and written, the latest messages of the latest phones.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::network::Operator;
use crate::options::Options;
use crate::reassembly::Reassembly;
use crate::text::Encoding;

/// Phones that one listing shows.
const LISTED_MAX: usize = 1_000;

/// Which way a message went, seen from the phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Direction {
    /// To the phone (MT).
    Received,
    /// Written by the phone (MO).
    Written,
}

/// What became of the network's part for a message: the receipt for a received one, the deliver_sm
/// that carries it for a written one. Of several parts, what happened last to any of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Progress {
    /// No receipt was asked for.
    NotAsked,
    /// It waits for its time, or for a bound receiver.
    Waiting,
    /// It is written to a link and not yet answered.
    Offered,
    /// The platform took it.
    Acknowledged,
    /// The network keeps it back (test number 83, or a fault).
    Withheld,
    /// It was dropped because too many waited.
    Dropped,
    /// The phone cannot answer: the sender is alphanumeric and the text names no short code.
    Impossible,
}

/// One message on a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneMessage {
    /// Rises with every message of the network.
    pub serial: u64,
    /// To or from the phone.
    pub direction: Direction,
    /// The other side: the sender as the phone shows it, or the short code written to.
    pub party: String,
    /// The text, put together from its parts.
    pub text: String,
    /// When it reached or left the phone, Unix milliseconds.
    pub at_ms: i64,
    /// Whose subscriber the phone is.
    pub operator: Operator,
    /// How the text was carried.
    pub encoding: Encoding,
    /// In how many parts.
    pub parts: usize,
    /// The message ids that the operator's answers gave to the parts, in the order they came; none
    /// for a written message.
    pub ids: Vec<String>,
    /// The receipt, or the reply's way.
    pub progress: Progress,
}

/// One phone in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneSummary {
    /// E.164 with a plus.
    pub msisdn: String,
    /// Whose subscriber it is.
    pub operator: Operator,
    /// Messages received since the phone is kept.
    pub received: u64,
    /// Messages written since the phone is kept.
    pub written: u64,
    /// The latest message that is kept.
    pub latest: Option<PhoneMessage>,
}

/// Something happened on a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PhoneEvent {
    /// A whole text reached the phone, or the phone wrote one.
    Message {
        /// The phone, E.164 with a plus.
        msisdn: String,
        /// What came or went.
        message: PhoneMessage,
    },
    /// A receipt or reply went further.
    Progress {
        /// The phone, E.164 with a plus.
        msisdn: String,
        /// Of which message.
        serial: u64,
        /// How far.
        progress: Progress,
    },
}

/// A number as people read it.
pub(crate) fn e164(msisdn: u64) -> String {
    format!("+{msisdn}")
}

#[derive(Debug, Default)]
struct Phone {
    messages: VecDeque<PhoneMessage>,
    reassembly: Reassembly,
    received: u64,
    written: u64,
    touched: u64,
}

impl Phone {
    fn message_mut(&mut self, serial: u64) -> Option<&mut PhoneMessage> {
        let at = self.messages.binary_search_by_key(&serial, |message| message.serial).ok()?;
        self.messages.get_mut(at)
    }
}

/// All phones that are kept.
#[derive(Debug)]
pub(crate) struct Phones {
    phones: HashMap<u64, Phone, FixedState>,
    /// Every kept phone once, with its `touched` when it was put here: the front is the next to go
    /// unless it was touched since.
    order: VecDeque<(u64, u64)>,
    messages: usize,
    phones_max: usize,
    messages_max: usize,
    per_phone_max: usize,
}

impl Phones {
    /// When a phone wrote to a party last, as far as it is kept.
    pub(crate) fn last_written(&self, msisdn: u64, party: &str) -> Option<i64> {
        let messages = &self.phones.get(&msisdn)?.messages;
        let to_it =
            |message: &&PhoneMessage| message.direction == Direction::Written && message.party == party;
        messages.iter().rev().find(to_it).map(|message| message.at_ms)
    }

    pub(crate) fn new(options: &Options) -> Self {
        Self {
            phones: HashMap::default(),
            order: VecDeque::new(),
            messages: 0,
            phones_max: options.phones_max.max(1),
            messages_max: options.messages_max.max(1),
            per_phone_max: options.messages_per_phone_max.max(1),
        }
    }

    /// The parts that wait on a phone.
    pub(crate) fn reassembly(&mut self, msisdn: u64, serial: u64) -> &mut Reassembly {
        &mut self.touch(msisdn, serial).reassembly
    }

    /// Keeps a message, and lets go of what is too much.
    pub(crate) fn keep(&mut self, msisdn: u64, message: PhoneMessage) {
        let per_phone_max = self.per_phone_max;
        let phone = self.touch(msisdn, message.serial);
        match message.direction {
            Direction::Received => phone.received += 1,
            Direction::Written => phone.written += 1,
        }
        // A text of several parts bears its first part's serial and is finished after others.
        let at = phone.messages.partition_point(|kept| kept.serial < message.serial);
        phone.messages.insert(at, message);
        if phone.messages.len() > per_phone_max {
            phone.messages.pop_front();
        } else {
            self.messages += 1;
        }
        self.evict(msisdn);
    }

    /// Notes how far a message's receipt or reply went. Whether the message is still kept.
    pub(crate) fn progress(&mut self, msisdn: u64, serial: u64, progress: Progress) -> bool {
        let message = self.phones.get_mut(&msisdn).and_then(|phone| phone.message_mut(serial));
        message.is_some_and(|message| {
            message.progress = progress;
            true
        })
    }

    /// The phones, the one used last first; at most 1,000.
    pub(crate) fn summaries(&self) -> Vec<PhoneSummary> {
        let mut latest: Vec<(u64, u64)> =
            self.phones.iter().map(|(msisdn, phone)| (phone.touched, *msisdn)).collect();
        latest.sort_unstable_by(|a, b| b.cmp(a));
        latest.truncate(LISTED_MAX);
        let summary = |(_, msisdn): (u64, u64)| {
            let phone = self.phones.get(&msisdn)?;
            Some(PhoneSummary {
                msisdn: e164(msisdn),
                operator: Operator::of(msisdn),
                received: phone.received,
                written: phone.written,
                latest: phone.messages.back().cloned(),
            })
        };
        latest.into_iter().filter_map(summary).collect()
    }

    /// What one phone keeps, oldest first.
    pub(crate) fn messages(&self, msisdn: u64) -> Vec<PhoneMessage> {
        self.phones.get(&msisdn).map(|phone| phone.messages.iter().cloned().collect()).unwrap_or_default()
    }

    fn touch(&mut self, msisdn: u64, serial: u64) -> &mut Phone {
        let order = &mut self.order;
        let phone = self.phones.entry(msisdn).or_insert_with(|| {
            order.push_back((msisdn, serial));
            Phone::default()
        });
        phone.touched = serial;
        phone
    }

    /// Lets whole phones go, the one unused for longest first, but never `in_use`.
    fn evict(&mut self, in_use: u64) {
        while self.phones.len() > 1
            && (self.phones.len() > self.phones_max || self.messages > self.messages_max)
        {
            let Some((msisdn, touched)) = self.order.pop_front() else { return };
            let now = self.phones.get(&msisdn).map_or(touched, |phone| phone.touched);
            if now != touched || msisdn == in_use {
                // Each phone in use moves back once; a second look at the same phone lets it go.
                self.order.push_back((msisdn, now));
            } else if let Some(gone) = self.phones.remove(&msisdn) {
                self.messages -= gone.messages.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(serial: u64) -> PhoneMessage {
        PhoneMessage {
            serial,
            direction: Direction::Received,
            party: "MyCompany".into(),
            text: serial.to_string(),
            at_ms: 0,
            operator: Operator::Orange,
            encoding: Encoding::Gsm7,
            parts: 1,
            ids: Vec::new(),
            progress: Progress::Waiting,
        }
    }

    fn phones(phones_max: usize, messages_max: usize, messages_per_phone_max: usize) -> Phones {
        Phones::new(&Options { phones_max, messages_max, messages_per_phone_max, ..Options::default() })
    }

    fn serials(phones: &Phones, msisdn: u64) -> Vec<u64> {
        phones.messages(msisdn).iter().map(|message| message.serial).collect()
    }

    #[test]
    fn a_phone_keeps_its_latest_messages() {
        let mut phones = phones(10, 100, 3);
        for serial in [1, 2, 5, 4, 6] {
            phones.keep(7, message(serial));
        }
        assert_eq!(serials(&phones, 7), [4, 5, 6]);
        assert_eq!(phones.summaries()[0].received, 5);
        assert!(phones.progress(7, 5, Progress::Acknowledged));
        assert_eq!(phones.messages(7)[1].progress, Progress::Acknowledged);
        assert!(!phones.progress(7, 1, Progress::Acknowledged));
    }

    #[test]
    fn the_phone_unused_for_longest_goes_first() {
        let mut phones = phones(3, 100, 10);
        for (serial, msisdn) in [1, 2, 3, 1, 4].into_iter().enumerate() {
            phones.keep(msisdn, message(serial as u64));
        }
        let kept: Vec<String> = phones.summaries().into_iter().map(|phone| phone.msisdn).collect();
        assert_eq!(kept, ["+4", "+1", "+3"]);
    }

    #[test]
    fn messages_are_bounded_over_all_phones() {
        let mut phones = phones(1000, 50, 10);
        for serial in 0..10_000 {
            phones.keep(serial % 97, message(serial));
            let kept: usize = phones.phones.values().map(|phone| phone.messages.len()).sum();
            assert_eq!(kept, phones.messages);
            assert!(kept <= 50, "{kept} after {serial}");
            assert_eq!(phones.order.len(), phones.phones.len());
        }
    }

    #[test]
    fn one_phone_alone_is_never_let_go() {
        let mut phones = phones(1, 1, 5);
        for serial in 0..9 {
            phones.keep(7, message(serial));
        }
        assert_eq!(serials(&phones, 7), [4, 5, 6, 7, 8]);
    }
}
