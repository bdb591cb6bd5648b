//! Send: one message, with its verdict, its parts and its cost while it is typed. What is sent passes the one
//! door in, under a key that the form carries: a second click sends nothing.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::text::rewrite::Change;
use facteur_domain::{Class, Message, Timestamp};
use facteur_gateway::{
    Caller, Chance, Code, Compliance, IdempotencyKey, Judgement, Origin, Refusal, Reply, SendRequest,
    StoredAnswer, mint_token,
};
use facteur_store::Rewriting;
use sha2::{Digest, Sha256};

use super::lang::Lang;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render, words};
use crate::app::App;
use crate::table;

/// The longest text, in characters.
const TEXT_MAX: usize = 1_000;
/// The longest reference.
const REFERENCE_MAX: usize = 128;
/// Where a test goes: a number that Arcep keeps for fiction.
const TEST_NUMBER: &str = "+33639980000";
/// The route that idempotency keys of this form belong to.
const ROUTE: &str = "POST /console/send";

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/send", Permission::Send, get(compose).post(act));
    pages.member("/send/preview", Permission::Send, post(preview));
}

#[derive(Template)]
#[template(path = "send.html")]
struct Compose {
    page: Page,
    fields: Vec<Field>,
    token: String,
    /// Why nothing was sent, in words.
    failure: String,
    verdict: Option<Verdict>,
    /// There is a sender to send from.
    ready: bool,
}

/// One reason of a verdict, in the viewer's language.
struct Reason {
    look: &'static str,
    effect: String,
    says: String,
    cure: String,
    source: String,
}

/// A change of the safe rewriting.
struct Rewritten {
    from: String,
    to: String,
    times: usize,
}

/// A stretch of the text that stays, and what is replaced behind it.
struct Piece {
    kept: String,
    from: String,
    to: String,
}

/// A text with what the rewriting changes in it, in order. Nothing when the changes are not this text's.
fn diff(text: &str, changes: &[Change]) -> Vec<Piece> {
    let signs: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    for change in changes {
        let length = change.from.chars().count();
        let there = signs.get(change.at..change.at + length).filter(|_| change.at >= at);
        if there.is_none_or(|there| !there.iter().copied().eq(change.from.chars())) {
            return Vec::new();
        }
        let kept = signs[at..change.at].iter().collect();
        pieces.push(Piece { kept, from: visible(&change.from), to: visible(&change.to) });
        at = change.at + length;
    }
    if !pieces.is_empty() {
        pieces.push(Piece { kept: signs[at..].iter().collect(), from: String::new(), to: String::new() });
    }
    pieces
}

/// A sign that can be seen, also where it is a blank or nothing.
fn visible(sign: &str) -> String {
    match sign {
        "" => "∅".to_owned(),
        blank if blank.trim().is_empty() || blank.chars().all(|c| c == '\u{200b}' || c == '\u{feff}') => {
            "␣".repeat(blank.chars().count())
        }
        seen => seen.to_owned(),
    }
}

/// What would become of the message.
#[derive(Template)]
#[template(path = "parts/verdict.html")]
pub(super) struct Verdict {
    page: Page,
    /// Why it could not even be judged, in words.
    problem: String,
    sender: String,
    judged: Option<Judgement>,
    reasons: Vec<Reason>,
    rewritten: Vec<Rewritten>,
    diff: Vec<Piece>,
    cost: String,
}

impl askama::filters::HtmlSafe for Verdict {}

impl Verdict {
    fn encoding(&self, judged: &Judgement) -> &'static str {
        match judged.encoding {
            facteur_domain::text::Encoding::Gsm7 => "GSM-7",
            facteur_domain::text::Encoding::Ucs2 => "UCS-2",
        }
    }

    fn changes_text(&self, judged: &Judgement) -> bool {
        judged.rewrite.as_ref().is_some_and(|rewrite| rewrite.text != judged.content)
    }
}

async fn compose(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    render(&view(&app, &member, &fields, None, String::new()))
}

/// The verdict alone, while the message is typed.
async fn preview(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    match verdict(&app, &member, &fields).await? {
        Some(verdict) => render(&verdict),
        None => render(&Hint { page: member.page("send-title") }),
    }
}

#[derive(Template)]
#[template(path = "parts/send_hint.html")]
struct Hint {
    page: Page,
}

