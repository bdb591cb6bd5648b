//! Compliance > Keywords: what each short code does with the words that phones send, and a box in which a
//! reply is tried before a phone sends it. (Requirement `seed-short-code-replies`.)

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::{KeywordId, Sender, SenderState, ShortCode};
use facteur_gateway::{
    Code, KEYWORD_WORD_MAX, KEYWORD_WORDS_MAX, KeywordDraft, Refusal, ReplyTrial, WordProblem,
};
use facteur_store::{Keyword, KeywordRule, Subscription};

use super::confirm::Confirm;
use super::senders::Check;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render, words};
use crate::api::opt_outs::ADVERTISER_MAX;
use crate::api::senders::declare::REFUSE;
use crate::app::App;

/// The longest answer, and the longest text that is tried, in characters: as a message.
const TEXT_MAX: usize = 1_000;
/// The longest purpose, in characters.
const PURPOSE_MAX: usize = 200;

pub(super) fn mount(pages: &mut Pages<'_>) {
    let manage = Permission::ManageSenders;
    pages.member("/keywords", Permission::See, get(list));
    pages.member("/keywords/try", Permission::See, get(list).post(try_out));
    pages.member("/keywords/new", manage, get(new).post(create));
    pages.member("/keywords/check", manage, post(check));
    pages.member("/keywords/{id}", manage, get(edit).post(change));
    pages.member("/keywords/{id}/delete", manage, get(ask_delete).post(delete));
}

/// A short code and what it does.
struct Shelf {
    code: ShortCode,
    shared: bool,
    default: Option<Keyword>,
    keywords: Vec<Keyword>,
}

#[derive(Template)]
#[template(path = "keywords.html")]
struct Keywords {
    page: Page,
    shelves: Vec<Shelf>,
    fields: Vec<Field>,
    trial: Option<Trial>,
}

/// What would follow from a text.
#[derive(Template)]
#[template(path = "parts/reply_trial.html")]
struct Trial {
    page: Page,
    /// Why it was not tried, in words.
    problem: String,
    what: Option<ReplyTrial>,
    rule: String,
}

impl askama::filters::HtmlSafe for Trial {}

impl Trial {
    /// The badge of what it means.
    fn look(&self, what: &ReplyTrial) -> &'static str {
        use facteur_store::ReplyMeaning as M;
        match what.meaning {
            M::Stop => "bad",
            M::StopDoubtful => "warn",
            M::Keyword | M::Contact | M::Start => "info",
            M::Reply => "",
        }
    }
}

/// The workspace's short codes that may answer.
fn codes(app: &App, member: &Member) -> Vec<(ShortCode, bool)> {
    let records = app.gateway.senders(member.workspace());
    let standing = records.iter().filter(|record| record.state == SenderState::Validated);
    let code = |sender: &Sender| if let Sender::Code(code) = sender { Some(*code) } else { None };
    standing.filter_map(|record| Some((code(&record.sender)?, record.dossier.shared_code))).collect()
}

async fn shelves(app: &App, member: &Member) -> Result<Vec<Shelf>, Trouble> {
    let all = app.gateway.store().keywords(member.workspace(), None).await?;
    let shelf = |(code, shared)| {
        let on_code = all.iter().filter(|keyword| keyword.rule.code == code);
        let (default, keywords): (Vec<_>, Vec<_>) =
            on_code.cloned().partition(|keyword| keyword.rule.words.is_empty());
        Shelf { code, shared, default: default.into_iter().next(), keywords }
    };
    Ok(codes(app, member).into_iter().map(shelf).collect())
}

async fn view(
    app: &App,
    member: &Member,
    fields: &Fields,
    trial: Option<Trial>,
) -> Result<Keywords, Trouble> {
    let page = member.page("keywords-title");
    let shelves = shelves(app, member).await?;
    let live = member.link("/keywords/try");
    let codes = shelves.iter().map(|shelf| (shelf.code.to_string(), shelf.code.to_string()));
    let fields = vec![
        Field::new(&page, "code", "keywords-code").choice(codes).value(fields.get("code")).live(&live),
        Field::new(&page, "text", "keywords-try-text")
            .area(2)
            .maximum(TEXT_MAX)
            .value(fields.raw("text"))
            .live(&live),
    ];
    Ok(Keywords { shelves, fields, trial, page })
}

