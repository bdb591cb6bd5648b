//! STOPs: recorded with what they withdraw, in one transaction, and listed.

use facteur_domain::{ConsentId, MessageId, Msisdn, OptOutId, OptOutScope, PartId, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::admin::note;
use super::consents::{self, Scribe};
use super::fault::Fault;
use super::reach::{Origin, Reach, why};
use super::rows;
use super::secret::Secret;
use super::writer::Tx;
use super::{settings, waiting, walks, webhooks};
use crate::{
    Actor, COUNT_MAX, Change, Lifted, NewOptOut, OptOut, OptOutFilter, OptOutState, Page, Paged, StoreError,
};

/// The source of a STOP that an operator told, and who recorded it.
const OPERATOR: &str = "operator";

/// The columns of a STOP, in the order in which they are read.
pub(super) const OPT_OUT: &str = "SELECT id, workspace, number, scope, advertiser, source, reason, state, created_at, \
     created_by, lifted_at, lifted_by, lifted_reason, lifted_consent, number_hash, folded, own, \
     said_at FROM opt_out";

/// A workspace's STOPs; the platform's are all that reach so far, whoever recorded them.
pub(super) const OURS: &str = "(workspace = ?2 OR ?2 = 0 AND scope = 'platform')";

/// A STOP from a row of [`OPT_OUT`].
pub(super) fn opt_out(row: &Row<'_>) -> rusqlite::Result<OptOut> {
    let named = |column: usize| row.get_ref(column).map(|value| value.as_str().unwrap_or("").to_owned());
    Ok(OptOut {
        id: OptOutId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        number: row.get::<_, Option<i64>>(2)?.map(|_| rows::msisdn(row, 2)).transpose()?,
        scope: OptOutScope::from_name(&named(3)?).ok_or_else(|| rows::wrong(3, "scope"))?,
        advertiser: row.get(4)?,
        source: row.get(5)?,
        reason: row.get(6)?,
        state: OptOutState::from_name(&named(7)?).ok_or_else(|| rows::wrong(7, "STOP's state"))?,
        created_at: rows::time(row, 8)?,
        created_by: row.get(9)?,
        lifted: lifted(row)?,
    })
}

fn lifted(row: &Row<'_>) -> rusqlite::Result<Option<Lifted>> {
    let Some(at) = rows::maybe_time(row, 10)? else { return Ok(None) };
    let consent = row.get::<_, Option<i64>>(13)?.map(ConsentId::from_key);
    Ok(Some(Lifted { at, by: row.get(11)?, reason: row.get(12)?, consent }))
}

/// Records STOPs and withdraws the marketing that waits for their numbers.
pub(super) fn record(
    tx: &mut Tx<'_>,
    scribe: Scribe<'_>,
    state: OptOutState,
    batch: Vec<NewOptOut>,
) -> Result<(Vec<OptOut>, Vec<Change>), Fault> {
    let secret = Secret::load(tx.conn)?;
    let own = settings::of(tx.conn, scribe.workspace)?.advertiser;
    let mut recorded = Vec::with_capacity(batch.len());
    let (mut fresh, mut sure) = (Vec::new(), Vec::new());
    let mut changes = Vec::new();
    for new in batch {
        let number = new.number;
        // Before the commit, so that nothing is written between the two. What is held back in vain, because the
        // commit fails, is judged again and goes.
        tx.memory.stops.said(number);
        let reach = Reach::of(&new, &own, scribe.workspace);
        let (opt_out, said) = record_one(tx, scribe, state, &secret.hash(number), named(new, &own), &reach)?;
        changes.extend(withdraw_waiting(tx, &reach, number, scribe.at)?);
        match said {
            Said::First => fresh.push(opt_out.clone()),
            Said::ForSure => sure.push(opt_out.clone()),
            Said::Again => {}
        }
        recorded.push(opt_out);
    }
    told(tx, scribe, "opt_out.recorded", &fresh, ("", state.as_str()))?;
    let read = (OptOutState::Review.as_str(), OptOutState::Confirmed.as_str());
    told(tx, scribe, "opt_out.confirmed", &sure, read)?;
    Ok((recorded, changes))
}

/// What a STOP that is recorded is.
#[derive(Clone, Copy)]
enum Said {
    First,
    /// It was doubtful before.
    ForSure,
    /// It held already.
    Again,
}

/// Says in the audit log what was recorded; a list in one line.
fn told(
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    action: &str,
    stops: &[OptOut],
    change: (&str, &str),
) -> Result<(), Fault> {
    let detail = match stops {
        [] => return Ok(()),
        [OptOut { id, scope, advertiser, source, .. }] => {
            let whose = advertiser.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            format!("{id} {}{whose}, {source}", scope.as_str())
        }
        [first, .., last] => {
            format!("{} opt-outs, {} to {}, {}", stops.len(), first.id, last.id, first.source)
        }
    };
    note(tx, &scribe.line(action, detail, change))
}

/// Records what an operator knows: the recipient of a message told it STOP. It counts for the message's
/// advertiser.
pub(super) fn by_operator(
    tx: &mut Tx<'_>,
    message: MessageId,
    number: Msisdn,
    at: Timestamp,
) -> Result<(), Fault> {
    let Some((workspace, advertiser)) = Origin::advertiser_of(tx.conn, message)? else { return Ok(()) };
    let opt_out = NewOptOut {
        number,
        scope: OptOutScope::Advertiser,
        advertiser,
        source: OPERATOR.to_owned(),
        reason: Some("the operator says that the recipient answered STOP".to_owned()),
    };
    let scribe = Scribe { workspace, at, by: OPERATOR, origin: None };
    record(tx, scribe, OptOutState::Confirmed, vec![opt_out])?;
    Ok(())
}

/// An advertiser's STOP has a name, the others have none.
fn named(new: NewOptOut, own: &str) -> NewOptOut {
    let advertiser = match new.scope {
        OptOutScope::Advertiser => Some(new.advertiser.unwrap_or_else(|| own.to_owned())),
        OptOutScope::Workspace | OptOutScope::Platform => None,
    };
    NewOptOut { advertiser, ..new }
}

/// Records a STOP, or answers the one that holds already.
fn record_one(
    tx: &mut Tx<'_>,
    scribe: Scribe<'_>,
    state: OptOutState,
    hash: &[u8; 32],
    new: NewOptOut,
    reach: &Reach,
) -> Result<(OptOut, Said), Fault> {
    let there = tx
        .conn
        .prepare_cached(&format!(
            "{OPT_OUT} WHERE number_hash = ?1 AND lifted_at IS NULL AND workspace = ?2 AND scope = ?3 \
             AND (folded IS ?4 OR own = 1 AND ?5) ORDER BY id"
        ))?
        .query_row(
            params![hash, scribe.workspace.key(), new.scope.as_str(), reach.folded, reach.own],
            opt_out,
        )
        .optional()?;
    if let Some(there) = there {
        return said_again(tx, there, state, scribe.at);
    }
    let fresh = OptOut {
        id: OptOutId::from_key(consents::next_key(tx.conn, "opt_out", scribe.at)?),
        workspace: scribe.workspace,
        number: Some(new.number),
        scope: new.scope,
        advertiser: new.advertiser,
        source: new.source,
        reason: new.reason,
        state,
        created_at: scribe.at,
        created_by: scribe.by.to_owned(),
        lifted: None,
    };
    insert(tx.conn, &fresh, hash, reach)?;
    webhooks::opted_out(tx, &fresh)?;
    tx.tallies.stopped(fresh.workspace, fresh.created_at, &fresh.source);
    Ok((fresh, Said::First))
}

/// A STOP that is said again outlives consents collected meanwhile; a doubtful one that is said again
/// for sure is sure.
fn said_again(
    tx: &Tx<'_>,
    there: OptOut,
    state: OptOutState,
    at: Timestamp,
) -> Result<(OptOut, Said), Fault> {
    let sure = there.state == OptOutState::Confirmed || state == OptOutState::Confirmed;
    let state = if sure { OptOutState::Confirmed } else { OptOutState::Review };
    tx.conn
        .prepare_cached("UPDATE opt_out SET state = ?2, said_at = max(said_at, ?3) WHERE id = ?1")?
        .execute(params![there.id.key(), state.as_str(), at.millis()])?;
    let said = if state == there.state { Said::Again } else { Said::ForSure };
    Ok((OptOut { state, ..there }, said))
}

fn insert(conn: &Connection, opt_out: &OptOut, hash: &[u8; 32], reach: &Reach) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO opt_out (id, workspace, number, number_hash, scope, advertiser, folded, own, source, \
         reason, state, created_at, created_by, said_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?12)",
    )?
    .execute(params![
        opt_out.id.key(),
        opt_out.workspace.key(),
        opt_out.number.map(rows::digits),
        hash,
        opt_out.scope.as_str(),
        opt_out.advertiser,
        reach.folded,
        reach.own,
        opt_out.source,
        opt_out.reason,
        opt_out.state.as_str(),
        opt_out.created_at.millis(),
        opt_out.created_by,
    ])?;
    Ok(())
}

