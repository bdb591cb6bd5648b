//! Handing over, and what operators answer.

use facteur_domain::delivery::{Event, State};
use facteur_domain::{Class, MessageId, Timestamp};

use super::fault::Fault;
use super::orphans::{self, Word};
use super::parcel::{Parcel, Touched};
use super::reach::{self, Guard};
use super::step::{Step, keep_attempt};
use super::writer::Tx;
use super::{receipts, waiting, webhooks, written};
use crate::{Answer, AnswerOutcome, Change, Departed, HandOver};

/// Makes waiting parts `submitting`; answers which parts of each order may be written. Marketing that a
/// STOP covers is blocked instead, and so is a conversation that a STOP has ended.
pub(super) fn hand_over(tx: &mut Tx<'_>, batch: &[HandOver]) -> Result<Departed, Fault> {
    let mut departed = Departed { given: Vec::with_capacity(batch.len()), blocked: Vec::new() };
    let mut guard = Guard::default();
    for order in batch {
        departed.given.push(0);
        let Some(mut parcel) = Parcel::load(tx, order.message)? else { continue };
        let owed = parcel.owed() & order.parts_owed;
        if owed == 0 {
            continue;
        }
        if (order.marketing || reach::concerns(parcel.shared.class))
            && let Some(why) = guard.objection(tx, order.message, parcel.shared.recipient)?
        {
            departed.blocked.extend(waiting::withdraw(tx, &[(order.message, why)], order.at)?);
            continue;
        }
        if parcel.shared.class == Class::Conversational
            && let Some(why) =
                reach::session_closed(tx.conn, order.message, parcel.shared.recipient, order.at)?
        {
            departed.blocked.extend(waiting::withdraw(tx, &[(order.message, why)], order.at)?);
            continue;
        }
        parcel.split(tx)?;
        let mut given = 0;
        for index in 0..parcel.shared.parts {
            if owed & (1 << index) == 0 {
                continue;
            }
            let Some(part) = parcel.part(index) else { continue };
            if part.handed_at.is_some() {
                keep_attempt(tx, part)?;
            }
            if part.happens(Event::HandedOver, order.at) {
                part.attempts = part.attempts.saturating_add(1);
                part.route = Some(order.route);
                part.handed_at = Some(order.at);
                given |= 1 << index;
                parcel.put_back(tx, index, Touched::HandOver)?;
            }
        }
        if let Some(through) = order.through {
            written::note(tx, order, &parcel, through)?;
        }
        parcel.keep(tx);
        if let Some(last) = departed.given.last_mut() {
            *last = given;
        }
    }
    Ok(departed)
}

/// Makes `submitting` parts that were never written to a link `queued` again: those of each mask, for
/// others of the same message may be under way on another bind.
pub(super) fn give_back(tx: &mut Tx<'_>, messages: &[(MessageId, u16)], at: Timestamp) -> Result<(), Fault> {
    for (message, unwritten) in messages {
        let Some(mut parcel) = Parcel::load(tx, *message)? else { continue };
        for index in (0..parcel.shared.parts).filter(|index| unwritten & (1 << index) != 0) {
            let Some(part) = parcel.part(index) else { continue };
            if part.state != State::Submitting || !part.happens(Event::Deferred, at) {
                continue;
            }
            // As if it had not been handed over.
            part.attempts = part.attempts.saturating_sub(1);
            part.handed_at = None;
            parcel.put_back(tx, index, Touched::HandOver)?;
        }
    }
    Ok(())
}

/// Records answers, each with the receipts that came before it.
pub(super) fn record(tx: &mut Tx<'_>, batch: &[Answer]) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::with_capacity(batch.len());
    for answer in batch {
        let message = answer.part.message();
        let Some(mut parcel) = Parcel::load(tx, message)? else {
            let (detail, what) = describe(&answer.outcome);
            stray(tx, answer, what, detail.as_deref())?;
            continue;
        };
        let again = parcel.owed() & (1 << answer.part.index()) != 0;
        apply(tx, &mut parcel, answer)?;
        changes.extend(webhooks::changed(tx, &mut parcel, answer.at, None)?);
        let early = early_receipts(tx, &parcel, answer)?;
        for receipt in &early {
            receipts::apply(tx, &mut parcel, answer.part.index(), receipt)?;
            changes.extend(webhooks::changed(tx, &mut parcel, receipt.at, None)?);
        }
        let touched = if early.is_empty() && !again { Touched::Answer } else { Touched::All };
        parcel.put_back(tx, answer.part.index(), touched)?;
        for receipt in &early {
            receipts::opted_out(tx, &parcel, receipt)?;
        }
        // With a STOP, parts of its own may have been withdrawn.
        if !early.iter().any(|receipt| receipt.opted_out) {
            parcel.keep(tx);
        }
    }
    Ok(changes)
}

