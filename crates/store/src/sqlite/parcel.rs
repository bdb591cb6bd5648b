//! A message's parts as they stand, taken out, moved and put back: the one place where the states of
//! `work` and `outcome` are written.

use std::time::Duration;

use facteur_domain::delivery::{Event, State, aggregate};
use facteur_domain::{Class, Message, MessageId, Msisdn, PartId, Sender, Timestamp, WorkspaceId};
use rusqlite::{Row, params};
use tracing::warn;

use super::writer::Tx;
use super::{retention, rows};
use crate::{Change, RouteId};

/// The low four bits of a part's id.
pub(super) const PART_MASK: i64 = 0x0F;

/// One part, or a whole message that was never handed over.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) id: PartId,
    pub(super) state: State,
    pub(super) state_at: Timestamp,
    pub(super) due_at: Timestamp,
    pub(super) attempts: u16,
    pub(super) possible_duplicate: bool,
    pub(super) left_unknown: bool,
    pub(super) route: Option<RouteId>,
    pub(super) smsc_id: Option<String>,
    pub(super) handed_at: Option<Timestamp>,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) receipt_at: Option<Timestamp>,
    pub(super) word: Option<String>,
    pub(super) error: Option<String>,
}

impl Part {
    /// Where it stands after `event`; `false`, and nothing changed, when that cannot happen to it.
    pub(super) fn happens(&mut self, event: Event, at: Timestamp) -> bool {
        match self.state.after(event) {
            Ok(state) => {
                if state != self.state {
                    self.state = state;
                    self.state_at = at;
                }
                true
            }
            Err(impossible) => {
                warn!(part = self.id.index(), message = %self.id.message(), %impossible, "ignored");
                false
            }
        }
    }
}

/// What all parts of a message share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared {
    pub(super) workspace: WorkspaceId,
    pub(super) sender: Sender,
    pub(super) class: Class,
    pub(super) parts: u8,
    pub(super) recipient: Msisdn,
    pub(super) expires_at: Timestamp,
}

/// Which columns of a part changed, so that no index is touched for nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Touched {
    /// Where it stands, when and by which route it was handed over.
    HandOver,
    /// Where it stands, the operator's answer.
    Answer,
    /// Anything else.
    All,
}

/// A message's parts that are owed.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) message: MessageId,
    pub(super) shared: Shared,
    /// By index; only the first until the message is handed over.
    pub(super) parts: Vec<Part>,
    /// The message itself, where the writer remembers it.
    pub(super) whole: Option<Box<Message>>,
    from: State,
    owed_before: u16,
}

const COLUMNS: &str = "id, state, state_at, due_at, attempts, possible_duplicate, left_unknown, route, smsc_id, \
     handed_at, answered_at, receipt_at, word, error";

fn part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        id: PartId::from_key(row.get(0)?),
        state: rows::state(row, 1)?,
        state_at: rows::time(row, 2)?,
        due_at: rows::time(row, 3)?,
        attempts: row.get(4)?,
        possible_duplicate: row.get(5)?,
        left_unknown: row.get(6)?,
        route: row.get::<_, Option<u16>>(7)?.map(RouteId),
        smsc_id: row.get(8)?,
        handed_at: rows::maybe_time(row, 9)?,
        answered_at: rows::maybe_time(row, 10)?,
        receipt_at: rows::maybe_time(row, 11)?,
        word: row.get(12)?,
        error: row.get(13)?,
    })
}

impl Parcel {
    /// As a message is kept first.
    pub(super) fn fresh(message: &Message, state: State) -> Self {
        let part = Part {
            id: PartId::new(message.id, 0),
            state,
            state_at: message.accepted_at,
            due_at: message.send_at,
            attempts: 0,
            possible_duplicate: false,
            left_unknown: false,
            route: None,
            smsc_id: None,
            handed_at: None,
            answered_at: None,
            receipt_at: None,
            word: None,
            error: None,
        };
        let shared = Shared {
            workspace: message.workspace,
            sender: message.sender,
            class: message.class,
            parts: message.parts,
            recipient: message.recipient,
            expires_at: message.expires_at,
        };
        Self::new(message.id, shared, vec![part])
    }

