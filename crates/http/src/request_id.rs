//! The id of a request: the client's, or ours.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use facteur_gateway::Chance;

/// The header that carries it, both ways.
pub(crate) static HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id we take from a client, in characters.
const LENGTH_MAX: usize = 128;
/// Characters of our ids after `req_`: 62^12 is more than 2^71.
const PRINTED: usize = 12;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes ids that no other request of this process has, and that look like chance.
#[derive(Debug)]
pub(crate) struct RequestIds {
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(chance: Chance) -> Self {
        Self { next: AtomicU64::new(u64::from_le_bytes(chance.octets())) }
    }

    /// The id of a request with these headers.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(&HEADER) {
            Some(given) if usable(given.as_bytes()) => given.clone(),
            _ => self.fresh(),
        }
    }

    fn fresh(&self) -> HeaderValue {
        let counter = self.next.fetch_add(1, Ordering::Relaxed);
        // The low 64 bits make the id unique; 7 more fill its twelve characters.
        let more = mix(!counter) & 0x7F;
        let mut rest = u128::from(more) << 64 | u128::from(mix(counter));
        let mut text = *b"req_............";
        for place in text.iter_mut().rev().take(PRINTED) {
            // Always under 62.
            *place = ALPHABET[usize::try_from(rest % 62).unwrap_or(0)];
            rest /= 62;
        }
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("req_000000000000"))
    }
}

/// 1 to 128 visible ASCII characters.
fn usable(given: &[u8]) -> bool {
    (1..=LENGTH_MAX).contains(&given.len()) && given.iter().all(u8::is_ascii_graphic)
}

/// Spreads a counter over 64 bits, one to one (the finaliser of SplitMix64), so that following
/// ids do not look alike and none comes twice.
const fn mix(counter: u64) -> u64 {
    let z = counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_clients_id_is_kept_if_it_is_1_to_128_visible_characters() {
        let ids = RequestIds::new(Chance);
        let longest = "x".repeat(LENGTH_MAX);
        let too_long = "x".repeat(LENGTH_MAX + 1);
        for (given, kept) in [
            ("abc-123", true),
            ("!", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("a b", false),
            ("é", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER.clone(), HeaderValue::from_bytes(given.as_bytes()).expect("a value"));
            assert_eq!(ids.of(&headers) == given, kept, "{given:?}");
        }
    }

    #[test]
    fn our_ids_are_req_and_12_alphanumerics_and_differ() {
        let ids = RequestIds::new(Chance);
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let id = ids.of(&HeaderMap::new()).to_str().expect("ASCII").to_owned();
            let rest = id.strip_prefix("req_").expect("the prefix").to_owned();
            assert!(rest.len() == PRINTED && rest.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
            assert!(seen.insert(id));
        }
    }
}