fn early_receipts(tx: &mut Tx<'_>, parcel: &Parcel, answer: &Answer) -> rusqlite::Result<Vec<Word>> {
    match &answer.outcome {
        // Not for an answer that came too late to give the part its id.
        AnswerOutcome::Taken { smsc_id }
            if tx.memory.orphans > 0 && !smsc_id.is_empty() && parcel.is_known_as(answer.part, smsc_id) =>
        {
            orphans::claim(tx, answer.route, smsc_id, parcel.shared.recipient)
        }
        AnswerOutcome::Lost => match parcel.parts.iter().find(|part| part.id == answer.part) {
            Some(part) => orphans::claim_unnamed(tx, part, parcel.shared.recipient),
            None => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

fn apply(tx: &mut Tx<'_>, parcel: &mut Parcel, answer: &Answer) -> Result<(), Fault> {
    let (detail, what) = describe(&answer.outcome);
    let Some(part) = parcel.part(answer.part.index()) else {
        return Ok(stray(tx, answer, what, detail.as_deref())?);
    };
    let event = match &answer.outcome {
        AnswerOutcome::Taken { .. } => Event::Taken,
        AnswerOutcome::Deferred { .. } => Event::Deferred,
        AnswerOutcome::Refused { .. } => Event::Refused,
        AnswerOutcome::Lost => Event::AnswerLost,
    };
    // What waits was taken only if it left before: as one that was sent again when no answer came in time.
    let waits_again = part.state == State::Queued && part.possible_duplicate;
    if (part.state == State::Queued && !waits_again) || !part.happens(event, answer.at) {
        return Ok(stray(tx, answer, what, detail.as_deref())?);
    }
    match &answer.outcome {
        AnswerOutcome::Taken { smsc_id } => {
            part.route = Some(answer.route);
            part.smsc_id = Some(smsc_id.clone());
            part.answered_at = Some(answer.at);
            // The second journey is spared: if it was the first that was, nothing left twice.
            part.possible_duplicate &= !waits_again || part.attempts > 1;
        }
        AnswerOutcome::Deferred { until, .. } => part.due_at = *until,
        AnswerOutcome::Refused { .. } => {
            part.answered_at = Some(answer.at);
            part.error.clone_from(&detail);
        }
        AnswerOutcome::Lost => {}
    }
    // What the columns keep to the end is not told twice.
    if matches!(answer.outcome, AnswerOutcome::Deferred { .. } | AnswerOutcome::Lost) {
        let state = Some(part.state);
        let step = Step {
            at: answer.at,
            part: Some(answer.part.index()),
            what,
            state,
            route: Some(answer.route),
            detail: detail.as_deref(),
        };
        step.write(tx, answer.part.message())?;
    }
    Ok(())
}

fn describe(outcome: &AnswerOutcome) -> (Option<String>, &'static str) {
    match outcome {
        AnswerOutcome::Taken { smsc_id } => (Some(smsc_id.clone()), "taken"),
        AnswerOutcome::Deferred { word, .. } => (Some(word.clone()), "deferred"),
        AnswerOutcome::Refused { word } => (Some(word.clone()), "refused"),
        AnswerOutcome::Lost => (None, "lost"),
    }
}

/// An answer that changes nothing any more (its message is final, or was given back) is told in the
/// story all the same.
fn stray(tx: &Tx<'_>, answer: &Answer, what: &'static str, detail: Option<&str>) -> rusqlite::Result<()> {
    let step = Step {
        at: answer.at,
        part: Some(answer.part.index()),
        what,
        state: None,
        route: Some(answer.route),
        detail,
    };
    step.write(tx, answer.part.message())
}
