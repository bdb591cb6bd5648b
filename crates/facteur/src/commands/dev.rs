//! `facteur dev`: everything in one process, for the first five minutes and for tests of clients.

mod demo;
pub(super) mod phones;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use facteur_domain::{Class, Redacted, Timestamp};
use facteur_gateway::{Clock, Config, Link, ReplyRules, Retention, RouteConfig, SendingRules, WebhookRules};
use facteur_smpp::session::Limits;
use facteur_smsc::Network;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Console, Format, Http, Log, StoreSettings};
use crate::data::DataFolder;
use crate::failure::Failure;
use crate::output::line;
use crate::product::{self, Product};
use crate::ready::Ready;
use crate::signals::Signals;

/// Submits that one bind to the box may have unanswered.
const WINDOW: usize = 500;
/// How long the box's answers are awaited: long enough for it, and short enough to watch the test
/// number 88.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long texts are kept.
const TEXTS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Binds to the box.
const BINDS: u16 = 2;
/// How long the start waits for its binds; the box is there at once, a server elsewhere may be away.
const BOUND_WITHIN: Duration = Duration::from_secs(3);
/// How long the end may take: there is nothing real to wait for.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Arguments of `dev`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur dev                                      data in ./facteur-data, API on 127.0.0.1:8080
  facteur dev --listen 127.0.0.1:0 --ready-file up.json
  facteur dev --clock 2026-07-14T10:00:00+02:00    a public holiday

Test numbers: +33 6 39 98 00 00 to 99. 00-79 deliver, 80 unknown subscriber, 81 switched off,
82 receipt after 30 s, 83 never a receipt, 84 answers STOP, 85 answers CONTACT, 86 answers OUI,
87 throttled, 88 answer lost, 89 receipt before the answer, 90 receipt with another id form.")]
pub(crate) struct Args {
    /// Address of the API; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "facteur-data")]
    data: PathBuf,
    /// Use this secret for the demo key instead of a random one.
    #[arg(long, value_name = "KEY", value_parser = super::fixed_secret)]
    api_key: Option<String>,
    /// Start the clock at this instant; it runs on from there.
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    clock: Option<Timestamp>,
    /// Send to this SMPP server instead of the network in a box.
    #[arg(long, value_name = "HOST:PORT")]
    smsc: Option<String>,
    /// Write this file once all is up: JSON with `api`, `console`, `smsc`, `api_key`.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Do not show what phones receive.
    #[arg(long)]
    quiet: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(Timestamp::from_jiff).map_err(|_| {
        "expected an instant with its zone, as in 2026-07-14T10:00:00+02:00 or 2026-07-14T08:00:00Z"
            .to_owned()
    })
}

/// Runs until a signal.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    crate::logging::start(&Log { format: Format::Human, filter: "warn".to_owned() })?;
    super::large_runtime(0)?.block_on(dev(args))
}

async fn dev(args: Args) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let listener = product::listen(args.listen).await?;
    let address =
        listener.local_addr().map_err(|error| Failure::new("the listener has no address").because(error))?;
    let folder = DataFolder::take(&args.data)?;
    let clock = args.clock.map_or_else(Clock::system, Clock::starting_at);

    let far_side = FarSide::start(&args, &clock).await?;
    let store = StoreSettings { data: args.data.clone(), ..StoreSettings::default() };
    let product = Product::start(config(&far_side.address), store.options(), clock).await;
    let product = product.map_err(product::not_started)?;
    let (secret, path) = demo::furnish(&product.gateway, &folder, args.api_key.as_deref()).await?;
    let mut options = product::http_options(&Http::default(), &Console::default())?;
    options.phones = far_side.lent();
    product.open_window(listener, options);
    product.wait_bound(BOUND_WITHIN).await;

    let mut ready = Ready::at(address, false).entered_by(None, &path);
    ready.smsc = far_side.network.as_ref().map(Network::address);
    ready.api_key = Some(secret.show().clone());
    line(&welcome(&ready, secret.show(), &far_side.address, !args.quiet && far_side.network.is_some()));
    if !args.quiet {
        far_side.show_phones();
    }
    if let Some(Err(failure)) = args.ready_file.as_deref().map(|path| ready.write(path)) {
        product.end(SHUTDOWN_LIMIT).await;
        far_side.end().await;
        return Err(failure);
    }
    let ending = product.run_until_signal(signals, SHUTDOWN_LIMIT).await;
    far_side.end().await;
    line(&ending.sentence());
    Ok(())
}

