//! A disk that is full, read-only or damaged, under the real binary: what is not kept is refused, what was accepted
//! is kept, and what comes back comes back without a restart where that can be.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use facteur_smsc::{Habits, Options};
use serde_json::Value;

use crate::common::{Answer, Far, Product, path, run, until};

const HASTE: &str = "[sending]\nsettle_wait = \"1s\"\nstop_code = \"36180\"\n[log]\nfilter = \"warn\"\n";
const PHONE: &str = "+33612345678";
const OTHER: &str = "+33612345679";

/// How long receipts take: long enough to come when the disk takes nothing any more.
const RECEIPT: Duration = Duration::from_secs(2);

async fn operator() -> Far {
    let slow = Habits { receipt_delay: RECEIPT..=RECEIPT, messages_per_s: 0 };
    let habits = [slow.clone(), slow.clone(), slow.clone(), slow];
    Far::start(Options { habits, offer_again: Duration::from_millis(300), ..Options::default() }).await
}

/// The largest file that a process may write, in octets; `None` for any.
fn limit_files(product: &Product, octets: Option<u64>) {
    let soft = octets.map_or_else(|| "unlimited".to_owned(), |octets| octets.to_string());
    let (pid, limit) = (product.pid().to_string(), format!("--fsize={soft}:"));
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status().expect("prlimit runs");
    assert!(done.success(), "{limit}");
}

async fn readyz(product: &Product) -> (u16, Value) {
    let answer = product.raw("GET", "/readyz", &[], Vec::new()).await;
    (answer.status, answer.json())
}

/// Waits until a product that was set out answers, however.
async fn answers(product: &mut Product) {
    until("it answers", async || {
        assert!(product.lives(), "it ended:\n{}", product.log());
        product.try_raw("GET", "/healthz", &[], Vec::new()).await.ok()
    })
    .await;
}

async fn becomes_ready(product: &Product) {
    until("it can do its work again", async || (readyz(product).await.0 == 200).then_some(())).await;
}

fn is_refusal(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "SERVICE_UNAVAILABLE"), "{}", answer.text);
    assert!(answer.header("Retry-After").is_some(), "it says when to come again");
    assert_eq!(answer.json()["error"]["retryable"], true);
}

/// What `/readyz` says of the store, which must be in trouble.
async fn trouble(product: &Product) -> String {
    until("/readyz is red", async || {
        let (status, body) = readyz(product).await;
        (status == 503 && body["store"]["ok"] == false)
            .then(|| body["store"]["trouble"].as_str().expect("a reason").to_owned())
    })
    .await
}

/// The messages that are kept.
async fn kept(product: &Product) -> u64 {
    let list = product.get("/v2/api/messages?size=1").await.json();
    list["pagination"]["total_count"].as_u64().unwrap_or_else(|| panic!("{list}"))
}

