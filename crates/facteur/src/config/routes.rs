//! `[[routes]]`: SMPP accounts with operators and aggregators, in order of preference.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use facteur_domain::Redacted;
use facteur_gateway::{Link, RouteConfig, TlsConfig};
use facteur_smpp::session::Limits;
use serde::Deserialize;
use toml::Spanned;

use super::problem::Problem;
use super::values::{duration, number};

/// Longest system_id, in octets (SMPP 3.4, 5.2.1: 16 with its final zero).
const SYSTEM_ID_MAX: usize = 15;
/// Longest system_type, in octets (SMPP 3.4, 5.2.3: 13 with its final zero).
const SYSTEM_TYPE_MAX: usize = 12;
/// Longest password by the standard, in octets (SMPP 3.4, 5.2.2: 9 with its final zero). Some
/// aggregators give longer ones, so a longer one is a warning of `doctor` and no error.
pub(crate) const PASSWORD_MAX: usize = 8;

/// One SMPP account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// Its name in logs, metrics and stories; unique.
    pub(crate) name: Spanned<String>,
    /// `host:port`.
    pub(crate) address: Spanned<String>,
    /// system_id.
    pub(crate) system_id: Spanned<String>,
    /// The password itself; better in a file of its own.
    password: Option<Spanned<Secret>>,
    /// A file that holds the password.
    password_file: Option<Spanned<PathBuf>>,
    /// A variable that holds the password.
    password_env: Option<Spanned<String>>,
    /// system_type.
    system_type: Option<Spanned<String>>,
    /// How it is bound.
    #[serde(default)]
    bind: Bind,
    /// How many binds.
    #[serde(default = "one", deserialize_with = "number::<_, u16, 1, 64>")]
    binds: u16,
    /// Unanswered submits a bind.
    #[serde(default = "window", deserialize_with = "number::<_, usize, 1, 10_000>")]
    window: usize,
    /// Messages (parts) a second over all binds; 0 for no limit.
    #[serde(default, deserialize_with = "number::<_, u32, 0, 1_000_000>")]
    per_second: u32,
    /// What a part costs by it beside other routes; its place in the file when absent.
    #[serde(default, deserialize_with = "cost")]
    cost: Option<u32>,
    /// How long an answer may take before it counts as lost.
    #[serde(default = "response_timeout", deserialize_with = "duration::<_, 100, 600_000>")]
    response_timeout: Duration,
    /// How long a link may be silent before it is asked whether it lives.
    #[serde(default = "enquire_link", deserialize_with = "duration::<_, 1_000, 3_600_000>")]
    enquire_link: Duration,
    /// How long a bind may take.
    #[serde(default = "bind_timeout", deserialize_with = "duration::<_, 100, 600_000>")]
    bind_timeout: Duration,
    /// The longest wait between two attempts to bind.
    #[serde(default = "rebind_max", deserialize_with = "duration::<_, 100, 3_600_000>")]
    rebind_max: Duration,
    /// The longest PDU that is read, in octets.
    #[serde(default = "pdu_max", deserialize_with = "number::<_, usize, 1_024, 1_048_576>")]
    pdu_max: usize,
    /// Errors in receipts by which the operator says that the recipient told it STOP.
    #[serde(default = "opt_out_errors")]
    opt_out_errors: Vec<u32>,
    /// Errors in receipts by which the operator says that it was sent too much.
    #[serde(default = "throttle_errors")]
    throttle_errors: Vec<u32>,
    /// A sandbox, not a real network: messages of test keys may go there.
    #[serde(default)]
    pub(crate) sandbox: bool,
    /// TLS, when the table is there.
    pub(crate) tls: Option<Tls>,
}

/// A secret in the file; prints as redacted.
#[derive(Debug, Clone, PartialEq)]
struct Secret(Redacted<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Its own words for what is no text: serde's would quote the secret.
        let read = String::deserialize(from);
        read.map(|text| Self(Redacted::new(text)))
            .map_err(|_| serde::de::Error::custom("a password is a text, written in quotes"))
    }
}

/// TLS towards an operator.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// The name its certificate must have; the host of the address when absent.
    server_name: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    ca_file: Option<Spanned<PathBuf>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Bind {
    #[default]
    Transceiver,
    TransmitterReceiver,
}

const fn one() -> u16 {
    1
}

fn window() -> usize {
    Limits::default().window
}

fn response_timeout() -> Duration {
    Limits::default().response_timeout
}

fn enquire_link() -> Duration {
    Limits::default().enquire_link
}

fn bind_timeout() -> Duration {
    Limits::default().bind_timeout
}

fn pdu_max() -> usize {
    Limits::default().pdu_max
}

