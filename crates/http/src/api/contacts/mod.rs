//! Contacts as Allo's v1 has them: whom a workspace knows by name.

pub(crate) mod list;
mod read;
pub(crate) mod show;
pub(crate) mod write;

use facteur_gateway::Scope;
use facteur_store::Contact;
use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::endpoint::{Access, Endpoint};
use crate::error::{ApiError, codes};

const READ: Access = Access::Scoped(Scope::ContactsRead);
const WRITE: Access = Access::Scoped(Scope::ContactsReadWrite);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v1/api/contacts",
    description: "List contacts, newest first",
    access: READ,
};
pub(crate) static CREATE: Endpoint =
    Endpoint { method: "POST", path: "/v1/api/contacts", description: "Make a contact", access: WRITE };
pub(crate) static UPDATE: Endpoint = Endpoint {
    method: "PUT",
    path: "/v1/api/contacts/{id}",
    description: "Change the given fields of a contact",
    access: WRITE,
};
pub(crate) static SHOW: Endpoint =
    Endpoint { method: "GET", path: "/v1/api/contact/{id}", description: "Show a contact", access: READ };

/// Where somebody works.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompanyView {
    /// Its name.
    #[schema(required = true, example = "Acme")]
    name: Option<String>,
    /// Always null: companies are no resource here.
    #[schema(required = true)]
    id: Option<String>,
}

impl CompanyView {
    fn of(contact: &Contact) -> Option<Self> {
        contact.card.company.clone().map(|name| Self { name: Some(name), id: None })
    }
}

/// A contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// Its id.
    #[schema(example = "cnt_1M3PF7F7G0042")]
    id: String,
    /// First name, or the whole.
    #[schema(required = true, example = "Camille")]
    name: Option<String>,
    /// Last name.
    #[schema(required = true, example = "Durand")]
    last_name: Option<String>,
    /// Where they work.
    #[schema(required = true)]
    company: Option<CompanyView>,
    /// What they do there.
    #[schema(required = true)]
    job_title: Option<String>,
    /// A web site.
    #[schema(required = true)]
    website: Option<String>,
    /// Always null.
    #[schema(required = true)]
    status: Option<String>,
    /// Always false.
    is_archived: bool,
    /// When it was made, UTC.
    #[schema(example = "2024-01-15T10:30:00")]
    created_at: String,
    /// When it was changed last, UTC.
    #[schema(example = "2024-01-15T10:30:00")]
    updated_at: String,
    /// Numbers in E.164.
    #[schema(example = json!(["+33612345678"]))]
    numbers: Vec<String>,
    /// Always false.
    is_whitelisted: bool,
    /// Always null: the conversation tells.
    #[schema(required = true)]
    last_activity_date: Option<String>,
    /// Always null: nobody has said what it means.
    #[schema(required = true)]
    engagement: Option<String>,
    /// E-mail addresses (ours; Allo shows them in a single contact only).
    emails: Vec<String>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let company = CompanyView::of(&contact);
        let Contact { id, card, created_at, updated_at, .. } = contact;
        Self {
            id: id.to_string(),
            name: card.name,
            last_name: card.last_name,
            company,
            job_title: card.job_title,
            website: card.website,
            status: None,
            is_archived: false,
            created_at: time::bare(created_at),
            updated_at: time::bare(updated_at),
            numbers: card.numbers.iter().map(ToString::to_string).collect(),
            is_whitelisted: false,
            last_activity_date: None,
            engagement: None,
            emails: card.emails,
        }
    }
}

/// A success with one contact.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the answer")]
pub(crate) struct ContactAnswer {
    data: ContactView,
}

/// 400, as Allo's v1 has it.
pub(crate) fn not_found() -> ApiError {
    ApiError::new(&codes::CONTACT_NOT_FOUND, "There is no such contact in the workspace.").at("id")
}
