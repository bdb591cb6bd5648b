//! How often somebody may try to sign in to the console. An attempt is counted before its password is looked at,
//! so that many at once do not slip through, and forgiven when it was right.
//!
//! Strangers must neither guess, nor fill the memory, nor lock others out: where an attempt came from is counted
//! first, and one that is refused by that leaves nothing behind. Accounts are counted by a keyed hash of what was
//! typed. A browser in which somebody signed in before has a mark ([`SignIns::mark`]); its attempts on that account
//! are counted apart from everybody else's, so that who is attacked can still come in.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use facteur_domain::Timestamp;
use facteur_gateway::Chance;
use sha2::{Digest, Sha256};

use crate::hex::hexadecimal;
use crate::limits::{Counter, subscriber};

/// How long a window of sign-ins is, in seconds.
const WINDOW: i64 = 15 * 60;
/// Wrong attempts on one account from one address, or from one browser that is known, in a window.
const HERE_MAX: u32 = 10;
/// Wrong attempts on one account from everywhere: many addresses together guess slowly too. Well above
/// the limit of one address, so that nobody is locked out of their account by one other.
const ACCOUNT_MAX: u32 = 100;
/// Wrong attempts from one address on all accounts; an office shares one.
const ADDRESS_MAX: u32 = 100;
/// Wrong attempts from one network (IPv4: a /24, IPv6: a /48, which has 65,536 addresses as we count them).
const NETWORK_MAX: u32 = 1_000;
/// Octets of the chance in a mark, and of its proof.
const NONCE: usize = 16;
const PROOF: usize = 16;

/// What somebody tries to show; each is counted for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Secret {
    /// A password, by whoever knows the address.
    Password,
    /// A code of the second factor, by whoever showed the password.
    Code,
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// Anybody at this address.
    Address(Option<IpAddr>),
    /// A browser or a session that the account is open in, or was: nobody else can use up its attempts.
    Known(u64),
}

/// Attempts in the present window.
#[derive(Debug)]
pub(crate) struct SignIns {
    /// An account from one place.
    here: Counter<(u64, u64)>,
    accounts: Counter<u64>,
    addresses: Counter<IpAddr>,
    networks: Counter<IpAddr>,
    hash: RandomState,
    /// The key of marks. A start makes another one, and browsers are strangers until they sign in again.
    key: [u8; 32],
}

impl SignIns {
    pub(crate) fn new() -> Self {
        Self {
            here: Counter::every(WINDOW),
            accounts: Counter::every(WINDOW),
            addresses: Counter::every(WINDOW),
            networks: Counter::every(WINDOW),
            hash: RandomState::new(),
            key: Chance.octets(),
        }
    }

    /// Counts an attempt on an account (an e-mail address as it is compared); `false` when it is one too many.
    pub(crate) fn take(&self, account: &str, what: Secret, origin: Origin, now: Timestamp) -> bool {
        let account = self.hash.hash_one((account, what));
        let address = match origin {
            Origin::Known(browser) => return fine(self.here.counted((account, browser), 1, now), HERE_MAX),
            Origin::Address(address) => of(address),
        };
        // What is refused by these leaves no entry in those below.
        if self.networks.count(network(address), 1, now) > NETWORK_MAX
            || self.addresses.count(address, 1, now) > ADDRESS_MAX
        {
            return false;
        }
        // When more is counted than can be, the limits above are what is left: nobody closes the door for all.
        let here = fine(self.here.counted((account, self.hash.hash_one(address)), 1, now), HERE_MAX);
        here && fine(self.accounts.counted(account, 1, now), ACCOUNT_MAX)
    }

    /// The attempt was right.
    pub(crate) fn forgive(&self, account: &str, what: Secret, origin: Origin) {
        let account = self.hash.hash_one((account, what));
        match origin {
            Origin::Known(browser) => self.here.forgive(&(account, browser)),
            Origin::Address(address) => {
                let address = of(address);
                self.here.forgive(&(account, self.hash.hash_one(address)));
                self.accounts.forgive(&account);
                self.addresses.forgive(&address);
                self.networks.forgive(&network(address));
            }
        }
    }

    /// The mark of a browser in which somebody has signed in to this account: hexadecimal digits.
    pub(crate) fn mark(&self, account: &str) -> String {
        let nonce: [u8; NONCE] = Chance.octets();
        hexadecimal(&[nonce.as_slice(), &self.proof(&nonce, account)].concat())
    }

    /// Where an attempt on this account comes from: the browser whose mark it is, else the address.
    pub(crate) fn origin(&self, account: &str, mark: Option<&str>, address: Option<IpAddr>) -> Origin {
        let known = mark.and_then(octets).filter(|octets| {
            let (nonce, proof) = octets.split_at(NONCE);
            // Not in constant time: what is found out this way lets nobody in.
            proof == self.proof(nonce, account)
        });
        known.map_or(Origin::Address(address), |octets| Origin::Known(self.hash.hash_one(octets)))
    }