    /// Takes out the parts of a message that is owed work, to change them; `None` when it is not owed any (or
    /// is not there). [`keep`](Self::keep) puts them back where they are at hand.
    pub(super) fn load(tx: &mut Tx<'_>, message: MessageId) -> rusqlite::Result<Option<Self>> {
        match tx.memory.in_hand.take(message) {
            Some(parcel) => Ok(Some(parcel)),
            None => Self::read(tx.conn, message),
        }
    }

    /// The same, as the rows say.
    pub(super) fn read(conn: &rusqlite::Connection, message: MessageId) -> rusqlite::Result<Option<Self>> {
        let mut statement = conn.prepare_cached(
            "SELECT id, state, state_at, due_at, attempts, possible_duplicate, left_unknown, route, smsc_id, \
             handed_at, answered_at, receipt_at, word, error, workspace, class, parts, recipient, expires_at, sender \
             FROM work WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut found = statement.query(params![message.key(), message.key() | PART_MASK])?;
        let mut parts = Vec::with_capacity(1);
        let mut shared = None;
        while let Some(row) = found.next()? {
            if shared.is_none() {
                shared = Some(Shared {
                    workspace: WorkspaceId::from_key(row.get(14)?),
                    class: rows::class(row, 15)?,
                    parts: row.get(16)?,
                    recipient: rows::msisdn(row, 17)?,
                    expires_at: rows::time(row, 18)?,
                    sender: rows::sender(row, 19)?,
                });
            }
            parts.push(part(row)?);
        }
        Ok(shared.map(|shared| Self::new(message, shared, parts)))
    }

    fn new(message: MessageId, shared: Shared, parts: Vec<Part>) -> Self {
        let mut parcel = Self { message, shared, parts, whole: None, from: State::Queued, owed_before: 0 };
        parcel.as_it_stands();
        parcel
    }

    /// What changes from here on is news.
    fn as_it_stands(&mut self) {
        self.from = self.state();
        self.owed_before = self.owed();
    }

    /// Stays at hand, its rows being written. Not what is anything but on its plain way: a second attempt
    /// leaves columns as they were that this forgets.
    pub(super) fn keep(mut self, tx: &mut Tx<'_>) {
        let plain = |part: &Part| part.attempts <= 1 && !part.possible_duplicate && !part.left_unknown;
        if self.state().is_final() || !self.parts.iter().all(plain) {
            return;
        }
        self.as_it_stands();
        tx.memory.in_hand.put(self);
    }

    /// Where the message stands as a whole.
    pub(super) fn state(&self) -> State {
        // There is a first part at least.
        aggregate(self.parts.iter().map(|part| part.state)).unwrap_or(State::Queued)
    }

    /// Whether its parts have rows of their own.
    pub(super) fn is_split(&self) -> bool {
        self.parts.len() == usize::from(self.shared.parts)
    }

    /// The parts that wait to be handed over, a bit each.
    pub(super) fn owed(&self) -> u16 {
        if !self.is_split() && self.parts.len() == 1 {
            let all = if self.shared.parts >= 16 { u16::MAX } else { (1 << self.shared.parts) - 1 };
            return if self.parts[0].state == State::Queued { all } else { 0 };
        }
        self.parts
            .iter()
            .filter(|part| part.state == State::Queued)
            .fold(0, |mask, part| mask | 1 << part.id.index())
    }

    /// The part of this index.
    pub(super) fn part(&mut self, index: u8) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.id.index() == index)
    }

    /// Whether the operator knows the part by this id.
    pub(super) fn is_known_as(&self, part: PartId, smsc_id: &str) -> bool {
        self.parts.iter().any(|known| known.id == part && known.smsc_id.as_deref() == Some(smsc_id))
    }

    /// Gives a message that was just accepted its row.
    pub(super) fn begin(&self, tx: &Tx<'_>) -> rusqlite::Result<()> {
        self.parts.iter().try_for_each(|part| self.insert(tx, part))
    }

    /// Gives every part its row, before the first hand-over.
    pub(super) fn split(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()> {
        if self.is_split() {
            return Ok(());
        }
        for index in 1..self.shared.parts {
            let part = Part { id: PartId::new(self.message, index), ..self.parts[0].clone() };
            self.insert(tx, &part)?;
            self.parts.push(part);
        }
        Ok(())
    }

    /// Writes the row of a part that is new.
    fn insert(&self, tx: &Tx<'_>, part: &Part) -> rusqlite::Result<()> {
        let code;
        let sender = match &self.shared.sender {
            // A name is bound where it stands; only a code must be printed first.
            Sender::Name(name) => name.as_str(),
            Sender::Code(number) => {
                code = number.to_string();
                &code
            }
        };
        tx.statements.execute(
            "INSERT INTO work (id, state, state_at, due_at, workspace, class, parts, recipient, expires_at, sender) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                part.id.key(),
                rows::code(part.state),
                part.state_at.millis(),
                part.due_at.millis(),
                self.shared.workspace.key(),
                self.shared.class.as_str(),
                self.shared.parts,
                rows::digits(self.shared.recipient),
                self.shared.expires_at.millis(),
                sender,
            ],
        )?;
        Ok(())
    }

    /// The route that it left by last.
    pub(super) fn route(&self) -> Option<RouteId> {
        self.parts.iter().max_by_key(|part| part.handed_at).and_then(|part| part.route)
    }

    /// How long after its hand-over the last receipt of its parts came.
    pub(super) fn delay(&self) -> Option<Duration> {
        let handed = self.parts.iter().filter_map(|part| part.handed_at).max()?;
        let told = self.parts.iter().filter_map(|part| part.receipt_at).max()?;
        Some(told.since(handed))
    }

    /// What changed for the message as a whole since the last call: its state, or which of its parts
    /// wait.
    pub(super) fn change(&mut self) -> Option<Change> {
        let (to, owed) = (self.state(), self.owed());
        let changed = to != self.from || (owed & !self.owed_before) != 0;
        let change = Change {
            message: self.message,
            workspace: self.shared.workspace,
            class: self.shared.class,
            from: self.from,
            to,
            parts_owed: owed,
        };
        self.from = to;
        self.owed_before = owed;
        changed.then_some(change)
    }

    /// Puts one part back; the whole message leaves `work` when it is final.
    pub(super) fn put_back(&self, tx: &mut Tx<'_>, index: u8, touched: Touched) -> rusqlite::Result<()> {
        if self.state().is_final() {
            return self.end(tx);
        }
        self.parts.iter().find(|part| part.id.index() == index).map_or(Ok(()), |part| save(tx, part, touched))
    }

    /// Puts all parts back; the whole message leaves `work` when it is final.
    pub(super) fn put_all_back(&self, tx: &mut Tx<'_>, touched: Touched) -> rusqlite::Result<()> {
        if self.state().is_final() {
            return self.end(tx);
        }
        self.parts.iter().try_for_each(|part| save(tx, part, touched))
    }

    /// Moves the message from `work` to `outcome`, and forgets its text where it is not kept longer.
    pub(super) fn end(&self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        if tx.memory.texts.end(self.shared.class, self.message) {
            retention::forget_text(tx, self.message)?;
        }
        for part in &self.parts {
            insert_outcome(tx, part)?;
            self.remember(tx, part)?;
            // One by one is less than by a range.
            tx.statements.execute("DELETE FROM work WHERE id = ?1", [part.id.key()])?;
        }
        tx.memory.in_hand.remove(self.message);
        Ok(())
    }

    /// Keeps the id of a part that ended, for receipts that come late or twice.
    fn remember(&self, tx: &mut Tx<'_>, part: &Part) -> rusqlite::Result<()> {
        let (Some(route), Some(smsc_id)) = (part.route, &part.smsc_id) else { return Ok(()) };
        if part.state == State::Delivered {
            tx.memory.delivered(route, smsc_id, self.shared.recipient, part.id);
            return Ok(());
        }
        let until = part.state_at.plus(tx.memory.late_receipts);
        tx.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO late (id, route, smsc_id, recipient, until) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                part.id.key(),
                route.0,
                smsc_id,
                rows::digits(self.shared.recipient),
                until.millis()
            ])?;
        Ok(())
    }
}

