//! What a text holds that rules care about: STOP mentions and surcharged numbers.

use crate::fold;
use crate::pack::Surcharged;

/// Digits of a French number without its country code, and with its leading 0.
const NATIONAL_DIGITS: usize = 10;
/// Digits of a short code.
const CODE_DIGITS: usize = 5;
/// How many words before a five-digit number may say that it is one to write to.
const REACH: usize = 6;
/// Words that invite to write, before `au 71234`.
const INVITATIONS: [&str; 17] = [
    "sms", "texto", "envoyez", "envoyer", "envoie", "envoi", "repondez", "repondre", "tapez", "taper",
    "textez", "ecrivez", "votez", "jouez", "send", "text", "reply",
];

/// A STOP mention in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mention {
    /// The code it names; `None` for the form that asks for a reply (`Rep STOP`).
    pub(crate) code: Option<u32>,
    /// Nothing but signs follows it.
    pub(crate) at_end: bool,
}

/// How dear a number in a text is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Dear {
    /// Makes the text marketing.
    Raises,
    /// Stops it too.
    Refused,
}

/// What a text holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Scan {
    /// The text as plain words, as [`fold::words`] makes them.
    pub(crate) words: String,
    /// The last STOP mention.
    pub(crate) mention: Option<Mention>,
    /// How many STOP mentions there are.
    pub(crate) mentions: u32,
    /// The dearest number that the text invites to call or to write to.
    pub(crate) dear: Option<Dear>,
}

impl Scan {
    pub(crate) fn of(text: &str, surcharged: &Surcharged) -> Self {
        let words = fold::words(text);
        let mut found = Mentions { words: &words, from: 0 };
        let (mut mention, mut mentions) = (None, 0);
        for next in &mut found {
            mention = Some(next);
            mentions += 1;
        }
        let dear = dearest(&words, surcharged);
        Self { words, mention, mentions, dear }
    }

    /// Whether the text is marketing whatever was declared (CPCE L34-5 al. 3, BREVO-API).
    pub(crate) const fn raises(&self) -> bool {
        self.mention.is_some() || self.dear.is_some()
    }
}

/// The STOP mentions of folded words, in order.
struct Mentions<'a> {
    words: &'a str,
    from: usize,
}

impl Iterator for Mentions<'_> {
    type Item = Mention;

    fn next(&mut self) -> Option<Mention> {
        while let Some(at) = self.words.get(self.from..)?.find(" stop") {
            let start = self.from + at;
            let behind = start + " stop".len();
            self.from = behind;
            let (before, after) = (self.words.get(..start)?, self.words.get(behind..)?);
            if let Some((code, rest)) = read_mention(before, after) {
                self.from = self.words.len() - rest.len();
                return Some(Mention { code, at_end: rest.trim().is_empty() });
            }
        }
        None
    }
}

