//! Figures, counted in memory while a batch is applied and written once a batch, in its transaction: a
//! batch has few senders and hours, so a message costs an addition.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::time::Duration;

use facteur_domain::{Class, Message, MessageId, Sender, State, Timestamp, WorkspaceId};
use foldhash::fast::RandomState;
use rusqlite::{Connection, params};

use super::fault::Fault;
use super::parcel::Parcel;
use super::rows;
use crate::{Change, Counts, DelayTally, Figures, Hour, RouteId, RuleEffect, RuleTally, Tally};

/// The route of what has not left.
const NO_ROUTE: RouteId = RouteId(0);
/// Receipts later than 2^20 seconds (12 days) are as late as can be.
const STEP_MAX: u8 = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    workspace: WorkspaceId,
    hour: Hour,
    sender: Sender,
    class: Class,
    route: RouteId,
}

impl Hash for Key {
    /// Senders that differ in case only meet here and are told apart as they are equal or not.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.workspace, self.hour, self.class, self.route).hash(state);
    }
}

type Map<K, V> = HashMap<K, V, RandomState>;

/// What a batch counts.
#[derive(Default)]
pub(super) struct Tallies {
    messages: Map<Key, Counts>,
    rules: Map<(WorkspaceId, Hour, RuleEffect, String), i64>,
    stops: Map<(WorkspaceId, Hour, String), i64>,
    delays: Map<(WorkspaceId, Hour, RouteId, u8), i64>,
}

impl Tallies {
    /// A message was kept.
    pub(super) fn accepted(&mut self, message: &Message, cost_micros: i64) {
        let counts = self.of((message.workspace, message.id), message.sender, message.class, NO_ROUTE);
        counts.accepted += 1;
        counts.parts += i64::from(message.parts);
        counts.cost_micros += cost_micros;
    }

    /// A message came from one state to another.
    pub(super) fn moved(&mut self, parcel: &Parcel, change: &Change) {
        let (from, to) = (counted(change.from), counted(change.to));
        let taken = is_taken(parcel, change);
        let arrived = change.to == State::Delivered && change.from != State::Delivered;
        if from.is_none() && to.is_none() && !taken {
            return;
        }
        let route = parcel.route().unwrap_or(NO_ROUTE);
        let counts = self.of((change.workspace, change.message), parcel.shared.sender, change.class, route);
        if change.from != change.to {
            if let Some(count) = from {
                *count(counts) -= 1;
            }
            if let Some(count) = to {
                *count(counts) += 1;
            }
        }
        if taken {
            counts.submitted += 1;
        }
        if arrived && let Some(delay) = parcel.delay() {
            let hour = Hour::of(change.message.made_at());
            *self.delays.entry((change.workspace, hour, route, step(delay))).or_default() += 1;
        }
    }

    /// A rule did something to a message.
    pub(super) fn ruled(&mut self, workspace: WorkspaceId, at: Timestamp, effect: RuleEffect, rule: &str) {
        *self.rules.entry((workspace, Hour::of(at), effect, rule.to_owned())).or_default() += 1;
    }

    /// Somebody said STOP.
    pub(super) fn stopped(&mut self, workspace: WorkspaceId, at: Timestamp, source: &str) {
        *self.stops.entry((workspace, Hour::of(at), source.to_owned())).or_default() += 1;
    }

    fn of(
        &mut self,
        (workspace, message): (WorkspaceId, MessageId),
        sender: Sender,
        class: Class,
        route: RouteId,
    ) -> &mut Counts {
        let hour = Hour::of(message.made_at());
        self.messages.entry(Key { workspace, hour, sender, class, route }).or_default()
    }

    /// Adds what a verb of its own counted, once it is sure that the verb stays.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, counts) in other.messages {
            match self.messages.entry(key) {
                Entry::Occupied(mut there) => there.get_mut().add(&counts),
                Entry::Vacant(place) => {
                    place.insert(counts);
                }
            }
        }
        add_all(&mut self.rules, other.rules);
        add_all(&mut self.stops, other.stops);
        add_all(&mut self.delays, other.delays);
    }

    /// Writes what was counted.
    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        for (key, counts) in &self.messages {
            write_counts(conn, key, counts)?;
        }
        for ((workspace, hour, effect, rule), count) in &self.rules {
            conn.prepare_cached(
                "INSERT INTO tally_rule (workspace, hour, effect, rule, count) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![workspace.key(), hour.0, effect.as_str(), rule, count])?;
        }
        for ((workspace, hour, source), count) in &self.stops {
            conn.prepare_cached(
                "INSERT INTO tally_stop (workspace, hour, source, count) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![workspace.key(), hour.0, source, count])?;
        }
        for ((workspace, hour, route, step), count) in &self.delays {
            conn.prepare_cached(
                "INSERT INTO tally_delay (workspace, hour, route, step, count) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![workspace.key(), hour.0, route.0, step, count])?;
        }
        Ok(())
    }
}

fn add_all<K: Eq + Hash>(to: &mut Map<K, i64>, from: Map<K, i64>) {
    for (key, count) in from {
        *to.entry(key).or_default() += count;
    }
}

fn write_counts(conn: &Connection, key: &Key, counts: &Counts) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO tally (workspace, hour, sender, class, route, accepted, parts, cost, submitted, delivered, \
         undelivered, expired, rejected, blocked, cancelled, unknown) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
         ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted, parts = parts + excluded.parts, \
         cost = cost + excluded.cost, submitted = submitted + excluded.submitted, \
         delivered = delivered + excluded.delivered, undelivered = undelivered + excluded.undelivered, \
         expired = expired + excluded.expired, rejected = rejected + excluded.rejected, \
         blocked = blocked + excluded.blocked, cancelled = cancelled + excluded.cancelled, \
         unknown = unknown + excluded.unknown",
    )?;
    statement.execute(params![
        key.workspace.key(),
        key.hour.0,
        key.sender.to_string(),
        key.class.as_str(),
        key.route.0,
        counts.accepted,
        counts.parts,
        counts.cost_micros,
        counts.submitted,
        counts.delivered,
        counts.undelivered,
        counts.expired,
        counts.rejected,
        counts.blocked,
        counts.cancelled,
        counts.unknown,
    ])?;
    Ok(())
}

