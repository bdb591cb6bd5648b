//! Counters of what the network has seen since it started.

use crate::network::Operator;

/// One operator's share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OperatorStats {
    /// Submits taken.
    pub accepted: u64,
    /// Receipts written to a link, repeated ones included.
    pub receipts_sent: u64,
}

/// Counters since the start; only [`Stats::bound`], [`Stats::links`] and [`Stats::waiting`] go down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Links open now.
    pub links: u64,
    /// Links bound now.
    pub bound: u64,
    /// Binds accepted.
    pub binds: u64,
    /// Binds refused.
    pub binds_refused: u64,
    /// submit_sm PDUs that could be read.
    pub submits: u64,
    /// Submits taken.
    pub accepted: u64,
    /// Submits refused, throttled ones apart.
    pub refused: u64,
    /// Submits answered ESME_RTHROTTLED.
    pub throttled: u64,
    /// Submits taken whose answer was dropped on purpose.
    pub unanswered: u64,
    /// Whole texts that reached a phone.
    pub delivered: u64,
    /// Texts that phones wrote, those that could not leave included.
    pub written: u64,
    /// Receipts written to a link, repeated ones included.
    pub receipts_sent: u64,
    /// Receipts answered ESME_ROK.
    pub receipts_answered: u64,
    /// Parts of replies written to a link, repeated ones included.
    pub replies_sent: u64,
    /// Parts of replies answered ESME_ROK.
    pub replies_answered: u64,
    /// Receipts and replies refused, lost with their link or not answered in time: offered again.
    pub offered_again: u64,
    /// Receipts and replies dropped because too many waited.
    pub dropped: u64,
    /// Receipts and replies that wait for their time, a receiver or an answer.
    pub waiting: u64,
    /// Shares in the order of [`Operator::ALL`].
    pub operators: [OperatorStats; 4],
}

impl Stats {
    /// One operator's share.
    #[must_use]
    pub const fn of(&self, operator: Operator) -> &OperatorStats {
        &self.operators[operator.index()]
    }

    pub(crate) const fn of_mut(&mut self, operator: Operator) -> &mut OperatorStats {
        &mut self.operators[operator.index()]
    }
}
