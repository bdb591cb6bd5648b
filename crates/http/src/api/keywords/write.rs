//! `POST /v2/api/keywords`, `PUT` and `DELETE /v2/api/keywords/{id}`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use facteur_domain::KeywordId;
use facteur_gateway::KeywordDraft;
use facteur_store::{KeywordRule, Subscription};
use utoipa::ToSchema;

use super::{KeywordAnswer, KeywordView, not_found};
use crate::api::{Data, Key, Named, ok, written};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::{Entry, Node};

const FIELDS: &str = "code, words, match, reply and subscription";
/// The longest answer, in characters: as a message.
const REPLY_MAX: usize = 1_000;
/// The longest text that is read; the gateway says which ones are too long.
const TEXT_READ_MAX: usize = 4_000;
/// The most words that are read.
const WORDS_READ_MAX: usize = 100;

/// A keyword to make, or what changes of one.
#[derive(ToSchema)]
#[schema(example = json!({"code": "38180", "words": ["HORAIRES", "heures"], "reply": "Lundi à samedi, 9 h à 19 h."}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct KeywordBody {
    /// A short code of the workspace that may send.
    code: Option<String>,
    /// The word and its synonyms; case and accents do not count. None: the code's default answer.
    #[schema(max_items = 20)]
    words: Option<Vec<String>>,
    /// `exact` (the default), or `prefix` when more may follow the word.
    #[serde(rename = "match")]
    matching: Option<String>,
    /// What is answered.
    #[schema(max_length = 1000)]
    reply: Option<String>,
    /// The subscription that it is; null takes it away.
    subscription: Option<SubscriptionBody>,
}

/// A subscription: the phone's message is recorded as the consent, with itself as its proof.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the request")]
pub(crate) struct SubscriptionBody {
    /// For whose marketing.
    #[schema(max_length = 1000)]
    advertiser: String,
    /// For what, as in `offers`.
    #[schema(max_length = 1000)]
    purpose: String,
    /// The text that invited people to send the word, exactly.
    #[schema(max_length = 1000)]
    text_shown: String,
}

/// Make a keyword
///
/// A phone that sends one of the words to the code is answered `reply`, subscribed, or both; the webhook
/// `sms.received` is told in any case. Without `words` it is the code's default answer, given to what is no
/// keyword. A word means one thing on a code, whoever shares the code.
#[utoipa::path(
    post,
    path = "/v2/api/keywords",
    operation_id = "createKeyword",
    tag = "Keywords",
    request_body = KeywordBody,
    responses(
        (status = 201, description = "The keyword", body = KeywordAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 409, description = "A word is a keyword on the code already, or the code has too many", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let entry = Entry::read(&body)?;
    let draft = KeywordDraft {
        code: String::new(),
        words: Vec::new(),
        prefix: false,
        reply: None,
        subscription: None,
    };
    let draft = read(entry, draft)?;
    let actor = caller.actor();
    let made = app.gateway.create_keyword(caller.workspace(), draft, actor).await?;
    written(StatusCode::CREATED, &Data { data: KeywordView::from(made) })
}

/// Change a keyword
///
/// Only the given fields change; `words` replaces what was there.
#[utoipa::path(
    put,
    path = "/v2/api/keywords/{id}",
    operation_id = "updateKeyword",
    tag = "Keywords",
    params(("id" = String, Path, description = "The keyword's id")),
    request_body = KeywordBody,
    responses(
        (status = 200, description = "The keyword", body = KeywordAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
        (status = 404, description = "There is no such keyword in the workspace", body = ErrorBody),
        (status = 409, description = "A word is a keyword on the code already", body = ErrorBody),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<KeywordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let (gateway, workspace) = (&app.gateway, caller.workspace());
    // What is not theirs is not there, whatever the body says.
    let there = gateway.store().keyword(workspace, id).await?.ok_or_else(not_found)?;
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let draft = read(Entry::read(&body)?, draft_of(there.rule))?;
    let actor = caller.actor();
    let changed = gateway.change_keyword(workspace, id, draft, actor).await?;
    ok(&Data { data: KeywordView::from(changed) })
}

/// Remove a keyword
#[utoipa::path(
    delete,
    path = "/v2/api/keywords/{id}",
    operation_id = "deleteKeyword",
    tag = "Keywords",
    params(("id" = String, Path, description = "The keyword's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such keyword in the workspace", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<KeywordId>, ApiError>,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let actor = caller.actor();
    app.gateway.delete_keyword(caller.workspace(), id, actor).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn draft_of(rule: KeywordRule) -> KeywordDraft {
    KeywordDraft {
        code: rule.code.to_string(),
        words: rule.words.into_iter().map(|word| word.shown).collect(),
        prefix: rule.prefix,
        reply: rule.reply,
        subscription: rule.subscription,
    }
}

/// What the request says, over what was there.
fn read(mut entry: Entry, mut draft: KeywordDraft) -> Result<KeywordDraft, ApiError> {
    let mut faults = Faults::default();
    if let Some(code) = entry.bounded("code", TEXT_READ_MAX, &mut faults) {
        code.trim().clone_into(&mut draft.code);
    }
    if draft.code.is_empty() && faults.count() == 0 {
        faults.note("code", "`code` is missing: the short code that the word is sent to, as in 38180");
    }
    if let Some(words) = words(&mut entry, &mut faults) {
        draft.words = words;
    }
    let prefix = |word: &str| match word.trim() {
        "exact" => Some(false),
        "prefix" => Some(true),
        _ => None,
    };
    draft.prefix = entry.word("match", prefix, &["exact", "prefix"], &mut faults).unwrap_or(draft.prefix);
    if entry.given("reply") {
        draft.reply = entry.bounded("reply", REPLY_MAX, &mut faults);
    }
    if entry.given("subscription") {
        draft.subscription = entry.object("subscription", &mut faults).map(|mut to| {
            let mut text = |field: &'static str, meaning: &'static str| {
                to.required(field, TEXT_READ_MAX, meaning, &mut faults).unwrap_or_default()
            };
            let subscription = Subscription {
                advertiser: text("advertiser", "for whose marketing"),
                purpose: text("purpose", "for what, as in offers"),
                text_shown: text("text_shown", "the text that invited people to send the word"),
            };
            to.end("advertiser, purpose and text_shown", &mut faults);
            subscription
        });
    }
    entry.end(FIELDS, &mut faults);
    faults.into_result()?;
    Ok(draft)
}

/// The words, if the field is there; null is none.
fn words(entry: &mut Entry, faults: &mut Faults) -> Option<Vec<String>> {
    if !entry.given("words") {
        return None;
    }
    let list = entry.list("words", faults).unwrap_or_default();
    let mut words = Vec::new();
    for (at, node) in list.into_iter().take(WORDS_READ_MAX).enumerate() {
        match node {
            Node::Text(word) => words.push(word),
            _ => faults.note(format!("words[{at}]"), format!("`words[{at}]` must be a string")),
        }
    }
    Some(words)
}
