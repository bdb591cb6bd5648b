//! Whether the network takes a submit: addresses, codings and parameters. Pure.

use facteur_smpp::{Address, ShortMessage, Status};

use crate::network::Operator;
use crate::options::Options;
use crate::text::Encoding;

/// TLV tags of SMPP 3.4, section 5.3.2.
pub(crate) const MESSAGE_PAYLOAD: u16 = 0x0424;
pub(crate) const SAR_MSG_REF_NUM: u16 = 0x020C;
pub(crate) const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
pub(crate) const SAR_SEGMENT_SEQNUM: u16 = 0x020F;

/// Type of number: alphanumeric (section 5.2.5).
const TON_ALPHANUMERIC: u8 = 5;
/// The longest alphanumeric sender (OADC).
const ALPHANUMERIC_MAX: usize = 11;

/// A submit whose addresses hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Admitted<'a> {
    /// The sender as a phone shows it: letters and digits, or digits.
    pub(crate) sender: &'a str,
    /// The phone, international digits.
    pub(crate) msisdn: u64,
    /// Whose subscriber it is.
    pub(crate) operator: Operator,
    /// The octets of the text with its header, from short_message or message_payload.
    pub(crate) octets: &'a [u8],
    /// How they are coded.
    pub(crate) encoding: Encoding,
}

/// Looks at a submit as a French operator does.
///
/// # Errors
/// The command_status of the refusal: ESME_RINVSRCADR for a sender that may not send,
/// ESME_RINVSRCNPI for an alphanumeric sender with a numbering plan, ESME_RINVDSTADR for what is no
/// French mobile number in international form, ESME_RINVMSGLEN for a text given twice, and those of
/// [`Options::udh_only`].
pub(crate) fn admit<'a>(message: &ShortMessage<'a>, options: &Options) -> Result<Admitted<'a>, Status> {
    let sender = sender(message.source)?;
    let msisdn = french_mobile(message.destination).ok_or(Status::INVALID_DESTINATION)?;
    let payload = message.tlvs.get(MESSAGE_PAYLOAD);
    let octets = match payload {
        Some(_) if !message.text.is_empty() => return Err(Status::INVALID_MESSAGE_LENGTH),
        Some(payload) => payload,
        None => message.text,
    };
    if options.udh_only {
        udh_only(message, octets)?;
    }
    let encoding = Encoding::of(message.data_coding);
    Ok(Admitted { sender, msisdn, operator: Operator::of(msisdn), octets, encoding })
}

fn sender(source: Address<'_>) -> Result<&str, Status> {
    let shown = std::str::from_utf8(source.digits).map_err(|_| Status::INVALID_SOURCE)?;
    let digits = shown.strip_prefix('+').unwrap_or(shown);
    let only_digits = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    if only_digits {
        return if numeric_may_send(digits) { Ok(digits) } else { Err(Status::INVALID_SOURCE) };
    }
    let well_formed = (1..=ALPHANUMERIC_MAX).contains(&shown.len())
        && shown.bytes().all(|octet| octet.is_ascii_alphanumeric());
    if source.ton != TON_ALPHANUMERIC || !well_formed {
        return Err(Status::INVALID_SOURCE);
    }
    if source.npi == 0 { Ok(shown) } else { Err(Status::INVALID_SOURCE_NPI) }
}

/// The numbers that may send: short codes 36xxx and 38xxx, whatever their type of number, and
/// platform numbers 0937 to 0939. Mobile numbers (+336, +337) and all others may not.
fn numeric_may_send(digits: &str) -> bool {
    let short_code = digits.len() == 5 && (digits.starts_with("36") || digits.starts_with("38"));
    let national = digits.strip_prefix("33").or_else(|| digits.strip_prefix('0')).unwrap_or("");
    let platform =
        national.len() == 9 && ["937", "938", "939"].iter().any(|range| national.starts_with(range));
    short_code || platform
}

/// `33`, then 6 or 7, then eight digits, as an international number of the E.164 plan.
fn french_mobile(destination: Address<'_>) -> Option<u64> {
    if (destination.ton, destination.npi) != (1, 1) {
        return None;
    }
    msisdn(std::str::from_utf8(destination.digits).ok()?)
}

/// Reads the digits of a French mobile number: `33612345678`.
pub(crate) fn msisdn(digits: &str) -> Option<u64> {
    let shaped = digits.len() == 11
        && (digits.starts_with("336") || digits.starts_with("337"))
        && digits.bytes().all(|octet| octet.is_ascii_digit());
    if shaped { digits.parse().ok() } else { None }
}

