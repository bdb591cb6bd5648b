//! `GET /v2/api/review/inbound`: what phones sent and nobody can tell for whom.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_store::{COUNT_MAX, Received, ReceivedFilter};
use serde::Serialize;
use utoipa::ToSchema;

use super::ok;
use super::page::{Pagination, Params};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// A phone's message that is nobody's.
#[derive(Serialize, ToSchema)]
pub(crate) struct InboundView {
    /// Its id.
    #[schema(example = "msg_38G2XW3KJ0002")]
    id: String,
    /// When it came.
    #[schema(format = DateTime)]
    at: String,
    /// By which route.
    route: String,
    /// The phone, or what stood in its place.
    #[schema(example = "+33612345678")]
    from: String,
    /// The number that it was sent to.
    #[schema(example = "36180")]
    to: String,
    /// Its text; where a part is missing stands `[…]`.
    content: String,
    /// What it means: `stop`, `stop_doubtful`, `contact`, `start` or `reply`.
    #[schema(example = "reply")]
    meaning: &'static str,
    /// By which rule it was understood; or why it was kept as it came, without being understood.
    #[schema(required = true, example = "fr.reply.stop.exact")]
    rule: Option<String>,
    /// How many parts it says it has.
    parts: u8,
    /// How many of them came.
    parts_here: u8,
}

impl From<Received> for InboundView {
    fn from(received: Received) -> Self {
        Self {
            id: received.id.to_string(),
            at: received.at.to_string(),
            from: received.phone.map_or(received.source, |phone| phone.to_string()),
            to: received.code.map_or(received.destination, |code| code.to_string()),
            route: received.route,
            content: received.text,
            meaning: received.meaning.as_str(),
            rule: received.rule,
            parts: received.parts,
            parts_here: received.parts_here,
        }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct InboundPage {
    data: Vec<InboundView>,
    pagination: Pagination,
}

/// List messages that are nobody's
///
/// What phones sent to numbers of the platform, and that no workspace could be found for, newest first.
#[utoipa::path(
    get,
    path = "/v2/api/review/inbound",
    operation_id = "listUnattributed",
    tag = "Reviews",
    params(
        ("number" = Option<String>, Query, description = "Only from this phone, in E.164"),
        ("page" = Option<u32>, Query, description = "Which page, from 1 (the default)"),
        ("size" = Option<u32>, Query, description = "Rows on a page, 1 to 100, 20 unless told"),
    ),
    responses(
        (status = 200, description = "A page of messages", body = InboundPage),
        (status = 400, description = "A parameter is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri)?;
    let page = params.page()?;
    let filter = ReceivedFilter { phone: params.msisdn("number")?, ..ReceivedFilter::default() };
    params.end("number, page and size")?;
    let before = u64::from(page.page - 1) * u64::from(page.size);
    if before >= COUNT_MAX {
        let message = format!("Only the newest {COUNT_MAX} messages can be paged through.");
        return Err(ApiError::new(&codes::INVALID_PAGE_SIZE, message).at("page"));
    }
    let (before, size) = (usize::try_from(before).unwrap_or(usize::MAX), page.size as usize);
    let store = app.gateway.store();
    let total = store.received_count(None, filter.clone()).await?;
    let found = store.received(None, filter, before + size).await?;
    let data = found.into_iter().skip(before).map(InboundView::from).collect();
    ok(&InboundPage { data, pagination: Pagination::new(page, total) })
}
