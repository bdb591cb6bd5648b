//! Compliance > Consents: the ledger, and what it says of a person, with the proof; recorded,
//! withdrawn, exported. `import_pages.rs` imports.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Basis, Msisdn};
use facteur_store::{ConsentEntry, ConsentEvent, NewConsent, OptOut, OptOutFilter};

use super::exports::{self, ExportLink};
use super::opt_outs::typed_number;
use super::pager::Pager;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::api::consents as api;
use crate::api::export::{Form, streamed};
use crate::api::opt_outs::{ADVERTISER_MAX, REASON_MAX};
use crate::app::App;
use crate::json::Faults;
use crate::json::tree::{Entry, Node};
use crate::write_consents;

/// Rows on a page.
const SIZE: usize = 50;
/// STOPs of a person that are told.
const STOPS: usize = 20;
/// Entries of an export that are read at once.
const PIECE: usize = 500;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/consents", Permission::See, get(list));
    pages.member("/consents/new", Permission::ManageConsents, get(new).post(record));
    pages.member("/consents/withdraw", Permission::ManageConsents, get(ask_withdrawal).post(withdraw));
    pages.member("/consents/export", Permission::Export, get(export));
}

#[derive(Template)]
#[template(path = "consents.html")]
struct Consents {
    page: Page,
    asked: String,
    wrong: Option<String>,
    number: Option<Msisdn>,
    rows: Vec<ConsentEntry>,
    stops: Vec<OptOut>,
    pager: Pager,
    exports: bool,
    export: ExportLink,
}

impl Consents {
    /// The entries that are withdrawn by a later one.
    fn withdrawn(&self, entry: &ConsentEntry) -> bool {
        self.rows.iter().any(|other| other.withdraws == Some(entry.id))
    }

    /// Whether there is something that could be withdrawn.
    fn holds(&self) -> bool {
        self.number.is_some()
            && self
                .rows
                .iter()
                .any(|entry| matches!(entry.event, ConsentEvent::Given) && !self.withdrawn(entry))
    }

    fn hash(&self, entry: &ConsentEntry) -> String {
        entry.hash.iter().take(6).map(|octet| format!("{octet:02x}")).collect()
    }
}

async fn list(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("consents-title");
    let asked = fields.get("number").to_owned();
    let (number, wrong) = match typed_number(&asked) {
        Ok(number) => (number, None),
        Err(key) => (None, Some(page.t(key))),
    };
    let (store, workspace) = (app.gateway.store(), member.workspace());
    let below: Option<u64> = fields.get("below").parse().ok();
    let (rows, more, stops) = match number {
        Some(number) => {
            let mut rows = store.consents(workspace, number).await?;
            rows.reverse();
            let filter = OptOutFilter { number: Some(number), holds: Some(true), state: None };
            (rows, false, store.opt_outs_below(workspace, filter, None, STOPS).await?)
        }
        None => {
            let mut rows = store.consents_below(workspace, below, SIZE + 1).await?;
            let more = rows.len() > SIZE;
            rows.truncate(SIZE);
            (rows, more, Vec::new())
        }
    };
    let base = member.link("/consents");
    let newest = (below.is_some() && number.is_none()).then(|| base.clone());
    let older = rows.last().filter(|_| more).map(|last| format!("{base}?below={}", last.sequence));
    let pager = Pager::new(&page, newest, older, page.t1("common-results", "count", rows.len()));
    let exports = member.may(Permission::Export);
    let export = ExportLink::new(page.t("consents-export"), &format!("{base}/export?"));
    let view = Consents { asked, wrong, number, rows, stops, pager, exports, export, page };
    if view.wrong.is_some() { mend(&view) } else { render(&view) }
}

/// The fields of a consent, with what is wrong with those named in `wrong`.
pub(super) fn consent_fields(
    app: &App,
    member: &Member,
    page: &Page,
    given: &Fields,
    wrong: &[String],
) -> Vec<Field> {
    let own = app.gateway.settings(member.workspace()).advertiser.clone();
    let fault = |name: &str| wrong.iter().any(|field| field == name);
    let field = |name: &'static str, label: &str| {
        let error = fault(name).then(|| page.t(&format!("{label}-wrong")));
        Field::new(page, name, label).value(given.raw(name)).error(error)
    };
    let bases = Basis::ALL.map(|basis| (basis.as_str(), page.word("consents-basis", basis.as_str())));
    let advertiser = if given.has("advertiser") { given.raw("advertiser").to_owned() } else { own };
    vec![
        field("basis", "consents-basis").choice(bases),
        field("advertiser", "consents-advertiser").value(advertiser).maximum(ADVERTISER_MAX),
        field("purpose", "consents-purpose").maximum(200),
        field("collected_at", "consents-collected"),
        field("source", "consents-source").maximum(500),
        field("text_shown", "consents-text").area(4).maximum(10_000),
        field("evidence", "consents-evidence").maximum(500).optional(),
    ]
}

