//! The consent ledger: entries are appended, read and proved, never changed.

use facteur_domain::{Basis, ConsentId, IdSource, Msisdn, Timestamp, WorkspaceId, consent::fold_advertiser};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::note;
use super::fault::Fault;
use super::ledger;
use super::rows;
use super::writer::Tx;
use crate::{Actor, AuditLine, COUNT_MAX, ChainReport, ConsentEntry, ConsentEvent, NewConsent, Page, Paged};

/// The distance of two ids: the low four bits of an id are a part's index.
const ID_STEP: i64 = 16;

/// A fresh key above all keys of `table`, whichever process made them, no lower than `at`.
pub(super) fn next_key(conn: &Connection, table: &str, at: Timestamp) -> rusqlite::Result<i64> {
    let last: Option<i64> =
        conn.prepare_cached(&format!("SELECT max(id) FROM {table}"))?.query_row([], |row| row.get(0))?;
    let fresh = IdSource::new(0).next(at);
    Ok(last.map_or(fresh, |last| fresh.max((last | (ID_STEP - 1)) + 1)))
}

/// Whose ledger is written, when and by whom.
#[derive(Clone, Copy)]
pub(super) struct Scribe<'a> {
    pub(super) workspace: WorkspaceId,
    pub(super) at: Timestamp,
    pub(super) by: &'a str,
    pub(super) origin: Option<&'a str>,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(workspace: WorkspaceId, at: Timestamp, actor: &'a Actor) -> Self {
        Self { workspace, at, by: &actor.name, origin: actor.origin.as_deref() }
    }

    /// A line of the audit log about what is written.
    pub(super) fn line(&self, action: &str, detail: String, (before, after): (&str, &str)) -> AuditLine {
        let actor = Actor { name: self.by.to_owned(), origin: self.origin.map(str::to_owned) };
        let workspace = Some(self.workspace).filter(|workspace| *workspace != WorkspaceId::PLATFORM);
        let some = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        let line = AuditLine::new(self.at, actor, workspace, action, detail);
        AuditLine { before: some(before), after: some(after), ..line }
    }
}

/// Appends grounds to a ledger, as somebody asks for it.
pub(super) fn record(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    consents: Vec<NewConsent>,
) -> Result<Vec<ConsentEntry>, Fault> {
    let given = give(tx, scribe, consents)?;
    told(tx, scribe, "consent.recorded", &given, ("", "given"))?;
    Ok(given)
}

/// Says in the audit log what became of a ledger; a list in one line.
fn told(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    action: &str,
    entries: &[ConsentEntry],
    change: (&str, &str),
) -> Result<(), Fault> {
    let about = |entry: &ConsentEntry| {
        let of = entry.consent.as_ref().map(|consent| {
            format!(" {}, {}: {}", consent.basis.as_str(), consent.advertiser, consent.purpose)
        });
        format!("{}{}", entry.id, of.unwrap_or_default())
    };
    let detail = match entries {
        [] => return Ok(()),
        [only] => about(only),
        [first, .., last] => format!("{} entries, {} to {}", entries.len(), first.id, last.id),
    };
    note(tx, &scribe.line(action, detail, change))
}

/// Appends grounds to a ledger. Who brings them with a message leaves no line in the audit log: the ledger's
/// own entry says who recorded it.
pub(super) fn give(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    consents: Vec<NewConsent>,
) -> Result<Vec<ConsentEntry>, Fault> {
    let given = consents.into_iter().map(|consent| append(tx, scribe, ConsentEvent::Given, None, consent));
    Ok(given.collect::<Result<_, _>>()?)
}

/// Withdraws what holds for a number: all of it, or that of one advertiser.
pub(super) fn withdraw(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    number: Msisdn,
    advertiser: Option<&str>,
    reason: &str,
) -> Result<Vec<ConsentEntry>, Fault> {
    let advertiser = advertiser.map(fold_advertiser);
    let mut withdrawn = Vec::new();
    for Ground { id, consent, withdrawn_at } in grounds(of_number(tx.conn, scribe.workspace, number)?) {
        if withdrawn_at.is_some() {
            continue;
        }
        if advertiser.as_ref().is_none_or(|wanted| *wanted == fold_advertiser(&consent.advertiser)) {
            let event = ConsentEvent::Withdrawn { reason: reason.to_owned() };
            withdrawn.push(append(tx, scribe, event, Some(id), consent)?);
        }
    }
    told(tx, scribe, "consent.withdrawn", &withdrawn, ("given", "withdrawn"))?;
    Ok(withdrawn)
}

