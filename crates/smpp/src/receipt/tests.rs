use proptest::prelude::*;

use super::*;
use crate::pdu::ShortMessage;
use MessageState::{Accepted, Deleted, Delivered, Enroute, Expired, Rejected, Undeliverable, Unknown};

const FLAGGED: u8 = 0x04;

fn read(esm_class: u8, data_coding: u8, text: &[u8], tlvs: &[u8]) -> Option<Receipt> {
    Receipt::read(&ShortMessage { esm_class, data_coding, text, tlvs: Tlvs(tlvs), ..ShortMessage::default() })
}

fn receipt(id: &str, state: MessageState, error: Option<&str>) -> Receipt {
    Receipt { id: id.to_owned(), state, error: error.map(str::to_owned) }
}

/// A flagged receipt with this text says this.
fn check(text: &str, id: &str, state: MessageState, error: Option<&str>) {
    assert_eq!(read(FLAGGED, 0, text.as_bytes(), &[]), Some(receipt(id, state, error)), "{text}");
}

// smpp-receipt
#[test]
fn the_form_of_appendix_b() {
    check(
        "id:0123456789 sub:001 dlvrd:001 submit date:2611221030 done date:2611221031 stat:DELIVRD err:000 text:Bonjour",
        "0123456789",
        Delivered,
        Some("000"),
    );
    check(
        "id:IIIIIIIIII sub:001 dlvrd:001 submit date:2611221030 done\ndate:2611221031 stat:DELIVRD err:0 Text: Bonjour",
        "IIIIIIIIII",
        Delivered,
        Some("0"),
    );
    check(
        "id:7 sub:001 dlvrd:001 submit date:261122103000 done date:261122103107 stat:DELIVRD err:0000 text:",
        "7",
        Delivered,
        Some("0000"),
    );
}

#[test]
fn fields_that_are_missing_moved_or_spelt_another_way() {
    check(
        "id:1526758174 submit date:1701240904 stat:DELIVRD err:000 text:x",
        "1526758174",
        Delivered,
        Some("000"),
    );
    check("id:1 sub:001 dlvrd:001 stat:DELIVRD", "1", Delivered, None);
    check("id:1 stat:EXPIRED", "1", Expired, None);
    check("stat:DELIVRD err:000 id:abc-1 sub:001", "abc-1", Delivered, Some("000"));
    check("sub:001 dlvrd:000 id:9 err:27 stat:UNDELIV text:", "9", Undeliverable, Some("27"));
    check("ID:1 SUB:001 DLVRD:001 STAT:DELIVRD ERR:000 TEXT:x", "1", Delivered, Some("000"));
    check("Id:1 Sub:001 Stat:Delivrd Err:000", "1", Delivered, Some("000"));
    check("id: 1 sub: 001 dlvrd: 001 stat: DELIVRD err: 000 text: x", "1", Delivered, Some("000"));
    check("id : 1 stat : DELIVRD err : 000", "1", Delivered, Some("000"));
    check("id:1 submit_date:2611221030 done_date:2611221031 stat:DELIVRD", "1", Delivered, None);
    check("id:1 submitdate:2611221030 donedate:2611221031 stat:REJECTD", "1", Rejected, None);
    check("id:1,sub:001,dlvrd:001,stat:DELIVRD,err:000", "1", Delivered, Some("000"));
    check("id:1;stat:DELIVRD;err:000;text:x", "1", Delivered, Some("000"));
    check("id:1\r\nsub:001\r\nstat:DELIVRD\r\nerr:000", "1", Delivered, Some("000"));
    check("id=1 stat=DELIVRD err=000", "1", Delivered, Some("000"));
    check("id:1 status:DELIVERED error:12", "1", Delivered, Some("12"));
    check("  id:1 stat:DELIVRD\0", "1", Delivered, None);
    check("id:1 sub:000 dlvrd:000 done date:180903120816 DELIVRD err:000 Text:", "1", Delivered, Some("000"));
    check("id:1 stat:DELIVRD REJECTED err:000", "1", Delivered, Some("000"));
    check("id:1 stat: err: text:x", "1", Unknown, None);
    check("id: stat:DELIVRD", "", Delivered, None);
}

