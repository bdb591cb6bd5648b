//! A store whose work is done when its holder says so, one batch at a time and on the holder's thread: for
//! simulations, where the order of everything must follow from a seed. In debug builds only.

use std::sync::{Arc, mpsc};

use rusqlite::Connection;

use super::fault::describe;
use super::memory::Memory;
use super::queue::Queue;
use super::reader::Read;
use super::writer::Writer;
use super::{AcceptedSink, Inner, Options, Store, connect};
use crate::StoreError;

/// Does the store's work, by hand.
pub struct Hand {
    writer: Writer,
    /// What messages on their journey wait for, and all else.
    reads: [Arc<Queue<Read>>; 2],
    reader: Connection,
}

impl std::fmt::Debug for Hand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hand").finish_non_exhaustive()
    }
}

impl Store {
    /// As [`Store::open`], without its threads: nothing is written or read until the [`Hand`] does it.
    /// Verbs that run on a thread of their own (backup, check) do so here too.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_by_hand(options: Options, accepted: AcceptedSink) -> Result<(Self, Hand), StoreError> {
        let conn = connect::open_writer(&options)?;
        let memory = Memory::load(&conn, &options).map_err(|e| describe(&e))?;
        let reader = connect::open_reader(&options)?;
        let (closing, closed) = mpsc::channel();
        let inner = Inner::new(options, closing);
        let writer = inner.writer_for(conn, memory, accepted, Vec::new(), closed);
        let reads = [Arc::clone(&inner.journey), Arc::clone(&inner.readers)];
        Ok((Self { inner: Arc::new(inner) }, Hand { writer, reads, reader }))
    }
}

impl Hand {
    /// Rows that wait to be written, about.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.writer.queue.rows()
    }

    /// Reads that wait.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.reads.iter().map(|reads| reads.rows()).sum()
    }

    /// Writes the next batch, if anything waits. With `mishap` the disk refuses it at its commit, with this
    /// code of SQLite (as in `SQLITE_FULL`).
    pub fn write(&mut self, mishap: Option<i32>) {
        if self.writes() == 0 {
            return;
        }
        self.writer.mishap = mishap;
        if let Some(batch) = self.writer.queue.take(self.writer.batch_max()) {
            self.writer.batch(batch);
        }
        self.writer.mishap = None;
    }

    /// Answers who waits for the close, once nothing is left to write. The connections close with the hand.
    pub fn part(&mut self) {
        if self.writes() > 0 {
            return;
        }
        while let Ok(reply) = self.writer.closed.try_recv() {
            let _ = reply.send(Ok(()));
        }
    }

    /// Answers the next read, if one waits.
    pub fn read(&mut self) {
        let Some(reads) = self.reads.iter().find(|reads| reads.rows() > 0) else { return };
        for Read(read) in reads.take(1).into_iter().flatten() {
            read(&mut self.reader);
        }
    }
}
