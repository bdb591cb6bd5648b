//! Held and review: what waits for its window and when it leaves, replies that are perhaps STOPs, and, for
//! those who run the platform, receipts and messages from phones that belong to nobody.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Msisdn, OptOutId, Timestamp};
use facteur_store::{
    Hour, OptOut, OptOutFilter, OptOutState, OrphanReceipt, Page as Window, PlatformRole, Received,
    ReceivedFilter, ReplyMeaning, RuleEffect, StoreError,
};

use super::confirm::Confirm;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, render, words};
use crate::app::App;

/// Instants at which something leaves that are listed.
const LEAVING: usize = 12;
/// Doubtful replies on the page.
const DOUBTS: usize = 50;
/// Receipts and messages of nobody on the page.
const ORPHANS: u32 = 20;
/// Hours of which what rules held is told.
const HOURS: i64 = 24;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/held", Permission::See, get(show));
    pages.member("/held/{opt_out}/confirm", Permission::ManageConsents, get(ask_confirm).post(confirm));
    pages.member("/held/{opt_out}/lift", Permission::ManageConsents, get(ask_lift).post(lift));
}

struct Doubt {
    stop: OptOut,
    who: String,
    /// What was written, where it is known.
    text: String,
    why: String,
}

#[derive(Template)]
#[template(path = "held.html")]
struct Held {
    page: Page,
    leaving: Vec<(Timestamp, u64)>,
    total: u64,
    rules: Vec<(String, String, u64)>,
    doubts: Vec<Doubt>,
    orphans: Vec<OrphanReceipt>,
    orphans_total: u64,
    lost: Vec<Received>,
    reviewer: bool,
    may_decide: bool,
    events: String,
    here: String,
}

impl Held {
    fn meaning(&self, received: &Received) -> String {
        self.page.word("held-meaning", received.meaning.as_str())
    }

    fn phone(&self, number: &Option<Msisdn>) -> String {
        number.as_ref().map(|number| self.page.phone(number)).unwrap_or_default()
    }
}

async fn show(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let (store, workspace) = (app.gateway.store(), member.workspace());
    let page = member.page("held-title");
    let scheduled = store.scheduled(workspace, LEAVING).await?;
    let until = Hour::of(page.now).plus(1);
    let figures = store.figures(workspace, until.plus(-HOURS), until).await?;
    let held = figures.rules.iter().filter(|tally| tally.effect == RuleEffect::Held);
    let rules = held.map(|tally| {
        (words::rule(&page, &tally.rule), tally.rule.clone(), u64::try_from(tally.count).unwrap_or(0))
    });
    let rules = rules.collect();
    let reviewer = member.is(PlatformRole::Reviewer);
    let (orphans, lost) = if reviewer {
        let orphans = store.orphans(Window { page: 1, size: ORPHANS }).await?;
        let lost = store.received(None, ReceivedFilter::default(), ORPHANS as usize).await?;
        (orphans, lost)
    } else {
        (facteur_store::Paged { rows: Vec::new(), total: 0 }, Vec::new())
    };
    render(&Held {
        leaving: scheduled.leaving,
        total: scheduled.total,
        rules,
        doubts: doubts(&app, &member, &page).await?,
        orphans: orphans.rows,
        orphans_total: orphans.total,
        lost,
        reviewer,
        may_decide: member.may(Permission::ManageConsents),
        events: member.link("/events"),
        here: member.link("/held"),
        page,
    })
}

/// STOPs that somebody is to read, newest first, each with the reply that it came from.
async fn doubts(app: &App, member: &Member, page: &Page) -> Result<Vec<Doubt>, Trouble> {
    let (store, workspace) = (app.gateway.store(), member.workspace());
    let filter = OptOutFilter { state: Some(OptOutState::Review), holds: Some(true), number: None };
    let mut doubts = Vec::new();
    for stop in store.opt_outs_below(workspace, filter, None, DOUBTS).await? {
        doubts.push(doubt(app, member, page, stop).await?);
    }
    Ok(doubts)
}

async fn doubt(app: &App, member: &Member, page: &Page, stop: OptOut) -> Result<Doubt, Trouble> {
    let text = match stop.number {
        None => String::new(),
        Some(phone) => {
            let meaning = Some(ReplyMeaning::StopDoubtful);
            let filter = ReceivedFilter { phone: Some(phone), meaning, ..ReceivedFilter::default() };
            let found = app.gateway.store().received(Some(member.workspace()), filter, 1).await?;
            found.into_iter().next().map(|received| received.text).unwrap_or_default()
        }
    };
    let who = stop.number.map_or_else(|| page.t("messages-erased"), |number| page.phone(&number));
    let why = stop.reason.as_deref().map(|rule| words::rule(page, rule)).unwrap_or_default();
    Ok(Doubt { stop, who, text, why })
}

/// A STOP of the workspace, by the id in the address.
async fn find(app: &App, member: &Member, id: &str) -> Result<OptOut, Trouble> {
    let id: OptOutId = id.parse().map_err(|_| Trouble::NotFound)?;
    app.gateway.store().opt_out(member.workspace(), id).await?.ok_or(Trouble::NotFound)
}

async fn ask_confirm(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let page = member.page("held-confirm-title");
    let doubt = doubt(&app, &member, &page, find(&app, &member, &id).await?).await?;
    render(&Confirm {
        what: page.t2("held-confirm-what", "number", &doubt.who, "text", &doubt.text),
        consequences: vec![page.t("held-confirm-stays")],
        action: member.link(&format!("/held/{id}/confirm")),
        button: page.t("held-confirm"),
        back: member.link("/held"),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn confirm(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let stop = find(&app, &member, &id).await?;
    let (store, now) = (app.gateway.store(), app.gateway.now());
    let confirmed = store.confirm_opt_out(member.workspace(), stop.id, now, member.actor()).await;
    confirmed.map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("optouts-lifted-already"),
        other => other.into(),
    })?;
    Ok(member.go(&member.link("/held"), Flash::done("held-confirmed", "")))
}

fn lifting(member: &Member, page: Page, doubt: &Doubt, id: &str, wrong: Option<String>) -> Confirm {
    let reason = Field::new(&page, "reason", "held-reason").maximum(200).error(wrong);
    Confirm {
        what: page.t2("held-lift-what", "number", &doubt.who, "text", &doubt.text),
        consequences: vec![page.t("held-lift-marketing"), page.t("held-lift-logged")],
        action: member.link(&format!("/held/{id}/lift")),
        button: page.t("held-lift"),
        back: member.link("/held"),
        hidden: Vec::new(),
        fields: vec![reason],
        page,
    }
}

async fn ask_lift(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let page = member.page("held-lift-title");
    let doubt = doubt(&app, &member, &page, find(&app, &member, &id).await?).await?;
    render(&lifting(&member, page, &doubt, &id, None))
}

async fn lift(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let stop = find(&app, &member, &id).await?;
    let Some(reason) = fields.some("reason") else {
        let page = member.page("held-lift-title");
        let wrong = Some(page.t("held-reason-missing"));
        let doubt = doubt(&app, &member, &page, stop).await?;
        return super::mend(&lifting(&member, page, &doubt, &id, wrong));
    };
    if stop.state != OptOutState::Review {
        return Err(Trouble::Conflict("held-sure"));
    }
    let (store, now) = (app.gateway.store(), app.gateway.now());
    store.lift_opt_out(member.workspace(), stop.id, reason, None, now, member.actor()).await?;
    Ok(member.go(&member.link("/held"), Flash::done("held-lifted", "")))
}
