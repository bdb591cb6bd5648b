//! The domain's words as the OpenAPI document lists them.

use utoipa::ToSchema;

/// Where a message stands. `unknown`: the operator's answer was lost; a receipt settles it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum Status {
    Scheduled,
    Queued,
    Submitting,
    Submitted,
    Unknown,
    Delivered,
    Undelivered,
    Expired,
    Rejected,
    Blocked,
    Cancelled,
}

/// What a message is for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum Class {
    Marketing,
    Transactional,
    Otp,
    Alert,
    Conversational,
}

/// How a text is encoded: 160 characters of GSM 03.38 in one SMS, or 70 of UCS-2.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum Encoding {
    Gsm7,
    Ucs2,
}

/// Where a sender stands in its verification; only `VALIDATED` may send.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum SenderStatus {
    Pending,
    Validated,
    Failed,
    Disabled,
}

/// On which ground a person may be written to: a consent given beforehand, a purchase of something like
/// it from the same company, or (for a professional) their work.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum ConsentBasis {
    Consent,
    ExistingCustomer,
    B2b,
}

/// What becomes of marketing outside its hours: it waits for them, or is refused.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the store has the values")]
pub(crate) enum ClosedWindow {
    Hold,
    Refuse,
}

/// Whether texts are rewritten so that they cost fewer parts: never, as a suggestion of the preview, or
/// when they are sent.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the store has the values")]
pub(crate) enum RewriteMode {
    Off,
    Suggest,
    Auto,
}

/// What would become of a message: it would leave at once or when it is scheduled, wait until its hours
/// begin, or be refused.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the rules have the values")]
pub(crate) enum Decision {
    Send,
    Hold,
    Refuse,
}

/// What an entry of the ledger says.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the store has the values")]
pub(crate) enum ConsentEventWord {
    Given,
    Withdrawn,
}

/// How far an opt-out reaches: all senders of one advertiser, of the workspace, or of the platform.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the domain has the values")]
pub(crate) enum OptOutReach {
    Advertiser,
    Workspace,
    Platform,
}

/// Whether an opt-out is sure, or a doubtful reply that somebody is to read; both hold.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the words; the store has the values")]
pub(crate) enum OptOutStatus {
    Confirmed,
    Review,
}

#[cfg(test)]
mod tests {
    use facteur_domain as domain;
    use utoipa::PartialSchema;

    use super::*;

    fn words<T: PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).expect("JSON");
        let words = schema["enum"].as_array().expect("an enum");
        words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    }

    #[test]
    fn the_documented_words_are_the_domains() {
        for word in words::<Status>() {
            assert!(domain::State::from_name(&word).is_some(), "{word}");
        }
        for word in words::<Class>() {
            assert!(domain::Class::from_name(&word).is_some(), "{word}");
        }
        for word in words::<Encoding>() {
            assert!(domain::Encoding::from_name(&word).is_some(), "{word}");
        }
        for word in words::<SenderStatus>() {
            assert!(domain::SenderState::from_name(&word).is_some(), "{word}");
        }
        for word in words::<ConsentBasis>() {
            assert!(domain::Basis::from_name(&word).is_some(), "{word}");
        }
        for word in words::<ClosedWindow>() {
            assert!(facteur_store::OnClosedWindow::from_name(&word).is_some(), "{word}");
        }
        for word in words::<RewriteMode>() {
            assert!(facteur_store::Rewriting::from_name(&word).is_some(), "{word}");
        }
        for word in words::<OptOutReach>() {
            assert!(domain::OptOutScope::from_name(&word).is_some(), "{word}");
        }
        for word in words::<OptOutStatus>() {
            assert!(facteur_store::OptOutState::from_name(&word).is_some(), "{word}");
        }
        assert_eq!(words::<Status>().len(), domain::State::ALL.len());
        assert_eq!(words::<Class>().len(), domain::Class::ALL.len());
    }
}
