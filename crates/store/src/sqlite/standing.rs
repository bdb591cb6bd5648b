//! Where people stand towards workspaces: the facts of many messages in one read.

use facteur_domain::{Msisdn, OptOutScope, Timestamp, WorkspaceId};
use rusqlite::Connection;

use super::fault::Fault;
use super::secret::Secret;
use super::{consents, optouts, settings};
use crate::{ConsentEntry, ConsentFact, NewConsent, OptOutFact, Standing};

/// One answer for each question, in order.
pub(super) fn standings(
    conn: &mut Connection,
    asked: &[(WorkspaceId, Msisdn)],
) -> Result<Vec<Standing>, Fault> {
    let tx = conn.transaction()?;
    let secret = Secret::load(&tx)?;
    asked.iter().map(|(workspace, number)| standing(&tx, &secret, *workspace, *number)).collect()
}

fn standing(
    conn: &Connection,
    secret: &Secret,
    workspace: WorkspaceId,
    number: Msisdn,
) -> Result<Standing, Fault> {
    let mut opt_outs = Vec::new();
    for (stop, reach) in optouts::holding(conn, &secret.hash(number))? {
        if stop.workspace != workspace && stop.scope != OptOutScope::Platform {
            continue;
        }
        let fact = OptOutFact { scope: stop.scope, advertiser: stop.advertiser, since: stop.created_at };
        if reach.own {
            let now = Some(settings::of(conn, workspace)?.advertiser);
            if now != fact.advertiser {
                opt_outs.push(OptOutFact { advertiser: now, ..fact.clone() });
            }
        }
        opt_outs.push(fact);
    }
    let facts = facts(consents::of_number(conn, workspace, number)?);
    let (withdrawn, consents) = facts.into_iter().partition(|fact| fact.withdrawn_at.is_some());
    Ok(Standing { opt_outs, consents, withdrawn })
}

/// The grounds of a ledger's entries, the last recorded first.
fn facts(entries: Vec<ConsentEntry>) -> Vec<ConsentFact> {
    let mut facts: Vec<ConsentFact> = Vec::new();
    for entry in entries {
        match (entry.withdraws, entry.consent) {
            (Some(ended), _) => end(&mut facts, ended, entry.recorded_at),
            (None, Some(consent)) => facts.push(fact(entry.id, consent)),
            (None, None) => {}
        }
    }
    facts.reverse();
    facts
}

fn end(facts: &mut [ConsentFact], ended: facteur_domain::ConsentId, at: Timestamp) {
    for fact in facts.iter_mut().filter(|fact| fact.id == ended && fact.withdrawn_at.is_none()) {
        fact.withdrawn_at = Some(at);
    }
}

fn fact(id: facteur_domain::ConsentId, consent: NewConsent) -> ConsentFact {
    let said = |text: &str| !text.trim().is_empty();
    ConsentFact {
        id,
        basis: consent.basis,
        proven: said(&consent.source) && said(&consent.text_shown),
        advertiser: consent.advertiser,
        purpose: consent.purpose,
        collected_at: consent.collected_at,
        professional: consent.professional,
        withdrawn_at: None,
    }
}