async fn list(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    render(&view(&app, &member, &fields, None).await?)
}

async fn try_out(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let page = member.page("keywords-title");
    let code = own_code(&app, &member, fields.get("code"));
    let text = fields.raw("text");
    let (mut what, mut problem) = (None, String::new());
    match code {
        _ if text.trim().is_empty() || text.chars().count() > TEXT_MAX => {
            problem = page.t("keywords-try-empty");
        }
        Some(code) => what = Some(app.gateway.try_reply(member.workspace(), code, text).await?),
        None => problem = page.t("keywords-code-wrong"),
    }
    let rule = what.as_ref().and_then(|what| what.rule.as_deref());
    let rule = rule.map(|rule| words::rule(&page, rule)).unwrap_or_default();
    let fragment = page.is_fragment();
    let trial = Trial { page, problem, what, rule };
    if fragment {
        return render(&trial);
    }
    render(&view(&app, &member, &fields, Some(trial)).await?)
}

/// A code of the workspace that may answer.
fn own_code(app: &App, member: &Member, text: &str) -> Option<ShortCode> {
    let code: ShortCode = text.parse().ok()?;
    codes(app, member).into_iter().map(|(own, _)| own).find(|own| *own == code)
}

#[derive(Template)]
#[template(path = "keyword.html")]
struct Form {
    page: Page,
    /// The code's default answer, which has no words.
    default: bool,
    head: Vec<Field>,
    subscription: Vec<Field>,
    checks: Vec<Check>,
    /// Why it is refused, in words.
    refused: Option<String>,
    /// It is there, and can be removed.
    there: Option<KeywordId>,
}

#[derive(Template)]
#[template(path = "parts/checks.html")]
struct Checks {
    page: Page,
    checks: Vec<Check>,
}

/// What is wrong with a form beside its checks: sentences by field.
type Wrong = Vec<(&'static str, &'static str)>;

impl Form {
    fn new(app: &App, member: &Member, there: Option<KeywordId>, given: &Fields) -> Self {
        let default = given.has("default");
        let page = member.page(match (default, there) {
            (false, None) => "keywords-new",
            (false, Some(_)) => "keywords-change",
            (true, _) => "keywords-default",
        });
        let live = member.link("/keywords/check");
        let codes = codes(app, member).into_iter().map(|(code, _)| (code.to_string(), code.to_string()));
        let own = app.gateway.settings(member.workspace()).advertiser.clone();
        let field = |name: &'static str, label: &str| Field::new(&page, name, label).value(given.raw(name));
        let mut head = vec![field("code", "keywords-code").choice(codes).live(&live)];
        let mut subscription = Vec::new();
        if !default {
            let kinds = ["exact", "prefix"].map(|kind| (kind, page.word("keywords-match", kind)));
            head.push(field("words", "keywords-words").area(3).live(&live));
            head.push(field("match", "keywords-match").choice(kinds));
            let advertiser = if given.has("advertiser") { given.raw("advertiser").to_owned() } else { own };
            subscription = vec![
                Field::new(&page, "subscribes", "keywords-subscribes").tick(given.has("subscribes")),
                field("advertiser", "consents-advertiser")
                    .value(advertiser)
                    .maximum(ADVERTISER_MAX)
                    .optional(),
                field("purpose", "consents-purpose").maximum(PURPOSE_MAX).optional(),
                field("text_shown", "keywords-text-shown").area(3).maximum(TEXT_MAX).optional(),
            ];
        }
        let reply = field("reply", "keywords-reply").area(4).maximum(TEXT_MAX).live(&live);
        head.push(if default { reply } else { reply.optional() });
        Self { default, head, subscription, checks: Vec::new(), refused: None, there, page }
    }

    /// With what is wrong.
    fn wrong(mut self, checks: Vec<Check>, wrong: &Wrong, refused: Option<String>) -> Self {
        let page = &self.page;
        for field in self.head.iter_mut().chain(&mut self.subscription) {
            let said = wrong.iter().find(|(name, _)| *name == field.name());
            if let Some((_, key)) = said {
                *field = field.clone().error(Some(page.t(key)));
            }
        }
        Self { checks, refused, ..self }
    }
}

