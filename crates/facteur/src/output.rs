//! What commands print: JSON with `--json`, else lines and tables for people.

use std::io::Write as _;

use serde_json::Value;

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a result: `value` as JSON, or `text`.
    pub(crate) fn say(self, value: &Value, text: impl FnOnce() -> String) {
        if self.json { line(&format!("{value:#}")) } else { line(text().trim_end_matches('\n')) }
    }

    /// Prints rows: as a JSON array, or as a table with a heading.
    pub(crate) fn table(self, rows: &[Value], columns: &[&str]) {
        self.say(&Value::Array(rows.to_vec()), || {
            if rows.is_empty() { "none".to_owned() } else { table(rows, columns) }
        });
    }
}

/// Writes a line to standard output. A reader that went away (a closed pipe) is no failure.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn table(rows: &[Value], columns: &[&str]) -> String {
    let heading = columns.iter().map(|column| column.to_uppercase().replace('_', " ")).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(&row[*column])).collect());
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let show = |line: &Vec<String>| {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(show).collect::<Vec<_>>().join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            serde_json::json!({"id": "a", "daily_quota": null, "scopes": ["X", "Y"]}),
            serde_json::json!({"id": "éé", "daily_quota": 100, "scopes": []}),
        ];
        assert_eq!(
            table(&rows, &["id", "daily_quota", "scopes"]),
            "ID  DAILY QUOTA  SCOPES\na   -            X,Y\néé  100"
        );
    }
}
