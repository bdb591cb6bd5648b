//! How a text becomes SMS: counted exactly, cut where nothing breaks.

use super::{Encoding, gsm7, ucs2};

/// Septets of a message in one part.
pub const GSM7_SINGLE: u32 = 160;
/// Septets of each part of several: seven go to the concatenation header.
pub const GSM7_PART: u32 = 153;
/// UTF-16 units of a message in one part.
pub const UCS2_SINGLE: u32 = 70;
/// UTF-16 units of each part of several: three go to the concatenation header.
pub const UCS2_PART: u32 = 67;

/// What a text becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The alphabet it needs.
    pub encoding: Encoding,
    /// How many SMS, 1 at least; stops at 255.
    pub parts: u8,
    /// Septets (an extension character counts 2) or UTF-16 units, in all.
    pub units: u32,
    /// Units that the last part still holds.
    pub units_left: u32,
}

/// The alphabet `text` needs: GSM-7 when it holds every character.
#[must_use]
pub fn encoding_of(text: &str) -> Encoding {
    if gsm7::total(text).is_some() { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// What `text` becomes, consistent with [`split`]. One pass for a text of one part.
#[must_use]
pub fn plan(text: &str) -> Plan {
    let (encoding, units) = measure(text);
    let (single, part) = limits(encoding);
    if units <= single {
        return Plan { encoding, parts: 1, units, units_left: single - units };
    }
    let (mut parts, mut used) = (0_u8, 0);
    for piece in Pieces::of(text, encoding, part) {
        parts = parts.saturating_add(1);
        used = piece.units;
    }
    Plan { encoding, parts, units, units_left: part - used }
}

/// The octets of each part's text (unpacked GSM-7 or UTF-16BE), without user data header.
///
/// Parts are packed greedily; an escape pair or a surrogate pair is never cut, so that a part may
/// hold one unit less than the limit.
#[must_use]
pub fn split(text: &str) -> (Encoding, Vec<Vec<u8>>) {
    let (encoding, units) = measure(text);
    let (single, part) = limits(encoding);
    if units <= single {
        return (encoding, vec![octets(text, encoding)]);
    }
    (encoding, Pieces::of(text, encoding, part).map(|piece| octets(piece.text, encoding)).collect())
}

fn measure(text: &str) -> (Encoding, u32) {
    match gsm7::total(text) {
        Some(septets) => (Encoding::Gsm7, septets),
        None => (Encoding::Ucs2, ucs2::units(text)),
    }
}

const fn limits(encoding: Encoding) -> (u32, u32) {
    match encoding {
        Encoding::Gsm7 => (GSM7_SINGLE, GSM7_PART),
        Encoding::Ucs2 => (UCS2_SINGLE, UCS2_PART),
    }
}

fn octets(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Gsm7 => gsm7::encode(text).unwrap_or_default(),
        Encoding::Ucs2 => ucs2::encode(text),
    }
}

fn cost(c: char, encoding: Encoding) -> u32 {
    match encoding {
        Encoding::Gsm7 => gsm7::septets(c).map_or(0, u32::from),
        Encoding::Ucs2 => u32::from(c.len_utf16() == 2) + 1,
    }
}

/// One part's share of a text.
struct Piece<'a> {
    text: &'a str,
    units: u32,
}

/// The shares of a text, each as long as fits.
struct Pieces<'a> {
    rest: &'a str,
    encoding: Encoding,
    limit: u32,
}

