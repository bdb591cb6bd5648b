//! How many files the process may have open: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside connections: database, log, sockets to operators, webhooks.
const BESIDE: u64 = 1_024;

/// Raises the limit as far as the system lets this user, and says so when that is too little for
/// `connections`. Called once, at a start.
pub(crate) fn raise(connections: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let (allowed, wanted) = (current_limit(), wanted(connections));
    if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "few files may be open: connections beyond wait; LimitNOFILE in systemd, or `ulimit -Hn`, raises it"
        );
    }
}

fn current_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The most files that a start can have: the hard limit.
pub(crate) fn allowed() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// The files that so many connections want.
pub(crate) fn wanted(connections: usize) -> u64 {
    BESIDE.saturating_add(connections as u64)
}
