//! Links in a text: what must arrive letter for letter.

use std::ops::Range;

/// Top-level domains that make a link of a name without scheme nor path (ours: those that French
/// texts use; behind any other, a link is told by its scheme, its `www.` or its path).
const ENDINGS: [&str; 48] = [
    "fr", "com", "net", "org", "eu", "io", "co", "me", "ly", "gl", "gd", "at", "cc", "id", "to", "li", "be",
    "ch", "lu", "de", "es", "it", "uk", "info", "biz", "app", "dev", "link", "page", "shop", "store", "site",
    "online", "paris", "bzh", "corsica", "alsace", "re", "gp", "mq", "gf", "yt", "nc", "pf", "pm", "wf",
    "is", "pro",
];

/// A link in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link<'a> {
    /// Where it stands, in octets.
    pub range: Range<usize>,
    /// Its host, without scheme, user and port, as it is written.
    pub host: &'a str,
    /// It is an e-mail address.
    pub is_email: bool,
}

/// The links of `text`, in order: with a scheme, with `www.`, or a host name of a known ending or with
/// a path behind it; e-mail addresses too.
pub fn links(text: &str) -> impl Iterator<Item = Link<'_>> {
    tokens(text).filter_map(move |range| read(text.get(range.clone())?, range))
}

/// What stands between blanks and has a dot or a colon, as every link does; without the punctuation
/// around it.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let mark = rest.bytes().position(|byte| matches!(byte, b'.' | b':'))?;
        let (before, after) = rest.split_at(mark);
        let start =
            before.char_indices().rfind(|(_, c)| is_between(*c)).map_or(0, |(at, c)| at + c.len_utf8());
        let end = mark + after.find(is_between).unwrap_or(after.len());
        let piece = rest.get(start..end)?;
        let trimmed = piece.trim_start_matches(is_around);
        let from = at + end - trimmed.len();
        at += end;
        Some(from..from + trimmed.trim_end_matches(is_around).len())
    })
    .filter(|range| !range.is_empty())
}

fn is_between(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_whitespace() || matches!(c, '<' | '>' | '"');
    }
    c.is_whitespace() || matches!(c, '«' | '»' | '“' | '”')
}

const fn is_around(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | '.' | ',' | ';' | ':' | '!' | '?' | '…' | '\'' | '’' | '‘')
}

fn read(token: &str, range: Range<usize>) -> Option<Link<'_>> {
    let (scheme, rest) = match token.find("://") {
        Some(at) => (true, token.get(at + 3..)?),
        None if !token.contains('.') => return None,
        None => (false, token),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path = rest.len() > authority.len();
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let host = host.split(':').next().unwrap_or_default();
    let is_email = user.is_some() && !scheme;
    let (labels, ending) = host.rsplit_once('.').unwrap_or((host, ""));
    let is_name =
        !labels.is_empty() && labels.split('.').all(is_label) && ending.len() >= 2 && is_label(ending);
    let known = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let letters = ending.chars().all(char::is_alphabetic);
    let www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    let is_link = scheme && !host.is_empty() || is_name && letters && (known || www || path || is_email);
    is_link.then_some(Link { range, host, is_email })
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_words() {
        for (text, hosts) in [
            ("Voir https://exemple.fr/été?x=1.", &["exemple.fr"][..]),
            ("(www.exemple.boutique)", &["www.exemple.boutique"]),
            ("bit.ly/3xY et EXEMPLE.FR!", &["bit.ly", "EXEMPLE.FR"]),
            ("http://u:p@h.example:8080/x", &["h.example"]),
            ("ecrire a contact@exemple.fr", &["exemple.fr"]),
            ("lien: x.zone/abc", &["x.zone"]),
            ("«https://a.fr»", &["a.fr"]),
            ("Merci.Bonjour a 10.30 le 12.05.2026, 9.90 EUR", &[]),
            ("etc... ok.", &[]),
            ("https://", &[]),
            ("a. b.fr c", &["b.fr"]),
            ("", &[]),
        ] {
            assert_eq!(links(text).map(|link| link.host).collect::<Vec<_>>(), hosts, "{text}");
            for link in links(text) {
                assert!(text[link.range.clone()].contains(link.host), "{text}");
            }
        }
    }
}
