//! The configuration file of `facteur serve`: typed, one file of code a topic, unknown fields
//! refused, every problem told with its line.

mod console;
mod http;
mod log;
mod problem;
mod process;
mod replies;
mod retention;
mod routes;
mod sending;
mod store;
mod traces;
mod values;
mod webhooks;

use std::path::Path;

use facteur_gateway::RouteConfig;
use serde::Deserialize;

pub(crate) use console::Console;
pub(crate) use http::{Certificate, Http};
pub(crate) use log::{Format, Log};
pub(crate) use problem::{Problem, Problems};
pub(crate) use process::Process;
pub(crate) use replies::Replies;
pub(crate) use retention::Retention;
pub(crate) use routes::{PASSWORD_MAX, Route};
pub(crate) use sending::{PROFILES, Sending};
pub(crate) use store::StoreSettings;
pub(crate) use traces::Traces;
pub(crate) use values::parse_duration;
pub(crate) use webhooks::Webhooks;

use crate::failure::Failure;

/// The documented file with every default, printed by `facteur config template`.
pub(crate) const TEMPLATE: &str = include_str!("../../../../docs/facteur.toml");

/// The file as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The HTTP listener.
    pub(crate) http: Http,
    /// The pages for people.
    pub(crate) console: Console,
    /// The data folder.
    pub(crate) store: StoreSettings,
    /// Limits on sending.
    pub(crate) sending: Sending,
    /// SMPP accounts, in order of preference.
    pub(crate) routes: Vec<Route>,
    /// How phones that write are answered.
    pub(crate) replies: Replies,
    /// How customers are told what happened.
    pub(crate) webhooks: Webhooks,
    /// How long what is kept.
    pub(crate) retention: Retention,
    /// The log.
    pub(crate) log: Log,
    /// The collector of traces.
    pub(crate) traces: Traces,
    /// The process.
    pub(crate) process: Process,
}

/// A file that was read and checked.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What it says.
    pub(crate) settings: Settings,
    /// Its routes with their secrets.
    pub(crate) routes: Vec<RouteConfig>,
}

impl Checked {
    /// Everything the gateway is told.
    pub(crate) fn gateway(&self) -> facteur_gateway::Config {
        facteur_gateway::Config {
            routes: self.routes.clone(),
            sending: self.settings.sending.rules(),
            replies: self.settings.replies.rules(),
            webhooks: self.settings.webhooks.rules(),
            retention: self.settings.retention.rules(),
            traces: None,
            node: self.settings.process.node,
        }
    }
}

/// Reads and checks a file.
pub(crate) fn load(file: &Path) -> Result<Checked, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("the configuration {} cannot be read", file.display()))
            .because(error)
            .cure("`facteur config template > facteur.toml` writes one with every default")
    })?;
    read(&text).map_err(|list| Problems { file: file.to_owned(), text, list }.into())
}