/// What `facteur doctor` finds to fail, and what it says to do.
fn failures(product: &Product) -> Vec<(String, String)> {
    let output = run(&["doctor", "--config", &path(product.folder.path(), "facteur.toml"), "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = told["checks"].as_array().expect("checks").iter();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let failed = checks.filter(|check| check["outcome"] == "fail");
    failed
        .map(|check| (format!("{}: {}", text(check, "name"), text(check, "found")), text(check, "cure")))
        .collect()
}

/// No file may be written any more, which every user can try: requests are refused, receipts and STOPs stay with
/// the operator, and all of it goes on when there is room, in the same process.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_is_waited_for() {
    let far = operator().await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    becomes_ready(&product).await;
    let first = product.send(PHONE, "Bonjour").await.id();
    far.network.wait_until(|stats| stats.accepted > 0).await;
    product.reaches(&first, &["submitted"]).await;

    limit_files(&product, Some(1));
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    let said = trouble(&product).await;
    assert!(said.contains("cannot write"), "{said}");
    is_refusal(&product.send(PHONE, "Toujours pas").await);
    far.network.answer(OTHER, "36180", "STOP").expect("a phone");
    // The receipt and the STOP are offered, and refused, more than once.
    let refused = until("the log tells", async || {
        let metrics = product.raw("GET", "/metrics", &[], Vec::new()).await.text;
        let line = metrics.lines().find(|line| line.starts_with("facteur_store_failures_total "))?.to_owned();
        let count: u64 = line.rsplit(' ').next()?.parse().ok()?;
        (count >= 4).then_some(metrics)
    })
    .await;
    assert!(refused.contains("\nfacteur_store_refuses 1\n"), "{refused}");
    assert_eq!((kept(&product).await, far.network.stats().replies_answered), (1, 0));

    limit_files(&product, None);
    becomes_ready(&product).await;
    product.reaches(&first, &["delivered"]).await;
    far.network.wait_until(|stats| stats.replies_answered > 0).await;
    let stops = product.get(&format!("/v2/api/opt_outs?number=%2B{}", &OTHER[1..])).await.json();
    assert_eq!(stops["data"][0]["state"], "confirmed", "{stops}");
    let after = product.send(PHONE, "Et maintenant").await.id();
    product.reaches(&after, &["delivered"]).await;
    assert_eq!(far.network.deliveries(PHONE, "Pas maintenant"), 0, "what was refused is not kept");
    product.stop().await;
}

/// A disk of its own in memory. Only root can have one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size},mode=0700");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "facteur-test"]).arg(at).output();
        let disk = done.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()));
        if disk.is_none() {
            eprintln!(
                "SKIPPED: no file system can be mounted here; run this test as root to have a full disk"
            );
        }
        disk
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(done.expect("mount runs").success(), "{options}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What still runs on it goes on; the mount goes with its last user.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Moves the data of a stopped product to a disk of its own.
fn move_to(product: &Product, size: &str) -> Option<SmallDisk> {
    let data = PathBuf::from(product.data());
    let aside = product.folder.path().join("aside");
    std::fs::rename(&data, &aside).expect("moved");
    std::fs::create_dir(&data).expect("made");
    let disk = SmallDisk::mount(&data, size)?;
    for file in std::fs::read_dir(&aside).expect("read").flatten() {
        std::fs::copy(file.path(), data.join(file.file_name())).expect("copied");
    }
    Some(disk)
}

/// A real file system that fills: new messages are refused while there is room for what is owed, then everything;
/// with room again, all goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_for() {
    let far = operator().await;
    let mut product = Product::serve_on("wal_pages = 100", &far.address(), false, HASTE).await;
    product.stop().await;
    let Some(disk) = move_to(&product, "14m") else { return };
    product.restart().await;
    becomes_ready(&product).await;
    let (mut accepted, text) = (0, "Votre colis est en route. ".repeat(30));
    let list: Vec<Value> = (0..500)
        .map(
            |n| serde_json::json!({"sender_id": "MyCompany", "to": format!("+3361{n:07}"), "message": &text}),
        )
        .collect();
    let refused = loop {
        let answer =
            product.post("/v2/api/messages/batch", &serde_json::json!({"messages": &list}), &[]).await;
        if answer.status == 503 {
            break answer;
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
        accepted += list.len();
        assert!(accepted < 100_000, "14 MiB hold no such number");
    };
    is_refusal(&refused);
    let said = trouble(&product).await;
    assert!(said.contains("kept for what is owed"), "{said}");
    let found = failures(&product);
    assert!(
        found.iter().any(|(what, cure)| what.contains("room") && cure.contains("make room")),
        "{found:?}"
    );

    // Somebody else takes the rest.
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler).expect("made");
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    // Killed with a full disk, it starts as far as it can, and says so.
    product.stay_here();
    product.kill();
    product.set_out(None);
    answers(&mut product).await;
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    trouble(&product).await;

    std::fs::remove_file(&filler).expect("removed");
    disk.remount("size=96m");
    becomes_ready(&product).await;
    assert_eq!(kept(&product).await, accepted as u64);
    let after = product.send(PHONE, "Et maintenant").await.id();
    product.reaches(&after, &["submitted", "delivered"]).await;
    assert_eq!(far.network.deliveries(PHONE, "Pas maintenant"), 0);
    product.stop().await;
    drop(disk);
}

/// A disk that is read-only at a start (for root a mount, for others a folder): 503 with the reason, `doctor` says
/// it too, and the start succeeds by itself when it can be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_disk_is_waited_for() {
    let far = operator().await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    product.stay_here();
    let id = product.send(PHONE, "Bonjour").await.id();
    product.stop().await;
    let data = PathBuf::from(product.data());
    let root = rustix_is_root();
    let disk = if root { move_to(&product, "24m") } else { None };
    if root && disk.is_none() {
        return;
    }
    let lock = |closed: bool| match &disk {
        Some(disk) => disk.remount(if closed { "ro" } else { "rw" }),
        None => permit(&data, if closed { 0o500 } else { 0o700 }, if closed { 0o400 } else { 0o600 }),
    };
    lock(true);
    product.set_out(None);
    answers(&mut product).await;
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    let said = trouble(&product).await;
    assert!(said.contains("cannot write"), "{said}");
    let found = failures(&product);
    assert!(found.iter().any(|(what, _)| what.contains("cannot be written")), "{found:?}");
    lock(false);
    becomes_ready(&product).await;
    product.reaches(&id, &["delivered"]).await;
    product.stop().await;
}

fn rustix_is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.starts_with(b"0")
}

fn permit(folder: &Path, own: u32, files: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode;
    // To reach the files.
    std::fs::set_permissions(folder, mode(0o700)).expect("permitted");
    for file in std::fs::read_dir(folder).expect("read").flatten() {
        std::fs::set_permissions(file.path(), mode(files)).expect("permitted");
    }
    std::fs::set_permissions(folder, mode(own)).expect("permitted");
}

