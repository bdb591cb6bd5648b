//! Compliance > Sender IDs and short codes: where each stands, what is missing, and declaring another with
//! the rules' checks while it is typed. (Requirement `seed-sender-declared`.)

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use facteur_domain::{Class, EvidenceId, Sender, SenderRecordId, SenderState};
use facteur_gateway::{Gateway, PreviewReason, SenderDeclaration};
use facteur_store::{Dossier, Evidence, NewEvidence, SenderRecord, StoreError};

use super::lang::Lang;
use super::{Field, Fields, Flash, Member, Page, Pages, Permission, Trouble, mend, render};
use crate::api::opt_outs::ADVERTISER_MAX;
use crate::api::senders::declare::{Declared, Kind, NAME_MAX, REFUSE, TEXT_MAX, record, standing};
use crate::api::senders::evidence::{kind_of, tame_name};
use crate::app::App;

/// What a form adds to the file it carries, in octets.
const FORM_MORE: usize = 64 * 1024;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.member("/senders", Permission::See, get(list_names));
    pages.member("/short-codes", Permission::See, get(list_codes));
    pages.member("/senders/new", Permission::ManageSenders, get(new_name).post(declare_name));
    pages.member("/short-codes/new", Permission::ManageSenders, get(new_code).post(declare_code));
    pages.member("/senders/check", Permission::ManageSenders, post(check));
    pages.member("/senders/{id}", Permission::See, get(show));
    let limit = pages.app().options.bulk_max + FORM_MORE;
    let upload = post(add_evidence).layer(DefaultBodyLimit::max(limit));
    pages.member("/senders/{id}/evidence", Permission::ManageSenders, upload);
    pages.member("/senders/{id}/evidence/{evidence}", Permission::See, get(evidence));
}

/// What the rules say, in one language.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) effect: &'static str,
    pub(super) message: String,
    pub(super) cure: Option<String>,
    pub(super) rule: &'static str,
}

impl Check {
    pub(super) fn of(reason: PreviewReason, lang: Lang) -> Self {
        Self {
            effect: reason.effect,
            message: lang.pick(&reason.message),
            cure: reason.cure.map(|cure| lang.pick(&cure)),
            rule: reason.rule,
        }
    }
}

/// A state's kind of badge.
pub(super) const fn badge(state: &SenderState) -> &'static str {
    match state {
        SenderState::Pending => "warn",
        SenderState::Validated => "good",
        SenderState::Failed | SenderState::Disabled => "bad",
    }
}

const fn is_code(kind: Kind) -> bool {
    matches!(kind, Kind::Code)
}

#[derive(Template)]
#[template(path = "senders.html")]
struct Senders {
    page: Page,
    code: bool,
    senders: Vec<Arc<SenderRecord>>,
    /// How many more may be declared.
    left: usize,
}

impl Senders {
    fn overdue(&self, sender: &SenderRecord) -> bool {
        sender.state == SenderState::Pending && sender.dossier.due_at.is_some_and(|due| due < self.page.now)
    }
}

fn of_kind(gateway: &Gateway, member: &Member, kind: Kind) -> Vec<Arc<SenderRecord>> {
    let mut all = gateway.senders(member.workspace());
    all.retain(|record| matches!(record.sender, Sender::Code(_)) == is_code(kind));
    all
}

async fn list_names(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    list(&app, &member, Kind::Name)
}

async fn list_codes(State(app): State<App>, member: Member) -> Result<Response, Trouble> {
    list(&app, &member, Kind::Code)
}

fn list(app: &App, member: &Member, kind: Kind) -> Result<Response, Trouble> {
    let senders = of_kind(&app.gateway, member, kind);
    let standing = senders.iter().filter(|record| record.state != SenderState::Failed).count();
    let max = if is_code(kind) { app.options.short_codes_max } else { app.options.sender_ids_max };
    let left = (max as usize).saturating_sub(standing);
    let title = if is_code(kind) { "senders-codes" } else { "senders-title" };
    render(&Senders { code: is_code(kind), left, senders, page: member.page(title) })
}

#[derive(Template)]
#[template(path = "sender_new.html")]
struct Declaring {
    page: Page,
    code: bool,
    fields: Vec<Field>,
    checks: Vec<Check>,
    /// Why the store refuses it, in words.
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "parts/checks.html")]
struct Checks {
    page: Page,
    checks: Vec<Check>,
}

