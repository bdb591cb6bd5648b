//! submit_sm, deliver_sm and data_sm (sections 4.4.1, 4.6.1, 4.7.1).

use bytes::BytesMut;

use super::reader::{CString, Reader};
use super::{Address, BodyError, EncodeError, Header, SHORT_MESSAGE_MAX, ShortMessage, command};
use crate::status::Status;
use crate::tlv::{self, Tlvs, tag};

const SERVICE_TYPE: CString = CString { name: "service_type", max: 6, status: Status::INVALID_SERVICE_TYPE };
const SOURCE: CString = CString { name: "source_addr", max: 21, status: Status::INVALID_SOURCE };
const DESTINATION: CString =
    CString { name: "destination_addr", max: 21, status: Status::INVALID_DESTINATION };
/// data_sm has room for longer addresses.
const DATA_SOURCE: CString = CString { max: 65, ..SOURCE };
const DATA_DESTINATION: CString = CString { max: 65, ..DESTINATION };
const SCHEDULE: CString =
    CString { name: "schedule_delivery_time", max: 17, status: Status::INVALID_SCHEDULE };
const VALIDITY: CString = CString { name: "validity_period", max: 17, status: Status::INVALID_VALIDITY };

/// Octets of the one-octet fields of a submit_sm or deliver_sm, sm_length included.
const FIXED: usize = 4 + 3 + 5;
/// The same for a data_sm.
const DATA_FIXED: usize = 4 + 3;

impl<'a> ShortMessage<'a> {
    /// Reads the body of a submit_sm, deliver_sm or data_sm (requirement smpp-submit-sm,
    /// smpp-deliver-sm, smpp-data-sm).
    ///
    /// # Errors
    /// Which field cannot be read, and the status that tells the sender.
    pub fn parse(command_id: u32, body: &'a [u8]) -> Result<Self, BodyError> {
        match command_id {
            command::SUBMIT_SM | command::DELIVER_SM => Self::parse_sm(Reader::new(body)),
            command::DATA_SM => Self::parse_data(Reader::new(body)),
            _ => Err(BodyError {
                field: "command_id",
                problem: "carries no short message",
                status: Status::INVALID_COMMAND_ID,
            }),
        }
    }

    fn parse_sm(mut from: Reader<'a>) -> Result<Self, BodyError> {
        let mut message = Self {
            service_type: from.c_string(SERVICE_TYPE)?,
            source: Address::parse(&mut from, SOURCE)?,
            destination: Address::parse(&mut from, DESTINATION)?,
            esm_class: from.octet("esm_class")?,
            protocol_id: from.octet("protocol_id")?,
            priority: from.octet("priority_flag")?,
            schedule_delivery_time: from.c_string(SCHEDULE)?,
            validity_period: from.c_string(VALIDITY)?,
            registered_delivery: from.octet("registered_delivery")?,
            replace_if_present: from.octet("replace_if_present_flag")?,
            data_coding: from.octet("data_coding")?,
            default_message_id: from.octet("sm_default_msg_id")?,
            ..Self::default()
        };
        let length = from.octet("sm_length")?;
        message.text = from
            .octets(length.into(), "short_message")
            .map_err(|error| BodyError { status: Status::INVALID_MESSAGE_LENGTH, ..error })?;
        message.tlvs = Tlvs(from.rest());
        Ok(message)
    }

    fn parse_data(mut from: Reader<'a>) -> Result<Self, BodyError> {
        Ok(Self {
            service_type: from.c_string(SERVICE_TYPE)?,
            source: Address::parse(&mut from, DATA_SOURCE)?,
            destination: Address::parse(&mut from, DATA_DESTINATION)?,
            esm_class: from.octet("esm_class")?,
            registered_delivery: from.octet("registered_delivery")?,
            data_coding: from.octet("data_coding")?,
            tlvs: Tlvs(from.rest()),
            ..Self::default()
        })
    }

    /// Whether the standard has room for every field of a submit_sm or deliver_sm.
    fn check_sm(&self) -> Result<(), EncodeError> {
        check(self.service_type, SERVICE_TYPE)?;
        check(self.source.digits, SOURCE)?;
        check(self.destination.digits, DESTINATION)?;
        check_time(self.schedule_delivery_time, SCHEDULE)?;
        check_time(self.validity_period, VALIDITY)?;
        if self.text.len() > SHORT_MESSAGE_MAX {
            return Err(EncodeError::TooLong("short_message"));
        }
        check_tlvs(self.tlvs)
    }

