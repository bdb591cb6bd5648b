//! `facteur admin orphans`.

use facteur_store::Page;
use serde_json::{Value, json};

use super::Desk;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which page, from 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Lines a page.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
    size: u32,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> Result<(), Failure> {
    let listed = desk.store.orphans(Page { page: args.page, size: args.size }).await?;
    let rows: Vec<Value> = listed
        .rows
        .iter()
        .map(|orphan| {
            json!({
                "at": orphan.at.to_string(),
                "route": orphan.route,
                "smsc_id": orphan.smsc_id,
                "recipient": orphan.recipient.map(|number| number.to_string()),
                "word": orphan.word,
                "error": orphan.error,
            })
        })
        .collect();
    desk.output.table(&rows, &["at", "route", "smsc_id", "recipient", "word", "error"]);
    Ok(())
}
