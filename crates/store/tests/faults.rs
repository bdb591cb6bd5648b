//! What SQLite's store does when the disk is full, when the file is not what it should be, and when
//! the process dies.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use facteur_domain::delivery::Event;
use facteur_domain::text::Encoding;
use facteur_domain::{
    AccountKeyId, Class, IdSource, Message, MessageId, MessageText, Msisdn, Timestamp, WorkspaceId,
};
use facteur_store::{Accept, Accepted, HandOver, Options, Page, Receipt, Store, StoreError};

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const ALL: Page = Page { page: 1, size: 100 };
/// Says to the child process which folder is its.
const FOLDER: &str = "FACTEUR_STORE_TEST_FOLDER";

fn open(options: Options) -> Result<Store, StoreError> {
    Store::open(options, Box::new(|_| {}))
}

fn message(ids: &IdSource, now: Timestamp) -> Message {
    Message {
        id: MessageId::from_key(ids.next(now)),
        workspace: WORKSPACE,
        api_key: AccountKeyId::from_key(16),
        sender: "MyCompany".parse().expect("a sender"),
        recipient: Msisdn::from_digits(33_639_980_001).expect("a number"),
        class: Class::Otp,
        text: MessageText::try_from("Votre code : 1234. ".repeat(20)).expect("a text"),
        encoding: Encoding::Gsm7,
        parts: 3,
        accepted_at: now,
        send_at: now,
        expires_at: now,
        client_reference: None,
        test: false,
        auto_reply: None,
    }
}