/// A ground that was given, and when it ended.
pub(super) struct Ground {
    pub(super) id: ConsentId,
    pub(super) consent: NewConsent,
    pub(super) withdrawn_at: Option<Timestamp>,
}

/// The grounds that entries give, in their order. One that was collected before a withdrawal for the
/// same advertiser is withdrawn with it, also when it is recorded afterwards: an old list, imported
/// again, brings nothing back.
pub(super) fn grounds(entries: Vec<ConsentEntry>) -> Vec<Ground> {
    let mut grounds: Vec<Ground> = Vec::new();
    let mut ends: Vec<(String, Timestamp)> = Vec::new();
    for entry in entries {
        let Some(consent) = entry.consent else { continue };
        let advertiser = fold_advertiser(&consent.advertiser);
        match entry.withdraws {
            Some(ended) => {
                let at = entry.recorded_at;
                let held = |ground: &&mut Ground| ground.id == ended && ground.withdrawn_at.is_none();
                grounds.iter_mut().filter(held).for_each(|ground| ground.withdrawn_at = Some(at));
                ends.push((advertiser, at));
            }
            None => {
                let ends =
                    ends.iter().filter(|(name, at)| *name == advertiser && consent.collected_at <= *at);
                let withdrawn_at = ends.map(|(_, at)| *at).max();
                grounds.push(Ground { id: entry.id, consent, withdrawn_at });
            }
        }
    }
    grounds
}

/// As [`give`], but a ground that holds already, word for word, is not recorded again. The last entry
/// that stands for one of them.
pub(super) fn give_once(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    consents: Vec<NewConsent>,
) -> Result<Option<ConsentId>, Fault> {
    let mut last = None;
    for consent in consents {
        let there = grounds(of_number(tx.conn, scribe.workspace, consent.number)?);
        let same = |ground: &&Ground| ground.consent == consent && ground.withdrawn_at.is_none();
        last = match there.iter().find(same) {
            Some(ground) => Some(ground.id),
            None => give(tx, scribe, vec![consent])?.last().map(|entry| entry.id),
        };
    }
    Ok(last)
}

fn append(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    event: ConsentEvent,
    withdraws: Option<ConsentId>,
    consent: NewConsent,
) -> rusqlite::Result<ConsentEntry> {
    let (last, previous) = head(tx.conn, scribe.workspace)?;
    let salt: [u8; 32] = tx.conn.prepare_cached("SELECT randomblob(32)")?.query_row([], |row| row.get(0))?;
    let mut entry = ConsentEntry {
        id: ConsentId::from_key(next_key(tx.conn, "consent", scribe.at)?),
        workspace: scribe.workspace,
        sequence: last + 1,
        personal: ledger::personal(&salt, &consent, &event),
        event,
        withdraws,
        consent: Some(consent),
        recorded_by: scribe.by.to_owned(),
        recorded_at: scribe.at,
        salt: Some(salt),
        previous,
        hash: [0; 32],
    };
    entry.hash = ledger::entry(&entry, &previous);
    insert(tx.conn, &entry)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO consent_head (workspace, sequence, hash) VALUES (?1, ?2, ?3) \
             ON CONFLICT (workspace) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
        )?
        .execute(params![entry.workspace.key(), entry.sequence.cast_signed(), entry.hash])?;
    Ok(entry)
}

/// The place and hash of a ledger's last entry; 0 and zeros when it has none.
fn head(conn: &Connection, workspace: WorkspaceId) -> rusqlite::Result<(u64, [u8; 32])> {
    let found = conn
        .prepare_cached("SELECT sequence, hash FROM consent_head WHERE workspace = ?1")?
        .query_row([workspace.key()], |row| Ok((rows::count(row, 0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, [0; 32])))
}

fn insert(conn: &Connection, entry: &ConsentEntry) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO consent (id, workspace, sequence, event, withdraws, recorded_at, recorded_by, personal, \
         previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entry.id.key(),
        entry.workspace.key(),
        entry.sequence.cast_signed(),
        ledger::event_name(&entry.event),
        entry.withdraws.map(ConsentId::key),
        entry.recorded_at.millis(),
        entry.recorded_by,
        entry.personal,
        entry.previous,
        entry.hash,
    ])?;
    entry.consent.as_ref().map_or(Ok(()), |consent| insert_person(conn, entry, consent))
}

