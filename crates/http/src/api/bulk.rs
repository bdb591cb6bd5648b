//! Lists in, reports out: every entry is told its fate, and what is right is kept though others are
//! wrong. Only when nothing is right is the whole request refused.

use facteur_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Detail, codes};
use crate::import::Import;

/// The most entries of a list in JSON; an import has no such bound.
pub(crate) const ENTRIES_MAX: usize = 1_000;
/// How many entries the store takes at once: an import must not hold up the messages that go by.
const CHUNK: usize = 500;

/// What became of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Report {
    /// Entries that were recorded.
    recorded: u64,
    /// Entries that were not.
    refused: u64,
    /// One line an entry, in order.
    entries: Vec<Line>,
}

/// What became of one entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct Line {
    /// Which, from 0; null in the report of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Its line in the file, from 1, the heading being the first; only in the report of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The id of what was recorded, or null.
    #[schema(required = true)]
    id: Option<String>,
    /// Everything that is wrong with it; empty when it was recorded.
    errors: Vec<Detail>,
}

/// What became of a file, and how it was read.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// The encoding that was found: `UTF-8` or `Windows-1252`.
    encoding: &'static str,
    /// The separator that was found: `;`, `,` or `tab`.
    separator: &'static str,
    #[serde(flatten)]
    report: Report,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In a list, from 0.
    Index(usize),
    /// In a file, from 1.
    Line(u32),
}

/// An entry as it was read.
pub(crate) struct Read<T> {
    pub(crate) place: Place,
    pub(crate) entry: Result<T, Vec<Detail>>,
}

impl Line {
    fn new(place: Place) -> Self {
        let (index, line) = match place {
            Place::Index(at) => (Some(at), None),
            Place::Line(at) => (None, Some(at)),
        };
        Self { index, line, id: None, errors: Vec::new() }
    }
}

/// Records the entries that are right, a bounded number at a time, with `keep`, which answers an id for
/// each.
///
/// # Errors
/// 400 when no entry is right, with all faults; the store's error when it kept nothing.
pub(crate) async fn record<T, F>(
    entries: Vec<Read<T>>,
    mut keep: impl FnMut(Vec<T>) -> F,
) -> Result<Report, ApiError>
where
    F: Future<Output = Result<Vec<String>, StoreError>>,
{
    let mut lines = Vec::with_capacity(entries.len());
    let mut right = Vec::new();
    for Read { place, entry } in entries {
        let mut line = Line::new(place);
        match entry {
            Ok(entry) => right.push((lines.len(), entry)),
            Err(errors) => line.errors = errors,
        }
        lines.push(line);
    }
    if right.is_empty() {
        return Err(all_wrong(lines));
    }
    let mut recorded = 0;
    let mut trouble = None;
    while !right.is_empty() {
        let rest = right.split_off(right.len().min(CHUNK));
        let (places, chunk): (Vec<usize>, Vec<T>) = std::mem::replace(&mut right, rest).into_iter().unzip();
        // What the store did not keep the rest must not be tried on: it would only wait longer.
        let ids = match &trouble {
            None => keep(chunk).await.map_err(|why| trouble = Some(why)).unwrap_or_default(),
            Some(_) => Vec::new(),
        };
        recorded += ids.len() as u64;
        let mut ids = ids.into_iter();
        for at in places {
            lines[at].id = ids.next();
            if lines[at].id.is_none() {
                lines[at].errors.push(Detail {
                    field: "".into(),
                    message: "it was not kept: the service could not; send it again".into(),
                    rule: None,
                });
            }
        }
    }
    match trouble {
        Some(why) if recorded == 0 => Err(why.into()),
        _ => Ok(Report { recorded, refused: lines.len() as u64 - recorded, entries: lines }),
    }
}

/// Records an import.
///
/// # Errors
/// As for [`record`].
pub(crate) async fn record_import<T, F>(
    import: Import<T>,
    keep: impl FnMut(Vec<T>) -> F,
) -> Result<ImportReport, ApiError>
where
    F: Future<Output = Result<Vec<String>, StoreError>>,
{
    let (encoding, separator) = (import.encoding, import.separator_name());
    let entries = import.lines.into_iter().map(|line| Read {
        place: Place::Line(line.line),
        entry: line.entry.map_err(|faults| faults.into_iter().map(Detail::from).collect()),
    });
    Ok(ImportReport { encoding, separator, report: record(entries.collect(), keep).await? })
}

/// No entry is right: the faults of all of them, each with its place.
fn all_wrong(lines: Vec<Line>) -> ApiError {
    let count = lines.len();
    if count == 0 {
        return ApiError::new(&codes::INVALID_REQUEST_BODY, "There is no entry; nothing was recorded.")
            .suggest("Send one entry at least: in a file, a line below the names of the columns.");
    }
    let mut details = Vec::new();
    for line in lines {
        for mut detail in line.errors {
            if let Some(at) = line.line {
                detail.field = format!("line {at}: {}", detail.field).into();
            }
            details.push(detail);
        }
    }
    let error = ApiError::new(
        &codes::INVALID_REQUEST_BODY,
        format!("None of the {count} entries is right; nothing was recorded. `details` has every fault."),
    );
    let first = details.first().map(|first| first.field.clone()).unwrap_or_default();
    error.at(first).details(details)
}

/// A list of more entries than a request may carry, or of none.
///
/// # Errors
/// It is one of these.
pub(crate) fn within_bounds(field: &'static str, count: usize, max: usize) -> Result<(), ApiError> {
    match count {
        0 => Err(ApiError::new(&codes::INVALID_REQUEST_BODY, format!("`{field}` is empty.")).at(field)),
        1.. if count <= max => Ok(()),
        _ => Err(ApiError::new(
            &codes::BATCH_TOO_LARGE,
            format!("`{field}` has {count} entries; {max} are the most."),
        )
        .at(field)
        .suggest("Split the list, or import a CSV file.")),
    }
}
