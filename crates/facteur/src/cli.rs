//! The command line's words; what each command does is in `commands/`.

use clap::{Parser, Subcommand};

use crate::commands::{admin, backup, config, dev, doctor, migrate, preview, send, serve, smsc, top};

/// An SMS platform for France: HTTP in, SMPP out, French rules by construction.
#[derive(Debug, Parser)]
#[command(name = "facteur", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  facteur dev                                  the product and a French network in one process
  facteur serve --config facteur.toml          production
  FACTEUR_API_KEY=KEY facteur send --sender-id MyCompany --to +33612345678 --message Bonjour --wait
  facteur doctor --config facteur.toml         what is wrong, and what to do";

/// What can be run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process, with a demo workspace and a French network in a box.
    Dev(dev::Args),
    /// Run the gateway for production.
    Serve(serve::Args),
    /// Run the French network in a box alone: an SMPP server with four operators and their phones.
    Smsc(smsc::Args),
    /// Send one message through a gateway's API.
    Send(send::Args),
    /// Tell what would become of a message, by which rules, in how many parts; nothing is sent.
    Preview(preview::Args),
    /// Manage workspaces, API keys, Sender IDs and short codes; read the audit log.
    Admin(admin::Args),
    /// Show what a running gateway does now: queues, routes, store, webhooks.
    Top(top::Args),
    /// Check configuration, data, clock and routes; say what is wrong and what to do.
    Doctor(doctor::Args),
    /// Copy the database while the gateway runs.
    Backup(backup::Args),
    /// Bring the database to this version's form, or tell its state.
    Migrate(migrate::Args),
    /// Print the documented configuration, or check one.
    Config(config::Args),
}
