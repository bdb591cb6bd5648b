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
    let limit = if units <= single { single } else { part };
    // An empty text is one empty part, as `plan` counts it.
    if text.is_empty() {
        return (encoding, vec![Vec::new()]);
    }
    (encoding, Pieces::of(text, encoding, limit).map(|piece| octets(piece.text, encoding)).collect())
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
