//! Ids: 64 bits, ordered by time, printed with the prefix of what they name.
//!
//! An id is `42 bits of milliseconds since the Unix epoch | 5 bits of node | 12 bits of counter |
//! 4 bits of part`. The part bits are zero except in a [`PartId`], so that every part of a
//! message has an integer key beside its message's. See `decisions/0003-ids.md`.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::Timestamp;

const PART_BITS: u32 = 4;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 5;
const TIME_SHIFT: u32 = PART_BITS + COUNTER_BITS + NODE_BITS;
const STEP: i64 = 1 << PART_BITS;
/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a printed id, without its prefix: 13 times 5 bits hold 64.
const PRINTED: usize = 13;

/// Text that is not the id it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Does not start with the prefix of its kind.
    #[error("an id of this kind starts with \"{0}_\"")]
    Prefix(&'static str),
    /// Not thirteen characters of Crockford's base 32 after the prefix.
    #[error("after its prefix an id has 13 characters of 0-9 A-Z without I, L, O, U")]
    Malformed,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The prefix of the printed form, without its underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this key, as a store keeps it.
            #[must_use]
            pub const fn from_key(key: i64) -> Self {
                Self(key)
            }

            /// The integer key.
            #[must_use]
            pub const fn key(self) -> i64 {
                self.0
            }

            /// When the id was made, to the millisecond.
            #[must_use]
            pub const fn made_at(self) -> Timestamp {
                Timestamp::from_millis(self.0 >> TIME_SHIFT)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(f, $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A company's account; everything belongs to one.
    WorkspaceId "wsp";
    /// An outgoing message (MT).
    MessageId "msg";
    /// An API key (its public id, not its secret).
    AccountKeyId "api";
    /// The record of a Sender ID or short code of a workspace.
    SenderRecordId "snd";
    /// An entry of the consent ledger.
    ConsentId "cns";
    /// A STOP.
    OptOutId "opt";
    /// A file that proves the right to a Sender ID.
    EvidenceId "evd";
    /// A webhook endpoint of a workspace.
    WebhookId "ep";
    /// Whom a workspace knows by name.
    ContactId "cnt";
    /// What webhook endpoints are told, once: the `webhook-id` under which receivers know repeats. Its low
    /// bit is set, so that it is never spelled like a [`MessageId`].
    EventId "msg";
    /// A person who signs in to the console.
    UserId "usr";
    /// A person's session in the console (its public id, not its token).
    SessionId "ses";
    /// What a phone sent (MO), whole. Spelled as messages are, as Allo does; its second lowest bit is set,
    /// so that it is never a [`MessageId`]'s.
    InboundId "msg";
    /// A thread between a phone and a sender of a workspace.
    ConversationId "cnv";
    /// A keyword of a workspace on a short code.
    KeywordId "kwd";
}

impl WorkspaceId {
    /// Nobody's account: what concerns the platform as a whole, as a STOP of which nobody can tell to whom
    /// it was said.
    pub const PLATFORM: Self = Self(0);
}

/// A message of a conversation, whichever way it went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ItemId {
    /// To the phone.
    Sent(MessageId),
    /// From the phone.
    Received(InboundId),
}

impl ItemId {
    /// The bit by which what phones sent is told from what was sent to them.
    const RECEIVED: i64 = 2;

    /// The item with this key, as a store keeps it.
    #[must_use]
    pub const fn from_key(key: i64) -> Self {
        if key & Self::RECEIVED == 0 {
            Self::Sent(MessageId::from_key(key))
        } else {
            Self::Received(InboundId::from_key(key))
        }
    }

    /// The integer key; items rise with time, whichever way they went.
    #[must_use]
    pub const fn key(self) -> i64 {
        match self {
            Self::Sent(id) => id.key(),
            Self::Received(id) => id.key(),
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(id) => id.fmt(f),
            Self::Received(id) => id.fmt(f),
        }
    }
}

impl FromStr for ItemId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(|id: MessageId| Self::from_key(id.key()))
    }
}

impl InboundId {
    /// A fresh id for what came at `at`, above `last`.
    #[must_use]
    pub fn next(at: Timestamp, last: Self) -> Self {
        let fresh = at.millis().max(0) << TIME_SHIFT;
        Self(fresh.max((last.0 | (STEP - 1)) + 1) | ItemId::RECEIVED)
    }
}

/// One part of a message: the message's id with the part's index in the low four bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartId(i64);

impl PartId {
    /// Part `index` (0 for the first, 15 at most; higher bits are ignored) of `message`.
    #[must_use]
    pub const fn new(message: MessageId, index: u8) -> Self {
        Self(message.0 | (index & 0x0F) as i64)
    }

    /// The part with this key, as a store keeps it.
    #[must_use]
    pub const fn from_key(key: i64) -> Self {
        Self(key)
    }

    /// The integer key.
    #[must_use]
    pub const fn key(self) -> i64 {
        self.0
    }

    /// The message it is a part of.
    #[must_use]
    pub const fn message(self) -> MessageId {
        MessageId(self.0 & !(STEP - 1))
    }

    /// Its index, 0 for the first part.
    #[must_use]
    pub const fn index(self) -> u8 {
        #[expect(clippy::cast_sign_loss, reason = "four bits")]
        {
            (self.0 & (STEP - 1)) as u8
        }
    }
}

/// Makes ids that rise from one to the next, whatever the clock does.
#[derive(Debug)]
pub struct IdSource {
    node: i64,
    last: AtomicI64,
}

