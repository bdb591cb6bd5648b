//! Opening the file: is it ours, is it of a version we know, and how each connection is set.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::describe;
use super::{Options, checkpoint, mark};
use crate::StoreError;

/// `Fact`: says in the file's header whose it is.
const APPLICATION_ID: i32 = 0x4661_6374;
/// Statements kept prepared by a connection; more than the room has.
const STATEMENTS: usize = 192;
/// Octets that the file of the write-ahead log keeps once all of it is moved.
const LOG_KEPT: i64 = 64 << 20;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// The writing connection, after the file was checked and brought to this version.
pub(super) fn open_writer(options: &Options) -> Result<Connection, StoreError> {
    make_private(&options.path)?;
    let mut conn = Connection::open(&options.path).map_err(|e| describe(&e))?;
    conn.busy_timeout(options.busy_timeout).map_err(|e| describe(&e))?;
    // What is wrong is left as it is: a log is not moved into a database when this connection closes.
    leave_log(&conn, true).map_err(|e| describe(&e))?;
    claim(&conn)?;
    mark::compare(&options.path, checkpoint::found(&conn))?;
    known_version(&conn, options.migrate)?;
    check_small(&conn, options)?;
    leave_log(&conn, false).map_err(|e| describe(&e))?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(|e| describe(&e))?;
    configure(&conn, options).map_err(|e| describe(&e))?;
    migrate(&mut conn)?;
    if let Some(pages) = options.pages_max {
        conn.pragma_update(None, "max_page_count", pages).map_err(|e| describe(&e))?;
    }
    Ok(conn)
}

/// A connection that cannot write.
pub(super) fn open_reader(options: &Options) -> Result<Connection, StoreError> {
    // SQLITE_OPEN_READ_ONLY would fail where the shared-memory file must be made first.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set = || {
        let conn = Connection::open_with_flags(&options.path, flags)?;
        conn.busy_timeout(options.busy_timeout)?;
        configure(&conn, options)?;
        conn.pragma_update(None, "query_only", true)?;
        Ok(conn)
    };
    set().map_err(|e: rusqlite::Error| describe(&e))
}

fn configure(conn: &Connection, options: &Options) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values. Without this, every new value bound beside a partial index
    // makes SQLite prepare the statement again: a fifth of the writer's time.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // Negative: in KiB.
    conn.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    // A log that grew while a reader or a full disk held it gives its room back.
    conn.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    // The writer makes its checkpoints itself, between two batches.
    conn.pragma_update(None, "wal_autocheckpoint", 0)
}

/// Whether the log stays as it is when the last connection closes.
pub(super) fn leave_log(conn: &Connection, leave: bool) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map(|_| ())
}

/// Refuses a file that another program made; marks a new one as ours.
fn claim(conn: &Connection) -> Result<(), StoreError> {
    let read = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let id = read("application_id").map_err(|e| describe(&e))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| describe(&e))?;
    if id != 0 || tables > 0 {
        return Err(StoreError::Foreign("it is a database of another program".to_owned()));
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(|e| describe(&e))
}

/// This program's schema version.
fn newest() -> i64 {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(|migration| migration.version().into()).max().unwrap_or(0)
}

/// Refuses a file of a newer version; one of an older version too, if it may not be migrated.
fn known_version(conn: &Connection, older: bool) -> Result<(), StoreError> {
    let (there, known) = (version(conn).map_err(|e| describe(&e))?, newest());
    if there > known || (there < known && !older) {
        return Err(StoreError::OtherVersion { there, known });
    }
    Ok(())
}

fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let older = version(conn).map_err(|e| describe(&e))? < newest();
    if older {
        crate::crash::point("store.migrate.before");
    }
    for migrated in embedded::migrations::runner().run_iter(conn) {
        migrated.map_err(|error| not_migrated(&error))?;
        crate::crash::point("store.migrate.between");
    }
    if older {
        crate::crash::point("store.migrate.after");
    }
    Ok(())
}

/// Each migration is one transaction: what is not made is made at the next start.
fn not_migrated(error: &refinery::Error) -> StoreError {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<rusqlite::Error>() {
            return describe(error);
        }
        cause = error.source();
    }
    StoreError::Damaged(format!("migration failed: {error}"))
}

/// Reads every page of a file that is small enough for a start.
fn check_small(conn: &Connection, options: &Options) -> Result<(), StoreError> {
    let octets = std::fs::metadata(&options.path).map_or(0, |found| found.len());
    if octets == 0 || octets > options.checked_up_to {
        return Ok(());
    }
    let found: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| describe(&error))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found.replace('\n', " "))) }
}

/// The schema version of the file, 0 for a new one.
pub(super) fn version(conn: &Connection) -> rusqlite::Result<i64> {
    let migrated = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    if migrated == 0 {
        return Ok(0);
    }
    conn.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}

