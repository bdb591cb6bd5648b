//! What phones send, from SMPP to the domain: addresses, parts, texts.

use bytes::Bytes;
use facteur_domain::text::{gsm7, ucs2};
use facteur_domain::{ShortCode, Timestamp};
use facteur_smpp::pdu::udh;
use facteur_smpp::{Address, ShortMessage};
use facteur_store::{Inbound, InboundPart, RouteId};

use super::translate::number;

/// OVH's own optional parameter: its id of a message from a phone (OVH-SMPP).
const INCOMING_ID: u16 = 0x1402;
/// receipted_message_id, in which other operators give theirs.
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
/// TON of an alphanumeric address (SMPP 3.4, section 5.2.5): never a number.
const ALPHANUMERIC: u8 = 5;
/// What stands where a part is missing.
const MISSING: &str = "[…]";

/// A message from a phone in the store's words.
pub(crate) fn inbound(route: RouteId, view: &ShortMessage<'_>, at: Timestamp) -> Inbound {
    let layout = udh::layout(view);
    let part = layout.concat.filter(|concat| concat.total > 1);
    let id = view.tlvs.get(INCOMING_ID).or_else(|| view.tlvs.get(RECEIPTED_MESSAGE_ID));
    Inbound {
        route,
        at,
        from: number(&view.source).filter(|_| view.source.ton != ALPHANUMERIC),
        source: Bytes::copy_from_slice(view.source.digits),
        destination: Bytes::copy_from_slice(view.destination.digits),
        code: code(&view.destination),
        esm_class: view.esm_class,
        data_coding: view.data_coding,
        content: Bytes::copy_from_slice(view.content()),
        tlvs: Bytes::copy_from_slice(view.tlvs.0),
        text_from: layout.text_offset,
        part: part.map(|concat| InboundPart {
            reference: concat.reference,
            total: concat.total,
            index: concat.index,
        }),
        operator_id: id.map(printed).filter(|id| !id.is_empty()),
    }
}

/// The short code a phone wrote to, if it is one of the push plan.
fn code(address: &Address<'_>) -> Option<ShortCode> {
    std::str::from_utf8(address.digits).ok()?.trim_start_matches('+').parse().ok()
}