impl Declaring {
    fn new(member: &Member, kind: Kind, given: &Fields, checks: Vec<Check>, refused: Option<&str>) -> Self {
        let code = is_code(kind);
        let page = member.page(if code { "senders-new-code" } else { "senders-new" });
        let live = member.link("/senders/check");
        let field = |name, label| Field::new(&page, name, label).value(given.raw(name));
        let mut classes = vec![("marketing", Class::Marketing), ("transactional", Class::Transactional)];
        if !code {
            classes.extend([("otp", Class::Otp), ("alert", Class::Alert)]);
        }
        let classes = classes.into_iter().map(|(name, _)| (name, page.word("senders-class", name)));
        let name = if code { "senders-code" } else { "senders-name" };
        let mut fields = vec![
            field("sender_id", name).maximum(if code { 5 } else { 11 }).live(&live),
            field("class", "senders-class").choice(classes).live(&live),
        ];
        if code {
            fields.push(Field::new(&page, "shared", "senders-shared").tick(given.has("shared")));
        }
        fields.extend([
            field("legal_name", "senders-legal-name").maximum(NAME_MAX).autocomplete("organization"),
            field("siren", "senders-siren").maximum(20).live(&live),
            field("website", "senders-website").maximum(NAME_MAX).autocomplete("url").optional(),
            field("use_case", "senders-use-case").area(3).maximum(TEXT_MAX),
            field("example_content", "senders-example").area(3).maximum(TEXT_MAX).live(&live),
            field("advertiser", "senders-advertiser").maximum(ADVERTISER_MAX).optional(),
        ]);
        Self { code, fields, checks, refused: refused.map(|key| page.t(key)), page }
    }
}

async fn new_name(member: Member) -> Result<Response, Trouble> {
    render(&Declaring::new(&member, Kind::Name, &Fields::default(), Vec::new(), None))
}

async fn new_code(member: Member) -> Result<Response, Trouble> {
    render(&Declaring::new(&member, Kind::Code, &Fields::default(), Vec::new(), None))
}

/// What the rules say of what a form says. With `whole`, a paper that is empty is missing; without, it is not
/// typed yet.
fn examined(gateway: &Gateway, given: &Fields, whole: bool, lang: Lang) -> Vec<Check> {
    let paper = |name| Some(given.get(name)).filter(|text| whole || !text.is_empty());
    let declaration = SenderDeclaration {
        name: given.get("sender_id"),
        class: Class::from_name(given.get("class")),
        legal_name: paper("legal_name"),
        siren: paper("siren"),
        website: paper("website"),
        use_case: paper("use_case"),
        example_content: paper("example_content"),
    };
    gateway.check_declaration(&declaration).into_iter().map(|reason| Check::of(reason, lang)).collect()
}

/// The checks of a declaration while it is typed.
async fn check(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    let typed = !fields.get("sender_id").is_empty();
    let checks = if typed { examined(&app.gateway, &fields, false, member.lang()) } else { Vec::new() };
    render(&Checks { page: member.page("senders-new"), checks })
}

async fn declare_name(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    declare(&app, &member, &fields, Kind::Name).await
}

async fn declare_code(State(app): State<App>, member: Member, fields: Fields) -> Result<Response, Trouble> {
    declare(&app, &member, &fields, Kind::Code).await
}

async fn declare(app: &App, member: &Member, fields: &Fields, kind: Kind) -> Result<Response, Trouble> {
    let gateway = &app.gateway;
    let checks = examined(gateway, fields, true, member.lang());
    let refuse = |key| {
        mend(&Declaring::new(member, kind, fields, examined(gateway, fields, true, member.lang()), key))
    };
    if checks.iter().any(|check| check.effect == REFUSE) {
        return refuse(Some("senders-not-declared"));
    }
    let bounded = |name, max| fields.some(name).map(|text| text.chars().take(max).collect::<String>());
    let dossier = Dossier {
        legal_name: bounded("legal_name", NAME_MAX),
        siren: bounded("siren", NAME_MAX),
        website: bounded("website", NAME_MAX),
        use_case: bounded("use_case", TEXT_MAX),
        example_content: bounded("example_content", TEXT_MAX),
        advertiser: bounded("advertiser", ADVERTISER_MAX),
        shared_code: is_code(kind) && fields.has("shared"),
        ..Dossier::default()
    };
    let class = Class::from_name(fields.get("class"));
    let declared = Declared { name: fields.get("sender_id").to_owned(), class, dossier };
    let Ok(record) = record(gateway, member.workspace(), declared, kind) else {
        return refuse(Some(if is_code(kind) { "senders-code-wrong" } else { "senders-name-wrong" }));
    };
    let (sender, max) = match kind {
        Kind::Name => (record.sender, app.options.sender_ids_max),
        Kind::Code => (record.sender, app.options.short_codes_max),
    };
    let kept = match gateway.store().declare_sender_within(record, max, member.actor()).await {
        Ok(kept) => kept,
        Err(StoreError::Conflict(_)) => {
            let full = standing(gateway, member.workspace(), sender) >= max as usize;
            return refuse(Some(if full { "senders-too-many" } else { "senders-taken" }));
        }
        Err(why) => return Err(why.into()),
    };
    gateway.refresh().await?;
    let to = member.link(&format!("/senders/{}", kept.id));
    Ok(member.go(&to, Flash::done("senders-declared", kept.sender.to_string())))
}

