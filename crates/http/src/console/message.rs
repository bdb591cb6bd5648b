//! A message's story: every step with its time, both verdicts, the consent it relied on; to be cancelled while
//! it waits, and sent anew when it failed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::{Message, MessageId, State as Stage};
use facteur_gateway::{Chance, Code, IdempotencyKey, Reply, StoredAnswer, may_send_anew, mint_token};
use facteur_store::{ConsentEntry, StoredMessage, StoryStep};

use super::confirm::Confirm;
use super::lang::Lang;
use super::{Fields, Flash, Member, Page, Pages, Permission, Trouble, render, send, words};
use crate::app::App;

/// The route that idempotency keys of "send anew" belong to.
const ROUTE: &str = "POST /console/messages/anew";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/messages/{message}", Permission::See, get(show));
    pages.member("/messages/{message}/cancel", Permission::Send, get(ask_cancel).post(cancel));
    pages.member("/messages/{message}/anew", Permission::Send, post(anew));
}

struct Step {
    look: &'static str,
    words: String,
    story: StoryStep,
    /// The other message that it names.
    other: String,
}

/// A verdict as it was kept.
struct Verdict {
    title: String,
    look: &'static str,
    decision: String,
    pack: String,
    reasons: Vec<Reason>,
}

struct Reason {
    look: &'static str,
    effect: String,
    says: String,
    source: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Story {
    page: Page,
    stored: StoredMessage,
    look: &'static str,
    state: String,
    class: String,
    who: String,
    steps: Vec<Step>,
    verdicts: Vec<Verdict>,
    consent: Option<ConsentEntry>,
    /// It relied on an entry of which the person was erased since.
    consent_id: String,
    may_cancel: bool,
    may_repeat: bool,
    token: String,
    here: String,
    events: String,
}

async fn show(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let id: MessageId = id.parse().map_err(|_| Trouble::NotFound)?;
    let (store, workspace) = (app.gateway.store(), member.workspace());
    let stored = store.message(workspace, id).await?.ok_or(Trouble::NotFound)?;
    let story = store.story(workspace, id).await?;
    let (acceptance, departure) = store.verdicts(workspace, id).await?;
    let relied = store.relied_on(workspace, id).await?;
    let entries = match relied {
        Some(_) => store.consents(workspace, stored.message.recipient).await?,
        None => Vec::new(),
    };
    let page = member.page("messages-story").titled(id.to_string());
    let verdict = |key: &str, json: Option<String>| json.map(|json| verdict(&page, key, &json)).transpose();
    let verdicts =
        [verdict("messages-at-acceptance", acceptance)?, verdict("messages-at-departure", departure)?];
    let erased = stored.message.recipient == facteur_store::erased_number();
    let sends = member.may(Permission::Send);
    render(&Story {
        look: words::look(stored.state),
        state: words::state(&page, stored.state),
        class: words::class(&page, stored.message.class),
        who: if erased { page.t("messages-erased") } else { page.phone(&stored.message.recipient) },
        steps: story.into_iter().map(|story| step(&page, story)).collect(),
        verdicts: verdicts.into_iter().flatten().collect(),
        consent: entries.into_iter().find(|entry| Some(entry.id) == relied),
        consent_id: relied.map(|id| id.to_string()).unwrap_or_default(),
        may_cancel: sends && matches!(stored.state, Stage::Scheduled | Stage::Queued),
        may_repeat: sends && may_send_anew(&stored),
        token: mint_token(Chance).token.into_inner(),
        here: member.link(&format!("/messages/{id}")),
        events: member.link("/events"),
        stored,
        page,
    })
}

fn step(page: &Page, story: StoryStep) -> Step {
    let key = format!("messages-step-{}", story.what.replace('_', "-"));
    let look = match story.what.as_str() {
        "blocked" | "refused" => "bad",
        "lost" | "deferred" | "receipt_overdue" | "held" | "lapsed" => "warn",
        "receipt" => story.state.map_or("", words::look),
        _ => "",
    };
    let linked = matches!(story.what.as_str(), "copy_of" | "sent_anew");
    let other = story.detail.clone().filter(|_| linked).unwrap_or_default();
    let words = if Lang::knows(&key) { page.t(&key) } else { story.what.clone() };
    Step { look, words, other, story }
}

/// A verdict from the JSON that was kept.
fn verdict(page: &Page, title: &str, json: &str) -> Result<Verdict, Trouble> {
    let kept: serde_json::Value = serde_json::from_str(json).map_err(Trouble::internal)?;
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let message = if page.lang == Lang::Fr { "message_fr" } else { "message" };
    let reasons = kept["reasons"].as_array().into_iter().flatten().map(|reason| {
        let effect = text(reason, "effect");
        Reason {
            look: look(&effect),
            says: page.lang.typeset(&text(reason, message)),
            source: format!(
                "{} · {}, {}",
                text(reason, "rule"),
                text(reason, "source"),
                text(reason, "dated")
            ),
            effect: page.word("send-effect", &effect),
        }
    });
    let decision = text(&kept, "decision");
    Ok(Verdict {
        title: page.t(title),
        look: look(if decision == "send" { "allow" } else { &decision }),
        decision: page.word("messages-decision", &decision),
        pack: text(&kept, "rule_pack"),
        reasons: reasons.collect(),
    })
}

fn look(effect: &str) -> &'static str {
    match effect {
        "refuse" => "bad",
        "hold" => "warn",
        "allow" => "good",
        _ => "info",
    }
}

