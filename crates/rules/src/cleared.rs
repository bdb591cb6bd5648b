//! The permit to leave.

use facteur_domain::{MessageId, Msisdn, Timestamp};

/// The judge's permit for one message to one recipient. The function that hands a message to an
/// operator takes one, so that nothing leaves unjudged; it must check that the permit is for what
/// it sends.
///
/// Only [`Verdict::clear`](crate::Verdict::clear) makes one:
///
/// ```
/// use facteur_domain::{Class, MessageId, Msisdn, SenderState, Timestamp};
/// use facteur_rules::{Circumstances, Cleared, Facts, judge};
///
/// let at = Timestamp::from_millis(0);
/// let facts = Facts {
///     at,
///     class: Class::Transactional,
///     recipient: Msisdn::parse("+33612345678").unwrap(),
///     sender: "MyCompany".parse().unwrap(),
///     sender_state: Some(SenderState::Validated),
///     text: "Bonjour",
///     parts: 1,
///     parts_max: 6,
///     test: false,
///     departing: true,
///     auto_reply: None,
///     circumstances: Circumstances::default(),
/// };
/// let cleared: Cleared = judge(&facts).clear(MessageId::from_key(16)).unwrap();
/// assert_eq!((cleared.message(), cleared.recipient()), (MessageId::from_key(16), facts.recipient));
/// ```
///
/// It cannot be forged outside this crate:
///
/// ```compile_fail,E0451
/// use facteur_domain::{MessageId, Msisdn, Timestamp};
/// use facteur_rules::Cleared;
///
/// let cleared = Cleared {
///     message: MessageId::from_key(16),
///     recipient: Msisdn::parse("+33612345678").unwrap(),
///     at: Timestamp::from_millis(0),
/// };
/// ```
///
/// nor used twice:
///
/// ```compile_fail,E0599
/// fn twice(cleared: facteur_rules::Cleared) -> [facteur_rules::Cleared; 2] {
///     [cleared.clone(), cleared]
/// }
/// ```
#[derive(PartialEq, Eq, Debug)]
#[must_use]
pub struct Cleared {
    message: MessageId,
    recipient: Msisdn,
    at: Timestamp,
}

impl Cleared {
    pub(crate) const fn new(message: MessageId, recipient: Msisdn, at: Timestamp) -> Self {
        Self { message, recipient, at }
    }

    /// The message it is for.
    #[must_use]
    pub const fn message(&self) -> MessageId {
        self.message
    }

    /// The recipient it was judged for.
    #[must_use]
    pub const fn recipient(&self) -> Msisdn {
        self.recipient
    }

    /// The instant it was judged for: a permit for another time is stale.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}
