//! `facteur admin keys`.

use clap::Subcommand;
use facteur_domain::AccountKeyId;
use facteur_gateway::{Chance, NewKey, Scope, mint_key};
use facteur_store::ApiKey;
use serde_json::{Value, json};

use super::{Desk, there_are};
use crate::failure::Failure;

/// Requests a second when nothing else is said: what Allo publishes.
const READS: u32 = 20;
const WRITES: u32 = 5;

/// The longest label, in characters; the console takes as many.
const LABEL_MAX: usize = 60;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Make a key; its secret is shown once.
    Create(Create),
    /// List keys, without their secrets.
    List {
        /// Only those of this workspace (id or name).
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Revoke a key; for good.
    Revoke {
        /// Its id, as in `list`.
        key: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Id or name; needless when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    /// What its owner calls it.
    #[arg(long, default_value = "default")]
    label: String,
    /// What it may do, comma-separated.
    #[arg(long, value_delimiter = ',', default_value = "SMS_SEND", value_parser = scope)]
    scopes: Vec<Scope>,
    /// A test key: sends to the fiction range +33 6 39 98, never by a real route.
    #[arg(long)]
    test: bool,
    /// Reads a second.
    #[arg(long, default_value_t = READS, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    read_per_second: u32,
    /// Writes a second.
    #[arg(long, default_value_t = WRITES, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    write_per_second: u32,
    /// Messages a UTC day; unbounded without it.
    #[arg(long, value_name = "MESSAGES", value_parser = clap::value_parser!(u32).range(1..))]
    daily_quota: Option<u32>,
    /// The secret, for a benchmark whose tools fix it. Anyone who sees this process sees it.
    #[arg(long, hide = true, value_parser = crate::commands::fixed_secret)]
    secret: Option<String>,
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Create(create) => make(desk, create).await,
        What::List { workspace } => list(desk, workspace.as_deref()),
        What::Revoke { key } => revoke(desk, &key).await,
    }
}

async fn make(desk: &Desk, create: Create) -> Result<(), Failure> {
    let workspace = desk.workspace(create.workspace.as_deref())?;
    let label = create.label.trim().to_owned();
    if !(1..=LABEL_MAX).contains(&label.chars().count()) || label.chars().any(char::is_control) {
        return Err(Failure::new(format!("a key's label has 1 to {LABEL_MAX} characters")));
    }
    let NewKey { secret, visible, hash } = mint_key(Chance, create.test, create.secret.as_deref());
    let record = ApiKey {
        id: AccountKeyId::from_key(desk.fresh_key()),
        workspace,
        label,
        visible,
        hash,
        scopes: create.scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect(),
        test: create.test,
        read_per_second: create.read_per_second,
        write_per_second: create.write_per_second,
        daily_quota: create.daily_quota,
        created_at: desk.now,
        revoked_at: None,
    };
    let mut made = row(desk, &record);
    let id = record.id;
    desk.store.create_key(record, desk.actor()).await?;
    made["secret"] = json!(secret.show());
    desk.output.say(&made, || {
        let secret = secret.show();
        format!(
            "key {id} made; its secret is shown this once:\n\n  {secret}\n\n\
             Send it as `Authorization: <key>` or `Authorization: Api-Key <key>`."
        )
    });
    Ok(())
}

fn list(desk: &Desk, workspace: Option<&str>) -> Result<(), Failure> {
    let only = workspace.map(|named| desk.workspace(Some(named))).transpose()?;
    let keys = desk.here.keys.iter().filter(|key| only.is_none_or(|workspace| key.workspace == workspace));
    let rows: Vec<Value> = keys.map(|key| row(desk, key)).collect();
    let columns = [
        "id",
        "workspace",
        "label",
        "visible",
        "scopes",
        "test",
        "write_per_second",
        "daily_quota",
        "revoked_at",
    ];
    desk.output.table(&rows, &columns);
    Ok(())
}

async fn revoke(desk: &Desk, named: &str) -> Result<(), Failure> {
    let found = desk.here.keys.iter().find(|key| key.id.to_string() == named).ok_or_else(|| {
        let usable = desk.here.keys.iter().filter(|key| key.revoked_at.is_none());
        Failure::new(format!("no key {named}"))
            .cure(there_are(usable.map(|key| format!("{} ({})", key.id, key.label)), "keys"))
    })?;
    if let Some(at) = found.revoked_at {
        return Err(Failure::new(format!("the key {named} was revoked at {at}")));
    }
    desk.store.revoke_key(found.workspace, found.id, desk.now, desk.actor()).await?;
    let revoked = ApiKey { revoked_at: Some(desk.now), ..found.clone() };
    desk.output.say(&row(desk, &revoked), || format!("key {named} revoked"));
    Ok(())
}

fn row(desk: &Desk, key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "workspace": desk.workspace_name(key.workspace),
        "workspace_id": key.workspace.to_string(),
        "label": key.label,
        "visible": key.visible,
        "scopes": key.scopes,
        "test": key.test,
        "read_per_second": key.read_per_second,
        "write_per_second": key.write_per_second,
        "daily_quota": key.daily_quota,
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}