impl IdSource {
    /// A source for gateway number `node` (its low five bits), so that 32 gateways that share a
    /// store never make the same id.
    #[must_use]
    pub const fn new(node: u8) -> Self {
        Self { node: (node & 0x1F) as i64, last: AtomicI64::new(0) }
    }

    /// As [`IdSource::new`], for keys above `last`, whoever made it: for a start after the clock was set back.
    #[must_use]
    pub const fn after(node: u8, last: i64) -> Self {
        let source = Self::new(node);
        // The last key of its millisecond: the next one is of a later one.
        let millis = if last > 0 { last >> TIME_SHIFT } else { 0 };
        let counter = STEP * ((1 << COUNTER_BITS) - 1);
        let spent = millis << TIME_SHIFT | source.node << (PART_BITS + COUNTER_BITS) | counter;
        Self { node: source.node, last: AtomicI64::new(if last > 0 { spent } else { 0 }) }
    }

    /// The next key. Wrap it: `MessageId::from_key(ids.next(now))`. When the clock stands still or
    /// goes back, keys go on from the last one; 4,096 a millisecond fit without running ahead.
    pub fn next(&self, now: Timestamp) -> i64 {
        let node = self.node << (PART_BITS + COUNTER_BITS);
        let fresh = (now.millis().max(0) << TIME_SHIFT) | node;
        let advance = |last: i64| {
            let after = last + STEP;
            let full = after >> (PART_BITS + COUNTER_BITS) != last >> (PART_BITS + COUNTER_BITS);
            // A full counter carries into the node bits: go on in the next millisecond instead.
            let after = if full { (((last >> TIME_SHIFT) + 1) << TIME_SHIFT) | node } else { after };
            fresh.max(after)
        };
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = advance(last);
            match self.last.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(seen) => last = seen,
            }
        }
    }
}

fn print(f: &mut fmt::Formatter<'_>, prefix: &str, key: i64) -> fmt::Result {
    let bits = key.cast_unsigned();
    let mut text = [0u8; PRINTED];
    for (i, place) in text.iter_mut().enumerate() {
        let shift = 5 * (PRINTED - 1 - i);
        *place = ALPHABET[usize::try_from((bits >> shift) & 31).unwrap_or(0)];
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn parse(prefix: &'static str, text: &str) -> Result<i64, IdError> {
    // Allo spells the same id with a dash in some answers and an underscore in others.
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix(['_', '-']))
        .ok_or(IdError::Prefix(prefix))?;
    if rest.len() != PRINTED {
        return Err(IdError::Malformed);
    }
    let mut bits: u64 = 0;
    for byte in rest.bytes() {
        let byte = byte.to_ascii_uppercase();
        let value = ALPHABET.iter().position(|&a| a == byte).ok_or(IdError::Malformed)?;
        if bits >> 59 != 0 {
            return Err(IdError::Malformed);
        }
        bits = bits << 5 | value as u64;
    }
    Ok(bits.cast_signed())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn printed_ids_read_back(key in any::<i64>()) {
            let id = MessageId::from_key(key);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_string().replace('_', "-").to_lowercase().parse(), Ok(id));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,20}") {
            let _ = text.parse::<MessageId>();
        }
    }

    #[test]
    fn printed_order_is_time_order() {
        let ids = IdSource::new(3);
        let a = MessageId::from_key(ids.next(Timestamp::from_millis(1_700_000_000_000)));
        let b = MessageId::from_key(ids.next(Timestamp::from_millis(1_700_000_000_001)));
        assert!(a < b && a.to_string() < b.to_string());
        assert_eq!(a.made_at(), Timestamp::from_millis(1_700_000_000_000));
    }

    #[test]
    fn ids_rise_when_the_clock_stands_still_or_goes_back() {
        let ids = IdSource::new(31);
        let mut last = 0;
        let mut seen = HashSet::new();
        for i in 0..20_000 {
            let now = Timestamp::from_millis(1_700_000_000_000 - i / 1000);
            let next = ids.next(now);
            assert!(next > last && next & (STEP - 1) == 0);
            assert_eq!((next >> (PART_BITS + COUNTER_BITS)) & 0x1F, 31, "node bits are kept");
            assert!(seen.insert(next));
            last = next;
        }
    }

    #[test]
    fn a_source_goes_on_after_the_last_key_of_another() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for node in [0, 7, 31] {
            let last = IdSource::new(node).next(now.plus(std::time::Duration::from_secs(60)));
            let ids = IdSource::after(3, last);
            let (next, more) = (ids.next(now), ids.next(now));
            assert!(last < next && next < more, "{node}: the clock was set back by a minute");
            assert_eq!((next >> (PART_BITS + COUNTER_BITS)) & 0x1F, 3, "node bits are its own");
        }
        assert_eq!(IdSource::after(3, 0).next(now), IdSource::new(3).next(now), "nothing was kept");
    }

    #[test]
    fn wrong_ids_are_told_apart() {
        assert_eq!("api_0000000000000".parse::<MessageId>(), Err(IdError::Prefix("msg")));
        for text in ["msg_", "msg_000000000000", "msg_000000000000U", "msg_ZZZZZZZZZZZZZ"] {
            assert_eq!(text.parse::<MessageId>(), Err(IdError::Malformed), "{text}");
        }
    }

    #[test]
    fn parts_know_their_message() {
        let message = MessageId::from_key(IdSource::new(0).next(Timestamp::from_millis(5)));
        let part = PartId::new(message, 7);
        assert_eq!((part.message(), part.index()), (message, 7));
        assert_eq!(PartId::new(message, 0).key(), message.key());
    }
}