/// OVH's (OVH-SMPP, dlr_err).
fn opt_out_errors() -> Vec<u32> {
    vec![53]
}

/// OVH's (OVH-SMPP, dlr_err): the sender is temporarily rate limited.
fn throttle_errors() -> Vec<u32> {
    vec![55]
}

const fn rebind_max() -> Duration {
    Duration::from_secs(60)
}

fn cost<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number::<_, u32, 1, 1_000_000>(from).map(Some)
}

impl Route {
    /// What is wrong with this route by itself.
    fn check(&self, found: &mut Vec<Problem>) {
        let mut wrong = |at, what: String| found.push(Problem::at(at, what));
        let (name, span) = (self.name.get_ref(), self.name.span());
        if name.is_empty()
            || name.len() > 32
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            wrong(span, "expected a name of 1 to 32 letters, digits, `-`, `_` or `.`".to_owned());
        }
        if !is_address(self.address.get_ref()) {
            wrong(self.address.span(), "expected `host:port`, as in `smpp.example.net:2775`".to_owned());
        }
        let mut field = |value: &Spanned<String>, what: &str, most: usize| {
            if !value.get_ref().is_ascii() || value.get_ref().len() > most {
                wrong(value.span(), format!("SMPP allows {what} of {most} ASCII characters at most"));
            }
        };
        field(&self.system_id, "a system_id", SYSTEM_ID_MAX);
        if let Some(system_type) = &self.system_type {
            field(system_type, "a system_type", SYSTEM_TYPE_MAX);
        }
        if let Some(ca_file) = self.tls.as_ref().and_then(|tls| tls.ca_file.as_ref())
            && let Err(error) = std::fs::File::open(ca_file.get_ref())
        {
            wrong(ca_file.span(), format!("this file cannot be read: {error}"));
        }
    }

    /// The password, from wherever the file says.
    fn password(&self) -> Result<Redacted<String>, Problem> {
        match (&self.password, &self.password_file, &self.password_env) {
            (Some(password), None, None) => Ok(password.get_ref().0.clone()),
            (None, Some(file), None) => std::fs::read_to_string(file.get_ref())
                .map(|text| Redacted::new(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| {
                    Problem::at(file.span(), format!("the password's file cannot be read: {error}"))
                }),
            (None, None, Some(variable)) => crate::environment::variable(variable.get_ref())
                .map(Redacted::new)
                .ok_or_else(|| Problem::at(variable.span(), "this variable is not set")),
            _ => Err(Problem::at(
                self.name.span(),
                "expected exactly one of `password`, `password_file` and `password_env` for this route",
            )),
        }
    }

    /// The gateway's own form; `place` is its place in the file, from 1.
    fn config(&self, place: usize) -> Result<RouteConfig, Problem> {
        Ok(RouteConfig {
            name: self.name.get_ref().clone(),
            address: self.address.get_ref().clone(),
            system_id: self.system_id.get_ref().clone(),
            password: self.password()?,
            system_type: self.system_type.as_ref().map(|s| s.get_ref().clone()).unwrap_or_default(),
            link: match self.bind {
                Bind::Transceiver => Link::Transceiver,
                Bind::TransmitterReceiver => Link::TransmitterReceiver,
            },
            binds: self.binds,
            limits: Limits {
                window: self.window,
                response_timeout: self.response_timeout,
                enquire_link: self.enquire_link,
                bind_timeout: self.bind_timeout,
                pdu_max: self.pdu_max,
            },
            per_second: self.per_second,
            tls: self.tls.as_ref().map(|tls| TlsConfig {
                server_name: tls.server_name.clone(),
                ca_file: tls.ca_file.as_ref().map(|file| file.get_ref().clone()),
            }),
            rebind_max: self.rebind_max,
            opt_out_errors: self.opt_out_errors.clone(),
            throttle_errors: self.throttle_errors.clone(),
            sandbox: self.sandbox,
            cost: self.cost.unwrap_or(u32::try_from(place).unwrap_or(u32::MAX)),
        })
    }
}

/// All routes in the gateway's own form; what is wrong with them goes to `found`.
pub(super) fn build(routes: &[Route], found: &mut Vec<Problem>) -> Vec<RouteConfig> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut built = Vec::with_capacity(routes.len());
    for (index, route) in routes.iter().enumerate() {
        route.check(found);
        if let Some(first) = names.insert(route.name.get_ref(), index + 1) {
            let what = format!("route {first} has this name already; names must be unique");
            found.push(Problem::at(route.name.span(), what));
        }
        match route.config(index + 1) {
            Ok(config) => built.push(config),
            Err(problem) => found.push(problem),
        }
    }
    built
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !host.contains(char::is_whitespace)
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
