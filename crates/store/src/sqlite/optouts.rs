//! STOPs: recorded with what they withdraw, in one transaction, and asked at every departure of
//! marketing.

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{
    Class, ConsentId, MessageId, Msisdn, OptOutId, OptOutScope, PartId, Sender, Timestamp, WorkspaceId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::consents::{self, Scribe};
use super::fault::Fault;
use super::rows;
use super::secret::Secret;
use super::writer::Tx;
use super::{settings, waiting};
use crate::{
    COUNT_MAX, Change, Lifted, NewConsent, NewOptOut, OptOut, OptOutState, Page, Paged, StoreError,
    Withdrawal,
};

const OPT_OUT: &str = "SELECT id, workspace, number, scope, advertiser, source, reason, state, created_at, \
     created_by, lifted_at, lifted_by, lifted_reason, lifted_consent, number_hash, folded, own, \
     said_at FROM opt_out";

fn opt_out(row: &Row<'_>) -> rusqlite::Result<OptOut> {
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
    let mut changes = Vec::new();
    for new in batch {
        let number = new.number;
        let reach = Reach::of(&new, &own, scribe.workspace);
        let opt_out = record_one(tx, scribe, state, &secret.hash(number), named(new, &own), &reach)?;
        changes.extend(withdraw_waiting(tx, &reach, number, scribe.at)?);
        recorded.push(opt_out);
    }
    Ok((recorded, changes))
}

/// What a STOP covers.
pub(super) struct Reach {
    workspace: WorkspaceId,
    scope: OptOutScope,
    /// The advertiser as it is compared.
    folded: Option<String>,
    /// The advertiser was the workspace's own: a new name for it changes nothing.
    own: bool,
}

impl Reach {
    fn of(new: &NewOptOut, own: &str, workspace: WorkspaceId) -> Self {
        let own = fold_advertiser(own);
        let folded = (new.scope == OptOutScope::Advertiser)
            .then(|| new.advertiser.as_deref().map_or_else(|| own.clone(), fold_advertiser));
        Self { workspace, scope: new.scope, own: folded.as_ref() == Some(&own), folded }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let scope = row.get_ref(3)?.as_str().ok().and_then(OptOutScope::from_name);
        Ok(Self {
            workspace: WorkspaceId::from_key(row.get(1)?),
            scope: scope.ok_or_else(|| rows::wrong(3, "scope"))?,
            folded: row.get(15)?,
            own: row.get(16)?,
        })
    }
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
    tx: &Tx<'_>,
    scribe: Scribe<'_>,
    state: OptOutState,
    hash: &[u8; 32],
    new: NewOptOut,
    reach: &Reach,
) -> Result<OptOut, Fault> {
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
    Ok(fresh)
}

/// A STOP that is said again outlives consents collected meanwhile; a doubtful one that is said again
/// for sure is sure.
fn said_again(tx: &Tx<'_>, there: OptOut, state: OptOutState, at: Timestamp) -> Result<OptOut, Fault> {
    let sure = there.state == OptOutState::Confirmed || state == OptOutState::Confirmed;
    let state = if sure { OptOutState::Confirmed } else { OptOutState::Review };
    tx.conn
        .prepare_cached("UPDATE opt_out SET state = ?2, said_at = max(said_at, ?3) WHERE id = ?1")?
        .execute(params![there.id.key(), state.as_str(), at.millis()])?;
    Ok(OptOut { state, ..there })
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
        let Some((workspace, sender)) = sender_of(tx.conn, message)? else { continue };
        let mut origin = Origin { workspace, sender, advertiser: None };
        if origin.is_covered(tx.conn, reach)? {
            covered.push((message, why(reach.scope)));
        }
    }
    waiting::withdraw(tx, &covered, at)
}

fn sender_of(conn: &Connection, message: MessageId) -> rusqlite::Result<Option<(WorkspaceId, Sender)>> {
    conn.prepare_cached("SELECT workspace, sender FROM message WHERE id = ?1")?
        .query_row([message.key()], |row| {
            let sender = row.get_ref(1)?.as_str().ok().and_then(|name| name.parse().ok());
            Ok((WorkspaceId::from_key(row.get(0)?), sender.ok_or_else(|| rows::wrong(1, "sender"))?))
        })
        .optional()
}

