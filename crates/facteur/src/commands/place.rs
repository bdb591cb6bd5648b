//! Which gateway's data a command works on: `--data` or `--config`.

use std::path::{Path, PathBuf};

use facteur_store::{Options, Store};

use crate::config::{self, StoreSettings};
use crate::data;
use crate::failure::Failure;

/// The data folder, named or configured.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The data folder [default: facteur-data, or what the configuration says].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// The configuration file that `serve` runs with.
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "data")]
    pub(crate) config: Option<PathBuf>,
}

impl Place {
    /// The store's settings there. Secrets of routes are not needed for that, but a file that
    /// `serve` would refuse is refused here too.
    pub(crate) fn settings(&self) -> Result<StoreSettings, Failure> {
        match (&self.config, &self.data) {
            (Some(file), _) => Ok(config::load(file)?.settings.store),
            (None, Some(data)) => Ok(StoreSettings { data: data.clone(), ..StoreSettings::default() }),
            (None, None) => Ok(StoreSettings::default()),
        }
    }

    /// Opens the database there, which must exist unless `make` is set.
    pub(crate) fn open(&self, make: bool) -> Result<Store, Failure> {
        let settings = self.settings()?;
        if !data::has_database(&settings.data) {
            if !make {
                let cure =
                    "name the right folder (`--data`, `--config`); `dev`, `serve` and `migrate` make one";
                return Err(
                    Failure::new(format!("there is no database in {}", settings.data.display())).cure(cure)
                );
            }
            drop(data::DataFolder::take(&settings.data)?);
        }
        open(settings.options())
    }
}

/// Opens a database for a command; newly kept messages are none of its business.
pub(crate) fn open(options: Options) -> Result<Store, Failure> {
    let path = options.path.clone();
    // A start looks through the file, and `doctor`; not every command.
    let options = Options { checked_up_to: 0, ..options };
    Store::open(options, Box::new(|_| ())).map_err(|error| not_open(&path, error))
}

fn not_open(path: &Path, error: facteur_store::StoreError) -> Failure {
    Failure::new(format!("the database {} does not open", path.display()))
        .because(error)
        .cure("`facteur doctor` says more")
}
