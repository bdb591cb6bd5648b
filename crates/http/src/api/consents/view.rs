//! An entry of the ledger as clients see it.

use facteur_store::{ConsentEntry, ConsentEvent, NewConsent};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::words;
use crate::hex::hexadecimal;

/// An entry of the ledger. Entries are never changed; each is chained to the one before by its hash.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentView {
    /// Its id.
    #[schema(example = "cns_1M3PF7F7G0042")]
    pub(super) id: String,
    /// Its place in the workspace's ledger, from 1.
    pub(super) sequence: u64,
    /// `given`, or `withdrawn`.
    #[schema(value_type = words::ConsentEventWord, example = "given")]
    pub(super) event: &'static str,
    /// For a withdrawal, the entry that it ends; else null.
    #[schema(required = true)]
    pub(super) withdraws: Option<String>,
    /// For a withdrawal, why; else null.
    #[schema(required = true)]
    pub(super) reason: Option<String>,
    /// What was given or withdrawn; its fields are absent once the person was erased.
    #[serde(flatten)]
    pub(super) consent: Option<GroundView>,
    /// Who recorded it.
    pub(super) recorded_by: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    pub(super) recorded_at: String,
    /// What the hash of the personal fields was made with, in hexadecimal; null once they were erased.
    #[schema(required = true)]
    pub(super) salt: Option<String>,
    /// SHA-256 of the personal fields, in hexadecimal.
    pub(super) personal_hash: String,
    /// The hash of the entry before, in hexadecimal; zeros for the first.
    pub(super) previous_hash: String,
    /// The entry's hash, in hexadecimal.
    pub(super) hash: String,
}

/// A ground with its proof.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroundView {
    /// Whose.
    #[schema(example = "+33612345678")]
    pub(super) number: String,
    /// Which ground.
    #[schema(value_type = words::ConsentBasis, example = "consent")]
    pub(super) basis: &'static str,
    /// For whose marketing.
    pub(super) advertiser: String,
    /// For what.
    pub(super) purpose: String,
    /// When the person gave it.
    #[schema(format = DateTime)]
    pub(super) collected_at: String,
    /// How and where.
    pub(super) source: String,
    /// The text that the person saw.
    pub(super) text_shown: String,
    /// What else proves it, or null.
    #[schema(required = true)]
    pub(super) evidence: Option<String>,
    /// Whether the number is a professional's.
    pub(super) professional: bool,
}

impl From<ConsentEntry> for ConsentView {
    fn from(entry: ConsentEntry) -> Self {
        let (event, reason) = match entry.event {
            ConsentEvent::Given => ("given", None),
            ConsentEvent::Withdrawn { reason } => ("withdrawn", Some(reason)),
        };
        Self {
            id: entry.id.to_string(),
            sequence: entry.sequence,
            event,
            withdraws: entry.withdraws.map(|id| id.to_string()),
            reason,
            consent: entry.consent.map(GroundView::from),
            recorded_by: entry.recorded_by,
            recorded_at: entry.recorded_at.to_string(),
            salt: entry.salt.map(|salt| hexadecimal(&salt)),
            personal_hash: hexadecimal(&entry.personal),
            previous_hash: hexadecimal(&entry.previous),
            hash: hexadecimal(&entry.hash),
        }
    }
}

impl From<NewConsent> for GroundView {
    fn from(consent: NewConsent) -> Self {
        Self {
            number: consent.number.to_string(),
            basis: consent.basis.as_str(),
            advertiser: consent.advertiser,
            purpose: consent.purpose,
            collected_at: consent.collected_at.to_string(),
            source: consent.source,
            text_shown: consent.text_shown,
            evidence: consent.evidence,
            professional: consent.professional,
        }
    }
}
