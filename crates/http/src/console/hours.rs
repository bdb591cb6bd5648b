//! Compliance > Sending hours: the profile that a workspace chose, its STOP code and wording, and the next
//! two weeks as they will be in every territory.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use facteur_domain::{Sender, SenderState, ShortCode};
use facteur_gateway::{DayPlan, TerritoryPlan};
use facteur_store::{OnClosedWindow, Settings};
use jiff::civil::Date;

use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, format, mend, render};
use crate::api::opt_outs::ADVERTISER_MAX;
use crate::app::App;

/// Digits of a French postcode.
const POSTCODE_DIGITS: usize = 5;
/// Days that are shown.
const DAYS: u8 = 14;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/hours", Permission::See, get(show));
    pages.member("/hours/edit", Permission::ManageProfile, get(edit).post(save));
}

#[derive(Template)]
#[template(path = "hours.html")]
struct Hours {
    page: Page,
    settings: Settings,
    stop_code: Option<ShortCode>,
    mention: Option<String>,
    /// Territories whose days are the same, together.
    groups: Vec<Group>,
    /// Every day that one of them has.
    dates: Vec<Date>,
    edits: bool,
}

impl Hours {
    fn date(&self, date: &Date) -> String {
        format::weekday(self.page.lang, *date)
    }

    fn spans(&self, day: &DayPlan) -> String {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let spans = day.spans.iter().map(|span| format!("{}–{}", clock(span.from), clock(span.to)));
        spans.collect::<Vec<_>>().join(", ")
    }

    /// The day from midnight to midnight as a bar, its open hours filled.
    fn bar(day: &DayPlan) -> Safe<String> {
        let mut svg = "<svg class=\"day-bar\" viewBox=\"0 0 1440 6\" preserveAspectRatio=\"none\" \
                       aria-hidden=\"true\"><rect width=\"1440\" height=\"6\"/>"
            .to_owned();
        for span in &day.spans {
            let wide = span.to.saturating_sub(span.from);
            // Writing to a string does not fail.
            let _ =
                write!(svg, "<rect class=\"day-open\" x=\"{}\" width=\"{wide}\" height=\"6\"/>", span.from);
        }
        svg.push_str("</svg>");
        Safe(svg)
    }

    fn closed(&self, day: &DayPlan) -> String {
        match &day.holiday {
            Some(names) => self.page.lang.pick(names),
            None if day.sunday => self.page.t("hours-sunday"),
            None => self.page.t("hours-closed"),
        }
    }
}

/// Territories whose days are the same.
struct Group {
    codes: Vec<String>,
    days: Vec<DayPlan>,
}

impl Group {
    fn on(&self, date: &Date) -> Option<&DayPlan> {
        self.days.iter().find(|day| day.date == *date)
    }
}

/// Territories by what they have in common, in the order of the first of each.
fn grouped(territories: Vec<TerritoryPlan>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for territory in territories {
        match groups.iter_mut().find(|group| group.days == territory.days) {
            Some(group) => group.codes.push(territory.code),
            None => groups.push(Group { codes: vec![territory.code], days: territory.days }),
        }
    }
    groups
}

async fn show(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    let gateway = &app.gateway;
    let settings = gateway.settings(member.workspace()).as_ref().clone();
    let stop_code = gateway.stop_code(member.workspace());
    let groups = grouped(gateway.window_plan(member.workspace(), DAYS));
    let dates: BTreeSet<Date> = groups.iter().flat_map(|group| &group.days).map(|day| day.date).collect();
    render(&Hours {
        mention: stop_code.map(|code| gateway.stop_mention(code)),
        dates: dates.into_iter().collect(),
        groups,
        edits: member.may(Permission::ManageProfile),
        stop_code,
        settings,
        page: member.page("hours-title"),
    })
}

#[derive(Template)]
#[template(path = "hours_edit.html")]
struct Edit {
    page: Page,
    fields: Vec<Field>,
}

