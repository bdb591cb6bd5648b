//! Delivery receipts: the text of Appendix B in the variants of real SMSCs, and TLVs.

use crate::pdu::ShortMessage;

/// What a receipt says about its message (message_state, section 5.2.28).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MessageState {
    /// ENROUTE: not final.
    Enroute,
    /// DELIVRD.
    Delivered,
    /// EXPIRED.
    Expired,
    /// DELETED.
    Deleted,
    /// UNDELIV.
    Undeliverable,
    /// ACCEPTD: not final.
    Accepted,
    /// UNKNOWN.
    Unknown,
    /// REJECTD.
    Rejected,
}

/// A receipt taken from a deliver_sm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The SMSC's message id, as it stands in the receipt.
    pub id: String,
    /// What became of the message.
    pub state: MessageState,
    /// The operator's error (`err:` or network_error_code), as it stands there.
    pub error: Option<String>,
}

impl Receipt {
    /// Whether `message` is a receipt, and what it says. `None`: an ordinary message.
    #[must_use]
    pub fn read(message: &ShortMessage<'_>) -> Option<Self> {
        let _ = message;
        None
    }
}

/// The form in which an SMSC message id is stored and compared: without blanks, in lower case,
/// without leading zeros.
#[must_use]
pub fn canonical_id(id: &str) -> String {
    id.to_owned()
}

/// Other ids the same message may have: decimal written as hexadecimal and the reverse, canonical,
/// without the id's own canonical form.
#[must_use]
pub fn other_forms(id: &str) -> Vec<String> {
    let _ = id;
    Vec::new()
}
