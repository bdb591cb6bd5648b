//! Declaring senders, and checking a declaration while it is typed.
//! (Requirement `seed-sender-declared`.)

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_domain::{Class, Sender, SenderState, WorkspaceId};
use facteur_gateway::{Caller, Gateway, PreviewReason, SenderDeclaration};
use facteur_store::{Dossier, SenderRecord, StoreError};
use utoipa::ToSchema;

use super::view::{SenderAnswer, SenderDetail};
use crate::api::opt_outs::ADVERTISER_MAX;
use crate::api::preview::view::ReasonView;
use crate::api::{Data, Key, ok, words, written};
use crate::app::App;
use crate::body;
use crate::error::codes::{self, Code};
use crate::error::{ApiError, Detail, ErrorBody};
use crate::json::Faults;
use crate::json::tree::Entry;
use crate::server::Options;

/// The longest name of a company, in characters.
pub(crate) const NAME_MAX: usize = 200;
/// The longest use case and example, in characters.
pub(crate) const TEXT_MAX: usize = 2_000;
const FIELDS: &str = "sender_id, class, company, legal_name, siren, website, use_case, example_content and \
    advertiser (and shared, for a short code)";

/// A Sender ID to declare, with its papers.
#[derive(ToSchema)]
#[schema(example = json!({
    "sender_id": "MaBoutique", "class": "marketing", "legal_name": "Ma Boutique SAS", "siren": "732829320",
    "website": "maboutique.fr", "use_case": "Offers to customers who subscribed in the shop",
    "example_content": "Soldes : -20 % ce samedi. STOP au 36180"
}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct DeclareBody {
    /// 3 to 11 letters and digits, one letter at least; for a short code, 36xxx or 38xxx.
    #[schema(example = "MaBoutique")]
    sender_id: String,
    /// The class of messages that do not say theirs; marketing when absent, transactional for 38xxx.
    #[schema(value_type = Option<words::Class>)]
    class: Option<String>,
    /// The company's usual name.
    #[schema(max_length = 200)]
    company: Option<String>,
    /// Its name in the register.
    #[schema(max_length = 200)]
    legal_name: Option<String>,
    /// Its SIREN, 9 digits.
    siren: Option<String>,
    /// Its website.
    website: Option<String>,
    /// What is sent under the name, and why this name.
    #[schema(max_length = 2000)]
    use_case: Option<String>,
    /// A message as it would be sent.
    #[schema(max_length = 2000)]
    example_content: Option<String>,
    /// Whose marketing is sent under the name; the workspace's own advertiser when absent.
    #[schema(max_length = 100)]
    advertiser: Option<String>,
    /// For a short code: shared with other customers, rather than dedicated.
    shared: Option<bool>,
}

/// What the rules say of a declaration.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// Whether it could be declared so.
    declarable: bool,
    /// Everything the rules say. `refuse`: it cannot be declared so; `hold`: a paper is missing; `note`:
    /// for the reviewer.
    checks: Vec<ReasonView>,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct CheckAnswer {
    data: CheckView,
}

/// A declaration as it was read.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) class: Option<Class>,
    pub(crate) dossier: Dossier,
}

/// Which kind of sender an endpoint declares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Code,
}

/// Declare a Sender ID
///
/// Asks for a Sender ID: it is checked at once, and waits (`PENDING`) for a reviewer, 1 to 5 French
/// business days. A paper that is missing does not stop it, and is in `checks`; add files under
/// `evidence`. The same name again answers the one there is. A name belongs to one workspace of the
/// platform; a workspace has at most 3 that were not refused.
#[utoipa::path(
    post,
    path = "/v2/api/sender_ids",
    operation_id = "declareSenderId",
    tag = "Senders",
    request_body = DeclareBody,
    responses(
        (status = 200, description = "It was declared before", body = SenderAnswer),
        (status = 201, description = "It waits for a review", body = SenderAnswer),
        (status = 400, description = "The rules refuse it, or a field is wrong; `details` says why", body = ErrorBody),
        (status = 409, description = "Another workspace has it, or this one has too many", body = ErrorBody),
    )
)]
pub(crate) async fn declare(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let declared = read(request, &app.options, Kind::Name).await?;
    keep(&app, &caller, caller.workspace(), declared, Kind::Name).await
}

