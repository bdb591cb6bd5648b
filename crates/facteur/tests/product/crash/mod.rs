//! The crash contract (`docs/delivery-contract.md`), held to by killing the real binary: at random instants
//! and at every crash point, under a load of clients, with the operator in a process of its own. Then the
//! books of clients, operator and product are compared.

mod books;
mod client;
mod operator;
mod random;

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use facteur_smsc::Options;
use facteur_store::crash::POINTS;
use serde_json::json;

use self::client::Clients;
use self::operator::Operator;
use self::random::Random;
use crate::common::{Far, Product, facteur, path, run, until};

/// How long a life may take to come by the point at which it must die.
const PASSING_MAX: Duration = Duration::from_secs(30);
/// The longest life of one that is killed at random, from its first instant: some die before they are up.
const LIFE_MAX_MS: u64 = 1_200;
/// How long one may be stopping that is killed while it does.
const STOPPING_MAX_MS: u64 = 300;
/// Doubts are settled fast, the log starts over often, and webhooks may come to this machine.
const HASTE: &str = "[sending]\nsettle_wait = \"1s\"\nstop_code = \"36180\"\n\
    [sending.classes.alert]\nunknown = \"leave\"\n[webhooks]\nallow_loopback = true\n[log]\nfilter = \"error\"\n";
/// Points that the load does not pass. Each list is what its own test goes through.
const ELSEWHERE: [&[&str]; 3] = [MIGRATING, BACKING_UP, HOLDING];
/// Passed by a database that is not of this version.
const MIGRATING: &[&str] = &["store.migrate.before", "store.migrate.between", "store.migrate.after"];
/// Passed by a backup.
const BACKING_UP: &[&str] = &["store.backup.copied"];
/// Passed by marketing whose window has closed when it is to leave.
const HOLDING: &[&str] = &["store.hold.before", "store.hold.after"];

/// A product, its operator, its clients, and how they fared.
struct Siege {
    operator: Operator,
    product: Product,
    clients: Clients,
    kills: u32,
}

impl Siege {
    async fn lay(seed: u64) -> Self {
        let operator = Operator::start().await;
        let mut product = Product::serve_on("wal_pages = 100", &operator.address, false, HASTE).await;
        // What a phone writes before anyone was ever bound goes nowhere.
        soon("a bind", async || (product.get("/readyz").await.status == 200).then_some(())).await;
        product.stay_here();
        let clients = Clients::start(&product, seed).await;
        product.kill();
        Self { operator, product, clients, kills: 0 }
    }

