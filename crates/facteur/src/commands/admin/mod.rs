//! `facteur admin`: what people set up. Works while the gateway runs: it shares the database, and
//! the gateway sees a change within a fifth of a second.

mod audit;
mod consents;
mod keys;
mod opt_outs;
mod orphans;
mod people;
mod publisher;
mod senders;
mod settings;
mod users;
mod workspaces;

use clap::Subcommand;
use facteur_domain::{IdSource, Timestamp, WorkspaceId};
use facteur_gateway::Clock;
use facteur_store::{Actor, DirectorySnapshot, Store};

use super::place::Place;
use crate::failure::Failure;
use crate::output::Output;

/// The node bits of ids made here, which no gateway has.
const NODE: u8 = 31;

/// Arguments of `admin`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur admin workspaces create --name 'Ma Société'
  facteur admin keys create --workspace 'Ma Société' --label shop --scopes SMS_SEND,CONVERSATIONS_READ
  facteur admin senders declare MyCompany --workspace 'Ma Société' --class transactional
  facteur admin senders validate MyCompany --by claire
  facteur admin short-codes add 36180 --workspace 'Ma Société'
  facteur admin consents import consents.csv --workspace 'Ma Société'
  facteur admin consents verify
  facteur admin opt-outs add +33612345678 --reason 'asked by telephone'
  facteur admin settings set --workspace 'Ma Société' --stop-code 36180 --price-per-part 0.045
  facteur admin orphans
  facteur admin users create claire@exemple.fr --name 'Claire Petit' --workspace 'Ma Société' --role owner
  facteur admin users link claire@exemple.fr
  facteur admin audit --json

Works while the gateway runs; it sees a change within a fifth of a second.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Who does it, for the audit log [default: the user of this process].
    #[arg(long, value_name = "WHO", global = true)]
    by: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Companies' accounts; everything belongs to one.
    #[command(subcommand)]
    Workspaces(workspaces::What),
    /// API keys; a secret is shown once, when the key is made.
    #[command(subcommand)]
    Keys(keys::What),
    /// Sender IDs and their verification.
    #[command(subcommand)]
    Senders(senders::What),
    /// Short codes 36xxx and 38xxx.
    #[command(subcommand)]
    ShortCodes(senders::Codes),
    /// The consent ledger: verified, imported, exported, withdrawn from.
    #[command(subcommand)]
    Consents(consents::What),
    /// Who said STOP.
    #[command(subcommand)]
    OptOuts(opt_outs::What),
    /// What a workspace chose: hours profile, STOP code, advertiser, price.
    #[command(subcommand)]
    Settings(settings::What),
    /// What a person may ask for: to be erased.
    #[command(subcommand)]
    People(people::What),
    /// Receipts of which nobody knows the message, newest first: kept, and matched when it appears.
    Orphans(orphans::Args),
    /// People who sign in to the console, and what they may do.
    #[command(subcommand)]
    Users(users::What),
    /// Who changed what, newest first.
    Audit(audit::Args),
}

/// Does one thing.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let store = if matches!(args.what, What::Workspaces(workspaces::What::Create { .. })) {
        args.place.open_or_make()?
    } else {
        args.place.open()?
    };
    let desk = Desk {
        here: store.directory().await?,
        store,
        ids: IdSource::new(NODE),
        now: Clock::system().now(),
        by: args.by.filter(|by| !by.trim().is_empty()).unwrap_or_else(crate::environment::user),
        output: Output { json: args.json },
    };
    let done = match args.what {
        What::Workspaces(what) => workspaces::run(&desk, what).await,
        What::Keys(what) => keys::run(&desk, what).await,
        What::Senders(what) => senders::run(&desk, what).await,
        What::ShortCodes(what) => senders::run_codes(&desk, what).await,
        What::Consents(what) => consents::run(&desk, what).await,
        What::OptOuts(what) => opt_outs::run(&desk, what).await,
        What::Settings(what) => settings::run(&desk, what).await,
        What::People(what) => people::run(&desk, what).await,
        What::Orphans(args) => orphans::run(&desk, &args).await,
        What::Users(what) => users::run(&desk, what).await,
        What::Audit(args) => audit::run(&desk, &args).await,
    };
    desk.store.close().await?;
    done
}