/// An operator's id as text: as it stands, without a closing zero, or its octets in hexadecimal.
fn printed(id: &[u8]) -> String {
    let id = id.strip_suffix(&[0]).unwrap_or(id);
    match std::str::from_utf8(id) {
        Ok(text) if text.chars().all(|c| c.is_ascii_graphic()) => text.to_owned(),
        _ => id.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

/// The text of a message's parts, in order. Neighbours in one coding are joined before they are read: an
/// emoji or an escaped sign may be cut between two of them.
pub(crate) fn text(parts: &[Option<Inbound>]) -> String {
    let mut out = String::new();
    let mut run: Option<(Coding, Vec<u8>)> = None;
    for part in parts {
        let read = part.as_ref().map(|part| {
            let octets = part.content.get(part.text_from..).unwrap_or(&part.content);
            (Coding::of(part.data_coding), octets)
        });
        match (&mut run, read) {
            (Some((coding, octets)), Some((next, more))) if *coding == next => octets.extend(more),
            (_, read) => {
                flush(run.take(), &mut out);
                match read {
                    Some((coding, octets)) => run = Some((coding, octets.to_vec())),
                    None => out.push_str(MISSING),
                }
            }
        }
    }
    flush(run, &mut out);
    out
}

fn flush(run: Option<(Coding, Vec<u8>)>, out: &mut String) {
    if let Some((coding, octets)) = run {
        out.push_str(&coding.read(&octets));
    }
}

/// How octets stand for text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    /// The GSM default alphabet, one septet an octet.
    Gsm,
    Latin1,
    Ucs2,
}

impl Coding {
    /// By data_coding (SMPP 3.4, section 5.2.19), which from 0x10 on is GSM's own (3GPP TS 23.038,
    /// section 4): there the message class and the "waiting" bits say nothing of the alphabet.
    const fn of(data_coding: u8) -> Self {
        match data_coding {
            // ASCII, Latin-1, and "octets", which phones send as either.
            0x01..=0x04 => Self::Latin1,
            0x08 => Self::Ucs2,
            0x00 | 0x05..=0x0F | 0xC0..=0xDF => Self::Gsm,
            0xE0..=0xEF => Self::Ucs2,
            0xF0..=0xFF => {
                if data_coding & 0b0100 == 0 {
                    Self::Gsm
                } else {
                    Self::Latin1
                }
            }
            0x10..=0xBF => match (data_coding >> 2) & 0b11 {
                0b01 => Self::Latin1,
                0b10 => Self::Ucs2,
                _ => Self::Gsm,
            },
        }
    }

    /// Total: an inbound text is never lost.
    fn read(self, octets: &[u8]) -> String {
        match self {
            Self::Ucs2 => utf16(octets),
            Self::Gsm if octets.is_ascii() => gsm7::decode(octets),
            // No septet has its eighth bit set: the operator speaks another default alphabet.
            Self::Gsm | Self::Latin1 => match std::str::from_utf8(octets) {
                Ok(text) => text.to_owned(),
                Err(_) => octets.iter().map(|octet| windows_1252(*octet)).collect(),
            },
        }
    }
}

/// UTF-16 in the order that a mark at its beginning gives, else high octet first.
fn utf16(octets: &[u8]) -> String {
    match octets {
        [0xFE, 0xFF, rest @ ..] => ucs2::decode(rest),
        [0xFF, 0xFE, rest @ ..] => {
            let (pairs, odd) = rest.as_chunks::<2>();
            let mut swapped: Vec<u8> = pairs.iter().flat_map(|[low, high]| [*high, *low]).collect();
            swapped.extend(odd);
            ucs2::decode(&swapped)
        }
        octets => ucs2::decode(octets),
    }
}

/// Latin-1, with what everybody puts where it has no signs.
fn windows_1252(octet: u8) -> char {
    match octet {
        0x80 => '€',
        0x85 => '…',
        0x8C => 'Œ',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0x9C => 'œ',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(data_coding: u8, content: &[u8], text_from: usize) -> Option<Inbound> {
        Some(Inbound {
            route: RouteId(1),
            at: Timestamp::from_millis(0),
            from: None,
            source: Bytes::new(),
            destination: Bytes::new(),
            code: None,
            esm_class: 0,
            data_coding,
            content: Bytes::copy_from_slice(content),
            tlvs: Bytes::new(),
            text_from,
            part: None,
            operator_id: None,
        })
    }

    #[test]
    fn texts_are_read_in_every_coding_of_the_field() {
        for (data_coding, octets, expected) in [
            (0x00, &b"STOP"[..], "STOP"),
            (0x00, &[0x1B, 0x65, b' ', 0x05], "€ é"),
            (0x00, "Arrêt".as_bytes(), "Arrêt"),
            (0x00, &[b'A', b'r', b'r', 0xEA, b't'], "Arrêt"),
            (0x03, &[b'A', b'r', b'r', 0xEA, b't'], "Arrêt"),
            (0x03, &[b'5', 0x80, 0x92], "5€’"),
            (0x01, b"stop @ vous", "stop @ vous"),
            (0x04, b"stop", "stop"),
            (0x08, &[0, b'O', 0, b'K', 0xD8, 0x3D, 0xDC, 0x4D], "OK👍"),
            (0x08, &[0xFE, 0xFF, 0, b'O'], "O"),
            (0x08, &[0xFF, 0xFE, b'O', 0, b'K', 0], "OK"),
            (0x08, &[0, b'O', 0], "O\u{fffd}"),
            (0x18, &[0, b'O'], "O"),
            (0x10, b"STOP", "STOP"),
            (0xF0, b"STOP", "STOP"),
            (0xF1, &[0x05], "é"),
            (0xF5, &[0xE9], "é"),
            (0xC8, b"STOP", "STOP"),
            (0xE0, &[0, b'O'], "O"),
            (0x00, b"", ""),
        ] {
            assert_eq!(text(&[part(data_coding, octets, 0)]), expected, "{data_coding:#04x} {octets:?}");
        }
    }

    #[test]
    fn what_is_cut_between_two_parts_is_read_whole() {
        let emoji =
            [part(8, &[5, 0, 3, 1, 2, 1, 0xD8, 0x3D], 6), part(8, &[5, 0, 3, 1, 2, 2, 0xDC, 0x4D], 6)];
        assert_eq!(text(&emoji), "👍");
        assert_eq!(text(&[part(0, &[b'5', 0x1B], 0), part(0, &[0x65], 0)]), "5€");
        assert_eq!(text(&[part(0, b"a ", 0), part(8, &[0, b'b'], 0)]), "a b", "each in its own coding");
    }

    #[test]
    fn a_missing_part_is_shown() {
        assert_eq!(text(&[part(0, b"STOP ", 0), None, part(0, b"merci", 0)]), "STOP […]merci");
        assert_eq!(text(&[None]), "[…]");
    }

    #[test]
    fn an_operator_s_id_is_printed() {
        assert_eq!(printed(b"123456\0"), "123456");
        assert_eq!(printed(&[0, 0, 1]), "000001");
    }
}
