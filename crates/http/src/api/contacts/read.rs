//! Reading what a request says of a contact. As in Allo's v1, fields that nobody knows are ignored.

use facteur_domain::{Msisdn, is_email_address};
use facteur_store::{CONTACT_NUMBERS_MAX, ContactUpdate};

use crate::json::Faults;
use crate::json::tree::{Entry, Node};

/// The longest name, title or company, in characters.
const TEXT_MAX: usize = 200;
/// The longest web site, in characters.
const WEBSITE_MAX: usize = 2_048;

/// The fields that are there.
pub(super) fn update(entry: &mut Entry, faults: &mut Faults) -> ContactUpdate {
    ContactUpdate {
        name: text(entry, "name", TEXT_MAX, faults),
        last_name: text(entry, "last_name", TEXT_MAX, faults),
        company: company(entry, faults),
        job_title: text(entry, "job_title", TEXT_MAX, faults),
        website: text(entry, "website", WEBSITE_MAX, faults),
        emails: emails(entry, faults),
        numbers: numbers(entry, faults),
    }
}

/// A text that is there; null and blank take it away.
fn text(entry: &mut Entry, field: &'static str, max: usize, faults: &mut Faults) -> Option<Option<String>> {
    entry.given(field).then(|| entry.bounded(field, max, faults).map(|text| text.trim().to_owned()))
}

/// A company by its name, alone or in an object.
fn company(entry: &mut Entry, faults: &mut Faults) -> Option<Option<String>> {
    if !entry.holds_object("company") {
        return text(entry, "company", TEXT_MAX, faults);
    }
    let mut company = entry.object("company", faults)?;
    Some(company.bounded("name", TEXT_MAX, faults))
}

fn emails(entry: &mut Entry, faults: &mut Faults) -> Option<Vec<String>> {
    if !entry.given("emails") {
        return None;
    }
    let list = entry.list("emails", faults).unwrap_or_default();
    within("emails", list.len(), faults);
    let mut emails: Vec<String> = Vec::new();
    for (at, node) in list.into_iter().enumerate() {
        match node {
            Node::Text(text) if is_email_address(text.trim()) => {
                let address = text.trim().to_owned();
                if !emails.contains(&address) {
                    emails.push(address);
                }
            }
            _ => faults.note(
                format!("emails[{at}]"),
                format!("`emails[{at}]` must be an e-mail address, as in camille@example.com"),
            ),
        }
    }
    Some(emails)
}

fn numbers(entry: &mut Entry, faults: &mut Faults) -> Option<Vec<Msisdn>> {
    // Null leaves as it is: a contact has one number at least.
    if !entry.has("numbers") {
        return None;
    }
    let list = entry.list("numbers", faults)?;
    if list.is_empty() {
        faults.note("numbers", "`numbers` is empty: a contact has one number at least");
    }
    within("numbers", list.len(), faults);
    let mut numbers = Vec::new();
    for (at, node) in list.into_iter().enumerate() {
        let read = match &node {
            Node::Text(text) => Msisdn::parse(text.trim()).map_err(|why| why.to_string()),
            _ => Err("a number is a string in E.164, as in +33612345678".to_owned()),
        };
        match read {
            Ok(number) if numbers.contains(&number) => {}
            Ok(number) => numbers.push(number),
            Err(why) => faults.note(format!("numbers[{at}]"), format!("`numbers[{at}]`: {why}")),
        }
    }
    Some(numbers)
}

fn within(field: &'static str, count: usize, faults: &mut Faults) {
    if count > CONTACT_NUMBERS_MAX {
        let message = format!("`{field}` has {count} entries; {CONTACT_NUMBERS_MAX} are the most");
        faults.note(field, message);
    }
}
