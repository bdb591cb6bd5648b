//! Steps of a message's story that no column tells.

use facteur_domain::delivery::State;
use facteur_domain::{MessageId, Timestamp};
use rusqlite::params;

use super::parcel::Part;
use super::rows;
use super::writer::Tx;
use crate::RouteId;

/// What happened to a message or one of its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Step<'a> {
    pub(super) at: Timestamp,
    /// From 0.
    pub(super) part: Option<u8>,
    pub(super) what: &'static str,
    pub(super) state: Option<State>,
    pub(super) route: Option<RouteId>,
    pub(super) detail: Option<&'a str>,
}

impl Step<'_> {
    /// Adds it to a message's story.
    pub(super) fn write(&self, tx: &Tx<'_>, message: MessageId) -> rusqlite::Result<()> {
        let mut statement = tx.conn.prepare_cached(
            "INSERT INTO step (message, at, part, what, state, route, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        statement.execute(params![
            message.key(),
            self.at.millis(),
            self.part.map(|index| index + 1),
            self.what,
            self.state.map(rows::code),
            self.route.map(|route| route.0),
            self.detail,
        ])?;
        Ok(())
    }
}

/// Writes down what a new hand-over is about to overwrite.
pub(super) fn keep_attempt(tx: &Tx<'_>, part: &mut Part) -> rusqlite::Result<()> {
    let (message, index, route) = (part.id.message(), Some(part.id.index()), part.route);
    if let Some(at) = part.handed_at.take() {
        let step = Step {
            at,
            part: index,
            what: "handed_over",
            state: Some(State::Submitting),
            route,
            detail: None,
        };
        step.write(tx, message)?;
    }
    if let (Some(at), Some(id)) = (part.answered_at.take(), part.smsc_id.as_deref()) {
        let step =
            Step { at, part: index, what: "taken", state: Some(State::Submitted), route, detail: Some(id) };
        step.write(tx, message)?;
    }
    Ok(())
}

/// Writes down the receipt that a later one is about to overwrite.
pub(super) fn keep_receipt(tx: &Tx<'_>, part: &mut Part, state: State) -> rusqlite::Result<()> {
    let Some(at) = part.receipt_at.take() else { return Ok(()) };
    let detail = receipt_detail(part.word.as_deref().unwrap_or(""), part.error.as_deref());
    let step = Step {
        at,
        part: Some(part.id.index()),
        what: "receipt",
        state: Some(state),
        route: part.route,
        detail: Some(&detail),
    };
    step.write(tx, part.id.message())
}

/// A receipt in a story: its word, and its error if it has one.
pub(super) fn receipt_detail(word: &str, error: Option<&str>) -> String {
    error.map_or_else(|| word.to_owned(), |error| format!("{word} {error}"))
}