async fn ask_cancel(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let id: MessageId = id.parse().map_err(|_| Trouble::NotFound)?;
    let found = app.gateway.store().message(member.workspace(), id).await?.ok_or(Trouble::NotFound)?;
    let page = member.page("messages-cancel-title");
    let here = member.link(&format!("/messages/{id}"));
    render(&Confirm {
        what: page.t1("messages-cancel-what", "number", page.phone(&found.message.recipient)),
        consequences: vec![page.t("messages-cancel-kept"), page.t("messages-cancel-final")],
        action: format!("{here}/cancel"),
        button: page.t("messages-cancel"),
        back: here,
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

async fn cancel(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let id: MessageId = id.parse().map_err(|_| Trouble::NotFound)?;
    let here = member.link(&format!("/messages/{id}"));
    match app.gateway.cancel(member.workspace(), id, member.actor()).await {
        Ok(_) => Ok(member.go(&here, Flash::done("messages-cancelled", ""))),
        Err(refusal) => match refusal.code {
            Code::MessageNotFound => Err(Trouble::NotFound),
            Code::MessageNotCancellable => Ok(member.go(&here, Flash::failed("messages-too-late", ""))),
            _ => Err(Trouble::Unavailable),
        },
    }
}

async fn anew(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let id: MessageId = id.parse().map_err(|_| Trouble::NotFound)?;
    let token = fields.some("token").ok_or(Trouble::Malformed)?;
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&id.key().to_le_bytes());
    let key = IdempotencyKey { key: token, route: ROUTE, fingerprint };
    let answer =
        |message: &Message| StoredAnswer { status: 200, body: message.id.to_string().into_bytes().into() };
    let caller = send::caller(&member, false);
    match app.gateway.send_anew(&caller, id, Some(key), answer).await {
        Ok(Reply::New(kept) | Reply::Replayed(kept)) => {
            let new = String::from_utf8_lossy(&kept.body).into_owned();
            Ok(member.go(&member.link(&format!("/messages/{new}")), Flash::done("messages-repeated", "")))
        }
        Err(refusal) if refusal.code == Code::MessageNotFound => Err(Trouble::NotFound),
        Err(refusal) => {
            let why = send::problem(&member.page("messages-story"), &refusal);
            let here = member.link(&format!("/messages/{id}"));
            Ok(member.go(&here, Flash::failed("messages-not-repeated", why)))
        }
    }
}
