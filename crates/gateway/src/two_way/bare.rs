//! What is done with a phone's message whose handling fails again and again (a fault of ours, a damaged row): the
//! operator would offer it for ever, and its STOP would never count. It is kept as it came, as nobody's, with
//! what went wrong; and a STOP that its bare text says counts for the whole platform, since whose it is may be
//! what cannot be found out (requirement `fr-mo-failing`).

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use facteur_domain::{OptOutScope, ShortCode, WorkspaceId};
use facteur_rules::{Context, Meaning, read_reply};
use facteur_store::{
    Arrived, Inbound, Known, NewOptOut, OptOutState, ReplyMeaning, StopOrder, StoreError, Understand,
    Understood,
};
use foldhash::fast::{FixedState, RandomState};

use crate::link::mo;

/// Failing messages that are remembered: more at once are no fault of single messages.
const FAILING_MAX: usize = 1_024;

/// Reads a message by its text alone.
pub(crate) struct BareDesk {
    /// What went wrong.
    pub(crate) why: String,
    /// Whether a STOP is written. Without, the message is kept and nothing else: the last resort.
    pub(crate) acts: bool,
}

impl Understand for BareDesk {
    fn text(&self, parts: &[Option<Inbound>]) -> String {
        mo::text(parts)
    }

    fn understand(&self, arrived: &Arrived<'_>, _known: &Known) -> Understood {
        let rule = Some(format!("kept as it came: {}", self.why));
        if !self.acts {
            return Understood { meaning: Some(ReplyMeaning::Reply), rule, ..Understood::default() };
        }
        // Nobody looked what was sent before: in doubt it was marketing.
        let after_marketing = arrived.code.is_none_or(ShortCode::is_marketing);
        let reading = read_reply(arrived.text, Context { after_marketing, keyword: None });
        let (meaning, state) = match reading.meaning {
            Meaning::Stop => (ReplyMeaning::Stop, Some(OptOutState::Confirmed)),
            Meaning::StopDoubtful => (ReplyMeaning::StopDoubtful, Some(OptOutState::Review)),
            Meaning::Contact => (ReplyMeaning::Contact, None),
            Meaning::Start => (ReplyMeaning::Start, None),
            Meaning::Other => (ReplyMeaning::Reply, None),
        };
        let order = |(number, state)| StopOrder {
            workspace: WorkspaceId::PLATFORM,
            opt_out: NewOptOut {
                number,
                scope: OptOutScope::Platform,
                advertiser: None,
                source: "stop_reply".to_owned(),
                reason: reading.why.map(|why| why.rule.to_owned()),
            },
            state,
        };
        let stops = arrived.phone.zip(state).map(order).into_iter().collect();
        Understood { meaning: Some(meaning), rule, stops, ..Understood::default() }
    }
}

/// How often the handling of each message has failed, in memory: after a restart they are counted anew.
#[derive(Default)]
pub(crate) struct Failing(Mutex<HashMap<u64, u32, RandomState>>);

impl Failing {
    /// How often it has failed with this time.
    pub(crate) fn again(&self, message: &Inbound) -> u32 {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(message);
        if failing.len() >= FAILING_MAX && !failing.contains_key(&key) {
            failing.clear();
        }
        let tries = failing.entry(key).or_default();
        *tries = tries.saturating_add(1);
        *tries
    }

    /// It was dealt with.
    pub(crate) fn settled(&self, message: &Inbound) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !failing.is_empty() {
            failing.remove(&key(message));
        }
    }
}

/// The same octets from the same phone to the same code.
fn key(message: &Inbound) -> u64 {
    FixedState::with_seed(u64::from(message.route.0)).hash_one((
        &message.source,
        &message.destination,
        &message.content,
    ))
}

/// Whether a failure may be the message's own, and not the disk's.
pub(crate) const fn may_be_its_own(why: &StoreError) -> bool {
    !matches!(why, StoreError::CannotWrite(_) | StoreError::Closed | StoreError::Overloaded)
}

#[cfg(test)]
mod tests {
    use facteur_domain::{InboundId, Msisdn, Timestamp};

    use super::*;

    fn understand(text: &str, acts: bool) -> Understood {
        let arrived = Arrived {
            id: InboundId::from_key(18),
            at: Timestamp::from_millis(0),
            now: Timestamp::from_millis(0),
            phone: Msisdn::from_digits(33_612_345_678),
            code: "36180".parse().ok(),
            text,
            open: false,
        };
        BareDesk { why: "no such column".to_owned(), acts }.understand(&arrived, &Known::default())
    }

    /// Requirement `fr-mo-failing`.
    #[test]
    fn a_stop_is_read_off_the_bare_text() {
        for (text, meaning, state) in [
            ("STOP", ReplyMeaning::Stop, Some(OptOutState::Confirmed)),
            ("je ne veux plus de vos sms", ReplyMeaning::StopDoubtful, Some(OptOutState::Review)),
            ("START", ReplyMeaning::Start, None),
            ("Bonjour", ReplyMeaning::Reply, None),
        ] {
            let understood = understand(text, true);
            let stop = understood.stops.first();
            assert_eq!((understood.meaning, stop.map(|stop| stop.state)), (Some(meaning), state), "{text}");
            assert!(stop.is_none_or(|stop| stop.workspace == WorkspaceId::PLATFORM));
            assert_eq!(understood.rule.as_deref(), Some("kept as it came: no such column"));
            assert!(understood.owner.is_none() && understood.answer.is_none());
        }
        assert!(understand("STOP", false).stops.is_empty());
    }
}
