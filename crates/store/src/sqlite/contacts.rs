//! Contacts as rows. What is told of them is written with them.

use facteur_domain::{ContactId, Msisdn, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::{note, workspace_exists};
use super::consents::next_key;
use super::fault::Fault;
use super::read::window;
use super::verbs::Manner;
use super::writer::Tx;
use super::{Pending, Store, rows, webhooks};
use crate::{
    Actor, AuditLine, COUNT_MAX, Contact, ContactCard, ContactUpdate, Page, Paged, StoreError, WebhookTopic,
};

const CONTACT: &str =
    "SELECT id, name, last_name, company, job_title, website, emails, created_at, updated_at FROM contact";

impl Store {
    /// Makes a contact, and tells who subscribed to that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its workspace.
    pub fn create_contact(
        &self,
        workspace: WorkspaceId,
        card: ContactCard,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Contact> {
        self.write(Manner::guarded(), move |tx| create(tx, workspace, card, at, actor))
    }

    /// Changes a contact, and tells who subscribed to that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the workspace has no such contact.
    pub fn update_contact(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
        update: ContactUpdate,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Contact> {
        self.write(Manner::guarded(), move |tx| change(tx, (workspace, id), update, at, actor))
    }

    /// A contact of a workspace.
    pub fn contact(&self, workspace: WorkspaceId, id: ContactId) -> Pending<Option<Contact>> {
        self.read(move |conn| Ok(one(&*conn.transaction()?, workspace, id)?))
    }

    /// A workspace's contacts, newest first.
    pub fn contacts(&self, workspace: WorkspaceId, page: Page) -> Pending<Paged<Contact>> {
        self.read(move |conn| list(conn, workspace, page))
    }

    /// The contacts of a workspace that have one of these numbers, each number with its contacts.
    pub fn contacts_of(
        &self,
        workspace: WorkspaceId,
        numbers: Vec<Msisdn>,
    ) -> Pending<Vec<(Msisdn, Vec<Contact>)>> {
        self.read(move |conn| of_numbers(conn, workspace, numbers))
    }
}

fn create(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    card: ContactCard,
    at: Timestamp,
    actor: Actor,
) -> Result<Contact, Fault> {
    workspace_exists(tx, workspace)?;
    let id = ContactId::from_key(next_key(tx.conn, "contact", at)?);
    let contact = Contact { id, workspace, card, created_at: at, updated_at: at };
    save(tx, &contact)?;
    webhooks::contact_told(tx, WebhookTopic::ContactCreated, &contact)?;
    told(tx, &contact, at, actor, "contact.created")?;
    Ok(contact)
}

fn change(
    tx: &mut Tx<'_>,
    (workspace, id): (WorkspaceId, ContactId),
    update: ContactUpdate,
    at: Timestamp,
    actor: Actor,
) -> Result<Contact, Fault> {
    let mut contact = one(tx.conn, workspace, id)?.ok_or(StoreError::NotFound("contact"))?;
    let ContactUpdate { name, last_name, company, job_title, website, emails, numbers } = update;
    let card = &mut contact.card;
    card.name = name.unwrap_or_else(|| card.name.take());
    card.last_name = last_name.unwrap_or_else(|| card.last_name.take());
    card.company = company.unwrap_or_else(|| card.company.take());
    card.job_title = job_title.unwrap_or_else(|| card.job_title.take());
    card.website = website.unwrap_or_else(|| card.website.take());
    card.emails = emails.unwrap_or_else(|| std::mem::take(&mut card.emails));
    card.numbers = numbers.unwrap_or_else(|| std::mem::take(&mut card.numbers));
    contact.updated_at = at;
    save(tx, &contact)?;
    webhooks::contact_told(tx, WebhookTopic::ContactUpdated, &contact)?;
    told(tx, &contact, at, actor, "contact.changed")?;
    Ok(contact)
}

/// The audit log names no person: what is erased would stay there.
fn told(tx: &Tx<'_>, contact: &Contact, at: Timestamp, actor: Actor, action: &str) -> Result<(), Fault> {
    note(tx, &AuditLine::new(at, actor, Some(contact.workspace), action, contact.id.to_string()))
}

fn save(tx: &Tx<'_>, contact: &Contact) -> rusqlite::Result<()> {
    let (id, workspace, card) = (contact.id.key(), contact.workspace.key(), &contact.card);
    tx.conn
        .prepare_cached(
            "INSERT INTO contact (id, workspace, name, last_name, company, job_title, website, emails, \
             created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (id) DO UPDATE SET name = ?3, last_name = ?4, company = ?5, job_title = ?6, \
             website = ?7, emails = ?8, updated_at = ?10",
        )?
        .execute(params![
            id,
            workspace,
            card.name,
            card.last_name,
            card.company,
            card.job_title,
            card.website,
            card.emails.join("\n"),
            contact.created_at.millis(),
            contact.updated_at.millis(),
        ])?;
    tx.conn.prepare_cached("DELETE FROM contact_number WHERE contact = ?1")?.execute([id])?;
    let mut number = tx.conn.prepare_cached(
        "INSERT OR IGNORE INTO contact_number (workspace, number, contact, place) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (place, msisdn) in card.numbers.iter().enumerate() {
        number.execute(params![workspace, rows::digits(*msisdn), id, rows::limit(place)])?;
    }
    Ok(())
}

fn one(conn: &Connection, workspace: WorkspaceId, id: ContactId) -> rusqlite::Result<Option<Contact>> {
    let contact = conn
        .prepare_cached(&format!("{CONTACT} WHERE id = ?1 AND workspace = ?2"))?
        .query_row([id.key(), workspace.key()], |row| read(row, workspace))
        .optional()?;
    contact.map(|contact| with_numbers(conn, contact)).transpose()
}

fn list(conn: &mut Connection, workspace: WorkspaceId, page: Page) -> Result<Paged<Contact>, Fault> {
    let tx = conn.transaction()?;
    let total = tx
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM contact WHERE workspace = ?1 LIMIT ?2)")?
        .query_row(params![workspace.key(), COUNT_MAX.cast_signed()], |row| rows::count(row, 0))?;
    let (limit, offset) = window(page);
    let found: Vec<Contact> = tx
        .prepare_cached(&format!("{CONTACT} WHERE workspace = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3"))?
        .query_map([workspace.key(), limit, offset], |row| read(row, workspace))?
        .collect::<Result<_, _>>()?;
    let rows = found.into_iter().map(|contact| with_numbers(&tx, contact)).collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}

fn of_numbers(
    conn: &mut Connection,
    workspace: WorkspaceId,
    numbers: Vec<Msisdn>,
) -> Result<Vec<(Msisdn, Vec<Contact>)>, Fault> {
    let tx = conn.transaction()?;
    numbers.into_iter().map(|number| Ok((number, of_number(&tx, workspace, number)?))).collect()
}

fn of_number(conn: &Connection, workspace: WorkspaceId, number: Msisdn) -> rusqlite::Result<Vec<Contact>> {
    let ids: Vec<i64> = conn
        .prepare_cached(
            "SELECT contact FROM contact_number WHERE workspace = ?1 AND number = ?2 ORDER BY contact",
        )?
        .query_map([workspace.key(), rows::digits(number)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut contacts = Vec::with_capacity(ids.len());
    for id in ids {
        contacts.extend(one(conn, workspace, ContactId::from_key(id))?);
    }
    Ok(contacts)
}

fn read(row: &Row<'_>, workspace: WorkspaceId) -> rusqlite::Result<Contact> {
    let emails: String = row.get(6)?;
    let card = ContactCard {
        name: row.get(1)?,
        last_name: row.get(2)?,
        company: row.get(3)?,
        job_title: row.get(4)?,
        website: row.get(5)?,
        emails: emails.lines().map(str::to_owned).collect(),
        numbers: Vec::new(),
    };
    let id = ContactId::from_key(row.get(0)?);
    Ok(Contact { id, workspace, card, created_at: rows::time(row, 7)?, updated_at: rows::time(row, 8)? })
}

fn with_numbers(conn: &Connection, mut contact: Contact) -> rusqlite::Result<Contact> {
    contact.card.numbers = conn
        .prepare_cached("SELECT number FROM contact_number WHERE contact = ?1 ORDER BY place")?
        .query_map([contact.id.key()], |row| rows::msisdn(row, 0))?
        .collect::<Result<_, _>>()?;
    Ok(contact)
}

/// Erases a number from a workspace's contacts: a contact that has no other goes whole. How many contacts
/// had it.
pub(super) fn forget_number(tx: &Tx<'_>, workspace: WorkspaceId, number: Msisdn) -> Result<u64, Fault> {
    let with_it = of_number(tx.conn, workspace, number)?;
    for contact in &with_it {
        // What was told of the contact was written down under one of its numbers.
        for other in &contact.card.numbers {
            webhooks::forget_number(tx, workspace, *other)?;
        }
    }
    let touched: Vec<i64> = tx
        .conn
        .prepare_cached("DELETE FROM contact_number WHERE workspace = ?1 AND number = ?2 RETURNING contact")?
        .query_map([workspace.key(), rows::digits(number)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut gone = tx.conn.prepare_cached(
        "DELETE FROM contact WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM contact_number WHERE contact = ?1)",
    )?;
    for contact in &touched {
        gone.execute([contact])?;
    }
    Ok(touched.len() as u64)
}
