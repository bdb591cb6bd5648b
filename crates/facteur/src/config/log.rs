//! `[log]`: what is written to standard error.

use serde::Deserialize;

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// For people or for machines.
    pub(crate) format: Format,
    /// A filter such as `info` or `warn,facteur_gateway=debug`; the variable `FACTEUR_LOG` goes
    /// before it.
    pub(crate) filter: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A line for people.
    Human,
    /// A JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Human, filter: "info".to_owned() }
    }
}