#[derive(Template)]
#[template(path = "sender.html")]
struct Show {
    page: Page,
    sender: Arc<SenderRecord>,
    code: bool,
    checks: Vec<Check>,
    evidence: Vec<Evidence>,
    overdue: bool,
    wrong: Option<String>,
}

impl Show {
    async fn new(
        app: &App,
        member: &Member,
        id: SenderRecordId,
        wrong: Option<&str>,
    ) -> Result<Self, Trouble> {
        let sender = own(app, member, id)?;
        let evidence = app.gateway.store().evidence(member.workspace(), id).await?;
        let dossier = &sender.dossier;
        let name = sender.sender.to_string();
        let paper = |text: &Option<String>| text.clone().unwrap_or_default();
        let papers = Fields::from([
            ("sender_id", name.as_str()),
            ("class", sender.class.as_str()),
            ("legal_name", &paper(&dossier.legal_name)),
            ("siren", &paper(&dossier.siren)),
            ("website", &paper(&dossier.website)),
            ("use_case", &paper(&dossier.use_case)),
            ("example_content", &paper(&dossier.example_content)),
        ]);
        let page = member.page("senders-title").titled(name);
        let late = dossier.due_at.is_some_and(|due| due < page.now);
        Ok(Self {
            checks: examined(&app.gateway, &papers, true, member.lang()),
            code: matches!(sender.sender, Sender::Code(_)),
            overdue: sender.state == SenderState::Pending && late,
            wrong: wrong.map(|key| page.t(key)),
            evidence,
            sender,
            page,
        })
    }

    fn papers(&self) -> [(&'static str, Option<&String>); 6] {
        let dossier = &self.sender.dossier;
        [
            ("senders-legal-name", dossier.legal_name.as_ref()),
            ("senders-siren", dossier.siren.as_ref()),
            ("senders-website", dossier.website.as_ref()),
            ("senders-use-case", dossier.use_case.as_ref()),
            ("senders-example", dossier.example_content.as_ref()),
            ("senders-advertiser", dossier.advertiser.as_ref()),
        ]
    }
}

fn own(app: &App, member: &Member, id: SenderRecordId) -> Result<Arc<SenderRecord>, Trouble> {
    let mut senders = app.gateway.senders(member.workspace()).into_iter();
    senders.find(|record| record.id == id).ok_or(Trouble::NotFound)
}

fn named(id: &str) -> Result<SenderRecordId, Trouble> {
    id.parse().map_err(|_| Trouble::NotFound)
}

async fn show(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    render(&Show::new(&app, &member, named(&id)?, None).await?)
}

async fn add_evidence(
    State(app): State<App>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    mut form: Multipart,
) -> Result<Response, Trouble> {
    let id = named(&id)?;
    own(&app, &member, id)?;
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(unread)? {
        if field.name() == Some("file") {
            let name = tame_name(field.file_name().unwrap_or_default());
            file = Some((name, field.bytes().await.map_err(unread)?));
        }
    }
    let again = async |key| mend(&Show::new(&app, &member, id, Some(key)).await?);
    let Some((name, bytes)) = file.filter(|(_, bytes)| !bytes.is_empty()) else {
        return again("senders-file-missing").await;
    };
    let Some(kind) = kind_of(&bytes) else { return again("senders-file-type").await };
    let file = NewEvidence { name: name.clone(), content_type: kind.to_owned(), bytes };
    let (store, now) = (app.gateway.store(), member.guest.now);
    match store.add_evidence(member.workspace(), id, file, now, member.actor()).await {
        Ok(_) => {}
        Err(StoreError::Conflict(_)) => return again("senders-file-many").await,
        Err(why) => return Err(why.into()),
    }
    app.gateway.refresh().await?;
    Ok(member.go(&member.link(&format!("/senders/{id}")), Flash::done("senders-file-kept", name)))
}

/// A form with a file that could not be read to its end.
#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
pub(super) fn unread(why: axum::extract::multipart::MultipartError) -> Trouble {
    match why.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Trouble::TooLarge,
        _ => Trouble::Malformed,
    }
}

async fn evidence(
    State(app): State<App>,
    member: Member,
    Path((_, id, evidence)): Path<(String, String, String)>,
) -> Result<Response, Trouble> {
    let (id, evidence) = (named(&id)?, evidence.parse::<EvidenceId>().map_err(|_| Trouble::NotFound)?);
    let found = app.gateway.store().evidence_file(member.workspace(), evidence).await?;
    let (file, bytes) = found.filter(|(file, _)| file.sender == id).ok_or(Trouble::NotFound)?;
    Ok(attached(&file, bytes))
}

/// A file of evidence as something to save, never as a page of ours.
pub(super) fn attached(file: &Evidence, bytes: bytes::Bytes) -> Response {
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let name = super::form::escaped(&file.name).replace('/', "_");
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
