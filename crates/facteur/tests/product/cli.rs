//! The command line: admin, doctor, backup, send, configuration errors, help.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use facteur_smsc::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Far, Product, facteur, path, run, run_json, until};

fn failing(args: &[&str]) -> String {
    let output = run(args);
    assert!(!output.status.success(), "facteur {args:?} should fail");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Every command and subcommand has a help that runs, says what it does and, where it takes work
/// to get it right, shows examples.
#[test]
fn help_of_every_command_runs() {
    fn walk(words: &[&str], seen: &mut usize) {
        let output = run(&[words, &["--help"]].concat());
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success() && help.contains("Usage:"), "{words:?}: {help}");
        if words.len() == 1 {
            assert!(help.contains("Examples:"), "{words:?} has no examples");
        }
        *seen += 1;
        let Some((_, commands)) = help.split_once("Commands:\n") else { return };
        for line in commands.lines().take_while(|line| line.starts_with("  ")) {
            let name = line.trim_start().split(' ').next().unwrap_or_default();
            if !name.is_empty() && name != "help" && line.starts_with("  ") && !line.starts_with("   ") {
                walk(&[words, &[name]].concat(), seen);
            }
        }
    }
    let mut seen = 0;
    walk(&[], &mut seen);
    assert!(seen > 20, "{seen} helps");
    assert!(String::from_utf8(run(&["--version"]).stdout).expect("UTF-8").starts_with("facteur "));
}