/// Withdraws the marketing that waits and that a STOP covers.
fn withdraw_waiting(
    tx: &mut Tx<'_>,
    reach: &Reach,
    number: Msisdn,
    at: Timestamp,
) -> Result<Vec<Change>, Fault> {
    let keys: Vec<i64> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM work WHERE recipient = ?1 AND class = 'marketing' AND state IN (0, 1) ORDER BY id",
        )?
        .query_map([rows::digits(number)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut messages: Vec<MessageId> = keys.into_iter().map(|key| PartId::from_key(key).message()).collect();
    messages.dedup();
    let mut covered = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(mut origin) = Origin::of(tx.conn, message)? else { continue };
        if origin.is_covered(tx.conn, reach)? {
            covered.push((message, why(reach.scope)));
        }
    }
    waiting::withdraw(tx, &covered, at)
}

/// The STOPs of a number that hold, of all workspaces, oldest first.
pub(super) fn holding(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Vec<(OptOut, Reach)>> {
    conn.prepare_cached(&format!("{OPT_OUT} WHERE number_hash = ?1 AND lifted_at IS NULL ORDER BY id"))?
        .query_map([hash], |row| Ok((opt_out(row)?, Reach::read(row)?)))?
        .collect()
}

/// Somebody has read a doubtful STOP: it is one.
pub(super) fn confirm(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    id: OptOutId,
    at: Timestamp,
    actor: Actor,
) -> Result<OptOut, Fault> {
    let there = tx
        .conn
        .prepare_cached(&format!("{OPT_OUT} WHERE id = ?1 AND {OURS}"))?
        .query_row([id.key(), workspace.key()], opt_out)
        .optional()?
        .ok_or(StoreError::NotFound("opt-out"))?;
    if there.lifted.is_some() {
        return Err(StoreError::Conflict("this opt-out was lifted".to_owned()).into());
    }
    if there.state == OptOutState::Confirmed {
        return Ok(there);
    }
    let state = OptOutState::Confirmed;
    tx.conn
        .prepare_cached("UPDATE opt_out SET state = ?2 WHERE id = ?1")?
        .execute(params![id.key(), state.as_str()])?;
    let confirmed = OptOut { state, ..there };
    let read = (OptOutState::Review.as_str(), state.as_str());
    let scribe = Scribe::new(workspace, at, &actor);
    told(tx, scribe, "opt_out.confirmed", std::slice::from_ref(&confirmed), read)?;
    Ok(confirmed)
}

/// A workspace's STOPs, newest first; of the platform, all that reach so far, whoever recorded them.
pub(super) fn list(
    conn: &mut Connection,
    workspace: WorkspaceId,
    filter: OptOutFilter,
    page: Page,
) -> Result<Paged<OptOut>, Fault> {
    let tx = conn.transaction()?;
    let (condition, mut values) = walks::condition(&tx, workspace, filter)?;
    let total = tx
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM opt_out WHERE {condition} LIMIT {COUNT_MAX})"
        ))?
        .query_row(params_from_iter(&values), |row| rows::count(row, 0))?;
    let (limit, offset) = super::read::window(page);
    values.extend([limit.into(), offset.into()]);
    let rows = tx
        .prepare_cached(&format!("{OPT_OUT} WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?"))?
        .query_map(params_from_iter(&values), opt_out)?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}
