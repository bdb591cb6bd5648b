//! The safe French rewriting: what a text loses so that it stays in GSM-7, and twice as many
//! characters fit in a part. Never inside a link or a code (requirement `fr-text-rewrite`).

use std::ops::Range;

use super::link::links;
use super::{Encoding, Plan, gsm7, plan};

/// Why a character is rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Why {
    /// A letter whose accent or ligature GSM-7 does not have.
    Letter,
    /// A typographic quote or apostrophe.
    Quote,
    /// A no-break, thin or invisible space.
    Space,
    /// A typographic dash, or the dot of a list.
    Dash,
    /// Another sign: an ellipsis, a degree, a small number.
    Sign,
    /// A letter and its accent written as two characters, put together.
    Composed,
}

impl Why {
    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Quote => "quote",
            Self::Space => "space",
            Self::Dash => "dash",
            Self::Sign => "sign",
            Self::Composed => "composed",
        }
    }
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Where it stands in the text as given, in characters (Unicode scalar values) from 0.
    pub at: usize,
    /// What stood there.
    pub from: String,
    /// What stands there instead.
    pub to: String,
    /// Why.
    pub why: Why,
}

/// A character that keeps a text out of GSM-7 and cannot be rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Obstacle {
    /// Where it stands in the text as given, in characters from 0.
    pub at: usize,
    /// The character.
    pub sign: char,
    /// It stands inside a link or a code, which must arrive letter for letter.
    pub protected: bool,
}

/// What rewriting makes of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rewrite {
    /// The text as it would leave; as given when nothing is gained.
    pub text: String,
    /// Every change, in order; none when nothing is gained.
    pub changes: Vec<Change>,
    /// What keeps the text out of GSM-7; where there is anything, rewriting gains nothing and the text
    /// stays as it is.
    pub obstacles: Vec<Obstacle>,
    /// The text as given, in parts.
    pub before: Plan,
    /// The text as it would leave, in parts.
    pub after: Plan,
}

/// Rewrites `text` so that it fits in GSM-7, if that can be done without touching a link or a code.
/// A text that is in GSM-7 already stays as it is.
#[must_use]
pub fn rewrite(text: &str) -> Rewrite {
    let before = plan(text);
    let unchanged =
        |obstacles| Rewrite { text: text.to_owned(), changes: Vec::new(), obstacles, before, after: before };
    if before.encoding == Encoding::Gsm7 {
        return unchanged(Vec::new());
    }
    let mut draft =
        Draft { out: String::with_capacity(text.len()), changes: Vec::new(), obstacles: Vec::new() };
    let guarded = guarded(text);
    let mut signs = text.char_indices().enumerate().peekable();
    while let Some((at, (octet, c))) = signs.next() {
        let is_guarded = guarded.iter().any(|range| range.contains(&octet));
        let accent = signs.peek().map(|(_, (_, next))| *next);
        match accent.and_then(|accent| compose(c, accent)).filter(|_| !is_guarded) {
            Some((whole, accent)) => {
                signs.next();
                draft.put_composed(at, c, accent, whole);
            }
            None => draft.put(at, c, is_guarded),
        }
    }
    if draft.obstacles.is_empty() {
        let after = plan(&draft.out);
        Rewrite { text: draft.out, changes: draft.changes, obstacles: Vec::new(), before, after }
    } else {
        unchanged(draft.obstacles)
    }
}

struct Draft {
    out: String,
    changes: Vec<Change>,
    obstacles: Vec<Obstacle>,
}

impl Draft {
    fn put(&mut self, at: usize, c: char, is_guarded: bool) {
        if gsm7::septets(c).is_some() {
            self.out.push(c);
            return;
        }
        match plain(c) {
            Some((to, why)) if !is_guarded => self.change(at, c.to_string(), to, why),
            known => {
                self.obstacles.push(Obstacle { at, sign: c, protected: is_guarded && known.is_some() });
                self.out.push(c);
            }
        }
    }

    fn put_composed(&mut self, at: usize, base: char, accent: char, whole: char) {
        let from = String::from_iter([base, accent]);
        if gsm7::septets(whole).is_some() {
            self.change(at, from, whole.encode_utf8(&mut [0; 4]), Why::Composed);
        } else if let Some((to, why)) = plain(whole) {
            self.change(at, from, to, why);
        } else {
            self.obstacles.push(Obstacle { at, sign: whole, protected: false });
            self.out.push(whole);
        }
    }

