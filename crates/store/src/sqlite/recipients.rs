//! Who was written to: messages by their recipient, without an index on the hot path.
//!
//! An index in random order on the messages would cost as much as two more updates of each. Instead, runs
//! of [`RUN`] messages are sorted aside and appended by the writer in slices, at a time of the gateway's
//! choosing. A look-up seeks the number in each run, newest first, and reads what no run has yet from the
//! messages themselves: that is [`RUN`] and [`TAIL_MIN`] messages at most while the gateway keeps up.
//!
//! Ids are given before the commit, so a message may be kept whose id a run covers already. The writer
//! knows how far runs reach (`Memory::sealed`) and puts such a message into run 0, which is looked into
//! always. A run is sealed before it is read, so that none falls between the two.

use facteur_domain::{MessageId, Msisdn, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::rows;
use super::writer::Tx;

/// Messages in a run.
pub(super) const RUN: i64 = 16_384;
/// Messages after a run, at least: ids that are given and not kept yet are most likely among them.
pub(super) const TAIL_MIN: i64 = 8_192;
/// Entries that one transaction appends.
pub(super) const SLICE: usize = 1_024;
/// The run of those that came too late for theirs.
const LATE: i64 = 0;

/// A run to be made: the messages after `first` up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) id: i64,
    first: i64,
    last: i64,
    /// People erased from the index when the run was sealed.
    erasures: u64,
}

/// Of whom, and which message.
pub(super) type Entry = (i64, i64, i64);

/// How far runs reach.
pub(super) fn reach(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(last_message), 0) FROM recipient_run")?
        .query_row([], |row| row.get(0))
}

/// The last id of the next run; `None` while too few messages are kept after the last one.
pub(super) fn next_end(conn: &Connection) -> Result<Option<i64>, Fault> {
    let reach = reach(conn)?;
    let nth = |n: i64| {
        conn.prepare_cached("SELECT id FROM message WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2")?
            .query_row([reach, n - 1], |row| row.get(0))
            .optional()
    };
    Ok(match nth(RUN + TAIL_MIN)? {
        Some(_) => nth(RUN)?,
        None => None,
    })
}

/// Seals the next run: from here on, a message that it should have goes into run 0. What an earlier
/// attempt left of it is removed.
pub(super) fn seal(tx: &mut Tx<'_>, last: i64) -> Result<Run, Fault> {
    let first = reach(tx.conn)?;
    let id: i64 = tx
        .conn
        .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM recipient_run")?
        .query_row([], |row| row.get(0))?;
    tx.conn.prepare_cached("DELETE FROM recipient_entry WHERE run = ?1")?.execute([id])?;
    tx.memory.sealed = tx.memory.sealed.max(last);
    Ok(Run { id, first, last, erasures: tx.memory.erasures })
}

/// The entries of a sealed run, sorted.
pub(super) fn gather(conn: &Connection, run: Run) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = conn
        .prepare_cached("SELECT workspace, recipient, id FROM message WHERE id > ?1 AND id <= ?2")?
        .query_map([run.first, run.last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    entries.sort_unstable();
    Ok(entries)
}

/// Appends a slice of a run.
pub(super) fn append(tx: &Tx<'_>, run: Run, slice: &[Entry]) -> Result<(), Fault> {
    let mut statement = tx.conn.prepare_cached(
        "INSERT OR IGNORE INTO recipient_entry (run, workspace, recipient, message) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (workspace, recipient, message) in slice {
        statement.execute([run.id, *workspace, *recipient, *message])?;
    }
    Ok(())
}

/// Makes a whole run known to look-ups; `false` when somebody was erased since it was sealed: then it may
/// name that person, and is made anew.
pub(super) fn list(tx: &Tx<'_>, run: Run) -> Result<bool, Fault> {
    if run.erasures != tx.memory.erasures {
        return Ok(false);
    }
    tx.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO recipient_run (id, first_message, last_message) VALUES (?1, ?2, ?3)",
        )?
        .execute([run.id, run.first, run.last])?;
    Ok(true)
}

/// Notes a message that is kept after the run that should have it.
pub(super) fn note_late(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    recipient: Msisdn,
    message: MessageId,
) -> rusqlite::Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO recipient_entry (run, workspace, recipient, message) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![LATE, workspace.key(), rows::digits(recipient), message.key()])?;
    Ok(())
}

/// A span of a person's messages, newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) workspace: WorkspaceId,
    pub(super) recipient: Msisdn,
    /// Only messages with an id below this one.
    pub(super) below: i64,
    /// Only messages with this id or above.
    pub(super) from: i64,
    pub(super) limit: usize,
}

