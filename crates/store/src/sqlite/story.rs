//! A message's story: the columns of its parts, and the steps that no column tells, in order of time.

use facteur_domain::delivery::State;
use facteur_domain::{MessageId, Timestamp, WorkspaceId};
use rusqlite::{Connection, Row};

use super::fault::Fault;
use super::parcel::{Part, read_parts};
use super::read::{find, route_name};
use super::rows;
use super::step::receipt_detail;
use crate::{RouteId, StoryStep};

/// A message's story, oldest step first; empty when the workspace has no such message.
pub(super) fn story(
    conn: &mut Connection,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Vec<StoryStep>, Fault> {
    let tx = conn.transaction()?;
    let Some(message) = find(&tx, workspace, id)? else { return Ok(Vec::new()) };
    let state = if message.send_at > message.accepted_at { State::Scheduled } else { State::Queued };
    let mut steps = vec![StoryStep {
        at: message.accepted_at,
        part: None,
        what: "accepted".to_owned(),
        state: Some(state),
        route: None,
        detail: None,
    }];
    for part in read_parts(&tx, id)? {
        tell(&tx, &part, &mut steps)?;
    }
    let mut written = tx.prepare_cached(
        "SELECT at, part, what, state, route, detail FROM step WHERE message = ?1 ORDER BY id",
    )?;
    let mut found = written.query([id.key()])?;
    while let Some(row) = found.next()? {
        steps.push(read_step(&tx, row)?);
    }
    // Stable, so that what happened in the same millisecond keeps the order of a life.
    steps.sort_by_key(|step| (step.at, rank(&step.what)));
    Ok(steps)
}

/// The order of steps of one instant.
fn rank(what: &str) -> u8 {
    match what {
        "accepted" => 0,
        "resent" => 1,
        "handed_over" => 2,
        "taken" | "refused" | "deferred" | "lost" => 3,
        _ => 4,
    }
}

fn tell(conn: &Connection, part: &Part, steps: &mut Vec<StoryStep>) -> rusqlite::Result<()> {
    let route = part.route.map(|route| route_name(conn, route)).transpose()?;
    let mut add = |at: Option<Timestamp>, what: &str, state: Option<State>, detail: Option<String>| {
        if let Some(at) = at {
            let part = Some(part.id.index() + 1);
            steps.push(StoryStep { at, part, what: what.to_owned(), state, route: route.clone(), detail });
        }
    };
    add(part.handed_at, "handed_over", Some(State::Submitting), None);
    if part.smsc_id.is_some() {
        add(part.answered_at, "taken", Some(State::Submitted), part.smsc_id.clone());
    } else {
        add(part.answered_at, "refused", Some(State::Rejected), part.error.clone());
    }
    let detail = receipt_detail(part.word.as_deref().unwrap_or(""), part.error.as_deref());
    add(part.receipt_at, "receipt", Some(part.state), Some(detail));
    Ok(())
}

fn read_step(conn: &Connection, row: &Row<'_>) -> rusqlite::Result<StoryStep> {
    let state = row.get::<_, Option<i64>>(3)?.map(|_| rows::state(row, 3)).transpose()?;
    let route = row.get::<_, Option<u16>>(4)?.map(RouteId);
    Ok(StoryStep {
        at: rows::time(row, 0)?,
        part: row.get(1)?,
        what: row.get(2)?,
        state,
        route: route.map(|route| route_name(conn, route)).transpose()?,
        detail: row.get(5)?,
    })
}
