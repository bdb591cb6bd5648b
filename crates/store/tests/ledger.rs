//! The consent ledger against somebody who can write to the file.

use std::path::{Path, PathBuf};

use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Basis, Class, Message, MessageId, MessageText, Msisdn, Timestamp, WorkspaceId,
};
use facteur_store::{Accept, Actor, ChainReport, NewConsent, Options, Store};
use rusqlite::Connection;

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const SEEN: &str = "J'accepte de recevoir les offres de Ma Boutique";
const TEXT: &str = "Votre colis vous attend au magasin";

fn actor() -> Actor {
    Actor::named("ana")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + seconds * 1000)
}

fn number(n: u64) -> Msisdn {
    Msisdn::from_digits(33_639_980_000 + n).expect("a number")
}

fn open(path: &Path) -> Store {
    Store::open(Options { readers: 1, ..Options::new(path) }, Box::new(|_| {})).expect("opens")
}

fn consent(n: u64) -> NewConsent {
    NewConsent {
        number: number(n),
        basis: Basis::Consent,
        advertiser: "Ma Boutique".to_owned(),
        purpose: "newsletter".to_owned(),
        collected_at: at(0),
        source: "form".to_owned(),
        text_shown: SEEN.to_owned(),
        evidence: None,
        professional: false,
    }
}

/// A ledger of six entries: five given, the third of them withdrawn.
fn ledger(folder: &Path) -> PathBuf {
    let path = folder.join("facteur.db");
    let store = open(&path);
    let given = (1..=5).map(consent).collect();
    store.record_consents(WORKSPACE, given, at(1), actor()).wait().expect("recorded");
    let ended = store.withdraw_consent(WORKSPACE, number(3), None, "asked".to_owned(), at(2), actor());
    assert_eq!(ended.wait().expect("withdrawn").len(), 1);
    store.close().wait().expect("closes");
    path
}

fn verify(path: &Path) -> ChainReport {
    let store = open(path);
    let report = store.verify_consents(WORKSPACE).wait().expect("verified");
    store.close().wait().expect("closes");
    report
}

#[test]
fn the_database_itself_refuses_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let conn = Connection::open(ledger(folder.path())).expect("opens");
    for sql in [
        "UPDATE consent SET recorded_by = 'eve'",
        "DELETE FROM consent",
        "UPDATE consent_person SET text_shown = 'x'",
        "DELETE FROM consent_person",
        "INSERT INTO consent_erased (entry, at, by) SELECT id, 0, 'x' FROM consent WHERE sequence = 1;
         DELETE FROM consent_erased",
        "INSERT INTO consent_erased (entry, at, by) SELECT id, 0, 'x' FROM consent WHERE sequence = 2;
         UPDATE consent_erased SET by = 'eve'",
    ] {
        let refused = conn.execute_batch(sql).expect_err(sql);
        assert!(refused.to_string().contains("append-only"), "{sql}: {refused}");
    }
}

/// Runs `sql` with the triggers gone; the ledger is then found broken at `broken_at`.
fn check(sql: &str, broken_at: Option<u64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = ledger(folder.path());
    let conn = Connection::open(&path).expect("opens");
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
        .expect("listed");
    assert_eq!(triggers.len(), 6);
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("dropped");
    }
    conn.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).expect(sql);
    conn.close().expect("closes");
    assert_eq!(verify(&path).broken_at, broken_at, "{sql}");
}

