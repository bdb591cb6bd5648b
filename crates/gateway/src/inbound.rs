//! What comes from operators: receipts, and messages from phones.

use facteur_store::{Inbound, Receipt};

/// A deliver_sm, read.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// For its answer.
    pub(crate) sequence: u32,
    /// What it is.
    pub(crate) content: Content,
}

/// What a deliver_sm may be.
#[derive(Debug)]
pub(crate) enum Content {
    /// An operator's word on a message of ours.
    Receipt(Receipt),
    /// A phone's message (MO).
    Message(Inbound),
}
