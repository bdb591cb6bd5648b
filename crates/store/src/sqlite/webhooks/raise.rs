//! Events, written in the transaction of their cause. Who has no endpoint pays a look-up in memory.

use std::sync::Arc;

use facteur_domain::{
    EventId, Message, MessageId, Msisdn, Redacted, Sender, State, Timestamp, WebhookId, WorkspaceId,
};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

use super::deliver::body_for;
use super::endpoints;
use crate::sqlite::fault::Fault;
use crate::sqlite::parcel::Parcel;
use crate::sqlite::rows;
use crate::sqlite::waiting::read_message;
use crate::sqlite::writer::Tx;
use crate::{
    Change, Contact, DueDelivery, FORGOTTEN_TEXT, OptOut, Received, RouteId, SenderRecord, StoreError,
    WebhookTopic,
};

/// The topic of a test.
const TEST: &str = "webhook.test";
/// The version of the envelope.
const VERSION: &str = "2.0";

/// What an event is about.
struct Cause {
    workspace: WorkspaceId,
    topic: &'static str,
    at: Timestamp,
    message: Option<MessageId>,
    number: Option<Msisdn>,
    /// The sender it is about: endpoints of v1 are told of theirs only.
    sender: Option<Sender>,
}

impl Cause {
    /// About a workspace, and nobody's message or number.
    const fn new(workspace: WorkspaceId, topic: &'static str, at: Timestamp) -> Self {
        Self { workspace, topic, at, message: None, number: None, sender: None }
    }
}

/// Takes what changed of a message since the last call, counts it, and tells who subscribed to it. `why` is the rule
/// and reason, where a rule is the cause.
pub(in crate::sqlite) fn changed(
    tx: &mut Tx<'_>,
    parcel: &mut Parcel,
    at: Timestamp,
    why: Option<&str>,
) -> Result<Option<Change>, Fault> {
    let Some(change) = parcel.change() else { return Ok(None) };
    tx.tallies.moved(parcel, &change);
    if let Some(topic) = topic_of(change) {
        tell_of_parcel(tx, parcel, topic, at, why)?;
    }
    Ok(Some(change))
}

/// Nothing more is done about a message of which nobody can tell whether it arrived.
pub(in crate::sqlite) fn left(tx: &mut Tx<'_>, parcel: &mut Parcel, at: Timestamp) -> Result<(), Fault> {
    if parcel.state() != State::Unknown {
        return Ok(());
    }
    tell_of_parcel(tx, parcel, WebhookTopic::SmsUnknown, at, None)
}

/// Tells who subscribed to it how a message stands.
fn tell_of_parcel(
    tx: &mut Tx<'_>,
    parcel: &mut Parcel,
    topic: WebhookTopic,
    at: Timestamp,
    why: Option<&str>,
) -> Result<(), Fault> {
    if tx.memory.hooks.wants(parcel.shared.workspace, topic)
        && let Some(message) = whole(tx, parcel)?
    {
        let part = parcel.parts.iter().find(|part| part.error.is_some()).or(parcel.parts.first());
        let route = part.and_then(|part| part.route);
        let journey = Journey {
            sent_at: parcel.parts.iter().filter_map(|part| part.handed_at).min(),
            error: why.or_else(|| part?.error.as_deref()),
            route: route.map(|route| route_name(tx, route)).transpose()?.flatten(),
        };
        tell_of_message(tx, &message, parcel.state(), topic, at, &journey)?;
        parcel.whole = Some(message);
    }
    Ok(())
}

/// A message was accepted and waits because a rule says so.
pub(in crate::sqlite) fn accepted_held(tx: &mut Tx<'_>, message: &Message) -> Result<(), Fault> {
    if !tx.memory.hooks.wants(message.workspace, WebhookTopic::SmsHeld) {
        return Ok(());
    }
    let (topic, at) = (WebhookTopic::SmsHeld, message.accepted_at);
    tell_of_message(tx, message, State::Scheduled, topic, at, &Journey::default())
}