    fn change(&mut self, at: usize, from: String, to: &str, why: Why) {
        self.out.push_str(to);
        self.changes.push(Change { at, from, to: to.to_owned(), why });
    }
}

/// Where nothing may change, in octets: links, and codes, which are runs of letters and digits that
/// hold both (`NOËL2026`).
fn guarded(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<_> = links(text).map(|link| link.range).collect();
    let mut at = 0;
    for run in text.split(|c: char| !is_code_sign(c)) {
        let mixed = run.contains(|c: char| c.is_ascii_digit()) && run.contains(char::is_alphabetic);
        if mixed {
            found.push(at..at + run.len());
        }
        at += run.len();
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    found
}

/// Letters with their accents, and plain digits. Small raised digits are none: `20 m²` is no code.
fn is_code_sign(c: char) -> bool {
    c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '\u{300}'..='\u{36f}')
}

/// What stands for `c` in GSM-7, and why; `None` when we know nothing that reads the same.
const fn plain(c: char) -> Option<(&'static str, Why)> {
    Some(match c {
        'â' | 'á' | 'ã' => ("a", Why::Letter),
        'ç' => ("c", Why::Letter),
        'ê' | 'ë' => ("e", Why::Letter),
        'î' | 'ï' | 'í' => ("i", Why::Letter),
        'ô' | 'ó' | 'õ' => ("o", Why::Letter),
        'œ' => ("oe", Why::Letter),
        'û' | 'ú' => ("u", Why::Letter),
        'ÿ' | 'ý' => ("y", Why::Letter),
        'À' | 'Â' | 'Á' | 'Ã' => ("A", Why::Letter),
        'È' | 'Ê' | 'Ë' => ("E", Why::Letter),
        'Î' | 'Ï' | 'Ì' | 'Í' => ("I", Why::Letter),
        'Ô' | 'Ò' | 'Ó' | 'Õ' => ("O", Why::Letter),
        'Œ' => ("OE", Why::Letter),
        'Ù' | 'Û' | 'Ú' => ("U", Why::Letter),
        'Ÿ' => ("Y", Why::Letter),
        '’' | '‘' | '‚' | '`' | '´' | '′' => ("'", Why::Quote),
        '“' | '”' | '„' | '«' | '»' | '″' => ("\"", Why::Quote),
        '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}' | '\u{2002}' | '\u{2003}' | '\t' => (" ", Why::Space),
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => ("", Why::Space),
        '–' | '—' | '\u{2010}' | '\u{2011}' | '−' | '•' => ("-", Why::Dash),
        '…' => ("...", Why::Sign),
        '°' | 'º' => ("o", Why::Sign),
        '²' => ("2", Why::Sign),
        '³' => ("3", Why::Sign),
        'µ' => ("u", Why::Sign),
        _ => return None,
    })
}

