//! `POST /v1/api/contacts` and `PUT /v1/api/contacts/{id}`.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use facteur_domain::ContactId;
use facteur_store::{ContactCard, StoreError};
use utoipa::ToSchema;

use super::{ContactAnswer, ContactView, not_found, read};
use crate::api::{Data, Key, Named, ok};
use crate::app::App;
use crate::body;
use crate::error::{ApiError, ErrorBody};
use crate::json::Faults;
use crate::json::tree::Entry;

/// A contact to make, or what changes of one.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Camille", "last_name": "Durand", "numbers": ["+33612345678"]}))]
#[expect(dead_code, reason = "documents the request; it is read field by field, for better errors")]
pub(crate) struct ContactBody {
    /// First name, or the whole.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Last name.
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// Where they work (ours).
    #[schema(max_length = 200)]
    company: Option<String>,
    /// What they do there.
    #[schema(max_length = 200)]
    job_title: Option<String>,
    /// A web site.
    #[schema(max_length = 2048)]
    website: Option<String>,
    /// E-mail addresses: these and no others.
    #[schema(max_items = 20)]
    emails: Option<Vec<String>>,
    /// Numbers in E.164: these and no others. A contact has one at least.
    #[schema(max_items = 20)]
    numbers: Option<Vec<String>>,
}

/// Make a contact
#[utoipa::path(
    post,
    path = "/v1/api/contacts",
    operation_id = "createContact",
    tag = "Contacts",
    request_body = ContactBody,
    responses(
        (status = 200, description = "The contact", body = ContactAnswer),
        (status = 400, description = "Something is wrong; `details` says what and where", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Key,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    if !entry.has("numbers") {
        faults.note("numbers", "`numbers` is missing: one number at least, as in [\"+33612345678\"]");
    }
    let given = read::update(&mut entry, &mut faults);
    faults.into_result()?;
    let card = ContactCard {
        name: given.name.flatten(),
        last_name: given.last_name.flatten(),
        company: given.company.flatten(),
        job_title: given.job_title.flatten(),
        website: given.website.flatten(),
        emails: given.emails.unwrap_or_default(),
        numbers: given.numbers.unwrap_or_default(),
    };
    let gateway = &app.gateway;
    let made =
        gateway.store().create_contact(caller.workspace(), card, gateway.now(), caller.actor()).await?;
    gateway.deliver_webhooks();
    ok(&Data { data: ContactView::from(made) })
}

/// Change a contact
///
/// Only the given fields change; null takes a text away. Lists replace what was there.
#[utoipa::path(
    put,
    path = "/v1/api/contacts/{id}",
    operation_id = "updateContact",
    tag = "Contacts",
    params(("id" = String, Path, description = "The contact's id")),
    request_body = ContactBody,
    responses(
        (status = 200, description = "The contact", body = ContactAnswer),
        (status = 400, description = "Something is wrong, or there is no such contact (`CONTACT_NOT_FOUND`)", body = ErrorBody),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    Extension(caller): Key,
    id: Result<Named<ContactId>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named(id) = id.map_err(|_| not_found())?;
    let gateway = &app.gateway;
    // What is not theirs is not there, whatever the body says.
    gateway.store().contact(caller.workspace(), id).await?.ok_or_else(not_found)?;
    let (parts, body) = request.into_parts();
    let body = body::json(&parts, body, &app.options).await?;
    let mut entry = Entry::read(&body)?;
    let mut faults = Faults::default();
    let given = read::update(&mut entry, &mut faults);
    faults.into_result()?;
    let changing =
        gateway.store().update_contact(caller.workspace(), id, given, gateway.now(), caller.actor());
    let changed = changing.await.map_err(|why| match why {
        StoreError::NotFound(_) => not_found(),
        other => other.into(),
    })?;
    gateway.deliver_webhooks();
    ok(&Data { data: ContactView::from(changed) })
}
