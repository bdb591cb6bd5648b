//! Figures: what was accepted, what became of it, and what rules and people stopped.

use facteur_domain::{Class, Sender, Timestamp};

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// An hour, counted from the Unix epoch in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub i64);

impl Hour {
    /// The hour that an instant falls into.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.millis().div_euclid(HOUR))
    }

    /// Its first instant.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(HOUR))
    }

    /// The hour `count` hours later.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

/// Messages counted. They count in the hour of their acceptance, whenever their end comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Kept.
    pub accepted: i64,
    /// The SMS that they become.
    pub parts: i64,
    /// What they cost, in millionths of a euro, at the price of their time; nothing for tests.
    pub cost_micros: i64,
    /// Taken by an operator.
    pub submitted: i64,
    /// On the phone.
    pub delivered: i64,
    /// Given up by the operator.
    pub undelivered: i64,
    /// Out of their validity.
    pub expired: i64,
    /// Refused by the operator.
    pub rejected: i64,
    /// Stopped by a rule at departure.
    pub blocked: i64,
    /// Withdrawn by the customer.
    pub cancelled: i64,
    /// Of which nothing is known now.
    pub unknown: i64,
}

impl Counts {
    /// Adds others.
    pub const fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.parts += other.parts;
        self.cost_micros += other.cost_micros;
        self.submitted += other.submitted;
        self.delivered += other.delivered;
        self.undelivered += other.undelivered;
        self.expired += other.expired;
        self.rejected += other.rejected;
        self.blocked += other.blocked;
        self.cancelled += other.cancelled;
        self.unknown += other.unknown;
    }

    /// Ended otherwise than delivered, by the operator's word or in time.
    #[must_use]
    pub const fn failed(&self) -> i64 {
        self.undelivered + self.expired + self.rejected
    }

    /// Neither ended nor unknown: they wait, or their receipt is awaited. Only the sum over all routes
    /// means something.
    #[must_use]
    pub const fn under_way(&self) -> i64 {
        self.accepted - self.delivered - self.failed() - self.blocked - self.cancelled - self.unknown
    }
}

/// The counts of one hour, sender, class and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The hour in which they were accepted.
    pub hour: Hour,
    /// Who they are from.
    pub sender: Sender,
    /// What they are for.
    pub class: Class,
    /// By which route they left; `None` for what was counted before or without it: acceptance, and ends
    /// before any departure.
    pub route: Option<String>,
    /// How many.
    pub counts: Counts,
}

/// What a rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleEffect {
    /// The message was not accepted.
    Refused,
    /// It waits for its window.
    Held,
    /// It was stopped when it was to leave.
    Blocked,
}

impl RuleEffect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Refused, Self::Held, Self::Blocked];

    /// Its name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Blocked => "blocked",
        }
    }

    /// The effect of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == name)
    }
}

/// How often a rule did something, over the hours asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTally {
    /// What.
    pub effect: RuleEffect,
    /// The rule's id, as in `fr.window.sunday`.
    pub rule: String,
    /// How often.
    pub count: i64,
}

/// How long receipts of delivered messages took by a route, over the hours asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayTally {
    /// The route's name.
    pub route: String,
    /// The receipt came in less than 2 to the power of this in seconds, and not in less than half of that.
    pub step: u8,
    /// How many.
    pub count: i64,
}

/// A workspace's figures over a span of hours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Messages, by hour, sender, class and route, oldest hour first.
    pub messages: Vec<Tally>,
    /// What rules did, most often first.
    pub rules: Vec<RuleTally>,
    /// New STOPs by source, most often first.
    pub stops: Vec<(String, i64)>,
    /// Delays of receipts by route and step.
    pub delays: Vec<DelayTally>,
}