    fn check_data(&self) -> Result<(), EncodeError> {
        check(self.service_type, SERVICE_TYPE)?;
        check(self.source.digits, DATA_SOURCE)?;
        check(self.destination.digits, DATA_DESTINATION)?;
        if self.text.len() > usize::from(u16::MAX) {
            return Err(EncodeError::TooLong("message_payload"));
        }
        check_tlvs(self.tlvs)
    }

    fn put_sm(&self, header: Header, out: &mut BytesMut) {
        let strings = self.service_type.len()
            + self.source.digits.len()
            + self.destination.digits.len()
            + self.schedule_delivery_time.len()
            + self.validity_period.len();
        header.put(strings + 5 + FIXED + self.text.len() + self.tlvs.0.len(), out);
        put_c_string(self.service_type, out);
        self.source.put(out);
        self.destination.put(out);
        out.extend_from_slice(&[self.esm_class, self.protocol_id, self.priority]);
        put_c_string(self.schedule_delivery_time, out);
        put_c_string(self.validity_period, out);
        // check_sm bounds the text at 254 octets.
        let length = u8::try_from(self.text.len()).unwrap_or(u8::MAX);
        out.extend_from_slice(&[
            self.registered_delivery,
            self.replace_if_present,
            self.data_coding,
            self.default_message_id,
            length,
        ]);
        out.extend_from_slice(self.text);
        out.extend_from_slice(self.tlvs.0);
    }

    fn put_data(&self, header: Header, out: &mut BytesMut) -> Result<(), EncodeError> {
        let payload = if self.text.is_empty() { 0 } else { 4 + self.text.len() };
        let strings = self.service_type.len() + self.source.digits.len() + self.destination.digits.len();
        header.put(strings + 3 + DATA_FIXED + payload + self.tlvs.0.len(), out);
        put_c_string(self.service_type, out);
        self.source.put(out);
        self.destination.put(out);
        out.extend_from_slice(&[self.esm_class, self.registered_delivery, self.data_coding]);
        if !self.text.is_empty() {
            tlv::put(out, tag::MESSAGE_PAYLOAD, self.text)?;
        }
        out.extend_from_slice(self.tlvs.0);
        Ok(())
    }
}

impl<'a> Address<'a> {
    fn parse(from: &mut Reader<'a>, digits: CString) -> Result<Self, BodyError> {
        Ok(Self {
            ton: from.octet(digits.name)?,
            npi: from.octet(digits.name)?,
            digits: from.c_string(digits)?,
        })
    }

    fn put(&self, out: &mut BytesMut) {
        out.extend_from_slice(&[self.ton, self.npi]);
        put_c_string(self.digits, out);
    }
}

/// Writes a whole submit_sm, deliver_sm or data_sm. A data_sm has no short_message: the text goes
/// into a message_payload parameter before the others.
///
/// # Errors
/// A field does not fit the standard, or `command_id` is another command; nothing is written then.
pub fn encode_short_message(
    command_id: u32,
    sequence: u32,
    message: &ShortMessage<'_>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let header = Header::request(command_id, sequence);
    match command_id {
        command::SUBMIT_SM | command::DELIVER_SM => {
            message.check_sm()?;
            message.put_sm(header, out);
            Ok(())
        }
        command::DATA_SM => {
            message.check_data()?;
            message.put_data(header, out)
        }
        _ => Err(EncodeError::NotAMessage),
    }
}

fn put_c_string(text: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(text);
    out.extend_from_slice(&[0]);
}

fn check(text: &[u8], field: CString) -> Result<(), EncodeError> {
    if text.len() >= field.max {
        return Err(EncodeError::TooLong(field.name));
    }
    if text.contains(&0) {
        return Err(EncodeError::HoldsZero(field.name));
    }
    Ok(())
}

/// A time is 16 octets or nothing (section 7.1.1).
fn check_time(text: &[u8], field: CString) -> Result<(), EncodeError> {
    if !text.is_empty() && text.len() != field.max - 1 {
        return Err(EncodeError::TooLong(field.name));
    }
    check(text, field)
}

/// Optional parameters that SMPP could ever hold: far more than any SMSC takes, and a bound on what
/// one PDU may cost us.
const TLVS_MAX: usize = 1 << 20;

const fn check_tlvs(tlvs: Tlvs<'_>) -> Result<(), EncodeError> {
    if tlvs.0.len() > TLVS_MAX { Err(EncodeError::TooLong("optional parameters")) } else { Ok(()) }
}
