//! What workspaces chose.

use facteur_domain::{Language, ShortCode, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::{changed_from, workspace_exists};
use super::fault::Fault;
use super::rows::wrong;
use super::writer::Tx;
use crate::{Actor, OnClosedWindow, Publisher, Rewriting, Settings, StoreError};

/// The most parts that a workspace may allow.
const PARTS_HARD_MAX: u8 = 8;
/// The largest weight.
const WEIGHT_MAX: u16 = 1_000;
/// The highest rate, in parts a second.
const RATE_MAX: u32 = 10_000;

const SETTINGS: &str = "SELECT w.id, w.name, s.workspace, s.profile, s.on_closed_window, s.stop_code, \
     s.advertiser, s.rewrite, s.price_per_part, s.parts_max, s.postcode, s.language, s.legal_name, s.siren, \
     s.register_city, s.service_phone, s.service_contact, s.weight, s.per_second, s.sender_per_second \
     FROM workspace w LEFT JOIN settings s ON s.workspace = w.id";

fn settings(row: &Row<'_>) -> rusqlite::Result<(WorkspaceId, Settings)> {
    let workspace = WorkspaceId::from_key(row.get(0)?);
    if row.get::<_, Option<i64>>(2)?.is_none() {
        return Ok((workspace, Settings::of(row.get_ref(1)?.as_str().unwrap_or(""))));
    }
    let named = |column: usize| row.get_ref(column).map(|value| value.as_str().unwrap_or("").to_owned());
    let code = row.get::<_, Option<u16>>(5)?.map(|code| code.to_string().parse::<ShortCode>());
    let settings = Settings {
        profile: row.get(3)?,
        on_closed_window: OnClosedWindow::from_name(&named(4)?).ok_or_else(|| wrong(4, "choice"))?,
        stop_code: code.transpose().map_err(|_| wrong(5, "short code"))?,
        advertiser: row.get(6)?,
        rewrite: Rewriting::from_name(&named(7)?).ok_or_else(|| wrong(7, "choice"))?,
        price_per_part: row.get(8)?,
        parts_max: row.get(9)?,
        postcode: row.get(10)?,
        language: Language::from_name(&named(11)?).ok_or_else(|| wrong(11, "language"))?,
        publisher: Publisher {
            legal_name: row.get(12)?,
            siren: row.get(13)?,
            register_city: row.get(14)?,
            service_phone: row.get(15)?,
            service_contact: row.get(16)?,
        },
        weight: row.get(17)?,
        per_second: row.get(18)?,
        sender_per_second: row.get(19)?,
    };
    Ok((workspace, settings))
}

/// A workspace's; the defaults without a name where there is no such workspace.
pub(super) fn of(conn: &Connection, workspace: WorkspaceId) -> rusqlite::Result<Settings> {
    Ok(find(conn, workspace)?.unwrap_or_else(|| Settings::of("")))
}

/// A workspace's.
pub(super) fn find(conn: &Connection, workspace: WorkspaceId) -> rusqlite::Result<Option<Settings>> {
    let found = conn
        .prepare_cached(&format!("{SETTINGS} WHERE w.id = ?1"))?
        .query_row([workspace.key()], settings)
        .optional()?;
    Ok(found.map(|(_, settings)| settings))
}

/// Every workspace's.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<(WorkspaceId, Settings)>> {
    conn.prepare_cached(&format!("{SETTINGS} ORDER BY w.id"))?.query_map([], settings)?.collect()
}

/// Writes a workspace's.
pub(super) fn change(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    settings: &Settings,
    at: Timestamp,
    actor: Actor,
) -> Result<(), Fault> {
    workspace_exists(tx, workspace)?;
    if !(1..=PARTS_HARD_MAX).contains(&settings.parts_max) {
        return Err(StoreError::Conflict(format!("parts_max is 1 to {PARTS_HARD_MAX}")).into());
    }
    if !(1..=WEIGHT_MAX).contains(&settings.weight) {
        return Err(StoreError::Conflict(format!("weight is 1 to {WEIGHT_MAX}")).into());
    }
    if settings.per_second.max(settings.sender_per_second) > RATE_MAX {
        return Err(StoreError::Conflict(format!("a rate is 0 (none) to {RATE_MAX} parts a second")).into());
    }
    if settings.advertiser.trim().is_empty() {
        return Err(StoreError::Conflict("the advertiser has a name".to_owned()).into());
    }
    if let Some(code) = settings.stop_code
        && is_another_s(tx.conn, workspace, code)?
    {
        let why = format!("{code} is the short code of another workspace: its STOPs would go there");
        return Err(StoreError::Conflict(why).into());
    }
    let before = of(tx.conn, workspace)?;
    tx.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO settings (workspace, profile, on_closed_window, stop_code, advertiser, \
             rewrite, price_per_part, parts_max, postcode, language, legal_name, siren, register_city, \
             service_phone, service_contact, weight, per_second, sender_per_second) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, \
             ?17, ?18)",
        )?
        .execute(params![
            workspace.key(),
            settings.profile,
            settings.on_closed_window.as_str(),
            settings.stop_code.map(ShortCode::number),
            settings.advertiser,
            settings.rewrite.as_str(),
            settings.price_per_part,
            settings.parts_max,
            settings.postcode,
            settings.language.as_str(),
            settings.publisher.legal_name,
            settings.publisher.siren,
            settings.publisher.register_city,
            settings.publisher.service_phone,
            settings.publisher.service_contact,
            settings.weight,
            settings.per_second,
            settings.sender_per_second,
        ])?;
    let (before, after) = (told(&before), told(settings));
    changed_from(tx, at, actor, workspace, ("settings.changed", "settings".to_owned()), (before, after))
}

/// Whether another workspace has a code to itself.
fn is_another_s(conn: &Connection, workspace: WorkspaceId, code: ShortCode) -> rusqlite::Result<bool> {
    conn.prepare_cached(
        "SELECT 1 FROM sender WHERE folded = ?1 AND workspace <> ?2 AND state <> 'FAILED' AND shared_code = 0",
    )?
    .exists(params![code.to_string(), workspace.key()])
}

/// Every choice, for the audit log.
fn told(settings: &Settings) -> String {
    let stop_code = settings.stop_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    let price = settings.price_per_part.map_or_else(|| "none".to_owned(), |price| price.to_string());
    let who = &settings.publisher;
    let publisher: Vec<&str> =
        [&who.legal_name, &who.siren, &who.register_city, &who.service_phone, &who.service_contact]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
    let publisher = if publisher.is_empty() { "none".to_owned() } else { publisher.join(" ") };
    format!(
        "profile {}, on_closed_window {}, stop_code {stop_code}, rewrite {}, parts_max {}, price_per_part \
         {price}, postcode {}, advertiser {}, language {}, publisher {}, weight {}, per_second {}, \
         sender_per_second {}",
        settings.profile,
        settings.on_closed_window.as_str(),
        settings.rewrite.as_str(),
        settings.parts_max,
        settings.postcode.as_deref().unwrap_or("none"),
        settings.advertiser,
        settings.language.as_str(),
        publisher,
        settings.weight,
        settings.per_second,
        settings.sender_per_second
    )
}
