//! The stable codes of the API's errors: one table, from which answers, the OpenAPI document and
//! the readable page are made.

use axum::http::StatusCode;
use facteur_gateway as gateway;

/// A code, the HTTP status it comes with, and what it means to a developer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident $status:ident $meaning:literal;)*) => {
        $(pub(crate) static $name: Code =
            Code { name: stringify!($name), status: StatusCode::$status, meaning: $meaning };)*

        /// Every code, in order of status.
        pub(crate) static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    INVALID_REQUEST_BODY BAD_REQUEST
        "The body is not JSON, or a field is missing, of the wrong type or out of its range.";
    INVALID_LENGTH BAD_REQUEST "The message is blank, or not of 1 to 1000 characters.";
    INVALID_PHONE_FORMAT BAD_REQUEST
        "The number is not in E.164: a plus sign, the country code, and digits without spaces.";
    INVALID_TO_NUMBER BAD_REQUEST "The recipient is a number, but not a French mobile.";
    LANDLINE_NUMBER_NOT_SUPPORTED BAD_REQUEST "The recipient is a landline.";
    INVALID_SENDER_ID BAD_REQUEST
        "The Sender ID is not 3 to 11 letters and digits with one letter at least, nor a short code.";
    SENDER_ID_NOT_ACTIVE BAD_REQUEST "The Sender ID is on the account, but not verified or withdrawn.";
    PROVIDER_NOT_SUPPORTED BAD_REQUEST
        "The sender is a standard mobile number, which French operators refuse for business SMS.";
    FROM_NUMBER_NOT_FOUND BAD_REQUEST "The sending number is not on the account.";
    MESSAGE_NOT_COMPLIANT BAD_REQUEST "French rules forbid the message.";
    MISSING_FIELD BAD_REQUEST "The body lacks a field.";
    SENDER_ID_INVALID_FORMAT BAD_REQUEST
        "The Sender ID to declare is not 3 to 11 letters and digits with one letter at least.";
    SENDER_ID_NOT_COMPLIANT BAD_REQUEST "French rules forbid the Sender ID, or a paper is wrong.";
    INVALID_CSV BAD_REQUEST "The file is no table that can be read, or lacks a column.";
    BATCH_TOO_LARGE BAD_REQUEST "The list has more entries than one request may carry.";
    INVALID_PAGE_SIZE BAD_REQUEST "`page` is under 1, or `size` is not 1 to 100.";
    INVALID_DATE_RANGE BAD_REQUEST "A date is not RFC 3339 with a zone, or the range ends before it begins.";
    INVALID_SEARCH_QUERY BAD_REQUEST "A filter is unknown, repeated, or has an unknown value.";
    MISSING_ALLO_NUMBER BAD_REQUEST "`allo_number` is missing: the sender whose conversations are asked for.";
    DATE_RANGE_TOO_WIDE BAD_REQUEST "The range has more messages than one request can sort so.";
    INVALID_ITEM_ID BAD_REQUEST "What stands there is no message's id.";
    INVALID_ACTION BAD_REQUEST "The action is none of those that there are.";
    UNSUPPORTED_EXTEND_VALUE BAD_REQUEST "`extend` names something that cannot be added to the answer.";
    CONTACT_NOT_FOUND BAD_REQUEST "There is no such contact in the workspace.";
    API_KEY_INVALID UNAUTHORIZED "The API key is missing, badly sent or unknown.";
    API_KEY_REVOKED UNAUTHORIZED "The API key was revoked.";
    API_KEY_INSUFFICIENT_SCOPE FORBIDDEN "The API key lacks the scope that the endpoint needs.";
    ENDPOINT_NOT_FOUND NOT_FOUND "There is no such path.";
    SENDER_ID_NOT_FOUND NOT_FOUND "The Sender ID is not on the account.";
    CONVERSATION_NOT_FOUND NOT_FOUND "There is no conversation with the number.";
    CONVERSATION_ITEM_NOT_FOUND NOT_FOUND "There is no such message in the workspace.";
    PHONE_NUMBER_NOT_FOUND NOT_FOUND "The short code or Sender ID is not on the account.";
    MESSAGE_NOT_FOUND NOT_FOUND "There is no such message in the workspace.";
    EVIDENCE_NOT_FOUND NOT_FOUND "The sender has no such file of evidence.";
    PARTNER_ACCOUNT_NOT_FOUND NOT_FOUND "There is no such account.";
    CONSENT_NOT_FOUND NOT_FOUND "The ledger has no consent of this number.";
    OPT_OUT_NOT_FOUND NOT_FOUND "There is no such opt-out in the workspace.";
    WEBHOOK_NOT_FOUND NOT_FOUND "There is no such webhook in the workspace, or no such event.";
    KEYWORD_NOT_FOUND NOT_FOUND "No keyword of this workspace has this id.";
    METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED "The path exists, but not with this method; see `Allow`.";
    REQUEST_TIMEOUT REQUEST_TIMEOUT "The body did not come in time.";
    IDEMPOTENCY_KEY_REUSE CONFLICT "The idempotency key was used for another request.";
    OTHER_TRANSACTION_IN_PROGRESS CONFLICT
        "Another request with the same idempotency key is being carried out; try again in a moment.";
    KEYWORD_TAKEN CONFLICT "The word is a keyword on this short code already, or the code has as many as it can.";
    MESSAGE_NOT_CANCELLABLE CONFLICT "The message has left, or has reached its end.";
    SENDER_ID_TAKEN CONFLICT "Another workspace has the Sender ID.";
    SENDER_ID_LIMIT_REACHED CONFLICT "The workspace has as many Sender IDs or short codes as it may.";
    SENDER_ID_STATE_CONFLICT CONFLICT "The sender stands where the decision cannot be made.";
    EVIDENCE_LIMIT_REACHED CONFLICT "The sender has as many files of evidence as it may.";
    OPT_OUT_NOT_LIFTABLE CONFLICT "The opt-out was lifted before, or lifting it needs a new consent.";
    OPT_OUT_NOT_CONFIRMABLE CONFLICT "The opt-out was lifted before.";
    TOO_MANY_WEBHOOKS CONFLICT "The workspace has as many webhooks as it may.";
    PAYLOAD_TOO_LARGE PAYLOAD_TOO_LARGE
        "The body is larger than the endpoint takes: 64 KiB, or 5 MiB for lists, imports and files.";
    UNSUPPORTED_MEDIA_TYPE UNSUPPORTED_MEDIA_TYPE
        "The body is not of a type that the endpoint takes, most often `application/json`.";
    RATE_LIMIT_EXCEEDED TOO_MANY_REQUESTS "The key's requests a second are used up; see `Retry-After`.";
    API_KEY_QUOTA_EXCEEDED TOO_MANY_REQUESTS "The key's daily quota is used up; see `Retry-After`.";
    INTERNAL_SERVER_ERROR INTERNAL_SERVER_ERROR "Something failed on our side.";
    SERVICE_UNAVAILABLE SERVICE_UNAVAILABLE "Nothing can be kept now; nothing was. Try again.";
    GATEWAY_TIMEOUT GATEWAY_TIMEOUT
        "The request took too long: it may have been carried out, or still be. Repeat it with the same \
         Idempotency-Key.";
}

