//! What a phone sends back: STOP in all its writings, a refusal in free words, CONTACT, START, or
//! something else (requirements `fr-reply-stop`, `fr-reply-ambiguous`, `fr-reply-refusal`,
//! `fr-reply-start`, `fr-reply-contact`).
//!
//! A missed STOP breaks the law; a false one loses a customer. What says both, or says it among
//! other things, is [`Meaning::StopDoubtful`]: marketing ends at once and a person looks at it.

mod pattern;
mod plain;
mod read;
mod table;
mod typo;

use std::fmt;

use facteur_domain::Redacted;

use crate::Grade;

/// What is known of a reply besides its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Context<'a> {
    /// The last message sent to this phone by this way was marketing: `ANNULER` then ends it, and
    /// does not cancel an appointment.
    pub after_marketing: bool,
    /// The word that names the advertiser, where one is known: `STOP DURAND`.
    pub keyword: Option<&'a str>,
}

/// What a reply means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Meaning {
    /// Opt out at once, and confirm.
    Stop,
    /// Perhaps an objection: suppress marketing at once, and let a person confirm or lift.
    StopDoubtful,
    /// Asks who writes.
    Contact,
    /// Lifts an opt-out; the message is the proof of a new consent.
    Start,
    /// Anything else: a reply for the customer.
    Other,
}

/// How sure a reading is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Confidence {
    /// Says it among other things, or in words that could mean another thing.
    Low,
    /// Mistyped, glued to something, or with words around it that change nothing.
    Fair,
    /// A word of the table, and nothing else but courtesies and a short code.
    Full,
}

/// By which rule a reply was understood. Holds words of the table, never of the reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Why {
    /// The stable id of the rule, as `fr.reply.stop.exact`.
    pub rule: &'static str,
    /// The word, or the phrase with its alternatives, as the table writes it.
    pub word: &'static str,
    /// The source that the table cites; `OURS` where there is none.
    pub source: &'static str,
    /// The date of the source; `n.d.` where it shows none.
    pub dated: &'static str,
    /// How sure the table is of the word.
    pub grade: Grade,
}

/// A reply, understood.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it means.
    pub meaning: Meaning,
    /// By which rule; `None` for a reply that nothing was found in.
    pub why: Option<Why>,
    /// How sure; [`Confidence::Full`] for a reply that nothing was found in.
    pub confidence: Confidence,
    /// The words as they were compared: lower case, no accents, no doubled letters. Personal: never
    /// to be logged.
    pub normalised: Redacted<String>,
    /// What stands beside STOP or its like and is neither a courtesy nor a short code, perhaps the
    /// advertiser's name (`STOP DURAND`); empty when nothing does. Personal as well.
    pub beside: Redacted<String>,
}

impl Reading {
    /// Whether what stands beside STOP is this name, as in `STOP DURAND` (requirement `fr-reply-named`).
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let letters = |text: &str| text.split(' ').collect::<String>();
        let beside = letters(self.beside.show());
        !beside.is_empty() && beside == letters(&plain::plain_phrase(name))
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Reading");
        shown.field("meaning", &self.meaning).field("why", &self.why);
        shown.field("confidence", &self.confidence).finish_non_exhaustive()
    }
}

/// Understands a reply. Total and deterministic; linear in the length of the text.
#[must_use]
pub fn read_reply(text: &str, after: Context<'_>) -> Reading {
    read::read(text, after)
}

/// A text as keywords are compared: words of lower-case letters and digits with one space between them,
/// without accents and signs (requirement `fr-keyword-compared`).
#[must_use]
pub fn keyword_form(text: &str) -> String {
    crate::fold::words(text).trim().to_owned()
}