/// Ask for a short code
///
/// Asks for a short code, shared or dedicated. `expected_at` is when it is to work: weeks for a shared
/// one, two to four months for a dedicated one.
#[utoipa::path(
    post,
    path = "/v2/api/short_codes",
    operation_id = "askShortCode",
    tag = "Senders",
    request_body = DeclareBody,
    responses(
        (status = 200, description = "It was asked for before", body = SenderAnswer),
        (status = 201, description = "It waits for a review", body = SenderAnswer),
        (status = 400, description = "The rules refuse it, or a field is wrong; `details` says why", body = ErrorBody),
        (status = 409, description = "Another workspace has it, or this one has too many", body = ErrorBody),
    )
)]
pub(crate) async fn ask_code(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let declared = read(request, &app.options, Kind::Code).await?;
    keep(&app, &caller, caller.workspace(), declared, Kind::Code).await
}

/// Check a declaration
///
/// What the rules say of a declaration, as far as it is typed: fields that are absent are not looked at.
/// Nothing is kept.
#[utoipa::path(
    post,
    path = "/v2/api/sender_ids/check",
    operation_id = "checkSenderId",
    tag = "Senders",
    request_body = DeclareBody,
    responses(
        (status = 200, description = "What the rules say", body = CheckAnswer),
        (status = 400, description = "A field is wrong; `details` says which", body = ErrorBody),
    )
)]
pub(crate) async fn check(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let Declared { name, class, dossier } = read(request, &app.options, Kind::Name).await?;
    let declaration = SenderDeclaration {
        name: &name,
        class,
        legal_name: dossier.legal_name.as_deref(),
        siren: dossier.siren.as_deref(),
        website: dossier.website.as_deref(),
        use_case: dossier.use_case.as_deref(),
        example_content: dossier.example_content.as_deref(),
    };
    let found = app.gateway.check_declaration(&declaration);
    let declarable = !found.iter().any(|reason| reason.effect == REFUSE);
    ok(&Data { data: CheckView { declarable, checks: found.into_iter().map(ReasonView::from).collect() } })
}

/// The effect of a reason for which a sender cannot be declared.
pub(crate) const REFUSE: &str = "refuse";

/// Reads a declaration.
pub(super) async fn read(request: Request, options: &Options, kind: Kind) -> Result<Declared, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    // The rules say what is wrong with a name; here it only must not be missing.
    let name = entry.bounded("sender_id", NAME_MAX, &mut faults);
    if name.is_none() && faults.count() == 0 {
        return Err(ApiError::new(&codes::MISSING_FIELD, "`sender_id` is missing.")
            .at("sender_id")
            .suggest("3 to 11 letters and digits, one letter at least, as in MaBoutique."));
    }
    let class = entry.word("class", Class::from_name, &Class::ALL.map(Class::as_str), &mut faults);
    let dossier = Dossier {
        company: entry.bounded("company", NAME_MAX, &mut faults),
        legal_name: entry.bounded("legal_name", NAME_MAX, &mut faults),
        siren: entry.bounded("siren", NAME_MAX, &mut faults),
        website: entry.bounded("website", NAME_MAX, &mut faults),
        use_case: entry.bounded("use_case", TEXT_MAX, &mut faults),
        example_content: entry.bounded("example_content", TEXT_MAX, &mut faults),
        advertiser: entry.bounded("advertiser", ADVERTISER_MAX, &mut faults),
        shared_code: kind == Kind::Code && entry.boolean("shared", &mut faults).unwrap_or(false),
        ..Dossier::default()
    };
    entry.end(FIELDS, &mut faults);
    faults.into_result()?;
    let name = name.ok_or_else(|| ApiError::internal("no name and no fault says so"))?;
    Ok(Declared { name, class, dossier })
}

/// Declares a sender of a workspace.
pub(super) async fn keep(
    app: &App,
    caller: &Caller,
    workspace: WorkspaceId,
    declared: Declared,
    kind: Kind,
) -> Result<Response, ApiError> {
    let gateway = &app.gateway;
    let record = record(gateway, workspace, declared, kind)?;
    let (id, name) = (record.id, record.sender);
    let max = match kind {
        Kind::Name => app.options.sender_ids_max,
        Kind::Code => app.options.short_codes_max,
    };
    let kept = gateway.store().declare_sender_within(record, max, caller.actor()).await;
    let kept = kept.map_err(|why| match why {
        StoreError::Conflict(_) => refused(gateway, workspace, name, max),
        other => other.into(),
    })?;
    gateway.refresh().await?;
    let status = if kept.id == id { StatusCode::CREATED } else { StatusCode::OK };
    let evidence = gateway.store().evidence(workspace, kept.id).await?;
    written(status, &Data { data: SenderDetail::of(gateway, &kept, evidence) })
}

