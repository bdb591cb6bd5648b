//! Writing CSV: commas, quotes where they are needed, CR LF, UTF-8 with its mark so that spreadsheets
//! read accents right.

use bytes::{Bytes, BytesMut};

/// Lines under construction.
#[derive(Default)]
pub(crate) struct Lines {
    written: BytesMut,
}

impl Lines {
    /// Lines that begin a file.
    pub(crate) fn file() -> Self {
        let mut lines = Self::default();
        lines.written.extend_from_slice("\u{feff}".as_bytes());
        lines
    }

    /// Writes a line.
    pub(crate) fn push(&mut self, values: &[&str]) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.written.extend_from_slice(b",");
            }
            self.value(value);
        }
        self.written.extend_from_slice(b"\r\n");
    }

    fn value(&mut self, value: &str) {
        let formula = formula(value);
        if !formula && !value.contains(['"', ',', ';', '\t', '\r', '\n']) && value.trim() == value {
            self.written.extend_from_slice(value.as_bytes());
            return;
        }
        self.written.extend_from_slice(b"\"");
        if formula {
            self.written.extend_from_slice(b"'");
        }
        self.written.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        self.written.extend_from_slice(b"\"");
    }

    /// What was written since the last call.
    pub(crate) fn take(&mut self) -> Bytes {
        self.written.split().freeze()
    }
}

/// Whether a spreadsheet would take the value for a formula and run it. A number with its plus sign or
/// a negative one is none.
fn formula(value: &str) -> bool {
    match value.as_bytes() {
        [b'+' | b'-', rest @ ..] => !rest.iter().all(u8::is_ascii_digit),
        [b'=' | b'@' | b'\t' | b'\r', ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_needed_and_never_formulas() {
        for (value, line) in [
            ("a", "a\r\n"),
            ("", "\r\n"),
            ("a,b", "\"a,b\"\r\n"),
            ("say \"no\"", "\"say \"\"no\"\"\"\r\n"),
            (" a", "\" a\"\r\n"),
            ("+33612345678", "+33612345678\r\n"),
            ("=1+1", "\"'=1+1\"\r\n"),
            ("+cmd|x", "\"'+cmd|x\"\r\n"),
            ("@SUM(A1)", "\"'@SUM(A1)\"\r\n"),
        ] {
            let mut lines = Lines::default();
            lines.push(&[value]);
            assert_eq!(lines.take(), line.as_bytes());
        }
    }
}