async fn act(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let test = match fields.get("act") {
        "send" => false,
        "test" => true,
        _ => {
            let verdict = verdict(&app, &member, &fields).await?;
            return render(&view(&app, &member, &fields, verdict, String::new()));
        }
    };
    let mut request = match read(&member, &fields) {
        Ok(request) => request,
        Err(why) => {
            let page = member.page("send-title");
            return mend(&view(&app, &member, &fields, None, page.t(why)));
        }
    };
    if test {
        request.to = TEST_NUMBER.to_owned();
    }
    request.idempotency = Some(IdempotencyKey {
        key: format!("{}-{}", fields.get("token"), if test { "test" } else { "send" }),
        route: ROUTE,
        fingerprint: fingerprint(&request),
    });
    let answer =
        |message: &Message| StoredAnswer { status: 200, body: message.id.to_string().into_bytes().into() };
    match app.gateway.accept(&caller(&member, test), request, answer).await {
        Ok(Reply::New(kept) | Reply::Replayed(kept)) => {
            let id = String::from_utf8_lossy(&kept.body).into_owned();
            Ok(member.go(&member.link(&format!("/messages/{id}")), Flash::done("send-accepted", "")))
        }
        Err(refusal) => {
            let page = member.page("send-title");
            let verdict = verdict(&app, &member, &fields).await?;
            mend(&view(&app, &member, &fields, verdict, problem(&page, &refusal)))
        }
    }
}

pub(super) fn caller(member: &Member, test: bool) -> Caller {
    Caller::person(member.user.id.key(), member.workspace(), member.workspace_name(), test)
}

/// So that the same click is told from another message.
fn fingerprint(request: &SendRequest) -> [u8; 32] {
    let Origin::SenderId(sender) = &request.origin else { return [0; 32] };
    let class = request.class.map_or("", Class::as_str);
    let at = request.send_at.map(|at| at.to_string()).unwrap_or_default();
    let reference = request.client_reference.as_deref().unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [sender, &request.to, &request.message, class, &at, reference] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What the form asks for.
fn read(member: &Member, fields: &Fields) -> Result<SendRequest, &'static str> {
    let send_at = match fields.get("send_at") {
        "" => None,
        text => Some(local(member, text).ok_or("send-fault-date")?),
    };
    // A browser sends line breaks as two signs; a phone shows one.
    let message = fields.raw("message").replace("\r\n", "\n");
    let rewrite = if fields.has("rewrite") { Rewriting::Auto } else { Rewriting::Suggest };
    Ok(SendRequest {
        origin: Origin::SenderId(fields.get("sender_id").to_owned()),
        to: number(fields.get("to")),
        message,
        class: Class::from_name(fields.get("class")),
        client_reference: fields.some("client_reference"),
        send_at,
        validity_minutes: None,
        idempotency: None,
        compliance: Compliance { rewrite: Some(rewrite), ..Compliance::default() },
        resend_of: None,
        trace: None,
    })
}

/// A date and a time as a browser's field gives them, where the viewer is.
fn local(member: &Member, text: &str) -> Option<Timestamp> {
    let local: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = local.to_zoned(member.zone.clone()).ok()?;
    Some(Timestamp::from_jiff(zoned.timestamp()))
}

/// A number as people write it, in E.164 when it is clear what is meant; else as it was written.
pub(super) fn number(text: &str) -> String {
    table::number::number(text).map_or_else(|_| text.trim().to_owned(), |number| number.to_string())
}

/// A refusal of a field, in the viewer's language where we have the words.
pub(super) fn problem(page: &Page, refusal: &Refusal) -> String {
    let key = format!("send-fault-{}", refusal.code.as_str().to_lowercase().replace('_', "-"));
    if Lang::knows(&key) {
        return page.t(&key);
    }
    let key = format!("send-fault-in-{}", refusal.param.unwrap_or_default().replace('_', "-"));
    if Lang::knows(&key) {
        return page.t(&key);
    }
    page.t1("send-fault-other", "code", refusal.code.as_str())
}

/// What would become of what the form holds; nothing while it holds too little.
async fn verdict(app: &App, member: &Member, fields: &Fields) -> Result<Option<Verdict>, Trouble> {
    if fields.get("to").is_empty() || fields.get("message").is_empty() {
        return Ok(None);
    }
    let page = member.page("send-title");
    let sender = fields.get("sender_id").to_owned();
    let nothing = |page: Page, problem: String, sender: String| Verdict {
        page,
        problem,
        sender,
        judged: None,
        reasons: Vec::new(),
        rewritten: Vec::new(),
        diff: Vec::new(),
        cost: String::new(),
    };
    let request = match read(member, fields) {
        Ok(request) => request,
        Err(why) => {
            let problem = page.t(why);
            return Ok(Some(nothing(page, problem, sender)));
        }
    };
    let text = request.message.clone();
    let previews = app.gateway.preview(&caller(member, false), request, Vec::new()).await;
    let previews = previews.map_err(|why| match why.code {
        Code::ServiceUnavailable => Trouble::Unavailable,
        _ => Trouble::internal(why),
    })?;
    let Some(preview) = previews.into_iter().next() else { return Ok(None) };
    Ok(Some(match preview.outcome {
        Ok(judged) => judgement(page, judged, sender, &text),
        Err(refusal) => {
            let problem = problem(&page, &refusal);
            nothing(page, problem, sender)
        }
    }))
}

