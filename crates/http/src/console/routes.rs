//! Platform > Routes: the accounts with operators, live; and Platform > Rules: the packs in force.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use facteur_gateway::{RouteHealth, RulePack};
use facteur_store::{DelayTally, Hour, PlatformRole};

use super::chart::{Chart, Series, Tone};
use super::{Access, Page, Pages, Trouble, Viewer, render};
use crate::app::App;

/// Hours over which receipts' delays are shown.
const DELAYS_OVER: i64 = 24;
/// Steps of delays that are shown one by one; longer ones are shown together. 2^12 s is above an hour.
const STEPS: u8 = 12;

pub(super) fn mount(pages: &mut Pages<'_>) {
    let access = Access::Platform(PlatformRole::Operator);
    pages.add("/platform/routes", access, get(routes));
    pages.add("/platform/rules", Access::Platform(PlatformRole::Reviewer), get(rules));
}

struct Row {
    health: RouteHealth,
    delays: Option<Chart>,
    /// Half of the receipts came in less than this, and nine in ten in less than that, in seconds.
    quick: Option<(u64, u64)>,
}

impl Row {
    /// The kind of its badge, and the word of its state.
    fn state(&self) -> (&'static str, &'static str) {
        let report = &self.health.report;
        match (usize::from(report.bound), report.binds.len()) {
            (0, _) => ("bad", "down"),
            (bound, binds) if bound < binds => ("warn", "partly"),
            _ if report.binds.iter().any(|bind| bind.in_doubt) => ("warn", "in_doubt"),
            _ => ("good", "up"),
        }
    }

    fn binds(&self, page: &Page) -> String {
        let report = &self.health.report;
        format!("{} / {}", page.number(report.bound), page.number(report.binds.len()))
    }

    fn window(&self, page: &Page) -> String {
        let health = &self.health;
        format!("{} / {}", page.number(health.report.in_flight), page.number(health.window))
    }

    /// Answers that were no "yes", out of all.
    fn errors(&self) -> (u64, u64) {
        let all: u64 = self.health.answers.iter().map(|(_, count)| count).sum();
        let taken = self.health.answers.iter().find(|(kind, _)| *kind == "taken").map_or(0, |(_, n)| *n);
        (all - taken.min(all), all)
    }
}

#[derive(Template)]
#[template(path = "routes.html")]
struct Routes {
    page: Page,
    rows: Vec<Row>,
    queued: usize,
    /// Why the store does not write.
    store: Option<String>,
}

async fn routes(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    let page = viewer.page("platform-routes");
    let hour = Hour::of(viewer.guest.now).plus(1);
    let delays = app.gateway.store().delays(hour.plus(-DELAYS_OVER), hour).await?;
    let store = app.gateway.readiness().await.store.err();
    let row = |health: RouteHealth| {
        let own: Vec<&DelayTally> = delays.iter().filter(|delay| delay.route == health.report.name).collect();
        Row { delays: chart(&page, &own), quick: quick(&own), health }
    };
    let rows = app.gateway.routes().into_iter().map(row).collect();
    render(&Routes { rows, queued: app.gateway.queued(), store, page })
}

/// The upper bounds, in seconds, of the steps in which half and nine tenths of the receipts came.
fn quick(delays: &[&DelayTally]) -> Option<(u64, u64)> {
    let total: i64 = delays.iter().map(|delay| delay.count).sum();
    let within = |tenths: i64| {
        let mut seen = 0;
        let step = delays.iter().find(|delay| {
            seen += delay.count;
            seen * 10 >= total * tenths
        });
        step.map(|delay| 1u64 << delay.step.min(40))
    };
    (total > 0).then(|| within(5).zip(within(9))).flatten()
}

fn chart(page: &Page, delays: &[&DelayTally]) -> Option<Chart> {
    if delays.is_empty() {
        return None;
    }
    let mut values = vec![0u64; usize::from(STEPS) + 1];
    for delay in delays {
        values[usize::from(delay.step.min(STEPS))] += u64::try_from(delay.count).unwrap_or(0);
    }
    let label = |step: u8| {
        if step == STEPS {
            format!("≥ {}", lasting(&(1 << (STEPS - 1))))
        } else {
            format!("< {}", lasting(&(1 << step)))
        }
    };
    let labels = (0..=STEPS).map(label).collect();
    let series = vec![Series { name: page.t("platform-receipts"), tone: Tone::Good, values }];
    Some(Chart::new(page, page.t("platform-delays"), labels, series))
}

/// Seconds, shortly: `8 s`, `2 min`, `1 h`.
fn lasting(seconds: &u64) -> String {
    match *seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// The address that a source begins with: some have words behind it.
fn address(source: &str) -> &str {
    source.split_whitespace().next().unwrap_or_default()
}

fn below(seconds: &u64) -> String {
    format!("< {}", lasting(seconds))
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Rules {
    page: Page,
    packs: Vec<RulePack>,
}

async fn rules(State(app): State<App>, viewer: Viewer) -> Result<Response, Trouble> {
    render(&Rules { page: viewer.page("platform-rules"), packs: app.gateway.rule_packs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nine_tenths_are_told_by_their_steps() {
        let of = |step, count| DelayTally { route: "a".to_owned(), step, count };
        let delays = [of(1, 5), of(2, 4), of(6, 1)];
        let all: Vec<&DelayTally> = delays.iter().collect();
        assert_eq!(quick(&all), Some((2, 4)));
        assert_eq!(quick(&[]), None);
        assert_eq!([8, 128, 4096].map(|seconds| lasting(&seconds)), ["8 s", "2 min", "1 h"]);
    }
}
