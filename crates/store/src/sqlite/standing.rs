//! Where people stand towards workspaces: the facts of many messages in one read.

use facteur_domain::{Msisdn, OptOutScope, WorkspaceId};
use rusqlite::Connection;

use super::consents::Ground;
use super::fault::Fault;
use super::secret::Secret;
use super::{consents, conversations, optouts, settings};
use crate::{ConsentFact, OptOutFact, Standing};

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
    let grounds = consents::grounds(consents::of_number(conn, workspace, number)?);
    let facts = grounds.into_iter().rev().map(fact);
    let (withdrawn, consents) = facts.partition(|fact: &ConsentFact| fact.withdrawn_at.is_some());
    let sessions = conversations::sessions(conn, workspace, number)?;
    Ok(Standing { opt_outs, consents, withdrawn, sessions })
}

fn fact(ground: Ground) -> ConsentFact {
    let Ground { id, consent, withdrawn_at } = ground;
    let said = |text: &str| !text.trim().is_empty();
    ConsentFact {
        id,
        basis: consent.basis,
        proven: said(&consent.source) && said(&consent.text_shown),
        advertiser: consent.advertiser,
        purpose: consent.purpose,
        collected_at: consent.collected_at,
        professional: consent.professional,
        withdrawn_at,
    }
}
