//! The text of a receipt: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`, or
//! what an SMSC takes for that.

use super::MessageState;

/// What we look for, and what ends the value of another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Id,
    Sub,
    Stat,
    Err,
    Text,
    Other,
}

const KEYS: &[(&[u8], Key)] = &[
    (b"id", Key::Id),
    (b"sub", Key::Sub),
    (b"dlvrd", Key::Other),
    (b"submit date", Key::Other),
    (b"submit_date", Key::Other),
    (b"submitdate", Key::Other),
    (b"done date", Key::Other),
    (b"done_date", Key::Other),
    (b"donedate", Key::Other),
    (b"stat", Key::Stat),
    (b"status", Key::Stat),
    (b"err", Key::Err),
    (b"error", Key::Err),
    (b"text", Key::Text),
];

/// Words for states, in lower case. A receipt's word counts if it is one of these or the beginning
/// of one ([`WORD_MIN`]), but not the reverse: `DELIVERY_FAILED` is not DELIVERED.
const WORDS: &[(&str, MessageState)] = &[
    ("delivered", MessageState::Delivered),
    ("delivrd", MessageState::Delivered),
    ("dlvrd", MessageState::Delivered),
    ("expired", MessageState::Expired),
    ("deleted", MessageState::Deleted),
    ("undeliverable", MessageState::Undeliverable),
    ("undelivered", MessageState::Undeliverable),
    ("undelivrd", MessageState::Undeliverable),
    ("failed", MessageState::Undeliverable),
    ("accepted", MessageState::Accepted),
    ("acceptd", MessageState::Accepted),
    ("unknown", MessageState::Unknown),
    ("rejected", MessageState::Rejected),
    ("rejectd", MessageState::Rejected),
    ("enroute", MessageState::Enroute),
    ("buffered", MessageState::Enroute),
    ("buffrd", MessageState::Enroute),
    ("scheduled", MessageState::Enroute),
    ("schedld", MessageState::Enroute),
    ("pending", MessageState::Enroute),
];

/// Shorter beginnings of words are ambiguous: `DEL` is delivered or deleted.
const WORD_MIN: usize = 4;

/// A word that stands without `stat:` must be at least this long to count as the state.
const BARE_WORD_MIN: usize = 6;

/// The fields as they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) id: Option<&'a [u8]>,
    pub(super) error: Option<&'a [u8]>,
    sub: Option<&'a [u8]>,
    stat: Option<&'a [u8]>,
    begins_with_id: bool,
}

impl<'a> Fields<'a> {
    /// Reads the fields in any order. `text:` ends them, since the message's own words follow, which
    /// may look like fields; unless the id is still to come: then the text stood first, and of each
    /// field the last one counts.
    pub(super) fn read(text: &'a [u8]) -> Self {
        let mut fields = Self { begins_with_id: begins_with_id(text), ..Self::default() };
        let mut text_seen = false;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if at > 0 && is_word(text[at - 1]) || !is_word(rest[0]) {
                at += 1;
                continue;
            }
            let Some((key, skip)) = key(rest) else {
                if !text_seen && (at == 0 || ends_value(text[at - 1])) {
                    fields.take_bare_word(rest);
                }
                at += rest.iter().position(|octet| !is_word(*octet)).unwrap_or(rest.len());
                continue;
            };
            if key == Key::Text {
                if fields.id.is_some() {
                    break;
                }
                text_seen = true;
                at += skip;
                continue;
            }
            let value = value(&rest[skip..]);
            fields.take(key, value, text_seen);
            at += skip + value.len();
        }
        fields
    }

    /// The state, if the text has one. A word that we do not know is UNKNOWN.
    pub(super) fn state(&self) -> Option<MessageState> {
        self.stat.map(|word| state(word).unwrap_or(MessageState::Unknown))
    }

    /// Whether nobody but an SMSC would write this.
    pub(super) fn look_like_a_receipt(&self) -> bool {
        let counted = self.sub.is_some_and(|count| count.iter().all(u8::is_ascii_digit));
        self.begins_with_id && self.id.is_some() && (counted || self.has_a_known_state())
    }

    /// Whether a `stat:` with a word of ours stands anywhere in it.
    pub(super) fn has_a_known_state(&self) -> bool {
        self.stat.is_some_and(|word| state(word).is_some())
    }

    fn take(&mut self, key: Key, value: &'a [u8], last_counts: bool) {
        let field = match key {
            Key::Id => &mut self.id,
            Key::Sub => &mut self.sub,
            Key::Stat => &mut self.stat,
            Key::Err => &mut self.error,
            Key::Text | Key::Other => return,
        };
        if !value.is_empty() && (field.is_none() || last_counts) {
            *field = Some(value);
        }
    }

    /// Some SMSCs leave out `stat:` and write its word alone.
    fn take_bare_word(&mut self, rest: &'a [u8]) {
        let word = value(rest);
        if self.stat.is_none() && word.len() >= BARE_WORD_MIN && state(word).is_some() {
            self.stat = Some(word);
        }
    }
}

fn begins_with_id(text: &[u8]) -> bool {
    let start = text.iter().position(|octet| !is_blank(*octet)).unwrap_or_default();
    matches!(key(&text[start..]), Some((Key::Id, _)))
}

/// The key that `rest` begins with, and where its value begins: after the colon and any blanks.
fn key(rest: &[u8]) -> Option<(Key, usize)> {
    // Most words of a text are no key, and their first letter tells.
    if !matches!(rest.first()?.to_ascii_lowercase(), b'd' | b'e' | b'i' | b's' | b't') {
        return None;
    }
    KEYS.iter().find_map(|(name, key)| {
        let head = rest.get(..name.len())?;
        if !head.eq_ignore_ascii_case(name) {
            return None;
        }
        let colon = name.len() + blanks(&rest[name.len()..]);
        if !matches!(rest.get(colon), Some(b':' | b'=')) {
            return None;
        }
        Some((*key, colon + 1 + blanks(&rest[colon + 1..])))
    })
}

/// The value that `rest` begins with: up to a blank or separator, and nothing if another field
/// begins there.
fn value(rest: &[u8]) -> &[u8] {
    if key(rest).is_some() {
        return &[];
    }
    let end = rest.iter().position(|octet| ends_value(*octet));
    &rest[..end.unwrap_or(rest.len())]
}

fn state(word: &[u8]) -> Option<MessageState> {
    if let [digit @ b'0'..=b'9'] = word {
        return MessageState::of_value(digit - b'0');
    }
    if word.len() < WORD_MIN {
        return None;
    }
    let begins =
        |full: &str| full.as_bytes().get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    WORDS.iter().find(|(full, _)| begins(full)).map(|(_, state)| *state)
}

fn blanks(octets: &[u8]) -> usize {
    octets.iter().position(|octet| !is_blank(*octet)).unwrap_or(octets.len())
}

/// Blanks, line ends and other controls, a closing zero among them.
const fn is_blank(octet: u8) -> bool {
    octet <= b' '
}

const fn ends_value(octet: u8) -> bool {
    is_blank(octet) || matches!(octet, b',' | b';')
}

const fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}
