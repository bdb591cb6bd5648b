//! What the writer remembers between batches, so that the hot path does not look for what is not
//! there.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{InboundId, Msisdn, PartId};
use foldhash::fast::{FixedState, RandomState};
use rusqlite::Connection;
use tracing::error;

use super::in_hand::InHand;
use super::retention::Texts;
use super::webhooks::Hooks;
use super::{FreshStops, Options, conversations, received, recipients};
use crate::RouteId;
use crate::receipt::ReceiptCount;

/// Batches whose delivered parts are kept on disk: more than operators can have unanswered.
const BATCHES_KEPT: i64 = 1_024;
/// Octets of one delivered part on disk.
const RECORD: usize = 24;

/// The writer's memory. All of it can be lost: what follows then is said with each part.
pub(super) struct Memory {
    /// Orphan receipts in the database: while there are none, answers need not look for one.
    pub(super) orphans: u64,
    /// How long after its end a part that was not delivered is known to receipts.
    pub(super) late_receipts: Duration,
    /// Which texts are not kept after the end of their message.
    pub(super) texts: Texts,
    /// Who is told of what.
    pub(super) hooks: Hooks,
    /// STOPs that were recorded lately.
    pub(super) stops: FreshStops,
    /// Receipts of the batch under way.
    pub(super) receipts: ReceiptCount,
    /// The last message that a run of recipients covers or is about to.
    pub(super) sealed: i64,
    /// People taken out of the index of recipients since the start.
    pub(super) erasures: u64,
    /// Phones that have written: what is sent to another is in no conversation.
    pub(super) talkers: HashSet<Msisdn, RandomState>,
    /// The last message that came from a phone.
    pub(super) last_received: InboundId,
    /// How far the tidying of `written` has come.
    pub(super) tidied_phone: i64,
    /// Messages under way, as their rows are.
    pub(super) in_hand: InHand,
    /// Names of routes, as they are asked for.
    pub(super) routes: HashMap<RouteId, Arc<str>, RandomState>,
    /// What SQLite says instead of "another process wrote": it changes when one did.
    foreign: i64,
    /// Parts delivered lately.
    finals: Finals,
    /// Keys put into `finals` by the batch under way.
    fresh: Vec<u64>,
}

impl Memory {
    /// What the database says, and room for what the options say.
    pub(super) fn load(conn: &Connection, options: &Options) -> rusqlite::Result<Self> {
        let orphans = count_orphans(conn)?;
        let hooks = Hooks::load(conn)?;
        let mut finals = Finals::new(options.finals_max);
        finals.load(conn)?;
        let (receipts, sealed) = (ReceiptCount::default(), recipients::reach(conn)?);
        Ok(Self {
            orphans,
            late_receipts: options.late_receipts,
            texts: Texts::load(conn, options.forgotten_at_end.clone())?,
            hooks,
            stops: FreshStops::default(),
            receipts,
            sealed,
            erasures: 0,
            talkers: conversations::talkers(conn)?,
            last_received: received::last(conn)?,
            tidied_phone: 0,
            in_hand: InHand::new(options.in_hand_max),
            routes: HashMap::default(),
            foreign: data_version(conn)?,
            finals,
            fresh: Vec::new(),
        })
    }

    /// Keeps what the batch delivered: an operator that was not answered offers its receipts again after a
    /// crash, and they must find their own messages.
    pub(super) fn keep_delivered(&self, conn: &Connection) -> rusqlite::Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let mut parts = Vec::with_capacity(self.fresh.len() * RECORD);
        for key in &self.fresh {
            if let Some((part, recipient)) = self.finals.find(*key) {
                parts.extend(key.to_le_bytes());
                parts.extend(part.key().to_le_bytes());
                parts.extend(recipient.digits().to_le_bytes());
            }
        }
        conn.prepare_cached("INSERT INTO delivered_lately (parts) VALUES (?1)")?.execute([parts])?;
        conn.prepare_cached("DELETE FROM delivered_lately WHERE id <= ?1")?
            .execute([conn.last_insert_rowid() - BATCHES_KEPT])?;
        Ok(())
    }

    /// A batch begins, in its transaction.
    pub(super) fn begin(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        self.receipts = ReceiptCount::default();
        self.fresh.clear();
        let version = data_version(conn)?;
        if version != self.foreign {
            self.in_hand.clear();
            self.hooks.reload(conn)?;
            self.foreign = version;
        }
        Ok(())
    }

    /// The batch was not kept.
    pub(super) fn undo(&mut self, conn: &Connection) {
        for key in self.fresh.drain(..) {
            self.finals.forget(key);
        }
        self.in_hand.clear();
        self.routes.clear();
        self.hooks.give_back(0);
        if let Err(error) = self.hooks.reload(conn) {
            error!(%error, "webhooks cannot be read again");
        }
        match count_orphans(conn) {
            Ok(count) => self.orphans = count,
            // Too many only costs a look.
            Err(error) => {
                error!(%error, "orphans cannot be counted");
                self.orphans = self.orphans.max(1);
            }
        }
    }

    /// A part was delivered: a second receipt for it is no orphan.
    pub(super) fn delivered(&mut self, route: RouteId, smsc_id: &str, recipient: Msisdn, part: PartId) {
        let key = smsc_key(route, smsc_id);
        self.finals.insert(key, (part, recipient));
        self.fresh.push(key);
    }

    /// The part delivered lately under this id.
    pub(super) fn find_delivered(&self, route: RouteId, smsc_id: &str) -> Option<(PartId, Msisdn)> {
        self.finals.find(smsc_key(route, smsc_id))
    }
}