/// Somebody said STOP.
pub(in crate::sqlite) fn opted_out(tx: &mut Tx<'_>, opt_out: &OptOut) -> Result<(), Fault> {
    let topic = WebhookTopic::OptOutCreated;
    if !tx.memory.hooks.wants(opt_out.workspace, topic) {
        return Ok(());
    }
    let data = json!({
        "id": opt_out.id.to_string(),
        "number": opt_out.number.map(|number| number.to_string()),
        "scope": opt_out.scope.as_str(),
        "advertiser": opt_out.advertiser,
        "source": opt_out.source,
        "reason": opt_out.reason,
        "status": opt_out.state.as_str(),
        "created_at": opt_out.created_at.to_string(),
    });
    let (workspace, at, number) = (opt_out.workspace, opt_out.created_at, opt_out.number);
    tell(tx, &Cause { number, ..Cause::new(workspace, topic.as_str(), at) }, &data, topic)
}

/// A contact was made or changed.
pub(in crate::sqlite) fn contact_told(
    tx: &mut Tx<'_>,
    topic: WebhookTopic,
    contact: &Contact,
) -> Result<(), Fault> {
    let (workspace, at, card) = (contact.workspace, contact.updated_at, &contact.card);
    if !tx.memory.hooks.wants(workspace, topic) {
        return Ok(());
    }
    let numbers: Vec<String> = card.numbers.iter().map(Msisdn::to_string).collect();
    let data = json!({
        "id": contact.id.to_string(),
        "name": card.name,
        "last_name": card.last_name,
        "company": card.company,
        "emails": card.emails,
        "numbers": numbers,
    });
    let cause = Cause { number: card.numbers.first().copied(), ..Cause::new(workspace, topic.as_str(), at) };
    tell(tx, &cause, &data, topic)
}

/// A phone sent something to a workspace.
pub(in crate::sqlite) fn received(tx: &mut Tx<'_>, received: &Received) -> Result<(), Fault> {
    let topic = WebhookTopic::SmsReceived;
    let Some(workspace) = received.workspace.filter(|to| tx.memory.hooks.wants(*to, topic)) else {
        return Ok(());
    };
    let data = json!({
        "id": received.id.to_string(),
        "direction": "INBOUND",
        "type": "SMS",
        "content": received.text,
        "sent_at": received.at.to_string(),
        "from_number": received.phone.map_or_else(|| received.source.clone(), |phone| phone.to_string()),
        "to_number": received.code.map_or_else(|| received.destination.clone(), |code| code.to_string()),
        "from_name": null,
        "to_name": null,
        "user_email": null,
        "sender_id": received.sender.map(|sender| sender.to_string()),
        "meaning": received.meaning.as_str(),
        "keyword_id": received.keyword.map(|id| id.to_string()),
        "conversation_id": received.conversation.map(|id| id.to_string()),
        "in_reply_to": received.in_reply_to.map(|id| id.to_string()),
        "answer_id": received.answer.map(|id| id.to_string()),
        "complete": received.is_complete(),
    });
    let (number, sender) = (received.phone, received.sender);
    let cause = Cause { number, sender, ..Cause::new(workspace, topic.as_str(), received.at) };
    tell(tx, &cause, &data, topic)
}

/// The desk decided about a sender.
pub(in crate::sqlite) fn sender_decided(tx: &mut Tx<'_>, record: &SenderRecord) -> Result<(), Fault> {
    use facteur_domain::SenderState as S;
    let topic = match record.state {
        S::Validated => WebhookTopic::SenderIdValidated,
        S::Failed => WebhookTopic::SenderIdFailed,
        S::Pending | S::Disabled => return Ok(()),
    };
    let (workspace, at) = (record.workspace, record.decided_at);
    if !tx.memory.hooks.wants(workspace, topic) {
        return Ok(());
    }
    let data = json!({
        "id": record.id.to_string(),
        "name": record.sender.to_string(),
        "class": record.class.as_str(),
        "status": record.state.as_str(),
        "reason": record.reason,
        "decided_at": at.to_string(),
    });
    tell(tx, &Cause::new(workspace, topic.as_str(), at), &data, topic)
}

