//! Platform > Review: the Sender IDs and short codes of all workspaces, those due first, each with its
//! evidence beside what the rules say of it.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use facteur_domain::{EvidenceId, SenderRecordId, SenderState, Timestamp};
use facteur_gateway::{PreviewReason, Review, SenderDeclaration};
use facteur_store::{Evidence, NameProof, PlatformRole, SenderRecord, StoreError};

use super::{Access, Field, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, mend, render};
use crate::app::App;

/// The longest reason, in characters.
const REASON_MAX: usize = 500;
/// Senders on a page.
const SIZE: usize = 50;
/// What a browser may do with a file of evidence that it shows: nothing but show it.
const EVIDENCE_POLICY: &str = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; \
                               frame-ancestors 'none'";

pub(super) fn mount(pages: &mut Pages<'_>) {
    let access = Access::Platform(PlatformRole::Reviewer);
    pages.add("/platform", access, get(begin));
    pages.add("/platform/review", access, get(list));
    pages.add("/platform/review/{id}", access, get(show));
    pages.add("/platform/review/{id}/{act}", access, post(act));
    pages.add("/platform/review/{id}/evidence/{evidence}", access, get(evidence));
}

async fn begin() -> Trouble {
    Trouble::Elsewhere(format!("{ROOT}/platform/review"))
}

struct Row {
    record: SenderRecord,
    workspace: String,
    late: bool,
}

#[derive(Template)]
#[template(path = "review.html")]
struct Queue {
    page: Page,
    /// `pending`, `validated`, `failed`, `disabled`.
    state: SenderState,
    rows: Vec<Row>,
    /// How many there are in each state.
    counts: Vec<(SenderState, usize)>,
    late: usize,
    more: bool,
}

impl Queue {
    const fn is_late(&self) -> bool {
        self.late > 0
    }
}

#[derive(Template)]
#[template(path = "review_one.html")]
struct Case {
    page: Page,
    row: Row,
    checks: Vec<PreviewReason>,
    evidence: Vec<Evidence>,
    proof: Field,
    word: Field,
    reason: Field,
    what: Field,
}

fn late(record: &SenderRecord, now: Timestamp) -> bool {
    record.state == SenderState::Pending && record.dossier.due_at.is_some_and(|due| due < now)
}

/// The kind of a state's badge.
const fn kind(state: &SenderState) -> &'static str {
    match state {
        SenderState::Pending => "warn",
        SenderState::Validated => "good",
        SenderState::Failed | SenderState::Disabled => "bad",
    }
}

/// The kind of the badge of what a rule says.
fn effect(effect: &str) -> &'static str {
    match effect {
        "refuse" => "bad",
        "hold" => "warn",
        "allow" => "good",
        _ => "info",
    }
}

fn row(app: &App, record: SenderRecord, now: Timestamp) -> Row {
    let workspace = app.gateway.workspace_name(record.workspace);
    Row {
        workspace: workspace.unwrap_or_else(|| record.workspace.to_string()),
        late: late(&record, now),
        record,
    }
}

async fn list(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    let now = viewer.guest.now;
    let asked = SenderState::from_name(&fields.get("state").to_ascii_uppercase());
    let state = asked.unwrap_or(SenderState::Pending);
    let all = app.gateway.store().directory().await?.senders;
    let counts = SenderState::ALL
        .into_iter()
        .map(|state| (state, all.iter().filter(|record| record.state == state).count()))
        .collect();
    let late_now = all.iter().filter(|record| late(record, now)).count();
    let mut found: Vec<SenderRecord> = all.into_iter().filter(|record| record.state == state).collect();
    // Those due first, or those decided last.
    if state == SenderState::Pending {
        found.sort_by_key(|record| (record.dossier.due_at, record.id));
    } else {
        found.sort_by_key(|record| std::cmp::Reverse(record.decided_at));
    }
    let more = found.len() > SIZE;
    found.truncate(SIZE);
    let rows = found.into_iter().map(|record| row(&app, record, now)).collect();
    render(&Queue { page: viewer.page("platform-review"), state, rows, counts, late: late_now, more })
}

async fn find(app: &App, id: &str) -> Result<SenderRecord, Trouble> {
    let id: SenderRecordId = id.parse().map_err(|_| Trouble::NotFound)?;
    let all = app.gateway.store().directory().await?.senders;
    all.into_iter().find(|record| record.id == id).ok_or(Trouble::NotFound)
}

impl Case {
    fn base(&self) -> String {
        format!("{ROOT}/platform/review/{}", self.row.record.id)
    }

    fn is(&self, state: SenderState) -> bool {
        self.row.record.state == state
    }

