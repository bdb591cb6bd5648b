//! One file a command.

pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod migrate;
pub(crate) mod place;
pub(crate) mod preview;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod smsc;
pub(crate) mod top;

use std::process::ExitCode;

use crate::cli::Command;
use crate::failure::Failure;

/// Runs one command to its end.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Command::Dev(args) => dev::run(args).map(done),
        Command::Serve(args) => serve::run(&args).map(done),
        Command::Smsc(args) => smsc::run(args).map(done),
        Command::Send(args) => small_runtime()?.block_on(send::run(args)),
        Command::Preview(args) => small_runtime()?.block_on(preview::run(args)),
        Command::Admin(args) => small_runtime()?.block_on(admin::run(args)).map(done),
        Command::Doctor(args) => small_runtime()?.block_on(doctor::run(args)),
        Command::Top(args) => small_runtime()?.block_on(top::run(args)).map(done),
        Command::Backup(args) => small_runtime()?.block_on(backup::run(args)).map(done),
        Command::Migrate(args) => small_runtime()?.block_on(migrate::run(args)).map(done),
        Command::Config(args) => config::run(args).map(done),
    }
}

/// A secret that somebody fixed for a key, in place of a random one.
fn fixed_secret(text: &str) -> Result<String, String> {
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 128 visible ASCII characters".to_owned()) }
}

/// A runtime for a command that does one thing.
fn small_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)
}

/// A runtime for the product; `workers` 0 for one thread a processor.
fn large_runtime(workers: usize) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if workers > 0 {
        builder.worker_threads(workers);
    }
    builder.enable_all().thread_name("facteur").build().map_err(no_runtime)
}

fn no_runtime(error: std::io::Error) -> Failure {
    Failure::new("the runtime does not start").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_secrets_are_visible_ascii() {
        assert!(fixed_secret("bench-key").is_ok());
        for wrong in ["", "with space", "clé-de-démo", &"x".repeat(129)] {
            assert!(fixed_secret(wrong).is_err(), "{wrong}");
        }
    }
}
