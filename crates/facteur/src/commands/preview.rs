//! `facteur preview`: what would become of a message, by which rules, in how many parts. Nothing is sent.

mod tell;

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use self::tell::{Tongue, tell};
use super::send::{call, client};
use crate::environment::variable;
use crate::failure::Failure;
use crate::output::Output;

/// Exit code when the message would be refused.
const REFUSED: u8 = 2;

/// Arguments of `preview`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  export FACTEUR_API_KEY=KEY
  facteur preview --sender-id MaBoutique --to +33612345678 --message 'Soldes samedi' --class marketing
  facteur preview --sender-id 38180 --to +33612345678 --message 'Colis parti' --at 2026-11-29T21:00:00+01:00

Reasons are told in French where LANG is French, else in English.

Exit code: 0 it would be sent or held, 1 it cannot be judged, 2 it would be refused.")]
pub(crate) struct Args {
    /// The gateway's address.
    #[arg(long, env = "FACTEUR_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The API key; better in the variable than in the command line, which others can see.
    #[arg(long, env = "FACTEUR_API_KEY", hide_env_values = true)]
    key: String,
    /// A Sender ID, or a short code.
    #[arg(long)]
    sender_id: String,
    /// The recipient, in E.164: +33 and nine digits.
    #[arg(long)]
    to: String,
    /// The text, 1 to 1000 characters.
    #[arg(long)]
    message: String,
    /// marketing, transactional, otp, alert or conversational [default: the sender's].
    #[arg(long)]
    class: Option<String>,
    /// As if it were sent at this instant (RFC 3339 with zone) [default: now].
    #[arg(long, value_name = "RFC3339")]
    at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Asks, and tells.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let url = args.url.trim_end_matches('/');
    let request = client()?.post(format!("{url}/v2/api/sms/preview")).json(&body(&args));
    let answer = call(request.header("Authorization", &args.key), url).await?;
    let verdict = &answer["data"];
    Output { json: args.json }.say(&answer, || tell(verdict, tongue()));
    let refused = verdict["decision"] == "refuse";
    Ok(if refused { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

fn body(args: &Args) -> Value {
    let mut body = Map::new();
    let given = [
        ("sender_id", Some(&args.sender_id)),
        ("to", Some(&args.to)),
        ("message", Some(&args.message)),
        ("class", args.class.as_ref()),
        ("at", args.at.as_ref()),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(body)
}

/// The language of messages as POSIX has it: the first of these that is set.
fn tongue() -> Tongue {
    let mut set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
    Tongue::of_locale(&set.find(|locale| !locale.is_empty()).unwrap_or_default())
}
