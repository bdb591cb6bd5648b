//! Delivery receipts: the text of Appendix B in the variants of real SMSCs, and TLVs.

mod dialect;
mod id;

use std::borrow::Cow;

use crate::pdu::fields::{data_coding, esm_class};
use crate::pdu::{ShortMessage, text, udh};
use crate::tlv::{Tlvs, tag};
use dialect::Fields;

pub use id::{canonical_id, other_forms};

/// What a receipt says about its message (message_state, section 5.2.28).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MessageState {
    /// ENROUTE: not final. Also what SMSCs call buffered, scheduled or pending.
    Enroute,
    /// DELIVRD.
    Delivered,
    /// EXPIRED.
    Expired,
    /// DELETED.
    Deleted,
    /// UNDELIV.
    Undeliverable,
    /// ACCEPTD: not final.
    Accepted,
    /// UNKNOWN: also what we make of a state that we cannot read.
    Unknown,
    /// REJECTD.
    Rejected,
}

impl MessageState {
    /// The state that a message_state parameter holds. 0 and 9 are of later versions of SMPP:
    /// scheduled, and skipped, which will not be delivered.
    const fn of_value(value: u8) -> Option<Self> {
        Some(match value {
            0 | 1 => Self::Enroute,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 | 9 => Self::Undeliverable,
            6 => Self::Accepted,
            7 => Self::Unknown,
            8 => Self::Rejected,
            _ => return None,
        })
    }
}

/// A receipt taken from a deliver_sm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The SMSC's message id, as it stands in the receipt; empty where it gives none, and then the
    /// receipt is about no message that can be found.
    pub id: String,
    /// What became of the message.
    pub state: MessageState,
    /// The operator's error: `err:` as it stands there, else network_error_code as
    /// `network:code` in decimal (`3:27`, 3 being GSM).
    pub error: Option<String>,
}

impl Receipt {
    /// Whether `message` is a receipt, and what it says (requirement smpp-receipt). `None`: an
    /// ordinary message.
    ///
    /// It is one (requirement smpp-receipt-recognised) if esm_class says so (an SMSC delivery
    /// receipt or an intermediate notification, section 5.2.12), if it names a
    /// receipted_message_id together with a state, or, for SMSCs that forget both, if its text begins
    /// like Appendix B's: an `id:` and then a `stat:` we know or a `sub:` with a count. What a person wrote
    /// is none: an acknowledgement by the receiving terminal or user (0x08, 0x10) carries a text, and some
    /// operators give a phone's message its own id in receipted_message_id.
    ///
    /// The id and the state come from the parameters where there are any, else from the text
    /// (requirement smpp-receipt-tlv).
    #[must_use]
    pub fn read(message: &ShortMessage<'_>) -> Option<Self> {
        let octets = plain(message);
        let fields = Fields::read(&octets);
        let tlv_id = tlv_id(message.tlvs);
        let has_state = message.tlvs.octet(tag::MESSAGE_STATE).is_some() || octets.trim_ascii().is_empty();
        let named = tlv_id.is_some() && (has_state || fields.has_a_known_state());
        if !is_flagged(message.esm_class) && !named && !fields.look_like_a_receipt() {
            return None;
        }
        let id = tlv_id.or(fields.id).map(text).unwrap_or_default();
        let state = message.tlvs.octet(tag::MESSAGE_STATE).and_then(MessageState::of_value);
        let state = state.or(fields.state()).unwrap_or(MessageState::Unknown);
        let error = fields.error.map(text).or_else(|| network_error(message.tlvs));
        Some(Self { id, state, error })
    }
}

const fn is_flagged(class: u8) -> bool {
    const BOTH: u8 = esm_class::RECEIPT | esm_class::INTERMEDIATE;
    matches!(class & esm_class::TYPE_MASK, esm_class::RECEIPT | esm_class::INTERMEDIATE | BOTH)
}

/// receipted_message_id, with or without its closing zero or blanks; an empty one is none.
fn tlv_id(tlvs: Tlvs<'_>) -> Option<&[u8]> {
    let value = tlvs.get(tag::RECEIPTED_MESSAGE_ID)?;
    let end = value.iter().position(|octet| *octet == 0).unwrap_or(value.len());
    let id = value[..end].trim_ascii();
    (!id.is_empty()).then_some(id)
}

/// network_error_code: an octet of network and two of code (section 5.3.2.31). Code 0 is no error.
fn network_error(tlvs: Tlvs<'_>) -> Option<String> {
    match tlvs.get(tag::NETWORK_ERROR_CODE)? {
        [_, 0, 0] => None,
        [network, high, low] => Some(format!("{network}:{}", u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// The receipt's text in one octet per character. UCS-2 only where data_coding says so and the
/// first octet bears it out: some SMSCs leave the data_coding of the message on an ASCII receipt.
fn plain<'a>(message: &ShortMessage<'a>) -> Cow<'a, [u8]> {
    let content = message.content();
    let octets = content.get(udh::layout(message).text_offset..).unwrap_or_default();
    let is_ucs2 = message.data_coding == data_coding::UCS2 && matches!(octets, [0 | 0xFE, ..]);
    if !is_ucs2 {
        return Cow::Borrowed(octets);
    }
    let (units, _) = octets.as_chunks::<2>();
    Cow::Owned(units.iter().map(|unit| u8::try_from(u16::from_be_bytes(*unit)).unwrap_or(b' ')).collect())
}

#[cfg(test)]
mod tests;
