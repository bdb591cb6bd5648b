//! Slips of the finger: at most one edit from a word that opts out, and no word of its own
//! (requirement `fr-reply-typos`).

use super::table::Table;

/// Letters of a reply that may be a short word mistyped.
const SHORT: std::ops::RangeInclusive<usize> = 3..=6;
/// Letters from which on a long word may be mistyped: shorter ones have real words beside them.
const LONG_MIN: usize = 8;

/// The word that a reply of this one plain word was meant to be.
pub(super) fn meant<'a>(table: &'a Table, word: &str) -> Option<&'a str> {
    if let Some(known) = table.known_typo(word) {
        return Some(known);
    }
    if table.is_real(word) || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let short = SHORT.contains(&word.len()).then_some(table.near());
    let long = (word.len() >= LONG_MIN).then_some(table.near_long());
    let near = short.into_iter().chain(long).flatten();
    near.map(String::as_str).find(|near| is_one_edit(word.as_bytes(), near.as_bytes()))
}

/// Whether one letter more, less, other, or two swapped neighbours make `a` of `b`.
fn is_one_edit(a: &[u8], b: &[u8]) -> bool {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[head..], &b[head..]);
    match (a, b) {
        ([], []) => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a1, a2, a @ ..], [b1, b2, b @ ..]) if a1 == b2 && a2 == b1 && a == b => true,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requirement `fr-reply-typos`.
    #[test]
    fn one_slip_is_understood_and_real_words_are_not_slips() {
        for (word, slip) in [
            ("sotp", true),
            ("stpo", true),
            ("stip", true),
            ("styop", true),
            ("sto", true),
            ("stopm", true),
            ("stopeee", false),
            ("stp", false),
            ("top", false),
            ("spot", false),
            ("scop", false),
            ("so", false),
            ("sotpp", false),
            ("desabonnner", false),
            ("desabonmer", true),
            ("desinscrption", true),
            ("reabonner", false),
            ("", false),
        ] {
            assert_eq!(meant(Table::embedded(), word).is_some(), slip, "{word}");
        }
    }
}
