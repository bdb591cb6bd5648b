//! `facteur admin senders` and `short-codes`: declaration and the reviewer's decisions.

use clap::Subcommand;
use facteur_domain::{Class, Sender, SenderRecordId, SenderState};
use facteur_store::SenderRecord;
use serde_json::{Value, json};

use super::{Desk, there_are};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Declare a Sender ID: 3 to 11 letters and digits, one letter at least. It waits for a review.
    Declare(Declare),
    /// List senders in every state.
    List(List),
    /// The review is passed: it may send.
    Validate(Decide),
    /// The review is not passed, for a reason that the customer reads.
    Fail(DecideWhy),
    /// Withdraw a validated sender, for a reason that the customer reads.
    Disable(DecideWhy),
    /// Give a disabled sender back.
    Enable(Decide),
    /// Put a failed sender up for review again.
    Resubmit(Decide),
}

#[derive(Debug, Subcommand)]
pub(super) enum Codes {
    /// Add a short code that the operators have allocated: declared and validated at once. With `--shared`
    /// to each workspace that is to share it.
    Add(Add),
    /// List short codes in every state.
    List(List),
    /// Withdraw a short code, for a reason that the customer reads.
    Disable(DecideWhy),
    /// Give a disabled short code back.
    Enable(Decide),
}

#[derive(Debug, clap::Args)]
pub(super) struct Declare {
    /// The Sender ID or short code.
    sender: Sender,
    /// Id or name; needless when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    /// The class of messages that do not say theirs [default: marketing for 36xxx and for Sender
    /// IDs, transactional for 38xxx].
    #[arg(long, value_parser = class)]
    class: Option<Class>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    #[command(flatten)]
    declare: Declare,
    /// Several workspaces have it: what phones send there is told apart by keyword, else by who wrote last.
    #[arg(long)]
    shared: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only those of this workspace (id or name).
    #[arg(long)]
    workspace: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// The Sender ID or short code.
    sender: Sender,
    /// Id or name; needless when only one has this sender.
    #[arg(long)]
    workspace: Option<String>,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct DecideWhy {
    /// The Sender ID or short code.
    sender: Sender,
    /// Id or name; needless when only one has this sender.
    #[arg(long)]
    workspace: Option<String>,
    /// Why: the customer reads it.
    #[arg(long)]
    reason: String,
}

impl From<DecideWhy> for Decide {
    fn from(why: DecideWhy) -> Self {
        Self { sender: why.sender, workspace: why.workspace, reason: Some(why.reason) }
    }
}

fn class(name: &str) -> Result<Class, String> {
    Class::from_name(name)
        .ok_or_else(|| format!("expected one of {}", Class::ALL.map(Class::as_str).join(", ")))
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Declare(declare) => {
            let record = declared(desk, &declare, false).await?;
            say(desk, &record);
        }
        What::List(args) => list(desk, &args, |_| true)?,
        What::Validate(args) | What::Enable(args) => decide(desk, args, SenderState::Validated).await?,
        What::Fail(args) => decide(desk, args.into(), SenderState::Failed).await?,
        What::Disable(args) => decide(desk, args.into(), SenderState::Disabled).await?,
        What::Resubmit(args) => decide(desk, args, SenderState::Pending).await?,
    }
    Ok(())
}

pub(super) async fn run_codes(desk: &Desk, what: Codes) -> Result<(), Failure> {
    match what {
        Codes::Add(add) => add_code(desk, &add).await,
        Codes::List(args) => list(desk, &args, |sender| matches!(sender, Sender::Code(_))),
        Codes::Disable(args) => decide(desk, args.into(), SenderState::Disabled).await,
        Codes::Enable(args) => decide(desk, args, SenderState::Validated).await,
    }
}

