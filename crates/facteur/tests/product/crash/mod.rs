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

use facteur_store::crash::POINTS;

use self::client::Clients;
use self::operator::Operator;
use self::random::Random;
use crate::common::{Product, facteur, path, run, until};

/// How long a life may take to come by the point at which it must die.
const PASSING_MAX: Duration = Duration::from_secs(30);
/// The longest life of one that is killed at random, from its first instant: some die before they are up.
const LIFE_MAX_MS: u64 = 1_200;
/// Doubts are settled fast, the log starts over often, and webhooks may come to this machine.
const HASTE: &str = "[sending]\nsettle_wait = \"1s\"\nstop_code = \"36180\"\n\
    [sending.classes.alert]\nunknown = \"leave\"\n[webhooks]\nallow_loopback = true\n[log]\nfilter = \"error\"\n";
/// Points that no serving process passes under the load, with who passes them instead.
const ELSEWHERE: &[&str] = &[
    "store.migrate.before",
    "store.migrate.after",
    "store.backup.copied",
    "store.hold.before",
    "store.hold.after",
];

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
        // Every life at one address.
        let config = product.folder.path().join("facteur.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        let listen = product.api.strip_prefix("http://").expect("HTTP");
        std::fs::write(&config, text.replace("127.0.0.1:0", listen)).expect("written");
        let clients = Clients::start(&product, seed).await;
        product.kill();
        Self { operator, product, clients, kills: 0 }
    }

    /// A life that is killed after `millis`, counted from its start.
    async fn kill_after(&mut self, millis: u64) {
        self.product.set_out(None);
        let load = self.clients.load(&self.product, &mut self.operator);
        tokio::time::sleep(Duration::from_millis(millis)).await;
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
            None => siege.kill_after(random.below(LIFE_MAX_MS)).await,
        }
    }
    siege.lift().await;
}

/// The points that a serving process passes.
fn served() -> Vec<&'static str> {
    POINTS.iter().copied().filter(|point| !ELSEWHERE.contains(point)).collect()
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

/// Every point is killed at by some test of this file.
#[test]
fn every_crash_point_has_its_test() {
    let (served, elsewhere): (HashSet<&str>, HashSet<&str>) =
        (served().into_iter().collect(), ELSEWHERE.iter().copied().collect());
    assert_eq!(served.len() + elsewhere.len(), POINTS.len(), "each once");
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
    for point in ["store.migrate.before", "store.migrate.after"] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = path(folder.path(), "data");
        dies(point, &["migrate", "--data", &data]);
        let again = run(&["migrate", "--data", &data]);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        let check = run(&["doctor", "--data", &data, "--json"]);
        assert!(String::from_utf8_lossy(&check.stdout).contains("whole"), "{check:?}");
    }
}

/// Under its name there is a whole copy or none, and the next one is made.
#[test]
fn a_backup_that_is_killed_leaves_none_and_the_next_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, to) = (path(folder.path(), "data"), path(folder.path(), "copy.db"));
    assert!(run(&["migrate", "--data", &data]).status.success());
    dies("store.backup.copied", &["backup", "--data", &data, "--to", &to]);
    assert!(!std::path::Path::new(&to).exists(), "under its name there is a whole copy or none");
    let again = run(&["backup", "--data", &data, "--to", &to]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(std::path::Path::new(&to).exists());
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