#[test]
fn words_for_states_whole_short_and_in_any_case() {
    for (word, state) in [
        ("DELIVRD", Delivered),
        ("DELIVERED", Delivered),
        ("delivrd", Delivered),
        ("DELIV", Delivered),
        ("DELI", Delivered),
        ("EXPIRED", Expired),
        ("EXPIRE", Expired),
        ("DELETED", Deleted),
        ("DELE", Deleted),
        ("UNDELIV", Undeliverable),
        ("UNDELIVERABLE", Undeliverable),
        ("UNDELIVERED", Undeliverable),
        ("undelivrd", Undeliverable),
        ("FAILED", Undeliverable),
        ("ACCEPTD", Accepted),
        ("ACCEPTED", Accepted),
        ("UNKNOWN", Unknown),
        ("REJECTD", Rejected),
        ("REJECTED", Rejected),
        ("rejected", Rejected),
        ("ENROUTE", Enroute),
        ("BUFFRD", Enroute),
        ("BUFFERED", Enroute),
        ("2", Delivered),
        ("5", Undeliverable),
        // Not words for a state: whoever reads them as success tells a customer what is not so.
        ("DELIVERY_FAILED", Unknown),
        ("DELIVEREDNOT", Unknown),
        ("DEL", Unknown),
        ("XYZ", Unknown),
        ("", Unknown),
    ] {
        check(&format!("id:1 stat:{word} err:000"), "1", state, Some("000"));
    }
}

#[test]
fn ids_and_errors_of_every_kind() {
    for id in [
        "0000000012345678",
        "1A2B3C4D",
        "6C7C7DE28BB3E961947700000000FE37",
        "ce5bc5a9-4f7d-4282-9244-2e1022a9335c",
        "a29f6845555647139e5c8f3b817f2c9a",
        "smsc1:42.7/x",
        "+33-7_b",
    ] {
        check(&format!("id:{id} sub:001 stat:DELIVRD err:000"), id, Delivered, Some("000"));
    }
    for error in ["000", "0", "0x1F", "FFFF", "27", "absent_subscriber", "-1"] {
        check(&format!("id:1 stat:UNDELIV err:{error} text:x"), "1", Undeliverable, Some(error));
    }
}

#[test]
fn the_message_itself_is_no_field() {
    check("id:1 stat:DELIVRD err:000 text:id:2 stat:REJECTD err:9", "1", Delivered, Some("000"));
    check("id:1 err:000 text:stat:REJECTD", "1", Unknown, Some("000"));
    check("id:1 err:000 text:REJECTED", "1", Unknown, Some("000"));
    check("id:1 err: text:stat:REJECTD", "1", Unknown, None);
    // Where the text comes first, the fields are at the end.
    check("text:stat:REJECTD id:2 id:1 stat:DELIVRD err:000", "1", Delivered, Some("000"));
    // Keys within words are none.
    check("paid:3 id:1 mystat:REJECTD stat:DELIVRD", "1", Delivered, None);
}

