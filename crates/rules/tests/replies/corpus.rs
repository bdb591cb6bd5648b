//! A corpus of replies as people write them.

use facteur_rules::{Context, Meaning, read_reply};

const CORPUS: &str = include_str!("corpus.csv");

/// A row: text, whether marketing stands before it, what it may mean.
fn row(line: &str) -> (String, bool, &str) {
    let (rest, expected) = line.rsplit_once(',').expect("three columns");
    let (text, after) = rest.rsplit_once(',').expect("three columns");
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("a quoted text");
    (text.replace("\"\"", "\""), after == "1", expected)
}

fn meanings(expected: &str) -> &'static [Meaning] {
    match expected {
        "stop" => &[Meaning::Stop],
        "doubt" => &[Meaning::StopDoubtful],
        "either" => &[Meaning::Stop, Meaning::StopDoubtful],
        "quiet" => &[Meaning::StopDoubtful, Meaning::Other],
        "start" => &[Meaning::Start],
        "contact" => &[Meaning::Contact],
        "other" => &[Meaning::Other],
        _ => panic!("{expected} is no expectation"),
    }
}

fn ends_marketing(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::Stop | Meaning::StopDoubtful)
}

/// Requirements `fr-reply-stop`, `fr-reply-ambiguous`, `fr-reply-refusal`, `fr-reply-start` and
/// `fr-reply-contact`.
#[test]
fn replies_of_the_corpus_are_understood() {
    let rows: Vec<_> = CORPUS.lines().filter(|line| !line.starts_with('#')).map(row).collect();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    let (mut missed, mut false_stops, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (text, after_marketing, expected) in &rows {
        let found = read_reply(text, Context { after_marketing: *after_marketing, keyword: None });
        let allowed = meanings(expected);
        if allowed.contains(&found.meaning) {
            continue;
        }
        let told = format!("{text:?} (marketing before: {after_marketing}): {found:?}, not {expected}");
        match (allowed.iter().all(|meaning| ends_marketing(*meaning)), ends_marketing(found.meaning)) {
            (true, false) => missed.push(told),
            (false, true) => false_stops.push(told),
            _ => wrong.push(told),
        }
    }
    assert!(
        missed.is_empty() && false_stops.is_empty() && wrong.is_empty(),
        "{} rows: {} missed, {} false, {} of another tier\nmissed\n{}\nfalse\n{}\nother\n{}",
        rows.len(),
        missed.len(),
        false_stops.len(),
        wrong.len(),
        missed.join("\n"),
        false_stops.join("\n"),
        wrong.join("\n"),
    );
}