/// Writes over pages of a file, from a third of it on.
fn spoil(file: &Path) {
    let mut file = std::fs::File::options().write(true).open(file).expect("opens");
    let pages = file.metadata().expect("there").len() / 4096;
    for page in pages / 3..pages * 2 / 3 {
        file.seek(SeekFrom::Start(page * 4096)).expect("there");
        file.write_all(&[0xA5; 4096]).expect("written");
    }
}

/// Pages that are damaged: found at a start, or, in a file too large to be read then, by the first who reads them;
/// from then on nothing is accepted and nothing written. A backup that is restored makes all well.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_not_written_to() {
    let far = operator().await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    product.stay_here();
    let list: Vec<Value> = (0..1_000)
        .map(|n| serde_json::json!({"sender_id": "MyCompany", "to": format!("+3361{n:07}"), "message": "Bonjour"}))
        .collect();
    let sent = product.post("/v2/api/messages/batch", &serde_json::json!({"messages": list}), &[]).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    far.network.wait_until(|stats| stats.accepted >= 1_000).await;
    until("every receipt is there", async || {
        let list = product.get("/v2/api/messages?status=delivered&size=1").await.json();
        (list["pagination"]["total_count"] == 1_000).then_some(())
    })
    .await;
    product.stop().await;
    let (database, copy) =
        (PathBuf::from(product.data()).join("facteur.db"), path(product.folder.path(), "copy.db"));
    let config = path(product.folder.path(), "facteur.toml");
    assert!(run(&["backup", "--config", &config, "--to", &copy, "--verify"]).status.success());

    spoil(&database);
    product.set_out(None);
    answers(&mut product).await;
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    let said = trouble(&product).await;
    assert!(said.contains("damaged") && said.contains("facteur doctor"), "{said}");
    product.kill();
    let found = failures(&product);
    let is_told =
        |(what, cure): &(String, String)| what.contains("damaged") && cure.contains("restore a backup");
    assert!(found.iter().any(is_told), "{found:?}");

    // Not looked through at the start, as a large one is not.
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replace("[store]\n", "[store]\ncheck_mib = 0\n")).expect("written");
    product.set_out(None);
    answers(&mut product).await;
    for page in 1..=10 {
        let target = format!("/v2/api/messages?size=100&page={page}");
        let _ = product.get(&target).await;
    }
    let said = trouble(&product).await;
    assert!(said.contains("damaged"), "{said}");
    is_refusal(&product.send(PHONE, "Pas maintenant").await);
    product.kill();

    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", database.display()));
    }
    std::fs::copy(&copy, &database).expect("restored");
    product.restart().await;
    becomes_ready(&product).await;
    assert_eq!(kept(&product).await, 1_000);
    product.send(PHONE, "Et maintenant").await.id();
    product.stop().await;
}

/// A log that was cut, or is gone, is told from one whose last write was not finished: what was acknowledged and is
/// missing is said, and nothing is written until somebody has decided.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_short_is_found() {
    let far = operator().await;
    let mut product = Product::serve(&far.address(), false, HASTE).await;
    product.stay_here();
    for n in 0..20 {
        product.send(&format!("+336120000{n:02}"), "Bonjour").await.id();
    }
    let database = PathBuf::from(product.data()).join("facteur.db");
    let log = PathBuf::from(format!("{}-wal", database.display()));
    product.kill();
    let (whole, before) = (std::fs::read(&log).expect("a log"), std::fs::read(&database).expect("there"));
    // What a crash may leave is no damage: a last write that was not finished.
    std::fs::write(&log, [&whole[..], &[7; 1_000]].concat()).expect("written");
    product.restart().await;
    assert_eq!(kept(&product).await, 20);
    product.kill();

    let whole = std::fs::read(&log).expect("a log");
    for length in [whole.len() * 2 / 3, whole.len() / 2 + 1, 0] {
        std::fs::write(&log, &whole[..length]).expect("cut");
        product.set_out(None);
        answers(&mut product).await;
        is_refusal(&product.send(PHONE, "Pas maintenant").await);
        let said = trouble(&product).await;
        assert!(said.contains("cut short") && said.contains("facteur.db-mark"), "{length}: {said}");
        product.kill();
        let found = failures(&product);
        assert!(found.iter().any(|(what, _)| what.contains("cut short")), "{length}: {found:?}");
        assert_eq!(std::fs::read(&log).expect("a log").len(), length, "it is left as it is");
    }
    assert!(before == std::fs::read(&database).expect("there"), "and so is the database");

    // The log is put back: all is there.
    std::fs::write(&log, &whole).expect("put back");
    product.restart().await;
    assert_eq!(kept(&product).await, 20);
    product.kill();
    // Or somebody decides to go on without.
    std::fs::write(&log, &whole[..whole.len() / 2]).expect("cut");
    std::fs::remove_file(format!("{}-mark", database.display())).expect("a mark");
    product.restart().await;
    becomes_ready(&product).await;
    assert!(kept(&product).await < 20);
    product.stop().await;
    assert!(!PathBuf::from(format!("{}-mark", database.display())).exists(), "there is no log to be marked");
}