/// Where a message comes from. Its advertiser is looked up once, when it is needed.
struct Origin {
    workspace: WorkspaceId,
    sender: Sender,
    advertiser: Option<Advertiser>,
}

/// Whose marketing a message is.
struct Advertiser {
    folded: String,
    /// It is the workspace's own.
    own: bool,
}

impl Origin {
    fn is_covered(&mut self, conn: &Connection, reach: &Reach) -> Result<bool, Fault> {
        if reach.scope == OptOutScope::Platform {
            return Ok(true);
        }
        if reach.workspace != self.workspace {
            return Ok(false);
        }
        if reach.scope == OptOutScope::Workspace {
            return Ok(true);
        }
        let advertiser = match self.advertiser.take() {
            Some(known) => known,
            None => self.look_up(conn)?,
        };
        let covered = reach.own && advertiser.own || reach.folded.as_ref() == Some(&advertiser.folded);
        self.advertiser = Some(advertiser);
        Ok(covered)
    }

    /// The sender's advertiser, or the workspace's own.
    fn look_up(&self, conn: &Connection) -> Result<Advertiser, Fault> {
        let of_sender: Option<Option<String>> = conn
            .prepare_cached("SELECT advertiser FROM sender WHERE workspace = ?1 AND folded = ?2")?
            .query_row(params![self.workspace.key(), self.sender.folded()], |row| row.get(0))
            .optional()?;
        let own = fold_advertiser(&settings::of(conn, self.workspace)?.advertiser);
        let folded = of_sender.flatten().map_or_else(|| own.clone(), |name| fold_advertiser(&name));
        Ok(Advertiser { own: folded == own, folded })
    }
}

/// Why a message stays: the rule's id, and its sentence.
fn why(scope: OptOutScope) -> Withdrawal {
    let (rule, reason) = match scope {
        OptOutScope::Advertiser => {
            ("fr.optout.advertiser", "the recipient has answered STOP to this advertiser")
        }
        OptOutScope::Workspace => {
            ("fr.optout.workspace", "the recipient objects to all marketing of this company")
        }
        OptOutScope::Platform => ("fr.optout.platform", "the recipient objects to all marketing"),
    };
    Withdrawal::Blocked { rule: rule.to_owned(), reason: reason.to_owned() }
}

/// Asks, within a batch, whether STOPs cover messages that are about to leave.
#[derive(Default)]
pub(super) struct Guard(Option<Secret>);

impl Guard {
    /// Why a message must stay; `None` when it may leave.
    pub(super) fn objection(
        &mut self,
        tx: &Tx<'_>,
        message: MessageId,
        recipient: Msisdn,
    ) -> Result<Option<Withdrawal>, Fault> {
        let secret = match &mut self.0 {
            Some(secret) => secret,
            none => none.insert(Secret::load(tx.conn)?),
        };
        let holding = holding(tx.conn, &secret.hash(recipient))?;
        if holding.is_empty() {
            return Ok(None);
        }
        let Some((workspace, sender)) = sender_of(tx.conn, message)? else { return Ok(None) };
        let mut origin = Origin { workspace, sender, advertiser: None };
        for (_, reach) in holding {
            if origin.is_covered(tx.conn, &reach)? {
                return Ok(Some(why(reach.scope)));
            }
        }
        Ok(None)
    }
}

/// Whether a message of this class is asked about.
pub(super) fn concerns(class: Class) -> bool {
    class == Class::Marketing
}

