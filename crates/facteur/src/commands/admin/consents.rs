//! `facteur admin consents`: the ledger of a workspace.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use facteur_domain::{Msisdn, WorkspaceId};
use facteur_http::{ExportForm, Import, ImportContext, read_consents, write_consents};
use facteur_store::{ChainReport, NewConsent};
use serde_json::{Value, json};

use super::Desk;
use crate::data::NewFile;
use crate::failure::Failure;

/// How many entries the store takes at once: an import must not hold up a gateway that runs.
const CHUNK: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Compute the chain of hashes again, from the first entry: of one workspace, or of all.
    Verify {
        /// Only this one (id or name).
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Record the consents of a CSV file. Every line that is wrong is listed.
    Import {
        /// The file: columns number, basis, purpose, collected_at, source, text_shown and, if you like,
        /// advertiser, evidence and professional.
        file: PathBuf,
        /// Id or name; needless when there is only one.
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Write the ledger, or a person's part of it, to a file or to standard output.
    Export(Export),
    /// Record that a person withdrew what they had given.
    Withdraw {
        /// Whose, as in +33612345678.
        #[arg(value_parser = number)]
        number: Msisdn,
        /// Id or name; needless when there is only one.
        #[arg(long)]
        workspace: Option<String>,
        /// Only for this advertiser's marketing.
        #[arg(long)]
        advertiser: Option<String>,
        /// How and why, for the records.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// Id or name; needless when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    /// Only what concerns this number.
    #[arg(long, value_parser = number)]
    number: Option<Msisdn>,
    /// `csv` for spreadsheets; `jsonl` has all that is needed to compute the chain again.
    #[arg(long, value_enum, default_value = "csv")]
    format: Form,
    /// The file to write, which must not exist [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Jsonl,
}

/// A number in E.164.
pub(super) fn number(text: &str) -> Result<Msisdn, String> {
    Msisdn::parse(text).map_err(|why| why.to_string())
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Verify { workspace } => verify(desk, workspace.as_deref()).await,
        What::Import { file, workspace } => import(desk, &file, workspace.as_deref()).await,
        What::Export(wish) => export(desk, wish).await,
        What::Withdraw { number, workspace, advertiser, reason } => {
            let workspace = desk.workspace(workspace.as_deref())?;
            let ended =
                desk.store.withdraw_consent(workspace, number, advertiser, reason, desk.now, desk.actor());
            let ended = ended.await?;
            let ids: Vec<String> = ended.iter().map(|entry| entry.id.to_string()).collect();
            desk.output.say(&json!({ "withdrawn": ids }), || match ids.len() {
                0 => "nothing held for this number".to_owned(),
                count => format!("{count} withdrawn"),
            });
            Ok(())
        }
    }
}

async fn verify(desk: &Desk, named: Option<&str>) -> Result<(), Failure> {
    let workspaces: Vec<WorkspaceId> = match named {
        Some(named) => vec![desk.workspace(Some(named))?],
        None => desk.here.workspaces.iter().map(|workspace| workspace.id).collect(),
    };
    let mut rows = Vec::new();
    let mut broken = 0;
    for workspace in workspaces {
        let report = desk.store.verify_consents(workspace).await?;
        broken += usize::from(report.broken_at.is_some());
        rows.push(verified(desk, workspace, report));
    }
    desk.output.table(&rows, &["workspace", "entries", "sound", "broken_at", "head"]);
    if broken == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{broken} of {} ledgers are not as they were written", rows.len()))
        .cure("compare with a backup; entries before `broken_at` are sound"))
}

fn verified(desk: &Desk, workspace: WorkspaceId, report: ChainReport) -> Value {
    let head: String = report.head.iter().map(|octet| format!("{octet:02x}")).collect();
    json!({
        "workspace": desk.workspace_name(workspace),
        "workspace_id": workspace.to_string(),
        "entries": report.entries,
        "sound": report.broken_at.is_none(),
        "broken_at": report.broken_at,
        "head": head,
    })
}

/// Reads a file of consents.
pub(super) fn read(desk: &Desk, file: &Path, workspace: WorkspaceId) -> Result<Import<NewConsent>, Failure> {
    let octets = std::fs::read(file)
        .map_err(|error| Failure::new(format!("{} cannot be read", file.display())).because(error))?;
    let settings = desk.here.settings.iter().find(|(id, _)| *id == workspace);
    let advertiser =
        settings.map_or_else(|| desk.workspace_name(workspace), |(_, chosen)| chosen.advertiser.as_str());
    read_consents(&octets, ImportContext { advertiser, now: desk.now }).map_err(|why| {
        Failure::new(format!("{} is no table of consents", file.display())).cure(why.to_string())
    })
}

