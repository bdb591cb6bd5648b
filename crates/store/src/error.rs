//! What a store can fail with.

/// A verb that did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full or cannot be written: nothing was kept. Try again when there is room. (Where the
    /// disk failed to confirm a write and the machine then stopped, the write may be found at the next
    /// start after all: what is refused is never promised to be forgotten.)
    #[error("the store cannot write: {0}")]
    CannotWrite(String),
    /// The database is damaged: nothing more is written to it. `facteur doctor` says what to do.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The file is another program's; it is left as it was.
    #[error("the database is not for this program: {0}")]
    Foreign(String),
    /// The file has the form of another version of the program: a newer one, or an older one where it may not
    /// be migrated ([`Options::migrate`](crate::Options::migrate)).
    #[error("the database is of schema version {there}, this program's is {known}")]
    OtherVersion {
        /// The file's.
        there: i64,
        /// This program's.
        known: i64,
    },
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
    /// More work waits for the disk than the bound allows: slow down.
    #[error("the store is overloaded")]
    Overloaded,
    /// What the verb names is not there, or not in the workspace.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// What the verb would make contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// A fault of ours.
    #[error("the store failed: {0}")]
    Internal(String),
}