/// An event of no consequence for one endpoint.
pub(super) fn test(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: WebhookId,
    at: Timestamp,
) -> Result<EventId, Fault> {
    endpoints::find(tx.conn, workspace, id)?;
    let cause = Cause::new(workspace, TEST, at);
    let data = json!({ "webhook_id": id.to_string() });
    let (event, _) = write(tx, &cause, &data)?;
    owe(tx, id, event, at)?;
    Ok(event)
}

const fn topic_of(change: Change) -> Option<WebhookTopic> {
    let before_operator =
        matches!(change.from, State::Scheduled | State::Queued | State::Submitting | State::Unknown);
    match change.to {
        State::Submitted if before_operator => Some(WebhookTopic::SmsSent),
        // Its receipt is overdue. After a lost answer the class decides first: see `left`.
        State::Unknown if matches!(change.from, State::Submitted) => Some(WebhookTopic::SmsUnknown),
        State::Scheduled if matches!(change.from, State::Queued) => Some(WebhookTopic::SmsHeld),
        State::Blocked if !matches!(change.from, State::Blocked) => Some(WebhookTopic::SmsBlocked),
        State::Delivered if !matches!(change.from, State::Delivered) => Some(WebhookTopic::SmsDelivered),
        State::Undelivered | State::Expired | State::Rejected if !same(change) => {
            Some(WebhookTopic::SmsUndelivered)
        }
        _ => None,
    }
}

const fn same(change: Change) -> bool {
    change.from as u8 == change.to as u8
}

/// How far a message has come, as its events tell it.
#[derive(Default)]
struct Journey<'a> {
    sent_at: Option<Timestamp>,
    error: Option<&'a str>,
    route: Option<Arc<str>>,
}

/// A message as its events show it: Allo's fields, then ours. Written field by field into the payload: an
/// event of every message must not cost a tree of values.
#[derive(Serialize)]
struct View<'a> {
    id: String,
    direction: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    content: &'a str,
    sent_at: Option<String>,
    from_number: Option<String>,
    to_number: String,
    from_name: Option<&'a str>,
    to_name: Option<&'a str>,
    user_email: Option<&'a str>,
    status: &'static str,
    class: &'static str,
    parts: u8,
    client_reference: Option<&'a str>,
    error: Option<&'a str>,
    route: Option<&'a str>,
    send_at: String,
    accepted_at: String,
}

impl<'a> View<'a> {
    /// `content` is the text, or what stands for it.
    fn new(message: &'a Message, content: &'a str, state: State, journey: &'a Journey<'_>) -> Self {
        let (from_name, from_number) = match &message.sender {
            Sender::Name(name) => (Some(name.as_str()), None),
            Sender::Code(code) => (None, Some(code.to_string())),
        };
        Self {
            id: message.id.to_string(),
            direction: "OUTBOUND",
            kind: "SMS",
            content,
            sent_at: journey.sent_at.map(|at| at.to_string()),
            from_number,
            to_number: message.recipient.to_string(),
            from_name,
            to_name: None,
            user_email: None,
            status: state.as_str(),
            class: message.class.as_str(),
            parts: message.parts,
            client_reference: message.client_reference.as_ref().map(|reference| reference.show()),
            error: journey.error,
            route: journey.route.as_deref(),
            send_at: message.send_at.to_string(),
            accepted_at: message.accepted_at.to_string(),
        }
    }
}

/// An event's body.
#[derive(Serialize)]
struct Envelope<'a, T> {
    topic: &'static str,
    version: &'static str,
    timestamp: String,
    data: &'a T,
}

/// The message that changed.
fn whole(tx: &Tx<'_>, parcel: &mut Parcel) -> rusqlite::Result<Option<Box<Message>>> {
    match parcel.whole.take() {
        Some(message) => Ok(Some(message)),
        None => Ok(read_message(tx.conn, parcel.message)?.map(Box::new)),
    }
}

