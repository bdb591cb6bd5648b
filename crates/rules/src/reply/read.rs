//! The order in which a reply is understood: whole replies first, then what begins with STOP, then
//! free words (requirements `fr-reply-stop`, `fr-reply-named`).

use facteur_domain::Redacted;

use super::plain::{Words, is_code, plain_phrase};
use super::table::{Entry, Kind, Table};
use super::typo;
use super::{Confidence, Context, Meaning, Reading, Why};
use crate::Grade;

/// How many words of another kind may stand behind STOP and leave it certain: an advertiser's name.
const NAME_WORDS: usize = 2;
/// The most words that together may be one word of the table with spaces in it: `ST OP`.
const SPLIT_MAX: usize = 4;

/// The number that people report spam to: it says something, as no other code does.
const SPAM_DESK: &str = "33700";
/// Words of the longest courtesy: `envoyé depuis mon mobile Orange`.
const COURTESY_WORDS: usize = 5;

/// A finding: what it means, by which rule, how sure.
type Found = (Meaning, Why, Confidence);

pub(super) fn read(text: &str, after: Context<'_>) -> Reading {
    let table = Table::embedded();
    let known =
        |word: &str| table.entry(word).is_some() || table.known_typo(word).is_some() || table.is_beside(word);
    let words = Words::of(text, known);
    let reply = Reply::new(table, &words, text, after);
    let found = reply.understand();
    let beside = match found {
        Some((Meaning::Stop | Meaning::StopDoubtful, ..)) => reply.beside(),
        _ => String::new(),
    };
    let (meaning, why, confidence) = match found {
        Some((meaning, why, confidence)) => (meaning, Some(why), confidence),
        None => (Meaning::Other, None, Confidence::Full),
    };
    Reading {
        meaning,
        why,
        confidence,
        normalised: Redacted::new(words.into_text()),
        beside: Redacted::new(beside),
    }
}

/// A reply between its courtesies.
struct Reply<'a> {
    table: &'static Table,
    words: &'a Words,
    text: &'a str,
    after: Context<'a>,
    /// The advertiser's word, plain; empty where none is known.
    keyword: String,
    /// First word, and before which word it ends.
    core: (usize, usize),
    /// Where words of the tier "stop" and slips of them stand, in order.
    stops: Vec<usize>,
    /// For each word, the harmless phrase that it stands in.
    harmless: Vec<Option<(usize, usize)>>,
}

impl<'a> Reply<'a> {
    fn new(table: &'static Table, words: &'a Words, text: &'a str, after: Context<'a>) -> Self {
        let core = strip(table, words);
        let harmless = harmless(table, words, core);
        let keyword = after.keyword.map(plain_phrase).unwrap_or_default();
        let stops = (core.0..core.1).filter(|at| is_stop(table, words.get(*at))).collect();
        Self { stops, table, words, text, after, keyword, core, harmless }
    }

    fn understand(&self) -> Option<Found> {
        if self.words.len() == 0 {
            return self.signs();
        }
        self.whole().or_else(|| self.slip()).or_else(|| self.surrounded()).or_else(|| self.free())
    }

    /// The reply is a word of the table and nothing else.
    fn whole(&self) -> Option<Found> {
        let (from, to) = self.core;
        // Some words of the table hold a courtesy: "non merci".
        let wide = [(from, to), (0, to), (from, self.words.len()), (0, self.words.len())];
        let whole = wide.into_iter().find_map(|(from, to)| self.table.entry(self.words.slice(from, to)));
        let entry = whole.or_else(|| {
            let split = (2..=SPLIT_MAX).contains(&(to - from));
            let joined = split.then(|| self.words.slice(from, to).replace(' ', ""))?;
            self.table.entry(&joined).filter(|entry| entry.row.tier == Kind::Stop)
        })?;
        let meaning = match entry.row.tier {
            Kind::Stop => (Meaning::Stop, "fr.reply.stop.exact"),
            Kind::Ambiguous if self.after.after_marketing => (Meaning::Stop, "fr.reply.stop.after_marketing"),
            Kind::Ambiguous => return None,
            Kind::Start => (Meaning::Start, "fr.reply.start"),
            Kind::Contact => (Meaning::Contact, "fr.reply.contact"),
            Kind::Doubtful => (Meaning::StopDoubtful, "fr.reply.stop.contradictory"),
        };
        let sure = if meaning.0 == Meaning::StopDoubtful { Confidence::Low } else { Confidence::Full };
        Some((meaning.0, of_entry(meaning.1, entry), sure))
    }

