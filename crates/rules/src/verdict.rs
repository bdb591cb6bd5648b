//! The answer of the judge.

use std::sync::Arc;

use facteur_domain::{Class, MessageId, Msisdn, Timestamp};

use crate::case::Case;
use crate::{Cleared, Effect, Reason};

/// What becomes of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It may go now.
    Send,
    /// It may go at `until`, to be judged again then.
    Hold {
        /// The first instant that every rule which holds it allows.
        until: Timestamp,
    },
    /// It may not go.
    Refuse,
}

/// The judge's answer, with every reason. Made only by [`judge`](crate::judge), and not `Clone`: one
/// judgement clears one message at most.
#[derive(PartialEq, Eq, Debug)]
#[must_use]
pub struct Verdict {
    reasons: Vec<Reason>,
    decision: Decision,
    class: Class,
    pack: Arc<str>,
    recipient: Msisdn,
    at: Timestamp,
}

impl Verdict {
    pub(crate) fn new(case: &Case<'_>, mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by_key(|reason| (reason.field, reason.rule));
        let facts = case.facts;
        let decision = decide(&reasons, facts.at);
        let (class, pack) = (case.class, case.pack.shared_id());
        Self { reasons, decision, class, pack, recipient: facts.recipient, at: facts.at }
    }

    /// The strictest effect of all reasons.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// Every reason, ordered by field and rule id; empty when no rule has anything to say.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Id and version of the rule pack it was judged by.
    #[must_use]
    pub fn pack(&self) -> &str {
        &self.pack
    }

    /// The class in force: as declared, or marketing where the text says so.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The permit for `message` to leave. `message` must be the one whose facts were judged.
    ///
    /// # Errors
    /// Gives the verdict back unless its decision is [`Decision::Send`].
    pub fn clear(self, message: MessageId) -> Result<Cleared, Self> {
        match self.decision {
            Decision::Send => Ok(Cleared::new(message, self.recipient, self.at)),
            Decision::Hold { .. } | Decision::Refuse => Err(self),
        }
    }
}

/// The strictest effect decides. Several holds: the latest of their ends.
fn decide(reasons: &[Reason], at: Timestamp) -> Decision {
    match reasons.iter().map(|reason| reason.effect).max() {
        None | Some(Effect::Allow | Effect::Note) => Decision::Send,
        Some(Effect::Hold) => Decision::Hold {
            until: reasons.iter().filter_map(|reason| reason.until).fold(at, Timestamp::max),
        },
        Some(Effect::Refuse) => Decision::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::SenderState;

    use super::*;
    use crate::rule::{Rule, Says};
    use crate::{Circumstances, Facts, Field, Packs, judge};

    static SAYS: Says = Says::plain("", "");

    fn facts() -> Facts<'static> {
        Facts {
            at: Timestamp::from_millis(1000),
            class: Class::Marketing,
            recipient: Msisdn::parse("+33612345678").expect("valid"),
            sender: "MyCompany".parse().expect("valid"),
            sender_state: Some(SenderState::Validated),
            text: "Bonjour",
            parts: 1,
            parts_max: 6,
            test: false,
            departing: true,
            auto_reply: None,
            circumstances: Circumstances::default(),
        }
    }

    fn reason(effect: Effect, until: Option<i64>) -> Reason {
        let rule = Rule { id: "fr.test", effect, field: Field::To, source: "SEED", dated: "2026" };
        let mut reason = Reason::new(&rule, &SAYS);
        reason.until = until.map(Timestamp::from_millis);
        reason
    }

    #[test]
    fn the_strictest_effect_decides() {
        let hold = |at| Decision::Hold { until: Timestamp::from_millis(at) };
        let allow = || reason(Effect::Allow, None);
        let note = || reason(Effect::Note, None);
        let refuse = || reason(Effect::Refuse, None);
        for (reasons, decision) in [
            (vec![], Decision::Send),
            (vec![allow(), note()], Decision::Send),
            (vec![note(), reason(Effect::Hold, Some(5000))], hold(5000)),
            (vec![reason(Effect::Hold, Some(9000)), reason(Effect::Hold, Some(5000))], hold(9000)),
            // A hold never ends before the instant that was judged.
            (vec![reason(Effect::Hold, Some(500))], hold(1000)),
            (vec![refuse(), reason(Effect::Hold, Some(5000)), allow()], Decision::Refuse),
        ] {
            let facts = facts();
            let case = Case::new(&facts, Packs::embedded().at(facts.at));
            let verdict = Verdict::new(&case, reasons);
            assert_eq!(verdict.decision(), decision);
            let sent = decision == Decision::Send;
            assert_eq!(verdict.clear(MessageId::from_key(16)).is_ok(), sent, "{decision:?}");
        }
    }

    #[test]
    fn nothing_to_say_costs_no_allocation() {
        assert_eq!(judge(&facts()).reasons.capacity(), 0);
    }
}
