//! Values as columns, and back.

use std::fmt::Display;

use facteur_domain::delivery::{Event, State};
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, AutoReply, Class, ClientReference, Message, MessageId, MessageText, Msisdn, Sender,
    ShortCode, Timestamp, WorkspaceId,
};
use rusqlite::Row;
use rusqlite::types::Type;

/// States in the order of their codes: a message stands where its part of the smallest code stands.
pub(super) const BY_CODE: [State; 11] = [
    State::Scheduled,
    State::Queued,
    State::Submitting,
    State::Unknown,
    State::Submitted,
    State::Blocked,
    State::Cancelled,
    State::Rejected,
    State::Undelivered,
    State::Expired,
    State::Delivered,
];

/// A state as it is stored.
pub(super) const fn code(state: State) -> i64 {
    match state {
        State::Scheduled => 0,
        State::Queued => 1,
        State::Submitting => 2,
        State::Unknown => 3,
        State::Submitted => 4,
        State::Blocked => 5,
        State::Cancelled => 6,
        State::Rejected => 7,
        State::Undelivered => 8,
        State::Expired => 9,
        State::Delivered => 10,
    }
}

/// Receipt events by the name they are stored under.
const RECEIPT_EVENTS: [(Event, &str); 4] = [
    (Event::ReceiptDelivered, "delivered"),
    (Event::ReceiptUndelivered, "undelivered"),
    (Event::ReceiptExpired, "expired"),
    (Event::ReceiptRejected, "rejected"),
];

/// The stored name of a receipt's event; `None` for events that no receipt can tell.
pub(super) fn event_name(event: Event) -> Option<&'static str> {
    RECEIPT_EVENTS.iter().find(|(e, _)| *e == event).map(|(_, name)| *name)
}

/// The receipt event of this name.
pub(super) fn event(name: &str) -> Option<Event> {
    RECEIPT_EVENTS.iter().find(|(_, n)| *n == name).map(|(event, _)| *event)
}

/// A column whose value is not what it must be: somebody else wrote it, or the file is damaged.
pub(super) fn wrong(column: usize, what: impl Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, format!("not a {what}").into())
}

/// An instant.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// An instant or none.
pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A state.
pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let code = usize::try_from(row.get::<_, i64>(column)?).ok();
    code.and_then(|code| BY_CODE.get(code)).copied().ok_or_else(|| wrong(column, "state"))
}

/// A number.
pub(super) fn msisdn(row: &Row<'_>, column: usize) -> rusqlite::Result<Msisdn> {
    Msisdn::from_digits(count(row, column)?).ok_or_else(|| wrong(column, "number"))
}

/// A sender, as it was written.
pub(super) fn sender(row: &Row<'_>, column: usize) -> rusqlite::Result<Sender> {
    row.get_ref(column)?.as_str().ok().and_then(|s| s.parse().ok()).ok_or_else(|| wrong(column, "sender"))
}

/// A number of things.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| wrong(column, "count"))
}

/// How many rows at most, as SQL takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// What a message answers by itself.
fn auto_reply(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<AutoReply>> {
    let Some(name) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    AutoReply::from_name(name).map(Some).ok_or_else(|| wrong(column, "reply"))
}

/// A short code.
pub(super) fn maybe_code(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ShortCode>> {
    let Some(code) = row.get::<_, Option<u16>>(column)? else { return Ok(None) };
    code.to_string().parse().map(Some).map_err(|_| wrong(column, "short code"))
}

/// A sender, if there is one.
pub(super) fn maybe_sender(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Sender>> {
    let Some(name) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    name.parse().map(Some).map_err(|_| wrong(column, "sender"))
}

/// A class, by its name.
pub(super) fn class(row: &Row<'_>, column: usize) -> rusqlite::Result<Class> {
    row.get_ref(column)?.as_str().ok().and_then(Class::from_name).ok_or_else(|| wrong(column, "class"))
}

/// A number as a column.
pub(super) fn digits(number: Msisdn) -> i64 {
    // Fifteen digits at most.
    number.digits().cast_signed()
}

/// The columns of `message` that [`message`] reads, in its order.
pub(super) const MESSAGE: &str = "m.id, m.workspace, m.api_key, m.sender, m.recipient, m.class, m.text, \
     m.encoding, m.parts, m.accepted_at, m.send_at, m.expires_at, m.client_reference, m.test, \
     m.auto_reply";

/// A message from a row that starts with [`MESSAGE`].
pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let encoding =
        row.get_ref(7)?.as_str().ok().and_then(Encoding::from_name).ok_or_else(|| wrong(7, "encoding"))?;
    let reference = row
        .get::<_, Option<String>>(12)?
        .map(|text| ClientReference::try_from(text).map_err(|_| wrong(12, "client reference")))
        .transpose()?;
    Ok(Message {
        id: MessageId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        api_key: AccountKeyId::from_key(row.get(2)?),
        sender: sender(row, 3)?,
        recipient: msisdn(row, 4)?,
        class: class(row, 5)?,
        text: MessageText::try_from(row.get::<_, String>(6)?).map_err(|_| wrong(6, "text"))?,
        encoding,
        parts: row.get(8)?,
        accepted_at: time(row, 9)?,
        send_at: time(row, 10)?,
        expires_at: time(row, 11)?,
        client_reference: reference,
        test: row.get(13)?,
        auto_reply: auto_reply(row, 14)?,
    })
}

#[cfg(test)]
mod tests {
    use facteur_domain::delivery::aggregate;

    use super::*;

    #[test]
    fn codes_read_back() {
        for state in State::ALL {
            assert_eq!(BY_CODE[usize::try_from(code(state)).expect("small")], state);
        }
    }

    #[test]
    fn the_smallest_code_is_the_whole_s_state() {
        for a in State::ALL {
            for b in State::ALL {
                let smallest = BY_CODE[usize::try_from(code(a).min(code(b))).expect("small")];
                assert_eq!(aggregate([a, b]), Some(smallest), "{a} and {b}");
            }
        }
    }

    #[test]
    fn receipt_events_read_back() {
        for (e, name) in RECEIPT_EVENTS {
            assert_eq!((event(name), event_name(e)), (Some(e), Some(name)));
        }
        assert_eq!(event_name(Event::Taken), None);
    }
}