#[test]
fn admin_sets_up_a_workspace_and_says_what_exists_when_a_name_is_wrong() {
    let folder = TempDir::new().expect("a folder");
    let data = path(folder.path(), "data");
    let base = ["admin", "--data", data.as_str(), "--by", "claire"];
    let refused = |words: &[&str]| failing(&[base.as_slice(), words].concat());
    let json = |words: &[&str]| run_json(&[base.as_slice(), words, &["--json"]].concat());

    assert!(refused(&["keys", "list"]).contains("there is no database in"));
    let workspace = json(&["workspaces", "create", "--name", "Ma Société"]);
    let id = workspace["id"].as_str().expect("an id");
    assert!(id.starts_with("wsp_"));
    assert!(refused(&["workspaces", "create", "--name", "Ma Société"]).contains("already"));
    assert_eq!(json(&["workspaces", "list"])[0]["name"], "Ma Société");

    let key = json(&[
        "keys",
        "create",
        "--workspace",
        id,
        "--label",
        "shop",
        "--scopes",
        "SMS_SEND,CONVERSATIONS_READ",
        "--daily-quota",
        "100",
    ]);
    let secret = key["secret"].as_str().expect("shown once");
    assert!(secret.starts_with("ak_live_") && secret.len() > 40, "256 bits");
    assert!(
        json(&["keys", "create", "--test"])["secret"].as_str().is_some_and(|s| s.starts_with("ak_test_"))
    );
    let listed = json(&["keys", "list"]);
    assert_eq!((&listed[0]["label"], &listed[0]["daily_quota"]), (&json!("shop"), &json!(100)));
    assert!(!listed.to_string().contains(secret), "the secret is shown once");
    assert!(refused(&["keys", "create", "--scopes", "EVERYTHING"]).contains("SMS_SEND"));
    let unknown = refused(&["keys", "create", "--workspace", "wsp_0000000000000"]);
    assert!(
        unknown.contains("no workspace wsp_0000000000000")
            && unknown.contains("Ma Société")
            && unknown.contains(id),
        "{unknown}"
    );

    assert_eq!(json(&["senders", "declare", "MyCompany", "--class", "transactional"])["state"], "PENDING");
    assert_eq!(json(&["senders", "validate", "mycompany"])["state"], "VALIDATED");
    assert_eq!(json(&["senders", "disable", "MyCompany", "--reason", "plaintes"])["reason"], "plaintes");
    assert_eq!(json(&["senders", "enable", "MyCompany"])["state"], "VALIDATED");
    assert!(
        refused(&["senders", "fail", "MyCompany", "--reason", "x"]).contains("VALIDATED"),
        "an impossible move says why"
    );
    assert!(refused(&["senders", "declare", "My Company"]).contains("character 3"));
    assert!(refused(&["senders", "validate", "Unknown"]).contains("MyCompany (VALIDATED)"));
    assert_eq!(json(&["short-codes", "add", "36180"])["class"], "marketing");
    let code = json(&["short-codes", "add", "38180"]);
    assert_eq!((&code["class"], &code["state"]), (&json!("transactional"), &json!("VALIDATED")));
    assert!(refused(&["short-codes", "add", "MyCompany"]).contains("no short code"));
    let shared = ["short-codes", "add", "36111", "--shared"];
    assert_eq!(json(&shared)["state"], "VALIDATED");
    assert!(refused(&["short-codes", "add", "36180", "--shared"]).contains("to itself"));

    let key_id = key["id"].as_str().expect("an id");
    assert!(json(&["keys", "revoke", key_id])["revoked_at"].is_string());
    assert!(refused(&["keys", "revoke", key_id]).contains("was revoked at"));
    assert!(refused(&["keys", "revoke", "api_0000000000000"]).contains("there are:"));

    let audit = json(&["audit"]);
    let lines = audit.as_array().expect("lines");
    assert!(lines.len() >= 9 && lines.iter().all(|line| line["actor"] == "claire"), "{audit:#}");
    assert!(lines.iter().all(|line| !line.to_string().contains(secret)));
    let table =
        String::from_utf8(run(&[base.as_slice(), &["senders", "list"]].concat()).stdout).expect("UTF-8");
    assert!(table.starts_with("SENDER") && table.contains("MyCompany"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_works_while_the_gateway_runs() {
    let product = Product::dev(&["--quiet"]).await;
    assert_eq!(product.send("+33612345678", "Bonjour").await.status, 200);
    product.admin(&["senders", "disable", "MyCompany", "--reason", "plaintes"]);
    let refused = until("the gateway sees it", async || {
        let answer = product.send("+33612345678", "Bonjour").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!(refused.code(), "SENDER_ID_NOT_ACTIVE");
    product.admin(&["senders", "enable", "MyCompany"]);
    until("the gateway sees it", async || {
        (product.send("+33612345678", "Bonjour").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gateway_a_data_folder() {
    let product = Product::dev(&["--quiet"]).await;
    let data = product.data();
    let refused = failing(&["dev", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(refused.contains("another gateway already runs"), "{refused}");
    let address = product.api.trim_start_matches("http://").to_owned();
    let other = path(product.folder.path(), "other");
    let taken = failing(&["dev", "--listen", &address, "--data", &other]);
    assert!(taken.contains("cannot listen on"), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_key_stays_the_same_and_can_be_fixed() {
    let mut product = Product::dev(&["--quiet"]).await;
    let first = product.key.clone();
    product.stop().await;
    product.restart().await;
    assert_eq!(product.key, first);
    assert!(product.log().matches(&first).count() >= 4, "printed at every start");
    let fixed = Product::dev(&["--quiet", "--api-key", "bench-key"]).await;
    assert_eq!(fixed.key, "bench-key");
    assert_eq!(fixed.send("+33612345678", "Bonjour").await.status, 200);
    for name in ["MyCompany", "MaBoutique", "36180", "38180"] {
        let listed = fixed.admin(&["senders", "list"]);
        let found = listed.as_array().expect("rows").iter().find(|row| row["sender"] == name).expect(name);
        assert_eq!(found["state"], "VALIDATED", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn send_sends_waits_and_tells() {
    let product = Product::dev(&["--quiet"]).await;
    let (url, key) = (product.api.clone(), product.key.clone());
    let send = |to: &str, more: &[&str]| {
        let words = [
            "send",
            "--url",
            &url,
            "--key",
            &key,
            "--sender-id",
            "MyCompany",
            "--to",
            to,
            "--message",
            "Bonjour",
        ];
        run(&[words.as_slice(), more].concat())
    };
    let told = send("+33612345678", &["--wait", "--json", "--class", "otp"]);
    let story: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(
        (story["data"]["status"].as_str(), story["data"]["class"].as_str()),
        (Some("delivered"), Some("otp"))
    );
    let text = String::from_utf8(send("+33612345678", &["--wait"]).stdout).expect("UTF-8");
    assert!(text.contains("is delivered") && text.contains("receipt"), "{text}");
    let undelivered = send("+33639980080", &["--wait"]);
    assert_eq!(undelivered.status.code(), Some(3));
    let refused = send("0612345678", &[]);
    let shown = String::from_utf8(refused.stderr).expect("UTF-8");
    assert!(refused.status.code() == Some(1) && shown.contains("INVALID_PHONE_FORMAT"), "{shown}");
    let nobody = failing(&[
        "send",
        "--url",
        "http://127.0.0.1:1",
        "--key",
        "k",
        "--sender-id",
        "MyCompany",
        "--to",
        "+33612345678",
        "--message",
        "x",
    ]);
    assert!(nobody.contains("cannot be reached") && !nobody.contains("Bonjour"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_as_lists_once_and_its_wrong_lines_are_told() {
    let far = Far::start(Options::default()).await;
    let product = Product::serve(&far.address(), false, "").await;
    let file = path(product.folder.path(), "list.csv");
    let text = |number: u64| format!("Bonjour {number} ; « été »");
    let mut table = String::from("to;message;client_reference\r\n");
    for number in 0..1_200_u64 {
        let to = if number == 7 { "0612345678".to_owned() } else { format!("+{}", 33_611_000_000 + number) };
        table.push_str(&format!("{to};\"{}\";{number}\r\n", text(number)));
    }
    table.push_str("\"never closed;x;\r\n");
    std::fs::write(&file, &table).expect("a file");
    let words =
        ["send", "--url", &product.api, "--key", &product.key, "--sender-id", "MyCompany", "--file", &file];
    let send = || run(&[words.as_slice(), &["--json"]].concat());
    let told = send();
    assert_eq!(told.status.code(), Some(1), "some were refused: {}", String::from_utf8_lossy(&told.stderr));
    let report: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(report["accepted"].as_array().expect("ids").len(), 1_199);
    let lines: Vec<u64> = report["refused"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["line"].as_u64())
        .collect();
    assert_eq!(lines, [9, 1_202], "the line in the file, its heading being the first: {}", report["refused"]);
    far.network.wait_until(|stats| stats.accepted >= 1_199).await;
    // The same again: the same answers, and nothing leaves twice.
    let again: Value = serde_json::from_slice(&send().stdout).expect("JSON");
    assert_eq!(again["accepted"], report["accepted"]);
    assert_eq!(far.network.deliveries("+33611001199", &text(1_199)), 1);
    let shown = String::from_utf8(run(&words).stdout).expect("UTF-8");
    assert!(shown.contains("1199 accepted, 2 refused") && shown.contains("line 9:"), "{shown}");
    std::fs::write(&file, "to;text\n+33612345678;x\n").expect("a file");
    let told = failing(&words);
    assert!(told.contains("`text` is no column") && told.contains("message"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_it_runs_opens() {
    let product = Product::dev(&["--quiet"]).await;
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
    let restored = product.folder.path().join("restored");
    std::fs::create_dir(&restored).expect("a folder");
    let copy = path(&restored, "facteur.db");
    let told = run_json(&["backup", "--data", &product.data(), "--to", &copy, "--verify", "--json"]);
    assert!(told["octets"].as_u64().is_some_and(|octets| octets > 1000));
    let found = &told["restored"];
    assert_eq!((&found["senders"], &found["waiting"]), (&json!(4), &json!(0)), "{told}");
    let again = run_json(&["backup", "--check", &copy, "--json"]);
    assert_eq!(&again["restored"], found, "a trial leaves the copy as it was");
    assert_eq!(std::fs::read_dir(&restored).expect("a folder").count(), 1, "and nothing beside it");
    let torn = path(&restored, "torn.db");
    let octets = std::fs::read(&copy).expect("readable");
    std::fs::write(&torn, &octets[..octets.len() / 2]).expect("written");
    let damaged = failing(&["backup", "--check", &torn]);
    assert!(damaged.contains("damaged") || damaged.contains("does not open"), "{damaged}");
    std::fs::remove_file(&torn).expect("removed");
    let database = path(product.folder.path(), "data/facteur.db");
    for private in [&copy, &database] {
        let mode = std::fs::metadata(private).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    assert!(failing(&["backup", "--data", &product.data(), "--to", &copy]).contains("exists already"));
    let data = path(product.folder.path(), "restored");
    let second = run_json(&["admin", "--data", &data, "--json", "senders", "list"]);
    assert_eq!(second.as_array().map(Vec::len), Some(4));
    let migrated = run_json(&["migrate", "--data", &data, "--json"]);
    assert_eq!(migrated["waiting"], 0);
}

/// An older form under a gateway that may be of the older version: whoever only looks or changes settings leaves
/// it alone, and a backup is a copy of what is there.
#[test]
fn only_a_start_and_migrate_change_a_database_s_form() {
    let folder = TempDir::new().expect("a folder");
    let data = path(folder.path(), "data");
    run_json(&["admin", "--data", &data, "workspaces", "create", "--name", "Demo", "--json"]);
    let version = |file: &str| -> i64 {
        let file = rusqlite::Connection::open(file).expect("opens");
        file.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
            .expect("read")
    };
    let database = path(folder.path(), "data/facteur.db");
    let newest = version(&database);
    let file = rusqlite::Connection::open(&database).expect("opens");
    file.execute("DELETE FROM refinery_schema_history WHERE version = ?1", [newest]).expect("written");
    drop(file);
    let older = version(&database);
    assert!(older < newest);
    let refused = failing(&["admin", "--data", &data, "keys", "list"]);
    assert!(
        refused.contains(&format!("schema version {older}")) && refused.contains("facteur migrate"),
        "{refused}"
    );
    let refused = failing(&["admin", "--data", &data, "workspaces", "create", "--name", "Other"]);
    assert!(refused.contains("facteur migrate"), "{refused}");
    let report = run(&["doctor", "--data", &data, "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(outcome(&report, "database"), "fail");
    let told = report.to_string();
    assert!(told.contains("facteur migrate") && !told.contains("restore a backup"), "{told}");
    let copy = path(folder.path(), "copy.db");
    run_json(&["backup", "--data", &data, "--to", &copy, "--json"]);
    assert_eq!((version(&database), version(&copy)), (older, older));
}

#[test]
fn doctor_restores_no_backup_over_a_database_that_is_whole() {
    let folder = TempDir::new().expect("a folder");
    let data = path(folder.path(), "data");
    run_json(&["admin", "--data", &data, "workspaces", "create", "--name", "Demo", "--json"]);
    let database = path(folder.path(), "data/facteur.db");
    let told = |how: &str| {
        let report = run(&["doctor", "--data", &data, "--json"]);
        let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
        assert_eq!(outcome(&report, "database"), "fail", "{how}: {report:#}");
        report["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .find(|check| check["name"] == "database")
            .expect("one")
            .to_string()
    };
    let file = rusqlite::Connection::open(&database).expect("opens");
    file.execute(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'x', 'x', '1')",
        [],
    )
    .expect("written");
    let newer = told("newer");
    assert!(newer.contains("version 99") && newer.contains("newer version wrote it"), "{newer}");
    file.execute("DELETE FROM refinery_schema_history WHERE version = 99", []).expect("written");
    file.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("locked");
    let locked = told("locked");
    assert!(locked.contains("another program holds the file"), "{locked}");
    assert!(!locked.contains("restore") && !locked.contains("newer version"), "{locked}");
    drop(file);
    std::fs::write(&database, "this is no database, but it is long enough".repeat(200)).expect("written");
    let damaged = told("no database");
    assert!(damaged.contains("restore a backup") && !damaged.contains("newer version"), "{damaged}");
}

#[test]
fn files_of_others_are_not_written_over() {
    let folder = TempDir::new().expect("a folder");
    let data = path(folder.path(), "data");
    run_json(&["admin", "--data", &data, "workspaces", "create", "--name", "Demo", "--json"]);
    let database = path(folder.path(), "data/facteur.db");
    let before = std::fs::read(&database).expect("readable");
    let refused = failing(&["admin", "--data", &data, "consents", "export", "--output", &database]);
    assert!(refused.contains("does not exist"), "{refused}");
    let copy = path(folder.path(), "copy.db");
    run_json(&["backup", "--data", &data, "--to", &copy, "--json"]);
    let mine = path(folder.path(), "copy.db.trial");
    std::fs::write(&mine, "mine").expect("written");
    let refused = failing(&["backup", "--check", &copy]);
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(std::fs::read(&mine).expect("there"), b"mine");
    assert_eq!(std::fs::read(&database).expect("there"), before);
}

#[test]
fn admin_is_as_strict_as_the_console() {
    let folder = TempDir::new().expect("a folder");
    let data = path(folder.path(), "data");
    let base = ["admin", "--data", data.as_str(), "--json"];
    let json = |words: &[&str]| run_json(&[base.as_slice(), words].concat());
    let refused = |words: &[&str]| failing(&[base.as_slice(), words].concat());
    assert_eq!(json(&["workspaces", "create", "--name", "  Acme "])["name"], "Acme");
    assert!(refused(&["workspaces", "create", "--name", "ACME"]).contains("Acme already"));
    for label in ["", "two\nlines", &"x".repeat(61)] {
        assert!(refused(&["keys", "create", "--label", label]).contains("1 to 60 characters"), "{label}");
    }
    refused(&["keys", "create", "--daily-quota", "0"]);
    // A role comes by a link: whoever holds the account of an address need not be who is meant.
    json(&["users", "create", "claire@exemple.fr", "--name", "Claire"]);
    let invited = json(&["users", "role", "claire@exemple.fr", "--role", "owner"]);
    assert!(invited["link"].as_str().is_some_and(|link| link.starts_with("/console/link/")), "{invited}");
    assert_eq!(invited["roles"], "");
    let audit = json(&["audit"]);
    let line = &audit[0];
    assert_eq!((&line["action"], &line["after"]), (&json!("member.invited"), &json!("owner")), "{audit:#}");
    assert!(line["origin"].is_null() && line["before"].is_null());
}

fn outcome<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().expect("checks");
    let found = checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {report:#}"));
    found["outcome"].as_str().expect("an outcome")
}

fn doctor(config: &str, more: &[&str]) -> (Value, bool) {
    let output = run(&[&["doctor", "--config", config, "--json"], more].concat());
    (serde_json::from_slice(&output.stdout).expect("JSON"), output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_wrong_and_what_to_do() {
    let far = Far::start(facteur_smsc::Options {
        accounts: Some([("test".to_owned(), "secret".to_owned())].into()),
        ..Default::default()
    })
    .await;
    let product = Product::serve(&far.address(), false, "").await;
    let config = path(product.folder.path(), "facteur.toml");
    let (report, well) = doctor(&config, &["--bind"]);
    assert!(well, "{report:#}");
    for name in ["configuration", "data folder", "database", "backlog", "clock", "route far"] {
        assert_eq!(outcome(&report, name), "ok", "{name}: {report:#}");
    }

    let text = std::fs::read_to_string(&config).expect("there");
    let write = |name: &str, text: &str| {
        let file = path(product.folder.path(), name);
        std::fs::write(&file, text).expect("written");
        file
    };
    let (report, well) = doctor(&write("password.toml", &text.replace("secret", "wrong")), &["--bind"]);
    assert!(!well && outcome(&report, "route far") == "fail", "{report:#}");
    let (report, well) = doctor(&write("closed.toml", &text.replace(&far.address(), "127.0.0.1:1")), &[]);
    assert!(!well && outcome(&report, "route far") == "fail", "{report:#}");
    let (report, well) = doctor(&write("tls.toml", &format!("{text}[routes.tls]\n")), &[]);
    assert!(!well && outcome(&report, "route far") == "fail", "{report:#}");
    let (report, well) = doctor(&write("typo.toml", &text.replace("window", "windov")), &[]);
    assert!(!well && outcome(&report, "configuration") == "fail");
    assert!(report.to_string().contains("windov"), "{report:#}");
    let (report, well) = doctor(&write("empty.toml", "[store]\ndata = \"/proc/nowhere\"\n"), &[]);
    assert!(
        well && outcome(&report, "data folder") == "warn" && outcome(&report, "configuration") == "warn",
        "{report:#}"
    );
    let damaged = path(product.folder.path(), "damaged");
    std::fs::create_dir(&damaged).expect("a folder");
    std::fs::write(
        Path::new(&damaged).join("facteur.db"),
        "this is no database at all, whatever its name says",
    )
    .expect("written");
    let output = run(&["doctor", "--data", &damaged, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(!output.status.success() && outcome(&report, "database") == "fail", "{report:#}");
    assert!(
        report["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .all(|c| c["outcome"] == "ok" || c["cure"].is_string())
    );
}

#[test]
fn configuration_errors_have_file_line_and_column() {
    let folder = TempDir::new().expect("a folder");
    let file = path(folder.path(), "facteur.toml");
    std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:0\"\nport = 80\n").expect("written");
    let serve = facteur(&["serve", "--config", &file]).stdin(Stdio::null()).output().expect("runs");
    let shown = String::from_utf8(serve.stderr).expect("UTF-8");
    assert!(!serve.status.success());
    assert!(
        shown.contains(&format!("{file}:3:1: unknown field `port`")) && shown.contains(" 3 | port = 80"),
        "{shown}"
    );
    assert_eq!(failing(&["config", "check", &file]), shown);
    let missing = path(folder.path(), "missing.toml");
    assert!(failing(&["serve", "--config", &missing]).contains("config template"));
    let template = run(&["config", "template"]);
    std::fs::write(&file, &template.stdout).expect("written");
    assert_eq!(run_json(&["config", "check", &file, "--json"])["routes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_box_runs_alone() {
    let folder = TempDir::new().expect("a folder");
    let ready = path(folder.path(), "ready.json");
    let mut child = facteur(&["smsc", "--listen", "127.0.0.1:0", "--quiet", "--ready-file", &ready])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let told: Value = until("ready file", async || {
        std::fs::read(&ready).ok().and_then(|text| serde_json::from_slice(&text).ok())
    })
    .await;
    let product = Product::dev(&["--quiet", "--smsc", told["smsc"].as_str().expect("an address")]).await;
    assert_eq!(product.smsc, None);
    let id = product.send("+33612345678", "Bonjour").await.id();
    product.reaches(&id, &["delivered"]).await;
    child.kill().expect("a child");
    child.wait().expect("a child");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_and_their_stop_stays() {
    let product = Product::dev(&["--quiet", "--clock", "2026-11-24T10:00:00+01:00"]).await;
    let to = "+33698765432";
    let id = product.send(to, "Votre colis est chez le gardien").await.id();
    product.reaches(&id, &["delivered"]).await;
    let stop = json!({"number": to, "scope": "advertiser", "reason": "asked by mail"});
    assert_eq!(product.post("/v2/api/opt_outs", &stop, &[]).await.status, 201);
    let told = product.admin(&["people", "erase", to, "--yes"]);
    assert!(told["erased"].as_u64().is_some_and(|rows| rows >= 1), "{told}");
    let message = product.message(&id).await;
    let shown = message.to_string();
    assert!(!shown.contains("98765432") && !shown.contains("gardien"), "{shown}");
    let consent = json!({
        "basis": "consent", "purpose": "offres", "collected_at": "2026-11-01T10:00:00Z",
        "source": "formulaire", "text_shown": "J'accepte.",
    });
    let marketing = json!({"sender_id": "MaBoutique", "to": to, "message": "Soldes", "consent": consent});
    let refused = product.post("/v1/api/sms", &marketing, &[]).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("fr.optout.advertiser"), "{}", refused.text);
}
