//! `POST /v2/api/sender_ids/{id}/evidence`: a file that proves the right to a name.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use facteur_domain::SenderRecordId;
use facteur_store::{NewEvidence, StoreError};
use utoipa::ToSchema;

use super::view::EvidenceView;
use super::{not_found, own};
use crate::api::page::Params;
use crate::api::{Data, Key, Named, written};
use crate::app::App;
use crate::body::{self, Wanted};
use crate::error::{ApiError, ErrorBody, codes};

/// The longest name of a file, in characters.
const NAME_MAX: usize = 120;
/// Types of files, and what they begin with: a type that is only claimed is none.
const TYPES: [(&str, &[u8]); 3] =
    [("application/pdf", b"%PDF-"), ("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xFF\xD8\xFF")];

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct EvidenceAnswer {
    data: EvidenceView,
}

/// Add evidence
///
/// Adds a file (PDF, PNG or JPEG, up to 5 MiB) to a sender's papers: an extract of the register, a trade
/// mark, the brand's authorisation. What the reviewer asked for counts as come.
///
/// `curl --data-binary @kbis.pdf -H "Content-Type: application/pdf" ".../evidence?name=kbis.pdf"`
#[utoipa::path(
    post,
    path = "/v2/api/sender_ids/{id}/evidence",
    operation_id = "addEvidence",
    tag = "Senders",
    params(
        ("id" = String, Path, description = "The sender's id"),
        ("name" = String, Query, description = "The file's name, up to 120 characters"),
    ),
    request_body(content = String, content_type = "application/pdf"),
    responses(
        (status = 201, description = "The file is kept", body = EvidenceAnswer),
        (status = 400, description = "The name is missing, or the file is not what it says", body = ErrorBody),
        (status = 404, description = "There is no such sender in the workspace", body = ErrorBody),
        (status = 409, description = "The sender has too many files", body = ErrorBody),
        (status = 413, description = "The file is larger than 5 MiB", body = ErrorBody),
        (status = 415, description = "The file is of another type", body = ErrorBody),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<SenderRecordId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let record = own(&app.gateway, &caller, id)?;
    let (parts, body) = request.into_parts();
    let mut params = Params::read(&parts.uri)?;
    let name = file_name(params.take("name"))?;
    params.end("name")?;
    let wanted = Wanted {
        types: &[TYPES[0].0, TYPES[1].0, TYPES[2].0],
        hint: "Send the file as it is with its Content-Type, as in `curl --data-binary @kbis.pdf`.",
        max: app.options.bulk_max,
    };
    let (content_type, bytes) = body::octets(&parts, body, &wanted, &app.options).await?;
    if kind_of(&bytes) != Some(content_type) {
        let message = format!("The file is not {content_type}: it does not begin like one.");
        return Err(ApiError::new(&codes::INVALID_REQUEST_BODY, message).at("Content-Type"));
    }
    let file = NewEvidence { name, content_type: content_type.to_owned(), bytes };
    let (store, now) = (app.gateway.store(), app.gateway.now());
    let kept = store.add_evidence(record.workspace, id, file, now, caller.actor()).await;
    let kept = kept.map_err(|why| match why {
        StoreError::NotFound(_) => not_found(),
        StoreError::Conflict(_) => ApiError::new(&codes::EVIDENCE_LIMIT_REACHED, "The sender has 20 files."),
        other => other.into(),
    })?;
    app.gateway.refresh().await?;
    written(StatusCode::CREATED, &Data { data: EvidenceView::from(kept) })
}

/// The type of a file by what it begins with; `None` for one that we do not take.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    TYPES.iter().find(|(_, start)| bytes.starts_with(start)).map(|(kind, _)| *kind)
}

/// A name that a browser gave, without its folders and without anything that a path or a header would take
/// for its own.
pub(crate) fn tame_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let tame: String = last.chars().map(|c| if fine(c) { c } else { '_' }).take(NAME_MAX).collect();
    let tame = tame.trim_start_matches('.').trim();
    if tame.is_empty() { "document".to_owned() } else { tame.to_owned() }
}

fn fine(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '(' | ')')
}

/// A name without anything that a path or a header would take for its own.
fn file_name(given: Option<String>) -> Result<String, ApiError> {
    let name = given.filter(|name| name.chars().count() <= NAME_MAX && name.chars().all(fine));
    name.filter(|name| !name.starts_with('.')).ok_or_else(|| {
        let message = "The parameter name must be the file's name: up to 120 letters, digits, spaces, dots \
            and dashes.";
        ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at("name").suggest("Add ?name=kbis.pdf.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_name_of_a_file_is_tamed() {
        for (given, tame) in [
            ("kbis.pdf", "kbis.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\fakepath\\Extrait Kbis (1).pdf", "Extrait Kbis (1).pdf"),
            ("<script>alert(1)</script>.png", "script_.png"),
            ("a\r\nSet-Cookie: x.pdf", "a__Set-Cookie_ x.pdf"),
            ("...", "document"),
            ("", "document"),
        ] {
            assert_eq!(tame_name(given), tame, "{given}");
        }
        assert_eq!(tame_name(&"é".repeat(300)).chars().count(), NAME_MAX);
    }
}
