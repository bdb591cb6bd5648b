//! `facteur send`: messages through a gateway's API, as any program would send them.

mod file;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use facteur_domain::State;
use facteur_gateway::Clock;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::Output;

/// How often the message's story is asked for while waiting.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Exit code when the message did not reach its phone, or not in time.
const NOT_DELIVERED: u8 = 3;

/// Arguments of `send`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  export FACTEUR_API_KEY=KEY      (not --key KEY: whoever sees this machine's processes sees it)
  facteur send --sender-id MyCompany --to +33612345678 --message 'Bonjour'
  facteur send --sender-id 38180 --to +33612345678 --message 'Code 123456' --class otp --wait
  facteur send --sender-id MyCompany --file list.csv

A file is CSV, as spreadsheets save it; its first line names the columns, as in `to;message`: any of to, message,
sender_id, class, client_reference, send_at, validity_minutes. The options stand for what it does not say. It is
sent as lists of 1,000; the same file again within an hour sends nothing twice.

Exit code: 0 sent (with --wait: delivered), 1 refused (of a file: some), 3 not delivered or not in time.")]
pub(crate) struct Args {
    /// The gateway's address.
    #[arg(long, env = "FACTEUR_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The API key; better in the variable than in the command line, which others can see.
    #[arg(long, env = "FACTEUR_API_KEY", hide_env_values = true)]
    key: String,
    /// A verified Sender ID, or a short code.
    #[arg(long, required_unless_present = "file")]
    sender_id: Option<String>,
    /// The recipient, in E.164: +33 and nine digits.
    #[arg(long, required_unless_present = "file")]
    to: Option<String>,
    /// The text, 1 to 1000 characters.
    #[arg(long, required_unless_present = "file")]
    message: Option<String>,
    /// A table of messages in place of one.
    #[arg(long, value_name = "CSV", conflicts_with_all = ["to", "wait"])]
    file: Option<PathBuf>,
    /// marketing, transactional, otp, alert or conversational [default: the sender's].
    #[arg(long)]
    class: Option<String>,
    /// Your own word for it.
    #[arg(long)]
    client_reference: Option<String>,
    /// Not before this instant (RFC 3339 with zone).
    #[arg(long, value_name = "RFC3339")]
    send_at: Option<String>,
    /// Sending again with the same key within an hour sends nothing.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait until the message has reached its end, and tell its story.
    #[arg(long)]
    wait: bool,
    /// How long to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Sends, and with `--wait` follows.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let client = client()?;
    if let Some(path) = &args.file {
        return file::run(&client, &args, path).await;
    }
    let url = args.url.trim_end_matches('/');
    let output = Output { json: args.json };
    let mut request = client.post(format!("{url}/v1/api/sms")).json(&body(&args));
    if let Some(key) = &args.idempotency_key {
        request = request.header("Idempotency-Key", key);
    }
    let sent = call(request.header("Authorization", &args.key), url).await?;
    if !args.wait {
        output.say(&sent, || summary(&sent["data"]));
        return Ok(ExitCode::SUCCESS);
    }
    let id = sent["data"]["id"].as_str().unwrap_or_default();
    let story = follow(&client, &args, &format!("{url}/v2/api/messages/{id}")).await?;
    output.say(&story, || tell(&story["data"]));
    let delivered = story["data"]["status"] == State::Delivered.as_str();
    Ok(if delivered { ExitCode::SUCCESS } else { ExitCode::from(NOT_DELIVERED) })
}

/// A client of a gateway's API.
pub(super) fn client() -> Result<Client, Failure> {
    Client::builder()
        .timeout(REQUEST_TIMEOUT)
        .build()
        .map_err(|error| Failure::new("the HTTP client does not start").because(error))
}

fn body(args: &Args) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    };
    put("sender_id", args.sender_id.as_ref());
    put("to", args.to.as_ref());
    put("message", args.message.as_ref());
    put("class", args.class.as_ref());
    put("client_reference", args.client_reference.as_ref());
    put("send_at", args.send_at.as_ref());
    Value::Object(body)
}

/// Polls until the message is at its end or the time is up; the last story either way.
async fn follow(client: &Client, args: &Args, url: &str) -> Result<Value, Failure> {
    let clock = Clock::system();
    let end = clock.instant() + Duration::from_secs(args.timeout);
    loop {
        let story = call(client.get(url).header("Authorization", &args.key), url).await?;
        let state = story["data"]["status"].as_str().and_then(State::from_name);
        if state.is_some_and(State::is_final) || clock.instant() >= end {
            return Ok(story);
        }
        clock.pause(POLL_EVERY).await;
    }
}

/// Sends a request to the gateway at `url`: the answer, or why there is none.
pub(super) async fn call(request: RequestBuilder, url: &str) -> Result<Value, Failure> {
    let answer = request.send().await.map_err(|error| unreachable(url, error))?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|error| {
        Failure::new(format!("{url} answered {status} without JSON")).because(error.without_url())
    })?;
    if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
}

fn unreachable(url: &str, error: reqwest::Error) -> Failure {
    Failure::new(format!("{url} cannot be reached"))
        .because(error.without_url())
        .cure("is the gateway up? `--url` names it")
}

fn refusal(status: StatusCode, body: &Value) -> Failure {
    let error = &body["error"];
    let word = |name: &str| error[name].as_str().unwrap_or_default();
    let failure =
        Failure::new(format!("refused: {} ({} {})", word("message"), status.as_u16(), word("code")));
    match error["suggestion"].as_str() {
        Some(suggestion) => failure.cure(suggestion),
        None => failure,
    }
}

fn summary(data: &Value) -> String {
    let word = |name: &str| data[name].as_str().unwrap_or_default();
    let parts = data["parts"].as_u64().unwrap_or(1);
    format!("{} is {}: {parts} part(s), {}", word("id"), word("status"), word("encoding"))
}

fn tell(data: &Value) -> String {
    let mut lines =
        vec![format!("{} is {}", data["id"].as_str().unwrap_or("?"), data["status"].as_str().unwrap_or("?"))];
    for step in data["story"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let words =
            ["at", "what", "status", "route", "detail"].into_iter().filter_map(|name| step[name].as_str());
        lines.push(format!("  {}", words.collect::<Vec<_>>().join("  ")));
    }
    lines.join("\n")
}
