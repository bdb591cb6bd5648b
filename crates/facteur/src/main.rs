//! Facteur: reads settings, connects the rooms, runs one command, and shuts down in order.
//!
//! The only room that knows files, variables and arguments; every other one is told plain values.

mod cli;
mod commands;
mod config;
#[cfg(debug_assertions)]
mod crash;
mod data;
mod environment;
mod failure;
mod files;
mod logging;
mod output;
mod people;
mod product;
mod ready;
mod signals;
mod tls;
mod traces;

use std::process::ExitCode;

use clap::Parser as _;

/// Faster than the system's on the accept path.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // The database, its log and its copies hold numbers and texts: for their owner only.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // Fails only when a provider is installed already, which would be this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[cfg(debug_assertions)]
    if let Err(failure) = crash::arm() {
        eprintln!("error: {failure}");
        return ExitCode::FAILURE;
    }
    match commands::run(cli.command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