/// The words of a form: one a line, or with commas between them.
fn words_of(fields: &Fields) -> Vec<String> {
    let words = fields.raw("words").split(['\n', ',', ';']).map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What the platform and the rules have against what a form says.
async fn examined(
    app: &App,
    member: &Member,
    there: Option<KeywordId>,
    fields: &Fields,
) -> Result<Vec<Check>, Trouble> {
    let page = member.page("keywords-title");
    let refuse = |message: String, cure: Option<String>| Check { effect: REFUSE, message, cure, rule: "" };
    let code = own_code(app, member, fields.get("code"));
    let others = match code {
        Some(code) => app.gateway.store().keywords(member.workspace(), Some(code)).await?,
        None => Vec::new(),
    };
    let taken = |word: &str| {
        let plain = facteur_gateway::keyword_form(word);
        let mut others = others.iter().filter(|other| Some(other.id) != there);
        others.any(|other| other.rule.words.iter().any(|known| known.plain == plain))
    };
    let mut checks = Vec::new();
    let words = words_of(fields);
    for word in &words {
        match WordProblem::of(word) {
            Some(WordProblem::Reserved) => checks.push(refuse(
                page.t1("keywords-word-reserved", "word", word),
                Some(page.t("keywords-word-reserved-cure")),
            )),
            Some(WordProblem::Unreadable) => {
                let most = KEYWORD_WORD_MAX;
                checks.push(refuse(page.t2("keywords-word-wrong", "word", word, "most", most), None));
            }
            None if taken(word) => checks.push(refuse(page.t1("keywords-word-taken", "word", word), None)),
            None => {}
        }
    }
    if words.len() > KEYWORD_WORDS_MAX {
        checks.push(refuse(page.t1("keywords-words-many", "most", KEYWORD_WORDS_MAX), None));
    }
    if let (Some(code), Some(reply)) = (code, reply_of(fields)) {
        let reasons = app.gateway.check_keyword_reply(member.workspace(), code, &reply);
        checks.extend(
            reasons.into_iter().map(|reason| Check { effect: REFUSE, ..Check::of(reason, member.lang()) }),
        );
    }
    Ok(checks)
}

/// The answer, as a phone shows it: a browser sends line breaks as two signs.
fn reply_of(fields: &Fields) -> Option<String> {
    fields.some("reply").map(|text| text.replace("\r\n", "\n"))
}

/// The checks while it is typed.
async fn check(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let there = fields.get("keyword").parse().ok();
    let checks = examined(&app, &member, there, &fields).await?;
    render(&Checks { page: member.page("keywords-title"), checks })
}

async fn new(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    if codes(&app, &member).is_empty() {
        return Ok(member.guest.go(&member.link("/keywords"), None));
    }
    render(&Form::new(&app, &member, None, &fields))
}

async fn create(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    save(&app, &member, None, &fields).await
}

async fn find(app: &App, member: &Member, id: &str) -> Result<Keyword, Trouble> {
    let id: KeywordId = id.parse().map_err(|_| Trouble::NotFound)?;
    app.gateway.store().keyword(member.workspace(), id).await?.ok_or(Trouble::NotFound)
}

/// A keyword as its form says it.
fn as_given(rule: &KeywordRule) -> Fields {
    let shown: Vec<&str> = rule.words.iter().map(|word| word.shown.as_str()).collect();
    let (code, words) = (rule.code.to_string(), shown.join("\n"));
    let subscription = rule.subscription.as_ref();
    let given = Fields::from([
        ("code", code.as_str()),
        ("words", &words),
        ("match", if rule.prefix { "prefix" } else { "exact" }),
        ("reply", rule.reply.as_deref().unwrap_or_default()),
    ]);
    let given = if shown.is_empty() { given.with("default", "on") } else { given };
    match subscription {
        None => given,
        Some(to) => given
            .with("subscribes", "on")
            .with("advertiser", &to.advertiser)
            .with("purpose", &to.purpose)
            .with("text_shown", &to.text_shown),
    }
}

async fn edit(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let keyword = find(&app, &member, &id).await?;
    render(&Form::new(&app, &member, Some(keyword.id), &as_given(&keyword.rule)))
}

async fn change(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let keyword = find(&app, &member, &id).await?;
    save(&app, &member, Some(keyword.id), &fields).await
}

async fn save(
    app: &App,
    member: &Member,
    there: Option<KeywordId>,
    fields: &Fields,
) -> Result<Response, Trouble> {
    let (default, subscribes) = (fields.has("default"), fields.has("subscribes"));
    let words = words_of(fields);
    let mut wrong = Wrong::new();
    if own_code(app, member, fields.get("code")).is_none() {
        wrong.push(("code", "keywords-code-wrong"));
    }
    if !default && words.is_empty() {
        wrong.push(("words", "keywords-words-missing"));
    }
    if default && reply_of(fields).is_none() {
        wrong.push(("reply", "keywords-reply-missing"));
    }
    if !default && subscribes {
        for (name, key) in [
            ("advertiser", "consents-advertiser-wrong"),
            ("purpose", "consents-purpose-wrong"),
            ("text_shown", "keywords-text-shown-wrong"),
        ] {
            if fields.some(name).is_none() {
                wrong.push((name, key));
            }
        }
    }
    let checks = examined(app, member, there, fields).await?;
    if !wrong.is_empty() || !checks.is_empty() {
        return mend(&Form::new(app, member, there, fields).wrong(checks, &wrong, None));
    }
    let text = |name: &str| fields.get(name).replace("\r\n", "\n");
    let draft = KeywordDraft {
        code: fields.get("code").to_owned(),
        words: if default { Vec::new() } else { words.clone() },
        prefix: fields.get("match") == "prefix",
        reply: reply_of(fields),
        subscription: (!default && subscribes).then(|| Subscription {
            advertiser: text("advertiser"),
            purpose: text("purpose"),
            text_shown: text("text_shown"),
        }),
    };
    let (gateway, workspace) = (&app.gateway, member.workspace());
    let kept = match there {
        None => gateway.create_keyword(workspace, draft, member.actor()).await,
        Some(id) => gateway.change_keyword(workspace, id, draft, member.actor()).await,
    };
    if let Err(refusal) = kept {
        let said = refused(&member.page("keywords-title"), &refusal)?;
        return mend(&Form::new(app, member, there, fields).wrong(Vec::new(), &wrong, Some(said)));
    }
    let name = words.first().map_or_else(|| fields.get("code").to_owned(), Clone::clone);
    let said = if default { "keywords-default-saved" } else { "keywords-saved" };
    Ok(member.go(&member.link("/keywords"), Flash::done(said, name)))
}

/// Why the gateway refuses a keyword, in words.
fn refused(page: &Page, refusal: &Refusal) -> Result<String, Trouble> {
    match refusal.code {
        Code::KeywordTaken => Ok(page.t("keywords-taken")),
        Code::KeywordNotFound => Err(Trouble::NotFound),
        Code::ServiceUnavailable => Err(Trouble::Unavailable),
        _ => Ok(refusal.message.clone()),
    }
}

async fn ask_delete(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let Keyword { id, rule, .. } = find(&app, &member, &id).await?;
    let page = member.page("keywords-delete-question");
    let mut consequences = vec![page.t("keywords-delete-then")];
    if rule.subscription.is_some() {
        consequences.push(page.t("keywords-delete-consents"));
    }
    let (code, words) = (rule.code.to_string(), named(&page, &rule));
    render(&Confirm {
        what: page.t2("keywords-delete-what", "words", words, "code", code),
        consequences,
        action: member.link(&format!("/keywords/{id}/delete")),
        button: page.t("keywords-delete"),
        back: member.link("/keywords"),
        hidden: Vec::new(),
        fields: Vec::new(),
        page,
    })
}

/// What a keyword is called: its words.
fn named(page: &Page, rule: &KeywordRule) -> String {
    if rule.words.is_empty() {
        return page.t("keywords-default");
    }
    rule.words.iter().map(|word| word.shown.as_str()).collect::<Vec<_>>().join(", ")
}

async fn delete(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let keyword = find(&app, &member, &id).await?;
    let name = named(&member.page("keywords-title"), &keyword.rule);
    let deleted = app.gateway.delete_keyword(member.workspace(), keyword.id, member.actor()).await;
    if let Err(refusal) = deleted {
        refused(&member.page("keywords-title"), &refusal)?;
        return Err(Trouble::internal(refusal));
    }
    Ok(member.go(&member.link("/keywords"), Flash::done("keywords-deleted", name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_lines_and_commas() {
        let fields = Fields::from([("words", "HORAIRES, heures\r\n ouvert ;\n\n")]);
        assert_eq!(words_of(&fields), ["HORAIRES", "heures", "ouvert"]);
        assert!(words_of(&Fields::default()).is_empty());
    }
}
