//! What the lists cost that people walk page by page, at so many rows: the first page, one in the middle, the
//! last one.
//!
//! `cargo run --release -p facteur-store --example walks -- DATABASE [rows]`
//!
//! An empty database gets a workspace with `rows` (100,000) opt-outs, as many consents and as many lines of the
//! audit log, recorded 500 at once as an import does; one opt-out of a thousand is doubtful.

#![expect(clippy::disallowed_methods, reason = "a tool reads the clock")]

use std::path::Path;
use std::time::Instant;

use facteur_domain::{Basis, Msisdn, OptOutScope, Timestamp, WorkspaceId};
use facteur_store::{
    Actor, AuditFilter, AuditLine, NewConsent, NewOptOut, OptOutFilter, OptOutState, Options, Page, Store,
    Workspace,
};

/// Rows of one transaction.
const CHUNK: u64 = 500;
/// Rows of a page.
const PAGE: usize = 50;
/// One of so many opt-outs is doubtful.
const DOUBTFUL: u64 = 1_000;

fn number(n: u64) -> Msisdn {
    Msisdn::from_digits(33_600_000_000 + n).expect("a number")
}

fn stop(n: u64) -> NewOptOut {
    let source = "import".to_owned();
    NewOptOut { number: number(n), scope: OptOutScope::Workspace, advertiser: None, source, reason: None }
}

fn consent(n: u64, at: Timestamp) -> NewConsent {
    NewConsent {
        number: number(n),
        basis: Basis::Consent,
        advertiser: "Ma Boutique".to_owned(),
        purpose: "offres".to_owned(),
        collected_at: at,
        source: "https://exemple.fr/inscription".to_owned(),
        text_shown: "J'accepte de recevoir les offres de Ma Boutique par SMS".to_owned(),
        evidence: None,
        professional: false,
    }
}

async fn fill(store: &Store, workspace: WorkspaceId, rows: u64, at: Timestamp) {
    let actor = || Actor::named("fill");
    let new = Workspace { id: workspace, name: "Ma Boutique".to_owned(), created_at: at };
    store.create_workspace(new, actor()).await.expect("made");
    for first in (0..rows).step_by(usize::try_from(CHUNK).expect("small")) {
        let chunk = first..rows.min(first + CHUNK);
        let (doubtful, sure): (Vec<u64>, Vec<u64>) = chunk.clone().partition(|n| n % DOUBTFUL == 0);
        let sure = sure.into_iter().map(stop).collect();
        store.record_opt_outs(workspace, sure, at, actor()).await.expect("recorded");
        let doubtful = doubtful.into_iter().map(stop).collect();
        store.review_opt_outs(workspace, doubtful, at, actor()).await.expect("recorded");
        let consents = chunk.clone().map(|n| consent(n, at)).collect();
        store.record_consents(workspace, consents, at, actor()).await.expect("recorded");
        let lines = chunk.map(|n| {
            let who = if n % DOUBTFUL == 0 { "ana@exemple.fr" } else { "fill" };
            let line = AuditLine::new(at, Actor::named(who), Some(workspace), "key.created", n.to_string());
            store.note(line)
        });
        for noted in lines.collect::<Vec<_>>() {
            noted.await.expect("noted");
        }
    }
}

async fn timed<T, F: Future<Output = T>>(what: &str, work: impl FnOnce() -> F) -> T {
    let started = Instant::now();
    let done = work().await;
    println!("{what:<55} {:>8.2} ms", started.elapsed().as_secs_f64() * 1_000.0);
    done
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let Some(path) = args.get(1) else {
        eprintln!("usage: walks DATABASE [rows]");
        std::process::exit(2);
    };
    let rows: u64 = args.get(2).and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    let store = Store::open(Options::new(Path::new(path)), Box::new(|_| {})).expect("opens");
    let at = Timestamp::from_millis(1_795_000_000_000);
    let workspace = WorkspaceId::from_key(16);
    if store.directory().await.expect("read").workspaces.is_empty() {
        timed("filled", || fill(&store, workspace, rows, at)).await;
    }
    let read = "read";
    let all = OptOutFilter::default();
    let review = OptOutFilter { state: Some(OptOutState::Review), holds: Some(true), number: None };
    let of = OptOutFilter { number: Some(number(rows / 2)), ..all };
    let first =
        timed("opt-outs, first page", || store.opt_outs_below(workspace, all, None, PAGE)).await.expect(read);
    let mut last = first.last().map(|stop| stop.id);
    let started = Instant::now();
    let mut pages = 1;
    loop {
        let page = store.opt_outs_below(workspace, all, last, PAGE).await.expect(read);
        if page.len() < PAGE {
            break;
        }
        (pages, last) = (pages + 1, page.last().map(|stop| stop.id));
    }
    println!(
        "opt-outs, {pages} pages, each {:>37.2} ms",
        started.elapsed().as_secs_f64() * 1_000.0 / f64::from(pages)
    );
    timed("opt-outs, last page", || store.opt_outs_below(workspace, all, last, PAGE)).await.expect(read);
    timed("opt-outs to be read", || store.opt_outs_below(workspace, review, None, PAGE)).await.expect(read);
    timed("opt-outs of a number", || store.opt_outs_below(workspace, of, None, PAGE)).await.expect(read);
    let deep = Page { page: u32::try_from(rows / 100).expect("small"), size: 50 };
    timed("opt-outs, a deep page by its number, with a count", || store.opt_outs(workspace, all, deep))
        .await
        .expect(read);
    timed("consents, first page", || store.consents_below(workspace, None, PAGE)).await.expect(read);
    timed("consents, last page", || store.consents_below(workspace, Some(60), PAGE)).await.expect(read);
    let who = |before| AuditFilter { actor: Some("ANA".to_owned()), before, ..AuditFilter::default() };
    let log = |filter| store.audit_lines(Some(workspace), filter, PAGE);
    timed("audit log, first page", || log(AuditFilter::default())).await.expect(read);
    let end = AuditFilter { before: Some(60), ..AuditFilter::default() };
    timed("audit log, last page", || log(end)).await.expect(read);
    timed("audit log, one of 1,000 by who", || log(who(None))).await.expect(read);
    let never = AuditFilter { action: Some("sender.".to_owned()), ..AuditFilter::default() };
    timed("audit log, what never happened", || log(never)).await.expect(read);
    store.close().await.expect("closes");
}