/// Makes the file, if it is not there, readable by its owner only: it holds numbers and texts. What
/// SQLite puts beside it has the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut file = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::CannotWrite(format!("the database cannot be made: {error}")))
        }
        _ => Ok(()),
    }
}

/// A new database of another file, for a backup.
pub(super) fn open_target(path: &Path) -> Result<Connection, StoreError> {
    make_private(path)?;
    Connection::open(path).map_err(|e| describe(&e))
}

#[cfg(test)]
mod tests {
    use refinery::Target;

    use super::*;

    /// A file of schema version `to`, or of the newest before it.
    fn old(options: &Options, to: i64) -> Connection {
        let mut old = Connection::open(&options.path).expect("opens");
        claim(&old).expect("ours");
        let to = refinery::SchemaVersion::try_from(to).expect("small");
        embedded::migrations::runner().set_target(Target::Version(to)).run(&mut old).expect("runs");
        old
    }

    #[test]
    fn older_files_are_brought_to_this_version() {
        let runner = embedded::migrations::runner();
        let mut versions: Vec<i64> =
            runner.get_migrations().iter().map(|migration| migration.version().into()).collect();
        versions.sort_unstable();
        let newest = versions.pop().expect("there are some");
        assert!(!versions.is_empty());
        for from in versions {
            let folder = tempfile::tempdir().expect("a folder");
            let options = Options::new(folder.path().join("facteur.db"));
            let old = old(&options, from);
            assert_eq!(version(&old).expect("read"), from);
            old.close().expect("closes");
            let conn = open_writer(&options).expect("opens");
            assert_eq!(version(&conn).expect("read"), newest);
        }
    }

    #[test]
    fn an_older_file_is_left_alone_where_it_may_not_be_migrated() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { migrate: false, ..Options::new(folder.path().join("facteur.db")) };
        let old = old(&options, newest() - 1);
        let there = version(&old).expect("read");
        let refused = open_writer(&options).expect_err("older");
        let wanted = StoreError::OtherVersion { there, known: newest() }.to_string();
        assert_eq!(refused.to_string(), wanted);
        assert_eq!(version(&old).expect("read"), there);
        let copy = folder.path().join("copy.db");
        crate::Store::copy(&options, &copy).expect("copied");
        assert_eq!(version(&Connection::open(&copy).expect("opens")).expect("read"), there, "as it is");
        open_writer(&Options { migrate: true, ..options.clone() }).expect("migrated");
        open_writer(&options).expect("of this version");
    }

    #[test]
    fn messages_from_before_figures_were_kept_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::new(folder.path().join("facteur.db"));
        let old = old(&options, 7);
        old.execute_batch(
            "INSERT INTO route (id, name) VALUES (1, 'aggregator');
             INSERT INTO message SELECT (3600000 << 21) + value * 16, 16, 48, 'MyCompany', 33639980001, 'otp', 'x',
                 'gsm7', 2, 0, 0, 0, NULL, 0, NULL FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3);
             INSERT INTO outcome SELECT id + value, iif(value = 0, 10, 8), 0, 1, 0, 1, 'A', 0, 0, 0, NULL, NULL
                 FROM message, (SELECT 0 AS value UNION SELECT 1) WHERE message.id = (3600000 << 21) + 16;
             INSERT INTO outcome SELECT id, 6, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL
                 FROM message WHERE id = (3600000 << 21) + 32;
             INSERT INTO work (id, state, state_at, due_at, workspace, class, parts, recipient, expires_at)
                 SELECT id, 1, 0, 0, workspace, class, parts, recipient, 0 FROM message
                 WHERE id = (3600000 << 21) + 48;",
        )
        .expect("written");
        old.close().expect("closes");
        let conn = open_writer(&options).expect("opens");
        let mut rows = conn
            .prepare(
                "SELECT hour || ' ' || sender || ' ' || route || ': ' || accepted || ' ' || parts || ' ' || \
                 submitted || ' ' || undelivered || ' ' || cancelled FROM tally ORDER BY route",
            )
            .expect("valid");
        let rows: Vec<String> =
            rows.query_map([], |row| row.get(0)).expect("runs").collect::<Result<_, _>>().expect("reads");
        assert_eq!(rows, ["1 MyCompany 0: 3 6 0 0 1", "1 MyCompany 1: 0 0 1 1 0"]);
        let sender: String = conn.query_row("SELECT sender FROM work", [], |row| row.get(0)).expect("there");
        assert_eq!(sender, "MyCompany");
    }

    #[test]
    fn connections_are_durable_and_readers_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::new(folder.path().join("facteur.db"));
        let writer = open_writer(&options).expect("opens");
        let pragma = |name| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("read");
        assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1), "FULL, ON");
        let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("read");
        assert_eq!(mode, "wal");
        let reader = open_reader(&options).expect("opens");
        assert!(reader.execute("UPDATE meta SET generation = 9", []).is_err());
    }
}