/// The code of a refusal by the gateway.
pub(crate) fn of_refusal(code: gateway::Code) -> &'static Code {
    use gateway::Code as G;
    match code {
        G::InvalidLength => &INVALID_LENGTH,
        G::InvalidPhoneFormat => &INVALID_PHONE_FORMAT,
        G::InvalidToNumber => &INVALID_TO_NUMBER,
        G::LandlineNumberNotSupported => &LANDLINE_NUMBER_NOT_SUPPORTED,
        G::InvalidSenderId => &INVALID_SENDER_ID,
        G::SenderIdNotFound => &SENDER_ID_NOT_FOUND,
        G::SenderIdNotActive => &SENDER_ID_NOT_ACTIVE,
        G::ProviderNotSupported => &PROVIDER_NOT_SUPPORTED,
        G::FromNumberNotFound => &FROM_NUMBER_NOT_FOUND,
        G::InvalidRequestBody => &INVALID_REQUEST_BODY,
        G::MessageNotCompliant => &MESSAGE_NOT_COMPLIANT,
        G::ApiKeyQuotaExceeded => &API_KEY_QUOTA_EXCEEDED,
        G::IdempotencyKeyReuse => &IDEMPOTENCY_KEY_REUSE,
        G::MessageNotFound => &MESSAGE_NOT_FOUND,
        G::MessageNotCancellable => &MESSAGE_NOT_CANCELLABLE,
        G::KeywordNotFound => &KEYWORD_NOT_FOUND,
        G::KeywordTaken => &KEYWORD_TAKEN,
        G::ServiceUnavailable => &SERVICE_UNAVAILABLE,
        G::InternalServerError => &INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_of_status_and_without_repeats() {
        let mut names: Vec<_> = ALL.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.is_sorted_by_key(|code| code.status.as_u16()));
    }

    #[test]
    fn a_refusal_keeps_the_name_the_gateway_gave_it() {
        use gateway::Code as G;
        for code in
            [G::InvalidLength, G::ApiKeyQuotaExceeded, G::MessageNotCancellable, G::ServiceUnavailable]
        {
            assert_eq!(of_refusal(code).name, code.as_str());
        }
    }
}
