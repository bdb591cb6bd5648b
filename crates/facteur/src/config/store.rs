//! `[store]`: where everything is kept, and how writing is bounded.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::values::{duration, number};

/// Read in less than half a second.
const CHECK_MIB: u64 = 128;

/// The data folder and the database in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSettings {
    /// The folder of the database; one gateway at a time may use it.
    pub(crate) data: PathBuf,
    /// Messages that may wait for the disk before requests are answered 503.
    #[serde(deserialize_with = "number::<_, usize, 100, 10_000_000>")]
    pub(crate) queue_max: usize,
    /// Rows in one transaction at most.
    #[serde(deserialize_with = "number::<_, usize, 1, 100_000>")]
    pub(crate) batch_max: usize,
    /// Connections for reading.
    #[serde(deserialize_with = "number::<_, usize, 1, 64>")]
    pub(crate) readers: usize,
    /// How long to wait while another process (a command, a backup) holds the database.
    #[serde(deserialize_with = "duration::<_, 100, 60_000>")]
    pub(crate) busy_timeout: Duration,
    /// How long receipts still find a message that failed or was left unknown.
    #[serde(deserialize_with = "duration::<_, 60_000, 2_592_000_000>")]
    pub(crate) late_receipts: Duration,
    /// Delivered parts remembered in memory, to know a second receipt.
    #[serde(deserialize_with = "number::<_, usize, 1_000, 100_000_000>")]
    pub(crate) finals_max: usize,
    /// Messages under way remembered in memory, so that their rows are not read again.
    #[serde(deserialize_with = "number::<_, usize, 0, 1_000_000>")]
    pub(crate) in_hand_max: usize,
    /// Page cache of each connection, in KiB.
    #[serde(deserialize_with = "number::<_, u32, 1_024, 16_777_216>")]
    pub(crate) cache_kib: u32,
    /// The most pages (4 KiB) that the database may have.
    #[serde(deserialize_with = "pages")]
    pub(crate) pages_max: Option<u32>,
    /// MiB of the disk that are kept for what is owed.
    #[serde(deserialize_with = "number::<_, u64, 0, 1_048_576>")]
    pub(crate) reserve_mib: u64,
    /// Databases of this many MiB at most are read whole at a start.
    #[serde(deserialize_with = "number::<_, u64, 0, 1_048_576>")]
    pub(crate) check_mib: u64,
    /// Pages (4 KiB) of write-ahead log between two checkpoints.
    #[serde(deserialize_with = "number::<_, u64, 100, 1_000_000>")]
    pub(crate) wal_pages: u64,
}

/// A number of pages; at least what an empty database needs, with some room.
fn pages<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    number::<_, u32, 128, { u32::MAX as i64 }>(from).map(Some)
}

impl Default for StoreSettings {
    fn default() -> Self {
        let usual = facteur_store::Options::new("");
        Self {
            data: PathBuf::from("facteur-data"),
            queue_max: usual.queue_max,
            batch_max: usual.batch_max,
            readers: usual.readers,
            busy_timeout: usual.busy_timeout,
            late_receipts: usual.late_receipts,
            finals_max: usual.finals_max,
            in_hand_max: usual.in_hand_max,
            cache_kib: usual.cache_kib,
            pages_max: usual.pages_max,
            reserve_mib: usual.reserve >> 20,
            check_mib: CHECK_MIB,
            wal_pages: usual.wal_pages,
        }
    }
}

impl StoreSettings {
    /// The store's own options.
    pub(crate) fn options(&self) -> facteur_store::Options {
        facteur_store::Options {
            queue_max: self.queue_max,
            batch_max: self.batch_max,
            readers: self.readers,
            busy_timeout: self.busy_timeout,
            late_receipts: self.late_receipts,
            finals_max: self.finals_max,
            in_hand_max: self.in_hand_max,
            cache_kib: self.cache_kib,
            pages_max: self.pages_max,
            reserve: self.reserve_mib << 20,
            checked_up_to: self.check_mib << 20,
            wal_pages: self.wal_pages,
            ..facteur_store::Options::new(self.data.join(crate::data::DATABASE))
        }
    }
}
