//! Tables as people make them with spreadsheets: CSV of unknown encoding and separator.
//!
//! Nothing is dropped in silence: a line that cannot be read is a line with a fault.

mod decode;
pub(crate) mod number;
mod write;

pub(crate) use self::decode::decode;
pub(crate) use self::number::{instant, number, yes_or_no};
pub(crate) use self::write::Lines;

/// Separators that are looked for; the one most frequent in the heading wins.
const SEPARATORS: [char; 3] = [';', ',', '\t'];
/// The most columns of a table.
const COLUMNS_MAX: usize = 64;

/// One line of a table, split. A record with line breaks inside quotes spans several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it starts, from 1.
    pub line: u32,
    /// Its values, or why it has none, as in "has more than 64 columns".
    pub values: Result<Vec<String>, &'static str>,
}

/// A table, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the first line calls its columns.
    pub heading: Vec<String>,
    /// The lines after it.
    pub records: Vec<Record>,
}

/// Reads a table as people's programs save it: CSV in UTF-8 or Windows-1252, with semicolons, commas or tabs.
///
/// # Errors
/// What it is instead, in a sentence.
pub fn read_table(octets: &[u8]) -> Result<Table, String> {
    let (text, _) = decode(octets)?;
    let mut records = records(&text, separator(&text)).into_iter();
    let first = records.next().ok_or("The file is empty.")?;
    let heading = first.values.map_err(|why| format!("The first line {why}."))?;
    Ok(Table { heading, records: records.collect() })
}

/// The separator of a table with this text: the heading's.
pub(crate) fn separator(text: &str) -> char {
    let heading = text.lines().next().unwrap_or_default();
    let count = |separator: char| heading.chars().filter(|c| *c == separator).count();
    // The first of equals, which is the semicolon of French spreadsheets.
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(SEPARATORS[0])
}

/// The records of a table, blank lines left out (RFC 4180, and line feeds alone).
pub(crate) fn records(text: &str, separator: char) -> Vec<Record> {
    let mut reader = Reader { rest: text, line: 1, separator };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        let values = reader.record();
        let blank = matches!(&values, Ok(values) if values.iter().all(|value| value.trim().is_empty()));
        if !blank {
            records.push(Record { line, values });
        }
    }
    records
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
    separator: char,
}

/// What follows a value.
enum After {
    Value,
    Line,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Vec<String>, &'static str> {
        let mut values = Vec::new();
        loop {
            let (value, after) = match self.value() {
                Ok(read) => read,
                Err(why) => {
                    self.skip_line();
                    return Err(why);
                }
            };
            values.push(value);
            if matches!(after, After::Line) {
                return Ok(values);
            }
            if values.len() >= COLUMNS_MAX {
                self.skip_line();
                return Err("has more than 64 columns");
            }
        }
    }

    fn value(&mut self) -> Result<(String, After), &'static str> {
        match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted),
            None => {
                let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
                let (value, rest) = self.rest.split_at(end);
                self.rest = rest;
                let value = value.to_owned();
                Ok((value, self.after()))
            }
        }
    }

    fn quoted(&mut self, quoted: &str) -> Result<(String, After), &'static str> {
        let mut value = String::new();
        let mut from = quoted;
        loop {
            let Some(end) = from.find('"') else { return Err("has a quote that is never closed") };
            value.push_str(&from[..end]);
            from = &from[end + 1..];
            match from.strip_prefix('"') {
                Some(more) => {
                    value.push('"');
                    from = more;
                }
                None => break,
            }
        }
        if !from.is_empty() && !from.starts_with([self.separator, '\n', '\r']) {
            return Err("has something after a closing quote");
        }
        // `from` is a tail of `rest`.
        let taken = self.rest.len() - from.len();
        self.line += breaks(&self.rest[..taken]);
        self.rest = &self.rest[taken..];
        Ok((value, self.after()))
    }

    /// Steps over the separator or the line's end.
    fn after(&mut self) -> After {
        if let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
            return After::Value;
        }
        self.skip_line();
        After::Line
    }

    fn skip_line(&mut self) {
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        let rest = &self.rest[end..];
        let rest = rest.strip_prefix('\r').unwrap_or(rest);
        self.rest = rest.strip_prefix('\n').unwrap_or(rest);
        self.line += 1;
    }
}

fn breaks(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[(u32, Result<&[&str], &'static str>)]) {
        let found = records(text, separator(text));
        let expected: Vec<Record> = expected
            .iter()
            .map(|(line, values)| Record {
                line: *line,
                values: values.map(|values| values.iter().map(|value| (*value).to_owned()).collect()),
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn records_are_split_as_spreadsheets_write_them() {
        check("a;b\n1;2", &[(1, Ok(&["a", "b"])), (2, Ok(&["1", "2"]))]);
        check("a,b\r\n1,2\r\n", &[(1, Ok(&["a", "b"])), (2, Ok(&["1", "2"]))]);
        check("a\tb\n1\t2;3", &[(1, Ok(&["a", "b"])), (2, Ok(&["1", "2;3"]))]);
        check("a;b\r1;2", &[(1, Ok(&["a", "b"])), (2, Ok(&["1", "2"]))]);
        check("a;b\n\n;\n1;", &[(1, Ok(&["a", "b"])), (4, Ok(&["1", ""]))]);
        check(
            "a;b\n\"x;\"\"y\"\"\nz\";2\n3;4",
            &[(1, Ok(&["a", "b"])), (2, Ok(&["x;\"y\"\nz", "2"])), (4, Ok(&["3", "4"]))],
        );
        check("a;b\n1;l'\"eau\"", &[(1, Ok(&["a", "b"])), (2, Ok(&["1", "l'\"eau\""]))]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_and_the_next_is_read() {
        check(
            "a;b\n\"x\"y;2\n3;4",
            &[(1, Ok(&["a", "b"])), (2, Err("has something after a closing quote")), (3, Ok(&["3", "4"]))],
        );
        check(
            "a;b\n\"x;2\n3;4",
            &[(1, Ok(&["a", "b"])), (2, Err("has a quote that is never closed")), (3, Ok(&["3", "4"]))],
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(rows in proptest::collection::vec(
            proptest::collection::vec("[a-z;,\"\n é]{0,8}", 2..4), 1..6))
        {
            let mut lines = Lines::default();
            lines.push(&["heading", "is", "here"]);
            for row in &rows {
                lines.push(&row.iter().map(String::as_str).collect::<Vec<_>>());
            }
            let text = String::from_utf8(lines.take().to_vec()).expect("UTF-8");
            let read: Vec<_> = records(&text, ',').into_iter().skip(1).map(|r| r.values).collect();
            let kept = rows.into_iter().filter(|row| row.iter().any(|value| !value.trim().is_empty()));
            prop_assert_eq!(read, kept.map(Ok).collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_split_or_told(text in "[a\";,\t\r\n]{0,60}") {
            let _ = records(&text, separator(&text));
        }
    }
}