// smpp-receipt-tlv
#[test]
fn parameters_win_and_fill_in() {
    const ID: &[u8] = &[0, 0x1E, 0, 3, b'4', b'2', 0];
    const ID_OPEN: &[u8] = &[0, 0x1E, 0, 2, b'4', b'2'];
    const STATE: &[u8] = &[4, 0x27, 0, 1, 2];
    const ERROR: &[u8] = &[4, 0x23, 0, 3, 3, 0, 27];
    let text = b"id:1 stat:UNDELIV err:9";
    let all = [ID, STATE, ERROR].concat();
    let checks: &[(&str, &[u8], &[u8], Receipt)] = &[
        ("all three and a text", text, &all, receipt("42", Delivered, Some("9"))),
        ("all three alone", b"", &all, receipt("42", Delivered, Some("3:27"))),
        ("an id without its zero", text, ID_OPEN, receipt("42", Undeliverable, Some("9"))),
        ("a state only", text, STATE, receipt("1", Delivered, Some("9"))),
        ("an empty id", text, &[0, 0x1E, 0, 1, 0], receipt("1", Undeliverable, Some("9"))),
        ("an id only", b"", ID, receipt("42", Unknown, None)),
        ("a state of no known value", text, &[4, 0x27, 0, 1, 99], receipt("1", Undeliverable, Some("9"))),
        ("a state of two octets", text, &[4, 0x27, 0, 2, 0, 2], receipt("1", Undeliverable, Some("9"))),
        ("a code of zero", b"id:1 stat:DELIVRD", &[4, 0x23, 0, 3, 3, 0, 0], receipt("1", Delivered, None)),
        ("a code cut short", b"id:1 stat:DELIVRD", &[4, 0x23, 0, 2, 3, 0], receipt("1", Delivered, None)),
        ("nothing to go by", b"", b"", receipt("", Unknown, None)),
    ];
    for (name, text, tlvs, expected) in checks {
        assert_eq!(read(FLAGGED, 0, text, tlvs).as_ref(), Some(expected), "{name}");
    }
    let payload = [&[4, 0x24, 0, 17][..], b"id:5 stat:DELIVRD"].concat();
    assert_eq!(read(FLAGGED, 0, b"", &payload), Some(receipt("5", Delivered, None)), "in message_payload");
}

// smpp-receipt-recognised
#[test]
fn what_is_a_receipt_and_what_is_a_person_writing() {
    let appendix: &[u8] = b"id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
    for (esm_class, text, expected) in [
        (0x04, appendix, true),
        (0x20, appendix, true),
        (0x24, appendix, true),
        (0x44, appendix, true),
        (0x00, appendix, true),
        (0x08, appendix, true),
        (0x03, appendix, true),
        (0x04, b"anything", true),
        (0x00, b"id:1 stat:DELIVRD", true),
        (0x00, b"id:1 sub:001", true),
        (0x00, b"STOP", false),
        (0x08, b"Lu, merci", false),
        (0x10, b"OUI", false),
        (0x00, b"", false),
        (0x00, b"id:1", false),
        (0x00, b"id:1 stat:whatever", false),
        (0x00, b"id:1 sub:marine", false),
        (0x00, b"mon id:1 stat:DELIVRD", false),
        (0x00, b"stat:DELIVRD sub:001", false),
        (0x00, b"my order was delivered", false),
    ] {
        let found = read(esm_class, 0, text, &[]).is_some();
        assert_eq!(found, expected, "{esm_class:#04x} {}", text.escape_ascii());
    }
    const ID: &[u8] = &[0, 0x1E, 0, 1, b'7'];
    let with_state = [ID, &[4, 0x27, 0, 1, 2]].concat();
    for (esm_class, text, tlvs, expected) in [
        (0x00, &b""[..], ID, true),
        (0x00, b"DELIVRD", &with_state, true),
        (0x00, b"stat:DELIVRD", ID, true),
        // A phone's message that the operator gave an id.
        (0x00, b"STOP", ID, false),
        (0x08, b"OUI", ID, false),
        (0x10, b"OUI", ID, false),
        (0x04, b"STOP", ID, true),
    ] {
        let found = read(esm_class, 0, text, tlvs).is_some();
        assert_eq!(found, expected, "{esm_class:#04x} {} with an id", text.escape_ascii());
    }
}

