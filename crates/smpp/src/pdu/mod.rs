//! PDUs (SMPP 3.4, section 4).
//!
//! Decoding is lenient where real peers deviate and a message would be lost over it: addresses are
//! octets and not text, the padding after the body is passed over, bodies of answers may be missing.
//! Encoding is strict: what does not fit the standard is refused.

mod answer;
mod bind;
pub mod command;
pub mod fields;
mod header;
mod reader;
mod short_message;
pub mod udh;

use bytes::{Bytes, BytesMut};

use crate::status::Status;
use crate::tlv::{Tlvs, tag};

pub use answer::{encode_answer, encode_answer_with_id, message_id};
pub use bind::{Bind, BindAnswer, INTERFACE_VERSION, encode_bind, encode_bind_answer};
pub use header::{HEADER_LEN, Header, encode_header};
pub use short_message::encode_short_message;

/// The longest text that fits short_message, in octets (section 5.2.22).
pub const SHORT_MESSAGE_MAX: usize = 254;

/// An address: type of number, numbering plan, and its octets as they came.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Address<'a> {
    /// Type of number (section 5.2.5): 1 international, 3 network specific, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan indicator (section 5.2.6): 0 unknown, 1 E.164.
    pub npi: u8,
    /// The octets, without the closing zero: 20 at most for a source or destination.
    pub digits: &'a [u8],
}

/// Without the number: it is a person's.
impl std::fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address(ton {}, npi {}, {} octets)", self.ton, self.npi, self.digits.len())
    }
}

/// The body that submit_sm and deliver_sm share (sections 4.4.1 and 4.6.1), borrowed. A data_sm
/// (section 4.7.1) is given the same form: the fields it lacks are zero or empty, and its text is
/// in the message_payload parameter.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ShortMessage<'a> {
    /// service_type, 5 octets at most.
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
    /// schedule_delivery_time: 16 octets, or empty for at once.
    pub schedule_delivery_time: &'a [u8],
    /// validity_period: 16 octets, or empty for the SMSC's default.
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

/// Without numbers and text: what is left tells one kind of message from another.
impl std::fmt::Debug for ShortMessage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShortMessage")
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("esm_class", &self.esm_class)
            .field("registered_delivery", &self.registered_delivery)
            .field("data_coding", &self.data_coding)
            .field("text_len", &self.text.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

impl<'a> ShortMessage<'a> {
    /// The user's data wherever the sender put it: short_message, or message_payload where that is
    /// empty (section 5.3.2.32; requirement smpp-message-payload).
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        if self.text.is_empty() { self.tlvs.get(tag::MESSAGE_PAYLOAD).unwrap_or_default() } else { self.text }
    }

    /// Whether the content begins with a user data header.
    #[must_use]
    pub const fn has_udh(&self) -> bool {
        self.esm_class & fields::esm_class::UDHI != 0
    }
}

/// A received submit_sm, deliver_sm or data_sm: its frame, and views into it.
///
/// It shares the buffer that it was read into: one that is kept for long keeps up to one read
/// buffer alive, so copy what must last.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    command_id: u32,
    body: Bytes,
}

impl Received {
    /// Takes the body of a submit_sm, deliver_sm or data_sm.
    ///
    /// # Errors
    /// The body is not one: which field, and what to answer.
    pub fn parse(command_id: u32, body: Bytes) -> Result<Self, BodyError> {
        ShortMessage::parse(command_id, &body)?;
        Ok(Self { command_id, body })
    }

    /// One made from its fields, as if it had come over a link: for tests and simulations.
    ///
    /// # Errors
    /// A field does not fit the standard.
    pub fn from_message(command_id: u32, message: &ShortMessage<'_>) -> Result<Self, EncodeError> {
        let mut out = BytesMut::new();
        encode_short_message(command_id, 0, message, &mut out)?;
        Ok(Self { command_id, body: out.freeze().slice(HEADER_LEN..) })
    }

    /// Which command it came as.
    #[must_use]
    pub const fn command_id(&self) -> u32 {
        self.command_id
    }

    /// The fields, borrowed from the frame. It was parsed once on arrival, so this cannot fail; it
    /// costs some forty nanoseconds, so that a queued message needs no room for offsets.
    #[must_use]
    pub fn view(&self) -> ShortMessage<'_> {
        ShortMessage::parse(self.command_id, &self.body).unwrap_or_default()
    }
}

