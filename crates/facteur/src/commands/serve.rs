//! `facteur serve`: production.

use std::path::PathBuf;

use facteur_gateway::Clock;

use crate::config::{self, Checked};
use crate::data::DataFolder;
use crate::failure::Failure;
use crate::output::line;
use crate::people;
use crate::product::{self, Product};
use crate::ready::Ready;
use crate::signals::Signals;
use crate::traces::Exporter;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  facteur config template > facteur.toml       start from the documented defaults
  facteur serve --config facteur.toml

SIGTERM or SIGINT ends in order: no new requests, those in flight answered, operators' answers
awaited up to `process.shutdown_limit`. A second signal ends at once; nothing accepted is lost.")]
pub(crate) struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Write this file once all is up: JSON with `api`, `console`, `smsc`, `api_key`.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

/// Runs until a signal.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let checked = config::load(&args.config)?;
    crate::logging::start(&checked.settings.log)?;
    super::large_runtime(checked.settings.process.worker_threads)?.block_on(serve(args, &checked))
}

async fn serve(args: &Args, checked: &Checked) -> Result<(), Failure> {
    let settings = &checked.settings;
    let mut signals = Signals::listen()?;
    crate::files::raise(settings.http.max_connections);
    let listener = product::listen(settings.http.listen).await?;
    let address =
        listener.local_addr().map_err(|error| Failure::new("the listener has no address").because(error))?;
    let http = product::http_options(&settings.http, &settings.console)?;
    let mut ready = Ready::at(address, http.tls.is_some());
    let _folder = DataFolder::take(&settings.store.data)?;
    if checked.routes.is_empty() {
        tracing::warn!("no [[routes]] in the configuration: messages are accepted and wait");
    }
    let exporter = settings.traces.endpoint.clone().map(Exporter::start).transpose()?;
    let gateway =
        facteur_gateway::Config { traces: exporter.as_ref().map(Exporter::sender), ..checked.gateway() };
    let (store, clock) = (settings.store.options(), Clock::system());
    let started = Product::start_in_time(gateway, store, clock, &listener, &http, &mut signals).await?;
    let Some(product) = started else { return Ok(()) };
    let gateway = &product.gateway;
    let link = people::first_link(gateway.store(), || gateway.new_key(), gateway.now()).await;
    // What was accepted is delivered all the same: the next start prints the link.
    let link = link.unwrap_or_else(|why| {
        tracing::warn!(%why, "no link into the console could be made");
        None
    });
    if let Some(path) = &link {
        ready = ready.entered_by(settings.console.base_url().as_deref(), path);
    }
    product.open_window(listener, http);
    line(&format!("facteur serves {}", ready.api.as_deref().unwrap_or_default()));
    if link.is_some() {
        let console = ready.console.as_deref().unwrap_or_default();
        line(&format!("nobody can sign in to the console yet; open this link once, in a browser: {console}"));
    }
    let limit = settings.process.shutdown_limit;
    let ended = match args.ready_file.as_deref().map_or(Ok(()), |path| ready.write(path)) {
        Ok(()) => Ok(product.run_until_signal(signals, limit).await),
        // The window is open: what came in meanwhile ends in order too.
        Err(failure) => {
            product.end(limit).await;
            Err(failure)
        }
    };
    if let Some(exporter) = exporter {
        exporter.end().await;
    }
    let ending = ended?;
    line(&ending.sentence());
    Ok(())
}
