//! The operator: our network in a box in a process of its own, or the one that `FACTEUR_OPERATOR` names.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{facteur, path, until};

/// One answer in so many is lost, so that doubts arise without a kill too.
const DROPPED: &str = "37";

/// An operator in another process, with its books.
pub(super) struct Operator {
    /// Where it takes binds.
    pub(super) address: String,
    kind: Kind,
}

enum Kind {
    /// `facteur smsc`.
    Boxed { child: Child, phones: ChildStdin, books: PathBuf, _folder: TempDir },
    /// An SMSC with the HTTP doors `/tokens` and `/mo`, started by somebody else.
    Other { http: String },
}

#[expect(clippy::disallowed_methods, reason = "who runs the harness may bring an operator")]
fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

impl Operator {
    pub(super) async fn start() -> Self {
        if let (Some(address), Some(http)) = (named("FACTEUR_OPERATOR"), named("FACTEUR_OPERATOR_HTTP")) {
            // The product's start installs the same one, later.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let reset = reqwest::Client::new().post(format!("{http}/reset")).send().await;
            assert!(reset.is_ok_and(|answer| answer.status().is_success()), "{http} begins new books");
            return Self { address, kind: Kind::Other { http } };
        }
        let folder = TempDir::new().expect("a folder");
        let (ready, books) = (folder.path().join("ready.json"), folder.path().join("books.jsonl"));
        let mut child = facteur(&["smsc", "--listen", "127.0.0.1:0", "--quiet", "--stdin"])
            .args(["--drop-one-answer-in", DROPPED, "--books", &path(folder.path(), "books.jsonl")])
            .args(["--ready-file", &path(folder.path(), "ready.json")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the network starts");
        let told = until("the network listens", async || std::fs::read(&ready).ok()).await;
        let told: Value = serde_json::from_slice(&told).expect("a ready file is whole");
        let address = told["smsc"].as_str().expect("an address").to_owned();
        let phones = child.stdin.take().expect("piped");
        Self { address, kind: Kind::Boxed { child, phones, books, _folder: folder } }
    }

    /// A phone says STOP to the platform's code.
    pub(super) fn stop_from(&mut self, phone: &str) {
        match &mut self.kind {
            Kind::Boxed { phones, .. } => {
                writeln!(phones, "{phone} 36180 STOP").expect("the network listens");
            }
            Kind::Other { http } => {
                let body = json!({"from": phone, "to": "36180", "text": "STOP"}).to_string();
                let said = std::process::Command::new("curl")
                    .args(["-sf", "-d", &body, &format!("{http}/mo")])
                    .stdout(Stdio::null())
                    .status();
                assert!(said.is_ok_and(|status| status.success()), "{http}/mo takes a STOP");
            }
        }
    }

    /// How often each token reached a phone.
    pub(super) async fn arrivals(&self, tokens: u64) -> HashMap<u64, u32> {
        match &self.kind {
            Kind::Boxed { books, .. } => {
                let mut arrivals = HashMap::new();
                for line in std::fs::read_to_string(books).expect("books").lines() {
                    let entry: Value = serde_json::from_str(line).expect("a line is whole");
                    if let Some(token) = entry["arrived"].as_str().and_then(token_of) {
                        *arrivals.entry(token).or_default() += 1;
                    }
                }
                arrivals
            }
            Kind::Other { http } => {
                let asked = reqwest::get(format!("{http}/tokens?from=0&count={tokens}")).await;
                let counts = asked.expect("an answer").bytes().await.expect("a body");
                let counts = counts.iter().map(|count| u32::from(*count));
                (0..).zip(counts).filter(|(_, count)| *count > 0).collect()
            }
        }
    }
}

/// The number after the `#` of a text.
fn token_of(text: &str) -> Option<u64> {
    let digits: String = text.split_once('#')?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Kind::Boxed { child, .. } = &mut self.kind {
            // It may have ended by itself; the test has its verdict either way.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
