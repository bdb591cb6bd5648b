//! Names that a Sender ID may not take or borrow: a trie of words and protected names, walked over a
//! name after its look-alike signs are folded together.

use facteur_domain::sender::NAME_MAX;
use serde::Deserialize;

use super::{Grade, PackError};

/// The shortest word that makes a name partly generic: `cb` may start anything.
const EDGE_WORD_MIN: usize = 4;
/// Letters and digits after folding.
const SIGNS: usize = 36;

/// A word that names nobody.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordRow {
    pub(crate) word: String,
    /// What it is about, in a word.
    pub(crate) theme: String,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// Whose name is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Owner {
    /// A brand, an administration, a bank.
    Brand,
    /// A mobile operator.
    Operator,
}

/// How a protected name is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Match {
    /// Anywhere in the name.
    Substring,
    /// The whole name, or all of it that is not a generic word or a digit.
    Exact,
}

/// What using a protected name leads to, from the milder to the stricter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// It waits for the brand's authorisation (ISA).
    #[serde(alias = "ISA")]
    Hold,
    /// It is never allowed (SI).
    #[serde(alias = "SI")]
    Reject,
}

/// A protected name.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProtectedRow {
    pub(crate) name: String,
    pub(crate) kind: Owner,
    /// What it is about, in a word.
    pub(crate) theme: String,
    #[serde(rename = "match")]
    pub(crate) matching: Match,
    pub(crate) action: Action,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// What a name turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Likeness<'a> {
    /// Nothing that the tables know.
    Own,
    /// A name of its own beside generic words.
    PartlyGeneric,
    /// Generic words and digits only; the last of the words.
    Generic(&'a WordRow),
    /// It is, or holds, a protected name.
    Protected(&'a ProtectedRow),
}

#[derive(Clone, Debug)]
struct Node {
    next: [u32; SIGNS],
    /// The row of the word that ends here, plus one; 0 for none.
    word: u16,
    /// The row whose name ends here, plus one; 0 for none.
    protected: u16,
}

const EMPTY: Node = Node { next: [0; SIGNS], word: 0, protected: 0 };

/// Every word and protected name of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    nodes: Vec<Node>,
    protected: Vec<ProtectedRow>,
    words: Vec<WordRow>,
}

/// A folded sign, and whether it was written as a digit.
type Sign = (usize, bool);

/// What a name was found to hold.
#[derive(Default)]
struct Found {
    /// The best reading up to each position.
    readings: [Reading; NAME_MAX + 2],
    /// The strictest protected row found anywhere, plus one; 0 for none.
    inside: u16,
    /// A generic word stands at the start or at the end.
    some_word: bool,
}

/// The best reading of a name up to a position.
#[derive(Clone, Copy, PartialEq, Default)]
struct Reading {
    reached: bool,
    /// The last word read, as in [`Node`].
    word: u16,
    /// The strictest protected row read, plus one; 0 for none.
    protected: u16,
}

impl Names {
    pub(super) fn new(words: &[WordRow], protected: &[ProtectedRow]) -> Result<Self, PackError> {
        let fault =
            |table, name: &str| PackError::new(table, None, format!("{name:?} has no letter or digit"));
        if words.len() > usize::from(u16::MAX) {
            return Err(PackError::new("word", None, "more than 65535 words"));
        }
        let mut names = Self { nodes: vec![EMPTY], protected: Vec::new(), words: words.to_vec() };
        for (plus_one, row) in (1..).zip(words) {
            let at = names.path(&row.word).ok_or_else(|| fault("word", &row.word))?;
            if let Some(node) = names.nodes.get_mut(at) {
                node.word = plus_one;
            }
        }
        for row in protected {
            let at = names.path(&row.name).ok_or_else(|| fault("protected", &row.name))?;
            let known = names.nodes.get(at).and_then(|node| names.row(node.protected));
            names.protected.push(known.map_or_else(|| row.clone(), |known| stricter_of(known, row)));
            let new = u16::try_from(names.protected.len())
                .map_err(|_| PackError::new("protected", None, "more than 65535 names"))?;
            if let Some(node) = names.nodes.get_mut(at) {
                node.protected = new;
            }
        }
        Ok(names)
    }

