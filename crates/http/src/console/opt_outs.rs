//! Compliance > Opt-outs: who said STOP, since when, and what of it is doubtful.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Msisdn, OptOutId, OptOutScope};
use facteur_store::{NewOptOut, OptOut, OptOutFilter, OptOutState, StoreError};

use super::audit::who;
use super::consents::{consent_fields, read_consent};
use super::exports::{self, ExportLink};
use super::pager::Pager;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::api::export::Form;
use crate::api::opt_outs::export::exported;
use crate::api::opt_outs::{ADVERTISER_MAX, REASON_MAX};
use crate::app::App;
use crate::table;

/// Rows on a page.
const SIZE: usize = 50;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/opt-outs", Permission::See, get(list));
    pages.member("/opt-outs/new", Permission::ManageConsents, get(new).post(record));
    pages.member("/opt-outs/export", Permission::Export, get(export));
    pages.member("/opt-outs/{id}/lift", Permission::ManageConsents, get(ask_lift).post(lift));
    pages.member("/opt-outs/{id}/confirm", Permission::ManageConsents, axum::routing::post(confirm));
}

/// A number as a person types it; a sentence's key when it is none.
pub(super) fn typed_number(text: &str) -> Result<Option<Msisdn>, &'static str> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    table::number(text).map(Some).map_err(|_| "optouts-number-wrong")
}

#[derive(Template)]
#[template(path = "opt_outs.html")]
struct OptOuts {
    page: Page,
    asked: String,
    wrong: Option<String>,
    rows: Vec<OptOut>,
    states: Field,
    pager: Pager,
    searched: bool,
    exports: bool,
    export: ExportLink,
}

/// How an opt-out stands: a badge's kind and a word.
pub(super) fn standing(opt_out: &OptOut) -> (&'static str, &'static str) {
    match (&opt_out.lifted, opt_out.state) {
        (Some(_), _) => ("", "lifted"),
        (None, OptOutState::Review) => ("warn", "review"),
        (None, OptOutState::Confirmed) => ("bad", "confirmed"),
    }
}

async fn list(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("optouts-title");
    let asked = fields.get("number").to_owned();
    let (filter, wrong) = match asked_for(&fields) {
        Ok(filter) => (filter, None),
        Err(key) => (OptOutFilter::default(), Some(page.t(key))),
    };
    let below: Option<OptOutId> = fields.get("below").parse().ok();
    let store = app.gateway.store();
    let mut rows = store.opt_outs_below(member.workspace(), filter, below, SIZE + 1).await?;
    let more = rows.len() > SIZE;
    rows.truncate(SIZE);
    let query = query(&fields);
    let base = member.link("/opt-outs");
    let older = rows.last().filter(|_| more).map(|last| format!("{base}?{query}below={}", last.id));
    let newest = below.map(|_| format!("{base}?{query}"));
    let pager = Pager::new(&page, newest, older, page.t1("common-results", "count", rows.len()));
    let states =
        ["confirmed", "review", "lifted"].map(|state| (state.to_owned(), page.word("optouts-state", state)));
    let any = (String::new(), page.t("optouts-any"));
    let states = Field::new(&page, "state", "optouts-state")
        .choice(std::iter::once(any).chain(states))
        .value(fields.get("state"))
        .filter();
    let view = OptOuts {
        searched: !query.is_empty(),
        exports: member.may(Permission::Export),
        export: ExportLink::new(page.t("optouts-export"), &format!("{base}/export?{query}")),
        asked,
        wrong,
        rows,
        states,
        pager,
        page,
    };
    if view.wrong.is_some() { mend(&view) } else { render(&view) }
}

/// Which opt-outs an address asks for; a sentence's key when its number is none.
fn asked_for(fields: &Fields) -> Result<OptOutFilter, &'static str> {
    let holds = match fields.get("state") {
        "lifted" => Some(false),
        "" => None,
        _ => Some(true),
    };
    let (number, state) = (typed_number(fields.get("number"))?, OptOutState::from_name(fields.get("state")));
    Ok(OptOutFilter { number, state, holds })
}

/// The filters as they stand in an address, each with `&` behind it.
fn query(fields: &Fields) -> String {
    let given = ["number", "state"].into_iter().filter_map(|name| Some((name, fields.some(name)?)));
    given.map(|(name, value)| format!("{name}={}&", super::form::escaped(&value))).collect()
}

#[derive(Template)]
#[template(path = "opt_out_new.html")]
struct Recording {
    page: Page,
    fields: Vec<Field>,
}

impl Recording {
    fn new(member: &Member, given: &Fields, wrong: Option<&str>) -> Self {
        let page = member.page("optouts-new");
        let scopes = [OptOutScope::Advertiser, OptOutScope::Workspace]
            .map(|scope| (scope.as_str(), page.word("optouts-scope", scope.as_str())));
        let fields = vec![
            Field::new(&page, "number", "optouts-number")
                .of("tel")
                .value(given.raw("number"))
                .error(wrong.map(|key| page.t(key))),
            Field::new(&page, "scope", "optouts-scope").choice(scopes).value(given.get("scope")),
            Field::new(&page, "advertiser", "optouts-advertiser")
                .maximum(ADVERTISER_MAX)
                .value(given.raw("advertiser"))
                .optional(),
            Field::new(&page, "reason", "optouts-reason")
                .area(2)
                .maximum(REASON_MAX)
                .value(given.raw("reason"))
                .optional(),
        ];
        Self { fields, page }
    }
}

async fn new(member: Member, fields: Fields) -> Result<Response, Trouble> {
    render(&Recording::new(&member, &fields, None))
}

