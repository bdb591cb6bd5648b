//! Lists that people walk and exports read to their end: from a place on, newest first, without a count, so
//! that the last page costs what the first does.

use facteur_domain::{EventId, OptOutId, WebhookId, WorkspaceId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::fault::Fault;
use super::optouts::{OPT_OUT, opt_out};
use super::secret::Secret;
use super::{Pending, Store, consents, rows, webhooks};
use crate::{ConsentEntry, OptOut, OptOutFilter, OptOutState, WebhookDelivery};

impl Store {
    /// A workspace's STOPs before `below`, newest first, `limit` at most; lifted ones too unless the filter
    /// says otherwise.
    pub fn opt_outs_below(
        &self,
        workspace: WorkspaceId,
        filter: OptOutFilter,
        below: Option<OptOutId>,
        limit: usize,
    ) -> Pending<Vec<OptOut>> {
        self.read(move |conn| opt_outs_below(conn, workspace, filter, below, limit))
    }

    /// A STOP of a workspace.
    pub fn opt_out(&self, workspace: WorkspaceId, id: OptOutId) -> Pending<Option<OptOut>> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(&format!("{OPT_OUT} WHERE id = ?1 AND workspace = ?2"))?
                .query_row([id.key(), workspace.key()], opt_out)
                .optional()?)
        })
    }

    /// Entries of a workspace's ledger before the one of this sequence, newest first, `limit` at most.
    pub fn consents_below(
        &self,
        workspace: WorkspaceId,
        below: Option<u64>,
        limit: usize,
    ) -> Pending<Vec<ConsentEntry>> {
        self.read(move |conn| Ok(consents::below(conn, workspace, below, limit)?))
    }

    /// Deliveries of an endpoint of events before `below`, newest first, `limit` at most.
    ///
    /// # Errors
    /// [`NotFound`](crate::StoreError::NotFound) when the workspace has no such endpoint.
    pub fn webhook_deliveries_below(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        below: Option<EventId>,
        limit: usize,
    ) -> Pending<Vec<WebhookDelivery>> {
        self.read(move |conn| webhooks::deliveries_below(conn, (workspace, id), below, limit))
    }
}

fn opt_outs_below(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: OptOutFilter,
    below: Option<OptOutId>,
    limit: usize,
) -> Result<Vec<OptOut>, Fault> {
    let (condition, mut values) = condition(conn, workspace, filter)?;
    values.push(below.map_or(i64::MAX, OptOutId::key).into());
    values.push(rows::limit(limit).into());
    Ok(conn
        .prepare_cached(&format!("{OPT_OUT} WHERE {condition} AND id < ? ORDER BY id DESC LIMIT ?"))?
        .query_map(params_from_iter(&values), opt_out)?
        .collect::<Result<_, _>>()?)
}

/// What a filter asks for, as an index can answer it.
pub(super) fn condition(
    conn: &Connection,
    workspace: WorkspaceId,
    filter: OptOutFilter,
) -> Result<(String, Vec<Value>), Fault> {
    // The platform's are all that reach so far, whoever recorded them.
    let mut terms = vec![match workspace {
        WorkspaceId::PLATFORM => "scope = 'platform' AND ? = 0",
        _ => "workspace = ?",
    }];
    let mut values = vec![Value::from(workspace.key())];
    if let Some(number) = filter.number {
        terms.push("number_hash = ?");
        values.push(Secret::load(conn)?.hash(number).to_vec().into());
    }
    terms.extend(filter.state.map(|state| match state {
        OptOutState::Confirmed => "state = 'confirmed'",
        OptOutState::Review => "state = 'review'",
    }));
    terms.extend(filter.holds.map(|holds| match holds {
        true => "lifted_at IS NULL",
        false => "lifted_at IS NOT NULL",
    }));
    Ok((terms.join(" AND "), values))
}

#[cfg(test)]
mod tests {
    use facteur_domain::Msisdn;

    use super::*;
    use crate::sqlite::{Options, connect};

    #[test]
    fn each_walk_goes_down_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let conn = connect::open_writer(&Options::new(folder.path().join("facteur.db"))).expect("opens");
        let number = Msisdn::parse("+33639980001").ok();
        let review = Some(OptOutState::Review);
        for (filter, index) in [
            (OptOutFilter::default(), "opt_out_of_workspace (workspace=? AND id<?)"),
            (OptOutFilter { number, ..OptOutFilter::default() }, "opt_out_of_number"),
            (
                OptOutFilter { state: review, holds: Some(true), number: None },
                "opt_out_to_read (workspace=? AND lifted_at=? AND id<?)",
            ),
        ] {
            let (condition, values) =
                condition(&conn, WorkspaceId::from_key(16), filter).expect("a condition");
            let query = format!("EXPLAIN QUERY PLAN {OPT_OUT} WHERE {condition} AND id < 9 ORDER BY id DESC");
            let plan: Vec<String> = conn
                .prepare(&query)
                .expect("valid")
                .query_map(params_from_iter(&values), |row| row.get(3))
                .expect("runs")
                .collect::<Result<_, _>>()
                .expect("reads");
            assert!(plan.len() == 1 && plan[0].contains(index), "{query}: {plan:?}");
        }
    }
}