    /// The node at the end of `name`, made where it is missing; `None` for a name without signs, or
    /// when the trie is full.
    fn path(&mut self, name: &str) -> Option<usize> {
        let mut at = 0;
        for sign in name.chars().filter_map(fold) {
            let next = *self.nodes.get(at)?.next.get(sign)? as usize;
            at = if next == 0 {
                let new = self.nodes.len();
                self.nodes.push(EMPTY);
                *self.nodes.get_mut(at)?.next.get_mut(sign)? = u32::try_from(new).ok()?;
                new
            } else {
                next
            };
        }
        (at != 0).then_some(at)
    }

    /// The stricter of two rows (plus one; 0 for none); the earlier of equals.
    fn stricter(&self, a: u16, b: u16) -> u16 {
        match (self.row(a), self.row(b)) {
            (Some(left), Some(right)) if right.action > left.action => b,
            (None, Some(_)) => b,
            _ => a,
        }
    }

    fn row(&self, plus_one: u16) -> Option<&ProtectedRow> {
        self.protected.get(usize::from(plus_one).checked_sub(1)?)
    }

    /// What `name` is, after look-alike signs are folded: case, accents, and the digits that stand
    /// for letters. Signs other than letters and digits count for nothing.
    pub(crate) fn likeness(&self, name: &str) -> Likeness<'_> {
        // A name that is too long is refused for that; its start still tells what it is.
        let mut signs = [(0, false); NAME_MAX + 1];
        let folded = name.chars().filter_map(|c| Some((fold(c)?, c.is_ascii_digit())));
        let mut count = 0;
        for (slot, sign) in signs.iter_mut().zip(folded) {
            *slot = sign;
            count += 1;
        }
        self.read(signs.get(..count).unwrap_or_default())
    }

    /// Reads the folded signs of a name from each position on.
    fn read(&self, signs: &[Sign]) -> Likeness<'_> {
        let mut found = Found::default();
        found.readings[0].reached = true;
        for (from, (_, is_digit)) in signs.iter().enumerate() {
            let here = found.readings[from];
            if here.reached && *is_digit {
                self.improve(&mut found.readings[from + 1], here);
            }
            self.read_from(from, signs, &mut found);
        }
        let whole = found.readings[signs.len()];
        match self.row(self.stricter(found.inside, whole.protected)) {
            Some(row) => Likeness::Protected(row),
            None => match self.words.get(usize::from(whole.word).wrapping_sub(1)) {
                Some(word) => Likeness::Generic(word),
                None if found.some_word => Likeness::PartlyGeneric,
                None => Likeness::Own,
            },
        }
    }

    /// Every word and protected name that starts at `from`.
    fn read_from(&self, from: usize, signs: &[Sign], found: &mut Found) {
        let mut at = 0;
        for (to, (sign, _)) in signs.iter().enumerate().skip(from) {
            at = self.nodes.get(at).map_or(0, |node| node.next[*sign] as usize);
            let Some(node) = self.nodes.get(at).filter(|_| at != 0) else { return };
            let is_edge = from == 0 || to + 1 == signs.len();
            found.some_word |= node.word != 0 && to + 1 - from >= EDGE_WORD_MIN && is_edge;
            if self.row(node.protected).is_some_and(|row| row.matching == Match::Substring) {
                found.inside = self.stricter(found.inside, node.protected);
            }
            let here = found.readings[from];
            if here.reached && node.word != 0 {
                self.improve(&mut found.readings[to + 1], Reading { word: node.word, ..here });
            }
            if here.reached && node.protected != 0 {
                let protected = self.stricter(here.protected, node.protected);
                self.improve(&mut found.readings[to + 1], Reading { protected, ..here });
            }
        }
    }

    /// Keeps the stricter of two readings of the same signs.
    fn improve(&self, kept: &mut Reading, new: Reading) {
        let protected = self.stricter(kept.protected, new.protected);
        *kept = Reading { reached: true, word: kept.word.max(new.word), protected };
    }
}

/// Two rows of one name as one: the stricter action, and the wider match.
fn stricter_of(a: &ProtectedRow, b: &ProtectedRow) -> ProtectedRow {
    let wide = a.matching == Match::Substring || b.matching == Match::Substring;
    let matching = if wide { Match::Substring } else { Match::Exact };
    let row = if b.action > a.action { b } else { a };
    ProtectedRow { matching, ..row.clone() }
}