async fn record(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let number = match typed_number(fields.get("number")) {
        Ok(Some(number)) => number,
        Ok(None) => return mend(&Recording::new(&member, &fields, Some("optouts-number-wrong"))),
        Err(key) => return mend(&Recording::new(&member, &fields, Some(key))),
    };
    let scope = OptOutScope::from_name(fields.get("scope"));
    let scope = scope.filter(|scope| *scope != OptOutScope::Platform).ok_or(Trouble::Malformed)?;
    let bounded = |name, max| fields.some(name).map(|text| text.chars().take(max).collect::<String>());
    let advertiser = bounded("advertiser", ADVERTISER_MAX).filter(|_| scope == OptOutScope::Advertiser);
    let reason = bounded("reason", REASON_MAX);
    let opt_out = NewOptOut { number, scope, advertiser, source: "console".to_owned(), reason };
    keep(&app, &member, opt_out).await?;
    let to = format!("{}?number={}", member.link("/opt-outs"), super::form::escaped(&number.to_string()));
    Ok(member.go(&to, Flash::done("optouts-recorded", super::format::phone(number))))
}

/// Records an opt-out, and tells whoever waits what it withdrew.
async fn keep(app: &App, member: &Member, opt_out: NewOptOut) -> Result<(), Trouble> {
    let (store, now) = (app.gateway.store(), member.guest.now);
    let recorded = store.record_opt_outs(member.workspace(), vec![opt_out], now, member.actor());
    let (_, withdrawn) = recorded.await?;
    app.gateway.report(&withdrawn);
    app.gateway.deliver_webhooks();
    Ok(())
}

/// The opt-out of an address.
async fn find(app: &App, member: &Member, id: &str) -> Result<OptOut, Trouble> {
    let id: OptOutId = id.parse().map_err(|_| Trouble::NotFound)?;
    app.gateway.store().opt_out(member.workspace(), id).await?.ok_or(Trouble::NotFound)
}

async fn confirm(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let there = find(&app, &member, &id).await?;
    let number = there.number.ok_or(Trouble::NotFound)?;
    let (store, now) = (app.gateway.store(), member.guest.now);
    let confirmed = store.confirm_opt_out(member.workspace(), there.id, now, member.actor()).await;
    confirmed.map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("optouts-lifted-already"),
        other => other.into(),
    })?;
    let to = format!("{}?number={}", member.link("/opt-outs"), super::form::escaped(&number.to_string()));
    Ok(member.go(&to, Flash::done("optouts-confirmed", super::format::phone(number))))
}

#[derive(Template)]
#[template(path = "opt_out_lift.html")]
struct Lifting {
    page: Page,
    opt_out: OptOut,
    /// A doubtful one is lifted without a new consent.
    doubtful: bool,
    reason: Field,
    fields: Vec<Field>,
    refused: Option<String>,
}

impl Lifting {
    fn new(
        app: &App,
        member: &Member,
        opt_out: OptOut,
        given: &Fields,
        wrong: &[String],
        refused: Option<&str>,
    ) -> Self {
        let page = member.page("optouts-lift");
        let unsaid = wrong.iter().any(|field| field == "reason");
        let reason = Field::new(&page, "reason", "optouts-lift-reason")
            .area(2)
            .maximum(REASON_MAX)
            .value(given.raw("reason"))
            .error(unsaid.then(|| page.t("optouts-lift-reason-wrong")));
        Self {
            doubtful: opt_out.state == OptOutState::Review,
            fields: consent_fields(app, member, &page, given, wrong),
            refused: refused.map(|key| page.t(key)),
            reason,
            opt_out,
            page,
        }
    }
}

async fn ask_lift(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let opt_out = find(&app, &member, &id).await?;
    if opt_out.lifted.is_some() {
        return Err(Trouble::Conflict("optouts-lifted-already"));
    }
    render(&Lifting::new(&app, &member, opt_out, &Fields::default(), &[], None))
}

async fn lift(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let opt_out = find(&app, &member, &id).await?;
    let number = opt_out.number.ok_or(Trouble::NotFound)?;
    let doubtful = opt_out.state == OptOutState::Review;
    let mut wrong = Vec::new();
    let reason: String = fields.get("reason").chars().take(REASON_MAX).collect();
    if reason.is_empty() {
        wrong.push("reason".to_owned());
    }
    let consent = match doubtful {
        true => None,
        false => read_consent(&app, &member, &fields).map_err(|faults| wrong.extend(faults)).ok(),
    };
    if !wrong.is_empty() {
        return mend(&Lifting::new(&app, &member, opt_out, &fields, &wrong, None));
    }
    let (store, now) = (app.gateway.store(), member.guest.now);
    let lifted =
        store.lift_opt_out(member.workspace(), opt_out.id, reason, consent, now, member.actor()).await;
    match lifted {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => {
            let refused = Some("optouts-lift-refused");
            return mend(&Lifting::new(&app, &member, opt_out, &fields, &[], refused));
        }
        Err(why) => return Err(why.into()),
    }
    let to = format!("{}?number={}", member.link("/opt-outs"), super::form::escaped(&number.to_string()));
    Ok(member.go(&to, Flash::done("optouts-lifted", super::format::phone(number))))
}

async fn export(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let filter = asked_for(&fields).map_err(|_| Trouble::Malformed)?;
    let body = exported(app.gateway.store().clone(), member.workspace(), filter, Form::Csv);
    Ok(exports::answer(&app, &member, &fields, "opt-outs", body))
}
