//! Parts of a long text: how a phone recognises them (a user data header, or the sar_* parameters)
//! and holds them until the last has come.

use std::collections::VecDeque;

use facteur_smpp::ShortMessage;

use crate::admission::{SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS};
use crate::text::Encoding;

/// esm_class bit that says a user data header stands before the text (section 5.2.12).
const UDHI: u8 = 0x40;
/// Information elements of concatenation (3GPP TS 23.040, sections 9.2.3.24.1 and .8).
const CONCAT_8: u8 = 0x00;
const CONCAT_16: u8 = 0x08;
/// Texts that one phone holds unfinished; the oldest is given up.
const UNFINISHED_MAX: usize = 8;

/// Where a part stands in its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The same in all parts of a text.
    pub(crate) reference: u16,
    /// How many parts there are, 1 to 255.
    pub(crate) total: u8,
    /// Which one this is, 1 to `total`.
    pub(crate) index: u8,
}

impl Place {
    fn sound(self) -> Option<Self> {
        (self.total > 0 && (1..=self.total).contains(&self.index)).then_some(self)
    }
}

/// Parts the user data header from the text. A header that is longer than its message is taken for
/// text, as there is nothing better to show.
pub(crate) fn split_header(esm_class: u8, octets: &[u8]) -> (&[u8], &[u8]) {
    if esm_class & UDHI == 0 {
        return (&[], octets);
    }
    match octets.split_first() {
        Some((length, rest)) => rest.split_at_checked(usize::from(*length)).unwrap_or((&[], octets)),
        None => (&[], octets),
    }
}

/// The part's place, from its header or else from the sar_* parameters; `None`: a text of its own.
pub(crate) fn place(header: &[u8], message: &ShortMessage<'_>) -> Option<Place> {
    from_header(header).or_else(|| from_parameters(message))
}

fn from_header(mut header: &[u8]) -> Option<Place> {
    while let [element, length, rest @ ..] = header {
        let (data, after) = rest.split_at_checked(usize::from(*length))?;
        match (*element, data) {
            (CONCAT_8, [reference, total, index]) => {
                return Place { reference: u16::from(*reference), total: *total, index: *index }.sound();
            }
            (CONCAT_16, [high, low, total, index]) => {
                let reference = u16::from_be_bytes([*high, *low]);
                return Place { reference, total: *total, index: *index }.sound();
            }
            _ => header = after,
        }
    }
    None
}

fn from_parameters(message: &ShortMessage<'_>) -> Option<Place> {
    let [high, low] = *message.tlvs.get(SAR_MSG_REF_NUM)? else { return None };
    let [total] = *message.tlvs.get(SAR_TOTAL_SEGMENTS)? else { return None };
    let [index] = *message.tlvs.get(SAR_SEGMENT_SEQNUM)? else { return None };
    Place { reference: u16::from_be_bytes([high, low]), total, index }.sound()
}

/// One part that came.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) sender: &'a str,
    pub(crate) place: Place,
    pub(crate) encoding: Encoding,
    pub(crate) octets: &'a [u8],
    pub(crate) id: &'a str,
}

/// A text whose parts are all there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Whole {
    /// The serial that the first part was given.
    pub(crate) serial: u64,
    pub(crate) text: String,
    pub(crate) ids: Vec<String>,
}

#[derive(Debug)]
struct Unfinished {
    sender: Box<str>,
    reference: u16,
    total: u8,
    encoding: Encoding,
    serial: u64,
    pieces: Vec<Option<Box<[u8]>>>,
    ids: Vec<String>,
}

impl Unfinished {
    fn is_of(&self, part: &Part<'_>) -> bool {
        self.reference == part.place.reference
            && self.total == part.place.total
            && *self.sender == *part.sender
    }

    /// Whether another text's part sits at this one's place: the reference has come round.
    fn is_other_text(&self, part: &Part<'_>) -> bool {
        let held = self.pieces.get(usize::from(part.place.index) - 1);
        matches!(held, Some(Some(octets)) if **octets != *part.octets)
    }
}

/// The unfinished texts of one phone, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    unfinished: VecDeque<Unfinished>,
}

impl Reassembly {
    /// Takes a part. Gives the serial under which its text is or will be kept (`serial` if it is
    /// the text's first part to come), and the text if this was the last part missing. A part that
    /// came already changes nothing; one that contradicts it begins a new text.
    pub(crate) fn take(&mut self, part: &Part<'_>, serial: u64) -> (u64, Option<Whole>) {
        self.unfinished.retain(|text| !(text.is_of(part) && text.is_other_text(part)));
        let found = self.unfinished.iter().position(|text| text.is_of(part));
        let at = found.unwrap_or_else(|| self.begin(part, serial));
        let text = &mut self.unfinished[at];
        if let Some(piece @ None) = text.pieces.get_mut(usize::from(part.place.index) - 1) {
            *piece = Some(part.octets.into());
            text.ids.push(part.id.to_owned());
        }
        let kept_as = text.serial;
        if text.pieces.iter().any(Option::is_none) {
            return (kept_as, None);
        }
        let whole = self.unfinished.remove(at).map(|text| {
            let octets: Vec<u8> = text.pieces.into_iter().flatten().flatten().collect();
            Whole { serial: kept_as, text: text.encoding.read(&octets), ids: text.ids }
        });
        (kept_as, whole)
    }