/// Where messages of a state are counted, if they are.
fn counted(state: State) -> Option<fn(&mut Counts) -> &mut i64> {
    Some(match state {
        State::Delivered => |counts| &mut counts.delivered,
        State::Undelivered => |counts| &mut counts.undelivered,
        State::Expired => |counts| &mut counts.expired,
        State::Rejected => |counts| &mut counts.rejected,
        State::Blocked => |counts| &mut counts.blocked,
        State::Cancelled => |counts| &mut counts.cancelled,
        State::Unknown => |counts| &mut counts.unknown,
        State::Scheduled | State::Queued | State::Submitting | State::Submitted => return None,
    })
}

/// Whether the operator has taken it now and had not before: by its answer, or, when that was lost, by a
/// receipt that shows it.
fn is_taken(parcel: &Parcel, change: &Change) -> bool {
    let before = matches!(change.from, State::Scheduled | State::Queued | State::Submitting);
    if before && change.to == State::Submitted {
        return true;
    }
    let answered = parcel.parts.iter().any(|part| part.answered_at.is_some());
    let shown = parcel.parts.iter().any(|part| part.receipt_at.is_some());
    let lost = before || change.from == State::Unknown;
    lost && !answered && shown && change.to.is_final()
}

/// The smallest power of two, in seconds, that is more than a delay.
fn step(delay: Duration) -> u8 {
    let mut step = 0;
    while step < STEP_MAX && delay >= Duration::from_secs(1 << step) {
        step += 1;
    }
    step
}

/// A workspace's figures from one hour until another, which is not in it.
pub(super) fn figures(
    conn: &mut Connection,
    workspace: WorkspaceId,
    from: Hour,
    until: Hour,
) -> Result<Figures, Fault> {
    let tx = conn.transaction()?;
    let span = params![workspace.key(), from.0, until.0];
    let messages = tx
        .prepare_cached(
            "SELECT t.hour, t.sender, t.class, iif(t.route = 0, NULL, coalesce(r.name, 'route ' || t.route)), \
             t.accepted, t.parts, t.cost, t.submitted, t.delivered, t.undelivered, t.expired, t.rejected, \
             t.blocked, t.cancelled, t.unknown \
             FROM tally t LEFT JOIN route r ON r.id = t.route \
             WHERE t.workspace = ?1 AND t.hour >= ?2 AND t.hour < ?3 ORDER BY t.hour",
        )?
        .query_map(span, |row| {
            Ok(Tally {
                hour: Hour(row.get(0)?),
                sender: rows::sender(row, 1)?,
                class: rows::class(row, 2)?,
                route: row.get(3)?,
                counts: Counts {
                    accepted: row.get(4)?,
                    parts: row.get(5)?,
                    cost_micros: row.get(6)?,
                    submitted: row.get(7)?,
                    delivered: row.get(8)?,
                    undelivered: row.get(9)?,
                    expired: row.get(10)?,
                    rejected: row.get(11)?,
                    blocked: row.get(12)?,
                    cancelled: row.get(13)?,
                    unknown: row.get(14)?,
                },
            })
        })?
        .collect::<Result<_, _>>()?;
    let rules = tx
        .prepare_cached(
            "SELECT effect, rule, sum(count) FROM tally_rule WHERE workspace = ?1 AND hour >= ?2 AND hour < ?3 \
             GROUP BY effect, rule ORDER BY 3 DESC, rule",
        )?
        .query_map(span, |row| {
            let effect = RuleEffect::from_name(row.get_ref(0)?.as_str().unwrap_or(""));
            let effect = effect.ok_or_else(|| rows::wrong(0, "rule's effect"))?;
            Ok(RuleTally { effect, rule: row.get(1)?, count: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    let stops = tx
        .prepare_cached(
            "SELECT source, sum(count) FROM tally_stop WHERE workspace = ?1 AND hour >= ?2 AND hour < ?3 \
             GROUP BY source ORDER BY 2 DESC, source",
        )?
        .query_map(span, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let delays = tx
        .prepare_cached(
            "SELECT coalesce(r.name, 'route ' || t.route), t.step, sum(t.count) FROM tally_delay t \
             LEFT JOIN route r ON r.id = t.route WHERE t.workspace = ?1 AND t.hour >= ?2 AND t.hour < ?3 \
             GROUP BY t.route, t.step ORDER BY t.route, t.step",
        )?
        .query_map(span, |row| Ok(DelayTally { route: row.get(0)?, step: row.get(1)?, count: row.get(2)? }))?
        .collect::<Result<_, _>>()?;
    Ok(Figures { messages, rules, stops, delays })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_s_step_is_the_next_power_of_two() {
        for (millis, expected) in [(0, 0), (999, 0), (1_000, 1), (1_999, 1), (2_000, 2), (60_000, 6)] {
            assert_eq!(step(Duration::from_millis(millis)), expected, "{millis} ms");
        }
        assert_eq!(step(Duration::MAX), STEP_MAX);
    }
}
