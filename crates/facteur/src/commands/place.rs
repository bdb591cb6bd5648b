//! Which gateway's data a command works on: `--data` or `--config`.

use std::path::PathBuf;

use facteur_store::{Options, Store, StoreError};

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

    /// The store's settings there, where there must be a database.
    pub(crate) fn existing(&self) -> Result<StoreSettings, Failure> {
        let settings = self.settings()?;
        if data::has_database(&settings.data) {
            return Ok(settings);
        }
        let cure = "name the right folder (`--data`, `--config`); `dev`, `serve` and `migrate` make one";
        Err(Failure::new(format!("there is no database in {}", settings.data.display())).cure(cure))
    }

    /// Opens the database there for a command that works beside a gateway. It must be of this version: the
    /// gateway that runs on it may be of another one.
    pub(crate) fn open(&self) -> Result<Store, Failure> {
        open(Options { migrate: false, ..self.existing()?.options() })
    }

    /// As [`Place::open`], and makes the database where there is none.
    pub(crate) fn open_or_make(&self) -> Result<Store, Failure> {
        let settings = self.settings()?;
        if data::has_database(&settings.data) {
            return self.open();
        }
        let _folder = data::DataFolder::take(&settings.data)?;
        open(settings.options())
    }
}

/// Opens a database for a command; newly kept messages are none of its business.
pub(crate) fn open(options: Options) -> Result<Store, Failure> {
    let path = options.path.clone();
    // A start looks through the file, and `doctor`; not every command.
    let options = Options { checked_up_to: 0, ..options };
    Store::open(options, Box::new(|_| ())).map_err(|error| {
        let cure = match &error {
            StoreError::OtherVersion { there, known } => version_cure(*there, *known),
            _ => "`facteur doctor` says more",
        };
        Failure::new(format!("the database {} does not open", path.display())).because(error).cure(cure)
    })
}

/// What helps against a database of another version.
pub(crate) const fn version_cure(there: i64, known: i64) -> &'static str {
    if there > known {
        "a newer version wrote it: use that one"
    } else {
        "a gateway of the older version may run on it: use that version's `facteur`, or stop the gateway, make a \
         backup, and run `facteur migrate`"
    }
}
