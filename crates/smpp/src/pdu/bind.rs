//! bind_transmitter, bind_receiver, bind_transceiver and their answers (section 4.1).

use bytes::{BufMut, BytesMut};

use super::reader::{CString, Reader};
use super::{BodyError, Header};
use crate::status::Status;
use crate::tlv::{Tlvs, tag};

/// interface_version of SMPP 3.4 (section 5.2.4).
pub const INTERFACE_VERSION: u8 = 0x34;

const SYSTEM_ID: CString = CString { name: "system_id", max: 16, status: Status::INVALID_SYSTEM_ID };
/// The standard says 9 (requirement smpp-long-password). Operators issue longer passwords, and what
/// they issue must be usable.
const PASSWORD: CString = CString { name: "password", max: 65, status: Status::INVALID_PASSWORD };
const SYSTEM_TYPE: CString = CString { name: "system_type", max: 13, status: Status::INVALID_SYSTEM_TYPE };
const ADDRESS_RANGE: CString = CString { name: "address_range", max: 41, status: Status::BIND_FAILED };

/// The body of a bind, borrowed. address_range is read and passed over: which numbers a bind
/// receives is agreed beforehand and not negotiated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    /// system_id, 15 octets at most.
    pub system_id: &'a [u8],
    /// password; 8 octets in the standard, 64 are tolerated.
    pub password: &'a [u8],
    /// system_type, 12 octets at most.
    pub system_type: &'a [u8],
    /// interface_version: 0x34 for 3.4.
    pub interface_version: u8,
}

/// Without the password.
impl std::fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bind({}, version {:#04x})", self.system_id.escape_ascii(), self.interface_version)
    }
}

impl<'a> Bind<'a> {
    /// Reads the body of any of the three binds.
    ///
    /// # Errors
    /// Which field cannot be read, and the status that says so.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut from = Reader::new(body);
        let bind = Self {
            system_id: from.c_string(SYSTEM_ID)?,
            password: from.c_string(PASSWORD)?,
            system_type: from.c_string(SYSTEM_TYPE)?,
            interface_version: from.octet("interface_version")?,
        };
        from.octets(2, "addr_ton")?;
        from.c_string(ADDRESS_RANGE)?;
        Ok(bind)
    }
}

/// Writes a bind. Strings go out as they are given, up to the first zero octet: whether they suit
/// the SMSC is for the SMSC to say, and its refusal names the field better than we could.
pub fn encode_bind(command_id: u32, sequence: u32, bind: &Bind<'_>, out: &mut BytesMut) {
    let strings = [bind.system_id, bind.password, bind.system_type].map(until_zero);
    let length: usize = strings.iter().map(|text| text.len() + 1).sum();
    Header::request(command_id, sequence).put(length + 4, out);
    for text in strings {
        out.put_slice(text);
        out.put_u8(0);
    }
    // addr_ton, addr_npi and address_range: unknown, which leaves them to the SMSC (section 4.1.1).
    out.put_slice(&[bind.interface_version, 0, 0, 0]);
}

/// The body of a bind answer, borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindAnswer<'a> {
    /// The SMSC's system_id; empty where it sent none.
    pub system_id: &'a [u8],
    /// sc_interface_version, where it sent one.
    pub interface_version: Option<u8>,
}

impl<'a> BindAnswer<'a> {
    /// Reads an answer leniently: an absent or unclosed system_id spoils nothing.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Self {
        let system_id = until_zero(body);
        let tlvs = Tlvs(body.get(system_id.len() + 1..).unwrap_or_default());
        Self { system_id, interface_version: tlvs.octet(tag::SC_INTERFACE_VERSION) }
    }
}

/// Writes the answer that accepts the bind `request`. `with_version` adds sc_interface_version,
/// which a peer older than 3.4 must not be sent (section 3.4.2; requirement smpp-interface-version).
pub fn encode_bind_answer(
    request: u32,
    sequence: u32,
    system_id: &[u8],
    with_version: bool,
    out: &mut BytesMut,
) {
    const VERSION: [u8; 5] = [0x02, 0x10, 0, 1, INTERFACE_VERSION];
    let system_id = until_zero(system_id);
    let version: &[u8] = if with_version { &VERSION } else { &[] };
    Header::answer(request, sequence, Status::OK).put(system_id.len() + 1 + version.len(), out);
    out.put_slice(system_id);
    out.put_u8(0);
    out.put_slice(version);
}

fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|octet| *octet == 0).next().unwrap_or_default()
}
