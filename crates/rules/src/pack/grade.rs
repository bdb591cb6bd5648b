//! How sure a fact is.

use std::fmt;

use serde::Deserialize;

/// How sure a row is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Deserialize)]
pub enum Grade {
    /// The primary text was read: law, charter, operator.
    A,
    /// A vendor or aggregator on its own behaviour.
    B,
    /// Press, a blog, or a third party that quotes the primary text.
    C,
    /// Our inference or proposal.
    D,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
