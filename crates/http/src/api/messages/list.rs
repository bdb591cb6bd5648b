//! `GET /v2/api/messages`: the messages of a workspace, newest first.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::{Class, State as Stage};
use facteur_store::{MessageFilter, Page};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::MessageView;
use crate::api::page::{Pagination, Params};
use crate::api::{Key, ok, words};
use crate::app::App;
use crate::error::{ApiError, ErrorBody, codes};

/// The parameters, for those who misspell one.
const PARAMETERS: &str = "to, sender_id, status, class, client_reference, date_from, date_to, page and size";

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessagePage {
    data: Vec<MessageView>,
    pagination: Pagination,
}

/// Filters; a message must match all of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the query; it is read one by one, for better errors")]
pub(crate) struct Filters {
    /// Only to this number, in E.164 (a plus sign that became a space is understood).
    to: Option<String>,
    /// Only from this Sender ID or short code, compared without case.
    sender_id: Option<String>,
    /// Only those that stand here now.
    #[param(value_type = Option<words::Status>, inline)]
    status: Option<String>,
    /// Only of this class.
    #[param(value_type = Option<words::Class>, inline)]
    class: Option<String>,
    /// Only with this reference of yours.
    client_reference: Option<String>,
    /// Only accepted at or after this instant, RFC 3339 with a zone.
    #[param(format = DateTime)]
    date_from: Option<String>,
    /// Only accepted before this instant, RFC 3339 with a zone.
    #[param(format = DateTime)]
    date_to: Option<String>,
    /// Which page, from 1 (the default).
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Rows on a page, 20 unless told.
    #[param(minimum = 1, maximum = 100)]
    size: Option<u32>,
}

/// List messages
///
/// The messages of the workspace, newest first, a page at a time. Unknown parameters are refused,
/// so that a misspelt filter is not taken for none.
#[utoipa::path(
    get,
    path = "/v2/api/messages",
    operation_id = "listMessages",
    tag = "Messages",
    params(Filters),
    responses(
        (status = 200, description = "A page of messages", body = MessagePage),
        (status = 400, description = "A filter or the page is wrong; `param` says which", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Key,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (filter, page) = read(&uri)?;
    let found = app.gateway.store().messages(caller.workspace(), filter, page).await?;
    ok(&MessagePage {
        pagination: Pagination::new(page, found.total),
        data: found.rows.into_iter().map(MessageView::from).collect(),
    })
}

fn read(uri: &Uri) -> Result<(MessageFilter, Page), ApiError> {
    let mut params = Params::read(uri)?;
    let page = params.page()?;
    let filter = MessageFilter {
        recipient: params.msisdn("to")?,
        sender: params.take("sender_id").map(|name| name.to_ascii_lowercase()),
        state: one_of(&mut params, "status", Stage::from_name, &Stage::ALL.map(Stage::as_str))?,
        class: one_of(&mut params, "class", Class::from_name, &Class::ALL.map(Class::as_str))?,
        client_reference: params.take("client_reference"),
        from: params.instant("date_from")?,
        to: params.instant("date_to")?,
    };
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from > to
    {
        let message = "date_from must not be after date_to.";
        return Err(ApiError::new(&codes::INVALID_DATE_RANGE, message).at("date_from"));
    }
    params.end(PARAMETERS)?;
    Ok((filter, page))
}

fn one_of<T>(
    params: &mut Params,
    name: &'static str,
    find: impl Fn(&str) -> Option<T>,
    names: &[&'static str],
) -> Result<Option<T>, ApiError> {
    let Some(text) = params.take(name) else { return Ok(None) };
    find(&text).map(Some).ok_or_else(|| {
        let message = format!("{name} must be one of {}.", names.join(", "));
        ApiError::new(&codes::INVALID_SEARCH_QUERY, message).at(name)
    })
}

#[cfg(test)]
mod tests {
    use facteur_domain::{Msisdn, Timestamp};

    use super::*;

    fn parse(query: &str) -> Result<MessageFilter, ApiError> {
        read(&format!("/v2/api/messages?{query}").parse().expect("a URI")).map(|(filter, _)| filter)
    }

    #[test]
    fn filters_are_read() {
        let filter = parse(
            "to=%2B33612345678&sender_id=MyCompany&status=delivered&class=otp&client_reference=a%20b\
             &date_from=2024-01-15T10:30:00Z&date_to=2024-01-15T12:30:00+01:00",
        )
        .expect("reads");
        assert_eq!(filter.recipient, Msisdn::parse("+33612345678").ok());
        assert_eq!(filter.sender.as_deref(), Some("mycompany"));
        assert_eq!(filter.state, Some(Stage::Delivered));
        assert_eq!(filter.class, Some(Class::Otp));
        assert_eq!(filter.client_reference.as_deref(), Some("a b"));
        assert_eq!(filter.from.map(Timestamp::millis), Some(1_705_314_600_000));
        assert_eq!(filter.to.map(Timestamp::millis), Some(1_705_318_200_000));
        assert_eq!(parse("to=+33612345678").expect("reads").recipient, filter.recipient);
    }

    #[test]
    fn wrong_filters_name_their_parameter() {
        for (query, code, param) in [
            ("to=0612345678", "INVALID_PHONE_FORMAT", "to"),
            ("status=sent", "INVALID_SEARCH_QUERY", "status"),
            ("class=spam", "INVALID_SEARCH_QUERY", "class"),
            ("date_from=yesterday", "INVALID_DATE_RANGE", "date_from"),
            ("date_to=2024-01-15T10:30:00", "INVALID_DATE_RANGE", "date_to"),
            (
                "date_from=2024-01-15T10:30:01Z&date_to=2024-01-15T10:30:00Z",
                "INVALID_DATE_RANGE",
                "date_from",
            ),
            ("state=delivered", "INVALID_SEARCH_QUERY", "state"),
            ("status=queued&status=queued", "INVALID_SEARCH_QUERY", "status"),
            ("size=101", "INVALID_PAGE_SIZE", "size"),
        ] {
            let error = parse(query).expect_err(query);
            assert_eq!((error.code(), error.param()), (code, Some(param)), "{query}");
        }
    }
}