fn insert_person(conn: &Connection, entry: &ConsentEntry, consent: &NewConsent) -> rusqlite::Result<()> {
    let reason = match &entry.event {
        ConsentEvent::Given => None,
        ConsentEvent::Withdrawn { reason } => Some(reason),
    };
    conn.prepare_cached(
        "INSERT INTO consent_person (entry, workspace, number, basis, advertiser, purpose, collected_at, \
         source, text_shown, evidence, professional, reason, salt) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        entry.id.key(),
        entry.workspace.key(),
        rows::digits(consent.number),
        consent.basis.as_str(),
        consent.advertiser,
        consent.purpose,
        consent.collected_at.millis(),
        consent.source,
        consent.text_shown,
        consent.evidence,
        consent.professional,
        reason,
        entry.salt,
    ])?;
    Ok(())
}

const ENTRY: &str = "SELECT c.id, c.workspace, c.sequence, c.event, c.withdraws, c.recorded_at, c.recorded_by, \
     c.personal, c.previous, c.hash, p.entry, p.number, p.basis, p.advertiser, p.purpose, p.collected_at, \
     p.source, p.text_shown, p.evidence, p.professional, p.reason, p.salt \
     FROM consent c LEFT JOIN consent_person p ON p.entry = c.id";

fn entry(row: &Row<'_>) -> rusqlite::Result<ConsentEntry> {
    let event = match row.get_ref(3)?.as_str().unwrap_or("") {
        "given" => ConsentEvent::Given,
        "withdrawn" => {
            ConsentEvent::Withdrawn { reason: row.get::<_, Option<String>>(20)?.unwrap_or_default() }
        }
        _ => return Err(rows::wrong(3, "ledger's event")),
    };
    Ok(ConsentEntry {
        id: ConsentId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        sequence: rows::count(row, 2)?,
        event,
        withdraws: row.get::<_, Option<i64>>(4)?.map(ConsentId::from_key),
        consent: row.get::<_, Option<i64>>(10)?.map(|_| person(row)).transpose()?,
        recorded_by: row.get(6)?,
        recorded_at: rows::time(row, 5)?,
        salt: row.get(21)?,
        personal: row.get(7)?,
        previous: row.get(8)?,
        hash: row.get(9)?,
    })
}

fn person(row: &Row<'_>) -> rusqlite::Result<NewConsent> {
    let basis = row.get_ref(12)?.as_str().ok().and_then(Basis::from_name);
    Ok(NewConsent {
        number: rows::msisdn(row, 11)?,
        basis: basis.ok_or_else(|| rows::wrong(12, "basis"))?,
        advertiser: row.get(13)?,
        purpose: row.get(14)?,
        collected_at: rows::time(row, 15)?,
        source: row.get(16)?,
        text_shown: row.get(17)?,
        evidence: row.get(18)?,
        professional: row.get(19)?,
    })
}

/// What a ledger says of a number, oldest first.
pub(super) fn of_number(
    conn: &Connection,
    workspace: WorkspaceId,
    number: Msisdn,
) -> rusqlite::Result<Vec<ConsentEntry>> {
    conn.prepare_cached(&of_number_query())?
        .query_map(params![workspace.key(), rows::digits(number)], entry)?
        .collect()
}

/// Starts at the person, whose entries are few. The plus keeps SQLite from starting at the workspace, whose
/// ledger is in the order that is asked for, but may be a hundred thousand entries long: this is asked for
/// every message of marketing.
fn of_number_query() -> String {
    format!("{ENTRY} WHERE p.workspace = ?1 AND p.number = ?2 AND +c.workspace = ?1 ORDER BY c.sequence")
}

