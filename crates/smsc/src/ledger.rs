//! An independent count of what reached phones, for tests that ask whether anything was lost or
//! doubled.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// How often each text reached each number, by hash, and how often each `#` token was seen.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    texts: HashMap<u64, u32, FixedState>,
    tokens: HashMap<u64, u32>,
}

impl Ledger {
    /// Counts a whole text that reached a phone.
    pub(crate) fn count(&mut self, msisdn: u64, text: &str) {
        *self.texts.entry(key(msisdn, text)).or_default() += 1;
        if let Some(token) = token(text) {
            *self.tokens.entry(token).or_default() += 1;
        }
    }

    /// How often this text reached this number.
    pub(crate) fn deliveries(&self, msisdn: u64, text: &str) -> u32 {
        self.texts.get(&key(msisdn, text)).copied().unwrap_or(0)
    }

    /// How often each token was seen.
    pub(crate) const fn tokens(&self) -> &HashMap<u64, u32> {
        &self.tokens
    }
}

fn key(msisdn: u64, text: &str) -> u64 {
    FixedState::default().hash_one((msisdn, text))
}

/// The number after the first `#` of a text, as in `Bonjour #000123`.
fn token(text: &str) -> Option<u64> {
    let (_, after) = text.split_once('#')?;
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn texts_and_tokens_are_counted_apart() {
        let mut ledger = Ledger::default();
        for (msisdn, text) in
            [(1, "a #000123"), (2, "a #000123"), (1, "a #000123"), (1, "# none"), (1, "#7é")]
        {
            ledger.count(msisdn, text);
        }
        assert_eq!(ledger.deliveries(1, "a #000123"), 2);
        assert_eq!(ledger.deliveries(2, "a #000123"), 1);
        assert_eq!(ledger.deliveries(3, "a #000123"), 0);
        assert_eq!(ledger.tokens(), &[(123, 3), (7, 1)].into());
    }
}