#[test]
fn what_was_changed_behind_its_back_is_found() {
    let person = |what: &str, place: u8| {
        format!(
            "UPDATE consent_person SET {what} WHERE entry = (SELECT id FROM consent WHERE sequence = {place})"
        )
    };
    let chain = |what: &str, place: u8| format!("UPDATE consent SET {what} WHERE sequence = {place}");
    check("", None);
    check(&person("text_shown = 'x'", 3), Some(3));
    check(&person("collected_at = collected_at - 1", 2), Some(2));
    check(&person("number = number + 10", 1), Some(1));
    check(&person("advertiser = 'Autre'", 5), Some(5));
    check(&person("basis = 'b2b'", 4), Some(4));
    check(&person("basis = 'nonsense'", 4), Some(4));
    check(&person("evidence = ''", 4), Some(4));
    check(&person("professional = 1", 1), Some(1));
    check(&person("purpose = 'all', source = 'form'", 1), Some(1));
    check(&person("salt = randomblob(32)", 2), Some(2));
    check(&person("reason = 'none'", 6), Some(6));
    check(&chain("recorded_by = 'eve'", 4), Some(4));
    check(&chain("recorded_at = recorded_at + 1", 4), Some(4));
    check(&chain("event = 'withdrawn'", 1), Some(1));
    check(&chain("withdraws = (SELECT id FROM consent WHERE sequence = 1)", 6), Some(6));
    check(&chain("hash = randomblob(32)", 5), Some(5));
    check(&chain("hash = x'00'", 5), Some(5));
    check(&chain("sequence = 9", 6), Some(6));
    check(&chain("workspace = 32", 3), Some(3));
    check("DELETE FROM consent WHERE sequence = 3", Some(3));
    check("DELETE FROM consent WHERE sequence = 6", Some(6));
    check("DELETE FROM consent WHERE sequence > 2", Some(3));
    check("DELETE FROM consent", Some(1));
    check("DELETE FROM consent_person WHERE number = 33639980002", Some(2));
    check("UPDATE consent_head SET hash = zeroblob(32)", Some(6));
    check("UPDATE consent_head SET sequence = 5", Some(6));
    check("DELETE FROM consent_head", Some(1));
    check(
        "UPDATE consent SET sequence = 99 WHERE sequence = 2; UPDATE consent SET sequence = 2 WHERE sequence = 3; \
         UPDATE consent SET sequence = 3 WHERE sequence = 99",
        Some(2),
    );
    check(
        "INSERT INTO consent SELECT id + 16, workspace, 7, event, withdraws, recorded_at, recorded_by, personal, \
         hash, hash FROM consent WHERE sequence = 6",
        Some(7),
    );
}

fn message(key: i64) -> Message {
    Message {
        id: MessageId::from_key(key),
        workspace: WORKSPACE,
        api_key: AccountKeyId::from_key(16),
        sender: "MyCompany".parse().expect("a sender"),
        recipient: number(1),
        class: Class::Transactional,
        text: MessageText::try_from(TEXT.to_owned()).expect("a text"),
        encoding: Encoding::Gsm7,
        parts: 1,
        accepted_at: at(3),
        send_at: at(3),
        expires_at: at(4),
        client_reference: None,
        test: false,
        auto_reply: None,
    }
}

#[test]
fn a_broken_ledger_stops_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = ledger(folder.path());
    let conn = Connection::open(&path).expect("opens");
    conn.execute_batch("DELETE FROM consent_head").expect("deleted");
    conn.close().expect("closes");
    let store = open(&path);
    let bringing = Accept { new_consents: vec![consent(9)], ..message(32).into() };
    let plain = [store.accept(message(16).into()), store.accept(bringing), store.accept(message(48).into())];
    let [first, refused, last] = plain.map(facteur_store::Pending::wait);
    assert!(first.is_ok() && last.is_ok(), "{first:?} {last:?}");
    assert!(refused.is_err(), "the chain cannot go on: {refused:?}");
    let there = |key| store.message(WORKSPACE, MessageId::from_key(key)).wait().expect("read").is_some();
    assert_eq!([16, 32, 48].map(there), [true, false, true]);
    assert_eq!(store.usage(at(3).utc_day()).wait().expect("read"), [(AccountKeyId::from_key(16), 2)]);
    store.close().wait().expect("closes");
}

#[test]
fn what_is_erased_is_not_left_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = ledger(folder.path());
    let store = open(&path);
    store.accept(Accept::from(message(16))).wait().expect("kept");
    store.close().wait().expect("closes");
    let holds = |text: &str| {
        let octets = std::fs::read(&path).expect("read");
        octets.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(holds(SEEN) && holds(TEXT));
    let store = open(&path);
    for n in 1..=5 {
        store.erase_person(WORKSPACE, number(n), at(9), actor()).wait().expect("erased");
    }
    store.close().wait().expect("closes");
    assert!(!holds(SEEN) && !holds(TEXT));
    let report = verify(&path);
    assert_eq!((report.entries, report.broken_at), (6, None));
}
