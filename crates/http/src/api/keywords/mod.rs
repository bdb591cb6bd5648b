//! Keywords of short codes: what is done with the words that phones send. A resource of ours.

pub(crate) mod list;
pub(crate) mod write;

use facteur_gateway::Scope;
use facteur_store::{Keyword, Subscription};
use serde::Serialize;
use utoipa::ToSchema;

use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

const ACCESS: Access = Access::Scoped(Scope::KeywordsReadWrite);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/keywords",
    description: "List keywords, in the order in which they were made",
    access: ACCESS,
};
pub(crate) static CREATE: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/keywords",
    description: "Make a keyword, or a code's default answer",
    access: ACCESS,
};
pub(crate) static SHOW: Endpoint =
    Endpoint { method: "GET", path: "/v2/api/keywords/{id}", description: "Show a keyword", access: ACCESS };
pub(crate) static UPDATE: Endpoint = Endpoint {
    method: "PUT",
    path: "/v2/api/keywords/{id}",
    description: "Change the given fields of a keyword",
    access: ACCESS,
};
pub(crate) static DELETE: Endpoint = Endpoint {
    method: "DELETE",
    path: "/v2/api/keywords/{id}",
    description: "Remove a keyword",
    access: ACCESS,
};

/// A keyword.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeywordView {
    /// Its id.
    #[schema(example = "kwd_1M3PF7F7G0042")]
    id: String,
    /// The short code that it is sent to.
    #[schema(example = "38180")]
    code: String,
    /// The word and its synonyms. None: this is the code's default answer, to what is no keyword.
    #[schema(example = json!(["HORAIRES", "heures"]))]
    words: Vec<String>,
    /// `exact`, or `prefix` when more may follow the word.
    #[serde(rename = "match")]
    #[schema(example = "exact")]
    matching: &'static str,
    /// Whether this is the code's default answer.
    is_default: bool,
    /// What is answered; null: only the webhook is told.
    #[schema(required = true)]
    reply: Option<String>,
    /// The subscription that it is: the phone's message is the consent, and its proof.
    #[schema(required = true)]
    subscription: Option<SubscriptionView>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime)]
    changed_at: String,
}

/// A subscription.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionView {
    /// For whose marketing.
    #[schema(example = "Ma Boutique")]
    advertiser: String,
    /// For what.
    #[schema(example = "offers")]
    purpose: String,
    /// The text that invited people to send the word, exactly.
    text_shown: String,
}

impl From<Keyword> for KeywordView {
    fn from(keyword: Keyword) -> Self {
        let Keyword { id, rule, created_at, changed_at, .. } = keyword;
        let subscription = rule.subscription.map(|subscription| {
            let Subscription { advertiser, purpose, text_shown } = subscription;
            SubscriptionView { advertiser, purpose, text_shown }
        });
        Self {
            id: id.to_string(),
            code: rule.code.to_string(),
            is_default: rule.words.is_empty(),
            words: rule.words.into_iter().map(|word| word.shown).collect(),
            matching: if rule.prefix { "prefix" } else { "exact" },
            reply: rule.reply,
            subscription,
            created_at: created_at.to_string(),
            changed_at: changed_at.to_string(),
        }
    }
}

/// A success with one keyword.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct KeywordAnswer {
    data: KeywordView,
}

fn not_found() -> ApiError {
    ApiError::new(&codes::KEYWORD_NOT_FOUND, "There is no such keyword in the workspace.").at("id")
}