fn orphan(n: u64, route: facteur_store::RouteId) -> Receipt {
    Receipt {
        route,
        smsc_id: n.to_string(),
        other_ids: Vec::new(),
        recipient: None,
        event: Some(Event::ReceiptDelivered),
        word: "DELIVRD",
        error: None,
        opted_out: false,
        at: Timestamp::from_millis(1),
        raw: vec![0; 2000].into(),
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_half_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let told: Arc<Mutex<HashSet<MessageId>>> = Arc::default();
    let sink = Arc::clone(&told);
    // No reserve: the disk itself refuses.
    let path = folder.path().join("facteur.db");
    let options = Options { pages_max: Some(200), reserve: 0, ..Options::new(path) };
    let store = Store::open(
        options.clone(),
        Box::new(move |messages| sink.lock().expect("sound").extend(messages.iter().map(|m| m.id))),
    )
    .expect("opens");
    let route = store.route("r".to_owned()).await.expect("a route");
    // Half of the room for receipts that nobody knows, the rest for messages.
    let receipts = (0..150).map(|n| orphan(n, route)).collect();
    store.record_receipts(receipts).await.expect("recorded");

    let (ids, now) = (IdSource::new(0), Timestamp::from_millis(1_795_000_000_000));
    let mut kept = HashSet::new();
    let mut refused = HashSet::new();
    while refused.len() < 100 {
        let messages: Vec<Message> = (0..50).map(|_| message(&ids, now)).collect();
        let pending: Vec<_> = messages.iter().map(|m| store.accept(Accept::from(m.clone()))).collect();
        for (message, answer) in messages.iter().zip(pending) {
            match answer.await {
                Ok(answer) => {
                    assert_eq!(answer, Accepted::New);
                    kept.insert(message.id);
                }
                Err(StoreError::CannotWrite(_)) => {
                    refused.insert(message.id);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(!kept.is_empty() && store.load().failures > 0);
    assert_eq!(store.counts().await.expect("reads go on").queued, kept.len() as u64);

    // Room returns: the writer goes on as if nothing had been.
    assert!(matches!(store.writable().await, Err(StoreError::CannotWrite(_))), "it takes no trial either");
    assert_eq!(store.tidy(now, now).await.expect("tidied"), 150);
    assert!(store.trouble().is_some(), "not trusted before a trial");
    store.writable().await.expect("there is room again");
    let after = message(&ids, now);
    store.accept(Accept::from(after.clone())).await.expect("there is room again");
    kept.insert(after.id);
    store.close().await.expect("closes");
    assert_eq!(*told.lock().expect("sound"), kept, "who waits in memory is who was acknowledged");
    let store = open(options).expect("opens");
    for id in &kept {
        assert!(store.message(WORKSPACE, *id).await.expect("read").is_some());
    }
    for id in &refused {
        assert_eq!(store.message(WORKSPACE, *id).await.expect("read"), None);
    }
    let used: u64 = store.usage(now.utc_day()).await.expect("read").iter().map(|(_, count)| count).sum();
    assert_eq!(used, kept.len() as u64);
    assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
}

#[tokio::test]
async fn a_batch_that_was_not_kept_leaves_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facteur.db");
    let options = Options { pages_max: Some(140), reserve: 0, ..Options::new(path) };
    // The sink holds the writer until it is told to go on, so that what is queued meanwhile is one batch.
    let (go_on, held) = std::sync::mpsc::channel::<()>();
    let hold = Mutex::new(held);
    let sink = move |_| hold.lock().expect("sound").recv().expect("told to go on");
    let store = Store::open(options, Box::new(sink)).expect("opens");
    let route = store.route("r".to_owned()).await.expect("a route");
    let (ids, now) = (IdSource::new(0), Timestamp::from_millis(1_795_000_000_000));
    let [first, second] = [(); 2].map(|()| Message { parts: 1, ..message(&ids, now) });
    go_on.send(()).expect("heard");
    store.accept(Accept::from(first.clone())).await.expect("kept");
    let order = HandOver {
        message: first.id,
        parts: 1,
        recipient: first.recipient,
        parts_owed: 1,
        route,
        at: now,
        marketing: false,
        through: None,
    };
    store.hand_over(vec![order]).await.expect("handed over");
    store.record_receipts(vec![orphan(7, route)]).await.expect("an early receipt");

    store.accept(Accept::from(second)).await.expect("kept, and the writer held");
    let taken = || facteur_store::Answer {
        part: facteur_domain::PartId::new(first.id, 0),
        route,
        at: now,
        outcome: facteur_store::AnswerOutcome::Taken { smsc_id: "7".to_owned() },
    };
    let answered = store.record_answers(vec![taken()]);
    let too_much = Receipt { raw: vec![0; 1_000_000].into(), ..orphan(8, route) };
    let refused = store.record_receipts(vec![too_much]);
    go_on.send(()).expect("heard");
    for result in [answered.await.map(|_| ()), refused.await.map(|_| ())] {
        assert!(matches!(result, Err(StoreError::CannotWrite(_))), "{result:?}");
    }
    // Said again, the answer finds the early receipt as if nothing had been.
    let changes = store.record_answers(vec![taken()]).await.expect("recorded");
    assert_eq!(changes.last().map(|change| change.to), Some(facteur_domain::State::Delivered));
    assert_eq!(store.orphans(ALL).await.expect("read").total, 0);
}

/// Requirement of the delivery contract: with little room left new messages are refused, and receipts are kept.
#[tokio::test]
async fn what_is_owed_has_a_reserve() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { pages_max: Some(600), ..Options::new(folder.path().join("facteur.db")) };
    let store = open(options).expect("opens");
    let route = store.route("r".to_owned()).await.expect("a route");
    let (ids, now) = (IdSource::new(0), Timestamp::from_millis(1_795_000_000_000));
    let refused = loop {
        if let Err(why) = store.accept(Accept::from(message(&ids, now))).await {
            break why;
        }
    };
    let StoreError::CannotWrite(why) = refused else { panic!("{refused}") };
    assert!(why.contains("of store.pages_max are left"), "{why}");
    assert!(
        matches!(store.writable().await, Err(StoreError::CannotWrite(_))),
        "and says so before one comes"
    );
    assert!(store.load().refuses && store.load().failures == 0, "nothing failed");
    let receipts: Vec<_> = (0..10).map(|n| orphan(n, route)).collect();
    store.record_receipts(receipts).await.expect("what is owed has room");
    assert_eq!(store.tidy(now, now).await.expect("tidied"), 10);
    store.accept_all(vec![Accept::from(message(&ids, now))], None, now).await.expect_err("no list either");
}

/// Writes over pages in the middle of a file.
fn spoil(path: &Path) {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::File::options().write(true).open(path).expect("opens");
    let pages = file.metadata().expect("there").len() / 4096;
    assert!(pages > 200, "{pages} pages");
    for page in pages / 3..pages - 4 {
        file.seek(SeekFrom::Start(page * 4096)).expect("there");
        file.write_all(&[0xA5; 4096]).expect("written");
    }
}

#[tokio::test]
async fn nothing_more_is_written_to_a_damaged_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facteur.db");
    let store = open(Options::new(&path)).expect("opens");
    let route = store.route("r".to_owned()).await.expect("a route");
    let (ids, now) = (IdSource::new(0), Timestamp::from_millis(1_795_000_000_000));
    let first = message(&ids, now);
    for n in 0..40 {
        let some = (0..50).map(|_| Accept::from(message(&ids, now.plus(Duration::from_millis(n)))));
        let some: Vec<_> =
            std::iter::once(Accept::from(first.clone())).filter(|_| n == 0).chain(some).collect();
        store.accept_all(some, None, now).await.expect("kept");
    }
    store.close().await.expect("closes");
    spoil(&path);
    let checked = Options { checked_up_to: u64::MAX, ..Options::new(&path) };
    let refused = open(checked);
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");

    // One that is too large to be looked through is found out when it is read.
    let store = open(Options::new(&path)).expect("opens");
    let mut found = Ok(());
    for page in 1..=25 {
        let page = facteur_store::Page { page, size: 100 };
        let read = store.messages(WORKSPACE, facteur_store::MessageFilter::default(), page).await;
        found = found.and(read.map(|_| ()));
    }
    assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
    let files = || ["", "-wal"].map(|end| std::fs::read(format!("{}{end}", path.display())).expect("there"));
    let before = files();
    let refused = store.accept(Accept::from(message(&ids, now))).await;
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    let refused = store.record_receipts(vec![orphan(1, route)]).await;
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    assert!(matches!(store.writable().await, Err(StoreError::Damaged(_))));
    assert!(before == files(), "nothing is written any more");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_database_and_its_backups() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(Options::new(folder.path().join("facteur.db"))).expect("opens");
    store.route("r".to_owned()).await.expect("written");
    store.backup(folder.path().join("copy.db")).await.expect("copied");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("reads").flatten().collect();
    assert!(files.len() >= 3, "the database, its log, its copy: {files:?}");
    for file in files {
        let mode = file.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
    let nowhere = open(Options::new(folder.path().join("no/such/folder.db")));
    assert!(matches!(nowhere, Err(StoreError::CannotWrite(_))), "{nowhere:?}");
}

/// Runs SQL on the file of a closed store.
fn tamper(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).and_then(|conn| conn.execute_batch(sql)).expect("runs");
}

#[tokio::test]
async fn files_that_are_not_ours_or_too_new_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |name: &str, foreign: bool, reason: &str| {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).expect("there");
        let refused = open(Options::new(&path));
        let why = match &refused {
            Err(why @ (StoreError::Foreign(_) | StoreError::OtherVersion { .. })) if foreign => {
                why.to_string()
            }
            Err(StoreError::Damaged(why)) if !foreign => why.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert!(why.contains(reason), "{name}: {why}");
        assert_eq!(std::fs::read(&path).expect("there"), before, "{name} is left as it was");
    };
    tamper(&folder.path().join("other.db"), "CREATE TABLE t (x)");
    check("other.db", true, "another program");
    tamper(&folder.path().join("marked.db"), "PRAGMA application_id = 7; CREATE TABLE t (x)");
    check("marked.db", true, "another program");
    std::fs::write(folder.path().join("text.db"), "this is no database, but it is long enough".repeat(50))
        .expect("written");
    check("text.db", false, "not a database");

    let path = folder.path().join("newer.db");
    open(Options::new(&path)).expect("opens").close().await.expect("closes");
    tamper(
        &path,
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')",
    );
    check("newer.db", true, "schema version 99");
}

#[tokio::test]
async fn a_second_process_s_change_waits_its_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("facteur.db");
    let store = open(Options::new(&path)).expect("opens");
    let other = open(Options::new(&path)).expect("opens beside it");
    let (ids, now) = (IdSource::new(0), Timestamp::from_millis(1_795_000_000_000));
    let mut pending = Vec::new();
    for n in 0..200 {
        pending.push(store.accept(Accept::from(message(&ids, now))));
        if n % 20 == 0 {
            other.route(format!("route-{n}")).await.expect("made");
        }
    }
    for answer in pending {
        assert_eq!(answer.await.expect("kept"), Accepted::New);
    }
    other.close().await.expect("closes");
    assert_eq!(store.counts().await.expect("read").queued, 200);
}

