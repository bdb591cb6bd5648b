//! What receipts turn out to be, counted: by how their part was found, and by what they did to it.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a receipt's part was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptFound {
    /// By the id it names.
    ById,
    /// By another form of the id, and its recipient.
    ByOtherForm,
    /// By its recipient alone, of a part whose answer was lost.
    ByRecipient,
    /// It came before the answer that named its part, and was matched when that came.
    Early,
    /// Not: nobody knows its message (yet).
    Nowhere,
}

/// What a receipt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptEffect {
    /// It said how its part ended, as it was awaited.
    Settled,
    /// It is not final: told in the story, and nothing else.
    Progress,
    /// It said again what was known.
    Repeated,
    /// It changed what had ended, or had been given up: delivered after all.
    Late,
    /// It said otherwise than what had ended, and changed nothing.
    Contradicted,
    /// It was kept, and is matched when its message appears.
    Kept,
    /// No message appeared for as long as it was kept.
    Forgotten,
}

impl ReceiptFound {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::ById, Self::ByOtherForm, Self::ByRecipient, Self::Early, Self::Nowhere];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ById => "by_id",
            Self::ByOtherForm => "by_other_form",
            Self::ByRecipient => "by_recipient",
            Self::Early => "early",
            Self::Nowhere => "nowhere",
        }
    }
}

impl ReceiptEffect {
    /// Every effect.
    pub const ALL: [Self; 7] = [
        Self::Settled,
        Self::Progress,
        Self::Repeated,
        Self::Late,
        Self::Contradicted,
        Self::Kept,
        Self::Forgotten,
    ];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Progress => "progress",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Contradicted => "contradicted",
            Self::Kept => "kept",
            Self::Forgotten => "forgotten",
        }
    }
}

/// A number for each way and effect.
pub(crate) type Cells<T> = [[T; ReceiptEffect::ALL.len()]; ReceiptFound::ALL.len()];

/// Receipts of one batch, by way and effect.
#[derive(Debug, Default)]
pub(crate) struct ReceiptCount(Cells<u64>);

impl ReceiptCount {
    pub(crate) fn add(&mut self, found: ReceiptFound, effect: ReceiptEffect, receipts: u64) {
        self.0[found as usize][effect as usize] += receipts;
    }
}

/// Receipts since the start, by way and effect.
#[derive(Debug, Default)]
pub(crate) struct ReceiptTally(Cells<AtomicU64>);

impl ReceiptTally {
    /// Adds a batch that was kept, and empties it.
    pub(crate) fn take(&self, batch: &mut ReceiptCount) {
        for (totals, counts) in self.0.iter().zip(&mut batch.0) {
            for (total, count) in totals.iter().zip(counts) {
                match std::mem::take(count) {
                    0 => {}
                    count => _ = total.fetch_add(count, Ordering::Relaxed),
                }
            }
        }
    }

    /// What there was, without what there was none of.
    pub(crate) fn seen(&self) -> Vec<(ReceiptFound, ReceiptEffect, u64)> {
        let mut seen = Vec::new();
        for found in ReceiptFound::ALL {
            for effect in ReceiptEffect::ALL {
                let count = self.0[found as usize][effect as usize].load(Ordering::Relaxed);
                if count > 0 {
                    seen.push((found, effect, count));
                }
            }
        }
        seen
    }
}