    async fn new(
        app: &App,
        viewer: &Viewer,
        record: SenderRecord,
        wrong: Option<(&str, &Fields)>,
    ) -> Result<Self, Trouble> {
        let page = viewer.page("platform-review").titled(record.sender.to_string());
        let evidence = app.gateway.store().evidence(record.workspace, record.id).await?;
        let dossier = &record.dossier;
        let name = record.sender.to_string();
        let text = |paper: &Option<String>| Some(paper.clone().unwrap_or_default());
        let papers = [
            &dossier.legal_name,
            &dossier.siren,
            &dossier.website,
            &dossier.use_case,
            &dossier.example_content,
        ]
        .map(text);
        let checks = app.gateway.check_declaration(&SenderDeclaration {
            name: &name,
            class: Some(record.class),
            legal_name: papers[0].as_deref(),
            siren: papers[1].as_deref(),
            website: papers[2].as_deref(),
            use_case: papers[3].as_deref(),
            example_content: papers[4].as_deref(),
        });
        let proofs = [NameProof::None, NameProof::Registered, NameProof::Authorised]
            .map(|proof| (proof.as_str(), page.word("platform-proof", proof.as_str())));
        let asked = |field: &str, act: &str| {
            let given = wrong.filter(|(wrong, _)| *wrong == act).map(|(_, fields)| fields);
            let error = given.map(|_| page.t("platform-reason-missing"));
            (given.map_or(String::new(), |fields| fields.get(field).to_owned()), error)
        };
        let line = |field: &'static str, label: &str, (value, error): (String, Option<String>)| {
            Field::new(&page, field, label).area(2).maximum(REASON_MAX).value(value).error(error)
        };
        let act = if record.state == SenderState::Validated { "disable" } else { "fail" };
        Ok(Self {
            proof: Field::new(&page, "proof", "platform-proof").choice(proofs).value(dossier.proof.as_str()),
            word: Field::new(&page, "word", "platform-word").optional().maximum(REASON_MAX),
            reason: line("reason", "platform-reason", asked("reason", act)),
            what: line("what", "platform-what", asked("what", "ask")),

            row: row(app, record, viewer.guest.now),
            checks,
            evidence,
            page,
        })
    }
}

async fn show(State(app): State<App>, viewer: Viewer, Path(id): Path<String>) -> Result<Response, Trouble> {
    let record = find(&app, &id).await?;
    render(&Case::new(&app, &viewer, record, None).await?)
}

/// A text that must be there.
fn said(fields: &Fields, name: &str) -> Option<String> {
    fields.some(name).filter(|text| text.chars().count() <= REASON_MAX)
}

async fn act(
    State(app): State<App>,
    viewer: Viewer,
    Path((id, act)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Trouble> {
    let record = find(&app, &id).await?;
    let (review, done) = match act.as_str() {
        "validate" => {
            let proof = NameProof::from_name(fields.get("proof"));
            (Some(Review::Validate { proof, word: said(&fields, "word") }), "platform-validated")
        }
        "fail" => (said(&fields, "reason").map(Review::Fail), "platform-failed"),
        "disable" => (said(&fields, "reason").map(Review::Disable), "platform-disabled"),
        "ask" => (said(&fields, "what").map(Review::Ask), "platform-asked"),
        _ => return Err(Trouble::NotFound),
    };
    let Some(review) = review else {
        return mend(&Case::new(&app, &viewer, record, Some((&act, &fields))).await?);
    };
    let name = record.sender.to_string();
    let to = match review {
        Review::Ask(_) => format!("{ROOT}/platform/review/{}", record.id),
        _ => format!("{ROOT}/platform/review"),
    };
    app.gateway.review(&record, review, viewer.actor()).await.map_err(|why| match why {
        StoreError::Conflict(_) => Trouble::Conflict("platform-stands-elsewhere"),
        other => other.into(),
    })?;
    Ok(viewer.go(&to, Flash::done(done, name)))
}

/// Whether a browser may show a file of this type as a picture.
fn is_picture(content_type: &str) -> bool {
    matches!(content_type, "image/png" | "image/jpeg")
}

/// A file of evidence: pictures are shown, everything else is saved. It is what a stranger sent: no script
/// in it runs, and it is no page of ours.
async fn evidence(
    State(app): State<App>,
    Path((id, evidence)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let record = find(&app, &id).await?;
    let evidence: EvidenceId = evidence.parse().map_err(|_| Trouble::NotFound)?;
    let found = app.gateway.store().evidence_file(record.workspace, evidence).await?;
    let (file, bytes) = found.filter(|(file, _)| file.sender == record.id).ok_or(Trouble::NotFound)?;
    let (kind, ending) = match file.content_type.as_str() {
        "image/png" => ("image/png", "png"),
        "image/jpeg" => ("image/jpeg", "jpg"),
        "application/pdf" => ("application/pdf", "pdf"),
        _ => ("application/octet-stream", "bin"),
    };
    let shown = if is_picture(kind) { "inline" } else { "attachment" };
    // Its own name came from outside: the id names the file.
    let disposition = format!("{shown}; filename=\"{}.{ending}\"", file.id);
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(EVIDENCE_POLICY));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
