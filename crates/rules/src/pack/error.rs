//! Why a text is no rule pack.

use std::fmt;

/// Why a pack, or a table of one, cannot be read; says where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct PackError {
    /// The table or file at fault, as `windows` or `sender-words.csv`; empty when the text as a whole is.
    pub table: String,
    /// The line, counted from 1, when one is known.
    pub line: Option<usize>,
    /// What is wrong, naming the field.
    pub why: String,
}

impl PackError {
    pub(super) fn new(table: &str, line: Option<usize>, why: impl Into<String>) -> Self {
        Self { table: table.to_owned(), line, why: why.into() }
    }

    /// The fault that the TOML reader found in `text`.
    pub(super) fn from_toml(text: &str, fault: &toml::de::Error) -> Self {
        let before = fault.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        Self::new("", line, fault.message())
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.table.is_empty() {
            write!(f, "{}: ", self.table)?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.why)
    }
}