/// The box in this process, or an SMPP server elsewhere.
struct FarSide {
    network: Option<Network>,
    address: String,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl FarSide {
    async fn start(args: &Args, clock: &Clock) -> Result<Self, Failure> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        if let Some(address) = &args.smsc {
            return Ok(Self { network: None, address: address.clone(), stop, tasks });
        }
        let clock = clock.clone();
        let wall = Arc::new(move || clock.now().millis());
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let network = Network::start(listen, facteur_smsc::Options::default(), wall, &tasks, stop.clone())
            .await
            .map_err(|error| Failure::new("the network in a box does not start").because(error))?;
        let address = network.address().to_string();
        Ok(Self { network: Some(network), address, stop, tasks })
    }

    /// The phones of the box, for the console.
    fn lent(&self) -> Option<Arc<dyn facteur_http::Phones>> {
        let network = self.network.clone()?;
        Some(Arc::new(phones::Lent(network)))
    }

    fn show_phones(&self) {
        if let Some(network) = &self.network {
            self.tasks.spawn(phones::show(network.subscribe(), self.stop.clone()));
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        // Nothing there is worth waiting for: whatever does not end goes with the process.
        let _ = tokio::time::timeout(SHUTDOWN_LIMIT, self.tasks.wait()).await;
    }
}

fn config(address: &str) -> Config {
    let route = RouteConfig {
        name: "box".to_owned(),
        address: address.to_owned(),
        system_id: "facteur".to_owned(),
        password: Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: Link::Transceiver,
        binds: BINDS,
        limits: Limits { window: WINDOW, response_timeout: RESPONSE_TIMEOUT, ..Limits::default() },
        per_second: 0,
        tls: None,
        rebind_max: Duration::from_secs(5),
        opt_out_errors: vec![53],
        throttle_errors: vec![55],
        sandbox: true,
        cost: 1,
    };
    Config {
        routes: vec![route],
        sending: SendingRules { dev: true, ..SendingRules::default() },
        replies: ReplyRules::default(),
        webhooks: WebhookRules { allow_loopback: true, ..WebhookRules::default() },
        // What is tried here is looked at afterwards, one-time passwords too.
        retention: Retention { texts: Class::ALL.map(|class| (class, TEXTS_KEPT)), ..Retention::default() },
        traces: None,
        node: 0,
    }
}

fn welcome(ready: &Ready, secret: &str, smsc: &str, phones: bool) -> String {
    let api = ready.api.as_deref().unwrap_or_default();
    let console = ready.console.as_deref().unwrap_or_default();
    let last = if phones { "What phones receive appears below. Ctrl-C stops." } else { "Ctrl-C stops." };
    format!(
        "
  Facteur is up.

  Console   {console}
            (this link signs you in once; each start prints another)
  API       {api}   (documented at {api}/docs)
  SMPP      {smsc}
  API key   {secret}

  Send your first SMS:

curl --request POST \\
  --url '{api}/v1/api/sms#france' \\
  --header 'Authorization: {secret}' \\
  --header 'Content-Type: application/json' \\
  --data '
{{
  \"sender_id\": \"MyCompany\",
  \"to\": \"+33612345678\",
  \"message\": \"Bonjour, ceci est un message de test\"
}}
'

  {last}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_need_a_zone() {
        assert_eq!(
            instant("2026-07-14T10:00:00+02:00").map(|t| t.to_string()),
            Ok("2026-07-14T08:00:00.000Z".into())
        );
        for wrong in ["2026-07-14T10:00:00", "2026-07-14", "now", ""] {
            assert!(instant(wrong).is_err(), "{wrong}");
        }
    }
}