/// A ledger, newest first.
pub(super) fn list(
    conn: &mut Connection,
    workspace: WorkspaceId,
    page: Page,
) -> Result<Paged<ConsentEntry>, Fault> {
    let tx = conn.transaction()?;
    let (total, _) = head(&tx, workspace)?;
    let (limit, offset) = super::read::window(page);
    let rows = tx
        .prepare_cached(&format!(
            "{ENTRY} WHERE c.workspace = ?1 ORDER BY c.sequence DESC LIMIT ?2 OFFSET ?3"
        ))?
        .query_map(params![workspace.key(), limit, offset], entry)?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total: total.min(COUNT_MAX) })
}

/// A ledger before an entry, newest first.
pub(super) fn below(
    conn: &Connection,
    workspace: WorkspaceId,
    below: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Vec<ConsentEntry>> {
    let below = below.and_then(|sequence| i64::try_from(sequence).ok()).unwrap_or(i64::MAX);
    conn.prepare_cached(&format!(
        "{ENTRY} WHERE c.workspace = ?1 AND c.sequence < ?2 ORDER BY c.sequence DESC LIMIT ?3"
    ))?
    .query_map(params![workspace.key(), below, rows::limit(limit)], entry)?
    .collect()
}

/// A ledger after an entry, oldest first.
pub(super) fn export(
    conn: &Connection,
    workspace: WorkspaceId,
    after: u64,
    limit: usize,
) -> Result<Vec<ConsentEntry>, Fault> {
    Ok(conn
        .prepare_cached(&format!(
            "{ENTRY} WHERE c.workspace = ?1 AND c.sequence > ?2 ORDER BY c.sequence LIMIT ?3"
        ))?
        .query_map(
            params![workspace.key(), i64::try_from(after).unwrap_or(i64::MAX), rows::limit(limit)],
            entry,
        )?
        .collect::<Result<_, _>>()?)
}

/// Recomputes a ledger from its first entry.
pub(super) fn verify(conn: &mut Connection, workspace: WorkspaceId) -> Result<ChainReport, Fault> {
    let tx = conn.transaction()?;
    let (last, head_hash) = head(&tx, workspace)?;
    let mut report = ChainReport { entries: 0, broken_at: None, head: [0; 32] };
    let mut statement = tx.prepare_cached(&format!("{ENTRY} WHERE c.workspace = ?1 ORDER BY c.sequence"))?;
    let mut found = statement.query([workspace.key()])?;
    while let Some(row) = found.next()? {
        report.entries += 1;
        if report.broken_at.is_some() {
            continue;
        }
        // A column that cannot be read is as wrong as one with another value.
        match entry(row) {
            Ok(entry) if is_sound(&tx, &entry, report)? => report.head = entry.hash,
            _ => report.broken_at = Some(report.entries),
        }
    }
    // The end is cut off, or the note of where it is was changed.
    if report.broken_at.is_none() && (report.entries, report.head) != (last, head_hash) {
        report.broken_at = Some(report.entries.min(last) + u64::from(report.entries != last));
    }
    Ok(report)
}

fn is_sound(conn: &Connection, entry: &ConsentEntry, before: ChainReport) -> rusqlite::Result<bool> {
    let in_place = entry.sequence == before.entries && entry.previous == before.head;
    if !in_place || entry.hash != ledger::entry(entry, &before.head) {
        return Ok(false);
    }
    match (&entry.consent, &entry.salt) {
        (Some(consent), Some(salt)) => Ok(entry.personal == ledger::personal(salt, consent, &entry.event)),
        _ => conn.prepare_cached("SELECT 1 FROM consent_erased WHERE entry = ?1")?.exists([entry.id.key()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Options, connect};

    #[test]
    fn a_person_s_consents_are_found_without_reading_the_ledger() {
        let folder = tempfile::tempdir().expect("a folder");
        let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        let plan: Vec<String> = conn
            .prepare(&format!("EXPLAIN QUERY PLAN {}", of_number_query()))
            .expect("valid")
            .query_map([16, 33_639_980_001i64], |row| row.get(3))
            .expect("runs")
            .collect::<Result<_, _>>()
            .expect("reads");
        assert!(plan[0].contains("consent_of_number (workspace=? AND number=?)"), "{plan:?}");
        assert!(plan[1].contains("SEARCH c USING INTEGER PRIMARY KEY"), "{plan:?}");
    }
}
