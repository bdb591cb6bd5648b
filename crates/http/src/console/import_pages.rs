//! Compliance > Consents and Opt-outs > Import: a file is chosen, its lines go by, and each that was refused
//! is told with what is wrong with it, in the viewer's language.

use std::sync::Arc;

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use facteur_store::{NewConsent, NewOptOut};

use super::imports::{self, FAULTS_MAX, Job, Ledger, Progress};
use super::lang::Lang;
use super::senders::unread;
use super::{Member, Page, Pages, Permission, Trouble, mend, render};
use crate::api::consents as api;
use crate::api::senders::evidence::tame_name;
use crate::app::App;
use crate::import::{ImportFault, NoTable, read_consents, read_opt_outs};

/// What a form adds to the file it carries, in octets.
const FORM_MORE: usize = 64 * 1024;

pub(super) fn mount(pages: &mut Pages<'_>) {
    let limit = pages.app().options.bulk_max + FORM_MORE;
    for ledger in Ledger::ALL {
        let chosen =
            move |app: State<App>, member: Member, form: Multipart| import(app, member, form, ledger);
        let choose = move |member: Member| choose(member, ledger);
        let upload = get(choose).merge(post(chosen).layer(DefaultBodyLimit::max(limit)));
        let home = ledger.home();
        pages.member(&format!("{home}/import"), Permission::ManageConsents, upload);
        pages.member(&format!("{home}/imports/{{id}}"), Permission::ManageConsents, get(report));
    }
}

#[derive(Template)]
#[template(path = "import.html")]
struct Choosing {
    page: Page,
    ledger: Ledger,
    wrong: Option<String>,
}

impl Choosing {
    fn new(member: &Member, ledger: Ledger) -> Self {
        let title = match ledger {
            Ledger::Consents => "consents-import",
            Ledger::OptOuts => "optouts-import",
        };
        Self { page: member.page(title), ledger, wrong: None }
    }

    /// With what is wrong with the file.
    fn wrong(self, why: &str) -> Result<Response, Trouble> {
        mend(&Self { wrong: Some(why.to_owned()), ..self })
    }