impl<'a> Pieces<'a> {
    const fn of(text: &'a str, encoding: Encoding, limit: u32) -> Self {
        Self { rest: text, encoding, limit }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut units = 0;
        let end = self.rest.char_indices().find(|(_, c)| {
            let with = units + cost(*c, self.encoding);
            let full = with > self.limit;
            if !full {
                units = with;
            }
            full
        });
        let (text, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        Some(Piece { text, units })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Long texts in which one- and two-unit characters meet, with or without UCS-2.
    fn mixed_text() -> impl Strategy<Value = String> {
        let gsm = proptest::sample::select(vec!['a', 'é', 'à', ' ', '€', '[']);
        let any = proptest::sample::select(vec!['a', 'ê', '€', '👍', '’']);
        prop_oneof![proptest::collection::vec(gsm, 0..700), proptest::collection::vec(any, 0..400),]
            .prop_map(|chars| chars.into_iter().collect())
    }

    fn decode(encoding: Encoding, octets: &[u8]) -> String {
        match encoding {
            Encoding::Gsm7 => gsm7::decode(octets),
            Encoding::Ucs2 => ucs2::decode(octets),
        }
    }

    /// Units of a part, and the cost of its first character.
    fn weigh(encoding: Encoding, octets: &[u8]) -> (usize, usize) {
        match encoding {
            Encoding::Gsm7 => (octets.len(), 1 + usize::from(octets[0] == gsm7::ESCAPE)),
            Encoding::Ucs2 => (octets.len() / 2, 1 + usize::from(octets[0] & 0xFC == 0xD8)),
        }
    }

    proptest! {
        #[test]
        fn parts_are_whole_within_limits_and_full(text in mixed_text()) {
            let (encoding, parts) = split(&text);
            let plan = plan(&text);
            prop_assert_eq!(encoding, plan.encoding);
            prop_assert_eq!(parts.len(), usize::from(plan.parts));
            // Each part reads by itself, so that no pair was cut.
            let whole: String = parts.iter().map(|part| decode(encoding, part)).collect();
            prop_assert_eq!(&whole, &text);
            let limit = match (encoding, parts.len()) {
                (Encoding::Gsm7, 1) => 160,
                (Encoding::Gsm7, _) => 153,
                (Encoding::Ucs2, 1) => 70,
                (Encoding::Ucs2, _) => 67,
            };
            for pair in parts.windows(2) {
                let (units, _) = weigh(encoding, &pair[0]);
                let (_, next) = weigh(encoding, &pair[1]);
                prop_assert!(units <= limit && units + next > limit, "{units} then {next}");
            }
            let last = parts.last().map_or(0, |part| part.len() / if encoding == Encoding::Ucs2 { 2 } else { 1 });
            prop_assert_eq!(limit - last, plan.units_left as usize);
        }

        #[test]
        fn encoding_agrees_with_the_plan(text in any::<String>()) {
            prop_assert_eq!(encoding_of(&text), plan(&text).encoding);
        }
    }

    #[test]
    fn boundaries() {
        use Encoding::{Gsm7, Ucs2};
        let check = |text: &str, encoding, parts, units, units_left| {
            assert_eq!(plan(text), Plan { encoding, parts, units, units_left }, "{text:.20}");
        };
        let a = |n| "a".repeat(n);
        let e = |n| "ê".repeat(n);
        check("", Gsm7, 1, 0, 160);
        check("Bonjour, ceci est un message de test", Gsm7, 1, 36, 124);
        check(&a(160), Gsm7, 1, 160, 0);
        check(&a(161), Gsm7, 2, 161, 145);
        check(&a(306), Gsm7, 2, 306, 0);
        check(&a(307), Gsm7, 3, 307, 152);
        check(&a(459), Gsm7, 3, 459, 0);
        check(&a(1000), Gsm7, 7, 1000, 71);
        check(&"€".repeat(80), Gsm7, 1, 160, 0);
        check(&(a(159) + "€"), Gsm7, 2, 161, 145);
        // An extension character that does not fit leaves a part of 152.
        check(&(a(152) + "€" + &a(10)), Gsm7, 2, 164, 141);
        check(&(a(151) + "€" + &a(153)), Gsm7, 2, 306, 0);
        check(&(a(152) + "€" + &a(152)), Gsm7, 3, 306, 152);
        check(&"€".repeat(1000), Gsm7, 14, 2000, 129);
        check(&e(70), Ucs2, 1, 70, 0);
        check(&e(71), Ucs2, 2, 71, 63);
        check(&e(134), Ucs2, 2, 134, 0);
        check(&e(135), Ucs2, 3, 135, 66);
        check(&e(1000), Ucs2, 15, 1000, 5);
        check(&"👍".repeat(35), Ucs2, 1, 70, 0);
        check(&"👍".repeat(36), Ucs2, 2, 72, 61);
        // An emoji that does not fit leaves a part of 66.
        check(&(e(66) + "👍" + &e(3)), Ucs2, 2, 71, 62);
        check(&(e(65) + "👍" + &e(67)), Ucs2, 2, 134, 0);
        check(&(e(66) + "👍" + &e(66)), Ucs2, 3, 134, 66);
        check(&"👍".repeat(1000), Ucs2, 31, 2000, 47);
        // One character outside the alphabet makes the whole text UCS-2.
        check(&(a(159) + "ç"), Ucs2, 3, 160, 41);
    }

    #[test]
    fn an_extension_character_at_the_cut_moves_whole() {
        let (_, parts) = split(&("a".repeat(152) + "€" + &"a".repeat(10)));
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [152, 12]);
        assert_eq!(parts[1][..2], [gsm7::ESCAPE, 0x65]);
    }

    #[test]
    fn an_emoji_at_the_cut_moves_whole() {
        let (_, parts) = split(&("ê".repeat(66) + "👍" + &"ê".repeat(3)));
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [132, 10]);
        assert_eq!(parts[1][..4], [0xD8, 0x3D, 0xDC, 0x4D]);
    }

    #[test]
    fn the_count_of_parts_stops_at_255() {
        let text = "a".repeat(153 * 300);
        assert_eq!(plan(&text).parts, u8::MAX);
        assert_eq!(split(&text).1.len(), 300);
        assert_eq!(split(""), (Encoding::Gsm7, vec![Vec::new()]));
    }
}