/// The STOPs of a number that hold, of all workspaces, oldest first.
pub(super) fn holding(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Vec<(OptOut, Reach)>> {
    conn.prepare_cached(&format!("{OPT_OUT} WHERE number_hash = ?1 AND lifted_at IS NULL ORDER BY id"))?
        .query_map([hash], |row| Ok((opt_out(row)?, Reach::read(row)?)))?
        .collect()
}

impl Reach {
    /// Whether the advertiser is the one that the workspace calls its own, by whatever name.
    pub(super) const fn is_own(&self) -> bool {
        self.own
    }
}

/// The end of a STOP, as somebody wants it.
pub(super) struct Lifting {
    pub(super) id: OptOutId,
    pub(super) reason: String,
    pub(super) consent: Option<NewConsent>,
}

/// Lifts a STOP, with the new consent that it rests on.
pub(super) fn lift(tx: &Tx<'_>, scribe: Scribe<'_>, lifting: Lifting) -> Result<OptOut, Fault> {
    let Lifting { id, reason, consent } = lifting;
    let there = tx
        .conn
        .prepare_cached(&format!("{OPT_OUT} WHERE id = ?1 AND workspace = ?2"))?
        .query_row(params![id.key(), scribe.workspace.key()], Kept::read)
        .optional()?
        .ok_or(StoreError::NotFound("opt-out"))?;
    if let Some(why_not) = refuse_lifting(tx, &there, &reason, consent.as_ref())? {
        return Err(StoreError::Conflict(why_not.to_owned()).into());
    }
    let given = consents::give(tx, scribe, consent.into_iter().collect())?;
    let consent = given.last().map(|entry| entry.id);
    tx.conn
        .prepare_cached(
            "UPDATE opt_out SET lifted_at = ?2, lifted_by = ?3, lifted_reason = ?4, lifted_consent = ?5 \
             WHERE id = ?1",
        )?
        .execute(params![id.key(), scribe.at.millis(), scribe.by, reason, consent.map(ConsentId::key)])?;
    let lifted = Some(Lifted { at: scribe.at, by: scribe.by.to_owned(), reason, consent });
    Ok(OptOut { lifted, ..there.opt_out })
}

/// A STOP with what only the store needs of it.
struct Kept {
    opt_out: OptOut,
    reach: Reach,
    hash: [u8; 32],
    said_at: Timestamp,
}

impl Kept {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (hash, said_at) = (row.get(14)?, rows::time(row, 17)?);
        Ok(Self { opt_out: opt_out(row)?, reach: Reach::read(row)?, hash, said_at })
    }
}

/// A STOP is lifted once, for a reason, and on a consent that is newer and covers it; one that was only
/// doubtful needs no consent.
fn refuse_lifting(
    tx: &Tx<'_>,
    there: &Kept,
    reason: &str,
    consent: Option<&NewConsent>,
) -> Result<Option<&'static str>, Fault> {
    if there.opt_out.lifted.is_some() {
        return Ok(Some("this opt-out was lifted before"));
    }
    if reason.trim().is_empty() {
        return Ok(Some("say why the opt-out is lifted"));
    }
    let Some(consent) = consent else {
        let sure = there.opt_out.state == OptOutState::Confirmed;
        return Ok(sure.then_some("an opt-out is lifted only on a new consent of the person, with its proof"));
    };
    if Secret::load(tx.conn)?.hash(consent.number) != there.hash {
        return Ok(Some("the consent is another number's"));
    }
    if consent.collected_at <= there.said_at {
        return Ok(Some("the consent is older than the opt-out"));
    }
    if there.reach.scope != OptOutScope::Advertiser {
        return Ok(None);
    }
    let given_to = fold_advertiser(&consent.advertiser);
    let own = || Ok::<_, Fault>(fold_advertiser(&settings::of(tx.conn, there.reach.workspace)?.advertiser));
    let covered = there.reach.folded.as_ref() == Some(&given_to) || there.reach.own && own()? == given_to;
    Ok((!covered).then_some("the consent is for another advertiser"))
}

/// A workspace's STOPs, newest first: all of them, or a number's.
pub(super) fn list(
    conn: &mut Connection,
    workspace: WorkspaceId,
    number: Option<Msisdn>,
    page: Page,
) -> Result<Paged<OptOut>, Fault> {
    let tx = conn.transaction()?;
    let hash = number.map(|number| Ok::<_, Fault>(Secret::load(&tx)?.hash(number))).transpose()?;
    let condition = "workspace = ?1 AND (?2 IS NULL OR number_hash = ?2)";
    let total = tx
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM opt_out WHERE {condition} LIMIT {COUNT_MAX})"
        ))?
        .query_row(params![workspace.key(), hash], |row| rows::count(row, 0))?;
    let (limit, offset) = super::read::window(page);
    let rows = tx
        .prepare_cached(&format!("{OPT_OUT} WHERE {condition} ORDER BY id DESC LIMIT ?3 OFFSET ?4"))?
        .query_map(params![workspace.key(), hash, limit, offset], opt_out)?
        .collect::<Result<_, _>>()?;
    Ok(Paged { rows, total })
}
