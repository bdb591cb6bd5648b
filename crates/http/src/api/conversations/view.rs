//! What a message of a conversation looks like, whichever way it went.

use std::collections::HashMap;

use facteur_domain::{Msisdn, Sender, State, WorkspaceId};
use facteur_gateway::Gateway;
use facteur_store::{Contact, Item, Received, StoreError, StoredMessage};
use serde::Serialize;
use utoipa::ToSchema;

/// A contact, as far as a conversation shows it.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct ContactRef {
    /// Its id.
    #[schema(example = "cnt-1M3PF7F7G0042")]
    id: String,
    /// First and last name.
    #[schema(example = "Camille Durand")]
    name: String,
    /// Where they work.
    #[schema(required = true)]
    company: Option<CompanyRef>,
    /// Always empty.
    #[schema(value_type = Vec<String>)]
    deals: [&'static str; 0],
}

/// A company.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct CompanyRef {
    /// Always null: companies are no resource here.
    #[schema(required = true)]
    id: Option<String>,
    /// Its name.
    name: String,
}

impl From<Contact> for ContactRef {
    fn from(contact: Contact) -> Self {
        let names = [contact.card.name, contact.card.last_name];
        Self {
            id: dashed(&contact.id),
            name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
            company: contact.card.company.map(|name| CompanyRef { id: None, name }),
            deals: [],
        }
    }
}

/// A message of a conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemView {
    /// Its id.
    #[schema(example = "msg-38G2XW3KJ0000")]
    id: String,
    /// Always `SMS`.
    #[serde(rename = "type")]
    #[schema(example = "SMS")]
    kind: &'static str,
    /// `INBOUND` from the phone, `OUTBOUND` to it.
    #[schema(example = "INBOUND")]
    direction: &'static str,
    /// The sender: a short code, or a Sender ID. Of a message that nobody's sender is known for, the
    /// number that it came to.
    #[schema(example = "38180")]
    allo_number: String,
    /// The phone.
    #[schema(example = "+33612345678")]
    contact_number: String,
    /// Whom the workspace knows by this number.
    contacts: Vec<ContactRef>,
    /// Always null: nobody in particular wrote it.
    #[schema(required = true, value_type = Option<Object>)]
    user: Option<()>,
    /// When it was accepted, or came.
    #[schema(format = DateTime)]
    date: String,
    /// Always null, as is all that only calls have.
    #[schema(required = true, value_type = Option<u32>)]
    duration: Option<()>,
    /// Always null.
    #[schema(required = true, value_type = Option<String>)]
    result: Option<()>,
    /// Always null.
    #[schema(required = true, value_type = Option<String>)]
    recording_url: Option<()>,
    /// Always null.
    #[schema(required = true, value_type = Option<String>)]
    summary: Option<()>,
    /// Always null.
    #[schema(required = true, value_type = Option<Vec<String>>)]
    tags: Option<()>,
    /// Always null.
    #[schema(required = true, value_type = Option<Vec<String>>)]
    transcript: Option<()>,
    /// The text.
    content: String,
    /// `PENDING`, `SENT`, `DELIVERED` or `FAILED`; null of what the phone sent.
    #[schema(required = true, example = "DELIVERED")]
    status: Option<&'static str>,
    /// Always `SMS`.
    #[schema(example = "SMS")]
    message_type: &'static str,
    /// Where a sent message stands in our words (ours).
    #[schema(required = true, example = "delivered")]
    state: Option<&'static str>,
    /// What a received message means (ours): `stop`, `stop_doubtful`, `contact`, `start`, `keyword` or `reply`.
    #[schema(required = true, example = "reply")]
    meaning: Option<&'static str>,
    /// The sent message that a received one answers, as far as it is known (ours).
    #[schema(required = true)]
    in_reply_to: Option<String>,
    /// Its thread (ours).
    #[schema(required = true, example = "cnv_1M3PF7F7G0042")]
    conversation_id: Option<String>,
}

/// Allo's word for where a sent message stands.
pub(crate) const fn status(state: State) -> &'static str {
    match state {
        State::Scheduled | State::Queued | State::Submitting => "PENDING",
        // An answer that was lost: perhaps taken.
        State::Submitted | State::Unknown => "SENT",
        State::Delivered => "DELIVERED",
        State::Undelivered | State::Expired | State::Rejected | State::Blocked | State::Cancelled => "FAILED",
    }
}

/// An id as conversations spell it.
pub(crate) fn dashed(id: &impl ToString) -> String {
    id.to_string().replacen('_', "-", 1)
}

