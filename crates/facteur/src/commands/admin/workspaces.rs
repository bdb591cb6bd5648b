//! `facteur admin workspaces`.

use clap::Subcommand;
use facteur_domain::WorkspaceId;
use facteur_store::Workspace;
use serde_json::{Value, json};

use super::Desk;
use crate::failure::Failure;

/// The longest name, in characters.
const NAME_MAX: usize = 100;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Make a workspace.
    Create {
        /// The company's name.
        #[arg(long)]
        name: String,
    },
    /// List workspaces.
    List,
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Create { name } => create(desk, name).await,
        What::List => {
            let rows: Vec<Value> = desk.here.workspaces.iter().map(row).collect();
            desk.output.table(&rows, &["id", "name", "created_at"]);
            Ok(())
        }
    }
}

async fn create(desk: &Desk, name: String) -> Result<(), Failure> {
    let name = name.trim().to_owned();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Failure::new(format!("a workspace's name has 1 to {NAME_MAX} characters")));
    }
    let same = |workspace: &&Workspace| workspace.name.eq_ignore_ascii_case(&name);
    if let Some(there) = desk.here.workspaces.iter().find(same) {
        return Err(Failure::new(format!("there is a workspace {} already", there.name)));
    }
    let id = WorkspaceId::from_key(desk.fresh_key());
    let workspace = Workspace { id, name, created_at: desk.now };
    let made = row(&workspace);
    desk.store.create_workspace(workspace, desk.actor()).await?;
    desk.output.say(&made, || format!("workspace {id} made"));
    Ok(())
}

fn row(workspace: &Workspace) -> Value {
    json!({
        "id": workspace.id.to_string(),
        "name": workspace.name,
        "created_at": workspace.created_at.to_string(),
    })
}
