//! Overview: what was sent in a span of time, what became of it, what the rules held and refused and why, how
//! the routes fare. Everything is read from figures that were kept as it happened: nothing is counted here.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Class, Timestamp};
use facteur_gateway::RouteHealth;
use facteur_store::{Counts, DelayTally, Figures, Hour, RuleEffect};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::chart::{Chart, Series, Tone};
use super::first::{self, Step};
use super::{Fields, Member, Page, Pages, Permission, Trouble, format, render, words};
use crate::app::App;

/// Rows of a table at most; what is beyond is in the exports.
const ROWS_MAX: usize = 20;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("", Permission::See, get(show));
}

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Span {
    Today,
    Week,
    Month,
}

impl Span {
    const ALL: [Self; 3] = [Self::Today, Self::Week, Self::Month];

    fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|span| span.name() == name).unwrap_or(Self::Today)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    const fn days(self) -> i32 {
        match self {
            Self::Today => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }
}

struct Tab {
    name: &'static str,
    words: String,
    here: bool,
}

/// A sender or a route with its messages.
struct Line {
    name: String,
    counts: Counts,
}

struct RouteLine {
    name: String,
    counts: Counts,
    /// In so much time half of the receipts came, and nine of ten; empty when there are none.
    half: String,
    most: String,
    look: &'static str,
    health: String,
    trouble: String,
}

struct RuleLine {
    look: &'static str,
    effect: String,
    rule: String,
    id: String,
    count: u64,
    to: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    page: Page,
    tabs: Vec<Tab>,
    total: Counts,
    chart: Chart,
    senders: Vec<Line>,
    routes: Vec<RouteLine>,
    rules: Vec<RuleLine>,
    stops: Vec<(String, u64)>,
    stops_total: u64,
    /// Marketing delivered, against which STOPs are held.
    marketing: u64,
    /// Nothing was ever sent, as far as this span goes.
    empty: bool,
    /// What is left to do before the first message.
    steps: Vec<Step>,
    /// The workspace has a price.
    priced: bool,
    /// Its own address.
    here: String,
    events: String,
    may_send: bool,
    curl: String,
}

impl Overview {
    fn cost(&self, counts: &Counts) -> String {
        if !self.priced && counts.cost_micros == 0 {
            return "–".to_owned();
        }
        self.page.money(counts.cost_micros)
    }

    /// STOPs against marketing delivered.
    fn stop_share(&self) -> String {
        self.page.percent(self.stops_total, self.marketing)
    }

    fn share(&self, counts: &Counts) -> String {
        let ended = counts.delivered + counts.failed();
        if ended <= 0 {
            return "–".to_owned();
        }
        self.page.percent(whole(counts.delivered), whole(ended))
    }
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

async fn show(
    State(app): State<App>,
    member: Member,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Trouble> {
    let span = Span::of(fields.get("span"));
    let page = member.page("overview-title");
    let today = page.now.to_jiff().to_zoned(page.zone().clone()).date();
    let first = today.saturating_sub((span.days() - 1).days());
    let from = Hour::of(midnight(&page, first));
    let until = Hour::of(page.now).plus(1);
    let figures = app.gateway.store().figures(member.workspace(), from, until).await?;
    let mut total = Counts::default();
    figures.messages.iter().for_each(|tally| total.add(&tally.counts));
    let marketing = figures.messages.iter().filter(|tally| tally.class == Class::Marketing);
    let marketing = whole(marketing.map(|tally| tally.counts.delivered).sum());
    let stops: Vec<(String, u64)> = figures
        .stops
        .iter()
        .map(|(source, count)| (page.word("overview-source", source), whole(*count)))
        .collect();
    let empty = total.accepted == 0 && figures.rules.is_empty();
    let steps = if empty { first::steps(&app, &member).await? } else { Vec::new() };
    let label = |span: Span| page.word("overview-span", span.name());
    render(&Overview {
        tabs: Span::ALL
            .map(|tab| Tab { name: tab.name(), words: label(tab), here: tab == span })
            .into_iter()
            .collect(),
        chart: chart(&page, span, first, today, &figures),
        senders: senders(&figures),
        routes: routes(&page, &figures, app.gateway.routes()),
        rules: rules(&page, &figures),
        stops_total: stops.iter().map(|(_, count)| count).sum(),
        stops,
        marketing,
        empty,
        steps,
        here: format!("{}?span={}", member.link(""), span.name()),
        events: member.link("/events"),
        may_send: member.may(Permission::Send),
        priced: app.gateway.settings(member.workspace()).price_per_part.is_some(),
        curl: curl(&app, &member, &headers),
        total,
        page,
    })
}

/// The first instant of a day where the viewer is.
fn midnight(page: &Page, day: Date) -> Timestamp {
    let start = day.to_zoned(page.zone().clone());
    start.map_or(page.now, |start| Timestamp::from_jiff(start.timestamp()))
}

/// Messages by hour of a day, or by day.
fn chart(page: &Page, span: Span, first: Date, today: Date, figures: &Figures) -> Chart {
    let local = |hour: Hour| hour.start().to_jiff().to_zoned(page.zone().clone());
    let mut columns: BTreeMap<(Date, i8), Counts> = BTreeMap::new();
    let mut labels = Vec::new();
    if span == Span::Today {
        for hour in 0..24 {
            columns.insert((today, hour), Counts::default());
            labels.push(format!("{hour:02}:00"));
        }
    } else {
        let mut day = first;
        while day <= today {
            columns.insert((day, 0), Counts::default());
            labels.push(format::weekday(page.lang, day));
            day = day.saturating_add(1.days());
        }
    }
    for tally in &figures.messages {
        let at = local(tally.hour);
        let column = (at.date(), if span == Span::Today { at.hour() } else { 0 });
        if let Some(counts) = columns.get_mut(&column) {
            counts.add(&tally.counts);
        }
    }
    let series = |name: &str, tone: Tone, of: fn(&Counts) -> i64| Series {
        name: page.t(name),
        tone,
        values: columns.values().map(|counts| whole(of(counts))).collect(),
    };
    let series = vec![
        series("overview-delivered", Tone::Good, |counts| counts.delivered),
        series("overview-under-way", Tone::Soft, Counts::under_way),
        series("overview-failed", Tone::Bad, Counts::failed),
    ];
    let title = if span == Span::Today { "overview-by-hour" } else { "overview-by-day" };
    Chart::new(page, page.t(title), labels, series)
}

fn senders(figures: &Figures) -> Vec<Line> {
    let mut by: BTreeMap<String, Counts> = BTreeMap::new();
    for tally in &figures.messages {
        by.entry(tally.sender.to_string()).or_default().add(&tally.counts);
    }
    let mut lines: Vec<Line> = by.into_iter().map(|(name, counts)| Line { name, counts }).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.counts.accepted));
    lines.truncate(ROWS_MAX);
    lines
}

