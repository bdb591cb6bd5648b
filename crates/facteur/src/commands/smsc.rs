//! `facteur smsc`: the French network in a box, alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use facteur_gateway::Clock;
use facteur_smsc::{Faults, Network, Options};
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
    let network = Network::start(args.listen, options(&args), wall, &tasks, stop.clone())
        .await
        .map_err(|error| Failure::new(format!("cannot listen on {}", args.listen)).because(error))?;
    network.set_faults(faults(&args));
    line(&format!("a French network listens on {} (SMPP 3.4); Ctrl-C stops", network.address()));
    if !args.quiet {
        tasks.spawn(phones::show(network.subscribe(), stop.clone()));
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

fn options(args: &Args) -> Options {
    Options {
        accounts: (!args.account.is_empty()).then(|| args.account.iter().cloned().collect()),
        messages_per_s: args.messages_per_second,
        window_max: args.window_max,
        unbind_every: args.unbind_every,
        udh_only: args.udh_only,
        ..Options::default()
    }
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
