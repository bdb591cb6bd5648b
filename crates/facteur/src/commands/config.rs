//! `facteur config`: the documented template, and the check of a file.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::config::{self, TEMPLATE};
use crate::failure::Failure;
use crate::output::{Output, line};
use crate::product;

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur config template > facteur.toml
  facteur config check facteur.toml")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a configuration with every default and what each setting means.
    Template,
    /// Check a file as `serve` would, without starting anything.
    Check {
        /// The file.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Prints or checks.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    match args.what {
        What::Template => line(TEMPLATE.trim_end()),
        What::Check { file, json } => {
            let checked = config::load(&file)?;
            // Certificate and key are read, and must go together.
            product::http_options(&checked.settings.http, &checked.settings.console)?;
            let routes: Vec<&str> = checked.routes.iter().map(|route| route.name.as_str()).collect();
            let told = json!({"file": file.display().to_string(), "routes": routes});
            Output { json }
                .say(&told, || format!("{} is right; routes: {}", file.display(), routes.join(", ")));
        }
    }
    Ok(())
}
