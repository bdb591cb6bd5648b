//! Whom a workspace knows by name.

use facteur_domain::{ContactId, Msisdn, Timestamp, WorkspaceId};

/// The most numbers of one contact, and the most addresses.
pub const CONTACT_NUMBERS_MAX: usize = 20;

/// What a workspace knows of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactCard {
    /// First name, or the whole.
    pub name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Where they work.
    pub company: Option<String>,
    /// What they do there.
    pub job_title: Option<String>,
    /// A web site.
    pub website: Option<String>,
    /// E-mail addresses, without line feeds; [`CONTACT_NUMBERS_MAX`] at most.
    pub emails: Vec<String>,
    /// Numbers, one at least and [`CONTACT_NUMBERS_MAX`] at most, each once.
    pub numbers: Vec<Msisdn>,
}

/// A person that a workspace knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What is known.
    pub card: ContactCard,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What changes of a contact; `None` leaves as it is, `Some(None)` takes away.
#[derive(Debug, Clone, Default)]
pub struct ContactUpdate {
    /// First name, or the whole.
    pub name: Option<Option<String>>,
    /// Last name.
    pub last_name: Option<Option<String>>,
    /// Where they work.
    pub company: Option<Option<String>>,
    /// What they do there.
    pub job_title: Option<Option<String>>,
    /// A web site.
    pub website: Option<Option<String>>,
    /// These addresses and no others.
    pub emails: Option<Vec<String>>,
    /// These numbers and no others; not empty.
    pub numbers: Option<Vec<Msisdn>>,
}