/// Entries of runs: streamed run by run, newest first, so that a short page looks into few of them.
pub(super) const IN_RUNS: &str = "SELECT e.message FROM recipient_run r CROSS JOIN recipient_entry e \
     ON e.run = r.id AND e.workspace = ?1 AND e.recipient = ?2 \
     WHERE r.first_message < ?3 AND r.last_message >= ?4 AND e.message < ?3 AND e.message >= ?4 \
     ORDER BY r.id DESC, e.message DESC LIMIT ?5";
const LATE_ONES: &str = "SELECT message FROM recipient_entry WHERE run = 0 AND workspace = ?1 AND recipient = ?2 \
     AND message < ?3 AND message >= ?4 ORDER BY message DESC LIMIT ?5";
const IN_TAIL: &str = "SELECT id FROM message NOT INDEXED WHERE id > ?6 AND id < ?3 AND id >= ?4 \
     AND workspace = ?1 AND recipient = ?2 ORDER BY id DESC LIMIT ?5";

/// The keys of a person's messages, newest first. A message that was dropped meanwhile may be among them.
pub(super) fn find(conn: &Connection, span: Span) -> rusqlite::Result<Vec<i64>> {
    let Span { workspace, recipient, below, from, limit } = span;
    let (workspace, recipient, rows) = (workspace.key(), rows::digits(recipient), rows::limit(limit));
    let reach = reach(conn)?;
    let mut found: Vec<i64> = conn
        .prepare_cached(IN_TAIL)?
        .query_map([workspace, recipient, below, from, rows, reach], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let given = [workspace, recipient, below, from, rows];
    for query in [IN_RUNS, LATE_ONES] {
        if query == IN_RUNS && found.len() >= limit {
            continue;
        }
        let mut statement = conn.prepare_cached(query)?;
        let more = statement.query_map(given, |row| row.get(0))?;
        found.extend(more.collect::<Result<Vec<i64>, _>>()?);
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    // After a crash, a late one may stand in its run as well.
    found.dedup();
    found.truncate(limit);
    Ok(found)
}

/// Takes a person out of the index.
pub(super) fn forget(tx: &mut Tx<'_>, workspace: WorkspaceId, recipient: Msisdn) -> rusqlite::Result<()> {
    tx.memory.erasures += 1;
    tx.conn
        .prepare_cached(
            "DELETE FROM recipient_entry WHERE workspace = ?1 AND recipient = ?2 \
             AND run IN (SELECT id FROM recipient_run UNION ALL SELECT 0)",
        )?
        .execute([workspace.key(), rows::digits(recipient)])?;
    Ok(())
}

/// Takes messages up to `last` out of the index: the oldest run, when it has no others (`true`: there may be
/// more of them), else what the oldest run and the late ones have of them.
pub(super) fn drop_run(tx: &Tx<'_>, last: i64) -> rusqlite::Result<bool> {
    // The newest run stays listed, empty or not: it says how far runs reach.
    let whole: Option<i64> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM recipient_run WHERE last_message <= ?1 \
             AND id < (SELECT max(id) FROM recipient_run) ORDER BY id LIMIT 1",
        )?
        .query_row([last], |row| row.get(0))
        .optional()?;
    if let Some(run) = whole {
        tx.conn.prepare_cached("DELETE FROM recipient_run WHERE id = ?1")?.execute([run])?;
        tx.conn.prepare_cached("DELETE FROM recipient_entry WHERE run = ?1")?.execute([run])?;
        return Ok(true);
    }
    tx.conn
        .prepare_cached(
            "DELETE FROM recipient_entry WHERE message <= ?1 AND run IN \
             (SELECT id FROM recipient_run WHERE first_message < ?1 UNION ALL SELECT 0)",
        )?
        .execute([last])?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::memory::Memory;
    use super::super::statements::Statements;
    use super::super::tally::Tallies;
    use super::super::{Options, connect};
    use super::*;

    /// What may happen to the index. Ids and people are small numbers, so that they meet.
    #[derive(Clone, Debug)]
    enum Step {
        Kept {
            id: i64,
            to: i64,
        },
        /// The next run is sealed up to this id after the last one; then, before it is read, a message is
        /// kept; then it is appended, and listed unless the process dies.
        Run {
            ids: i64,
            between: (i64, i64),
            dies: bool,
        },
        Erased {
            to: i64,
        },
        Dropped {
            ids: i64,
        },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (1..200_i64, 0..4_i64).prop_map(|(id, to)| Step::Kept { id, to }),
            3 => (1..60_i64, (1..200_i64, 0..4_i64), any::<bool>())
                .prop_map(|(ids, between, dies)| Step::Run { ids, between, dies }),
            1 => (0..4_i64).prop_map(|to| Step::Erased { to }),
            1 => (0..120_i64).prop_map(|ids| Step::Dropped { ids }),
        ]
    }

    const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);

    fn person(to: i64) -> Msisdn {
        Msisdn::from_digits(33_639_980_000 + to.unsigned_abs()).expect("a number")
    }

    struct World {
        conn: Connection,
        memory: Memory,
        _folder: tempfile::TempDir,
        /// What the table of messages holds: who was written to by which.
        kept: BTreeSet<(i64, i64)>,
        /// Every id that was given.
        given: BTreeSet<i64>,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
            conn.pragma_update(None, "synchronous", "OFF").expect("set");
            let memory = load(&conn);
            Self { conn, memory, _folder: folder, kept: BTreeSet::new(), given: BTreeSet::new() }
        }

        fn tx<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> T) -> T {
            let (accepted, usage) = (Vec::new(), Vec::new());
            work(&mut Tx {
                condition: &super::super::condition::Condition::default(),
                conn: &self.conn,
                statements: Statements::new(&self.conn),
                memory: &mut self.memory,
                accepted,
                usage,
                tallies: Tallies::default(),
            })
        }

        fn keep(&mut self, id: i64, to: i64) {
            if !self.given.insert(id) {
                return;
            }
            self.kept.insert((to, id));
            let params = [id, WORKSPACE.key(), rows::digits(person(to))];
            self.conn
                .execute(
                    "INSERT INTO message VALUES (?1, ?2, 0, 'MyCompany', ?3, 'otp', 'x', 'gsm7', 1, 0, 0, 0, \
                     NULL, 0, NULL)",
                    params,
                )
                .expect("kept");
            self.tx(|tx| {
                if id <= tx.memory.sealed {
                    note_late(tx, WORKSPACE, person(to), MessageId::from_key(id)).expect("noted");
                }
            });
        }

        fn happens(&mut self, step: &Step) {
            match *step {
                Step::Kept { id, to } => self.keep(id, to),
                Step::Run { ids, between, dies } => {
                    let last = reach(&self.conn).expect("read") + ids;
                    let run = self.tx(|tx| seal(tx, last).expect("sealed"));
                    self.keep(between.0, between.1);
                    let entries = gather(&self.conn, run).expect("read");
                    for slice in entries.chunks(3) {
                        self.tx(|tx| append(tx, run, slice).expect("appended"));
                    }
                    if dies {
                        self.memory = load(&self.conn);
                    } else {
                        self.tx(|tx| list(tx, run).expect("listed"));
                    }
                }
                Step::Erased { to } => {
                    self.kept.retain(|(of, _)| *of != to);
                    let sql = "UPDATE message SET recipient = 999000000 WHERE recipient = ?1";
                    self.conn.execute(sql, [rows::digits(person(to))]).expect("erased");
                    self.tx(|tx| forget(tx, WORKSPACE, person(to)).expect("forgotten"));
                }
                Step::Dropped { ids } => {
                    self.kept.retain(|(_, id)| *id > ids);
                    self.conn.execute("DELETE FROM message WHERE id <= ?1", [ids]).expect("dropped");
                    while self.tx(|tx| drop_run(tx, ids).expect("dropped")) {}
                }
            }
        }
    }

    fn load(conn: &Connection) -> Memory {
        Memory::load(conn, &Options::new("unused")).expect("loads")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn a_look_up_finds_what_a_scan_finds(steps in proptest::collection::vec(step(), 1..40)) {
            let mut world = World::new();
            for step in &steps {
                world.happens(step);
                for to in 0..4 {
                    let scan: Vec<i64> =
                        world.kept.iter().rev().filter(|(of, _)| *of == to).map(|(_, id)| *id).collect();
                    for (below, limit) in [(i64::MAX, 100), (i64::MAX, 2), (60, 3)] {
                        let span =
                            Span { workspace: WORKSPACE, recipient: person(to), below, from: 0, limit };
                        let expected: Vec<i64> =
                            scan.iter().copied().filter(|id| *id < below).take(limit).collect();
                        prop_assert_eq!(find(&world.conn, span).expect("found"), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn runs_are_looked_into_one_after_the_other_by_the_key_alone() {
        let world = World::new();
        let mut explained =
            world.conn.prepare(&format!("EXPLAIN QUERY PLAN {IN_RUNS}")).expect("a statement");
        let plan: Vec<String> = explained
            .query_map([1, 1, 1, 1, 1], |row| row.get(3))
            .expect("runs")
            .collect::<Result<_, _>>()
            .expect("reads");
        assert!(
            plan[1].contains("SEARCH e USING PRIMARY KEY (run=? AND workspace=? AND recipient=?"),
            "{plan:?}"
        );
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "nothing is sorted: {plan:?}");
    }
}
