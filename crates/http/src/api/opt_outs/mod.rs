//! Opt-outs: who said STOP, to whom, since when. A resource of ours.

pub(crate) mod confirm;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod lift;
pub(crate) mod list;
pub(crate) mod record;

use facteur_domain::{OptOutScope, WorkspaceId};
use facteur_gateway::{Caller, Scope};
use facteur_store::{NewOptOut, OptOut};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::endpoint::{Access, Endpoint};
use crate::json::Faults;
use crate::json::tree::Entry;

const ACCESS: Access = Access::Scoped(Scope::ConsentsReadWrite);

pub(crate) static LIST: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/opt_outs",
    description: "List who said STOP, newest first, or a number's opt-outs",
    access: ACCESS,
};
pub(crate) static RECORD: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/opt_outs",
    description: "Record an opt-out, or a list of them",
    access: ACCESS,
};
pub(crate) static IMPORT: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/opt_outs/import",
    description: "Record the opt-outs of a CSV file",
    access: ACCESS,
};
pub(crate) static EXPORT: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/api/opt_outs/export",
    description: "Export all opt-outs as CSV or JSON lines",
    access: ACCESS,
};
pub(crate) static CONFIRM: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/api/opt_outs/{id}/confirm",
    description: "Confirm a doubtful opt-out",
    access: ACCESS,
};
pub(crate) static LIFT: Endpoint = Endpoint {
    method: "DELETE",
    path: "/v2/api/opt_outs/{id}",
    description: "Lift an opt-out, for a reason and on a new consent",
    access: ACCESS,
};

/// The columns of an import.
pub(crate) static COLUMNS: [&str; 4] = ["number", "scope", "advertiser", "reason"];
const FIELDS: &str = "number, scope, advertiser and reason";
/// The longest name of an advertiser, in characters.
pub(crate) const ADVERTISER_MAX: usize = 100;
/// The longest reason, in characters.
pub(crate) const REASON_MAX: usize = 500;

/// How far an opt-out may reach that somebody records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// An advertiser's or the workspace's.
    Workspace,
    /// The whole platform's too: for its reviewers.
    Platform,
}

impl Reach {
    fn of(caller: &Caller) -> Self {
        if caller.may(Scope::ComplianceReview) { Self::Platform } else { Self::Workspace }
    }
}

/// Whose opt-outs a key may end or confirm, in the order in which they are looked for: its workspace's, and for
/// reviewers the platform's.
fn reached(caller: &Caller) -> impl Iterator<Item = WorkspaceId> {
    let platform = caller.may(Scope::ComplianceReview).then_some(WorkspaceId::PLATFORM);
    std::iter::once(caller.workspace()).chain(platform)
}

/// An opt-out.
#[derive(Serialize, ToSchema)]
pub(crate) struct OptOutView {
    /// Its id.
    #[schema(example = "opt_1M3PF7F7G0042")]
    id: String,
    /// Whose; null once the person was erased. The opt-out holds all the same.
    #[schema(required = true, example = "+33612345678")]
    number: Option<String>,
    /// How far it reaches.
    #[schema(value_type = words::OptOutReach, example = "advertiser")]
    scope: &'static str,
    /// With the scope `advertiser`, whose marketing it ends: that of all its senders.
    #[schema(required = true, example = "Ma Boutique")]
    advertiser: Option<String>,
    /// Where it came from: `stop_reply`, `api`, `import`, `console`, `cli`, or `operator` when the operator told
    /// us that the person answered it STOP.
    #[schema(example = "stop_reply")]
    source: String,
    /// Why, in somebody's words, or null.
    #[schema(required = true)]
    reason: Option<String>,
    /// Whether it is sure. A doubtful one holds until somebody has read it.
    #[schema(value_type = words::OptOutStatus, example = "confirmed")]
    state: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who recorded it.
    created_by: String,
    /// Its end, or null: it holds.
    #[schema(required = true)]
    lifted: Option<LiftedView>,
}

/// The end of an opt-out.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiftedView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// The entry of the ledger with the new consent; null when the opt-out was only doubtful.
    #[schema(required = true)]
    consent_id: Option<String>,
}

impl From<OptOut> for OptOutView {
    fn from(there: OptOut) -> Self {
        Self {
            id: there.id.to_string(),
            number: there.number.map(|number| number.to_string()),
            scope: there.scope.as_str(),
            advertiser: there.advertiser,
            source: there.source,
            reason: there.reason,
            state: there.state.as_str(),
            created_at: there.created_at.to_string(),
            created_by: there.created_by,
            lifted: there.lifted.map(|end| LiftedView {
                at: end.at.to_string(),
                by: end.by,
                reason: end.reason,
                consent_id: end.consent.map(|id| id.to_string()),
            }),
        }
    }
}

/// Reads an opt-out. `None` when there are faults; there may be faults with an opt-out too.
pub(crate) fn read(
    mut entry: Entry,
    reach: Reach,
    source: &'static str,
    faults: &mut Faults,
) -> Option<NewOptOut> {
    let number = entry.msisdn("number", faults);
    let scope = scope(&mut entry, reach, faults);
    let given = entry.has("advertiser").then(|| entry.name("advertiser"));
    let advertiser = entry.bounded("advertiser", ADVERTISER_MAX, faults);
    if let Some(name) = given
        && advertiser.is_some()
        && scope.is_some_and(|scope| scope != OptOutScope::Advertiser)
    {
        let message = format!("`{name}` goes with the scope advertiser only");
        faults.note(name, message);
    }
    let reason = entry.bounded("reason", REASON_MAX, faults);
    entry.end(FIELDS, faults);
    Some(NewOptOut { number: number?, scope: scope?, advertiser, source: source.to_owned(), reason })
}

/// The advertiser's unless told.
fn scope(entry: &mut Entry, reach: Reach, faults: &mut Faults) -> Option<OptOutScope> {
    let before = faults.count();
    let allowed = match reach {
        Reach::Workspace => &OptOutScope::ALL[..2],
        Reach::Platform => &OptOutScope::ALL[..],
    };
    let names: Vec<&str> = allowed.iter().map(|scope| scope.as_str()).collect();
    let find = |name: &str| {
        let found = OptOutScope::from_name(&name.trim().to_lowercase());
        found.filter(|scope| allowed.contains(scope))
    };
    let scope = entry.word("scope", find, &names, faults);
    scope.or_else(|| (faults.count() == before).then_some(OptOutScope::Advertiser))
}