    /// Columns that must be there, each with what stands in it; and those that may.
    fn columns(&self) -> (Vec<(&'static str, String)>, Vec<&'static str>) {
        let page = &self.page;
        match self.ledger {
            Ledger::Consents => (
                vec![
                    ("number", page.t("consents-number")),
                    ("basis", "consent, existing_customer, b2b".to_owned()),
                    ("purpose", page.t("consents-purpose")),
                    ("collected_at", "22/11/2026 10:15".to_owned()),
                    ("source", page.t("consents-source")),
                    ("text_shown", page.t("consents-text")),
                ],
                vec!["advertiser", "evidence", "professional"],
            ),
            Ledger::OptOuts => {
                (vec![("number", page.t("consents-number"))], vec!["scope", "advertiser", "reason"])
            }
        }
    }
}

async fn choose(member: Member, ledger: Ledger) -> Result<Response, Trouble> {
    render(&Choosing::new(&member, ledger))
}

async fn import(
    State(app): State<App>,
    member: Member,
    mut form: Multipart,
    ledger: Ledger,
) -> Result<Response, Trouble> {
    let mut file: Option<(String, Bytes)> = None;
    while let Some(field) = form.next_field().await.map_err(unread)? {
        if field.name() == Some("file") {
            let name = tame_name(field.file_name().unwrap_or_default());
            file = Some((name, field.bytes().await.map_err(unread)?));
        }
    }
    let again = Choosing::new(&member, ledger);
    let Some((name, octets)) = file.filter(|(_, octets)| !octets.is_empty()) else {
        let missing = again.page.t("senders-file-missing");
        return again.wrong(&missing);
    };
    let started = match ledger {
        Ledger::Consents => consents(&app, &member, name, &octets),
        Ledger::OptOuts => opt_outs(&app, &member, name, &octets),
    };
    match started {
        Ok(id) => Ok(member.guest.go(&member.link(&format!("{}/imports/{id}", ledger.home())), None)),
        Err(why) => {
            let why = no_table(&again.page, &why);
            again.wrong(&why)
        }
    }
}

fn consents(app: &App, member: &Member, name: String, octets: &[u8]) -> Result<String, NoTable> {
    let settings = app.gateway.settings(member.workspace());
    let read = read_consents(octets, api::context(&settings, &app.gateway))?;
    let (gateway, workspace, actor) = (app.gateway.clone(), member.workspace(), member.actor());
    Ok(imports::start(app, (member, Ledger::Consents), name, read, move |part: Vec<NewConsent>| {
        let (gateway, actor) = (gateway.clone(), actor.clone());
        async move {
            let kept = gateway.store().record_consents(workspace, part, gateway.now(), actor).await?;
            Ok(kept.len())
        }
    }))
}

fn opt_outs(app: &App, member: &Member, name: String, octets: &[u8]) -> Result<String, NoTable> {
    let read = read_opt_outs(octets)?;
    let (gateway, workspace, actor) = (app.gateway.clone(), member.workspace(), member.actor());
    Ok(imports::start(app, (member, Ledger::OptOuts), name, read, move |part: Vec<NewOptOut>| {
        let (gateway, actor) = (gateway.clone(), actor.clone());
        async move {
            let recorded = gateway.store().record_opt_outs(workspace, part, gateway.now(), actor);
            let (kept, withdrawn) = recorded.await?;
            gateway.report(&withdrawn);
            gateway.deliver_webhooks();
            Ok(kept.len())
        }
    }))
}

/// Why a file is no table, in the viewer's language.
fn no_table(page: &Page, why: &NoTable) -> String {
    match why {
        NoTable::NoText(_) => page.t("imports-no-text"),
        NoTable::Empty => page.t("imports-empty"),
        NoTable::Heading(_) => page.t("imports-heading"),
        NoTable::Doubled(name) => page.t1("imports-doubled", "name", *name),
        NoTable::Missing { missing, columns } => {
            page.t2("imports-missing", "missing", missing.join(", "), "columns", columns.join(", "))
        }
    }
}

#[derive(Template)]
#[template(path = "import_report.html")]
struct Report {
    page: Page,
    job: Arc<Job>,
    progress: Progress,
    faults_max: usize,
}

#[derive(Template)]
#[template(path = "parts/import.html")]
struct ReportPart {
    page: Page,
    job: Arc<Job>,
    progress: Progress,
    faults_max: usize,
}

/// What is wrong with a line, in the viewer's language. Faults are written in English; in French a column's
/// own sentence says what would be right.
fn told(page: &Page, fault: &ImportFault) -> String {
    let key = match fault.column.as_str() {
        _ if page.lang == Lang::En => return fault.message.clone(),
        "number" => "optouts-number-wrong",
        "basis" => "consents-basis-row-wrong",
        "advertiser" => "imports-advertiser",
        "purpose" => "consents-purpose-wrong",
        "collected_at" => "consents-collected-wrong",
        "source" => "consents-source-wrong",
        "text_shown" => "consents-text-wrong",
        "evidence" => "consents-evidence-wrong",
        "professional" => "imports-professional",
        "scope" => "imports-scope",
        "reason" => "imports-reason",
        "" => "consents-row-wrong",
        _ => return fault.message.clone(),
    };
    page.t(key)
}

async fn report(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let job = app.imports.find(member.workspace(), &id).ok_or(Trouble::NotFound)?;
    let (page, progress) = (member.page("imports-report"), job.progress());
    if page.is_fragment() {
        return render(&ReportPart { page, progress, job, faults_max: FAULTS_MAX });
    }
    render(&Report { page, progress, job, faults_max: FAULTS_MAX })
}

#[cfg(test)]
mod tests {
    use crate::api::{consents, opt_outs};

    /// Every column of both files has its French sentence.
    #[test]
    fn every_fault_is_told_in_french() {
        let source = include_str!("import_pages.rs");
        for column in consents::COLUMNS.iter().chain(&opt_outs::COLUMNS) {
            assert!(source.contains(&format!("\"{column}\" => \"")), "{column}");
        }
    }
}