async fn import(desk: &Desk, file: &Path, workspace: Option<&str>) -> Result<(), Failure> {
    let workspace = desk.workspace(workspace)?;
    let import = read(desk, file, workspace)?;
    let (encoding, separator, all) = (import.encoding, import.separator_name(), import.lines.len());
    let mut faults = Vec::new();
    let mut right = Vec::new();
    let mut wrong = 0;
    for line in import.lines {
        match line.entry {
            Ok(consent) => right.push(consent),
            Err(found) => {
                wrong += 1;
                faults.extend(found.into_iter().map(
                    |fault| json!({"line": line.line, "column": fault.column, "message": fault.message}),
                ));
            }
        }
    }
    let recorded = record(desk, workspace, right).await?;
    let report = json!({
        "encoding": encoding, "separator": separator, "lines": all, "recorded": recorded, "refused": wrong,
        "faults": faults,
    });
    desk.output.say(&report, || {
        let mut text = format!("{recorded} of {all} lines recorded ({encoding}, separator {separator})");
        for fault in &faults {
            let (line, column) = (&fault["line"], fault["column"].as_str().unwrap_or_default());
            let message = fault["message"].as_str().unwrap_or_default();
            text += &format!("\nline {line}{}{column}: {message}", if column.is_empty() { "" } else { ", " });
        }
        text
    });
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{wrong} of {all} lines were not recorded"))
        .cure("mend those lines and import them alone: what is recorded would be recorded twice"))
}

/// Records consents a chunk at a time, and tells how far it is.
async fn record(desk: &Desk, workspace: WorkspaceId, consents: Vec<NewConsent>) -> Result<usize, Failure> {
    let all = consents.len();
    let mut rest = consents;
    let mut recorded = 0;
    while !rest.is_empty() {
        let next = rest.split_off(rest.len().min(CHUNK));
        let chunk = std::mem::replace(&mut rest, next);
        let kept =
            desk.store.record_consents(workspace, chunk, desk.now, desk.actor()).await.map_err(|why| {
                Failure::from(why)
                    .cure(format!("{recorded} of {all} were recorded before; import the rest alone"))
            })?;
        recorded += kept.len();
        progress(recorded, all);
    }
    Ok(recorded)
}

/// A line on a terminal that is written over; nothing where nobody watches, or where it is over at once.
fn progress(done: usize, all: usize) {
    let mut to = std::io::stderr().lock();
    if all > CHUNK && to.is_terminal() {
        let end = if done == all { "\n" } else { "" };
        // A terminal that went away is no reason to stop.
        let _ = write!(to, "\r{done} of {all} recorded{end}");
        let _ = to.flush();
    }
}

async fn export(desk: &Desk, wish: Export) -> Result<(), Failure> {
    let workspace = desk.workspace(wish.workspace.as_deref())?;
    let form = match wish.format {
        Form::Csv => ExportForm::Csv,
        Form::Jsonl => ExportForm::JsonLines,
    };
    let shown =
        wish.output.as_ref().map_or_else(|| "standard output".into(), |file| file.display().to_string());
    let failed = |error: std::io::Error| {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        let failure = Failure::new(format!("{shown} cannot be written")).because(error);
        if exists { failure.cure("name a file that does not exist") } else { failure }
    };
    let Some(file) = &wish.output else {
        let mut to = std::io::stdout().lock();
        write(desk, workspace, wish.number, form, &mut to, failed).await?;
        return to.flush().map_err(failed);
    };
    let mut to = NewFile::create(file).map_err(failed)?;
    write(desk, workspace, wish.number, form, &mut to, failed).await?;
    to.finish().map_err(failed)
}

async fn write(
    desk: &Desk,
    workspace: WorkspaceId,
    number: Option<Msisdn>,
    form: ExportForm,
    to: &mut impl std::io::Write,
    failed: impl Fn(std::io::Error) -> Failure,
) -> Result<(), Failure> {
    if let Some(number) = number {
        let entries = desk.store.consents(workspace, number).await?;
        return to.write_all(&write_consents(entries, form, true)).map_err(failed);
    }
    let mut after = 0;
    loop {
        let entries = desk.store.consent_export(workspace, Some(after), CHUNK).await?;
        let (count, last) = (entries.len(), entries.last().map(|entry| entry.sequence));
        to.write_all(&write_consents(entries, form, after == 0)).map_err(&failed)?;
        match last {
            Some(last) if count == CHUNK => after = last,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::*;

    const FILE: &str = "number;basis;purpose;collected_at;source;text_shown\n\
        0612345678;consent;offers;10/01/2024;form;I agree\n\
        nobody;consent;offers;10/01/2024;form;I agree\n\
        0612345679;consent;offers;10/01/2024;form;I agree\n";

    #[tokio::test]
    async fn a_file_is_imported_verified_exported_and_withdrawn_from() {
        let scratch = Scratch::new().await;
        let desk = &scratch.desk;
        let file = scratch.file("consents.csv", FILE);
        let told = run(desk, What::Import { file, workspace: None }).await.expect_err("a line is wrong");
        assert!(told.to_string().contains("1 of 3 lines were not recorded"), "{told}");
        run(desk, What::Verify { workspace: None }).await.expect("sound");
        let output = scratch.file("ledger.csv", "kept").with_file_name("export.jsonl");
        let wish =
            Export { workspace: None, number: None, format: Form::Jsonl, output: Some(output.clone()) };
        run(desk, What::Export(wish)).await.expect("exported");
        let exported = std::fs::read_to_string(output).expect("a file");
        assert_eq!(exported.lines().count(), 2);
        assert!(exported.contains("\"advertiser\":\"Demo\""), "{exported}");
        let number = number("+33612345678").expect("a number");
        let withdraw =
            What::Withdraw { number, workspace: None, advertiser: None, reason: "asked".to_owned() };
        run(desk, withdraw).await.expect("withdrawn");
        let entries = desk.store.consents(desk.here.workspaces[0].id, number).await.expect("entries");
        assert_eq!(entries.len(), 2, "given, then withdrawn");
    }
}
