//! Parts of a long message: user data headers (3GPP TS 23.040, 9.2.3.24) and SAR parameters.

use super::ShortMessage;
use crate::tlv::{Tlvs, tag};

/// Information element: concatenation with an 8-bit reference.
const IEI_CONCAT_8: u8 = 0x00;
/// Information element: concatenation with a 16-bit reference.
const IEI_CONCAT_16: u8 = 0x08;

/// Which part of which long message this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Concat {
    /// The sender's reference, the same in all parts.
    pub reference: u16,
    /// How many parts there are, from 1.
    pub total: u8,
    /// Which part this is, from 1 to `total`.
    pub index: u8,
}

impl Concat {
    /// `None` where the numbers make no sense: such an element is passed over as 23.040 asks.
    const fn new(reference: u16, total: u8, index: u8) -> Option<Self> {
        if index == 0 || index > total { None } else { Some(Self { reference, total, index }) }
    }

    /// The user data header with an 8-bit reference; the reference's low octet counts.
    #[must_use]
    pub const fn header_8(self) -> [u8; 6] {
        let [_, low] = self.reference.to_be_bytes();
        [5, IEI_CONCAT_8, 3, low, self.total, self.index]
    }

    /// The user data header with a 16-bit reference.
    #[must_use]
    pub const fn header_16(self) -> [u8; 7] {
        let [high, low] = self.reference.to_be_bytes();
        [6, IEI_CONCAT_16, 4, high, low, self.total, self.index]
    }
}

/// How a message's content divides into header and text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// The part it is, if it is one.
    pub concat: Option<Concat>,
    /// Where in [`ShortMessage::content`] the text begins.
    pub text_offset: usize,
}

/// Reads a message's user data header, or else its sar_ parameters (section 5.3.2.22 to 24;
/// requirement smpp-concatenation). A header that is longer than the content is no header: the
/// whole content is then text, so that nothing is lost.
#[must_use]
pub fn layout(message: &ShortMessage<'_>) -> Layout {
    let header = if message.has_udh() { split(message.content()) } else { None };
    let Some((elements, text_offset)) = header else {
        return Layout { concat: sar(message.tlvs), text_offset: 0 };
    };
    Layout { concat: concat(elements).or_else(|| sar(message.tlvs)), text_offset }
}

/// The header's elements, and where the text begins.
fn split(content: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = content.split_first()?;
    let length = usize::from(*length);
    Some((rest.get(..length)?, length + 1))
}

fn concat(mut elements: &[u8]) -> Option<Concat> {
    while let [iei, length, rest @ ..] = elements {
        let (data, next) = rest.split_at_checked(usize::from(*length))?;
        let found = match (*iei, data) {
            (IEI_CONCAT_8, [reference, total, index]) => Concat::new(u16::from(*reference), *total, *index),
            (IEI_CONCAT_16, [high, low, total, index]) => {
                Concat::new(u16::from_be_bytes([*high, *low]), *total, *index)
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        elements = next;
    }
    None
}

fn sar(tlvs: Tlvs<'_>) -> Option<Concat> {
    let reference = <[u8; 2]>::try_from(tlvs.get(tag::SAR_MSG_REF_NUM)?).ok()?;
    let total = tlvs.octet(tag::SAR_TOTAL_SEGMENTS)?;
    let index = tlvs.octet(tag::SAR_SEGMENT_SEQNUM)?;
    Concat::new(u16::from_be_bytes(reference), total, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &[u8], tlvs: &[u8], expected: (Option<(u16, u8, u8)>, usize)) {
        let esm_class = 0x40;
        let message = ShortMessage { esm_class, text, tlvs: Tlvs(tlvs), ..ShortMessage::default() };
        let found = layout(&message);
        let concat = found.concat.map(|part| (part.reference, part.total, part.index));
        assert_eq!((concat, found.text_offset), expected, "{name}");
    }

    const SAR: &[u8] = &[2, 0x0C, 0, 2, 1, 2, 2, 0x0E, 0, 1, 3, 2, 0x0F, 0, 1, 2];

    // smpp-concatenation
    #[test]
    fn headers_of_every_shape_are_read_or_passed_over() {
        check("8 bits", &[5, 0, 3, 7, 2, 1, b'a'], &[], (Some((7, 2, 1)), 6));
        check("16 bits", &[6, 8, 4, 1, 7, 2, 2, b'a'], &[], (Some((0x107, 2, 2)), 7));
        check("a port first", &[11, 5, 4, 1, 2, 3, 4, 0, 3, 9, 3, 3, b'a'], &[], (Some((9, 3, 3)), 12));
        check("a port only", &[6, 5, 4, 1, 2, 3, 4, b'a'], &[], (None, 7));
        check("part zero", &[5, 0, 3, 7, 2, 0, b'a'], &[], (None, 6));
        check("part three of two", &[5, 0, 3, 7, 2, 3, b'a'], &[], (None, 6));
        check("element cut short", &[3, 0, 3, 7, b'a'], &[], (None, 4));
        check("element of another length", &[4, 0, 2, 7, 2, b'a'], &[], (None, 5));
        check("header longer than the content", &[200, 0, 3, 7, 2, 1], &[], (None, 0));
        check("nothing at all", &[], &[], (None, 0));
        check("header only", &[5, 0, 3, 7, 2, 1], &[], (Some((7, 2, 1)), 6));
        check("header wins over SAR", &[5, 0, 3, 7, 2, 1], SAR, (Some((7, 2, 1)), 6));
        check("SAR beside a port header", &[6, 5, 4, 1, 2, 3, 4], SAR, (Some((0x102, 3, 2)), 7));
    }

    #[test]
    fn sar_parameters_count_without_a_header_and_only_when_whole() {
        let whole = ShortMessage { tlvs: Tlvs(SAR), text: &[5, 0, 3, 7, 2, 1], ..ShortMessage::default() };
        assert_eq!(
            layout(&whole),
            Layout { concat: Some(Concat { reference: 0x102, total: 3, index: 2 }), text_offset: 0 }
        );
        let cut = ShortMessage { tlvs: Tlvs(&SAR[..11]), ..ShortMessage::default() };
        assert_eq!(layout(&cut), Layout::default());
    }

    #[test]
    fn written_headers_are_read_back() {
        let part = Concat { reference: 0x1234, total: 9, index: 4 };
        for header in [&part.header_8()[..], &part.header_16()[..]] {
            let message = ShortMessage { esm_class: 0x40, text: header, ..ShortMessage::default() };
            let found = layout(&message).concat.unwrap();
            assert_eq!((found.reference & 0xFF, found.total, found.index), (0x34, 9, 4));
        }
    }
}
