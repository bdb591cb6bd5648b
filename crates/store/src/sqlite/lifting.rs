//! The end of a STOP: a reason, and a new consent of the person.

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{ConsentId, OptOutId, OptOutScope, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::admin::note;
use super::consents::{self, Scribe};
use super::fault::Fault;
use super::optouts::{OPT_OUT, holding, opt_out};
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
        .prepare_cached(&format!("{OPT_OUT} WHERE id = ?1 AND workspace = ?2"))?
        .query_row(params![id.key(), scribe.workspace.key()], Kept::read)
        .optional()?
        .ok_or(StoreError::NotFound("opt-out"))?;
    if let Some(why_not) = refuse_lifting(tx, &there, &reason, consent.as_ref())? {
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
