//! Keywords of workspaces on short codes.

use facteur_domain::{KeywordId, ShortCode, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::admin::{changed, changed_from, workspace_exists};
use super::consents::next_key;
use super::fault::{Fault, is_constraint};
use super::rows;
use super::writer::Tx;
use crate::{Actor, KEYWORDS_MAX, Keyword, KeywordRule, KeywordWord, StoreError, Subscription};

const KEYWORD: &str = "SELECT id, workspace, code, words, prefix, reply, advertiser, purpose, text_shown, created_at, \
     changed_at FROM keyword";

/// A keyword from a row of [`KEYWORD`], without its words as they are compared.
fn keyword(row: &Row<'_>) -> rusqlite::Result<Keyword> {
    let words: String = row.get(3)?;
    let subscription = match (row.get(6)?, row.get(7)?, row.get(8)?) {
        (Some(advertiser), Some(purpose), Some(text_shown)) => {
            Some(Subscription { advertiser, purpose, text_shown })
        }
        _ => None,
    };
    let words = words.lines().map(|word| KeywordWord { shown: word.to_owned(), plain: String::new() });
    Ok(Keyword {
        id: KeywordId::from_key(row.get(0)?),
        workspace: WorkspaceId::from_key(row.get(1)?),
        rule: KeywordRule {
            code: rows::maybe_code(row, 2)?.ok_or_else(|| rows::wrong(2, "short code"))?,
            words: words.collect(),
            prefix: row.get(4)?,
            reply: row.get(5)?,
            subscription,
        },
        created_at: rows::time(row, 9)?,
        changed_at: rows::time(row, 10)?,
    })
}

/// With its words as they are compared. The two lists were written together, in one order.
fn whole(conn: &Connection, mut keyword: Keyword) -> rusqlite::Result<Keyword> {
    let plain: Vec<String> = conn
        .prepare_cached("SELECT plain FROM keyword_word WHERE keyword = ?1 ORDER BY position")?
        .query_map([keyword.id.key()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for (word, plain) in keyword.rule.words.iter_mut().zip(plain) {
        word.plain = plain;
    }
    Ok(keyword)
}

/// The keywords on a code, of whoever shares it.
pub(super) fn on_code(conn: &Connection, code: ShortCode) -> rusqlite::Result<Vec<Keyword>> {
    let found: Vec<Keyword> = conn
        .prepare_cached(&format!("{KEYWORD} WHERE code = ?1 ORDER BY id"))?
        .query_map([code.number()], keyword)?
        .collect::<Result<_, _>>()?;
    found.into_iter().map(|keyword| whole(conn, keyword)).collect()
}

/// A workspace's keywords, in order of creation: all of them, or those on a code.
pub(super) fn list(
    conn: &Connection,
    workspace: WorkspaceId,
    code: Option<ShortCode>,
) -> Result<Vec<Keyword>, Fault> {
    let found: Vec<Keyword> = conn
        .prepare_cached(&format!("{KEYWORD} WHERE workspace = ?1 AND (?2 IS NULL OR code = ?2) ORDER BY id"))?
        .query_map(params![workspace.key(), code.map(ShortCode::number)], keyword)?
        .collect::<Result<_, _>>()?;
    Ok(found.into_iter().map(|keyword| whole(conn, keyword)).collect::<Result<_, _>>()?)
}

/// A workspace's keyword.
pub(super) fn find(
    conn: &Connection,
    workspace: WorkspaceId,
    id: KeywordId,
) -> rusqlite::Result<Option<Keyword>> {
    conn.prepare_cached(&format!("{KEYWORD} WHERE id = ?1 AND workspace = ?2"))?
        .query_row([id.key(), workspace.key()], keyword)
        .optional()?
        .map(|keyword| whole(conn, keyword))
        .transpose()
}

/// Makes a keyword.
pub(super) fn create(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    rule: KeywordRule,
    at: Timestamp,
    actor: Actor,
) -> Result<Keyword, Fault> {
    workspace_exists(tx, workspace)?;
    let there: u32 = tx
        .conn
        .prepare_cached("SELECT count(*) FROM keyword WHERE code = ?1")?
        .query_row([rule.code.number()], |row| row.get(0))?;
    if there >= KEYWORDS_MAX {
        return Err(StoreError::Conflict(format!("a short code has {KEYWORDS_MAX} keywords at most")).into());
    }
    let id = KeywordId::from_key(next_key(tx.conn, "keyword", at)?);
    let keyword = Keyword { id, workspace, rule, created_at: at, changed_at: at };
    write(tx, &keyword)?;
    told(tx, &keyword, at, actor, "keyword.created")?;
    Ok(keyword)
}

/// Writes a keyword anew.
pub(super) fn change(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    id: KeywordId,
    rule: KeywordRule,
    at: Timestamp,
    actor: Actor,
) -> Result<Keyword, Fault> {
    let there = find(tx.conn, workspace, id)?.ok_or(StoreError::NotFound("keyword"))?;
    tx.conn.prepare_cached("DELETE FROM keyword WHERE id = ?1")?.execute([id.key()])?;
    let before = shown(&there.rule);
    let keyword = Keyword { rule, changed_at: at, ..there };
    write(tx, &keyword)?;
    let action = ("keyword.changed", called(&keyword.rule));
    changed_from(tx, at, actor, workspace, action, (before, shown(&keyword.rule)))?;
    Ok(keyword)
}

/// Takes a keyword away.
pub(super) fn delete(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    id: KeywordId,
    at: Timestamp,
    actor: Actor,
) -> Result<(), Fault> {
    let there = find(tx.conn, workspace, id)?.ok_or(StoreError::NotFound("keyword"))?;
    tx.conn.prepare_cached("DELETE FROM keyword WHERE id = ?1")?.execute([id.key()])?;
    told(tx, &there, at, actor, "keyword.deleted")
}

fn write(tx: &Tx<'_>, keyword: &Keyword) -> Result<(), Fault> {
    let Keyword { id, workspace, rule, created_at, changed_at } = keyword;
    let shown: Vec<&str> = rule.words.iter().map(|word| word.shown.as_str()).collect();
    if shown.iter().any(|word| word.trim().is_empty() || word.lines().count() != 1) {
        return Err(StoreError::Conflict("a keyword is one line of text".to_owned()).into());
    }
    let subscription = rule.subscription.as_ref();
    let done = tx
        .conn
        .prepare_cached(
            "INSERT INTO keyword (id, workspace, code, words, prefix, reply, advertiser, purpose, text_shown, \
             created_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            id.key(),
            workspace.key(),
            rule.code.number(),
            shown.join("\n"),
            rule.prefix,
            rule.reply,
            subscription.map(|to| &to.advertiser),
            subscription.map(|to| &to.purpose),
            subscription.map(|to| &to.text_shown),
            created_at.millis(),
            changed_at.millis(),
        ]);
    unless_taken(done, || format!("{} has a default answer already", rule.code))?;
    for (position, word) in (0_i64..).zip(&rule.words) {
        let done = tx
            .conn
            .prepare_cached(
                "INSERT INTO keyword_word (code, plain, keyword, position) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![rule.code.number(), word.plain, id.key(), position]);
        unless_taken(done, || format!("{} is a keyword on {} already", word.shown, rule.code))?;
    }
    Ok(())
}

fn unless_taken(done: rusqlite::Result<usize>, sentence: impl FnOnce() -> String) -> Result<(), Fault> {
    match done {
        Ok(_) => Ok(()),
        Err(error) if is_constraint(&error) => Err(StoreError::Conflict(sentence()).into()),
        Err(error) => Err(error.into()),
    }
}

fn told(tx: &Tx<'_>, keyword: &Keyword, at: Timestamp, actor: Actor, action: &str) -> Result<(), Fault> {
    changed(tx, at, actor, keyword.workspace, (action, called(&keyword.rule)))
}

/// Which keyword it is, for the audit log.
fn called(rule: &KeywordRule) -> String {
    let words: Vec<&str> = rule.words.iter().map(|word| word.shown.as_str()).collect();
    let words = if words.is_empty() { "default answer".to_owned() } else { words.join(", ") };
    format!("{}: {words}", rule.code)
}

/// What it does, for the audit log.
fn shown(rule: &KeywordRule) -> String {
    let how = if rule.prefix { "prefix" } else { "exact" };
    let reply = rule.reply.as_deref().unwrap_or("none");
    let subscribes = rule.subscription.as_ref().map_or_else(
        || "none".to_owned(),
        |to| format!("{}, {}, {}", to.advertiser, to.purpose, to.text_shown),
    );
    format!("{}, {how}, reply {reply}, subscription {subscribes}", called(rule))
}
