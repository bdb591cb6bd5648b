//! The hashes of the consent ledger, by which a proof is shown to be what was recorded (requirement
//! `fr-consent-proof`).
//!
//! Both hashes are SHA-256 over fields in a fixed order, after a line that names the hash and its
//! version. A text is its length in octets (64 bits, big end first) and its UTF-8; a number is 64 bits,
//! big end first; an optional field is the octet 0, or the octet 1 and the field; a hash or salt is its
//! 32 octets. Times are milliseconds since the Unix epoch.
//!
//! - personal: salt, number, basis, advertiser, purpose, `collected_at`, source, `text_shown`, evidence
//!   (optional), professional (0 or 1), reason (optional).
//! - entry: the hash of the entry before, workspace, sequence, id, event, `withdraws` (optional),
//!   `recorded_at`, `recorded_by`, the personal hash.

use sha2::{Digest, Sha256};

use crate::{ConsentEntry, ConsentEvent, NewConsent};

const PERSONAL: &[u8] = b"facteur consent person 1\n";
const ENTRY: &[u8] = b"facteur consent entry 1\n";

struct Fields(Sha256);

impl Fields {
    fn new(name: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(name);
        Self(hash)
    }

    fn octets(mut self, octets: &[u8; 32]) -> Self {
        self.0.update(octets);
        self
    }

    fn number(mut self, number: i64) -> Self {
        self.0.update(number.to_be_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    fn maybe<T>(mut self, field: Option<T>, put: impl FnOnce(Self, T) -> Self) -> Self {
        self.0.update([u8::from(field.is_some())]);
        match field {
            Some(field) => put(self, field),
            None => self,
        }
    }

    fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The hash of what an entry says of a person.
pub(super) fn personal(salt: &[u8; 32], consent: &NewConsent, event: &ConsentEvent) -> [u8; 32] {
    let reason = match event {
        ConsentEvent::Given => None,
        ConsentEvent::Withdrawn { reason } => Some(reason.as_str()),
    };
    Fields::new(PERSONAL)
        .octets(salt)
        .number(consent.number.digits().cast_signed())
        .text(consent.basis.as_str())
        .text(&consent.advertiser)
        .text(&consent.purpose)
        .number(consent.collected_at.millis())
        .text(&consent.source)
        .text(&consent.text_shown)
        .maybe(consent.evidence.as_deref(), Fields::text)
        .number(i64::from(consent.professional))
        .maybe(reason, Fields::text)
        .done()
}

/// The name of an entry's event.
pub(super) const fn event_name(event: &ConsentEvent) -> &'static str {
    match event {
        ConsentEvent::Given => "given",
        ConsentEvent::Withdrawn { .. } => "withdrawn",
    }
}

/// The hash of an entry after the one whose hash is `previous`.
pub(super) fn entry(entry: &ConsentEntry, previous: &[u8; 32]) -> [u8; 32] {
    Fields::new(ENTRY)
        .octets(previous)
        .number(entry.workspace.key())
        .number(entry.sequence.cast_signed())
        .number(entry.id.key())
        .text(event_name(&entry.event))
        .maybe(entry.withdraws, |fields, id| fields.number(id.key()))
        .number(entry.recorded_at.millis())
        .text(&entry.recorded_by)
        .octets(&entry.personal)
        .done()
}

#[cfg(test)]
mod tests {
    use facteur_domain::{Basis, ConsentId, Msisdn, Timestamp, WorkspaceId};

    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    fn given() -> ConsentEntry {
        let mut salt = [0; 32];
        (0..).zip(&mut salt).for_each(|(n, octet)| *octet = n);
        let consent = NewConsent {
            number: Msisdn::from_digits(33_639_980_001).expect("valid"),
            basis: Basis::Consent,
            advertiser: "Ma Boutique".to_owned(),
            purpose: "newsletter".to_owned(),
            collected_at: Timestamp::from_millis(1_795_000_000_000),
            source: "https://example.fr".to_owned(),
            text_shown: "J'accepte les offres d'été".to_owned(),
            evidence: Some("form-7".to_owned()),
            professional: false,
        };
        ConsentEntry {
            id: ConsentId::from_key(64),
            workspace: WorkspaceId::from_key(16),
            sequence: 1,
            event: ConsentEvent::Given,
            withdraws: None,
            personal: personal(&salt, &consent, &ConsentEvent::Given),
            consent: Some(consent),
            recorded_by: "ana".to_owned(),
            recorded_at: Timestamp::from_millis(1_795_000_001_000),
            salt: Some(salt),
            previous: [0; 32],
            hash: [0; 32],
        }
    }

    /// The expected values were computed from this file's description by another program (Python's
    /// hashlib), so that ledgers can be checked without ours.
    #[test]
    fn hashes_are_as_described() {
        let first = given();
        let hash = entry(&first, &[0; 32]);
        assert_eq!(hex(&first.personal), "f3b7026dde86b9f4f955bcfe86c769d627b4b423fea4d1e8f5de910fdd20b336");
        assert_eq!(hex(&hash), "d8cf329db05a08e0f3ddb53e92e4e47642e91f38e8b04bdb7b4b15fd241bc7be");
        let event = ConsentEvent::Withdrawn { reason: "asked".to_owned() };
        let consent = NewConsent { evidence: None, ..first.consent.clone().expect("there") };
        let second = ConsentEntry {
            id: ConsentId::from_key(80),
            sequence: 2,
            withdraws: Some(first.id),
            personal: personal(&first.salt.expect("there"), &consent, &event),
            event,
            ..first
        };
        assert_eq!(hex(&second.personal), "e605b4746d8fb06029df4470b5a764f9277b300c8446668b056c4a61ba9f82d7");
        let hash = entry(&second, &hash);
        assert_eq!(hex(&hash), "47988b857b81720167cd6deb7dc25393c91d9e00a8694da80233037a88d1b979");
    }
}