    fn proof(&self, nonce: &[u8], account: &str) -> [u8; PROOF] {
        let inner = Sha256::new().chain_update(self.key).chain_update(nonce).chain_update(account).finalize();
        let outer = Sha256::new().chain_update(self.key).chain_update(inner).finalize();
        std::array::from_fn(|at| outer[at])
    }
}

/// Whether a count is within its limit; one that is shared with others limits nobody.
const fn fine((used, own): (u32, bool), most: u32) -> bool {
    !own || used <= most
}

fn of(address: Option<IpAddr>) -> IpAddr {
    address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), subscriber)
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & 0xFFFF_FF00)),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80)),
    }
}

/// The octets of a mark.
fn octets(mark: &str) -> Option<[u8; NONCE + PROOF]> {
    let digits = mark.as_bytes();
    let digit = |at: usize| char::from(digits[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = [0; NONCE + PROOF];
    if digits.len() != 2 * octets.len() {
        return None;
    }
    for (at, octet) in octets.iter_mut().enumerate() {
        *octet = digit(2 * at)? << 4 | digit(2 * at + 1)?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ENTRIES_MAX;

    const ANA: &str = "ana@exemple.fr";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_100_000 + millis)
    }

    fn from(address: &str) -> Origin {
        Origin::Address(Some(address.parse().expect("an address")))
    }

    fn tries(sign_ins: &SignIns, account: &str, origin: Origin, times: usize) -> usize {
        (0..times).filter(|_| sign_ins.take(account, Secret::Password, origin, at(0))).count()
    }

    #[test]
    fn guessing_is_slow_and_the_right_password_costs_nothing() {
        let (sign_ins, here) = (SignIns::new(), from("192.0.2.1"));
        for _ in 0..1000 {
            assert!(sign_ins.take(ANA, Secret::Password, here, at(0)));
            sign_ins.forgive(ANA, Secret::Password, here);
        }
        assert_eq!(tries(&sign_ins, ANA, here, 50), 10);
        assert_eq!(tries(&sign_ins, ANA, from("192.0.2.2"), 1), 1, "from elsewhere she may");
        assert!(sign_ins.take(ANA, Secret::Code, here, at(0)), "codes are counted for themselves");
        assert!(sign_ins.take(ANA, Secret::Password, here, at(WINDOW * 1000)), "and here a window later");
        let accounts = (0..500).filter(|n| tries(&sign_ins, &format!("{n}@x.fr"), here, 1) == 1).count();
        assert!(accounts < 100, "nor many accounts from one address: {accounts}");
    }

    #[test]
    fn what_is_refused_leaves_nothing_behind() {
        let sign_ins = SignIns::new();
        for account in 0..1_000 {
            tries(&sign_ins, &format!("{account}{}", "x".repeat(10_000)), from("192.0.2.1"), 1);
        }
        assert_eq!((sign_ins.here.keys(), sign_ins.accounts.keys()), (100, 100));
        for subscriber in 0..5_000 {
            tries(&sign_ins, ANA, from(&format!("2001:db8:0:{subscriber:x}::1")), 1);
        }
        assert_eq!(sign_ins.addresses.keys(), 1 + 1_000, "nor does one network fill the addresses");
    }

    #[test]
    fn full_counts_close_the_door_for_nobody() {
        let sign_ins = SignIns::new();
        for filler in 0..ENTRIES_MAX as u64 {
            sign_ins.here.count((filler, 0), 1, at(0));
            sign_ins.accounts.count(filler, 1, at(0));
        }
        for account in 0..500 {
            let address = from(&format!("198.51.{}.{}", account / 100, account % 100));
            assert_eq!(tries(&sign_ins, &format!("{account}@x.fr"), address, 1), 1, "{account}");
        }
    }

    #[test]
    fn who_signed_in_before_is_not_locked_out_by_others() {
        let sign_ins = SignIns::new();
        let mark = sign_ins.mark(ANA);
        let everywhere = (0..30).map(|n| tries(&sign_ins, ANA, from(&format!("198.51.100.{n}")), 10));
        assert_eq!(everywhere.sum::<usize>(), 100, "strangers have used the account's attempts up");
        let of = |account: &str, mark: &str| {
            sign_ins.origin(account, Some(mark), Some("192.0.2.1".parse().expect("an address")))
        };
        assert_eq!(tries(&sign_ins, ANA, of(ANA, &mark), 50), 10, "her own browser has its own");
        assert_eq!(tries(&sign_ins, ANA, of(ANA, &sign_ins.mark(ANA)), 1), 1, "and another of hers");
        // A mark is of one account, and made by nobody else.
        for (account, mark) in
            [("ben@exemple.fr", mark.as_str()), (ANA, "00"), (ANA, &"é".repeat(32)), (ANA, &"0".repeat(64))]
        {
            assert!(matches!(of(account, mark), Origin::Address(_)), "{account} {mark}");
        }
        assert!(matches!(SignIns::new().origin(ANA, Some(&mark), None), Origin::Address(None)));
    }
}