/// What every command here works with.
struct Desk {
    store: Store,
    here: DirectorySnapshot,
    ids: IdSource,
    now: Timestamp,
    by: String,
    output: Output,
}

impl Desk {
    fn actor(&self) -> Actor {
        Actor::named(self.by.clone())
    }

    fn fresh_key(&self) -> i64 {
        self.ids.next(self.now)
    }

    /// The workspace with this id or name; the only one there is when none is named.
    fn workspace(&self, named: Option<&str>) -> Result<WorkspaceId, Failure> {
        let all = &self.here.workspaces;
        let Some(named) = named else {
            return match all.as_slice() {
                [only] => Ok(only.id),
                [] => Err(Failure::new("there is no workspace yet")
                    .cure("`facteur admin workspaces create --name NAME` makes one")),
                _ => Err(Failure::new("there are several workspaces: name one with `--workspace`")
                    .cure(self.choice())),
            };
        };
        let id: Option<WorkspaceId> = named.parse().ok();
        let mut found = all.iter().filter(|workspace| Some(workspace.id) == id || workspace.name == named);
        match (found.next(), found.next()) {
            (Some(workspace), None) => Ok(workspace.id),
            (Some(_), Some(_)) => {
                Err(Failure::new(format!("several workspaces are called {named}")).cure("name it by its id"))
            }
            (None, _) => Err(Failure::new(format!("no workspace {named}")).cure(self.choice())),
        }
    }

    fn choice(&self) -> String {
        let names = self.here.workspaces.iter().map(|w| format!("{} ({})", w.id, w.name));
        there_are(names, "workspaces")
    }

    fn workspace_name(&self, id: WorkspaceId) -> &str {
        self.here.workspaces.iter().find(|workspace| workspace.id == id).map_or("?", |w| w.name.as_str())
    }
}

/// A list of what exists, for an error about what does not.
fn there_are(names: impl Iterator<Item = String>, what: &str) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = names.collect();
    let hidden = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    match (names.is_empty(), hidden) {
        (true, _) => format!("there are no {what}"),
        (false, 0) => format!("there are: {}", names.join(", ")),
        (false, _) => format!("there are: {}, and {hidden} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use facteur_store::Workspace;
    use tempfile::TempDir;

    use super::*;
    use crate::commands::place;

    /// 15 January 2024, a Monday, 10:30:00 UTC.
    const START: Timestamp = Timestamp::from_millis(1_705_314_600_000);

    /// A desk over a store of its own, with one workspace.
    pub(super) struct Scratch {
        pub(super) desk: Desk,
        folder: TempDir,
    }

    impl Scratch {
        pub(super) async fn new() -> Self {
            let folder = tempfile::tempdir().expect("a scratch folder");
            let options = facteur_store::Options::new(folder.path().join("facteur.db"));
            let store = place::open(options).expect("a store");
            let ids = IdSource::new(NODE);
            let id = WorkspaceId::from_key(ids.next(START));
            let workspace = Workspace { id, name: "Demo".to_owned(), created_at: START };
            store.create_workspace(workspace, Actor::named("test")).await.expect("a workspace");
            let here = store.directory().await.expect("the directory");
            let output = Output { json: true };
            Self { desk: Desk { store, here, ids, now: START, by: "test".to_owned(), output }, folder }
        }

        /// The same desk a minute later.
        pub(super) async fn later(&self) -> Desk {
            Desk {
                store: self.desk.store.clone(),
                here: self.desk.store.directory().await.expect("the directory"),
                ids: IdSource::new(NODE),
                now: START.plus(Duration::from_secs(60)),
                by: "test".to_owned(),
                output: self.desk.output,
            }
        }

        /// A file in the desk's folder.
        pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        }
    }
}
