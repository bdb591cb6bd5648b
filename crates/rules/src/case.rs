//! One message before the judge: its facts, the pack in force, and what its text turned out to hold.

use facteur_domain::{AutoReply, Class, Timestamp};

use crate::pack::{Hours, Pack, Profile};
use crate::scan::Scan;
use crate::{Audience, Facts};

/// What every family of rules looks at.
pub(crate) struct Case<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) pack: &'a Pack,
    /// What the text holds; only looked for under a policy.
    pub(crate) scan: Option<Scan>,
    /// The class in force.
    pub(crate) class: Class,
}

impl<'a> Case<'a> {
    /// Requirements `fr-class-raised`, `fr-class-unknown`: the class is raised by what the text
    /// holds, and never lowered.
    pub(crate) fn new(facts: &'a Facts<'a>, pack: &'a Pack) -> Self {
        let scan = facts.circumstances.policy.map(|_| Scan::of(facts.text, pack.surcharged()));
        // An answer to who just wrote may say how to stop, and is no marketing for that.
        let raised = scan.as_ref().is_some_and(|scan| match facts.auto_reply {
            None => scan.raises(),
            Some(AutoReply::Keyword) => scan.dear.is_some(),
            Some(_) => false,
        });
        let class = if raised { Class::Marketing } else { facts.class };
        Self { facts, pack, scan, class }
    }

    /// Whether there is a policy to judge by.
    pub(crate) const fn is_ruled(&self) -> bool {
        self.facts.circumstances.policy.is_some()
    }

    /// Whether the rules on marketing apply.
    pub(crate) fn is_marketing(&self) -> bool {
        self.class == Class::Marketing
    }

    pub(crate) const fn at(&self) -> Timestamp {
        self.facts.at
    }

    /// Whether the recipient counts as a consumer: all but declared professionals do.
    pub(crate) const fn is_consumer(&self) -> bool {
        is_consumer(self.facts.circumstances.audience)
    }

    /// The hours in force for marketing, and the profile that a reason cites: the workspace's where it
    /// is the stricter, else the platform's.
    pub(crate) fn hours(&self) -> Option<(Hours, &'a Profile)> {
        let policy = self.facts.circumstances.policy?;
        Some(self.pack.hours_of(&policy))
    }
}

/// Whether somebody counts as a consumer: all but declared professionals do.
pub(crate) const fn is_consumer(audience: Audience) -> bool {
    matches!(audience, Audience::Unknown | Audience::Consumer)
}
