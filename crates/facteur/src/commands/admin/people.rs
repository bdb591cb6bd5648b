//! `facteur admin people`: what a person may ask for.

use clap::Subcommand;
use facteur_domain::Msisdn;
use serde_json::json;

use super::Desk;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Erase a person's data: texts, numbers and the personal half of consents. Their STOPs stay, as
    /// keyed hashes, and the ledger can still be verified.
    Erase {
        /// The person's number in E.164, as in +33612345678.
        number: String,
        /// The workspace, by id or name; the only one there is when absent.
        #[arg(long)]
        workspace: Option<String>,
        /// Say that it is meant: what is erased does not come back.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    let What::Erase { number, workspace, yes } = what;
    let workspace = desk.workspace(workspace.as_deref())?;
    let number = Msisdn::parse(&number).map_err(|why| Failure::new("that is no number").because(why))?;
    if !yes {
        return Err(Failure::new("nothing was erased: what is erased does not come back")
            .cure("say `--yes` when it is meant"));
    }
    let erased = desk.store.erase_person(workspace, number, desk.now, desk.actor()).await?;
    desk.output
        .say(&json!({"erased": erased}), || format!("{erased} rows erased; STOPs of this person stay"));
    Ok(())
}
