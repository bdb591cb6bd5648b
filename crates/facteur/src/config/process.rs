//! `[process]`: the process itself.

use std::time::Duration;

use serde::Deserialize;

use super::values::{duration, number};

/// Threads, identity, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Process {
    /// Worker threads; 0 for one a processor.
    #[serde(deserialize_with = "number::<_, usize, 0, 256>")]
    pub(crate) worker_threads: usize,
    /// This gateway's number in the ids it makes. 31 is the one of `facteur admin`.
    #[serde(deserialize_with = "number::<_, u8, 0, 30>")]
    pub(crate) node: u8,
    /// How long an orderly end may take: requests in flight, then operators' answers.
    #[serde(deserialize_with = "duration::<_, 0, 600_000>")]
    pub(crate) shutdown_limit: Duration,
}

impl Default for Process {
    fn default() -> Self {
        Self { worker_threads: 0, node: 0, shutdown_limit: Duration::from_secs(20) }
    }
}
