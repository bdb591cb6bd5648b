//! What real peers do beside the standard and we bear, each under a name.
//!
//! More tolerance stands where octets are read: answers without a message_id or its closing zero
//! ([`crate::pdu::message_id`]), long passwords ([`crate::pdu::Bind`]), Latin-1 in addresses
//! ([`crate::pdu::ShortMessage`]), padding after the last parameter ([`crate::tlv::Tlvs`]), receipts
//! in a dozen dialects ([`crate::receipt`]).

use crate::pdu::command;
use crate::status::Status;

/// Any of the three bind answers settles a bind: some SMSCs answer a bind_transceiver with a
/// bind_transmitter_resp. The sequence_number already says which request is meant.
pub(super) const fn answers_a_bind(command_id: u32) -> bool {
    matches!(
        command_id & !command::RESPONSE,
        command::BIND_RECEIVER | command::BIND_TRANSMITTER | command::BIND_TRANSCEIVER
    ) && command::is_response(command_id)
}

/// A generic_nack refuses whatever its status says; one with ESME_ROK is given a reason.
pub(super) fn nack_status(status: Status) -> Status {
    if status == Status::OK { Status::UNKNOWN_ERROR } else { status }
}

/// A refusal that the driver gives with ESME_ROK would read as acceptance.
pub(super) fn refusal(status: Status, otherwise: Status) -> Status {
    if status == Status::OK { otherwise } else { status }
}