    /// The reply is one word, mistyped, or STOP with something glued to it.
    fn slip(&self) -> Option<Found> {
        let typos = &self.table.typos;
        let (from, to) = self.core;
        let first = self.words.get(from);
        let why =
            |rule, word| Why { rule, word, source: &typos.source, dated: &typos.dated, grade: typos.grade };
        if to - from == 1
            && let Some(word) = typo::meant(self.table, first)
        {
            return Some((Meaning::Stop, why("fr.reply.stop.typo", word), Confidence::Fair));
        }
        // Words that begin with "stope" are forms of the verb, which the table knows.
        let glued = first.strip_prefix("stop").filter(|rest| rest.len() > 1 && !rest.starts_with('e'));
        let glued = glued.filter(|_| !self.table.is_real(first));
        (glued.is_some() && self.others(from + 1, to) <= NAME_WORDS && !self.is_harmless(from))
            .then(|| (Meaning::Stop, why("fr.reply.stop.glued", "STOP"), Confidence::Fair))
    }

    /// A word of the tier "stop" stands among words that change nothing, or begins the reply.
    fn surrounded(&self) -> Option<Found> {
        let (from, to) = self.core;
        let at = *self.stops.first()?;
        let (word, common) = self.stop_at(at)?;
        let around = self.others(from, at) + self.others(at + 1, to);
        let masked = self.is_harmless(at);
        if masked {
            // "Non stop" and nothing else may be "no, stop".
            let all_known = around == 0 && !self.says_no(at) && !self.asks();
            return all_known.then(|| (Meaning::StopDoubtful, word("fr.reply.stop.idiom"), Confidence::Low));
        }
        let named = at == from && !common && around <= NAME_WORDS && !self.asks();
        let refuses = at == from && self.refusal().is_some();
        if around == 0 || named || refuses {
            let sure = if to - from == 1 { Confidence::Full } else { Confidence::Fair };
            return Some((Meaning::Stop, word("fr.reply.stop.first"), sure));
        }
        None
    }

    /// A refusal in free words, or STOP somewhere among others.
    fn free(&self) -> Option<Found> {
        if let Some(why) = self.refusal() {
            return Some((Meaning::StopDoubtful, why, Confidence::Low));
        }
        let doubtful = self.stops.iter().filter(|at| !self.is_harmless(**at)).find_map(|&at| {
            let (word, common) = self.stop_at(at)?;
            // "Arrêt République ?", "arrêtez-vous devant le portail": unless it answers marketing.
            let begins = at == self.core.0 && self.after.after_marketing && !self.asks();
            (!common || begins).then(|| word("fr.reply.stop.inside"))
        });
        doubtful.map(|why| (Meaning::StopDoubtful, why, Confidence::Low))
    }

    fn signs(&self) -> Option<Found> {
        let refuses = self.after.after_marketing && self.text.chars().any(|c| self.table.signs.contains(c));
        refuses.then(|| {
            (Meaning::StopDoubtful, ours("fr.reply.refusal.sign", &self.table.signs), Confidence::Low)
        })
    }

    /// The first phrase that refuses.
    fn refusal(&self) -> Option<Why> {
        self.table.refusals.find(self.words, self.core).find_map(|(phrase, at, to)| {
            let (row, written) = self.table.refusal(phrase)?;
            let fits = self.after.after_marketing || !row.after_marketing;
            let stands = !row.yields || !(at..to).any(|at| self.is_harmless(at));
            (fits && stands).then(|| ours(&row.rule, written))
        })
    }

    fn asks(&self) -> bool {
        self.text.contains('?')
    }

    fn is_harmless(&self, at: usize) -> bool {
        self.harmless.get(at).is_some_and(Option::is_some)
    }

