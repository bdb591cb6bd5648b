//! Keeps `requirements/*.toml` honest.
//!
//! A requirement is *cited* where its id stands as a word in a comment, in backticks or not:
//! ``/// (requirement `seed-sender-format`)`` in the code that meets it, the same above or inside
//! the test that proves it. In a source file, what comes before its first `#[cfg(test)]` is code
//! and what follows is test; a file in a `tests` folder, and a
//! `tests.rs`, is test throughout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What a register may say of a requirement.
const STATES: [&str; 4] = ["met", "partly", "todo", "exception"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    requirement: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    text: String,
    state: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    code: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    /// Where the requirement stands in its source.
    #[serde(default)]
    section: Option<String>,
}

/// Reads a file by its path from the repository's root.
type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder` whose name ends with `ending`, without build output.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() && !path.ends_with("target") {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

fn registers() -> Vec<Requirement> {
    let mut paths = Vec::new();
    files(&root().join("requirements"), ".toml", &mut paths);
    assert!(!paths.is_empty(), "no register found");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a register reads");
        let register: Register =
            toml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        register.requirement
    };
    paths.iter().flat_map(read).collect()
}

/// The words of the comments of `source` that have the form of an id with one of `prefixes`.
fn citations<'a>(source: &'a str, prefixes: &BTreeSet<&str>) -> Vec<&'a str> {
    let comments = source.lines().filter_map(|line| line.split_once("//")).map(|(_, comment)| comment);
    let words = comments.flat_map(|comment| {
        comment
            .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')))
    });
    words
        .map(|word| word.trim_end_matches(['.', '-']))
        .filter(|word| {
            is_id(word) && word.split_once('-').is_some_and(|(prefix, _)| prefixes.contains(prefix))
        })
        .collect()
}

/// Kebab-case with two words at least, the second not a number: `seed-scope`.
fn is_id(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let letter = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    text.split('-').all(word) && text.split('-').take(2).filter(|part| letter(part)).count() == 2
}

/// The code of a file and its tests.
fn halves<'a>(path: &str, source: &'a str) -> (&'a str, &'a str) {
    if path.contains("/tests/") || path.ends_with("/tests.rs") {
        return ("", source);
    }
    source.split_at(source.find("#[cfg(test)]").unwrap_or(source.len()))
}

fn prefix(id: &str) -> &str {
    id.split_once('-').map_or(id, |(prefix, _)| prefix)
}

/// What is wrong with one requirement.
fn faults(requirement: &Requirement, read: Read<'_>) -> Vec<String> {
    let Requirement { id, text, state, reason, code, tests, section } = requirement;
    let mut faults = Vec::new();
    if !is_id(id) {
        faults.push("its id is not kebab-case".to_owned());
    }
    if text.is_empty() || section.as_deref() == Some("") {
        faults.push("its text or its section is empty".to_owned());
    }
    if !STATES.contains(&state.as_str()) {
        faults.push(format!("its state {state:?} is unknown"));
    }
    let built = matches!(state.as_str(), "met" | "partly");
    if state != "met" && reason.is_empty() {
        faults.push(format!("{state} without a reason"));
    }
    if built && (code.is_empty() || tests.is_empty()) {
        faults.push(format!("{state} without code or without a test"));
    }
    let prefixes = BTreeSet::from([prefix(id)]);
    let cites = |half: &str| citations(half, &prefixes).contains(&id.as_str());
    let mut cited = (false, false);
    for path in code {
        match read(path) {
            Some(source) => cited.0 |= cites(halves(path, &source).0),
            None => faults.push(format!("{path} does not exist")),
        }
    }
    for test in tests {
        let Some((path, name)) = test.split_once("::") else {
            faults.push(format!("{test} is not file::function"));
            continue;
        };
        match read(path) {
            Some(source) if halves(path, &source).1.contains(&format!("fn {name}(")) => {
                cited.1 |= cites(halves(path, &source).1);
            }
            Some(_) => faults.push(format!("{path} has no test {name}")),
            None => faults.push(format!("{path} does not exist")),
        }
    }
    if built && !cited.0 {
        faults.push("no listed code cites it".to_owned());
    }
    if built && !cited.1 {
        faults.push("no listed test's file cites it".to_owned());
    }
    faults
}

#[test]
fn registers_are_honest() {
    let read = |path: &str| fs::read_to_string(root().join(path)).ok();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for requirement in registers() {
        wrong.extend(
            faults(&requirement, &read).into_iter().map(|fault| format!("{}: {fault}", requirement.id)),
        );
        if !seen.insert(requirement.id.clone()) {
            wrong.push(format!("{}: twice", requirement.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cited_requirement_is_registered() {
    let known = registers();
    let ids: BTreeSet<&str> = known.iter().map(|requirement| requirement.id.as_str()).collect();
    let prefixes = ids.iter().map(|id| prefix(id)).collect();
    let mut sources = Vec::new();
    files(&root().join("crates"), ".rs", &mut sources);
    // This file speaks of ids that do not exist.
    sources.retain(|path| !path.ends_with("tests/requirements.rs"));
    assert!(sources.len() > 8, "every room has a source file");
    let mut wrong = Vec::new();
    for path in sources {
        let source = fs::read_to_string(&path).expect("a source file reads");
        let unknown = citations(&source, &prefixes).into_iter().filter(|id| !ids.contains(id));
        wrong.extend(unknown.map(|id| format!("{}: {id}", path.display())));
    }
    assert!(wrong.is_empty(), "cited and not registered:\n{}", wrong.join("\n"));
}

#[test]
fn citations_are_found_in_comments_only() {
    let source = "//! requirement `seed-scope`.\nlet a = \"seed-none\"; // seed-hours, seed-...\n\
                  /// pack fr-2026.1, crate rusmpp-core, seed-42, (seed-sunday)\n";
    assert_eq!(
        citations(source, &BTreeSet::from(["seed", "fr"])),
        ["seed-scope", "seed-hours", "seed-sunday"]
    );
}

#[test]
fn a_dishonest_register_is_caught() {
    let read = |path: &str| match path {
        "crates/a/src/a.rs" => {
            Some("/// (seed-a)\nfn a() {}\n#[cfg(test)]\n// seed-a\nfn proof() {}".to_owned())
        }
        "crates/a/src/b.rs" => Some("fn b() {}\n#[cfg(test)]\n// seed-a\nfn proof() {}".to_owned()),
        "crates/a/src/c.rs" => Some("/// seed-a\nfn c() {}\n#[cfg(test)]\nfn proof() {}".to_owned()),
        _ => None,
    };
    let good = || Requirement {
        id: "seed-a".to_owned(),
        text: "It is so.".to_owned(),
        state: "met".to_owned(),
        reason: String::new(),
        code: vec!["crates/a/src/a.rs".to_owned()],
        tests: vec!["crates/a/src/a.rs::proof".to_owned()],
        section: None,
    };
    assert_eq!(faults(&good(), &read), [""; 0]);
    let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    for (bad, fault) in [
        (Requirement { id: "Seed-A".to_owned(), ..good() }, "kebab-case"),
        (Requirement { text: String::new(), ..good() }, "empty"),
        (Requirement { state: "done".to_owned(), ..good() }, "unknown"),
        (Requirement { state: "todo".to_owned(), ..good() }, "without a reason"),
        (Requirement { state: "partly".to_owned(), ..good() }, "without a reason"),
        (Requirement { code: vec![], ..good() }, "without code"),
        (Requirement { tests: vec![], ..good() }, "without a test"),
        (Requirement { code: own(&["crates/a/src/b.rs"]), ..good() }, "no listed code"),
        (Requirement { code: own(&["crates/a/src/z.rs"]), ..good() }, "does not exist"),
        (Requirement { tests: own(&["crates/a/src/c.rs::proof"]), ..good() }, "test's file"),
        (Requirement { tests: own(&["crates/a/src/a.rs::a"]), ..good() }, "has no test a"),
        (Requirement { tests: own(&["crates/a/src/a.rs"]), ..good() }, "not file::function"),
        (Requirement { tests: own(&["crates/z.rs::proof"]), ..good() }, "does not exist"),
    ] {
        let found = faults(&bad, &read);
        assert!(found.iter().any(|found| found.contains(fault)), "{fault}: {found:?}");
    }
}