/// Delivered parts that are kept, by their keys, oldest first. What cannot be read is passed over: it only
/// knows receipts again.
fn delivered_lately(conn: &Connection) -> rusqlite::Result<Vec<(u64, (PartId, Msisdn))>> {
    let mut statement = conn.prepare("SELECT parts FROM delivered_lately ORDER BY id")?;
    let mut found = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = found.next()? {
        for record in row.get_ref(0)?.as_blob()?.chunks_exact(RECORD) {
            let word = |at: usize| record[at..].first_chunk().copied().map(u64::from_le_bytes);
            if let (Some(key), Some(part), Some(digits)) = (word(0), word(8), word(16))
                && let Some(recipient) = Msisdn::from_digits(digits)
            {
                records.push((key, (PartId::from_key(part.cast_signed()), recipient)));
            }
        }
    }
    Ok(records)
}

/// A number that differs when another connection has changed the database since.
fn data_version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

fn count_orphans(conn: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = conn.prepare_cached("SELECT count(*) FROM orphan")?.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// 64 bits that stand for an operator's id: two ids that meet here would need 2^32 parts.
pub(super) fn smsc_key(route: RouteId, smsc_id: &str) -> u64 {
    FixedState::with_seed(u64::from(route.0)).hash_one(smsc_id)
}

/// Delivered parts by their SMSC id, the last `max` of them, in memory only. An index on disk would
/// grow in random order with every message; of those that a crash loses (all but the last batches') a
/// second receipt counts as an orphan until orphans are tidied away.
struct Finals {
    known: HashMap<u64, (PartId, Msisdn), RandomState>,
    order: VecDeque<u64>,
    max: usize,
}

impl Finals {
    fn new(max: usize) -> Self {
        Self { known: HashMap::default(), order: VecDeque::new(), max }
    }

    /// Reads the parts that were delivered last.
    fn load(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        for (key, value) in delivered_lately(conn)? {
            self.insert(key, value);
        }
        Ok(())
    }

    fn insert(&mut self, key: u64, value: (PartId, Msisdn)) {
        if self.max == 0 {
            return;
        }
        if self.known.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    fn find(&self, key: u64) -> Option<(PartId, Msisdn)> {
        self.known.get(&key).copied()
    }

    /// Its place in the order stays until it is the oldest; it holds eight octets meanwhile.
    fn forget(&mut self, key: u64) {
        self.known.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::MessageId;

    use super::*;

    #[test]
    fn the_oldest_delivered_parts_are_forgotten_first() {
        let mut finals = Finals::new(3);
        let recipient = Msisdn::from_digits(33_639_980_001).expect("valid");
        let part = |n: i64| PartId::new(MessageId::from_key(n << 4), 0);
        for n in 0..5 {
            finals.insert(smsc_key(RouteId(1), &n.to_string()), (part(n), recipient));
        }
        let found = |n: i64| finals.find(smsc_key(RouteId(1), &n.to_string())).map(|(part, _)| part);
        assert_eq!([0, 1, 2, 3, 4].map(found), [None, None, Some(part(2)), Some(part(3)), Some(part(4))]);
        assert_eq!(finals.find(smsc_key(RouteId(2), "4")), None, "ids of routes do not meet");
    }
}