    /// The harmless phrase at `at` holds a "no" of its own: `arretez pas`.
    fn says_no(&self, at: usize) -> bool {
        let span = self.harmless.get(at).copied().flatten();
        span.is_some_and(|(from, to)| self.others(from, to) > 0)
    }

    fn is_stop(&self, at: usize) -> bool {
        self.stops.binary_search(&at).is_ok()
    }

    /// The word of the tier "stop" at `at`, as a reason; and whether everyday sentences hold it.
    fn stop_at(&self, at: usize) -> Option<(impl Fn(&'static str) -> Why + use<>, bool)> {
        let word = self.words.get(at);
        let typos = &self.table.typos;
        let entry = self.table.entry(word).filter(|entry| entry.row.tier == Kind::Stop);
        let slip = self.table.known_typo(word);
        let common =
            entry.is_some_and(|entry| entry.row.common) || slip.is_some_and(|slip| slip.starts_with('A'));
        let why = match entry {
            Some(entry) => of_entry("", entry),
            None => {
                Why { rule: "", word: slip?, source: &typos.source, dated: &typos.dated, grade: typos.grade }
            }
        };
        Some((move |rule| Why { rule, ..why }, common))
    }

    /// A word that says nothing beside STOP.
    fn is_silent(&self, at: usize) -> bool {
        let word = self.words.get(at);
        self.table.is_beside(word)
            || word.bytes().all(|byte| byte.is_ascii_digit())
            || self.keyword.split(' ').any(|part| part == word)
            || self.table.courtesy.at(self.words, at, self.core).next().is_some()
    }

    /// How many words between two others say something of their own.
    fn others(&self, from: usize, to: usize) -> usize {
        (from..to).filter(|at| !self.is_silent(*at) && !self.is_stop(*at)).count()
    }

    /// The words that say something of their own.
    fn beside(&self) -> String {
        let (from, to) = self.core;
        if self.stops.is_empty() {
            return String::new();
        }
        let said = (from..to).filter(|at| {
            let keyword = self.keyword.split(' ').any(|part| part == self.words.get(*at));
            keyword || !(self.is_silent(*at) || self.is_stop(*at))
        });
        said.map(|at| self.words.get(at)).collect::<Vec<_>>().join(" ")
    }
}

fn is_stop(table: &Table, word: &str) -> bool {
    let entry = table.entry(word);
    entry.map_or_else(|| table.known_typo(word).is_some(), |entry| entry.row.tier == Kind::Stop)
}

fn of_entry(rule: &'static str, entry: Entry<'static>) -> Why {
    let Entry { row, word } = entry;
    Why { rule, word, source: &row.source, dated: &row.dated, grade: row.grade }
}

const fn ours(rule: &'static str, word: &'static str) -> Why {
    Why { rule, word, source: "OURS", dated: "2026-11-22", grade: Grade::D }
}

/// The harmless phrase that each word stands in; none that reaches over the sign between two clauses.
fn harmless(table: &Table, words: &Words, core: (usize, usize)) -> Vec<Option<(usize, usize)>> {
    let mut found = Vec::new();
    for (_, from, to) in table.harmless.find(words, core) {
        if !words.clause_within(from, to) {
            found.resize(words.len(), None);
            found.iter_mut().take(to).skip(from).for_each(|word| *word = Some((from, to)));
        }
    }
    found
}

/// The reply without courtesies around it and without a short code at its end.
fn strip(table: &Table, words: &Words) -> (usize, usize) {
    let (mut from, mut to) = (0, words.len());
    while let Some((_, _, end)) = table.courtesy.at(words, from, (from, to)).next() {
        from = end;
    }
    loop {
        let before = to;
        let last = words.get(to.wrapping_sub(1));
        if is_code(last) && last != SPAM_DESK && to - from > 1 {
            to -= 1;
            if matches!(words.get(to - 1), "au" | "to" | "at") && to - from > 1 {
                to -= 1;
            }
        }
        let near = to.saturating_sub(COURTESY_WORDS).max(from)..to;
        let mut last = near.flat_map(|at| table.courtesy.at(words, at, (from, to)));
        let last = last.find(|(_, _, end)| *end == to);
        to = last.map_or(to, |(_, at, _)| at);
        if to == before {
            return (from, to);
        }
    }
}
