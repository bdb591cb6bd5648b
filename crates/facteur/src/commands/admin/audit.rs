//! `facteur admin audit`.

use facteur_store::{AuditLine, Page};
use serde_json::{Value, json};

use super::Desk;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only what concerns this workspace (id or name).
    #[arg(long)]
    workspace: Option<String>,
    /// Which page, from 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Lines a page.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
    size: u32,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> Result<(), Failure> {
    let only = args.workspace.as_deref().map(|named| desk.workspace(Some(named))).transpose()?;
    let page = Page { page: args.page, size: args.size };
    let lines = desk.store.audit(only, page).await?;
    let rows: Vec<Value> = lines.rows.iter().map(|line| row(desk, line)).collect();
    desk.output.table(&rows, &["at", "actor", "workspace", "action", "detail", "before", "after", "origin"]);
    Ok(())
}

fn row(desk: &Desk, line: &AuditLine) -> Value {
    json!({
        "at": line.at.to_string(),
        "actor": line.actor,
        "workspace": line.workspace.map(|id| desk.workspace_name(id)),
        "workspace_id": line.workspace.map(|id| id.to_string()),
        "action": line.action,
        "detail": line.detail,
        "origin": line.origin,
        "before": line.before,
        "after": line.after,
    })
}