/// Says what came without showing numbers or text.
impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = command::request_name(self.command_id).unwrap_or("unknown");
        write!(f, "Received({name}, {} octets)", self.body.len())
    }
}

/// Octets as text: UTF-8 where they are that (ASCII is), else Latin-1, where every octet is a
/// character; so nothing is lost and nothing can fail.
pub(crate) fn text(octets: &[u8]) -> String {
    std::str::from_utf8(octets)
        .map_or_else(|_| octets.iter().map(|octet| char::from(*octet)).collect(), str::to_owned)
}

/// Why a body cannot be used, and what to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field} {problem}")]
pub struct BodyError {
    /// The field at fault, by its name in the standard.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// The command_status that says so to the sender.
    pub status: Status,
}

impl BodyError {
    pub(crate) const fn cut(field: &'static str) -> Self {
        Self { field, problem: "is cut short", status: Status::INVALID_COMMAND_LENGTH }
    }
}

/// Why a PDU cannot be written. Nothing has been written then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// A field is longer than the standard allows, or a time is neither empty nor 16 octets.
    #[error("{0} does not have a length that SMPP allows")]
    TooLong(&'static str),
    /// A field that ends at its first zero octet holds one.
    #[error("{0} holds a zero octet")]
    HoldsZero(&'static str),
    /// The command carries no short message.
    #[error("the command carries no short message")]
    NotAMessage,
}

#[cfg(test)]
mod tests {
    use super::*;

    // smpp-message-payload
    #[test]
    fn the_content_is_wherever_the_sender_put_it() {
        const PAYLOAD: &[u8] = &[4, 0x24, 0, 2, b'i', b'n'];
        for (text, tlvs, expected) in [
            (&b"text"[..], &[][..], &b"text"[..]),
            (b"", PAYLOAD, b"in"),
            (b"text", PAYLOAD, b"text"),
            (b"", &[], b""),
            (b"", &[4, 0x24, 0, 9, b'i'], b""),
        ] {
            let message = ShortMessage { text, tlvs: Tlvs(tlvs), ..ShortMessage::default() };
            assert_eq!(message.content(), expected);
        }
    }

    #[test]
    fn a_message_made_from_fields_reads_as_those_fields() {
        for command_id in [command::SUBMIT_SM, command::DELIVER_SM] {
            let message = ShortMessage {
                source: Address { ton: 5, npi: 0, digits: "Café".as_bytes() },
                text: b"Bonjour",
                ..ShortMessage::default()
            };
            let received = Received::from_message(command_id, &message).unwrap();
            assert_eq!((received.command_id(), received.view()), (command_id, message));
        }
        let no_message = Received::from_message(command::UNBIND, &ShortMessage::default());
        assert_eq!(no_message.unwrap_err(), EncodeError::NotAMessage);
        assert!(Received::parse(command::UNBIND, Bytes::from_static(&[0; 17])).is_err());
    }

    #[test]
    fn nothing_of_a_person_shows() {
        let tlvs = [4, 0x24, 0, 6, b'S', b'e', b'c', b'r', b'e', b't'];
        let message = ShortMessage {
            source: Address { ton: 5, npi: 0, digits: b"Sender" },
            destination: Address { ton: 1, npi: 1, digits: b"33639980000" },
            text: b"Secret",
            tlvs: Tlvs(&tlvs),
            ..ShortMessage::default()
        };
        let received = Received::from_message(command::DELIVER_SM, &message).unwrap();
        let frame =
            crate::frame::Frame { header: Header::request(5, 1), body: Bytes::from_static(b"Secret") };
        let shown = format!("{message:?} {received:?} {frame:?}");
        // As text, and as the numbers that octets are shown as.
        for hidden in ["Secret", "Sender", "3363998", "51, 51", "83, 101"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("npi 1, 11 octets") && shown.contains("text_len: 6"), "{shown}");
        assert!(shown.contains("[0x0424 (6 octets)]"), "{shown}");
    }

    #[test]
    fn octets_are_text_whatever_they_are() {
        for (octets, expected) in [(&b"abc"[..], "abc"), ("né".as_bytes(), "né"), (b"n\xE9", "né"), (b"", "")]
        {
            assert_eq!(text(octets), expected);
        }
    }
}
