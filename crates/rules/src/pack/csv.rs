//! Tables of plain values: a header, commas, no quotes; `#` starts a comment line.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::PackError;

/// The rows of `text` with their line numbers, each with the values of `columns` in that order.
pub(super) fn rows<'a, const N: usize>(
    table: &str,
    text: &'a str,
    columns: [&str; N],
) -> Result<Vec<(usize, [&'a str; N])>, PackError> {
    let mut lines =
        (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let expected = columns.join(",");
    match lines.next() {
        Some((_, header)) if header.trim_end() == expected => {}
        Some((line, _)) => {
            return Err(PackError::new(table, Some(line), format!("the columns must be {expected}")));
        }
        None => return Err(PackError::new(table, None, format!("the header {expected} is missing"))),
    }
    lines
        .map(|(line, row)| {
            let values: Vec<&str> = row.split(',').map(str::trim).collect();
            let found = values.len();
            let values = values.try_into().map_err(|_| {
                PackError::new(table, Some(line), format!("{found} values where {N} are needed"))
            })?;
            Ok((line, values))
        })
        .collect()
}

/// A value that is one of a few words.
pub(super) fn word<'de, T: Deserialize<'de>>(
    table: &str,
    line: usize,
    column: &str,
    value: &'de str,
) -> Result<T, PackError> {
    let reader: StrDeserializer<'de, Error> = value.into_deserializer();
    T::deserialize(reader).map_err(|why| PackError::new(table, Some(line), format!("{column}: {why}")))
}
