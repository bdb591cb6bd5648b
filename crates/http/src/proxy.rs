//! Who asks, where a proxy that we trust stands before us. Anybody can write the headers that say so: they count only
//! from an address that the settings name, and only as far as those proxies wrote them themselves.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};

/// Proxies that a request may have come through; what stands before them is not looked at.
const HOPS_MAX: usize = 32;

/// Addresses that have their first bits in common, as in `10.0.0.0/8`; or one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    /// Bits that count.
    prefix: u8,
}

/// What is wrong with a network, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongNetwork(String);

impl fmt::Display for WrongNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = "expected an address or a network, as in \"127.0.0.1\" or \"10.0.0.0/8\"";
        write!(f, "{what}, found {:?}", self.0)
    }
}

impl std::error::Error for WrongNetwork {}

impl FromStr for Network {
    type Err = WrongNetwork;

    fn from_str(text: &str) -> Result<Self, WrongNetwork> {
        let wrong = || WrongNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= most).ok_or_else(wrong)?,
        };
        Ok(Self { address, prefix })
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                same(u128::from(ours.to_bits()) << 96, u128::from(other.to_bits()) << 96, self.prefix)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => same(ours.to_bits(), other.to_bits(), self.prefix),
            _ => false,
        }
    }
}

/// Whether the first bits are the same.
fn same(a: u128, b: u128, bits: u8) -> bool {
    (a ^ b).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// A proxy that we trust says that it speaks HTTPS with them.
    pub(crate) https: bool,
}

/// Who asks, of a request that came from `peer`: the rightmost address that is not a trusted proxy's.
pub(crate) fn client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> Client {
    let peer = peer.to_canonical();
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.has(address));
    if trusted.is_empty() || !trusts(peer) {
        return Client { address: peer, https: false };
    }
    let hops = hops(headers);
    let mut address = peer;
    // Each proxy adds whom it heard at the right end. What is no address ends what can be believed.
    for hop in hops.iter().rev().take(HOPS_MAX) {
        let Some(said) = hop.address else { break };
        address = said;
        if !trusts(said) {
            break;
        }
    }
    Client { address, https: hops_said_https(headers, &hops) }
}

/// A proxy's word on whom it heard.
struct Hop {
    address: Option<IpAddr>,
    https: bool,
}

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the proxies say, the one next to us last: `X-Forwarded-For`, else `Forwarded` (RFC 7239).
fn hops(headers: &HeaderMap) -> Vec<Hop> {
    let plain = values(headers, &FORWARDED_FOR);
    if !plain.is_empty() {
        return plain.into_iter().map(|hop| Hop { address: address(hop), https: false }).collect();
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
    };
    let hop = |element: &str| {
        let pairs: Vec<(String, String)> = element.split(';').filter_map(pair).collect();
        let find =
            |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let https = find("proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Hop { address: find("for").and_then(address), https }
    };
    values(headers, &axum::http::header::FORWARDED).into_iter().map(hop).collect()
}

/// Whether the proxy next to us says that it, or the one before it, was asked over HTTPS.
fn hops_said_https(headers: &HeaderMap, hops: &[Hop]) -> bool {
    let said = values(headers, &FORWARDED_PROTO);
    match said.last() {
        Some(proto) => proto.eq_ignore_ascii_case("https"),
        None => hops.last().is_some_and(|hop| hop.https),
    }
}

/// The elements of a header's list, over all lines of it.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    // A line that is no text ends the trust, as an address that is none does.
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("unknown"));
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

/// An address as proxies write it: bare, with a port, in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').split_once(']').map_or(text, |(inner, _)| inner);
    let parsed = bare.parse::<IpAddr>().ok();
    let address = parsed.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asks(peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let trusted: Vec<Network> = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let client = client(&trusted, peer.parse().expect("an address"), &map);
        (client.address.to_string(), client.https)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let spoofed = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-proto", "https")];
        assert_eq!(asks("203.0.113.7", &spoofed), ("203.0.113.7".to_owned(), false), "a stranger's word");
        assert_eq!(asks("127.0.0.1", &spoofed), ("198.51.100.9".to_owned(), true));
        assert_eq!(asks("127.0.0.1", &[]), ("127.0.0.1".to_owned(), false));
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_s_asks() {
        for (header, who) in [
            // What the client wrote itself stands to the left.
            ("1.1.1.1, 198.51.100.9", "198.51.100.9"),
            ("1.1.1.1, 198.51.100.9, 10.1.2.3", "198.51.100.9"),
            ("10.9.9.9", "10.9.9.9"),
            ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
            ("1.1.1.1, unknown, 10.1.2.3", "10.1.2.3"),
            ("1.1.1.1, ", "127.0.0.1"),
            ("garbage", "127.0.0.1"),
            ("198.51.100.9:4711", "198.51.100.9"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:198.51.100.9", "198.51.100.9"),
            ("198.51.100.9, fd00::1", "198.51.100.9"),
        ] {
            assert_eq!(asks("127.0.0.1", &[("x-forwarded-for", header)]).0, who, "{header}");
        }
        // Two lines are one list.
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.9")];
        assert_eq!(asks("::ffff:127.0.0.1", &lines).0, "198.51.100.9");
        let many = vec!["10.0.0.1"; 100].join(", ");
        assert_eq!(asks("127.0.0.1", &[("x-forwarded-for", &format!("1.1.1.1, {many}"))]).0, "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_where_the_other_is_not_there() {
        let standard = [("forwarded", "for=1.1.1.1;proto=http, For=\"[2001:db8::7]:4711\"; Proto=https")];
        assert_eq!(asks("10.0.0.1", &standard), ("2001:db8::7".to_owned(), true));
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "198.51.100.9")];
        assert_eq!(asks("10.0.0.1", &both).0, "198.51.100.9");
        assert_eq!(
            asks("10.0.0.1", &[("forwarded", "for=_hidden;proto=https")]),
            ("10.0.0.1".to_owned(), true)
        );
    }

    #[test]
    fn networks_are_read() {
        for wrong in ["", "here", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().expect("a network");
        assert!(all.has(IpAddr::from([8, 8, 8, 8])) && !all.has("::1".parse().expect("an address")));
        let half: Network = "10.128.0.0/9".parse().expect("a network");
        assert!(half.has(IpAddr::from([10, 200, 0, 1])) && !half.has(IpAddr::from([10, 1, 0, 1])));
    }
}
