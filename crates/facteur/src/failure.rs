//! Why a command did not do its work, for the person who ran it.

use std::fmt;

/// What went wrong, why, and what to do about it. Printed once, by `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    what: String,
    causes: Vec<String>,
    cure: Option<String>,
}

impl Failure {
    /// A failure with a sentence.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), cure: None }
    }

    /// Adds an error and everything behind it.
    pub(crate) fn because(mut self, error: impl std::error::Error) -> Self {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors repeat their cause in their own words.
            if !self.causes.last().is_some_and(|last| last.contains(&text)) {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }

    /// Says what would help.
    pub(crate) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        match &self.cure {
            Some(cure) => write!(f, "\nhelp: {cure}"),
            None => Ok(()),
        }
    }
}

impl From<crate::config::Problems> for Failure {
    fn from(problems: crate::config::Problems) -> Self {
        let count = problems.list.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        Self::new(format!("{count} {noun} in the configuration\n\n{problems}"))
    }
}

impl From<facteur_store::StoreError> for Failure {
    fn from(error: facteur_store::StoreError) -> Self {
        Self::new("the store refused").because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn the_whole_chain_is_shown_once() {
        let inner = "x".parse::<u8>().expect_err("no number");
        let shown = Failure::new("what").because(Outer(inner.clone())).cure("do this").to_string();
        assert_eq!(shown, format!("what: outer: {inner}\nhelp: do this"));
    }
}
