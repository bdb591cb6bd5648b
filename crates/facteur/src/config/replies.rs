//! `[replies]`: how phones that write are answered.

use std::time::Duration;

use facteur_gateway::ReplyRules;
use facteur_store::Publisher;
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
    /// How often a message is tried whose handling fails.
    #[serde(deserialize_with = "number::<_, u32, 1, 1_000>")]
    pub(crate) tries: u32,
    /// Who runs the platform.
    pub(crate) publisher: Operator,
}

/// Who runs the platform, as CONTACT tells it; empty: not said.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Operator {
    legal_name: String,
    siren: String,
    register_city: String,
    service_phone: String,
    service_contact: String,
}

impl Operator {
    fn publisher(&self) -> Publisher {
        let said = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Publisher {
            legal_name: said(&self.legal_name),
            siren: said(&self.siren),
            register_city: said(&self.register_city),
            service_phone: said(&self.service_phone),
            service_contact: said(&self.service_contact),
        }
    }
}

impl Default for Replies {
    fn default() -> Self {
        let ReplyRules { per_hour, per_day, parts_wait, tries, publisher: _ } = ReplyRules::default();
        let publisher = Operator::default();
        Self { answers_per_hour: per_hour, answers_per_day: per_day, parts_wait, tries, publisher }
    }
}

impl Replies {
    /// What the gateway is told.
    pub(crate) fn rules(&self) -> ReplyRules {
        let Self { answers_per_hour: per_hour, answers_per_day: per_day, parts_wait, tries, .. } = *self;
        ReplyRules { per_hour, per_day, parts_wait, tries, publisher: self.publisher.publisher() }
    }
}
