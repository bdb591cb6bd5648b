//! Where webhooks may go. A customer names the address, so without a guard the product would knock on doors
//! inside its own network. Names are resolved here and nowhere else, and an address that is not public is
//! never handed to the connection: there is no gap between the check and the connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The longest URL of an endpoint, in octets.
const URL_MAX: usize = 2_048;

/// Which addresses a webhook may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Guard {
    /// Loopback and plain HTTP too: in `dev`, in tests and in benchmarks.
    pub(crate) loopback: bool,
}

/// Why a URL is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlProblem {
    /// Not an absolute URL.
    #[error("is not a URL")]
    Malformed,
    /// Too long.
    #[error("is longer than 2,048 octets")]
    TooLong,
    /// Not HTTPS.
    #[error("must begin with https://")]
    NotHttps,
    /// A user or password in it would end up in logs.
    #[error("must not have a user or a password in it")]
    Credentials,
    /// An address, or a name that stands for one, inside a network.
    #[error("must not lead to an address inside a network: {0} is not public")]
    Internal(&'static str),
}

impl UrlProblem {
    /// Its name, for whoever says it in other words.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::NotHttps => "not_https",
            Self::Credentials => "credentials",
            Self::Internal(_) => "internal",
        }
    }
}

impl Guard {
    /// Whether webhooks may be sent to this URL. A name is looked at again when it is resolved.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(self, text: &str) -> Result<Url, UrlProblem> {
        if text.len() > URL_MAX {
            return Err(UrlProblem::TooLong);
        }
        let url = Url::parse(text).map_err(|_| UrlProblem::Malformed)?;
        if url.scheme() != "https" && !(self.loopback && url.scheme() == "http") {
            return Err(UrlProblem::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlProblem::Credentials);
        }
        let host = url.host_str().ok_or(UrlProblem::Malformed)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if let Ok(address) = bare.parse::<IpAddr>() {
            self.allows(address)?;
        } else if !self.loopback && (bare == "localhost" || bare.ends_with(".localhost")) {
            return Err(UrlProblem::Internal("localhost"));
        }
        Ok(url)
    }

    /// Whether webhooks may be sent to this address.
    ///
    /// # Errors
    /// What it is.
    pub(crate) fn allows(self, address: IpAddr) -> Result<(), UrlProblem> {
        let what = match address {
            IpAddr::V4(v4) => inside_v4(v4),
            IpAddr::V6(v6) => inside_v6(v6),
        };
        match what {
            Some(LOOPBACK) if self.loopback => Ok(()),
            Some(what) => Err(UrlProblem::Internal(what)),
            None => Ok(()),
        }
    }
}

const LOOPBACK: &str = "a loopback address";

/// What makes an IPv4 address not public; the special-purpose registry of IANA.
fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "an unspecified address",
        (127, ..) => LOOPBACK,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private address",
        (100, 64..=127, _) => "a carrier's shared address",
        (169, 254, _) => "a link-local address",
        (192, 0, 0) | (192, 0, 2) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            "an address for tests and protocols"
        }
        (192, 88, 99) => "a relay's address",
        (224..=239, ..) => "a multicast address",
        (240..=255, ..) => "a reserved address",
        _ => return None,
    })
}

/// What makes an IPv6 address not public. Only global unicast (2000::/3) is, without what it holds for
/// documentation and for carrying IPv4.
fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(LOOPBACK),
        // IPv4-mapped: the system connects to the IPv4 address. A loopback written so is nobody's habit.
        [0, 0, 0, 0, 0, 0xffff, ..] => Some("an IPv4 address in IPv6"),
        // NAT64: public only when what it leads to is.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low).map(|_| "an internal address behind NAT64")
        }
        [0x2002, high, low, ..] => embedded(high, low).map(|_| "an internal address behind 6to4"),
        [0x2001, 0, ..] => Some("a Teredo address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("an address for documentation"),
        [0x2001, 2, ..] | [0x2001, 0x10..=0x3f, ..] => Some("an address for tests and protocols"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xfc00..=0xfdff, ..] => Some("a private address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("a reserved address"),
    }
}

/// Resolves names with the system's resolver, and keeps what is public.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public = guard.sift(found)?;
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Guard {
    /// The addresses of a name that may be connected to: a name may have one of each kind, or another at
    /// every look (DNS rebinding).
    fn sift(self, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, UrlProblem> {
        let mut refused = None;
        let mut public = Vec::new();
        for address in found {
            match self.allows(address.ip()) {
                Ok(()) => public.push(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) if public.is_empty() => Err(why),
            _ => Ok(public),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, outside: bool, in_dev: bool) {
        assert_eq!(Guard { loopback: false }.check(url).is_ok(), outside, "{url}");
        assert_eq!(Guard { loopback: true }.check(url).is_ok(), in_dev, "{url} in dev");
    }

    #[test]
    fn only_public_addresses_over_https_are_allowed() {
        check("https://example.com/hook?x=1", true, true);
        check("https://8.8.8.8/", true, true);
        check("https://[2a00:1450:4007::1]/", true, true);
        check("http://example.com/", false, true);
        check("ftp://example.com/", false, false);
        check("https://user:pw@example.com/", false, false);
        check("example.com", false, false);
        check("", false, false);
        check(&format!("https://example.com/{}", "x".repeat(2_048)), false, false);
        for loopback in [
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "localhost",
            "localhost.",
            "a.localhost",
            "2130706433",
            "0x7f.1",
        ] {
            check(&format!("https://{loopback}/"), false, true);
        }
        for inside in [
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[::127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b::169.254.169.254]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[2001::1]",
            "[4000::1]",
            "[64:ff9b:1::1]",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
        ] {
            check(&format!("https://{inside}/"), false, false);
        }
        for outside in ["172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "[64:ff9b::8.8.8.8]"] {
            check(&format!("https://{outside}/"), true, true);
        }
    }

    #[test]
    fn of_a_name_s_addresses_only_public_ones_are_connected_to() {
        let sift = |found: &[&str]| {
            let found = found.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 0));
            let kept = Guard { loopback: false }.sift(found);
            kept.map(|kept| kept.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>()).ok()
        };
        let public = || Some(vec!["8.8.8.8".to_owned()]);
        assert_eq!(sift(&["127.0.0.1", "8.8.8.8", "::ffff:169.254.169.254"]), public());
        assert_eq!(sift(&["8.8.8.8", "10.0.0.1", "64:ff9b::a00:1"]), public());
        assert_eq!(sift(&["169.254.169.254"]), None);
        assert_eq!(sift(&[]), Some(Vec::new()));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let name = || "localhost".parse::<Name>().expect("a name");
        assert!(Guard { loopback: false }.resolve(name()).await.is_err());
        assert!(Guard { loopback: true }.resolve(name()).await.is_ok_and(|mut found| found.next().is_some()));
    }
}
