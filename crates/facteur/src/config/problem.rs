//! What is wrong with a configuration file, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The octets at fault, when they can be told.
    pub(crate) at: Option<Range<usize>>,
    /// What is wrong, and what was expected.
    pub(crate) what: String,
}

impl Problem {
    /// A problem at these octets.
    pub(crate) fn at(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at: Some(at), what: what.into() }
    }
}

/// Everything that is wrong with one file, for a person to read: each problem with file, line and
/// column, and the line itself. A line that may hold a secret is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems {
    /// The file, as it was named.
    pub(crate) file: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// What is wrong, in order of the file.
    pub(crate) list: Vec<Problem>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            self.show(problem, f)?;
        }
        Ok(())
    }
}

impl Problems {
    fn show(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        let Some(at) = &problem.at else {
            return write!(f, "{file}: {}", problem.what);
        };
        let (line, column, shown) = place(&self.text, at.start);
        write!(f, "{file}:{line}:{column}: {}", problem.what)?;
        if holds_secret(shown) {
            return Ok(());
        }
        let rest = shown.chars().count().saturating_sub(column - 1);
        let length = self.text.get(at.clone()).map_or(1, |octets| octets.chars().count());
        let marks = "^".repeat(length.clamp(1, rest.max(1)));
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(column - 1);
        write!(f, "\n {margin} |\n {number} | {shown}\n {margin} | {indent}{marks}")
    }
}

/// Line and column (both from 1, columns in characters) of an octet, and the line's text.
fn place(text: &str, octet: usize) -> (usize, usize, &str) {
    let octet = (0..=octet.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let before = &text[..octet];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[octet..].find('\n').map_or(text.len(), |newline| octet + newline);
    let line = before.matches('\n').count() + 1;
    let column = text[start..octet].chars().count() + 1;
    (line, column, text[start..end].trim_end_matches('\r'))
}

/// Whether a line has a password on it: as its setting, quoted or not, or within an inline table.
fn holds_secret(line: &str) -> bool {
    line.split("password").skip(1).any(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']);
        rest.trim_start().starts_with('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one_in_characters() {
        let text = "a = 1\né = \"x\"\r\nlast";
        for (octet, line, column, shown) in [
            (0, 1, 1, "a = 1"),
            (4, 1, 5, "a = 1"),
            (6, 2, 1, "é = \"x\""),
            (11, 2, 5, "é = \"x\""),
            (100, 3, 5, "last"),
        ] {
            assert_eq!(place(text, octet), (line, column, shown), "octet {octet}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = "name = \"a\"\npassword = \"hunter22\"\n".to_owned();
        let at = text.find("\"hunter").map_or(0..1, |start| start..start + 10);
        let problems = Problems {
            file: PathBuf::from("f.toml"),
            text,
            list: vec![Problem::at(at, "too long"), Problem { at: None, what: "and more".into() }],
        };
        assert_eq!(problems.to_string(), "f.toml:2:12: too long\n\nf.toml: and more");
    }

    #[test]
    fn lines_that_hold_a_password_are_known() {
        for line in [
            "password = 1",
            "  password=\"x\"",
            "routes = [{ window = 0, password = \"x\" }]",
            "\"password\" = 'x'",
        ] {
            assert!(holds_secret(line), "{line}");
        }
        for line in
            ["password_file = \"/run/pw\"", "password_env = \"PW\"", "name = \"password\"", "[[routes]]"]
        {
            assert!(!holds_secret(line), "{line}");
        }
    }

    #[test]
    fn the_line_is_shown_with_a_mark() {
        let problems = Problems {
            file: PathBuf::from("f.toml"),
            text: "binds = 0\n".to_owned(),
            list: vec![Problem::at(8..9, "expected more")],
        };
        assert_eq!(problems.to_string(), "f.toml:1:9: expected more\n   |\n 1 | binds = 0\n   |         ^");
    }
}