/// Not a test of its own: the process that `nothing_acknowledged_is_lost_to_a_kill` kills.
#[tokio::test]
#[ignore = "run by nothing_acknowledged_is_lost_to_a_kill"]
async fn child_that_writes_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "the parent says where to write")]
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(Options::new(Path::new(&folder).join("facteur.db"))).expect("opens");
    let route = store.route("r".to_owned()).await.expect("a route");
    let started = store.generation().await.expect("read").cast_signed();
    let last = store.messages(WORKSPACE, facteur_store::MessageFilter::default(), ALL).await.expect("read");
    let begin = last.rows.first().map_or(1_795_000_000_000, |row| row.message.accepted_at.millis() + 1000);
    let (ids, mut millis) = (IdSource::new(0), begin + started);
    loop {
        millis += 1;
        let messages: Vec<Message> = (0..30).map(|_| message(&ids, Timestamp::from_millis(millis))).collect();
        let pending: Vec<_> = messages.iter().map(|m| store.accept(Accept::from(m.clone()))).collect();
        for (message, answer) in messages.iter().zip(pending) {
            answer.await.expect("kept");
            println!("kept {}", message.id);
        }
        let orders = messages.iter().take(10).map(|message| HandOver {
            message: message.id,
            parts: message.parts,
            recipient: message.recipient,
            parts_owed: 0b111,
            route,
            at: message.accepted_at,
            marketing: false,
            through: None,
        });
        for id in store.hand_over(orders.collect()).await.expect("handed over") {
            println!("handed {id}");
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_to_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut kept, mut handed) = (HashSet::new(), HashSet::new());
    for lines in [1, 40, 333, 1500, 7] {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["child_that_writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        for (n, line) in output.lines().map_while(Result::ok).enumerate() {
            match line.split_once(' ') {
                Some(("kept", id)) => kept.insert(id.parse::<MessageId>().expect("an id")),
                Some(("handed", id)) => handed.insert(id.parse::<MessageId>().expect("an id")),
                _ => false,
            };
            // What is in the pipe after the kill was acknowledged before it, and is read to its end.
            if n == lines {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("ended");
    }
    assert!(kept.len() > 1000, "it wrote {}", kept.len());
    let store = open(Options::new(folder.path().join("facteur.db"))).expect("opens");
    assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
    let recovery = store.recover(Timestamp::from_millis(1_800_000_000_000)).await.expect("recovered");
    assert!(recovery.unknown >= handed.len() as u64 && recovery.waiting > 0);
    for id in &kept {
        let found =
            store.message(WORKSPACE, *id).await.expect("read").expect("what was acknowledged is there");
        if handed.contains(id) {
            assert_eq!(found.state, facteur_domain::State::Unknown);
        }
    }
}