impl Edit {
    fn new(app: &App, member: &Member, given: Option<&Fields>, wrong: &[&str]) -> Self {
        let page = member.page("hours-edit-title");
        let settings = app.gateway.settings(member.workspace());
        let said = |name: &str, now: String| given.map_or(now, |given| given.raw(name).to_owned());
        let profiles = app.gateway.profiles().into_iter().map(|name| {
            let words = page.word("hours-profile", &name);
            (name, words)
        });
        let own = app.gateway.senders(member.workspace()).into_iter();
        let codes = own.filter(|record| record.state == SenderState::Validated).filter_map(|record| {
            match record.sender {
                Sender::Code(code) if code.is_marketing() => Some((code.to_string(), code.to_string())),
                _ => None,
            }
        });
        let codes = std::iter::once((String::new(), page.t("hours-stop-code-none"))).chain(codes);
        let closed = [OnClosedWindow::Hold, OnClosedWindow::Refuse]
            .map(|choice| (choice.as_str(), page.word("hours-closed-window", choice.as_str())));
        let code = settings.stop_code.map(|code| code.to_string()).unwrap_or_default();
        let fault = |name: &str| wrong.contains(&name);
        let fields = vec![
            Field::new(&page, "profile", "hours-profile")
                .choice(profiles)
                .value(said("profile", settings.profile.clone())),
            Field::new(&page, "on_closed_window", "hours-closed-window")
                .choice(closed)
                .value(said("on_closed_window", settings.on_closed_window.as_str().to_owned())),
            Field::new(&page, "stop_code", "hours-stop-code").choice(codes).value(said("stop_code", code)),
            Field::new(&page, "advertiser", "hours-advertiser")
                .maximum(ADVERTISER_MAX)
                .value(said("advertiser", settings.advertiser.clone()))
                .error(fault("advertiser").then(|| page.t("hours-advertiser-wrong"))),
            Field::new(&page, "postcode", "hours-postcode")
                .optional()
                .maximum(POSTCODE_DIGITS)
                .autocomplete("postal-code")
                .value(said("postcode", settings.postcode.clone().unwrap_or_default()))
                .error(fault("postcode").then(|| page.t("hours-postcode-wrong"))),
        ];
        Self { fields, page }
    }
}

async fn edit(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    render(&Edit::new(&app, &member, None, &[]))
}

async fn save(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let gateway = &app.gateway;
    let advertiser: String = fields.get("advertiser").chars().take(ADVERTISER_MAX).collect();
    let postcode = fields.some("postcode");
    let is_postcode =
        |text: &String| text.len() == POSTCODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    let mut wrong = Vec::new();
    if advertiser.is_empty() {
        wrong.push("advertiser");
    }
    if postcode.as_ref().is_some_and(|postcode| !is_postcode(postcode)) {
        wrong.push("postcode");
    }
    if !wrong.is_empty() {
        return mend(&Edit::new(&app, &member, Some(&fields), &wrong));
    }
    let profile = fields.get("profile").to_owned();
    let known = gateway.profiles().contains(&profile);
    let on_closed_window = OnClosedWindow::from_name(fields.get("on_closed_window"));
    let code = fields.some("stop_code").map(|code| code.parse::<ShortCode>()).transpose();
    let (true, Some(on_closed_window), Ok(stop_code)) = (known, on_closed_window, code) else {
        return Err(Trouble::Malformed);
    };
    let own = |code: ShortCode| {
        let mut senders = gateway.senders(member.workspace()).into_iter();
        senders.any(|record| record.sender == Sender::Code(code))
    };
    if stop_code.is_some_and(|code| !own(code)) {
        return Err(Trouble::Malformed);
    }
    let current = gateway.store().settings(member.workspace()).await?;
    let settings = Settings { profile, on_closed_window, stop_code, advertiser, postcode, ..current };
    let now = member.guest.now;
    gateway.store().change_settings(member.workspace(), settings, now, member.actor()).await?;
    gateway.refresh().await?;
    Ok(member.go(&member.link("/hours"), Flash::done("hours-saved", "")))
}
