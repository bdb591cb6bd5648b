//! Between the domain and SMPP: with `mo.rs`, which reads what phones send, the one place that knows both.

use bytes::Bytes;
use facteur_domain::delivery::Event as MessageEvent;
use facteur_domain::text::{self, Encoding};
use facteur_domain::{Message, MessageId, Msisdn, PartId, Sender, Timestamp};
use facteur_rules::Cleared;
use facteur_smpp::receipt::{self, MessageState};
use facteur_smpp::session::SendError;
use facteur_smpp::tlv::Tlvs;
use facteur_smpp::{Address, Session, ShortMessage};
use facteur_store::{FreshStops, Receipt, RouteId, Waiting};

/// TON and NPI that French aggregators ask for: with these the phone shows the Sender ID in place of a
/// number (requirement `seed-sender-shown`).
const ALPHANUMERIC: (u8, u8) = (5, 0);
const SHORT_CODE: (u8, u8) = (3, 1);
const INTERNATIONAL: (u8, u8) = (1, 1);
/// TON of a number without its country's code (SMPP 3.4, section 5.2.5).
const NATIONAL: u8 = 2;
/// Digits of a French number behind its 0.
const NATIONAL_DIGITS: usize = 9;
/// data_coding (SMPP 3.4, section 5.2.19).
const GSM_DEFAULT: u8 = 0;
const UCS2: u8 = 8;
/// esm_class: a user data header leads the text (section 5.2.12).
const UDHI: u8 = 0x40;
/// registered_delivery: a receipt for success and for failure (section 5.2.17).
const FINAL_RECEIPT: u8 = 1;

/// The texts of a message's parts, ready to be put on the wire.
#[derive(Debug)]
pub(crate) struct Parts {
    octets: Vec<Vec<u8>>,
}

impl Parts {
    /// Cuts the message's text and puts a concatenation header (3GPP TS 23.040, 9.2.3.24.1) before
    /// each part when there are several.
    pub(crate) fn of(message: &Message) -> Self {
        let (_, mut octets) = text::split(message.text.show());
        let total = u8::try_from(octets.len()).unwrap_or(u8::MAX);
        if total > 1 {
            let reference = reference(message.id);
            for (index, part) in (1..=total).zip(octets.iter_mut()) {
                part.splice(0..0, [5, 0, 3, reference, total, index]);
            }
        }
        Self { octets }
    }
}

