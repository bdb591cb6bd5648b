//! `facteur backup`: a copy of the database while the gateway runs.

use std::path::PathBuf;

use serde_json::json;

use super::place::Place;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur backup --config /etc/facteur/facteur.toml --to /var/backups/facteur-$(date +%F).db

To restore: stop the gateway, put the copy in the data folder as `facteur.db`, remove
`facteur.db-wal` and `facteur.db-shm`, start. What was sent after the copy is not in it.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The copy; it must not exist.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Copies, and says how much.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    if args.to.exists() {
        return Err(Failure::new(format!("{} exists already", args.to.display()))
            .cure("name a file that does not exist"));
    }
    let store = args.place.open(false)?;
    let copied = store.backup(args.to.clone()).await;
    store.close().await?;
    copied.map_err(|error| Failure::new("the copy was not made").because(error))?;
    let octets = std::fs::metadata(&args.to).map_or(0, |data| data.len());
    let to = args.to.display().to_string();
    Output { json: args.json }
        .say(&json!({"to": to, "octets": octets}), || format!("copied {octets} octets to {to}"));
    Ok(())
}
