//! What no compiler checks: arrows between rooms, documents that name real files, reasons for
//! dependencies, sizes of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Who may depend on whom, our own crates only; tests may depend on more.
const ARROWS: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("rules", &["domain"]),
    ("smpp", &[]),
    ("store", &["domain"]),
    ("gateway", &["domain", "rules", "smpp", "store"]),
    ("http", &["domain", "gateway", "store"]),
    ("smsc", &["smpp"]),
    ("facteur", &["domain", "rules", "smpp", "store", "gateway", "http", "smsc"]),
];
/// Production lines of one file.
const LINES_MAX: usize = 700;
/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", ".git", "facteur-data", "results"];
/// Endings by which a name in backticks is a file.
const ENDINGS: [&str; 8] = [".rs", ".md", ".toml", ".sh", ".csv", ".json", ".sql", ".yml"];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/facteur is two deep");
    root.to_owned()
}

/// Every file of ours below `folder`, as paths from the root.
fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder reads").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !FOREIGN.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else {
                let inside =
                    path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                found.extend(wanted(&inside).then_some(inside));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_production(path: &str) -> bool {
    let test = ["/tests/", "/examples/", "/benches/", "/fuzz/", "/conformance/"];
    path.starts_with("crates/")
        && path.ends_with(".rs")
        && !path.ends_with("/tests.rs")
        && !test.iter().any(|folder| path.contains(folder))
}

/// A source file without its test module, which stands last.
fn production(source: &str) -> Vec<&str> {
    let lines: Vec<&str> = source.lines().collect();
    let is_tests = |at: &usize| {
        lines[*at].trim() == "#[cfg(test)]"
            && lines.get(at + 1).is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'))
    };
    let end = (0..lines.len()).find(is_tests).unwrap_or(lines.len());
    lines[..end].to_vec()
}

fn manifest(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn arrows_point_down_only() {
    let mut wrong = Vec::new();
    for (room, allowed) in ARROWS {
        let manifest = manifest(&format!("crates/{room}/Cargo.toml"));
        let dependencies = manifest["dependencies"].as_table().expect("a table");
        for name in dependencies.keys().filter_map(|name| name.strip_prefix("facteur-")) {
            if !allowed.contains(&name) {
                wrong.push(format!("{room} -> {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the house does not have: {wrong:?}");
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let found: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .expect("a folder reads")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(found.iter().all(|room| rooms.contains(room.as_str())), "a room without a sentence: {found:?}");
}

#[test]
fn each_room_begins_with_its_sentence() {
    for (room, _) in ARROWS {
        let path = format!("crates/{room}/src/{}.rs", if room == "facteur" { "main" } else { "lib" });
        let source = read(&path);
        let head: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        let text = head.join(" ");
        assert!(text.len() > 80 && text.contains('.'), "{path} says what the room is and must not know");
    }
}

/// Names in backticks and targets of links.
fn named(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        names.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        names.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned));
    }
    names
}

#[test]
fn documents_name_files_that_exist() {
    let documents = files(&root(), &|path| path.ends_with(".md") && !path.starts_with("crates/"));
    assert!(documents.len() > 3, "{documents:?}");
    let mut missing = Vec::new();
    for document in documents {
        let beside = Path::new(&document).parent().expect("a folder").to_owned();
        for name in named(&read(&document)) {
            let plain = name.split(['#', ':']).next().unwrap_or_default().trim_end_matches('/');
            let is_path = ENDINGS.iter().any(|ending| plain.ends_with(ending)) && plain.contains('/')
                || plain.starts_with("crates/")
                || plain.starts_with("docs/");
            // Absolute paths are of the reader's machine, stars and dots stand for many names.
            if !is_path
                || plain.starts_with('/')
                || plain.contains([' ', '*', '<', '{', '$'])
                || name.contains("://")
                || plain.contains("...")
            {
                continue;
            }
            if !root().join(plain).exists() && !root().join(&beside).join(plain).exists() {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "named and not there:\n{}", missing.join("\n"));
}

/// What a promise is said to be held to is there: names of tests are sentences, of three words at least.
#[test]
fn the_contract_names_tests_that_exist() {
    let tests: Vec<String> = files(&root().join("crates"), &|path| path.ends_with(".rs"));
    let tests: String = tests.iter().map(|path| read(path)).collect();
    let contract = read("docs/delivery-contract.md");
    let words = contract.split('`').skip(1).step_by(2);
    let names: Vec<&str> = words
        .filter(|word| {
            word.matches('_').count() > 2 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !tests.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    let ours = files(&root(), &|path| !path.ends_with("tests/tidy.rs") && path != "Cargo.lock");
    let mut wrong = Vec::new();
    for path in ours {
        // What is no text names nothing.
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if ["/home/", "/root/", "/Users/"].iter().any(|place| line.contains(place)) {
                wrong.push(format!("{path}:{}", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "paths of one machine:\n{}", wrong.join("\n"));
}

#[test]
fn every_dependency_has_a_reason() {
    let text = read("Cargo.toml");
    let (_, section) = text.split_once("[workspace.dependencies]").expect("the section");
    let section = section.split("\n[").next().unwrap_or_default();
    let mut reasoned = false;
    let mut without = Vec::new();
    for line in section.lines() {
        match line.trim() {
            "" => reasoned = false,
            comment if comment.starts_with('#') => reasoned = true,
            ours if ours.starts_with("facteur-") => (),
            dependency if !reasoned => {
                without.push(dependency.split(' ').next().unwrap_or_default().to_owned())
            }
            _ => (),
        }
    }
    assert!(without.is_empty(), "no reason above {without:?}");
}

#[test]
fn every_dependency_is_used() {
    let manifests: Vec<toml::Table> =
        ARROWS.iter().map(|(room, _)| manifest(&format!("crates/{room}/Cargo.toml"))).collect();
    let used: BTreeSet<String> = manifests
        .iter()
        .flat_map(|manifest| ["dependencies", "dev-dependencies"].map(|section| manifest.get(section)))
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys().cloned())
        .collect();
    let root = manifest("Cargo.toml");
    let declared = root["workspace"]["dependencies"].as_table().expect("a table");
    let unused: Vec<&String> =
        declared.keys().filter(|name| *name != "facteur" && !used.contains(*name)).collect();
    assert!(unused.is_empty(), "declared for the workspace and used by no crate: {unused:?}");
}

#[test]
fn production_code_does_not_unwrap() {
    let mut wrong = Vec::new();
    for path in files(&root().join("crates"), &is_production) {
        let source = read(&path);
        for (at, line) in production(&source).into_iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains(".unwrap()") || code.contains("#[allow(") {
                wrong.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut sizes = BTreeMap::new();
    for path in files(&root().join("crates"), &is_production) {
        let lines = production(&read(&path)).len();
        sizes.insert(path, lines);
    }
    assert!(sizes.len() > 50, "the rooms have files");
    let long: Vec<_> = sizes.iter().filter(|(_, lines)| **lines > LINES_MAX).collect();
    assert!(long.is_empty(), "over {LINES_MAX} production lines: {long:?}");
}

#[test]
fn test_modules_do_not_count_as_production() {
    let source = "fn a() {}\n#[cfg(test)]\nfn helper() {}\n#[cfg(test)]\nmod tests {\n    x.unwrap()\n}\n";
    assert_eq!(production(source).len(), 3);
    assert!(is_production("crates/a/src/b.rs") && !is_production("crates/a/tests/b.rs"));
    assert_eq!(
        named("see `crates/a.rs` and [b](docs/b.md#c)\n```\n`x/y.rs`\n```\n"),
        ["crates/a.rs", "docs/b.md#c"]
    );
}