fn udh_only(message: &ShortMessage<'_>, octets: &[u8]) -> Result<(), Status> {
    let foreign = [MESSAGE_PAYLOAD, SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM];
    if foreign.iter().any(|tag| message.tlvs.get(*tag).is_some()) {
        return Err(Status::OPTIONAL_NOT_ALLOWED);
    }
    let (_, text) = crate::reassembly::split_header(message.esm_class, octets);
    match message.data_coding {
        0 if text.iter().any(|octet| *octet > 0x7F) => Err(Status::OVH_INVALID_GSM7),
        0 | 8 => Ok(()),
        _ => Err(Status::OVH_UNSUPPORTED_DATA_CODING),
    }
}

#[cfg(test)]
mod tests {
    use facteur_smpp::{Address, ShortMessage, Status};

    use super::*;

    fn message<'a>(source: (u8, u8, &'a str), destination: (u8, u8, &'a str)) -> ShortMessage<'a> {
        let address = |(ton, npi, digits): (u8, u8, &'a str)| Address { ton, npi, digits: digits.as_bytes() };
        ShortMessage { source: address(source), destination: address(destination), ..ShortMessage::default() }
    }

    const PHONE: (u8, u8, &str) = (1, 1, "33639980001");

    #[test]
    fn senders_pass_as_in_france() {
        let refused = Err(Status::INVALID_SOURCE);
        let cases = [
            ((5, 0, "MyCompany"), Ok("MyCompany")),
            ((5, 0, "ABCDEFGHIJK"), Ok("ABCDEFGHIJK")),
            ((5, 0, "ABCDEFGHIJKL"), refused),
            ((5, 0, "My Company"), refused),
            ((5, 0, "Caf\u{e9}"), refused),
            ((5, 0, "A&B"), refused),
            ((5, 0, ""), refused),
            ((5, 0, "33612345678"), refused),
            ((5, 1, "MyCompany"), Err(Status::INVALID_SOURCE_NPI)),
            ((1, 1, "MyCompany"), refused),
            ((3, 1, "36180"), Ok("36180")),
            ((3, 1, "38180"), Ok("38180")),
            ((0, 0, "38180"), Ok("38180")),
            ((3, 1, "33700"), refused),
            ((3, 1, "3618"), refused),
            ((1, 1, "33612345678"), refused),
            ((1, 1, "+33712345678"), refused),
            ((2, 1, "0612345678"), refused),
            ((0, 0, "0612345678"), refused),
            ((1, 1, "33937123456"), Ok("33937123456")),
            ((1, 1, "33123456789"), refused),
            ((1, 1, "447700900123"), refused),
        ];
        for (source, expected) in cases {
            let admitted = admit(&message(source, PHONE), &Options::default());
            assert_eq!(admitted.map(|admitted| admitted.sender), expected, "{source:?}");
        }
    }

    #[test]
    fn only_french_mobiles_in_international_form_receive() {
        let cases = [
            (PHONE, Ok(33_639_980_001)),
            ((1, 1, "33712345678"), Ok(33_712_345_678)),
            ((1, 1, "33123456789"), Err(Status::INVALID_DESTINATION)),
            ((1, 1, "+33639980001"), Err(Status::INVALID_DESTINATION)),
            ((1, 1, "3363998000"), Err(Status::INVALID_DESTINATION)),
            ((1, 1, "336399800011"), Err(Status::INVALID_DESTINATION)),
            ((1, 1, "3363998000a"), Err(Status::INVALID_DESTINATION)),
            ((2, 1, "0639980001"), Err(Status::INVALID_DESTINATION)),
            ((0, 1, "33639980001"), Err(Status::INVALID_DESTINATION)),
            ((1, 0, "33639980001"), Err(Status::INVALID_DESTINATION)),
            ((1, 1, ""), Err(Status::INVALID_DESTINATION)),
        ];
        for (destination, expected) in cases {
            let admitted = admit(&message((5, 0, "MyCompany"), destination), &Options::default());
            assert_eq!(admitted.map(|admitted| admitted.msisdn), expected, "{destination:?}");
        }
    }

    #[test]
    fn the_strict_network_takes_only_what_ovh_takes() {
        let options = Options { udh_only: true, ..Options::default() };
        let cases: [(u8, u8, &[u8], Option<Status>); 6] = [
            (0, 0, b"Bonjour", None),
            (8, 0, b"\x00A", None),
            (3, 0, b"A", Some(Status::OVH_UNSUPPORTED_DATA_CODING)),
            (0, 0, &[0xE9], Some(Status::OVH_INVALID_GSM7)),
            (0, 0x40, &[5, 0, 3, 0xFF, 2, 1, 0x41], None),
            (0, 0x40, &[5, 0, 3, 0xFF, 2, 1, 0xE9], Some(Status::OVH_INVALID_GSM7)),
        ];
        for (data_coding, esm_class, text, expected) in cases {
            let message =
                ShortMessage { data_coding, esm_class, text, ..message((5, 0, "MyCompany"), PHONE) };
            assert_eq!(admit(&message, &options).err(), expected, "{data_coding} {text:02x?}");
        }
    }
}
