//! The ready file: where everything is, written whole once all is up, for those who start the
//! product from a script.

use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// What a ready file says.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    /// Where programs reach the API.
    pub(crate) api: Option<String>,
    /// Where people start.
    pub(crate) console: Option<String>,
    /// The network in a box, when this process runs it.
    pub(crate) smsc: Option<SocketAddr>,
    /// The demo key of `dev`.
    pub(crate) api_key: Option<String>,
}

impl Ready {
    /// For a product that listens at `http`.
    pub(crate) fn at(http: SocketAddr, tls: bool) -> Self {
        let api = format!("{}://{}", if tls { "https" } else { "http" }, reachable(http));
        let console = format!("{api}/console");
        Self { api: Some(api), console: Some(console), smsc: None, api_key: None }
    }

    /// With the path of a one-time link as where people start.
    pub(crate) fn entered_by(self, base: Option<&str>, path: &str) -> Self {
        let origin = base.or(self.api.as_deref()).unwrap_or_default().trim_end_matches('/');
        Self { console: Some(format!("{origin}{path}")), ..self }
    }

    /// For a network in a box that listens at `smsc`, with nothing else.
    pub(crate) const fn of_network(smsc: SocketAddr) -> Self {
        Self { api: None, console: None, smsc: Some(smsc), api_key: None }
    }

    /// Writes the file so that a reader sees all of it or none.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let trouble = |error: std::io::Error| {
            Failure::new(format!("the ready file {} cannot be written", path.display())).because(error)
        };
        let mut text = serde_json::to_vec(self).map_err(|error| trouble(error.into()))?;
        text.push(b'\n');
        crate::data::write_whole(path, &text).map_err(trouble)
    }
}

/// An address that one can connect to: loopback in place of "any".
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_everything_is() {
        let mut ready = Ready::at(SocketAddr::from(([0, 0, 0, 0], 8080)), false);
        ready.api_key = Some("k".into());
        assert_eq!(
            serde_json::to_value(&ready).expect("plain values"),
            serde_json::json!({
                "api": "http://127.0.0.1:8080",
                "console": "http://127.0.0.1:8080/console",
                "smsc": null,
                "api_key": "k",
            })
        );
    }
}
