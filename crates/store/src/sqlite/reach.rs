//! What STOPs cover, asked at every departure of marketing (requirement `fr-optout-scope`).

use facteur_domain::consent::fold_advertiser;
use facteur_domain::{Class, MessageId, Msisdn, OptOutScope, Sender, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::Fault;
use super::optouts::holding;
use super::rows;
use super::secret::Secret;
use super::settings;
use super::writer::Tx;
use crate::{NewOptOut, Withdrawal};

/// What a STOP covers.
pub(super) struct Reach {
    pub(super) workspace: WorkspaceId,
    pub(super) scope: OptOutScope,
    /// The advertiser as it is compared.
    pub(super) folded: Option<String>,
    /// The advertiser was the workspace's own: a new name for it changes nothing.
    pub(super) own: bool,
}

impl Reach {
    /// Of a STOP said to a workspace whose own advertiser is `own`.
    pub(super) fn of(new: &NewOptOut, own: &str, workspace: WorkspaceId) -> Self {
        let own = fold_advertiser(own);
        let folded = (new.scope == OptOutScope::Advertiser)
            .then(|| new.advertiser.as_deref().map_or_else(|| own.clone(), fold_advertiser));
        Self { workspace, scope: new.scope, own: folded.as_ref() == Some(&own), folded }
    }

    /// From a row of [`OPT_OUT`](super::optouts::OPT_OUT).
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let scope = row.get_ref(3)?.as_str().ok().and_then(OptOutScope::from_name);
        Ok(Self {
            workspace: WorkspaceId::from_key(row.get(1)?),
            scope: scope.ok_or_else(|| rows::wrong(3, "scope"))?,
            folded: row.get(15)?,
            own: row.get(16)?,
        })
    }
}

/// Where a message comes from. Its advertiser is looked up once, when it is needed.
pub(super) struct Origin {
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
    /// Of a message; `None` when it is not there.
    pub(super) fn of(conn: &Connection, message: MessageId) -> rusqlite::Result<Option<Self>> {
        conn.prepare_cached("SELECT workspace, sender FROM message WHERE id = ?1")?
            .query_row([message.key()], |row| {
                let sender = row.get_ref(1)?.as_str().ok().and_then(|name| name.parse().ok());
                Ok(Self {
                    workspace: WorkspaceId::from_key(row.get(0)?),
                    sender: sender.ok_or_else(|| rows::wrong(1, "sender"))?,
                    advertiser: None,
                })
            })
            .optional()
    }

    /// Whose a message is, and whose marketing its sender sends: `None` for the workspace's own.
    pub(super) fn advertiser_of(
        conn: &Connection,
        message: MessageId,
    ) -> rusqlite::Result<Option<(WorkspaceId, Option<String>)>> {
        let Some(origin) = Self::of(conn, message)? else { return Ok(None) };
        let advertiser: Option<Option<String>> = conn
            .prepare_cached("SELECT advertiser FROM sender WHERE workspace = ?1 AND folded = ?2")?
            .query_row(params![origin.workspace.key(), origin.sender.folded()], |row| row.get(0))
            .optional()?;
        Ok(Some((origin.workspace, advertiser.flatten())))
    }

    /// Whether a STOP covers it.
    pub(super) fn is_covered(&mut self, conn: &Connection, reach: &Reach) -> Result<bool, Fault> {
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
pub(super) fn why(scope: OptOutScope) -> Withdrawal {
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
        let Some(mut origin) = Origin::of(tx.conn, message)? else { return Ok(None) };
        for (_, reach) in holding {
            if origin.is_covered(tx.conn, &reach)? {
                return Ok(Some(why(reach.scope)));
            }
        }
        Ok(None)
    }
}

/// Why a message of class conversational must stay: the person said STOP, or wrote too long ago. What the product
/// answers a STOP, CONTACT or START by itself is no such message.
pub(super) fn session_closed(
    conn: &Connection,
    message: MessageId,
    recipient: Msisdn,
    at: Timestamp,
) -> rusqlite::Result<Option<Withdrawal>> {
    let open =
        conn.prepare_cached(SESSION)?.exists(params![message.key(), rows::digits(recipient), at.millis()])?;
    Ok((!open).then(|| Withdrawal::Blocked {
        rule: "fr.session.closed".to_owned(),
        reason: "the recipient has said STOP, or has not written within 24 hours".to_owned(),
    }))
}

/// By the key of the conversation (phone, workspace).
const SESSION: &str = "SELECT 1 FROM message m WHERE m.id = ?1 AND (m.auto_reply IN ('stop', 'contact', 'start') \
     OR EXISTS (SELECT 1 FROM conversation c WHERE c.phone = ?2 AND c.workspace = m.workspace \
     AND c.session_until > ?3 AND (c.sender = m.sender COLLATE NOCASE OR CAST(c.code AS TEXT) = m.sender)))";

/// Whether a message of this class is asked about.
pub(super) fn concerns(class: Class) -> bool {
    class == Class::Marketing
}