/// Reads a consent as the API reads a line of a table.
///
/// # Errors
/// The names of the fields that are wrong.
pub(super) fn read_consent(app: &App, member: &Member, fields: &Fields) -> Result<NewConsent, Vec<String>> {
    let names =
        ["number", "basis", "advertiser", "purpose", "collected_at", "source", "text_shown", "evidence"];
    let given = names.iter().filter_map(|name| {
        let text = fields.some(name)?;
        Some(((*name).to_owned(), Node::Text(text)))
    });
    let mut faults = Faults::default();
    let settings = app.gateway.settings(member.workspace());
    let context = api::context(&settings, &app.gateway);
    let read = api::read(Entry::row(given.collect()), context, &mut faults);
    let wrong: Vec<String> =
        faults.into_details().into_iter().map(|detail| detail.field.into_owned()).collect();
    match read {
        Some(consent) if wrong.is_empty() => Ok(consent),
        _ if wrong.is_empty() => Err(vec!["number".to_owned()]),
        _ => Err(wrong),
    }
}

#[derive(Template)]
#[template(path = "consent_new.html")]
struct Recording {
    page: Page,
    number: Field,
    fields: Vec<Field>,
}

impl Recording {
    fn new(app: &App, member: &Member, given: &Fields, wrong: &[String]) -> Self {
        let page = member.page("consents-new");
        let unread = wrong.iter().any(|field| field == "number");
        let number = Field::new(&page, "number", "consents-number")
            .of("tel")
            .value(given.raw("number"))
            .error(unread.then(|| page.t("optouts-number-wrong")));
        Self { number, fields: consent_fields(app, member, &page, given, wrong), page }
    }
}

async fn new(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    render(&Recording::new(&app, &member, &fields, &[]))
}

async fn record(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let consent = match read_consent(&app, &member, &fields) {
        Ok(consent) => consent,
        Err(wrong) => return mend(&Recording::new(&app, &member, &fields, &wrong)),
    };
    let number = consent.number;
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.record_consents(member.workspace(), vec![consent], now, member.actor()).await?;
    Ok(member.go(&person(&member, number), Flash::done("consents-recorded", super::format::phone(number))))
}

/// Where a person's consents are.
fn person(member: &Member, number: Msisdn) -> String {
    format!("{}?number={}", member.link("/consents"), super::form::escaped(&number.to_string()))
}

#[derive(Template)]
#[template(path = "consent_withdraw.html")]
struct Withdrawal {
    page: Page,
    number: Msisdn,
    reason: Field,
    back: String,
}

impl Withdrawal {
    fn new(member: &Member, number: Msisdn, given: &Fields, wrong: bool) -> Self {
        let page = member.page("consents-withdraw");
        let reason = Field::new(&page, "reason", "consents-withdraw-reason")
            .area(2)
            .maximum(REASON_MAX)
            .value(given.raw("reason"))
            .error(wrong.then(|| page.t("consents-withdraw-reason-wrong")));
        Self { back: person(member, number), reason, number, page }
    }
}

async fn ask_withdrawal(member: Member, fields: Fields) -> Result<Response, Trouble> {
    let number = typed_number(fields.get("number")).ok().flatten().ok_or(Trouble::NotFound)?;
    render(&Withdrawal::new(&member, number, &Fields::default(), false))
}

async fn withdraw(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let number = typed_number(fields.get("number")).ok().flatten().ok_or(Trouble::NotFound)?;
    let reason: String = fields.get("reason").chars().take(REASON_MAX).collect();
    if reason.is_empty() {
        return mend(&Withdrawal::new(&member, number, &fields, true));
    }
    let (store, now) = (app.gateway.store(), member.guest.now);
    store.withdraw_consent(member.workspace(), number, None, reason, now, member.actor()).await?;
    Ok(member.go(&person(&member, number), Flash::done("consents-withdrawn", super::format::phone(number))))
}

async fn export(State(app): State<App>, member: Member, fields: Fields) -> Response {
    let (store, workspace) = (app.gateway.store().clone(), member.workspace());
    let body = streamed(Some(0), move |after: Option<u64>| {
        let store = store.clone();
        Box::pin(async move {
            let Some(after) = after else { return Ok(None) };
            let entries = store.consent_export(workspace, Some(after), PIECE).await?;
            let next = entries.last().map(|entry| entry.sequence).filter(|_| entries.len() == PIECE);
            Ok(Some((write_consents(entries, Form::Csv, after == 0), next)))
        })
    });
    exports::answer(&app, &member, &fields, "consents", body)
}