/// The record of a declaration, if the rules and the form of the name allow it.
pub(crate) fn record(
    gateway: &Gateway,
    workspace: WorkspaceId,
    declared: Declared,
    kind: Kind,
) -> Result<SenderRecord, ApiError> {
    let Declared { name, class, dossier } = declared;
    let class = class.or_else(|| name.parse().ok().map(usual_class));
    let siren = dossier.siren.as_deref();
    let declaration = SenderDeclaration { name: &name, class, siren, ..SenderDeclaration::default() };
    let reasons = gateway.check_declaration(&declaration);
    if reasons.iter().any(|reason| reason.effect == REFUSE) {
        return Err(by_rules(reasons));
    }
    let sender: Sender = name.parse().map_err(|why| invalid(format!("{why}")))?;
    if (kind == Kind::Code) != matches!(sender, Sender::Code(_)) {
        return Err(invalid(match kind {
            Kind::Name => "A short code is asked for at POST /v2/api/short_codes".to_owned(),
            Kind::Code => "A short code is 36000 to 36999 or 38000 to 38999".to_owned(),
        }));
    }
    let now = gateway.now();
    let expected_at = (kind == Kind::Code).then(|| gateway.short_code_expected(dossier.shared_code));
    Ok(SenderRecord {
        id: gateway.new_sender_id(),
        workspace,
        sender,
        class: class.unwrap_or(Class::Marketing),
        state: SenderState::Pending,
        reason: None,
        decided_by: "customer".to_owned(),
        created_at: now,
        decided_at: now,
        dossier: Dossier { due_at: gateway.review_due(), expected_at, ..dossier },
    })
}

/// Unknown counts as marketing: the strictest rules. 38xxx is for transactional messages only.
const fn usual_class(sender: Sender) -> Class {
    match sender {
        Sender::Code(code) if !code.is_marketing() => Class::Transactional,
        _ => Class::Marketing,
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new(&codes::SENDER_ID_INVALID_FORMAT, format!("{message}.")).at("sender_id")
}

/// The rules refuse it: every reason, the first one leading.
fn by_rules(reasons: Vec<PreviewReason>) -> ApiError {
    let refusing: Vec<PreviewReason> = reasons.into_iter().filter(|reason| reason.effect == REFUSE).collect();
    let format = |reason: &PreviewReason| reason.rule.starts_with("fr.sender.format.");
    let code: &'static Code = match refusing.iter().any(format) {
        true => &codes::SENDER_ID_INVALID_FORMAT,
        false => &codes::SENDER_ID_NOT_COMPLIANT,
    };
    let details: Vec<Detail> = refusing
        .iter()
        .map(|reason| Detail {
            message: reason.message[1].clone().into(),
            field: reason.field.into(),
            rule: Some(reason.rule),
        })
        .collect();
    let first = refusing.into_iter().next();
    let message = first.as_ref().map_or_else(String::new, |reason| reason.message[1].clone());
    let error = ApiError::new(code, message).at("sender_id").details(details);
    match first.and_then(|reason| reason.cure) {
        Some([_, cure]) => error.suggest(cure),
        None => error,
    }
}

/// How many senders of this one's kind a workspace has that were not refused.
pub(crate) fn standing(gateway: &Gateway, workspace: WorkspaceId, sender: Sender) -> usize {
    let alike = |record: &&std::sync::Arc<SenderRecord>| {
        let code = |sender: Sender| matches!(sender, Sender::Code(_));
        record.state != SenderState::Failed && code(record.sender) == code(sender)
    };
    gateway.senders(workspace).iter().filter(alike).count()
}

/// The store refuses it: the workspace has too many, or another has this one.
fn refused(gateway: &Gateway, workspace: WorkspaceId, sender: Sender, max: u32) -> ApiError {
    let standing = standing(gateway, workspace, sender);
    if standing >= max as usize {
        let message = format!("The workspace has {standing} of these; {max} are the most.");
        return ApiError::new(&codes::SENDER_ID_LIMIT_REACHED, message)
            .at("sender_id")
            .suggest("Use one of those there are, or ask the operator of this platform.");
    }
    ApiError::new(&codes::SENDER_ID_TAKEN, format!("{sender} belongs to another workspace."))
        .at("sender_id")
        .suggest("Choose another name; if this one is yours, tell the operator of this platform.")
}