fn judgement(page: Page, judged: Judgement, sender: String, text: &str) -> Verdict {
    let lang = page.lang;
    let reasons = judged.reasons.iter().map(|reason| Reason {
        look: match reason.effect {
            "refuse" => "bad",
            "hold" => "warn",
            "allow" => "good",
            _ => "info",
        },
        effect: page.word("send-effect", reason.effect),
        says: lang.pick(&reason.message),
        cure: reason.cure.as_ref().map(|cure| lang.pick(cure)).unwrap_or_default(),
        source: format!("{} · {}, {}", reason.rule, reason.source, reason.dated),
    });
    let reasons = reasons.collect();
    let mut rewritten: Vec<Rewritten> = Vec::new();
    for change in judged.rewrite.iter().flat_map(|rewrite| &rewrite.changes) {
        match rewritten.iter_mut().find(|known| known.from == change.from && known.to == change.to) {
            Some(known) => known.times += 1,
            None => rewritten.push(Rewritten { from: change.from.clone(), to: change.to.clone(), times: 1 }),
        }
    }
    let diff = judged.rewrite.as_ref().map(|rewrite| diff(text, &rewrite.changes)).unwrap_or_default();
    let cost = judged.cost_micros.map(|cost| page.money(cost)).unwrap_or_default();
    Verdict { page, problem: String::new(), sender, judged: Some(judged), reasons, rewritten, diff, cost }
}

fn view(app: &App, member: &Member, fields: &Fields, verdict: Option<Verdict>, failure: String) -> Compose {
    let page = member.page("send-title");
    let live = member.link("/send/preview");
    let senders = words::senders(&app.gateway, member);
    let ready = !senders.is_empty();
    let classes = Class::ALL.map(|class| (class.as_str().to_owned(), words::class(&page, class)));
    let as_sender = (String::new(), page.t("send-class-sender"));
    let field = |name: &'static str, label: &str| Field::new(&page, name, label).value(fields.raw(name));
    let settings = app.gateway.settings(member.workspace());
    // The first time, as the workspace chose; then as the form says.
    let rewrites =
        fields.has("rewrite") || (fields.get("token").is_empty() && settings.rewrite == Rewriting::Auto);
    let known = fields.get("token");
    let token = if known.is_empty() || !failure.is_empty() {
        mint_token(Chance).token.into_inner()
    } else {
        known.to_owned()
    };
    Compose {
        fields: vec![
            field("sender_id", "send-sender")
                .choice(senders.into_iter().map(|sender| (sender.clone(), sender)))
                .live(&live),
            field("to", "send-to").of("tel").live(&live),
            field("message", "send-message").area(6).maximum(TEXT_MAX).live(&live),
            field("class", "send-class")
                .choice(std::iter::once(as_sender).chain(classes))
                .optional()
                .live(&live),
            field("send_at", "send-at").of("datetime-local").optional().live(&live),
            field("client_reference", "send-reference").maximum(REFERENCE_MAX).optional(),
            Field::new(&page, "rewrite", "send-rewrite").tick(rewrites),
        ],
        token,
        failure,
        verdict,
        ready,
        page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewriting_is_told_where_it_stands() {
        for text in ["L\u{2019}été\u{a0}: œuf", "\u{2026}", "a\u{2019}", "déjà vu", "e\u{301}té \u{2019}"]
        {
            let rewrite = facteur_domain::text::rewrite::rewrite(text);
            let pieces = diff(text, &rewrite.changes);
            assert_eq!(pieces.is_empty(), rewrite.changes.is_empty(), "{text}");
            let applied: String = pieces
                .iter()
                .map(|piece| format!("{}{}", piece.kept, piece.to.replace('␣', " ").replace('∅', "")))
                .collect();
            assert!(pieces.is_empty() || applied == rewrite.text, "{applied} {}", rewrite.text);
        }
        let of_another = facteur_domain::text::rewrite::rewrite("\u{2019}x").changes;
        assert!(diff("abc", &of_another).is_empty());
        assert_eq!(visible("\u{202f}"), "␣");
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (written, read) in [
            ("06 12 34 56 78", "+33612345678"),
            ("06.12.34.56.78", "+33612345678"),
            ("+33 6 12 34 56 78", "+33612345678"),
            ("+330612345678", "+33612345678"),
            ("0033612345678", "+33612345678"),
            ("0692 12 34 56", "+262692123456"),
            ("12", "12"),
            ("bonjour", "bonjour"),
            ("", ""),
        ] {
            assert_eq!(number(written), read, "{written}");
        }
    }
}