async fn add_code(desk: &Desk, Add { declare, shared }: &Add) -> Result<(), Failure> {
    if !matches!(declare.sender, Sender::Code(_)) {
        return Err(Failure::new(format!("{} is no short code", declare.sender)).cure(
            "short codes are 36000 to 36999 and 38000 to 38999; a Sender ID is made by `senders declare`",
        ));
    }
    let mut record = declared(desk, declare, *shared).await?;
    if record.dossier.shared_code != *shared {
        let how = if *shared { "to itself" } else { "with others" };
        return Err(Failure::new(format!("the workspace has {} already, {how}", record.sender))
            .cure("whether a code is shared cannot be changed while it is used: it takes another code"));
    }
    if record.state == SenderState::Pending {
        let to = SenderState::Validated;
        let moved =
            desk.store.decide_sender(record.workspace, record.sender, to, None, desk.now, desk.actor());
        record = moved.await?;
    }
    say(desk, &record);
    Ok(())
}

async fn declared(desk: &Desk, declare: &Declare, shared_code: bool) -> Result<SenderRecord, Failure> {
    let record = SenderRecord {
        id: SenderRecordId::from_key(desk.fresh_key()),
        workspace: desk.workspace(declare.workspace.as_deref())?,
        sender: declare.sender,
        class: declare.class.unwrap_or_else(|| usual_class(declare.sender)),
        state: SenderState::Pending,
        reason: None,
        decided_by: desk.by.clone(),
        created_at: desk.now,
        decided_at: desk.now,
        dossier: facteur_store::Dossier { shared_code, ..facteur_store::Dossier::default() },
    };
    Ok(desk.store.declare_sender(record, desk.actor()).await?)
}

/// Unknown counts as marketing: the strictest rules. 38xxx is for transactional messages only.
const fn usual_class(sender: Sender) -> Class {
    match sender {
        Sender::Code(code) if !code.is_marketing() => Class::Transactional,
        _ => Class::Marketing,
    }
}

async fn decide(desk: &Desk, args: Decide, to: SenderState) -> Result<(), Failure> {
    let only = args.workspace.as_deref().map(|named| desk.workspace(Some(named))).transpose()?;
    let all = &desk.here.senders;
    let matches = |record: &&SenderRecord| {
        record.sender.folded() == args.sender.folded()
            && only.is_none_or(|workspace| record.workspace == workspace)
    };
    let found: Vec<&SenderRecord> = all.iter().filter(matches).collect();
    let record = match found.as_slice() {
        [record] => *record,
        [] => {
            let known = all.iter().map(|r| format!("{} ({})", r.sender, r.state.as_str()));
            return Err(Failure::new(format!("no sender {}", args.sender)).cure(there_are(known, "senders")));
        }
        several => {
            let owners = several.iter().map(|r| desk.workspace_name(r.workspace).to_owned());
            return Err(Failure::new(format!(
                "several workspaces have a sender {}: name one with `--workspace`",
                args.sender
            ))
            .cure(there_are(owners, "workspaces")));
        }
    };
    let moved = desk
        .store
        .decide_sender(record.workspace, record.sender, to, args.reason, desk.now, desk.actor())
        .await?;
    say(desk, &moved);
    Ok(())
}

fn list(desk: &Desk, args: &List, wanted: impl Fn(Sender) -> bool) -> Result<(), Failure> {
    let only = args.workspace.as_deref().map(|named| desk.workspace(Some(named))).transpose()?;
    let records =
        desk.here.senders.iter().filter(|record| {
            wanted(record.sender) && only.is_none_or(|workspace| record.workspace == workspace)
        });
    let rows: Vec<Value> = records.map(|record| row(desk, record)).collect();
    desk.output
        .table(&rows, &["sender", "workspace", "class", "state", "reason", "decided_by", "decided_at"]);
    Ok(())
}

fn say(desk: &Desk, record: &SenderRecord) {
    desk.output.say(&row(desk, record), || {
        let (state, workspace) = (record.state.as_str(), desk.workspace_name(record.workspace));
        format!("{} of {workspace} is {state} ({})", record.sender, record.class)
    });
}

fn row(desk: &Desk, record: &SenderRecord) -> Value {
    json!({
        "id": record.id.to_string(),
        "sender": record.sender.to_string(),
        "workspace": desk.workspace_name(record.workspace),
        "workspace_id": record.workspace.to_string(),
        "class": record.class.as_str(),
        "state": record.state.as_str(),
        "reason": record.reason,
        "decided_by": record.decided_by,
        "created_at": record.created_at.to_string(),
        "decided_at": record.decided_at.to_string(),
    })
}