    /// A life that is killed after `millis`, counted from its start; now and then it was asked to stop before, and is
    /// killed while it does.
    async fn kill_after(&mut self, millis: u64, stopping: Option<u64>) {
        self.product.set_out(None);
        let load = self.clients.load(&self.product, &mut self.operator);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        if let Some(millis) = stopping {
            self.product.ask_to_stop();
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        self.product.kill();
        load.end().await;
        self.kills += 1;
    }

    /// A life that must die at a crash point; before it one that leaves messages in doubt, for points that
    /// decide about them.
    async fn die_at(&mut self, point: &str) {
        let decides = ["leave_unknown", "resend"].into_iter().find(|verb| point.contains(verb));
        if let Some(verb) = decides {
            self.clients.send_only(Some(verb == "leave_unknown"));
            // What is left from the lives before would be handed over first.
            self.product.restart().await;
            books::calm(&self.product).await;
            self.product.kill();
            self.kills += 1;
            self.die_just_at("gateway.handed_over.unwritten").await;
            self.clients.send_only(None);
        }
        self.die_just_at(point).await;
    }

    async fn die_just_at(&mut self, point: &str) {
        self.product.set_out(Some(point));
        let load = self.clients.load(&self.product, &mut self.operator);
        let died = tokio::time::timeout(PASSING_MAX, self.product.dies()).await;
        let Ok(signal) = died else {
            panic!("{point} was not passed:\n{}", self.product.log());
        };
        assert_eq!(signal, Some(9), "{point}: it died otherwise:\n{}", self.product.log());
        load.end().await;
        self.kills += 1;
    }

    /// A last life, in which everything comes to its end; then the books.
    async fn lift(mut self) {
        self.product.restart().await;
        let rest = self.clients.load(&self.product, &mut self.operator);
        rest.until_answered().await;
        let report = books::compare(&self.product, &self.operator, &self.clients).await;
        println!("{} kills: {report}", self.kills);
        self.product.stop().await;
        let check = run(&["doctor", "--config", &path(self.product.folder.path(), "facteur.toml"), "--json"]);
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(said.contains("whole; no gateway runs on it"), "{said}");
    }
}

/// Kills `kills` times in one siege: at random instants, or, where `points` says so, at points.
async fn besiege(seed: u64, kills: usize, points: &[&str]) {
    let mut random = Random::new(seed);
    println!("seed {seed}");
    let mut siege = Siege::lay(seed).await;
    for n in 0..kills {
        match points.get(n) {
            Some(point) => siege.die_at(point).await,
            None => {
                let stopping = (random.below(5) == 0).then(|| random.below(STOPPING_MAX_MS));
                siege.kill_after(random.below(LIFE_MAX_MS), stopping).await;
            }
        }
    }
    siege.lift().await;
}

/// The points that a serving process passes under the load.
fn served() -> Vec<&'static str> {
    POINTS.iter().copied().filter(|point| !ELSEWHERE.concat().contains(point)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_at_random_instants_lose_nothing() {
    besiege(20, 20, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_every_point_on_the_way_in_and_out_loses_nothing() {
    let points = served();
    let (first, _) = points.split_at(points.len() / 2);
    besiege(1, first.len(), first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_every_point_on_the_way_back_loses_nothing() {
    let points = served();
    let (_, second) = points.split_at(points.len() / 2);
    besiege(2, second.len(), second).await;
}

/// The long run: `FACTEUR_KILLS` kills (1,000 unless told) from `FACTEUR_SEED` on, half of them at random
/// instants, half at the second to fifth passing of a point.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour; docs/delivery-contract.md has the command"]
async fn a_thousand_kills_lose_nothing() {
    let (mut left, first) = (random::variable("FACTEUR_KILLS", 1_000), random::variable("FACTEUR_SEED", 1));
    let mut seed = first;
    while left > 0 {
        let mut random = Random::new(seed);
        let kills = left.min(20);
        let points: Vec<String> = (0..kills / 2)
            .map(|_| {
                let points = served();
                let point = points[usize::try_from(random.below(points.len() as u64)).expect("small")];
                // Once a life, or seldom.
                let rare = ["receive", "recover", "tidy", "resend", "leave_unknown", "checkpoint", "cancel"];
                let once = rare.iter().any(|rare| point.contains(rare));
                format!("{point}#{}", if once { 1 } else { 2 + random.below(4) })
            })
            .collect();
        let points: Vec<&str> = points.iter().map(String::as_str).collect();
        besiege(seed, usize::try_from(kills).expect("small"), &points).await;
        left -= kills;
        seed += 1;
    }
    println!("seeds {first} to {}", seed - 1);
}

/// Every point is killed at by a test of this file: those of [`ELSEWHERE`] by the test that goes through their list,
/// all others by the sieges, which go through [`served`]. A point that is not passed fails its test.
#[test]
fn every_crash_point_has_its_test() {
    let elsewhere = ELSEWHERE.concat();
    let known: HashSet<&str> = POINTS.iter().copied().collect();
    assert_eq!(known.len(), POINTS.len(), "each once");
    assert!(elsewhere.iter().all(|point| known.contains(point)), "{elsewhere:?}");
    assert_eq!(elsewhere.iter().collect::<HashSet<_>>().len(), elsewhere.len(), "each in one list");
    assert_eq!(served().len() + elsewhere.len(), POINTS.len());
}

/// Runs a command that must die at a point.
fn dies(point: &str, args: &[&str]) {
    use std::os::unix::process::ExitStatusExt as _;
    let done =
        facteur(args).env("FACTEUR_CRASH_AT", point).stdin(Stdio::null()).output().expect("the binary runs");
    assert_eq!(done.status.signal(), Some(9), "{point}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_migration_that_is_killed_is_made_at_the_next_start() {
    for point in MIGRATING {
        let folder = tempfile::tempdir().expect("a folder");
        let data = path(folder.path(), "data");
        dies(point, &["migrate", "--data", &data]);
        let again = run(&["migrate", "--data", &data]);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        let check = run(&["doctor", "--data", &data, "--json"]);
        assert!(String::from_utf8_lossy(&check.stdout).contains("whole"), "{check:?}");
    }
}

/// Killed after each migration in turn, it goes on with the next one.
#[test]
fn every_migration_may_be_the_last_before_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = path(folder.path(), "data");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let migrations = std::fs::read_dir(root.join("../store/migrations/sqlite")).expect("read").count();
    assert!(migrations > 10);
    for _ in 0..migrations {
        dies("store.migrate.between", &["migrate", "--data", &data]);
    }
    let again = run(&["migrate", "--data", &data]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let check = run(&["doctor", "--data", &data, "--json"]);
    assert!(String::from_utf8_lossy(&check.stdout).contains("whole"), "{check:?}");
}

/// Marketing that was accepted for an instant within its window and is to leave when that has just closed (to what
/// could still arrive in time): wherever the product is
/// killed, it waits for the next window, and is written to no phone before.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_a_message_is_made_to_wait_lets_none_out() {
    const PHONE: &str = "+33612345678";
    for point in HOLDING {
        let far = Far::start(Options::default()).await;
        let more = ["--smsc", &far.address(), "--clock", "2026-11-24T19:44:48+01:00"];
        let mut product = Product::dev(&more).await;
        far.network.wait_until(|stats| stats.bound > 0).await;
        product.kill();
        product.set_out(Some(point));
        until("it is up", async || product.try_raw("GET", "/healthz", &[], Vec::new()).await.ok()).await;
        let consent = json!({"basis": "consent", "advertiser": "Démo", "purpose": "offres",
            "collected_at": "2026-01-05T10:00:00Z", "source": "form", "text_shown": "J'accepte"});
        let offer = json!({"sender_id": "36180", "to": PHONE, "message": "Soldes chez Démo", "class": "marketing",
            "send_at": "2026-11-24T19:44:59.999+01:00", "consent": consent});
        let id = product.post("/v1/api/sms", &offer, &[]).await.id();
        let Ok(signal) = tokio::time::timeout(PASSING_MAX, product.dies()).await else {
            panic!("{point} was not passed: {}", product.message(&id).await)
        };
        assert_eq!(signal, Some(9), "{point}: {}", product.log());
        product.set_clock("2026-11-24T19:45:30+01:00");
        product.restart().await;
        let waits = product.reaches(&id, &["scheduled"]).await;
        let held =
            waits["story"].as_array().and_then(|story| story.iter().find(|step| step["what"] == "held"));
        let until = held.unwrap_or_else(|| panic!("{point}: {waits}"))["detail"].as_str();
        assert_eq!(until, Some("until 2026-11-25T07:00:00Z"), "{point}");
        let texts = far.network.phone(PHONE);
        assert!(texts.is_empty(), "{point}: {texts:?}");
        product.stop().await;
    }
}

/// Under its name there is a whole copy or none, and the next one is made.
#[test]
fn a_backup_that_is_killed_leaves_none_and_the_next_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, to) = (path(folder.path(), "data"), path(folder.path(), "copy.db"));
    assert!(run(&["migrate", "--data", &data]).status.success());
    for point in BACKING_UP {
        dies(point, &["backup", "--data", &data, "--to", &to]);
        assert!(!std::path::Path::new(&to).exists(), "under its name there is a whole copy or none");
    }
    let again = run(&["backup", "--data", &data, "--to", &to]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(std::path::Path::new(&to).exists());
}

/// Made while messages come, and killed at whatever it does: what stands under the name of a copy is whole, and what a
/// killed one leaves is in nobody's way.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_whole_wherever_it_is_killed() {
    let far = Far::start(Options::default()).await;
    let mut product = Product::serve_on("wal_pages = 100", &far.address(), false, HASTE).await;
    let (door, mut load) = (product.clone(), tokio::task::JoinSet::new());
    load.spawn(async move {
        for token in 0.. {
            let answer = door.send(&format!("+3361{token:07}"), "Votre rendez-vous est pour demain.").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    });
    let (config, to) = (path(product.folder.path(), "facteur.toml"), path(product.folder.path(), "copy.db"));
    let mut random = Random::new(7);
    for _ in 0..8 {
        let mut backup = facteur(&["backup", "--config", &config, "--to", &to, "--verify"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        backup.kill().expect("a child");
        backup.wait().expect("a child");
        // A trial that was killed stays, and the next one says so rather than write over a file.
        let left = format!("{to}.trial");
        if std::path::Path::new(&left).exists() {
            std::fs::remove_file(&left).expect("removed");
        }
        if std::path::Path::new(&to).exists() {
            let check = run(&["backup", "--check", &to]);
            assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
            std::fs::remove_file(&to).expect("removed");
        }
    }
    let whole = run(&["backup", "--config", &config, "--to", &to, "--verify"]);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert!(load.try_join_next().is_none(), "messages were accepted all the while");
    load.abort_all();
    product.stop().await;
}

/// A release has no crash points: neither its profile nor, where one was built, its binary.
#[test]
fn a_release_has_no_crash_points() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two deep");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the workspace");
    assert!(!manifest.contains("debug-assertions"), "crash points follow debug assertions");
    let binary =
        std::path::Path::new(env!("CARGO_BIN_EXE_facteur")).parent().and_then(|debug| debug.parent());
    let release = binary.expect("a target folder").join("release/facteur");
    let Ok(octets) = std::fs::read(&release) else {
        println!("no release binary at {}: only the profile was looked at", release.display());
        return;
    };
    let word = b"FACTEUR_CRASH_AT";
    assert!(!octets.windows(word.len()).any(|window| window == word), "{} can be killed", release.display());
}

/// Waits a little for something that may be there already.
async fn soon<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until(what, look).await
}
