//! The log: to standard error, for people or as JSON. It never holds a full number or a text: the
//! rooms that write it see to that, and a test of the whole binary checks it.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Format, Log};
use crate::failure::Failure;

/// The variable whose filter goes before the configured one.
pub(crate) const VARIABLE: &str = "FACTEUR_LOG";

/// Whether `filter` is a filter.
pub(crate) fn check(filter: &str) -> Result<(), ParseError> {
    EnvFilter::builder().parse(filter).map(|_| ())
}

/// Starts the log. Called once.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter = crate::environment::variable(VARIABLE).unwrap_or_else(|| log.filter.clone());
    let filter = EnvFilter::builder().parse(&filter).map_err(|error| {
        Failure::new(format!("{filter:?} is no filter for the log"))
            .because(error)
            .cure("as in `warn,facteur_gateway=debug`")
    })?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        // A log that cannot be written (it stands on the disk that is full, say) is told by a panic otherwise, in
        // the thread that has something to say.
        .log_internal_errors(false);
    match log.format {
        Format::Human => builder.init(),
        Format::Json => builder.json().init(),
    }
    // A panic's words may quote a number or a text.
    facteur_http::watch_panics();
    Ok(())
}