/// The sign that `c` looks like: letters 0 to 25, digits without a letter's look 26 to 35; `None`
/// when it is neither letter nor digit. `i`, `l` and `1` are one sign, as a phone's screen shows
/// them.
fn fold(c: char) -> Option<usize> {
    let letter = match crate::fold::letter(c)? {
        '0' => 'o',
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    };
    match letter {
        'a'..='z' => Some(letter as usize - 'a' as usize),
        '0'..='9' => Some(letter as usize - '0' as usize + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use facteur_domain::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::Packs;

    /// Requirements `fr-sender-generic`, `fr-sender-protected`, `fr-sender-operator`.
    #[test]
    fn look_alikes_are_seen_through() {
        let pack = Packs::embedded().at(Timestamp::from_millis(1_790_000_000_000));
        let told = |name: &str| match pack.names.likeness(name) {
            Likeness::Own => "own".to_owned(),
            Likeness::PartlyGeneric => "partly".to_owned(),
            Likeness::Generic(_) => "generic".to_owned(),
            Likeness::Protected(row) => format!("{:?} {}", row.action, row.name),
        };
        for (names, expected) in [
            (&["Durand", "Carrefour", "3SUISSES", "A1B2", "abc"][..], "own"),
            (&["DURANDINFO", "InfoDurand", "MyCompany", "MaBoutique", "MOBILEFIRST"], "partly"),
            (
                &["INFO", "info", "INF0", "1NFO", "lNFO", "ALERTE", "A1erte", "4LERT", "RDV", "RDV2", "2RDV"],
                "generic",
            ),
            (
                &["INFOCLIENT", "ALERTESMS", "AlerteSms24", "SMS-INFO", "Info SMS", "V3RIFY", "V_ERIFY"],
                "generic",
            ),
            (&["S3RV1CE", "B4NQUE", "BANQUE", "Notice", "0TP", "C0D3", "Sécurité", "ＩＮＦＯ"], "generic"),
            (&["AMELI", "Amel1", "AmeliSante", "ame1i", "AMEL1INFO"], "Hold ameli"),
            (&["SFR", "sfr", "5FR", "MonSFR", "INFOSFR", "SFRINFO", "5frclient", "REDbySFR"], "Reject sfr"),
            (&["ORANGE", "0RANGE", "0r4ng3", "Orange24", "ORANGEINFO", "infoorange"], "Hold orange"),
            (&["FREE", "FR33", "FreeInfo"], "Hold free"),
            (&["Freemobile"], "Hold freemobile"),
            (&["DHL", "DHLCOLIS", "COLISDHL", "dh1", "DHI"], "Hold dhl"),
            (&["PayPal", "PayPaI", "PAYPA1", "p4yp4l"], "Hold paypal"),
            (&["CPF", "CPFINFO"], "Hold cpf"),
        ] {
            for name in names {
                assert_eq!(told(name), expected, "{name}");
            }
        }
        for own in ["MonCPF", "Orangerie", "FreeWheel", "DHLubac", "Pupsik", "Cafe", "Groupsud", "Edfou"] {
            assert!(!told(own).starts_with("Hold"), "{own}: {}", told(own));
        }
    }

    proptest! {
        /// Requirement `fr-sender-generic`.
        #[test]
        fn disguises_change_nothing(
            row in 0_usize..100,
            picks in proptest::collection::vec(any::<bool>(), NAME_MAX),
            digits in "[0-9]{0,2}",
        ) {
            let pack = Packs::embedded().at(Timestamp::from_millis(1_790_000_000_000));
            let word = &pack.names.words[row % pack.names.words.len()].word;
            let disguise = |(c, picked): (char, &bool)| match (c, picked) {
                ('o', true) => '0',
                ('i', true) => '1',
                ('l', true) => 'I',
                ('e', true) => '3',
                ('a', true) => '4',
                ('s', true) => '5',
                ('t', true) => '7',
                (c, true) => c.to_ascii_uppercase(),
                (c, false) => c,
            };
            let name: String = word.chars().zip(&picks).map(disguise).collect();
            let told = pack.names.likeness(&format!("{name}{digits}"));
            let protected = pack.names.protected.iter().any(|row| word.contains(&row.name));
            let long = word.len() > NAME_MAX;
            prop_assert!(long || protected || matches!(told, Likeness::Generic(_)), "{name}{digits}: {told:?}");
        }
    }
}