#[test]
fn ucs2_latin1_and_a_header_before_the_text() {
    let text = "id:1 stat:DELIVRD err:000 text:déjà ✓";
    let ucs2: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let expected = Some(receipt("1", Delivered, Some("000")));
    assert_eq!(read(FLAGGED, 8, &ucs2, &[]), expected);
    assert_eq!(
        read(FLAGGED, 8, &[&[0xFE, 0xFF], &ucs2[..]].concat(), &[]),
        expected,
        "with a byte order mark"
    );
    assert_eq!(read(FLAGGED, 8, &ucs2[..ucs2.len() - 1], &[]), expected, "cut in a character");
    assert_eq!(read(FLAGGED, 8, text.as_bytes(), &[]), expected, "data_coding 8 on ASCII");
    assert_eq!(read(FLAGGED, 3, b"id:1 stat:DELIVRD err:000 text:d\xE9j\xE0", &[]), expected);
    let with_header = [&[5, 0, 3, 1, 1, 1], text.as_bytes()].concat();
    assert_eq!(read(FLAGGED | 0x40, 0, &with_header, &[]), expected);
    assert_eq!(read(FLAGGED, 3, b"id:n\xE91 stat:DELIVRD", &[]), Some(receipt("né1", Delivered, None)));
}

// smpp-message-id-forms
#[test]
fn ids_have_one_canonical_form() {
    for (id, expected) in [
        ("0000000012345678", "12345678"),
        ("1A2B", "1a2b"),
        (" 42\0", "42"),
        ("0x1F", "1f"),
        ("0X00ff", "ff"),
        ("0xyz", "xyz"),
        ("000", "0"),
        ("00\u{85}1 ", "1"),
        ("", ""),
        ("CE5BC5A9-4F7D", "ce5bc5a9-4f7d"),
    ] {
        assert_eq!(canonical_id(id), expected, "{id}");
    }
}

// smpp-message-id-forms
#[test]
fn numbers_have_other_forms_and_the_rest_has_none() {
    for (id, expected) in [
        ("255", &["ff", "597"][..]),
        ("FF", &["255"]),
        ("0x00FF", &["255"]),
        ("10", &["a", "16"]),
        ("7", &[]),
        ("0", &[]),
        ("", &[]),
        ("ce5bc5a9-4f7d", &[]),
        ("smsc1", &[]),
        ("+7f", &[]),
        ("18446744073709551616", &["10000000000000000", "114598615266301018707478"]),
        ("ffffffffffffffffffffffffffffffff", &["340282366920938463463374607431768211455"]),
        ("340282366920938463463374607431768211456", &[]),
    ] {
        assert_eq!(other_forms(id), expected, "{id}");
    }
}

proptest! {
    /// Whatever form each side writes, the stored id is among the forms of the other.
    #[test]
    fn decimal_and_hexadecimal_find_each_other(id: u128, zeros in 0_usize..4) {
        let decimal = format!("{}{id}", "0".repeat(zeros));
        let hexadecimal = format!("{}{id:X}", "0".repeat(zeros));
        let found = |from: &str, to: &str| {
            canonical_id(from) == canonical_id(to) || other_forms(from).contains(&canonical_id(to))
        };
        prop_assert!(found(&decimal, &hexadecimal));
        prop_assert!(found(&hexadecimal, &decimal));
    }

    #[test]
    fn a_canonical_id_stays_as_it_is(id in "[0xX \\x00\u{85}]{0,3}\\PC{0,6}[0 ]{0,2}") {
        let canonical = canonical_id(&id);
        prop_assert_eq!(canonical_id(&canonical), canonical.clone());
        prop_assert!(!other_forms(&id).contains(&canonical));
    }

    #[test]
    fn any_text_is_read_without_harm(esm_class: u8, data_coding: u8, text: Vec<u8>, tlvs: Vec<u8>) {
        let found = read(esm_class, data_coding, &text, &tlvs);
        prop_assert!(found.is_some() || esm_class & 0x3C != FLAGGED);
    }

    /// The fields in any order, with junk between them, say the same.
    #[test]
    fn the_order_of_fields_does_not_matter(
        fields in Just(["id:a1", "sub:001", "dlvrd:001", "submit date:2611221030", "stat:EXPIRED", "err:042"])
            .prop_shuffle()
    ) {
        let text = fields.join(" ");
        prop_assert_eq!(read(FLAGGED, 0, text.as_bytes(), &[]), Some(receipt("a1", Expired, Some("042"))));
    }
}