fn save(tx: &Tx<'_>, part: &Part, touched: Touched) -> rusqlite::Result<()> {
    match touched {
        Touched::HandOver => save_hand_over(tx, part),
        Touched::Answer => save_answer(tx, part),
        Touched::All => save_all(tx, part),
    }
}

fn save_hand_over(tx: &Tx<'_>, part: &Part) -> rusqlite::Result<()> {
    tx.statements.execute(
        "UPDATE work SET state = ?2, state_at = ?3, attempts = ?4, route = ?5, handed_at = ?6 WHERE id = ?1",
        params![
            part.id.key(),
            rows::code(part.state),
            part.state_at.millis(),
            part.attempts,
            part.route.map(|route| route.0),
            part.handed_at.map(Timestamp::millis),
        ],
    )?;
    Ok(())
}

fn save_answer(tx: &Tx<'_>, part: &Part) -> rusqlite::Result<()> {
    tx.statements.execute(
        "UPDATE work SET state = ?2, state_at = ?3, route = ?4, smsc_id = ?5, answered_at = ?6, error = ?7, \
         due_at = ?8 WHERE id = ?1",
        params![
            part.id.key(),
            rows::code(part.state),
            part.state_at.millis(),
            part.route.map(|route| route.0),
            part.smsc_id,
            part.answered_at.map(Timestamp::millis),
            part.error,
            part.due_at.millis(),
        ],
    )?;
    Ok(())
}

