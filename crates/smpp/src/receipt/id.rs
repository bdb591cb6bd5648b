//! Message ids: one message, several spellings.

/// The form in which an SMSC message id is stored and compared: without blanks or a closing zero,
/// in lower case, without `0x` or leading zeros.
#[must_use]
pub fn canonical_id(id: &str) -> String {
    let id = id.trim_matches(is_blank).to_ascii_lowercase();
    let id = match id.strip_prefix("0x") {
        Some(digits) if is_number(digits, 16) => digits,
        _ => &id,
    };
    // Zeros and blanks together: "0 1" would else change again when it is made canonical again.
    let short = id.trim_start_matches(|c| c == '0' || is_blank(c));
    if short.is_empty() && !id.is_empty() { "0".to_owned() } else { short.to_owned() }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

/// Other ids the same message may have: decimal written as hexadecimal and the reverse, canonical,
/// without the id's own canonical form (requirement smpp-message-id-forms).
///
/// SMSCs answer a submit with one form and write the other into the receipt. An id of digits alone
/// may be either, so that it has two other forms; one with letters a to f has one; one that is no
/// number, or over 128 bits, has none.
#[must_use]
pub fn other_forms(id: &str) -> Vec<String> {
    let own = canonical_id(id);
    let as_decimal = number(&own, 10).map(|value| format!("{value:x}"));
    let as_hexadecimal = number(&own, 16).map(|value| value.to_string());
    let mut forms: Vec<String> = [as_decimal, as_hexadecimal].into_iter().flatten().collect();
    forms.retain(|form| *form != own);
    forms
}

fn number(id: &str, radix: u32) -> Option<u128> {
    if is_number(id, radix) { u128::from_str_radix(id, radix).ok() } else { None }
}

/// Digits only: the standard library would also take a sign.
fn is_number(id: &str, radix: u32) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_digit(radix))
}
