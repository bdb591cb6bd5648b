//! `facteur migrate`: brings the database to this version's form. A start does so too; this
//! command is for those who want it done, and told, apart from it.

use serde_json::json;

use super::place::Place;
use crate::data::DataFolder;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur migrate --config /etc/facteur/facteur.toml

Stop the gateway and make a backup first. A database of a newer version is refused.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Migrates, and tells what is there.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let _folder = DataFolder::take(&settings.data)?;
    let store = super::place::open(settings.options())?;
    let (counts, faults) = (store.counts().await?, store.check().await?);
    store.close().await?;
    if !faults.is_empty() {
        return Err(
            Failure::new(format!("the database is damaged: {}", faults.join("; "))).cure("restore a backup")
        );
    }
    let path = settings.data.join(crate::data::DATABASE).display().to_string();
    let waiting = counts.queued + counts.scheduled;
    let told = json!({
        "database": path,
        "version": env!("CARGO_PKG_VERSION"),
        "waiting": waiting,
        "unknown": counts.unknown,
        "awaiting_receipt": counts.submitted,
    });
    Output { json: args.json }.say(&told, || {
        format!("{path} has the form of version {}; {waiting} messages wait", env!("CARGO_PKG_VERSION"))
    });
    Ok(())
}
