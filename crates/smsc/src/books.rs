//! The network's books: what happened for certain, told as it happens, so that somebody else can compare
//! them with a platform's.

use std::fmt;
use std::sync::Arc;

/// One line of the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// A whole text reached its phone.
    Arrived {
        /// International digits.
        msisdn: u64,
        /// The text, put together from its parts.
        text: &'a str,
    },
    /// The platform answered a receipt with ESME_ROK: from now on only the platform knows it.
    ReceiptTaken {
        /// The phone it speaks of.
        msisdn: u64,
        /// The message id as the receipt writes it.
        id: &'a str,
        /// Whether it says that the message is on the phone.
        delivered: bool,
    },
    /// The platform answered what a phone wrote, or a part of it, with ESME_ROK.
    ReplyTaken {
        /// The phone that wrote.
        msisdn: u64,
        /// The short code it wrote to.
        code: &'a str,
    },
}

/// Who keeps the books. Called in the order of events, under the network's lock: it must not ask the network
/// anything, and what it takes everyone waits for.
#[derive(Clone)]
pub struct Books(Arc<dyn Fn(Entry<'_>) + Send + Sync>);

impl Books {
    /// Books kept by this function.
    #[must_use]
    pub fn new(keep: impl Fn(Entry<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(keep))
    }

    pub(crate) fn note(&self, entry: Entry<'_>) {
        (self.0)(entry);
    }
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Books").finish()
    }
}