/// The letter that `base` and the combining `accent` behind it make, for the letters of French; with
/// the accent.
const fn compose(base: char, accent: char) -> Option<(char, char)> {
    let whole = match (base, accent) {
        ('a', '\u{300}') => 'à',
        ('e', '\u{300}') => 'è',
        ('u', '\u{300}') => 'ù',
        ('A', '\u{300}') => 'À',
        ('E', '\u{300}') => 'È',
        ('U', '\u{300}') => 'Ù',
        ('e', '\u{301}') => 'é',
        ('E', '\u{301}') => 'É',
        ('a', '\u{302}') => 'â',
        ('e', '\u{302}') => 'ê',
        ('i', '\u{302}') => 'î',
        ('o', '\u{302}') => 'ô',
        ('u', '\u{302}') => 'û',
        ('A', '\u{302}') => 'Â',
        ('E', '\u{302}') => 'Ê',
        ('I', '\u{302}') => 'Î',
        ('O', '\u{302}') => 'Ô',
        ('U', '\u{302}') => 'Û',
        ('e', '\u{308}') => 'ë',
        ('i', '\u{308}') => 'ï',
        ('u', '\u{308}') => 'ü',
        ('y', '\u{308}') => 'ÿ',
        ('E', '\u{308}') => 'Ë',
        ('I', '\u{308}') => 'Ï',
        ('U', '\u{308}') => 'Ü',
        ('c', '\u{327}') => 'ç',
        ('C', '\u{327}') => 'Ç',
        ('n', '\u{303}') => 'ñ',
        ('N', '\u{303}') => 'Ñ',
        _ => return None,
    };
    Some((whole, accent))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Requirement `fr-text-rewrite`.
    #[test]
    fn french_texts_come_to_fit() {
        for (text, rewritten) in [
            ("Ça va être la fête à Nîmes", "Ça va etre la fete à Nimes"),
            ("L’été « à la plage » : c’est là…", "L'été \" à la plage \" : c'est là..."),
            ("À bientôt\u{a0}!", "A bientot !"),
            ("Cœur, ŒUVRE, Noël, maïs, août", "Coeur, OEUVRE, Noel, mais, aout"),
            ("10h–12h — 20 m² à 30°", "10h-12h - 20 m2 à 30o"),
            ("20m²", "20m2"),
            ("e\u{301}te\u{301} franc\u{327}ais", "été francais"),
            ("déjà en GSM-7 à 5 €", "déjà en GSM-7 à 5 €"),
            ("zéro\u{200b}largeur", "zérolargeur"),
        ] {
            let done = rewrite(text);
            assert_eq!(done.text, rewritten, "{text}");
            assert_eq!(done.after.encoding, Encoding::Gsm7, "{text}");
            assert_eq!(done.obstacles, [], "{text}");
        }
    }

    #[test]
    fn changes_say_where_what_and_why() {
        let done = rewrite("Œuf à l’été e\u{302}");
        let change = |at, from: &str, to: &str, why| Change { at, from: from.into(), to: to.into(), why };
        assert_eq!(
            done.changes,
            [
                change(0, "Œ", "OE", Why::Letter),
                change(7, "’", "'", Why::Quote),
                change(12, "e\u{302}", "e", Why::Letter),
            ]
        );
        assert_eq!((done.before.encoding, done.after.encoding), (Encoding::Ucs2, Encoding::Gsm7));
    }

    /// Requirement `fr-text-rewrite`.
    #[test]
    fn links_and_codes_are_left_alone() {
        for (text, obstacles) in [
            ("Voir https://exemple.fr/fête", &[(25, 'ê', true)][..]),
            ("Code NOËL2026 !", &[(7, 'Ë', true)]),
            ("été 👍", &[(4, '👍', false)]),
            ("Ça 👍 Code NOËL26", &[(3, '👍', false), (12, 'Ë', true)]),
            (
                "Привет",
                &[
                    (0, 'П', false),
                    (1, 'р', false),
                    (2, 'и', false),
                    (3, 'в', false),
                    (4, 'е', false),
                    (5, 'т', false),
                ],
            ),
        ] {
            let done = rewrite(text);
            let expected: Vec<_> = obstacles
                .iter()
                .map(|(at, sign, protected)| Obstacle { at: *at, sign: *sign, protected: *protected })
                .collect();
            assert_eq!(done.obstacles, expected, "{text}");
            assert_eq!(
                (done.text.as_str(), done.changes.len(), done.after),
                (text, 0, done.before),
                "{text}"
            );
        }
        // Around them the text is rewritten.
        let done = rewrite("Fête : http://exemple.fr/a?b=1 code ETE26");
        assert_eq!(done.text, "Fete : http://exemple.fr/a?b=1 code ETE26");
    }

    proptest! {
        #[test]
        fn a_rewritten_text_is_what_its_changes_say(text in "[a-zA-Zéèàçêîôûœ’«»… \u{a0}–²0-9./:👍\u{301}]{0,40}") {
            let done = rewrite(&text);
            let mut rebuilt = String::new();
            let mut changes = done.changes.iter().peekable();
            let mut skip = 0;
            for (at, c) in text.chars().enumerate() {
                match changes.peek() {
                    _ if skip > 0 => skip -= 1,
                    Some(change) if change.at == at => {
                        rebuilt.push_str(&change.to);
                        skip = change.from.chars().count() - 1;
                        changes.next();
                    }
                    _ => rebuilt.push(c),
                }
            }
            prop_assert_eq!(&rebuilt, &done.text);
            prop_assert_eq!(done.before, plan(&text));
            prop_assert_eq!(done.after, plan(&done.text));
            prop_assert!(done.after.parts <= done.before.parts);
            // Rewriting is all or nothing, and once is enough.
            prop_assert!(done.obstacles.is_empty() == (done.after.encoding == Encoding::Gsm7));
            prop_assert!(done.obstacles.is_empty() || done.changes.is_empty());
            prop_assert_eq!(&rewrite(&done.text).text, &done.text);
            for link in links(&text) {
                prop_assert!(done.text.contains(&text[link.range]));
            }
        }
    }
}
