//! E-mail addresses: what could be one.

/// Octets of the longest e-mail address (RFC 5321: a path of 256 with its angle brackets).
pub const EMAIL_MAX: usize = 254;

/// Whether a text could be an e-mail address: something on both sides of one `@`, without blanks. What is wrong
/// beyond this, its owner finds out. A host without a dot is one: a company's own network has such.
#[must_use]
pub fn is_email_address(text: &str) -> bool {
    let parts = text.split_once('@');
    text.len() <= EMAIL_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides() {
        for fine in ["ana@exemple.fr", "a.b+c@d", "zoé@exemple.fr"] {
            assert!(is_email_address(fine), "{fine}");
        }
        for wrong in ["", "ana", "@x", "x@", "a b@c", "a@b@c", "a@b\n"] {
            assert!(!is_email_address(wrong), "{wrong:?}");
        }
        let long = |name: usize| format!("{}@exemple.fr", "a".repeat(name));
        assert!(is_email_address(&long(243)) && !is_email_address(&long(244)));
    }
}