/// Reads what follows `stop`: perhaps `sms`, perhaps `au`, then a code. Gives the code and the rest.
fn read_mention<'a>(before: &str, after: &'a str) -> Option<(Option<u32>, &'a str)> {
    let mut rest = after.trim_start();
    let mut spoken = false;
    for word in ["sms", "par sms", "au", "to", "at"] {
        if let Some(next) = rest.strip_prefix(word) {
            rest = next.trim_start();
            spoken = true;
        }
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = rest.as_bytes().get(digits).is_none_or(|byte| *byte == b' ');
    if digits == CODE_DIGITS && ends {
        let (code, rest) = rest.split_at(digits);
        // Any 3xxxx is meant as a code. Behind a bare STOP another number may be a postcode.
        if code.starts_with('3') || (spoken && !code.starts_with(['0', '1', '2', '9'])) {
            return Some((code.parse().ok(), rest));
        }
    }
    let asked = ["rep", "repondez", "repondre", "reply", "repondant", "reponse"];
    let last = before.trim_end().rsplit(' ').next().unwrap_or_default();
    let alone = after.starts_with(' ') || after.starts_with("sms ");
    (alone && asked.contains(&last)).then_some((None, after))
}

/// The dearest number of folded words.
fn dearest(words: &str, table: &Surcharged) -> Option<Dear> {
    let mut dear = None;
    let starts = words.as_bytes().array_windows().zip(1..);
    for (_, at) in starts.filter(|([before, first], _)| *before == b' ' && first.is_ascii_digit()) {
        dear = dear.max(dear_call(words.get(at..)?, table)).max(dear_code(words, at, table));
    }
    dear
}

/// A ten-digit number at the start of `here`, in any grouping, or behind +33 or 0033.
fn dear_call(here: &str, table: &Surcharged) -> Option<Dear> {
    let mut digits = [b'0'; NATIONAL_DIGITS + 4];
    let mut count = 0;
    for group in here.split(' ').take_while(|group| group.bytes().all(|b| b.is_ascii_digit())) {
        for byte in group.bytes() {
            *digits.get_mut(count)? = byte;
            count += 1;
        }
        if let Some(dear) = national(digits.get(..count)?).and_then(|number| dear_prefix(number, table)) {
            return Some(dear);
        }
    }
    None
}

/// The digits behind the leading 0 or the country code, of a number that is whole.
fn national(digits: &[u8]) -> Option<&[u8]> {
    let rest = digits.strip_prefix(b"0033").or_else(|| digits.strip_prefix(b"33"));
    let rest = rest.map(|rest| rest.strip_prefix(b"0").unwrap_or(rest));
    let rest = rest.filter(|rest| rest.len() == NATIONAL_DIGITS - 1);
    rest.or_else(|| digits.strip_prefix(b"0").filter(|rest| rest.len() == NATIONAL_DIGITS - 1))
}

fn dear_prefix(national: &[u8], table: &Surcharged) -> Option<Dear> {
    let starts = |prefix: &String| {
        prefix.strip_prefix('0').is_some_and(|prefix| national.starts_with(prefix.as_bytes()))
    };
    let raises = table.raises.iter().any(starts).then_some(Dear::Raises);
    table.refuses.iter().any(starts).then_some(Dear::Refused).or(raises)
}

/// A five-digit code at `at` that the words before it invite to write to. A bare number is taken for
/// a postcode, a price or an order.
fn dear_code(words: &str, at: usize, table: &Surcharged) -> Option<Dear> {
    let (before, here) = (words.get(..at)?, words.get(at..)?);
    let code = here.split(' ').next().filter(|code| code.len() == CODE_DIGITS)?;
    let known =
        code.bytes().all(|b| b.is_ascii_digit()) && table.codes.iter().any(|c| code.starts_with(c.as_str()));
    if !known {
        return None;
    }
    let mut back = before.trim_end().rsplit(' ');
    let towards = matches!(back.next(), Some("au" | "to" | "sms"));
    let invited = before.trim_end().rsplit(' ').take(REACH).any(|word| INVITATIONS.contains(&word));
    (towards && invited).then_some(Dear::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Packs;
    use facteur_domain::Timestamp;

    fn scan(text: &str) -> Scan {
        Scan::of(text, Packs::embedded().at(Timestamp::from_millis(1_790_000_000_000)).surcharged())
    }

    /// Requirement `fr-stop-detected`.
    #[test]
    fn stop_mentions_are_found_in_every_writing() {
        let at_end = |code| Some(Mention { code, at_end: true });
        let inside = |code| Some(Mention { code, at_end: false });
        for (text, mention) in [
            ("Promo. STOP au 36180", at_end(Some(36180))),
            ("Promo\nSTOP 36180", at_end(Some(36180))),
            ("Promo Stop au 36180.", at_end(Some(36180))),
            ("Promo STOP SMS au 36180", at_end(Some(36180))),
            ("Promo STOP par SMS au 36180", at_end(Some(36180))),
            ("Promo STOPSMS 36180", at_end(Some(36180))),
            ("Promo STOP36180", at_end(Some(36180))),
            ("Promo stop:36180", at_end(Some(36180))),
            ("Promo STOP to 36111", at_end(Some(36111))),
            ("Promo STOP at 36179", at_end(Some(36179))),
            ("STOP au 36180 : -20 %", inside(Some(36180))),
            ("Promo STOP au 38180", at_end(Some(38180))),
            ("Promo STOP au 71234", at_end(Some(71234))),
            ("Promo. Rep STOP", at_end(None)),
            ("Répondez STOP pour arrêter", inside(None)),
            ("Arrêt de bus STOP, 75011 Paris", None),
            ("Le non-stop 36180", at_end(Some(36180))),
            ("NONSTOP 36180", None),
            ("STOP aux arnaques", None),
            ("STOP 361800", None),
            ("STOP 3618", None),
            ("Stop", None),
            ("", None),
        ] {
            assert_eq!(scan(text).mention, mention, "{text}");
        }
        assert_eq!(scan("STOP 36180 STOP au 36180").mentions, 2);
    }

    /// Requirement `fr-class-raised`.
    #[test]
    fn surcharged_numbers_are_found_and_others_are_not() {
        for (text, dear) in [
            ("Appelez le 0892 12 34 56", Some(Dear::Refused)),
            ("Appelez le 08.92.12.34.56", Some(Dear::Refused)),
            ("Appelez le 0 892 123 456", Some(Dear::Refused)),
            ("Appelez le +33 892 12 34 56", Some(Dear::Refused)),
            ("Appelez le 0033892123456!", Some(Dear::Refused)),
            ("Appelez le 0825123456", Some(Dear::Raises)),
            ("Appelez le 0811123456 ou le 0899123456", Some(Dear::Refused)),
            ("Appelez le 0800 123 456, gratuit", None),
            ("Appelez le 0612345678", None),
            ("Appelez le 01 82 12 34 56", None),
            ("Commande 10892123456", None),
            ("Commande 089212345", None),
            ("Le 12/08 a 92 %", None),
            ("Envoyez JEU par SMS au 71234", Some(Dear::Refused)),
            ("SMS au 81212", Some(Dear::Refused)),
            ("Tapez OUI au 43210", Some(Dear::Refused)),
            ("Envoyez CONTACT au 36180", None),
            ("RDV au 12 rue X, 75011 Paris", None),
            ("De 40000 au 50000 habitants", None),
            ("Prix: 45000 euros", None),
        ] {
            assert_eq!(scan(text).dear, dear, "{text}");
        }
    }
}
