//! What people see who run the platform: the routes as they fare, and the rules in force with what they
//! rest on.

use facteur_domain::Timestamp;
use facteur_rules::source;

use crate::backlog::Carries;
use crate::config::Link;
use crate::gateway::{Gateway, RouteReport};
use crate::metrics::{ByRoute, ByRouteAnswer};
use crate::outcome::ANSWERS;

/// A route as it fares since the start.
#[derive(Clone, PartialEq, Debug)]
pub struct RouteHealth {
    /// Its binds, what is under way, its limit, its last trouble.
    pub report: RouteReport,
    /// Where it leads, `host:port`.
    pub address: String,
    /// Over TLS.
    pub tls: bool,
    /// How it is bound: `transceiver` or `transmitter_receiver`.
    pub link: &'static str,
    /// Submits that all its binds may have unanswered at once.
    pub window: usize,
    /// What it carries: `real`, `test` or `all`.
    pub carries: &'static str,
    /// Answers to its submits since the start, by kind: `taken`, `later`, `never`, `lost`.
    pub answers: [(&'static str, u64); 4],
    /// Submits that the operator throttled since the start.
    pub throttled: u64,
    /// PDUs that could not be used since the start.
    pub faulty_pdus: u64,
}

/// A pack of rules, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulePack {
    /// Its id with its version.
    pub id: String,
    /// Its first instant.
    pub from: Timestamp,
    /// Whether it is the one by which messages of now are judged.
    pub in_force: bool,
    /// What it rests on, table by table.
    pub grounds: Vec<RuleGround>,
}

/// Rows of a table that rest on one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleGround {
    /// The table: `windows`, `holidays`, `short_codes`, `words`, `protected`, `content`, `shorteners`,
    /// `surcharged`, `stop`, `parts` or `consent`.
    pub table: &'static str,
    /// How many of its rows.
    pub rows: usize,
    /// The source's id.
    pub source: String,
    /// Its date as the rows give it.
    pub dated: String,
    /// How sure they are: `A` primary text, `B` a vendor on its own behaviour, `C` a third party, `D` ours.
    pub grade: String,
    /// Its address, or a description where it has none; empty when only the deployment knows.
    pub address: &'static str,
}

impl Gateway {
    /// The routes as they fare, in order of preference. Cheap: nothing is read from disk.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteHealth> {
        let (metrics, now) = (&self.shared.metrics, self.clock().instant());
        let health = |route: &std::sync::Arc<crate::route::Route>| {
            let (name, config) = (&route.config.name, &route.config);
            let of = |route: &str| ByRoute { route: route.to_owned() };
            let counted =
                |answer| metrics.answers.get_or_create(&ByRouteAnswer { route: name.clone(), answer }).get();
            RouteHealth {
                report: route.report(now),
                address: config.address.clone(),
                tls: config.tls.is_some(),
                link: match config.link {
                    Link::Transceiver => "transceiver",
                    Link::TransmitterReceiver => "transmitter_receiver",
                },
                window: config.limits.window.saturating_mul(route.binds.len()),
                carries: match route.carries {
                    Carries::Real => "real",
                    Carries::Test => "test",
                    Carries::All => "all",
                },
                answers: ANSWERS.map(|answer| (answer, counted(answer))),
                throttled: metrics.throttled.get_or_create(&of(name)).get(),
                faulty_pdus: metrics.faulty_pdus.get_or_create(&of(name)).get(),
            }
        };
        self.shared.routes.iter().map(health).collect()
    }

    /// Messages that wait in memory for their turn.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.backlog.len()
    }

    /// The packs of rules that this gateway judges by, the latest first.
    #[must_use]
    pub fn rule_packs(&self) -> Vec<RulePack> {
        let packs = &self.sending().packs;
        let current = packs.at(self.now()).id();
        let told = |pack: &facteur_rules::Pack| RulePack {
            id: pack.id().to_owned(),
            from: pack.from(),
            in_force: pack.id() == current,
            grounds: pack
                .grounds()
                .into_iter()
                .map(|ground| RuleGround {
                    table: ground.table,
                    rows: ground.rows,
                    address: source(&ground.source).map_or("", |source| source.address),
                    source: ground.source,
                    dated: ground.dated,
                    grade: ground.grade.to_string(),
                })
                .collect(),
        };
        packs.all().iter().rev().map(told).collect()
    }
}