/// By which a phone tells the parts of one message from those of others: the same whenever a part of it leaves,
/// and another for 255 of 256 other messages, for neighbours always. The id's time and counter, mixed (Fibonacci
/// hashing: neighbours fall far apart); its four part bits are no part of it.
fn reference(id: MessageId) -> u8 {
    let mixed = (id.key().cast_unsigned() >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed.to_be_bytes()[0]
}

/// A message on its way to a bind, with the judge's permit for it. Made only from a permit that is
/// the message's own.
#[derive(Debug)]
pub(crate) struct Outgoing {
    cleared: Cleared,
    waiting: Waiting,
    parts: Parts,
    /// How long operators may try: their retries must not ring at night.
    worth_until: Timestamp,
    /// The STOPs that it is judged with: where they stood then.
    stops: u64,
}

impl Outgoing {
    /// `None` when the permit is another message's. `stops` is where the STOPs stand, before the hand-over is
    /// queued.
    pub(crate) fn new(
        cleared: Cleared,
        waiting: Waiting,
        worth_until: Timestamp,
        stops: u64,
    ) -> Option<Self> {
        let own = (cleared.message(), cleared.recipient()) == (waiting.message.id, waiting.message.recipient);
        own.then(|| Self { parts: Parts::of(&waiting.message), cleared, waiting, worth_until, stops })
    }

    /// Whether its recipient has said STOP since it was judged: then it is judged again.
    pub(crate) fn is_overtaken(&self, stops: &FreshStops) -> bool {
        stops.concerns(self.waiting.message.recipient, self.stops)
    }

    /// The message with its place in the queue.
    pub(crate) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// With these parts alone to be written, of those it owed.
    pub(crate) fn narrowed(self, parts: u16) -> Self {
        let parts_owed = self.waiting.parts_owed & parts;
        Self { waiting: Waiting { parts_owed, ..self.waiting }, ..self }
    }

    /// Gives the message back; the permit is spent.
    pub(crate) fn into_waiting(self) -> Waiting {
        self.waiting
    }
}

/// The door out: the one function that hands a part to an operator. There is no [`Outgoing`]
/// without the judge's permit.
pub(crate) fn submit(
    session: &mut Session,
    outgoing: &Outgoing,
    index: u8,
    (now, instant): (Timestamp, std::time::Instant),
) -> Result<(), SendError> {
    let Outgoing { cleared, waiting: Waiting { message, .. }, parts, worth_until, stops: _ } = outgoing;
    let Some(octets) = parts.octets.get(usize::from(index)) else {
        return Err(SendError::TooLong("the part's index"));
    };
    let code;
    let ((source_ton, source_npi), source): (_, &str) = match &message.sender {
        Sender::Name(name) => (ALPHANUMERIC, name.as_str()),
        Sender::Code(short) => {
            code = short.to_string();
            (SHORT_CODE, &code)
        }
    };
    let destination = cleared.recipient().digits().to_string();
    let validity = validity_period(*worth_until, now);
    let pdu = ShortMessage {
        source: Address { ton: source_ton, npi: source_npi, digits: source.as_bytes() },
        destination: Address { ton: INTERNATIONAL.0, npi: INTERNATIONAL.1, digits: destination.as_bytes() },
        esm_class: if parts.octets.len() > 1 { UDHI } else { 0 },
        validity_period: &validity,
        registered_delivery: FINAL_RECEIPT,
        data_coding: match message.encoding {
            Encoding::Gsm7 => GSM_DEFAULT,
            Encoding::Ucs2 => UCS2,
        },
        text: octets,
        tlvs: Tlvs::default(),
        ..ShortMessage::default()
    };
    session.submit(&pdu, token(PartId::new(message.id, index)), instant)
}

/// The session's token for a part, and back.
pub(crate) fn token(part: PartId) -> u64 {
    part.key().cast_unsigned()
}

/// The part of a session's token.
pub(crate) fn part_of(token: u64) -> PartId {
    PartId::from_key(token.cast_signed())
}

/// validity_period in its relative form `YYMMDDhhmmss000R` (section 7.1.1): how long from now the
/// operator may try. One minute at least: some SMSCs refuse less.
fn validity_period(expires_at: Timestamp, now: Timestamp) -> Vec<u8> {
    let seconds = expires_at.since(now).as_secs().max(60);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Months and years are of uneven length: the days field holds up to 99 days by itself.
    let (hours, minutes) = (rest / 3_600, rest % 3_600 / 60);
    format!("0000{:02}{hours:02}{minutes:02}{:02}000R", days.min(30), rest % 60).into_bytes()
}

/// A receipt in the store's words.
pub(crate) fn receipt(
    (route, opt_out_errors): (RouteId, &[u32]),
    message: &ShortMessage<'_>,
    read: &receipt::Receipt,
    at: Timestamp,
    raw: Bytes,
) -> Receipt {
    let (event, word) = match read.state {
        MessageState::Delivered => (Some(MessageEvent::ReceiptDelivered), "DELIVRD"),
        MessageState::Expired => (Some(MessageEvent::ReceiptExpired), "EXPIRED"),
        MessageState::Deleted => (Some(MessageEvent::ReceiptUndelivered), "DELETED"),
        MessageState::Undeliverable => (Some(MessageEvent::ReceiptUndelivered), "UNDELIV"),
        MessageState::Rejected => (Some(MessageEvent::ReceiptRejected), "REJECTD"),
        // Not final: the operator is still trying, or does not know yet.
        MessageState::Enroute => (None, "ENROUTE"),
        MessageState::Accepted => (None, "ACCEPTD"),
        MessageState::Unknown => (None, "UNKNOWN"),
    };
    let mut receipt = Receipt {
        route,
        opted_out: false,
        smsc_id: receipt::canonical_id(&read.id),
        other_ids: receipt::other_forms(&read.id),
        // A receipt's source is the phone; some SMSCs leave the addresses as they were submitted.
        recipient: number(&message.source).or_else(|| number(&message.destination)),
        event,
        word,
        // `err:000` says that there was none.
        error: read.error.clone().filter(|error| error.bytes().any(|b| b != b'0')),
        at,
        raw,
    };
    receipt.opted_out = says(&receipt, opt_out_errors);
    receipt
}

/// Whether a receipt names one of these errors; one that says "delivered" names none.
pub(crate) fn says(receipt: &Receipt, errors: &[u32]) -> bool {
    let named = |error: &String| error.parse().is_ok_and(|error| errors.contains(&error));
    receipt.event != Some(MessageEvent::ReceiptDelivered) && receipt.error.as_ref().is_some_and(named)
}

/// An address as a number, if it is one: digits in international form, with or without `+` or `00`; or a
/// French number as it is dialled, which some operators give for a phone's (`06…`, or its nine digits with
/// the TON of a national number).
pub(crate) fn number(address: &Address<'_>) -> Option<Msisdn> {
    let text = std::str::from_utf8(address.digits).ok()?;
    let digits = text.strip_prefix('+').unwrap_or(text);
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let national = match digits.strip_prefix('0') {
        Some(national) if national.len() == NATIONAL_DIGITS => Some(national),
        // No country's code begins with 0.
        Some(_) => return None,
        None => (address.ton == NATIONAL && digits.len() == NATIONAL_DIGITS).then_some(digits),
    };
    let number = match national {
        Some(national) => format!("33{national}").parse().ok(),
        None => digits.parse().ok().filter(|_| digits.len() >= 8),
    };
    let number = number.and_then(Msisdn::from_digits)?;
    Some(number.overseas_form().unwrap_or(number))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use facteur_domain::{AccountKeyId, Class, IdSource, MessageText, WorkspaceId};

    use super::*;

    fn message(text: &str) -> Message {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let plan = text::plan(text);
        Message {
            id: MessageId::from_key(0x1234_5670),
            workspace: WorkspaceId::from_key(16),
            api_key: AccountKeyId::from_key(16),
            sender: "MyCompany".parse().expect("valid"),
            recipient: Msisdn::from_digits(33_612_345_678).expect("valid"),
            class: Class::Otp,
            text: MessageText::try_from(text.to_owned()).expect("valid"),
            encoding: plan.encoding,
            parts: plan.parts,
            accepted_at: at,
            send_at: at,
            expires_at: at.plus(Duration::from_secs(300)),
            client_reference: None,
            test: false,
            auto_reply: None,
        }
    }

    #[test]
    fn one_part_has_no_header_and_several_have_theirs() {
        assert_eq!(Parts::of(&message("Bonjour")).octets, [b"Bonjour".to_vec()]);
        let long = Parts::of(&message(&"a".repeat(300)));
        assert_eq!(long.octets.len(), 2);
        for (i, part) in (1..).zip(&long.octets) {
            assert_eq!(part[..6], [5, 0, 3, reference(MessageId::from_key(0x1234_5670)), 2, i]);
            assert!(part.len() <= 160, "153 septets and a header of 7 septets");
        }
    }

    #[test]
    fn messages_differ_in_their_reference() {
        let ids = IdSource::new(1);
        let at = |millis: i64| Timestamp::from_millis(1_795_000_000_000 + millis);
        let of = |millis: i64| reference(MessageId::from_key(ids.next(at(millis))));
        let burst: std::collections::HashSet<u8> = (0..50).map(|_| of(0)).collect();
        assert_eq!(burst.len(), 50, "of one millisecond");
        let apart: Vec<u8> = (1..=1_000).map(|second| of(second * 1_000)).collect();
        let same = apart.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(same < 12, "{same} of 999 neighbours a second apart; by chance it would be 4");
    }

    #[test]
    fn every_part_fits_the_short_message_field() {
        for text in ["é".repeat(1000), "€".repeat(1000), "ê".repeat(1000)] {
            for part in &Parts::of(&message(&text)).octets {
                assert!(part.len() <= 254);
            }
        }
    }

    #[test]
    fn validity_is_relative_and_a_minute_at_least() {
        let now = Timestamp::from_millis(0);
        for (seconds, text) in [
            (0, "000000000100000R"),
            (300, "000000000500000R"),
            (48 * 3600, "000002000000000R"),
            (90_061, "000001010101000R"),
        ] {
            let period = validity_period(now.plus(Duration::from_secs(seconds)), now);
            assert_eq!(String::from_utf8(period).expect("ASCII"), text);
        }
    }

    #[test]
    fn tokens_lead_back_to_their_part() {
        let part = PartId::new(MessageId::from_key(0x7777_0000), 3);
        assert_eq!(part_of(token(part)), part);
    }

    #[test]
    fn addresses_are_read_as_numbers_in_every_usual_form() {
        for (ton, digits, number_) in [
            (1, "33612345678", Some(33_612_345_678)),
            (1, "+33612345678", Some(33_612_345_678)),
            (1, "0033612345678", Some(33_612_345_678)),
            (2, "0612345678", Some(33_612_345_678)),
            (0, "0612345678", Some(33_612_345_678)),
            (2, "612345678", Some(33_612_345_678)),
            (2, "0692345678", Some(262_692_345_678)),
            (2, "33612345678", Some(33_612_345_678)),
            (1, "61234567890", Some(61_234_567_890)),
            (0, "061234567", None),
            (1, "MyCompany", None),
            (1, "36180", None),
            (1, "", None),
        ] {
            let address = Address { ton, npi: 1, digits: digits.as_bytes() };
            assert_eq!(number(&address).map(Msisdn::digits), number_, "{ton} {digits}");
        }
    }
}
