//! command_id values (SMPP 3.4, section 5.1.2.1).

/// The bit that makes a command its answer.
pub const RESPONSE: u32 = 0x8000_0000;

/// generic_nack.
pub const GENERIC_NACK: u32 = 0x8000_0000;
/// bind_receiver.
pub const BIND_RECEIVER: u32 = 0x01;
/// bind_transmitter.
pub const BIND_TRANSMITTER: u32 = 0x02;
/// query_sm.
pub const QUERY_SM: u32 = 0x03;
/// submit_sm.
pub const SUBMIT_SM: u32 = 0x04;
/// deliver_sm.
pub const DELIVER_SM: u32 = 0x05;
/// unbind.
pub const UNBIND: u32 = 0x06;
/// replace_sm.
pub const REPLACE_SM: u32 = 0x07;
/// cancel_sm.
pub const CANCEL_SM: u32 = 0x08;
/// bind_transceiver.
pub const BIND_TRANSCEIVER: u32 = 0x09;
/// outbind: has no answer.
pub const OUTBIND: u32 = 0x0B;
/// enquire_link.
pub const ENQUIRE_LINK: u32 = 0x15;
/// submit_multi.
pub const SUBMIT_MULTI: u32 = 0x21;
/// alert_notification: has no answer.
pub const ALERT_NOTIFICATION: u32 = 0x0102;
/// data_sm.
pub const DATA_SM: u32 = 0x0103;

/// The command that answers `request`.
#[must_use]
pub const fn response(request: u32) -> u32 {
    request | RESPONSE
}

/// Whether this command answers another, generic_nack included.
#[must_use]
pub const fn is_response(command: u32) -> bool {
    command & RESPONSE != 0
}

/// The standard's name of a request, or `None` for what it does not define.
#[must_use]
pub const fn request_name(command: u32) -> Option<&'static str> {
    Some(match command {
        BIND_RECEIVER => "bind_receiver",
        BIND_TRANSMITTER => "bind_transmitter",
        QUERY_SM => "query_sm",
        SUBMIT_SM => "submit_sm",
        DELIVER_SM => "deliver_sm",
        UNBIND => "unbind",
        REPLACE_SM => "replace_sm",
        CANCEL_SM => "cancel_sm",
        BIND_TRANSCEIVER => "bind_transceiver",
        OUTBIND => "outbind",
        ENQUIRE_LINK => "enquire_link",
        SUBMIT_MULTI => "submit_multi",
        ALERT_NOTIFICATION => "alert_notification",
        DATA_SM => "data_sm",
        _ => return None,
    })
}
