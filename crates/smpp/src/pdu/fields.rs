//! Values of the one-octet fields.

/// Type of number (section 5.2.5).
pub mod ton {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// International.
    pub const INTERNATIONAL: u8 = 1;
    /// National.
    pub const NATIONAL: u8 = 2;
    /// Network specific: OVH asks for it on short codes.
    pub const NETWORK_SPECIFIC: u8 = 3;
    /// Subscriber number.
    pub const SUBSCRIBER: u8 = 4;
    /// Alphanumeric.
    pub const ALPHANUMERIC: u8 = 5;
    /// Abbreviated: many SMSCs use it for short codes.
    pub const ABBREVIATED: u8 = 6;
}

/// Numbering plan indicator (section 5.2.6).
pub mod npi {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// ISDN (E.163, E.164).
    pub const E164: u8 = 1;
    /// National.
    pub const NATIONAL: u8 = 8;
    /// Private.
    pub const PRIVATE: u8 = 9;
}

/// esm_class (section 5.2.12).
pub mod esm_class {
    /// Bits 5 to 2 of a deliver_sm: what sort of message it is.
    pub const TYPE_MASK: u8 = 0x3C;
    /// An SMSC delivery receipt.
    pub const RECEIPT: u8 = 0x04;
    /// An acknowledgement by the receiving SME (its terminal), not by the SMSC.
    pub const SME_DELIVERY_ACK: u8 = 0x08;
    /// An acknowledgement by the receiving user.
    pub const SME_MANUAL_ACK: u8 = 0x10;
    /// An intermediate notification: like a receipt, before the end.
    pub const INTERMEDIATE: u8 = 0x20;
    /// The text begins with a user data header.
    pub const UDHI: u8 = 0x40;
    /// A reply path is asked for.
    pub const REPLY_PATH: u8 = 0x80;
}

/// registered_delivery (section 5.2.17), bits 1 and 0.
pub mod registered_delivery {
    /// No receipt.
    pub const NONE: u8 = 0;
    /// A receipt of success or failure.
    pub const ALWAYS: u8 = 1;
    /// A receipt of failure only.
    pub const ON_FAILURE: u8 = 2;
    /// The bits that these values fill.
    pub const MASK: u8 = 0x03;
}

/// data_coding (section 5.2.19).
pub mod data_coding {
    /// The SMSC's default alphabet: GSM 03.38 on GSM networks.
    pub const DEFAULT: u8 = 0;
    /// IA5 (ASCII).
    pub const ASCII: u8 = 1;
    /// Latin-1.
    pub const LATIN1: u8 = 3;
    /// Octets.
    pub const BINARY: u8 = 4;
    /// UCS-2, most significant octet first.
    pub const UCS2: u8 = 8;
}