/// The phone of an item, when it has one.
pub(crate) fn phone(item: &Item) -> Option<Msisdn> {
    match item {
        Item::Sent(sent) => Some(sent.message.recipient),
        Item::Received(received) => received.phone,
    }
}

/// What stands in `allo_number`.
pub(crate) fn our_number(item: &Item) -> String {
    match item {
        Item::Sent(sent) => sent.message.sender.to_string(),
        Item::Received(received) => {
            let code = || received.code.map(|code| Sender::Code(code).to_string());
            let sender = received.sender.map(|sender| sender.to_string());
            sender.or_else(code).unwrap_or_else(|| received.destination.clone())
        }
    }
}

/// Contacts by number, looked up once.
pub(crate) struct Contacts(HashMap<Msisdn, Vec<ContactRef>>);

impl Contacts {
    /// Those of these numbers.
    pub(crate) async fn of(
        gateway: &Gateway,
        workspace: WorkspaceId,
        numbers: impl IntoIterator<Item = Msisdn>,
    ) -> Result<Self, StoreError> {
        let mut numbers: Vec<Msisdn> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let found = gateway.store().contacts_of(workspace, numbers).await?;
        let contacts = |all: Vec<Contact>| all.into_iter().map(ContactRef::from).collect();
        Ok(Self(found.into_iter().map(|(number, all)| (number, contacts(all))).collect()))
    }

    /// Those of one number.
    pub(crate) fn with(&self, number: Msisdn) -> Vec<ContactRef> {
        self.0.get(&number).cloned().unwrap_or_default()
    }
}

/// Items with the contacts of their phones.
pub(crate) async fn views(
    gateway: &Gateway,
    workspace: WorkspaceId,
    items: Vec<Item>,
) -> Result<Vec<ItemView>, StoreError> {
    let contacts = Contacts::of(gateway, workspace, items.iter().filter_map(phone)).await?;
    Ok(items.into_iter().map(|item| ItemView::new(item, &contacts)).collect())
}

impl ItemView {
    pub(crate) fn new(item: Item, contacts: &Contacts) -> Self {
        let (allo_number, known) = (our_number(&item), phone(&item));
        let contacts = known.map(|number| contacts.with(number)).unwrap_or_default();
        match item {
            Item::Sent(sent) => Self::sent(*sent, allo_number, contacts),
            Item::Received(received) => Self::received(*received, allo_number, contacts),
        }
    }

    fn sent(sent: StoredMessage, allo_number: String, contacts: Vec<ContactRef>) -> Self {
        let StoredMessage { message, state, .. } = sent;
        Self {
            id: dashed(&message.id),
            direction: "OUTBOUND",
            contact_number: message.recipient.to_string(),
            date: message.accepted_at.to_string(),
            content: message.text.show().to_owned(),
            status: Some(status(state)),
            state: Some(state.as_str()),
            meaning: None,
            in_reply_to: None,
            conversation_id: None,
            ..Self::blank(allo_number, contacts)
        }
    }

    fn received(received: Received, allo_number: String, contacts: Vec<ContactRef>) -> Self {
        let number = received.phone.map_or_else(|| received.source.clone(), |phone| phone.to_string());
        Self {
            id: dashed(&received.id),
            direction: "INBOUND",
            contact_number: number,
            date: received.at.to_string(),
            content: received.text,
            meaning: Some(received.meaning.as_str()),
            in_reply_to: received.in_reply_to.as_ref().map(dashed),
            conversation_id: received.conversation.map(|id| id.to_string()),
            ..Self::blank(allo_number, contacts)
        }
    }

    fn blank(allo_number: String, contacts: Vec<ContactRef>) -> Self {
        Self {
            id: String::new(),
            kind: "SMS",
            direction: "",
            allo_number,
            contact_number: String::new(),
            contacts,
            user: None,
            date: String::new(),
            duration: None,
            result: None,
            recording_url: None,
            summary: None,
            tags: None,
            transcript: None,
            content: String::new(),
            status: None,
            message_type: "SMS",
            state: None,
            meaning: None,
            in_reply_to: None,
            conversation_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_of_allos_words() {
        let words: Vec<&str> = State::ALL.into_iter().map(status).collect();
        for word in ["PENDING", "SENT", "DELIVERED", "FAILED"] {
            assert!(words.contains(&word), "{word}");
        }
        assert_eq!(status(State::Unknown), "SENT");
        assert_eq!(status(State::Blocked), "FAILED");
    }
}
