//! What phones send, kept as it came.

use rusqlite::params;

use super::fault::Fault;
use super::rows;
use super::writer::Tx;
use crate::Inbound;

/// Keeps a batch, in order.
pub(super) fn keep(tx: &mut Tx<'_>, batch: &[Inbound]) -> Result<(), Fault> {
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO inbound (at, route, phone, source, destination, esm_class, data_coding, content, tlvs) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for message in batch {
        insert.execute(params![
            message.at.millis(),
            message.route.0,
            message.from.map(rows::digits),
            &message.source[..],
            &message.destination[..],
            message.esm_class,
            message.data_coding,
            &message.content[..],
            &message.tlvs[..],
        ])?;
    }
    Ok(())
}
