//! `facteur smsc`: the French network in a box, alone.

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use facteur_gateway::Clock;
use facteur_smsc::{Books, Entry, Faults, Network, Options};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dev::phones;
use crate::config::{Format, Log, parse_duration};
use crate::failure::Failure;
use crate::output::line;
use crate::ready::Ready;
use crate::signals::Signals;

/// Arguments of `smsc`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur smsc                                   a well-behaved network on 127.0.0.1:2775
  facteur smsc --messages-per-second 20          throttles over 20 messages a second
  facteur smsc --books books.jsonl --stdin       keeps books; `+33612345678 36180 STOP` is a phone's
  facteur smsc --account test:secret --unbind-every 1m --answer-delay 300ms

Anyone may bind unless `--account` names who may.")]
pub(crate) struct Args {
    /// Address of the SMPP server; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2775")]
    listen: SocketAddr,
    /// Who may bind (repeat for several).
    #[arg(long, value_name = "SYSTEM_ID:PASSWORD", value_parser = account)]
    account: Vec<(String, String)>,
    /// Throttle an account over this rate; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    messages_per_second: u32,
    /// Throttle a link with more unanswered submits than this; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    window_max: usize,
    /// Unbind every link after this time, as some operators do at night.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    unbind_every: Option<Duration>,
    /// Answer every submit this much later.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    answer_delay: Duration,
    /// Never answer one submit in so many; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_one_answer_in: u64,
    /// Send every receipt twice.
    #[arg(long)]
    double_receipts: bool,
    /// Send every receipt before its submit's answer.
    #[arg(long)]
    receipts_first: bool,
    /// Write ids in receipts in another form than in answers.
    #[arg(long)]
    receipts_other_id: bool,
    /// Refuse message_payload and SAR parameters, as OVH does.
    #[arg(long)]
    udh_only: bool,
    /// Write this file once it listens: JSON with `smsc`.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Keep books in this file: a line of JSON for each text that reached a phone (`arrived`), and for each
    /// receipt (`receipt_taken`) and reply (`reply_taken`) that the platform answered with ESME_ROK.
    #[arg(long, value_name = "PATH")]
    books: Option<PathBuf>,
    /// Read what phones write from standard input: a line is `NUMBER CODE TEXT`.
    #[arg(long)]
    stdin: bool,
    /// Do not show what phones receive.
    #[arg(long)]
    quiet: bool,
}

fn account(text: &str) -> Result<(String, String), String> {
    let (id, password) = text.split_once(':').ok_or("expected system_id:password")?;
    Ok((id.to_owned(), password.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration such as 250ms, 30s, 5m or 12h".to_owned())
}

/// Runs until a signal.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    crate::logging::start(&Log { format: Format::Human, filter: "warn".to_owned() })?;
    super::large_runtime(0)?.block_on(smsc(args))
}

async fn smsc(args: Args) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let clock = Clock::system();
    let wall = Arc::new(move || clock.now().millis());
    let network = Network::start(args.listen, options(&args)?, wall, &tasks, stop.clone())
        .await
        .map_err(|error| Failure::new(format!("cannot listen on {}", args.listen)).because(error))?;
    network.set_faults(faults(&args));
    line(&format!("a French network listens on {} (SMPP 3.4); Ctrl-C stops", network.address()));
    if !args.quiet {
        tasks.spawn(phones::show(network.subscribe(), stop.clone()));
    }
    if args.stdin {
        listen_to_phones(network.clone())?;
    }
    if let Some(path) = &args.ready_file {
        Ready::of_network(network.address()).write(path)?;
    }
    signals.next().await;
    stop.cancel();
    tasks.close();
    tokio::select! {
        () = tasks.wait() => (),
        () = signals.next() => (),
    }
    Ok(())
}

fn options(args: &Args) -> Result<Options, Failure> {
    Ok(Options {
        accounts: (!args.account.is_empty()).then(|| args.account.iter().cloned().collect()),
        messages_per_s: args.messages_per_second,
        window_max: args.window_max,
        unbind_every: args.unbind_every,
        udh_only: args.udh_only,
        books: args.books.as_deref().map(books).transpose()?,
        ..Options::default()
    })
}

/// Books in a file: every line is written before the network goes on.
fn books(path: &Path) -> Result<Books, Failure> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| Failure::new(format!("{} cannot be written", path.display())).because(error))?;
    Ok(Books::new(move |entry| {
        let (number, said) = match entry {
            Entry::Arrived { msisdn, text } => (msisdn, json!({"arrived": text})),
            Entry::ReceiptTaken { msisdn, id, delivered } => {
                (msisdn, json!({"receipt_taken": id, "delivered": delivered}))
            }
            Entry::ReplyTaken { msisdn, code } => (msisdn, json!({"reply_taken": code})),
        };
        let mut said = said;
        said["number"] = format!("+{number}").into();
        if let Err(error) = (&file).write_all(format!("{said}\n").as_bytes()) {
            // Books with a gap are worse than none.
            tracing::error!(%error, "the books cannot be kept");
            std::process::exit(1);
        }
    }))
}

/// A thread of its own, for reading standard input cannot be broken off; it ends with the process.
fn listen_to_phones(network: Network) -> Result<(), Failure> {
    let listen = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let mut words = line.splitn(3, ' ');
            let (Some(from), Some(to), Some(text)) = (words.next(), words.next(), words.next()) else {
                tracing::warn!("expected `NUMBER CODE TEXT`");
                continue;
            };
            if let Err(why) = network.answer(from, to, text) {
                tracing::warn!(%why, "a phone's text does not leave");
            }
        }
    };
    std::thread::Builder::new()
        .name("phones".to_owned())
        .spawn(listen)
        .map(|_| ())
        .map_err(|error| Failure::new("standard input cannot be read").because(error))
}

fn faults(args: &Args) -> Faults {
    Faults {
        answer_delay: args.answer_delay,
        drop_one_answer_in: args.drop_one_answer_in,
        receipts_doubled: args.double_receipts,
        receipts_first: args.receipts_first,
        receipts_other_id: args.receipts_other_id,
        ..Faults::default()
    }
}
