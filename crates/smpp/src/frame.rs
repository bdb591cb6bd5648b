//! Frames: command_length first, content later (SMPP 3.4, section 3.2).
//!
//! A frame is cut off by its length before anything in it is looked at, so that a PDU that cannot be
//! decoded never takes the next one with it (requirement smpp-framing).

use bytes::{Buf, Bytes, BytesMut};

use crate::pdu::{HEADER_LEN, Header};

/// Octets of the read buffer at first. It is used again once nothing that was read into it is kept;
/// until then a new one is taken when it is full, so that it also is what one kept message may hold.
const READ_BUFFER: usize = 8 * 1024;

/// One PDU, its body not yet decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its header.
    pub header: Header,
    /// What follows the header: a share of the read buffer, not a copy.
    pub body: Bytes,
}

/// Without the body, which may hold a number, a text or a password.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({:?}, {} octets)", self.header, self.body.len())
    }
}

/// A command_length that no PDU has: under 16, or over what we read. Where the next PDU begins is
/// unknown then, so the stream is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("command_length {0} is no length of a PDU")]
pub struct BadLength(pub u32);

/// Cuts a stream of octets, in whatever pieces they come, into frames.
///
/// It holds what was pushed and not yet taken: with frames taken after each push, less than one PDU
/// of the longest permitted length plus the last push.
pub struct Framer {
    buffer: BytesMut,
    pdu_max: usize,
}

/// Without the octets held.
impl std::fmt::Debug for Framer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Framer({} octets)", self.held())
    }
}

impl Framer {
    /// Refuses frames over `pdu_max` octets.
    #[must_use]
    pub fn new(pdu_max: usize) -> Self {
        Self { buffer: BytesMut::with_capacity(READ_BUFFER), pdu_max }
    }

    /// Appends octets from the link.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Octets held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Takes the next whole frame; `None` when more octets are needed.
    ///
    /// # Errors
    /// The next command_length is nonsense; every later call says so too.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, BadLength> {
        let Some(prefix) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let command_length = u32::from_be_bytes(*prefix);
        let length = usize::try_from(command_length).unwrap_or(usize::MAX);
        if length < HEADER_LEN || length > self.pdu_max {
            return Err(BadLength(command_length));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut body = self.buffer.split_to(length).freeze();
        let header = body.first_chunk::<HEADER_LEN>().and_then(|head| head.last_chunk::<12>());
        let Some(header) = header.copied().map(Header::read) else { return Ok(None) };
        body.advance(HEADER_LEN);
        Ok(Some(Frame { header, body }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    const ENQUIRE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    fn frames(framer: &mut Framer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
    }

    // smpp-framing
    #[test]
    fn frames_come_out_whole_however_the_octets_come_in() {
        let mut stream = ENQUIRE.to_vec();
        stream.extend_from_slice(&[0, 0, 0, 19, 0x80, 0, 0, 4, 0, 0, 0, 0x58, 0, 0, 0, 7, b'i', b'd', 0]);
        stream.extend_from_slice(&ENQUIRE);
        for chunk in 1..=stream.len() {
            let mut framer = Framer::new(64);
            let mut found = Vec::new();
            for octets in stream.chunks(chunk) {
                framer.push(octets);
                found.extend(frames(&mut framer));
            }
            assert_eq!(found.len(), 3, "in chunks of {chunk}");
            assert_eq!(found[0].header, Header::request(0x15, 9));
            assert_eq!(found[1].header, Header::answer(4, 7, Status::THROTTLED));
            assert_eq!(found[1].body, &b"id\0"[..]);
            assert_eq!(framer.held(), 0);
        }
    }

    #[test]
    fn nonsensical_lengths_are_refused_before_their_octets_are_waited_for() {
        for (length, pdu_max) in [(0, 64), (15, 64), (65, 64), (u32::MAX, 64), (17, 16)] {
            let mut framer = Framer::new(pdu_max);
            framer.push(&length.to_be_bytes());
            assert_eq!(framer.next_frame(), Err(BadLength(length)));
            assert_eq!(framer.next_frame(), Err(BadLength(length)), "and it stays refused");
        }
        for length in [16_u32, 64] {
            let mut framer = Framer::new(64);
            framer.push(&length.to_be_bytes());
            assert_eq!(framer.next_frame(), Ok(None), "{length} is waited for");
        }
    }
}
