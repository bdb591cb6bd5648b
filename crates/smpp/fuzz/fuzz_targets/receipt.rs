//! Any text may be a receipt: nothing panics, and an id that is read has a canonical form that stays
//! as it is.
#![no_main]

use facteur_smpp::pdu::ShortMessage;
use facteur_smpp::receipt::{Receipt, canonical_id, other_forms};
use facteur_smpp::tlv::Tlvs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &[u8], &[u8])| {
    let (esm_class, data_coding, text, tlvs) = input;
    let message = ShortMessage { esm_class, data_coding, text, tlvs: Tlvs(tlvs), ..ShortMessage::default() };
    if let Some(receipt) = Receipt::read(&message) {
        let canonical = canonical_id(&receipt.id);
        assert_eq!(canonical_id(&canonical), canonical);
        assert!(!other_forms(&receipt.id).contains(&canonical));
    }
});
