//! What phones send (MO), as it came.

use bytes::Bytes;
use facteur_domain::{Msisdn, Timestamp};

use crate::RouteId;

/// A deliver_sm that is no receipt. Kept as octets, so that nothing is lost in reading it; its text
/// is read when it is shown or acted on.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// By which route it came.
    pub route: RouteId,
    /// When.
    pub at: Timestamp,
    /// The phone, if its address is a number.
    pub from: Option<Msisdn>,
    /// The source address, as it came.
    pub source: Bytes,
    /// The destination address (a short code), as it came.
    pub destination: Bytes,
    /// esm_class.
    pub esm_class: u8,
    /// data_coding.
    pub data_coding: u8,
    /// short_message or message_payload, with its user data header.
    pub content: Bytes,
    /// The optional parameters, raw.
    pub tlvs: Bytes,
}

/// Without the number and the text.
impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound").field("route", &self.route).field("at", &self.at).finish_non_exhaustive()
    }
}
