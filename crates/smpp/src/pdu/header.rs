//! The 16 octets that every PDU begins with (section 3.2; requirement smpp-header).

use bytes::BytesMut;

use crate::status::Status;

/// Length of a header, in octets.
pub const HEADER_LEN: usize = 16;

/// What the header says besides the length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// command_id: see [`super::command`].
    pub command_id: u32,
    /// command_status: zero in a request.
    pub status: Status,
    /// sequence_number.
    pub sequence: u32,
}

impl Header {
    /// A request's header.
    #[must_use]
    pub const fn request(command_id: u32, sequence: u32) -> Self {
        Self { command_id, status: Status::OK, sequence }
    }

    /// The header of the answer to the request `command_id`.
    #[must_use]
    pub const fn answer(command_id: u32, sequence: u32, status: Status) -> Self {
        Self { command_id: super::command::response(command_id), status, sequence }
    }

    /// Reads the 12 octets after command_length.
    #[must_use]
    pub(crate) fn read(octets: [u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = octets;
        Self {
            command_id: u32::from_be_bytes([a, b, c, d]),
            status: Status(u32::from_be_bytes([e, f, g, h])),
            sequence: u32::from_be_bytes([i, j, k, l]),
        }
    }

    /// Writes the header of a PDU whose body has `body_len` octets; the caller writes the body.
    pub(crate) fn put(self, body_len: usize, out: &mut BytesMut) {
        let length = HEADER_LEN + body_len;
        out.reserve(length);
        let command_length =
            u32::try_from(length).expect("bodies are bounded far below 4 GiB by their encoders");
        let words = [command_length, self.command_id, self.status.0, self.sequence].map(u32::to_be_bytes);
        out.extend_from_slice(words.as_flattened());
    }
}

/// Writes a PDU that is a header only: enquire_link, unbind, generic_nack and most error answers.
pub fn encode_header(header: Header, out: &mut BytesMut) {
    header.put(0, out);
}
