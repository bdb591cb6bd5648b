//! `GET /v1/api/contact/{id}` (singular, as Allo has it).

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use facteur_domain::ContactId;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{CompanyView, not_found};
use crate::api::page::Params;
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};

/// A contact alone.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactContext {
    /// Its id.
    #[schema(example = "cnt_1M3PF7F7G0042")]
    id: String,
    /// First name, or the whole.
    #[schema(required = true, example = "Camille")]
    name: Option<String>,
    /// Last name.
    #[schema(required = true, example = "Durand")]
    last_name: Option<String>,
    /// Numbers in E.164.
    #[schema(example = json!(["+33612345678"]))]
    numbers: Vec<String>,
    /// E-mail addresses.
    emails: Vec<String>,
    /// Where they work.
    #[schema(required = true)]
    company: Option<CompanyView>,
    /// What they do there.
    #[schema(required = true)]
    job_title: Option<String>,
    /// A web site.
    #[schema(required = true)]
    website: Option<String>,
    /// Always empty: no other systems are connected.
    #[schema(value_type = Object)]
    integration_data: Map<String, Value>,
    /// Always null.
    #[schema(required = true, value_type = Option<Object>)]
    custom_properties: Option<Map<String, Value>>,
    /// Always null; there with `extend=engagement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    engagement: Option<Value>,
    /// Where the conversation is.
    #[schema(example = "/v1/api/contact/cnt_1M3PF7F7G0042/conversation")]
    conversation_url: String,
}

/// A success.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ContactContextAnswer {
    data: ContactContext,
}

/// Show a contact
#[utoipa::path(
    get,
    path = "/v1/api/contact/{id}",
    operation_id = "getContactContext",
    tag = "Contacts",
    params(
        ("id" = String, Path, description = "The contact's id"),
        ("extend" = Option<String>, Query, description = "`engagement` and `activity`, separated by commas, are accepted: `engagement` is then there as null, and what was said is at `conversation_url`"),
    ),
    responses(
        (status = 200, description = "The contact", body = ContactContextAnswer),
        (status = 400, description = "There is no such contact (`CONTACT_NOT_FOUND`), or a parameter is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<ContactId>, ApiError>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let mut params = Params::read(&uri)?;
    let extend = params.extend(&["engagement", "activity"])?;
    params.end("extend")?;
    let contact = app.gateway.store().contact(caller.workspace(), id).await?.ok_or_else(not_found)?;
    let company = CompanyView::of(&contact);
    let card = contact.card;
    let data = ContactContext {
        id: contact.id.to_string(),
        name: card.name,
        last_name: card.last_name,
        numbers: card.numbers.iter().map(ToString::to_string).collect(),
        emails: card.emails,
        company,
        job_title: card.job_title,
        website: card.website,
        integration_data: Map::new(),
        custom_properties: None,
        engagement: extend.contains(&"engagement").then_some(Value::Null),
        conversation_url: format!("/v1/api/contact/{}/conversation", contact.id),
    };
    ok(&Data { data })
}
