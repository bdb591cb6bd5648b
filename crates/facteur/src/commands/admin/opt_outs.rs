//! `facteur admin opt-outs`: who said STOP.

use std::path::PathBuf;

use clap::Subcommand;
use facteur_domain::{Msisdn, OptOutId, OptOutScope};
use facteur_store::{NewOptOut, OptOut, Page};
use serde_json::{Value, json};

use super::Desk;
use super::consents::{number, read};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Record that a person said STOP: nothing that it covers leaves any more.
    Add {
        /// Whose, as in +33612345678.
        #[arg(value_parser = number)]
        number: Msisdn,
        /// Id or name; needless when there is only one.
        #[arg(long)]
        workspace: Option<String>,
        /// How far it reaches: advertiser, workspace or platform.
        #[arg(long, default_value = "advertiser", value_parser = scope)]
        scope: OptOutScope,
        /// Whose marketing it ends [default: the workspace's own advertiser].
        #[arg(long)]
        advertiser: Option<String>,
        /// Why, for the records.
        #[arg(long)]
        reason: Option<String>,
    },
    /// List opt-outs, newest first, lifted ones too.
    List {
        /// Id or name; needless when there is only one.
        #[arg(long)]
        workspace: Option<String>,
        /// Only this number's.
        #[arg(long, value_parser = number)]
        number: Option<Msisdn>,
        /// Which page, from 1.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
        /// Lines a page.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
        size: u32,
    },
    /// Lift an opt-out, on a new consent of the person.
    Lift {
        /// Its id, as in `list`.
        id: OptOutId,
        /// Id or name; needless when there is only one.
        #[arg(long)]
        workspace: Option<String>,
        /// Why, for the records.
        #[arg(long)]
        reason: String,
        /// A CSV file with the new consent, as for `consents import`, one line; needless only for an
        /// opt-out that was doubtful.
        #[arg(long, value_name = "FILE")]
        consent: Option<PathBuf>,
    },
}

fn scope(name: &str) -> Result<OptOutScope, String> {
    OptOutScope::from_name(name)
        .ok_or_else(|| format!("expected one of {}", OptOutScope::ALL.map(OptOutScope::as_str).join(", ")))
}

pub(super) async fn run(desk: &Desk, what: What) -> Result<(), Failure> {
    match what {
        What::Add { number, workspace, scope, advertiser, reason } => {
            let workspace = desk.workspace(workspace.as_deref())?;
            let source = "cli".to_owned();
            let wanted = NewOptOut { number, scope, advertiser, source, reason };
            let recording = desk.store.record_opt_outs(workspace, vec![wanted], desk.now, desk.actor());
            let (kept, withdrawn) = recording.await?;
            for opt_out in &kept {
                desk.output.say(&row(opt_out), || {
                    let (id, scope) = (opt_out.id, opt_out.scope);
                    format!("{id} holds ({scope}); {} waiting messages were withdrawn", withdrawn.len())
                });
            }
            Ok(())
        }
        What::List { workspace, number, page, size } => {
            let workspace = desk.workspace(workspace.as_deref())?;
            let found = desk.store.opt_outs(workspace, number, Page { page, size }).await?;
            let rows: Vec<Value> = found.rows.iter().map(row).collect();
            let columns =
                ["id", "number", "scope", "advertiser", "source", "state", "created_at", "lifted_at"];
            desk.output.table(&rows, &columns);
            Ok(())
        }
        What::Lift { id, workspace, reason, consent } => {
            lift(desk, id, workspace.as_deref(), reason, consent).await
        }
    }
}

async fn lift(
    desk: &Desk,
    id: OptOutId,
    workspace: Option<&str>,
    reason: String,
    file: Option<PathBuf>,
) -> Result<(), Failure> {
    let workspace = desk.workspace(workspace)?;
    let consent = match &file {
        None => None,
        Some(file) => {
            let mut lines = read(desk, file, workspace)?.lines.into_iter();
            let (Some(line), None) = (lines.next(), lines.next()) else {
                return Err(Failure::new(format!("{} must have one line, and its heading", file.display())));
            };
            Some(line.entry.map_err(|faults| {
                let faults: Vec<String> =
                    faults.into_iter().map(|fault| format!("{}: {}", fault.column, fault.message)).collect();
                Failure::new(format!("the consent in {} is wrong", file.display())).cure(faults.join("; "))
            })?)
        }
    };
    let lifting = desk.store.lift_opt_out(workspace, id, reason, consent, desk.now, desk.actor());
    let lifted = lifting.await.map_err(|why| {
        Failure::from(why)
            .cure("`--consent FILE` gives the person's new consent, collected after the opt-out")
    })?;
    desk.output.say(&row(&lifted), || format!("{id} is lifted"));
    Ok(())
}

fn row(opt_out: &OptOut) -> Value {
    json!({
        "id": opt_out.id.to_string(),
        "number": opt_out.number.map(|number| number.to_string()),
        "scope": opt_out.scope.as_str(),
        "advertiser": opt_out.advertiser,
        "source": opt_out.source,
        "reason": opt_out.reason,
        "state": opt_out.state.as_str(),
        "created_at": opt_out.created_at.to_string(),
        "created_by": opt_out.created_by,
        "lifted_at": opt_out.lifted.as_ref().map(|end| end.at.to_string()),
        "lifted_reason": opt_out.lifted.as_ref().map(|end| end.reason.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::*;

    #[tokio::test]
    async fn an_opt_out_is_added_once_and_lifted_on_a_consent() {
        let scratch = Scratch::new().await;
        let desk = &scratch.desk;
        let person = number("+33612345678").expect("a number");
        let add = || What::Add {
            number: person,
            workspace: None,
            scope: OptOutScope::Advertiser,
            advertiser: None,
            reason: None,
        };
        run(desk, add()).await.expect("added");
        run(desk, add()).await.expect("there already");
        let workspace = desk.here.workspaces[0].id;
        let there = desk.store.opt_outs(workspace, None, Page { page: 1, size: 10 }).await.expect("a page");
        let [opt_out] = there.rows.as_slice() else { panic!("one opt-out") };
        assert_eq!(opt_out.source, "cli");
        let lift = |consent| What::Lift { id: opt_out.id, workspace: None, reason: "x".to_owned(), consent };
        let told = run(desk, lift(None)).await.expect_err("no consent");
        assert!(told.to_string().contains("--consent"), "{told}");
        let later = scratch.later().await;
        let file = scratch.file(
            "consent.csv",
            &format!(
                "number,basis,purpose,collected_at,source,text_shown\n\
                 +33612345678,consent,offers,{},form,I agree\n",
                later.now
            ),
        );
        run(&later, lift(Some(file))).await.expect("lifted");
        let there = later.store.opt_outs(workspace, None, Page { page: 1, size: 10 }).await.expect("a page");
        assert!(there.rows[0].lifted.is_some());
    }
}