fn route_name(tx: &mut Tx<'_>, route: RouteId) -> rusqlite::Result<Option<Arc<str>>> {
    if let Some(name) = tx.memory.routes.get(&route) {
        return Ok(Some(Arc::clone(name)));
    }
    let name: Option<Arc<str>> = tx
        .conn
        .prepare_cached("SELECT name FROM route WHERE id = ?1")?
        .query_row([route.0], |row| row.get(0))
        .optional()?;
    if let Some(name) = &name {
        tx.memory.routes.insert(route, Arc::clone(name));
    }
    Ok(name)
}

fn tell_of_message(
    tx: &mut Tx<'_>,
    message: &Message,
    state: State,
    topic: WebhookTopic,
    at: Timestamp,
    journey: &Journey<'_>,
) -> Result<(), Fault> {
    // Events are kept for days, and must not keep a text that its message does not.
    let forgotten = tx.memory.texts.end(message.class, message.id);
    let content = if forgotten { FORGOTTEN_TEXT } else { message.text.show() };
    let data = View::new(message, content, state, journey);
    let (sender, id) = (Some(message.sender), Some(message.id));
    let cause = Cause { message: id, sender, ..Cause::new(message.workspace, topic.as_str(), at) };
    tell(tx, &cause, &data, topic)
}

fn tell(tx: &mut Tx<'_>, cause: &Cause, data: &impl Serialize, topic: WebhookTopic) -> Result<(), Fault> {
    let (workspace, at) = (cause.workspace, cause.at);
    let told = tx.memory.hooks.told(workspace, topic, cause.sender);
    if told.is_empty() {
        return Ok(());
    }
    let (event, payload) = write(tx, cause, data)?;
    for webhook in told {
        let endpoint = webhook.id;
        let Some(until) = tx.memory.hooks.lease(endpoint, at) else {
            owe(tx, endpoint, event, at)?;
            continue;
        };
        put(tx, endpoint, event, until, true)?;
        let payload = Redacted::new(body_for(&webhook, payload.clone()));
        tx.memory.hooks.hand(webhook, DueDelivery { endpoint, event, attempts: 0, payload });
    }
    Ok(())
}

fn write(tx: &mut Tx<'_>, cause: &Cause, data: &impl Serialize) -> Result<(EventId, String), Fault> {
    let envelope = Envelope { topic: cause.topic, version: VERSION, timestamp: cause.at.to_string(), data };
    let payload = serde_json::to_string(&envelope)
        .map_err(|error| StoreError::Internal(format!("an event cannot be written: {error}")))?;
    loop {
        let event = tx.memory.hooks.next_event(cause.at);
        let written = tx.statements.execute(
            "INSERT OR IGNORE INTO webhook_event (id, workspace, topic, at, message, number, payload) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                event.key(),
                cause.workspace.key(),
                cause.topic,
                cause.at.millis(),
                cause.message.map(MessageId::key),
                cause.number.map(rows::digits),
                payload,
            ],
        )?;
        // Another process may have taken the id.
        if written > 0 {
            return Ok((event, payload));
        }
    }
}

/// Makes an event owed to an endpoint, or owed again.
pub(super) fn owe(
    tx: &mut Tx<'_>,
    endpoint: WebhookId,
    event: EventId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    put(tx, endpoint, event, at, false)?;
    tx.memory.hooks.owe(endpoint);
    Ok(())
}

fn put(
    tx: &Tx<'_>,
    endpoint: WebhookId,
    event: EventId,
    due: Timestamp,
    leased: bool,
) -> rusqlite::Result<()> {
    tx.statements.execute(
        "INSERT INTO webhook_delivery (endpoint, event, state, attempts, due_at, leased) \
         VALUES (?1, ?2, 0, 0, ?3, ?4) \
         ON CONFLICT DO UPDATE SET state = 0, attempts = 0, due_at = excluded.due_at, leased = excluded.leased",
        params![endpoint.key(), event.key(), due.millis(), leased],
    )?;
    Ok(())
}
