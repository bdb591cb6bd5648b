//! Keyed hashes of numbers: what a STOP is found by when the number itself is gone. A bare hash of a
//! number would be no secret, since all numbers can be tried.

use facteur_domain::Msisdn;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::Connection;
use sha2::Sha256;

use super::rows::wrong;

/// The database's key for hashes of numbers. It never leaves this room.
pub(super) struct Secret(Hmac<Sha256>);

impl Secret {
    /// The key, from the database.
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        conn.prepare_cached("SELECT secret FROM meta WHERE id = 1")?.query_row([], |row| {
            let key: [u8; 32] = row.get(0)?;
            Self::from_key(&key).ok_or_else(|| wrong(0, "key"))
        })
    }

    fn from_key(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// HMAC-SHA-256 of a number's digits.
    pub(super) fn hash(&self, number: Msisdn) -> [u8; 32] {
        self.hash_octets(number.digits().to_string().as_bytes())
    }

    fn hash_octets(&self, octets: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(octets);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 2.
        let secret = Secret::from_key(b"Jefe").expect("any length");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&secret.hash_octets(b"what do ya want for nothing?")), expected);
    }

    #[test]
    fn keys_tell_the_same_number_apart() {
        let number = Msisdn::from_digits(33_639_980_001).expect("valid");
        let [a, b] = [[1u8; 32], [2; 32]].map(|key| Secret::from_key(&key).expect("a key").hash(number));
        assert_ne!(a, b);
    }
}
