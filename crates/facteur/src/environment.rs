//! The process's variables: only the binary reads them, and only here.

/// The variable's value, when it is set and is text.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Who runs this process, as far as the system says: for the audit log.
pub(crate) fn user() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(variable)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "cli".to_owned())
}
