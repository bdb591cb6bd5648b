//! `facteur send --file`: a table of messages, sent as lists of 1,000.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use facteur_gateway::{BATCH_MAX, Clock};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Args, body, refusal, unreachable};
use crate::failure::Failure;
use crate::output::Output;

/// Columns that a table may have: the API's fields.
const COLUMNS: [&str; 7] =
    ["to", "message", "sender_id", "class", "client_reference", "send_at", "validity_minutes"];
/// How often a list is offered to a gateway that says "later".
const OFFERS_MAX: u32 = 30;
/// How long it is waited before another offer, when the gateway does not say.
const OFFER_AGAIN: Duration = Duration::from_secs(1);
/// Refused lines that are shown; the rest is counted, and all are in the JSON.
const SHOWN_MAX: usize = 50;

/// A message of the file.
struct Entry {
    line: u32,
    body: Value,
}

/// What became of the lines.
#[derive(Default)]
struct Report {
    ids: Vec<Value>,
    /// By line, what is wrong with it.
    refused: BTreeMap<u32, Vec<String>>,
}

/// Sends the messages of a table, in its order.
pub(super) async fn run(client: &Client, args: &Args, path: &Path) -> Result<ExitCode, Failure> {
    let octets = std::fs::read(path)
        .map_err(|error| Failure::new(format!("{} cannot be read", path.display())).because(error))?;
    let mut report = Report::default();
    let entries = read(&octets, args, &mut report)?;
    // The same file again within the hour is the same lists under the same keys: nothing is sent twice.
    let key = args.idempotency_key.clone().unwrap_or_else(|| format!("file-{:016x}", hash(&entries)));
    for (place, list) in entries.chunks(BATCH_MAX).enumerate() {
        offer(client, args, list, &format!("{key}-{place}"), &mut report).await?;
    }
    Output { json: args.json }.say(&report.json(), || report.tell());
    Ok(if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn hash(entries: &[Entry]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in entries {
        entry.body.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

/// The messages of a table; what the options say stands for columns that it does not have and cells that are empty.
fn read(octets: &[u8], args: &Args, report: &mut Report) -> Result<Vec<Entry>, Failure> {
    let table = facteur_http::read_table(octets).map_err(Failure::new)?;
    let columns: Vec<String> = table.heading.iter().map(|name| name.trim().to_lowercase()).collect();
    if let Some(unknown) = columns.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(Failure::new(format!("`{unknown}` is no column of messages")).cure(format!(
            "the first line names the columns: `to`, and any of {}",
            COLUMNS[1..].join(", ")
        )));
    }
    if !columns.iter().any(|name| name == "to") {
        return Err(Failure::new("the file has no column `to`")
            .cure("the first line names the columns, as in `to;message`"));
    }
    let mut entries = Vec::with_capacity(table.records.len());
    for record in table.records {
        match record.values {
            Err(why) => report.refuse(record.line, format!("the line {why}")),
            Ok(values) if values.len() > columns.len() => {
                report.refuse(
                    record.line,
                    "the line has more values than the first line has columns".to_owned(),
                );
            }
            Ok(values) => {
                let mut fields = match body(args) {
                    Value::Object(fields) => fields,
                    _ => Map::new(),
                };
                for (name, value) in columns.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
                    let number =
                        (name == "validity_minutes").then(|| value.trim().parse::<u64>().ok()).flatten();
                    fields.insert(name.clone(), number.map_or(Value::String(value), Value::from));
                }
                entries.push(Entry { line: record.line, body: Value::Object(fields) });
            }
        }
    }
    Ok(entries)
}

/// Sends one list, as often as the gateway says "later".
async fn offer(
    client: &Client,
    args: &Args,
    list: &[Entry],
    key: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let url = args.url.trim_end_matches('/');
    let messages: Vec<&Value> = list.iter().map(|entry| &entry.body).collect();
    let document = json!({ "messages": messages });
    let mut offers = 1;
    loop {
        let request = client.post(format!("{url}/v2/api/messages/batch")).json(&document);
        let request = request.header("Authorization", &args.key).header("Idempotency-Key", key);
        let answer = request.send().await.map_err(|error| unreachable(url, error))?;
        let status = answer.status();
        let later = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let wait = retry_after(&answer);
        let body: Value = answer.json().await.map_err(|error| {
            Failure::new(format!("{url} answered {status} without JSON")).because(error.without_url())
        })?;
        if status.is_success() {
            report.take(list, &body["data"]["messages"]);
            return Ok(());
        }
        if later && offers < OFFERS_MAX {
            offers += 1;
            Clock::system().pause(wait).await;
            continue;
        }
        return if report.take_faults(list, &body["details"]) { Ok(()) } else { Err(refusal(status, &body)) };
    }
}

fn retry_after(answer: &Response) -> Duration {
    let seconds =
        answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(OFFER_AGAIN, Duration::from_secs)
}

impl Report {
    fn refuse(&mut self, line: u32, why: String) {
        self.refused.entry(line).or_default().push(why);
    }

    /// Notes what became of each message of a list.
    fn take(&mut self, list: &[Entry], outcomes: &Value) {
        let outcomes = outcomes.as_array().map(Vec::as_slice).unwrap_or_default();
        for (entry, outcome) in list.iter().zip(outcomes) {
            match outcome["error"]["message"].as_str() {
                Some(why) => self.refuse(entry.line, why.to_owned()),
                None => self.ids.push(outcome["id"].clone()),
            }
        }
    }

    /// Notes the faults of a list of which nothing was right; false when they are not its messages'.
    fn take_faults(&mut self, list: &[Entry], details: &Value) -> bool {
        let mut any = false;
        for detail in details.as_array().map(Vec::as_slice).unwrap_or_default() {
            let place = detail["field"]
                .as_str()
                .and_then(|field| field.strip_prefix("messages[")?.split_once(']')?.0.parse::<usize>().ok());
            if let Some(entry) = place.and_then(|place| list.get(place)) {
                self.refuse(entry.line, detail["message"].as_str().unwrap_or_default().to_owned());
                any = true;
            }
        }
        any
    }

    fn json(&self) -> Value {
        let refused = self.refused.iter().map(|(line, errors)| json!({"line": line, "errors": errors}));
        json!({"accepted": self.ids, "refused": refused.collect::<Vec<_>>()})
    }

    fn tell(&self) -> String {
        let mut lines = vec![format!("{} accepted, {} refused", self.ids.len(), self.refused.len())];
        for (line, errors) in self.refused.iter().take(SHOWN_MAX) {
            lines.push(format!("  line {line}: {}", errors.join(" ")));
        }
        if self.refused.len() > SHOWN_MAX {
            lines.push(format!("  and {} more (--json tells all)", self.refused.len() - SHOWN_MAX));
        }
        lines.join("\n")
    }
}
