//! Optional parameters (SMPP 3.4, section 5.3).

use bytes::{BufMut, BytesMut};

use crate::pdu::EncodeError;

/// Tags that we read or write (section 5.3.2).
pub mod tag {
    /// receipted_message_id: the id that the receipt is about.
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
    /// sar_msg_ref_num: 2 octets.
    pub const SAR_MSG_REF_NUM: u16 = 0x020C;
    /// sar_total_segments: 1 octet.
    pub const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
    /// sar_segment_seqnum: 1 octet, from 1.
    pub const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
    /// sc_interface_version: what a server answers to a bind.
    pub const SC_INTERFACE_VERSION: u16 = 0x0210;
    /// network_error_code: 1 octet of network, 2 of code.
    pub const NETWORK_ERROR_CODE: u16 = 0x0423;
    /// message_payload: the text when it is not in short_message.
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    /// message_state: 1 octet.
    pub const MESSAGE_STATE: u16 = 0x0427;
}

/// Raw optional parameters, in the order they came.
///
/// Octets at the end that make no whole parameter are passed over: several SMSCs pad their PDUs,
/// and a message is worth more than its last parameter (requirement smpp-tlv).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Tlvs<'a>(pub &'a [u8]);

/// Tags and lengths: a value may be a text.
impl std::fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.iter().map(|(tag, value)| format!("{tag:#06x} ({} octets)", value.len()));
        write!(f, "[{}]", shown.collect::<Vec<_>>().join(", "))
    }
}

impl<'a> Tlvs<'a> {
    /// The value of the first parameter with this tag.
    #[must_use]
    pub fn get(self, tag: u16) -> Option<&'a [u8]> {
        self.iter().find_map(|(found, value)| (found == tag).then_some(value))
    }

    /// Tags and values, in order, up to the first that is cut short.
    #[must_use]
    pub fn iter(self) -> Iter<'a> {
        Iter { rest: self.0 }
    }

    /// The parameter's value as one octet, if it is exactly that.
    pub(crate) fn octet(self, tag: u16) -> Option<u8> {
        match self.get(tag)? {
            [value] => Some(*value),
            _ => None,
        }
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = (u16, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Iterator over [`Tlvs`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let [tag_high, tag_low, length_high, length_low] = *head;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        if length > rest.len() {
            self.rest = &[];
            return None;
        }
        let (value, rest) = rest.split_at(length);
        self.rest = rest;
        Some((u16::from_be_bytes([tag_high, tag_low]), value))
    }
}

/// Appends one parameter.
///
/// # Errors
/// [`EncodeError::TooLong`] over 65,535 octets; nothing is written then.
pub fn put(out: &mut BytesMut, tag: u16, value: &[u8]) -> Result<(), EncodeError> {
    let length = u16::try_from(value.len()).map_err(|_| EncodeError::TooLong("optional parameter"))?;
    out.reserve(4 + value.len());
    out.put_u16(tag);
    out.put_u16(length);
    out.put_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(octets: &[u8], expected: &[(u16, &[u8])]) {
        assert_eq!(Tlvs(octets).iter().collect::<Vec<_>>(), expected, "{octets:?}");
    }

    // smpp-tlv
    #[test]
    fn whole_parameters_are_read_and_a_cut_one_ends_the_list() {
        check(&[], &[]);
        check(&[4, 0x27, 0, 1, 2], &[(0x0427, &[2])]);
        check(&[4, 0x27, 0, 1, 2, 0, 0x1E, 0, 2, b'a', 0], &[(0x0427, &[2]), (0x001E, b"a\0")]);
        check(&[4, 0x24, 0, 0], &[(0x0424, &[])]);
        check(&[4, 0x27, 0, 1, 2, 0xFF], &[(0x0427, &[2])]);
        check(&[4, 0x27, 0, 2, 2], &[]);
        check(&[4, 0x27, 0xFF, 0xFF, 2, 4, 0x27, 0, 1, 2], &[]);
    }

    #[test]
    fn the_first_of_two_wins_and_an_absent_one_is_none() {
        let octets = [4, 0x27, 0, 1, 2, 4, 0x27, 0, 1, 5];
        assert_eq!(Tlvs(&octets).get(tag::MESSAGE_STATE), Some(&[2][..]));
        assert_eq!(Tlvs(&octets).get(tag::MESSAGE_PAYLOAD), None);
    }

    #[test]
    fn put_writes_what_get_reads_and_refuses_what_does_not_fit() {
        let mut out = BytesMut::new();
        put(&mut out, tag::MESSAGE_PAYLOAD, &[7; 65_535]).unwrap();
        assert_eq!(Tlvs(&out).get(tag::MESSAGE_PAYLOAD).map(<[u8]>::len), Some(65_535));
        let before = out.len();
        assert_eq!(put(&mut out, 1, &[7; 65_536]), Err(EncodeError::TooLong("optional parameter")));
        assert_eq!(out.len(), before);
    }
}
