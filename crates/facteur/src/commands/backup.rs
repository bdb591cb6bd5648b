//! `facteur backup`: a copy of the database while the gateway runs, and the proof that it can be restored.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use facteur_store::{Options, Store, StoreError};
use serde_json::{Value, json};

use super::place::{self, Place};
use crate::data;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur backup --config /etc/facteur/facteur.toml --to /var/backups/facteur-$(date +%F).db --verify
  facteur backup --check /var/backups/facteur-2026-11-22.db

--verify and --check restore a copy of the copy beside it, open it as a start does, read every page, and compute
the hash chains of the consent ledgers again; then they remove it. That needs as much room as the copy itself.

To restore: stop the gateway, put the copy in the data folder as `facteur.db`, remove
`facteur.db-wal` and `facteur.db-shm`, start. What was sent after the copy is not in it.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The copy; it must not exist.
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    to: Option<PathBuf>,
    /// Restore the copy elsewhere and look at it.
    #[arg(long)]
    verify: bool,
    /// Make no copy: look at one that was made before.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "verify"])]
    check: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Copies or looks, and says what it found.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let output = Output { json: args.json };
    let (file, verify) = match (&args.check, &args.to) {
        (Some(file), _) => (file, true),
        (None, Some(to)) => {
            copy(&args.place, to)?;
            (to, args.verify)
        }
        // clap asks for one of them.
        (None, None) => return Err(Failure::new("name the copy with --to")),
    };
    let octets = std::fs::metadata(file).map_or(0, |data| data.len());
    let restored = if verify { Some(rehearse(file).await?) } else { None };
    let shown = file.display().to_string();
    output.say(&json!({"to": shown, "octets": octets, "restored": restored}), || {
        let done = if args.check.is_some() { "looked at" } else { "copied" };
        let found = restored.as_ref().map(|found| format!("; restored for a trial: {}", tell(found)));
        format!("{done} {octets} octets in {shown}{}", found.unwrap_or_default())
    });
    Ok(())
}

fn copy(place: &Place, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Err(
            Failure::new(format!("{} exists already", to.display())).cure("name a file that does not exist")
        );
    }
    // As it is, of whatever version: the copy before an upgrade is the way back.
    Store::copy(&place.existing()?.options(), to)
        .map_err(|error| Failure::new("the copy was not made").because(error))
}

/// Restores a copy of the copy beside it, as a start would, and says what is in it. The copy itself is only
/// read.
async fn rehearse(file: &Path) -> Result<Value, Failure> {
    let not_whole = || Failure::new(format!("{} cannot be restored", file.display()));
    if !file.is_file() {
        return Err(Failure::new(format!("there is no file {}", file.display())));
    }
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".trial");
    let trial = file.with_file_name(name);
    // Never over a file of somebody's; a log that a killed trial left must not be taken for this one's.
    let ours = data::private(OpenOptions::new().write(true).create_new(true)).open(&trial);
    if ours.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        let cure = "a trial that was killed left it, if it is not yours: remove it";
        return Err(Failure::new(format!("{} exists already", trial.display())).cure(cure));
    }
    remove_logs(&trial);
    let copied = ours.and_then(|mut trial| std::io::copy(&mut std::fs::File::open(file)?, &mut trial));
    let found = match copied {
        Ok(_) => look(&trial).await,
        Err(error) => {
            Err(not_whole().because(error).cure("a trial needs as much free space as the copy has octets"))
        }
    };
    let _ = std::fs::remove_file(&trial);
    remove_logs(&trial);
    found
}

/// Removes what SQLite puts beside a trial; what was not made cannot be removed.
fn remove_logs(trial: &Path) {
    for ending in ["-wal", "-shm"] {
        let mut path = trial.to_owned().into_os_string();
        path.push(ending);
        let _ = std::fs::remove_file(path);
    }
}

async fn look(trial: &Path) -> Result<Value, Failure> {
    let store = place::open(Options::new(trial))?;
    let found = async {
        let faults = store.check().await?;
        let counts = store.counts().await?;
        let directory = store.directory().await?;
        let mut entries = 0;
        let mut broken = Vec::new();
        for workspace in &directory.workspaces {
            let report = store.verify_consents(workspace.id).await?;
            entries += report.entries;
            let broken_at = report.broken_at;
            broken.extend(broken_at.map(|place| {
                format!("the consent ledger of {} is not as it was written at entry {place}", workspace.name)
            }));
        }
        Ok::<_, StoreError>((faults, counts, directory, entries, broken))
    }
    .await;
    store.close().await?;
    let (faults, counts, directory, entries, broken) =
        found.map_err(|error| Failure::new("the copy cannot be read").because(error))?;
    let wrong: Vec<String> = faults.into_iter().chain(broken).collect();
    if !wrong.is_empty() {
        return Err(Failure::new(format!("the copy is damaged: {}", wrong.join("; ")))
            .cure("`facteur doctor` looks at the original; restore an earlier copy if it is damaged too"));
    }
    Ok(json!({
        "workspaces": directory.workspaces.len(),
        "keys": directory.keys.len(),
        "senders": directory.senders.len(),
        "waiting": counts.queued + counts.scheduled,
        "unanswered": counts.submitting + counts.unknown,
        "awaiting_receipt": counts.submitted,
        "consents": entries,
    }))
}

fn tell(found: &Value) -> String {
    let fields = found.as_object().into_iter().flatten();
    let told: Vec<String> =
        fields.map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
    told.join(", ")
}
