//! Senders as customers and reviewers see them.

use facteur_domain::{Sender, SenderState, Timestamp};
use facteur_gateway::{Gateway, SenderDeclaration};
use facteur_store::{Evidence, SenderRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::preview::view::ReasonView;
use crate::api::words;
use crate::hex::hexadecimal;

/// A Sender ID or short code.
#[derive(Serialize, ToSchema)]
pub(crate) struct SenderView {
    /// Its id.
    #[schema(example = "snd_1M3PF7F7G0042")]
    pub(super) id: String,
    /// The workspace it belongs to.
    workspace_id: String,
    /// What the phone shows: the Sender ID, or the short code.
    #[schema(example = "MaBoutique")]
    sender_id: String,
    /// `SENDER_ID` or `SHORT_CODE`.
    #[serde(rename = "type")]
    #[schema(example = "SENDER_ID")]
    kind: &'static str,
    /// The class of messages that do not say theirs.
    #[schema(value_type = words::Class)]
    class: &'static str,
    /// Where it stands; only `VALIDATED` may send.
    #[schema(value_type = words::SenderStatus, example = "PENDING")]
    status: &'static str,
    /// Why it stands there, in the reviewer's words, or null.
    #[schema(required = true)]
    reason: Option<String>,
    /// Who moved it last.
    decided_by: String,
    /// When it moved last.
    #[schema(format = DateTime)]
    decided_at: String,
    /// When it was declared.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the review is to be answered: within 5 French business days.
    #[schema(required = true, format = DateTime)]
    due_at: Option<String>,
    /// Whether the review is late.
    overdue: bool,
    /// For a short code, when it is expected to work; else null.
    #[schema(required = true, format = DateTime)]
    expected_at: Option<String>,
    /// Whether the short code is shared among several customers.
    shared: bool,
    /// The company's usual name.
    #[schema(required = true)]
    company: Option<String>,
    /// Its name in the register.
    #[schema(required = true)]
    legal_name: Option<String>,
    /// Its SIREN.
    #[schema(required = true)]
    siren: Option<String>,
    /// Its website.
    #[schema(required = true)]
    website: Option<String>,
    /// What is sent under the name.
    #[schema(required = true)]
    use_case: Option<String>,
    /// A message as it would be sent.
    #[schema(required = true)]
    example_content: Option<String>,
    /// Whose marketing is sent under the name; null for the workspace's own advertiser.
    #[schema(required = true)]
    advertiser: Option<String>,
    /// What the reviewer found of the right to the name: `none`, `registered` or `authorised`.
    proof: &'static str,
    /// The document that the reviewer waits for, or null.
    #[schema(required = true)]
    missing_document: Option<MissingView>,
}

/// A document that a reviewer asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct MissingView {
    /// Which.
    what: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    asked_at: String,
}

/// A sender with its papers and checks.
#[derive(Serialize, ToSchema)]
pub(crate) struct SenderDetail {
    #[serde(flatten)]
    pub(super) sender: SenderView,
    /// What the rules say of it now. `refuse`: it cannot be declared so; `hold`: a paper is missing;
    /// `note`: for the reviewer.
    pub(super) checks: Vec<ReasonView>,
    /// The files of evidence, oldest first.
    pub(super) evidence: Vec<EvidenceView>,
}

/// A file of evidence.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// Its id.
    #[schema(example = "evd_1M3PF7F7G0042")]
    id: String,
    /// Its name.
    #[schema(example = "kbis.pdf")]
    name: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// How many octets it has.
    size: u64,
    /// SHA-256 of them, in hexadecimal.
    sha256: String,
    /// When it was added.
    #[schema(format = DateTime)]
    uploaded_at: String,
    /// By whom.
    uploaded_by: String,
}

/// A success with one sender.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct SenderAnswer {
    data: SenderDetail,
}

impl SenderView {
    pub(super) fn of(record: &SenderRecord, now: Timestamp) -> Self {
        let dossier = record.dossier.clone();
        Self {
            id: record.id.to_string(),
            workspace_id: record.workspace.to_string(),
            sender_id: record.sender.to_string(),
            kind: match record.sender {
                Sender::Name(_) => "SENDER_ID",
                Sender::Code(_) => "SHORT_CODE",
            },
            class: record.class.as_str(),
            status: record.state.as_str(),
            reason: record.reason.clone(),
            decided_by: record.decided_by.clone(),
            decided_at: record.decided_at.to_string(),
            created_at: record.created_at.to_string(),
            due_at: dossier.due_at.map(|at| at.to_string()),
            overdue: overdue(record, now),
            expected_at: dossier.expected_at.map(|at| at.to_string()),
            shared: dossier.shared_code,
            company: dossier.company,
            legal_name: dossier.legal_name,
            siren: dossier.siren,
            website: dossier.website,
            use_case: dossier.use_case,
            example_content: dossier.example_content,
            advertiser: dossier.advertiser,
            proof: dossier.proof.as_str(),
            missing_document: dossier
                .missing
                .map(|missing| MissingView { what: missing.what, asked_at: missing.at.to_string() }),
        }
    }
}

/// Whether its review is late.
pub(super) fn overdue(record: &SenderRecord, now: Timestamp) -> bool {
    record.state == SenderState::Pending && record.dossier.due_at.is_some_and(|due| due < now)
}

impl SenderDetail {
    pub(super) fn of(gateway: &Gateway, record: &SenderRecord, evidence: Vec<Evidence>) -> Self {
        Self {
            sender: SenderView::of(record, gateway.now()),
            checks: checks(gateway, record),
            evidence: evidence.into_iter().map(EvidenceView::from).collect(),
        }
    }
}

/// What the rules say of a sender with its papers.
pub(super) fn checks(gateway: &Gateway, record: &SenderRecord) -> Vec<ReasonView> {
    let dossier = &record.dossier;
    let name = record.sender.to_string();
    let paper = |text: &Option<String>| text.clone().unwrap_or_default();
    let papers =
        [&dossier.legal_name, &dossier.siren, &dossier.website, &dossier.use_case, &dossier.example_content]
            .map(paper);
    let [legal_name, siren, website, use_case, example_content] = &papers;
    let declaration = SenderDeclaration {
        name: &name,
        class: Some(record.class),
        legal_name: Some(legal_name),
        siren: Some(siren),
        website: Some(website),
        use_case: Some(use_case),
        example_content: Some(example_content),
    };
    gateway.check_declaration(&declaration).into_iter().map(ReasonView::from).collect()
}

impl From<Evidence> for EvidenceView {
    fn from(file: Evidence) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            sha256: hexadecimal(&file.sha256),
            uploaded_at: file.uploaded_at.to_string(),
            uploaded_by: file.uploaded_by,
        }
    }
}