/// Reads and checks a text.
pub(crate) fn read(text: &str) -> Result<Checked, Vec<Problem>> {
    let settings: Settings = toml::from_str(text)
        .map_err(|error| vec![Problem { at: error.span(), what: error.message().to_owned() }])?;
    let mut found = Vec::new();
    settings.http.check(&mut found);
    settings.console.check(&mut found);
    if let Err(error) = crate::logging::check(&settings.log.filter) {
        found.push(Problem { at: None, what: format!("`log.filter` is no filter: {error}") });
    }
    let routes = routes::build(&settings.routes, &mut found);
    if found.is_empty() {
        return Ok(Checked { settings, routes });
    }
    found.sort_by_key(|problem| problem.at.as_ref().map(|at| at.start));
    Err(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template with every commented setting in force: `#name = value`, not `# prose`.
    fn uncommented(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '#']) => setting,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_template_says_the_defaults() {
        let checked = read(TEMPLATE).expect("the template is valid");
        assert_eq!(checked.settings, Settings::default());
    }

    #[test]
    fn what_the_template_comments_out_is_valid_too() {
        let text = uncommented(TEMPLATE);
        let settings: Settings = toml::from_str(&text).expect("valid");
        assert_eq!(settings.routes.len(), 2);
        assert!(settings.http.tls.is_some() && settings.routes.iter().any(|route| route.tls.is_some()));
    }

    #[test]
    fn the_examples_of_the_documentation_are_valid() {
        let text = include_str!("../../../../docs/running.md");
        let examples: Vec<&str> =
            text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(examples.len() >= 2, "{} examples", examples.len());
        for example in examples {
            // The files that it names are on the reader's machine, so only its form is checked.
            let read: Result<Settings, _> = toml::from_str(example);
            assert!(read.is_ok(), "{read:?}\n{example}");
        }
    }

    fn check(text: &str, expected: &[&str]) {
        let found = read(text).expect_err("must be refused");
        let shown: Vec<String> = found
            .iter()
            .map(|p| {
                let line = p.at.as_ref().map_or(0, |at| text[..at.start].matches('\n').count() + 1);
                format!("{line}: {}", p.what)
            })
            .collect();
        assert_eq!(shown.len(), expected.len(), "{shown:#?}");
        for (shown, expected) in shown.iter().zip(expected) {
            assert!(shown.contains(expected), "{shown:?} should contain {expected:?}");
        }
    }

    const ROUTE: &str =
        "[[routes]]\nname = \"a\"\naddress = \"h:1\"\nsystem_id = \"id\"\npassword = \"pw\"\n";

    #[test]
    fn wrong_values_are_told_with_their_line() {
        check("[http]\nlisten = \"here\"\n", &["2: invalid socket address"]);
        check("[http]\nport = 1\n", &["2: unknown field `port`"]);
        check("[http]\ntrusted_proxies = [\"10.0.0.0/40\"]\n", &["2: expected an address or a network"]);
        check("[htp]\n", &["1: unknown field `htp`"]);
        check("[store]\n\nreaders = 0\n", &["3: expected a whole number from 1 to 64, found 0"]);
        check("[store]\nbusy_timeout = 5\n", &["2: invalid type: integer `5`, expected a string"]);
        check("[store]\nbusy_timeout = \"5\"\n", &["2: expected a duration such as"]);
        check("[store]\nbusy_timeout = \"2h\"\n", &["2: expected a duration from 100ms to 1m, found 2h"]);
        check("[log]\nformat = \"xml\"\n", &["2: unknown variant `xml`"]);
        check("[log]\nfilter = \"info,[\"\n", &["no filter"]);
        check("[sending.classes.promo]\nunknown = \"leave\"\n", &["1: unknown field `promo`"]);
        check("[http\n", &["1: "]);
        check("[[routes]]\nname = \"a\"\n", &["1: missing field `address`"]);
    }

    #[test]
    fn wrong_routes_are_told_all_at_once() {
        let second = ROUTE.replace("\"h:1\"", "\"h\"").replace("\"id\"", "\"sixteen-letters!\"");
        check(
            &format!("{ROUTE}{second}"),
            &[
                "7: route 1 has this name already",
                "8: expected `host:port`",
                "9: SMPP allows a system_id of 15",
            ],
        );
        check(&ROUTE.replace("\"a\"", "\"a b\""), &["2: expected a name of 1 to 32"]);
        check(&ROUTE.replace("password = \"pw\"\n", ""), &["2: expected exactly one of `password`"]);
        check(
            &ROUTE.replace("password = \"pw\"", "password = \"pw\"\npassword_env = \"X\""),
            &["2: expected exactly one of `password`"],
        );
        check(
            &ROUTE.replace("password = \"pw\"", "password_file = \"/nowhere/at/all\""),
            &["5: the password's file cannot be read"],
        );
        check(
            &ROUTE.replace("password = \"pw\"", "password_env = \"FACTEUR_NO_SUCH_VARIABLE\""),
            &["5: this variable is not set"],
        );
        check(&format!("{ROUTE}window = 0\n"), &["6: expected a whole number from 1 to 10000, found 0"]);
        check(
            &format!("{ROUTE}[routes.tls]\nca_file = \"/nowhere/ca.pem\"\n"),
            &["7: this file cannot be read"],
        );
    }

    #[test]
    fn a_password_that_is_no_text_is_not_quoted() {
        for password in ["12345678", "1.5", "true", "[\"hunter22\"]", "{ x = \"hunter22\" }", "2026-11-25"] {
            let text = ROUTE.replace("\"pw\"", password);
            let list = read(&text).expect_err("refused");
            let told = Problems { file: "f.toml".into(), text, list }.to_string();
            assert_eq!(told, "f.toml:5:12: a password is a text, written in quotes", "{password}");
        }
    }

    #[test]
    fn a_route_is_what_the_file_says() {
        let text =
            format!("{ROUTE}bind = \"transmitter_receiver\"\nper_second = 20\nwindow = 7\n[routes.tls]\n");
        let routes = read(&text).expect("valid").routes;
        let [route] = routes.as_slice() else { panic!("one route") };
        assert_eq!((route.per_second, route.limits.window, route.binds), (20, 7, 1));
        assert_eq!(route.link, facteur_gateway::Link::TransmitterReceiver);
        assert_eq!(route.tls, Some(facteur_gateway::TlsConfig::default()));
        assert_eq!(route.password.show(), "pw");
    }
}