fn save_all(tx: &Tx<'_>, part: &Part) -> rusqlite::Result<()> {
    save_answer(tx, part)?;
    tx.statements.execute(
        "UPDATE work SET attempts = ?2, possible_duplicate = ?3, left_unknown = ?4, handed_at = ?5, \
         receipt_at = ?6, word = ?7 WHERE id = ?1",
        params![
            part.id.key(),
            part.attempts,
            part.possible_duplicate,
            part.left_unknown,
            part.handed_at.map(Timestamp::millis),
            part.receipt_at.map(Timestamp::millis),
            part.word,
        ],
    )?;
    Ok(())
}

fn insert_outcome(tx: &Tx<'_>, part: &Part) -> rusqlite::Result<()> {
    tx.statements.execute(
        "INSERT OR REPLACE INTO outcome (id, state, state_at, attempts, possible_duplicate, route, smsc_id, \
         handed_at, answered_at, receipt_at, word, error) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            part.id.key(),
            rows::code(part.state),
            part.state_at.millis(),
            part.attempts,
            part.possible_duplicate,
            part.route.map(|route| route.0),
            part.smsc_id,
            part.handed_at.map(Timestamp::millis),
            part.answered_at.map(Timestamp::millis),
            part.receipt_at.map(Timestamp::millis),
            part.word,
            part.error,
        ],
    )?;
    Ok(())
}

/// The parts of a message that ended, or that are owed: whichever there are.
pub(super) fn read_parts(conn: &rusqlite::Connection, message: MessageId) -> rusqlite::Result<Vec<Part>> {
    let range = params![message.key(), message.key() | PART_MASK];
    let owed = format!("SELECT {COLUMNS} FROM work WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    let parts: Vec<Part> = conn.prepare_cached(&owed)?.query_map(range, part)?.collect::<Result<_, _>>()?;
    if !parts.is_empty() {
        return Ok(parts);
    }
    let ended = "SELECT id, state, state_at, state_at, attempts, possible_duplicate, 0, route, smsc_id, handed_at, \
         answered_at, receipt_at, word, error FROM outcome WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
    conn.prepare_cached(ended)?.query_map(range, part)?.collect()
}

/// The parts of a message that ended, to be moved by a late receipt.
pub(super) fn load_ended(
    conn: &rusqlite::Connection,
    message: MessageId,
) -> rusqlite::Result<Option<Parcel>> {
    let shared = conn
        .prepare_cached(
            "SELECT workspace, class, parts, recipient, expires_at, sender FROM message WHERE id = ?1",
        )?
        .query_row([message.key()], |row| {
            Ok(Shared {
                workspace: WorkspaceId::from_key(row.get(0)?),
                class: rows::class(row, 1)?,
                parts: row.get(2)?,
                recipient: rows::msisdn(row, 3)?,
                expires_at: rows::time(row, 4)?,
                sender: rows::sender(row, 5)?,
            })
        });
    let shared = match shared {
        Ok(shared) => shared,
        Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(None),
        Err(error) => return Err(error),
    };
    let parts = read_parts(conn, message)?;
    Ok((!parts.is_empty()).then(|| Parcel::new(message, shared, parts)))
}

/// Writes a part that ended again, after a late receipt moved it.
pub(super) fn save_ended(tx: &mut Tx<'_>, parcel: &Parcel, index: u8) -> rusqlite::Result<()> {
    let Some(part) = parcel.parts.iter().find(|part| part.id.index() == index) else { return Ok(()) };
    insert_outcome(tx, part)?;
    tx.conn.prepare_cached("DELETE FROM late WHERE id = ?1")?.execute([part.id.key()])?;
    parcel.remember(tx, part)
}