/// Routes that carried something, and those that are there.
fn routes(page: &Page, figures: &Figures, there: Vec<RouteHealth>) -> Vec<RouteLine> {
    let mut by: BTreeMap<String, Counts> = BTreeMap::new();
    for route in &there {
        by.insert(route.report.name.clone(), Counts::default());
    }
    for tally in &figures.messages {
        if let Some(route) = &tally.route {
            by.entry(route.clone()).or_default().add(&tally.counts);
        }
    }
    let lines = by.into_iter().map(|(name, counts)| {
        let delays: Vec<&DelayTally> = figures.delays.iter().filter(|delay| delay.route == name).collect();
        let report = there.iter().find(|route| route.report.name == name).map(|route| &route.report);
        let (look, health) = match report {
            None => ("", page.t("overview-route-gone")),
            Some(report) if report.bound == 0 => ("bad", page.t("overview-route-down")),
            Some(report) if usize::from(report.bound) < report.binds.len() => {
                let all = report.binds.len();
                ("warn", page.t2("overview-route-partly", "up", report.bound, "all", all))
            }
            Some(_) => ("good", page.t("overview-route-up")),
        };
        let trouble = report.filter(|report| usize::from(report.bound) < report.binds.len());
        RouteLine {
            half: within(page, &delays, 50),
            most: within(page, &delays, 90),
            trouble: trouble.and_then(|report| report.trouble.clone()).unwrap_or_default(),
            name,
            counts,
            look,
            health,
        }
    });
    lines.take(ROWS_MAX).collect()
}

/// The time within which so many of a hundred receipts came, as far as steps of powers of two tell.
fn within(page: &Page, delays: &[&DelayTally], percent: i64) -> String {
    let all: i64 = delays.iter().map(|delay| delay.count).sum();
    let mut seen = 0;
    for delay in delays {
        seen += delay.count;
        if seen * 100 >= all * percent {
            let seconds = 1u64 << delay.step.min(40);
            return if seconds < 120 {
                page.t1("overview-seconds", "count", seconds)
            } else if seconds < 7_200 {
                page.t1("overview-minutes", "count", seconds.div_ceil(60))
            } else {
                page.t1("overview-hours", "count", seconds.div_ceil(3_600))
            };
        }
    }
    String::new()
}

fn rules(page: &Page, figures: &Figures) -> Vec<RuleLine> {
    let lines = figures.rules.iter().take(ROWS_MAX).map(|tally| {
        let (look, to) = match tally.effect {
            RuleEffect::Refused => ("bad", String::new()),
            RuleEffect::Held => ("info", page.link("/held")),
            RuleEffect::Blocked => ("warn", page.link("/messages?status=blocked")),
        };
        RuleLine {
            look,
            to,
            effect: page.word("overview-effect", tally.effect.as_str()),
            rule: words::rule(page, &tally.rule),
            id: tally.rule.clone(),
            count: whole(tally.count),
        }
    });
    lines.collect()
}

/// A call that sends the first message.
fn curl(app: &App, member: &Member, headers: &HeaderMap) -> String {
    let sender = words::senders(&app.gateway, member).into_iter().next();
    let sender = sender.unwrap_or_else(|| "MyCompany".to_owned());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let scheme = if member.guest.secure { "https" } else { "http" };
    let base = app.options.base_url.clone().unwrap_or_else(|| format!("{scheme}://{host}"));
    format!(
        "curl {base}/v1/api/sms -H \"Authorization: $KEY\" -H 'Content-Type: application/json' \
         -d '{{\"sender_id\": \"{sender}\", \"to\": \"+33639980001\", \"message\": \"Bonjour\"}}'"
    )
}