    fn begin(&mut self, part: &Part<'_>, serial: u64) -> usize {
        if self.unfinished.len() == UNFINISHED_MAX {
            self.unfinished.pop_front();
        }
        self.unfinished.push_back(Unfinished {
            sender: part.sender.into(),
            reference: part.place.reference,
            total: part.place.total,
            encoding: part.encoding,
            serial,
            pieces: vec![None; usize::from(part.place.total)],
            ids: Vec::new(),
        });
        self.unfinished.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Place, Reassembly, from_header, split_header};
    use crate::text::Encoding;

    #[test]
    fn headers_are_read_in_both_widths() {
        let place = |reference, total, index| Some(Place { reference, total, index });
        let cases: [(&[u8], Option<Place>); 8] = [
            (&[0, 3, 0xAB, 3, 2], place(0xAB, 3, 2)),
            (&[8, 4, 0x12, 0x34, 255, 1], place(0x1234, 255, 1)),
            (&[5, 4, 1, 2, 3, 4, 0, 3, 7, 2, 2], place(7, 2, 2)),
            (&[0, 3, 7, 2, 3], None),
            (&[0, 3, 7, 2, 0], None),
            (&[0, 3, 7, 0, 0], None),
            (&[0, 9, 7, 2], None),
            (&[], None),
        ];
        for (header, expected) in cases {
            assert_eq!(from_header(header), expected, "{header:02x?}");
        }
    }

    #[test]
    fn the_header_is_cut_off_only_where_there_is_one() {
        assert_eq!(split_header(0, &[1, 2, 3]), (&[][..], &[1, 2, 3][..]));
        assert_eq!(split_header(0x40, &[1, 2, 3]), (&[2][..], &[3][..]));
        assert_eq!(split_header(0x40, &[9, 2, 3]), (&[][..], &[9, 2, 3][..]));
        assert_eq!(split_header(0x40, &[]), (&[][..], &[][..]));
    }

    fn part<'a>(reference: u16, total: u8, index: u8, octets: &'a [u8]) -> Part<'a> {
        let place = Place { reference, total, index };
        Part { sender: "MyCompany", place, encoding: Encoding::Gsm7, octets, id: "id" }
    }

    #[test]
    fn parts_come_in_any_order_and_more_than_once() {
        let mut phone = Reassembly::default();
        assert_eq!(phone.take(&part(7, 3, 3, b"c"), 10), (10, None));
        assert_eq!(phone.take(&part(7, 3, 1, b"a"), 11), (10, None));
        assert_eq!(phone.take(&part(7, 3, 1, b"a"), 12), (10, None));
        assert_eq!(phone.take(&part(8, 3, 1, b"x"), 13), (13, None));
        let (serial, whole) = phone.take(&part(7, 3, 2, b"b"), 14);
        assert_eq!((serial, whole.map(|whole| (whole.text, whole.ids.len()))), (10, Some(("abc".into(), 3))));
    }

    #[test]
    fn a_reference_that_came_round_begins_a_new_text() {
        let mut phone = Reassembly::default();
        phone.take(&part(7, 2, 1, b"old"), 1);
        assert_eq!(phone.take(&part(7, 2, 1, b"new"), 2), (2, None));
        let (_, whole) = phone.take(&part(7, 2, 2, b"er"), 3);
        assert_eq!(whole.map(|whole| whole.text), Some("newer".into()));
    }

    #[test]
    fn unfinished_texts_are_bounded() {
        let mut phone = Reassembly::default();
        for reference in 0..100 {
            phone.take(&part(reference, 2, 1, b"a"), u64::from(reference));
        }
        assert_eq!(phone.unfinished.len(), super::UNFINISHED_MAX);
        assert!(phone.take(&part(99, 2, 2, b"b"), 200).1.is_some());
    }

    #[test]
    fn an_escape_and_a_surrogate_cut_in_two_are_joined() {
        let mut phone = Reassembly::default();
        phone.take(&part(1, 2, 1, &[0x41, 0x1B]), 1);
        let (_, whole) = phone.take(&part(1, 2, 2, &[0x65]), 2);
        assert_eq!(whole.map(|whole| whole.text), Some("A€".into()));
        let ucs2 = |index, octets| Part { encoding: Encoding::Ucs2, ..part(2, 2, index, octets) };
        phone.take(&ucs2(1, &[0xD8, 0x3D]), 3);
        let (_, whole) = phone.take(&ucs2(2, &[0xDE, 0x00]), 4);
        assert_eq!(whole.map(|whole| whole.text), Some("\u{1F600}".into()));
    }
}
