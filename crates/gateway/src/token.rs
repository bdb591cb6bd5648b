//! Tokens that open a door by being known: a session's cookie, a link that lets somebody in once. 256 bits
//! of chance; only their hash is kept.

use facteur_domain::Redacted;
use sha2::{Digest, Sha256};

use crate::Chance;

/// Characters of a token: 52 times 5 bits hold 256.
const CHARACTERS: usize = 52;
/// Lower case, without what is read for something else.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh token: its text, given out once, and the hash under which it is known.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What its holder shows, 52 characters of a-z and 0-9.
    pub token: Redacted<String>,
    /// What is kept.
    pub hash: Redacted<[u8; 32]>,
}

/// Makes a token.
#[must_use]
pub fn mint_token(chance: Chance) -> NewToken {
    let octets: [u8; 32] = chance.octets();
    let text = base32(&octets);
    let hash = hash(&text);
    NewToken { token: Redacted::new(text), hash: Redacted::new(hash) }
}

/// The hash under which a token is known; `None` for what cannot be one.
#[must_use]
pub fn token_hash(token: &str) -> Option<[u8; 32]> {
    let could_be = token.len() == CHARACTERS && token.bytes().all(|byte| ALPHABET.contains(&byte));
    could_be.then(|| hash(token))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn base32(octets: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::with_capacity(CHARACTERS), 0u32, 0u32);
    let place = |value: u32| char::from(ALPHABET[usize::try_from(value & 31).unwrap_or(0)]);
    for octet in octets {
        held = held << 8 | u32::from(*octet);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(place(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(place(held << (5 - bits)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash() {
        let (one, two) = (mint_token(Chance), mint_token(Chance));
        assert_ne!(one.token.show(), two.token.show());
        assert_eq!(one.token.show().len(), CHARACTERS);
        assert_eq!(token_hash(one.token.show()), Some(*one.hash.show()));
        for wrong in ["", "x", &one.token.show().to_uppercase(), &format!("{}0", one.token.show())] {
            assert_ne!(token_hash(wrong), Some(*one.hash.show()), "{wrong}");
        }
    }

    #[test]
    fn every_bit_counts() {
        assert_eq!(base32(&[0xFF; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0, 0, 0, 0, 1]), "00000001");
        assert_eq!(base32(&[0x80]), "g0");
    }
}
