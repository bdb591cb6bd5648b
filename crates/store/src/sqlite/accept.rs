//! Keeping a message, and the request's idempotency with it.

use facteur_domain::delivery::State;
use facteur_domain::{AccountKeyId, AutoReply, ConsentId, Message, MessageId, Sender, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::consents::{self, Scribe};
use super::fault::{Fault, is_constraint};
use super::parcel::Parcel;
use super::step::Step;
use super::writer::Tx;
use super::{conversations, recipients, rows, verdicts, webhooks};
use crate::{Accept, Accepted, Idempotency, NewConsent, RuleEffect, StoreError, StoredAnswer};

/// Keeps the messages of one request, all of them or none, unless the request was answered before.
pub(super) fn accept(
    tx: &mut Tx<'_>,
    accepts: impl IntoIterator<Item = Accept>,
    idempotency: Option<Idempotency>,
    now: Timestamp,
) -> Result<Accepted, Fault> {
    if let Some(idempotency) = &idempotency {
        let found = find_answer(tx.conn, &Asked::of(idempotency, now))?;
        if found != Accepted::New {
            return Ok(found);
        }
    }
    let (told, mut kept) = (tx.accepted.len(), Vec::new());
    for accept in accepts {
        let day = accept.message.accepted_at.utc_day();
        count(&mut kept, day, accept.message.api_key, 1);
        if let Err(fault) = keep_message(tx, accept) {
            // A verb that is undone alone leaves nothing in memory either.
            tx.accepted.truncate(told);
            return Err(fault);
        }
    }
    for (day, key, number) in kept {
        count(&mut tx.usage, day, key, number);
    }
    if let Some(idempotency) = idempotency {
        keep_answer(tx, &idempotency)?;
    }
    Ok(Accepted::New)
}

fn keep_message(tx: &mut Tx<'_>, accept: Accept) -> Result<(), Fault> {
    let Accept {
        message,
        idempotency: _,
        verdict,
        consent,
        new_consents,
        held,
        cost_micros,
        resend_of,
        traceparent,
    } = accept;
    let state = if message.send_at > message.accepted_at { State::Scheduled } else { State::Queued };
    insert_message(tx, &message)?;
    let mut parcel = Parcel::fresh(&message, state);
    parcel.begin(tx)?;
    if message.id.key() <= tx.memory.sealed {
        recipients::note_late(tx, message.workspace, message.recipient, message.id)?;
    }
    conversations::sent(tx, &message)?;
    if let Some(json) = verdict {
        verdicts::keep_acceptance(tx, message.id, &json)?;
    }
    rely(tx, &message, consent, new_consents)?;
    if held.is_some() {
        webhooks::accepted_held(tx, &message)?;
    }
    if let Some(before) = resend_of {
        link(tx, &message, before)?;
    }
    if let Some(context) = traceparent {
        let at = message.accepted_at;
        Step { at, what: TRACED, detail: Some(&context), ..Step::default() }.write(tx, message.id)?;
    }
    tx.tallies.accepted(&message, cost_micros);
    if let Some(rule) = held {
        tx.tallies.ruled(message.workspace, message.accepted_at, RuleEffect::Held, rule);
    }
    if state == State::Queued {
        if tx.memory.in_hand.has_room() {
            // Its events tell of it: not read again for them.
            let told = tx.memory.hooks.any(message.workspace);
            parcel.whole = told.then(|| Box::new(message.clone()));
            tx.memory.in_hand.put(parcel);
        }
        tx.accepted.push(message);
    }
    Ok(())
}

/// The step that keeps the caller's trace.
const TRACED: &str = "traced";

/// The traces of those of `messages` that have one.
pub(super) fn traces(conn: &Connection, messages: &[MessageId]) -> Result<Vec<(MessageId, String)>, Fault> {
    let mut statement = conn
        .prepare_cached("SELECT detail FROM step WHERE message = ?1 AND what = ?2 AND detail IS NOT NULL")?;
    let mut found = Vec::new();
    for message in messages {
        let context = statement.query_row(params![message.key(), TRACED], |row| row.get(0)).optional()?;
        found.extend(context.map(|context| (*message, context)));
    }
    Ok(found)
}

/// Tells in both stories that a message was sent anew.
fn link(tx: &Tx<'_>, message: &Message, before: MessageId) -> rusqlite::Result<()> {
    let (at, of) = (message.accepted_at, before.to_string());
    Step { at, what: "copy_of", detail: Some(&of), ..Step::default() }.write(tx, message.id)?;
    let by = message.id.to_string();
    Step { at, what: "sent_anew", detail: Some(&by), ..Step::default() }.write(tx, before)
}

/// Records the grounds that came with the request, and links the message to the one it relies on.
fn rely(
    tx: &Tx<'_>,
    message: &Message,
    consent: Option<ConsentId>,
    new_consents: Vec<NewConsent>,
) -> Result<(), Fault> {
    let by = if new_consents.is_empty() { String::new() } else { message.api_key.to_string() };
    let scribe = Scribe { workspace: message.workspace, at: message.accepted_at, by: &by, origin: None };
    let given = consents::give_once(tx, scribe, new_consents)?;
    match consent.or(given) {
        Some(consent) => Ok(verdicts::rely(tx, message.id, consent)?),
        None => Ok(()),
    }
}

/// First, so that an id that is there already leaves nothing behind.
fn insert_message(tx: &Tx<'_>, message: &Message) -> Result<(), Fault> {
    let code;
    let sender = match &message.sender {
        // A name is bound where it stands; only a code must be printed first.
        Sender::Name(name) => name.as_str(),
        Sender::Code(number) => {
            code = number.to_string();
            &code
        }
    };
    let done = tx.statements.execute(
        "INSERT INTO message (id, workspace, api_key, sender, recipient, class, text, encoding, parts, \
         accepted_at, send_at, expires_at, client_reference, test, auto_reply) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        message_params(message, sender),
    );
    match done {
        Ok(_) => Ok(()),
        Err(error) if is_constraint(&error) => {
            Err(StoreError::Conflict(format!("there is a message {} already", message.id)).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn message_params<'m>(message: &'m Message, sender: &'m str) -> impl rusqlite::Params + 'm {
    (
        message.id.key(),
        message.workspace.key(),
        message.api_key.key(),
        sender,
        rows::digits(message.recipient),
        message.class.as_str(),
        message.text.show(),
        message.encoding.as_str(),
        message.parts,
        message.accepted_at.millis(),
        message.send_at.millis(),
        message.expires_at.millis(),
        message.client_reference.as_ref().map(facteur_domain::ClientReference::show),
        message.test,
        message.auto_reply.map(AutoReply::as_str),
    )
}

fn count(counts: &mut Vec<(i64, AccountKeyId, u64)>, day: i64, key: AccountKeyId, number: u64) {
    // A batch has few keys: looking through them is cheaper than hashing.
    match counts.iter_mut().find(|(d, k, _)| *d == day && *k == key) {
        Some((_, _, count)) => *count += number,
        None => counts.push((day, key, number)),
    }
}

/// Writes what the batch accepted, one row a key and day.
pub(super) fn count_usage(tx: &Tx<'_>) -> rusqlite::Result<()> {
    for (day, key, count) in &tx.usage {
        tx.conn
            .prepare_cached(
                "INSERT INTO usage (day, api_key, count) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (day, api_key) DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![day, key.key(), count.cast_signed()])?;
    }
    Ok(())
}

/// A request that asks whether it was answered before.
pub(super) struct Asked<'a> {
    pub(super) api_key: AccountKeyId,
    pub(super) key: &'a str,
    pub(super) route: &'a str,
    pub(super) fingerprint: &'a [u8; 32],
    pub(super) now: Timestamp,
}

impl<'a> Asked<'a> {
    fn of(idempotency: &'a Idempotency, now: Timestamp) -> Self {
        Self {
            api_key: idempotency.api_key,
            key: &idempotency.key,
            route: idempotency.route,
            fingerprint: &idempotency.fingerprint,
            now,
        }
    }
}

/// What the key says about the request.
pub(super) fn find_answer(conn: &Connection, asked: &Asked<'_>) -> rusqlite::Result<Accepted> {
    let mut statement = conn.prepare_cached(
        "SELECT route, fingerprint, status, body FROM idempotency \
         WHERE api_key = ?1 AND key = ?2 AND expires_at > ?3",
    )?;
    let found = statement.query_row(params![asked.api_key.key(), asked.key, asked.now.millis()], |row| {
        if row.get_ref(0)?.as_str()? != asked.route {
            return Ok(Accepted::KeyOnOtherRoute);
        }
        if row.get_ref(1)?.as_blob()? != asked.fingerprint {
            return Ok(Accepted::KeyWithOtherBody);
        }
        let body: Vec<u8> = row.get(3)?;
        Ok(Accepted::Replayed(StoredAnswer { status: row.get(2)?, body: body.into() }))
    });
    Ok(found.optional()?.unwrap_or(Accepted::New))
}

/// Keeps the answer of a request whose work is done; `Accepted::New`, or what another request with the
/// key was answered meanwhile.
pub(super) fn keep(tx: &Tx<'_>, idempotency: &Idempotency, now: Timestamp) -> Result<Accepted, Fault> {
    let found = find_answer(tx.conn, &Asked::of(idempotency, now))?;
    if found == Accepted::New {
        keep_answer(tx, idempotency)?;
    }
    Ok(found)
}

fn keep_answer(tx: &Tx<'_>, idempotency: &Idempotency) -> rusqlite::Result<()> {
    // What is there with this key has expired, or the request would have been answered with it.
    let mut statement = tx.conn.prepare_cached(
        "INSERT OR REPLACE INTO idempotency (api_key, key, route, fingerprint, expires_at, status, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        idempotency.api_key.key(),
        idempotency.key,
        idempotency.route,
        idempotency.fingerprint,
        idempotency.expires_at.millis(),
        idempotency.answer.status,
        &idempotency.answer.body[..],
    ])?;
    Ok(())
}
