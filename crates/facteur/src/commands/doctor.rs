//! `facteur doctor`: what is wrong, and what to do about it.

mod clock;
mod database;
mod folder;
mod routes;

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use super::place::Place;
use crate::config::{self, Checked, PASSWORD_MAX, Settings};
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur doctor --config /etc/facteur/facteur.toml
  facteur doctor --config /etc/facteur/facteur.toml --bind --json

Run it as the user that the gateway runs as. Exit code: 0 when nothing fails, 1 otherwise;
warnings do not count.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Also bind to every route and unbind again. Some accounts allow one bind only: stop the
    /// gateway first.
    #[arg(long)]
    bind: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Warn,
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    /// What was looked at, as in `database` or `route ovh`.
    name: String,
    outcome: Outcome,
    /// What was found.
    found: String,
    /// What to do about it.
    cure: Option<String>,
}

impl Check {
    fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Ok, found: found.into(), cure: None }
    }

    fn warn(name: impl Into<String>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Warn, found: found.into(), cure: Some(cure.into()) }
    }

    fn fail(name: impl Into<String>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Fail, found: found.into(), cure: Some(cure.into()) }
    }
}

/// Checks everything that can be checked, and says so.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let mut checks = Vec::new();
    let checked = configuration(&args.place, &mut checks);
    if let Some(checked) = &checked {
        let store = &checked.settings.store;
        checks.push(files(checked.settings.http.max_connections));
        checks.extend(folder::check(store));
        checks.extend(clock::check(&store.data));
        checks.extend(database::check(store).await);
        for route in &checked.routes {
            checks.push(routes::check(route, args.bind).await);
        }
    }
    report(Output { json: args.json }, &checks);
    let failed = checks.iter().any(|check| check.outcome == Outcome::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The configuration, or the defaults around `--data`.
fn configuration(place: &Place, checks: &mut Vec<Check>) -> Option<Checked> {
    let Some(file) = &place.config else {
        let mut settings = Settings::default();
        if let Some(data) = &place.data {
            settings.store.data.clone_from(data);
        }
        return Some(Checked { settings, routes: Vec::new() });
    };
    match config::load(file) {
        Ok(checked) => {
            checks.extend(configured(file.display().to_string(), &checked));
            Some(checked)
        }
        Err(failure) => {
            let cure = "correct the file; `facteur config template` prints one with every setting";
            checks.push(Check::fail("configuration", failure.to_string(), cure));
            None
        }
    }
}

/// Whether this user may have as many files open as connections may come.
fn files(connections: usize) -> Check {
    let (allowed, wanted) = (crate::files::allowed(), crate::files::wanted(connections));
    if allowed >= wanted {
        return Check::ok("open files", format!("{allowed} allowed, {wanted} wanted at most"));
    }
    Check::warn(
        "open files",
        format!("{allowed} allowed, {wanted} wanted for {connections} connections"),
        "LimitNOFILE in systemd, or `ulimit -Hn`; or a smaller `http.max_connections`",
    )
}

fn configured(file: String, checked: &Checked) -> Vec<Check> {
    let mut checks = vec![if checked.routes.is_empty() {
        Check::warn(
            "configuration",
            "no [[routes]]: messages are accepted and wait",
            "add your SMPP account as a route",
        )
    } else {
        Check::ok("configuration", format!("{file}, {} route(s)", checked.routes.len()))
    }];
    for route in checked.routes.iter().filter(|route| route.password.show().len() > PASSWORD_MAX) {
        checks.push(Check::warn(
            format!("route {}", route.name),
            format!("its password has more than {PASSWORD_MAX} characters, the longest that SMPP 3.4 allows"),
            "if the operator refuses the bind, ask for a shorter one",
        ));
    }
    if checked.settings.http.tls.is_none() && !checked.settings.http.listen.ip().is_loopback() {
        checks.push(Check::warn(
            "http",
            format!("{} is open to the network without TLS", checked.settings.http.listen),
            "listen on 127.0.0.1 behind a proxy that does TLS, or set [http.tls]",
        ));
    }
    checks
}

fn report(output: Output, checks: &[Check]) {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let (warnings, failures) = (count(Outcome::Warn), count(Outcome::Fail));
    let told = json!({"checks": checks, "warnings": warnings, "failures": failures});
    output.say(&told, || {
        let mut text: String = checks.iter().map(show).collect();
        text.push_str(&format!("{} check(s), {warnings} warning(s), {failures} failure(s)", checks.len()));
        text
    });
}

fn show(check: &Check) -> String {
    let mark = match check.outcome {
        Outcome::Ok => "ok  ",
        Outcome::Warn => "warn",
        Outcome::Fail => "FAIL",
    };
    let cure = check.cure.as_ref().map(|cure| format!("        → {cure}\n")).unwrap_or_default();
    format!("{mark}  {}: {}\n{cure}", check.name, check.found)
}
