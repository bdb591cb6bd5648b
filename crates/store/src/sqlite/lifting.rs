//! The end of a STOP: a reason, and a new consent of the person.

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{ConsentId, Msisdn, OptOutId, OptOutScope, ShortCode, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::note;
use super::consents::{self, Scribe};
use super::fault::Fault;
use super::optouts::{OPT_OUT, OURS, holding, opt_out};
use super::reach::Reach;
use super::rows;
use super::secret::Secret;
use super::settings;
use super::writer::Tx;
use crate::{Lifted, NewConsent, OptOut, OptOutState, StoreError};

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
        .prepare_cached(&format!("{OPT_OUT} WHERE id = ?1 AND {OURS}"))?
        .query_row(params![id.key(), scribe.workspace.key()], Kept::read)
        .optional()?
        .ok_or(StoreError::NotFound("opt-out"))?;
    let of_platform = scribe.workspace == WorkspaceId::PLATFORM;
    if of_platform && consent.is_some() {
        let why_not =
            "an opt-out of the whole platform is lifted for a reason alone: no consent is to everybody";
        return Err(StoreError::Conflict(why_not.to_owned()).into());
    }
    if let Some(why_not) = refuse_lifting(tx, &there, &reason, consent.as_ref(), of_platform)? {
        return Err(StoreError::Conflict(why_not.to_owned()).into());
    }
    let given = consents::record(tx, scribe, consent.into_iter().collect())?;
    let consent = given.last().map(|entry| entry.id);
    tx.conn
        .prepare_cached(
            "UPDATE opt_out SET lifted_at = ?2, lifted_by = ?3, lifted_reason = ?4, lifted_consent = ?5 \
             WHERE id = ?1",
        )?
        .execute(params![id.key(), scribe.at.millis(), scribe.by, reason, consent.map(ConsentId::key)])?;
    note(tx, &scribe.line("opt_out.lifted", about(id, consent), (there.opt_out.state.as_str(), "lifted")))?;
    let lifted = Some(Lifted { at: scribe.at, by: scribe.by.to_owned(), reason, consent });
    Ok(OptOut { lifted, ..there.opt_out })
}

/// A STOP and the consent that ends it.
fn about(id: OptOutId, consent: Option<ConsentId>) -> String {
    consent.map_or_else(|| id.to_string(), |consent| format!("{id}, on {consent}"))
}

/// Records a consent that a person gave by writing to us, and lifts with it what they had said before to
/// the same advertiser.
pub(super) fn lift_by(
    tx: &mut Tx<'_>,
    scribe: Scribe<'_>,
    consent: NewConsent,
    reason: &str,
) -> Result<(), Fault> {
    let (number, at, given_to) = (consent.number, consent.collected_at, fold_advertiser(&consent.advertiser));
    let own = fold_advertiser(&settings::of(tx.conn, scribe.workspace)?.advertiser);
    let given = consents::record(tx, scribe, vec![consent])?.last().map(|entry| entry.id);
    for (stop, reach) in holding(tx.conn, &Secret::load(tx.conn)?.hash(number))? {
        let covered = reach.folded.as_ref() == Some(&given_to) || reach.own && own == given_to;
        let ours = stop.workspace == scribe.workspace && stop.scope == OptOutScope::Advertiser;
        if !(ours && covered) {
            continue;
        }
        let ended = tx
            .conn
            .prepare_cached(
                "UPDATE opt_out SET lifted_at = ?2, lifted_by = ?3, lifted_reason = ?4, lifted_consent = ?5 \
                 WHERE id = ?1 AND said_at <= ?6",
            )?
            .execute(params![
                stop.id.key(),
                scribe.at.millis(),
                scribe.by,
                reason,
                given.map(ConsentId::key),
                at.millis()
            ])?;
        if ended > 0 {
            note(tx, &scribe.line("opt_out.lifted", about(stop.id, given), (stop.state.as_str(), "lifted")))?;
        }
    }
    Ok(())
}

/// A STOP that a phone said to a code while nobody could tell to whom (requirement `fr-stop-unattributed`).
const UNATTRIBUTED: &str = "number_hash = ?1 AND lifted_at IS NULL AND workspace = 0 AND scope = 'platform' \
     AND source = 'stop_reply' AND code IS ?2";

/// Whether such a STOP holds.
pub(super) fn is_unattributed(
    conn: &Connection,
    hash: &[u8; 32],
    code: Option<ShortCode>,
) -> rusqlite::Result<bool> {
    conn.prepare_cached(&format!("SELECT 1 FROM opt_out WHERE {UNATTRIBUTED}"))?
        .exists(params![hash, code.map(ShortCode::number)])
}

/// Lifts such a STOP: the person wrote to the same code again, and wants to be written to.
pub(super) fn lift_unattributed(
    tx: &Tx<'_>,
    phone: Msisdn,
    code: Option<ShortCode>,
    (said_at, now): (Timestamp, Timestamp),
    by: &str,
) -> Result<(), Fault> {
    let hash = Secret::load(tx.conn)?.hash(phone);
    let reason = "the person wrote START to the same code";
    let code = code.map(ShortCode::number);
    let lifted: Vec<(OptOutId, String)> = tx
        .conn
        .prepare_cached(&format!(
            "UPDATE opt_out SET lifted_at = ?3, lifted_by = ?4, lifted_reason = ?5 \
             WHERE {UNATTRIBUTED} AND said_at <= ?6 RETURNING id, state"
        ))?
        .query_map(params![hash, code, now.millis(), by, reason, said_at.millis()], |row| {
            Ok((OptOutId::from_key(row.get(0)?), row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let scribe = Scribe { workspace: WorkspaceId::PLATFORM, at: now, by, origin: None };
    for (id, state) in lifted {
        note(tx, &scribe.line("opt_out.lifted", about(id, None), (&state, "lifted")))?;
    }
    Ok(())
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
    of_platform: bool,
) -> Result<Option<&'static str>, Fault> {
    if there.opt_out.lifted.is_some() {
        return Ok(Some("this opt-out was lifted before"));
    }
    if reason.trim().is_empty() {
        return Ok(Some("say why the opt-out is lifted"));
    }
    let Some(consent) = consent else {
        let sure = there.opt_out.state == OptOutState::Confirmed && !of_platform;
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
