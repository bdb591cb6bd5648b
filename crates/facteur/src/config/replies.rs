//! `[replies]`: how phones that write are answered.

use std::time::Duration;

use facteur_gateway::ReplyRules;
use serde::Deserialize;

use super::values::{duration, number};

const DAY: u64 = 86_400_000;

/// How phones that write are answered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Replies {
    /// Automatic answers to one phone from one code within an hour, at most.
    #[serde(deserialize_with = "number::<_, u32, 1, 1_000>")]
    pub(crate) answers_per_hour: u32,
    /// The same within a day.
    #[serde(deserialize_with = "number::<_, u32, 1, 10_000>")]
    pub(crate) answers_per_day: u32,
    /// How long the other parts of a long message are waited for.
    #[serde(deserialize_with = "duration::<_, 1_000, DAY>")]
    pub(crate) parts_wait: Duration,
}

impl Default for Replies {
    fn default() -> Self {
        let ReplyRules { per_hour, per_day, parts_wait } = ReplyRules::default();
        Self { answers_per_hour: per_hour, answers_per_day: per_day, parts_wait }
    }
}

impl Replies {
    /// What the gateway is told.
    pub(crate) fn rules(&self) -> ReplyRules {
        let Self { answers_per_hour: per_hour, answers_per_day: per_day, parts_wait } = *self;
        ReplyRules { per_hour, per_day, parts_wait }
    }
}
