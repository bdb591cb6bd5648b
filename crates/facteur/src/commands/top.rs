//! `facteur top`: what a running gateway does now, in the terminal. It reads `/readyz` and `/metrics`, so
//! that it sees what any monitoring sees, from wherever it runs.

mod board;
mod counters;
mod view;

use std::time::Duration;

use facteur_gateway::Clock;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use reqwest::Client;
use serde_json::Value;

use self::board::Board;
use self::counters::Counters;
use super::send::client;
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `top`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur top
  facteur top --url http://10.0.0.5:8080 --every 5
  facteur top --once --json | jq '.queues[] | select(.class == \"otp\") | .parts'

q, Esc or Ctrl-C ends. Rates are over the time between two looks. Where a proxy keeps /readyz and /metrics from
the world, run it on the gateway's machine.")]
pub(crate) struct Args {
    /// The gateway's address.
    #[arg(long, env = "FACTEUR_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// Look twice, print once, and end.
    #[arg(long)]
    once: bool,
    /// Print JSON, with --once.
    #[arg(long, requires = "once")]
    json: bool,
}

/// What was seen at one moment.
struct Look {
    at: std::time::Instant,
    ready: Value,
    counters: Counters,
}

/// Shows the gateway until somebody has seen enough.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let seen =
        Seen { client: client()?, url: args.url.trim_end_matches('/').to_owned(), clock: Clock::system() };
    let every = Duration::from_secs(args.every);
    let first = seen.look().await?;
    if args.once {
        seen.clock.pause(every).await;
        let board = Board::between(&first, &seen.look().await?);
        let value = serde_json::to_value(&board)
            .map_err(|error| Failure::new("what was seen is no JSON").because(error))?;
        Output { json: args.json }.say(&value, || view::text(&board));
        return Ok(());
    }
    let terminal = ratatui::try_init().map_err(|error| {
        Failure::new("this is no terminal").because(error).cure("`facteur top --once` prints and ends")
    })?;
    let shown = seen.show(terminal, first, every).await;
    ratatui::restore();
    shown
}

/// Where it looks.
struct Seen {
    client: Client,
    url: String,
    clock: Clock,
}

impl Seen {
    async fn look(&self) -> Result<Look, Failure> {
        let ready = self.get("/readyz").await?;
        let ready = serde_json::from_str(&ready)
            .map_err(|error| Failure::new(format!("{} is no gateway of ours", self.url)).because(error))?;
        let counters = Counters::read(&self.get("/metrics").await?);
        Ok(Look { at: self.clock.instant(), ready, counters })
    }

    /// A page, whatever its status: `/readyz` says why not with 503.
    async fn get(&self, page: &str) -> Result<String, Failure> {
        let unreachable = |error: reqwest::Error| {
            Failure::new(format!("{} cannot be reached", self.url))
                .because(error.without_url())
                .cure("is the gateway up? `--url` names it")
        };
        let answer = self.client.get(format!("{}{page}", self.url)).send().await.map_err(unreachable)?;
        answer.text().await.map_err(unreachable)
    }

    /// Looks and draws until a key says that it is enough. A gateway that goes away is told on screen: it
    /// may come back.
    async fn show(&self, mut terminal: DefaultTerminal, first: Look, every: Duration) -> Result<(), Failure> {
        let (mut before, mut board, mut gone) = (first, None, None);
        loop {
            terminal
                .draw(|frame| view::draw(frame, &self.url, board.as_ref(), gone.as_deref()))
                .map_err(|error| Failure::new("the terminal does not draw").because(error))?;
            if enough(every)? {
                return Ok(());
            }
            match self.look().await {
                Ok(look) => {
                    board = Some(Board::between(&before, &look));
                    (before, gone) = (look, None);
                }
                Err(failure) => gone = Some(failure.to_string()),
            }
        }
    }
}

/// Waits for the next look; whether a key ended it.
fn enough(every: Duration) -> Result<bool, Failure> {
    let no_keys = |error| Failure::new("the terminal has no keys").because(error);
    // This thread has nothing else to do meanwhile.
    if !event::poll(every).map_err(no_keys)? {
        return Ok(false);
    }
    let Event::Key(key) = event::read().map_err(no_keys)? else { return Ok(false) };
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    Ok(key.kind == KeyEventKind::Press
        && (interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)))
}
