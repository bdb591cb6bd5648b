//! Imports that run while their page shows how far they are, and then what became of every line.
//!
//! What an import has recorded is on disk, part by part; its report is kept in memory, the last few of the
//! whole process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use facteur_domain::WorkspaceId;
use facteur_gateway::{Chance, mint_token};
use facteur_store::{AuditLine, StoreError};

use super::Member;
use crate::app::App;
use crate::import::{Import, ImportFault};

/// Reports that are kept; the oldest makes room.
const KEPT: usize = 50;
/// Lines that the store takes at once: an import must not hold up the messages that go by.
const CHUNK: usize = 500;
/// Lines with faults that a report shows.
pub(super) const FAULTS_MAX: usize = 500;

/// The imports of this process.
#[derive(Debug, Default)]
pub(crate) struct Imports(Mutex<VecDeque<Arc<Job>>>);

/// Where an import goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ledger {
    Consents,
    OptOuts,
}

impl Ledger {
    pub(super) const ALL: [Self; 2] = [Self::Consents, Self::OptOuts];

    /// Its page, below the workspace's.
    pub(super) const fn home(self) -> &'static str {
        match self {
            Self::Consents => "/consents",
            Self::OptOuts => "/opt-outs",
        }
    }

    /// The key of its title.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Consents => "consents-title",
            Self::OptOuts => "optouts-title",
        }
    }

    /// What an import into it is called in the audit log.
    const fn action(self) -> &'static str {
        match self {
            Self::Consents => "consent.imported",
            Self::OptOuts => "opt_out.imported",
        }
    }
}

/// An import.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) ledger: Ledger,
    workspace: WorkspaceId,
    /// The file's name.
    pub(super) name: String,
    progress: Mutex<Progress>,
}

/// How far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Lines in all.
    pub(super) total: usize,
    /// Lines whose fate is known.
    pub(super) done: usize,
    pub(super) recorded: usize,
    pub(super) refused: usize,
    /// The first lines that were refused, and why.
    pub(super) faults: Vec<(u32, Vec<ImportFault>)>,
    pub(super) finished: bool,
    /// The service could not go on: what is not recorded must be sent again.
    pub(super) broken: bool,
}

impl Job {
    pub(super) fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Imports {
    /// The import of this id, if it is of this workspace and still known.
    pub(super) fn find(&self, workspace: WorkspaceId, id: &str) -> Option<Arc<Job>> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().find(|job| job.id == id && job.workspace == workspace).cloned()
    }

    fn add(&self, job: Arc<Job>) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while jobs.len() >= KEPT {
            jobs.pop_front();
        }
        jobs.push_back(job);
    }
}

/// Starts an import: the right lines go to `keep` in order, a bounded number at a time. The audit log says how
/// it ended.
pub(super) fn start<T, F>(
    app: &App,
    (member, ledger): (&Member, Ledger),
    name: String,
    import: Import<T>,
    keep: impl Fn(Vec<T>) -> F + Send + Sync + 'static,
) -> String
where
    T: Send + 'static,
    F: Future<Output = Result<usize, StoreError>> + Send + 'static,
{
    let id = mint_token(Chance).token.into_inner();
    let total = import.lines.len();
    let progress = Mutex::new(Progress { total, ..Progress::default() });
    let workspace = member.workspace();
    let job = Arc::new(Job { id: id.clone(), ledger, workspace, name, progress });
    app.imports.add(job.clone());
    let (gateway, actor) = (app.gateway.clone(), member.actor());
    app.tracker.spawn(async move {
        record(&job, import, keep).await;
        let Progress { recorded, refused, .. } = job.progress();
        let detail = format!("{}: {recorded} recorded, {refused} refused", job.name);
        let line = AuditLine::new(gateway.now(), actor, Some(workspace), ledger.action(), detail);
        if let Err(why) = gateway.store().note(line).await {
            tracing::error!(%why, "an import is missing from the audit log");
        }
        job.change(|progress| progress.finished = true);
    });
    id
}

async fn record<T, F>(job: &Job, import: Import<T>, keep: impl Fn(Vec<T>) -> F)
where
    F: Future<Output = Result<usize, StoreError>>,
{
    let mut right = Vec::with_capacity(CHUNK);
    for line in import.lines {
        match line.entry {
            Ok(entry) => right.push(entry),
            Err(faults) => job.change(|progress| {
                progress.done += 1;
                progress.refused += 1;
                if progress.faults.len() < FAULTS_MAX {
                    progress.faults.push((line.line, faults));
                }
            }),
        }
        if right.len() >= CHUNK && !part(job, &keep, std::mem::take(&mut right)).await {
            return;
        }
    }
    if !right.is_empty() {
        part(job, &keep, right).await;
    }
}

/// Records a part; whether to go on.
async fn part<T, F>(job: &Job, keep: &impl Fn(Vec<T>) -> F, right: Vec<T>) -> bool
where
    F: Future<Output = Result<usize, StoreError>>,
{
    let count = right.len();
    match keep(right).await {
        Ok(recorded) => {
            job.change(|progress| {
                progress.done += count;
                progress.recorded += recorded;
            });
            true
        }
        Err(why) => {
            tracing::error!(%why, "an import broke off");
            job.change(|progress| progress.broken = true);
            false
        }
    }
}
