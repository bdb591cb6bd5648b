//! What the console says, in French and English. A sentence has a key; its words stand in
//! `locales/fr/` and `locales/en/`, one pair of files an area. A test holds the pairs together.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::format::{self, FIXED, NARROW};

/// A language of the console.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Lang {
    Fr,
    En,
}

macro_rules! areas {
    ($($area:literal),* $(,)?) => {
        /// Each area's sentences: its name, French, English.
        pub(super) static AREAS: &[(&str, &str, &str)] = &[$((
            $area,
            include_str!(concat!("locales/fr/", $area, ".ftl")),
            include_str!(concat!("locales/en/", $area, ".ftl")),
        )),*];
    };
}

// One line for each area: a pair of files, and keys that begin with its name.
areas! {
    "common",
    "account",
    "audit",
    "senders",
    "overview",
    "send",
    "messages",
    "held",
    "rules",
    "first",
    "hours",
    "imports",
    "consents",
    "optouts",
    "company",
    "conversations",
    "keys",
    "keywords",
    "members",
    "phones",
    "platform",
    "webhooks",
}

type Bundle = FluentBundle<FluentResource>;

impl Lang {
    pub(crate) const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// Its code, as in `fr`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language of this code, if the console speaks it.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// What a browser would rather read; French when it reads neither, or does not say.
    pub(crate) fn of_browser(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut best = (0, Self::Fr);
        for offer in accepted.unwrap_or_default().split(',') {
            let mut parts = offer.split(';');
            let code = parts.next().unwrap_or_default().trim().split('-').next().unwrap_or_default();
            let weight = parts.next().map_or(1000, weight);
            if let Some(lang) = Self::from_code(&code.to_ascii_lowercase())
                && weight > best.0
            {
                best = (weight, lang);
            }
        }
        best.1
    }

    /// The sentence of this key. One that is missing shows its key, and a test forbids it.
    pub(crate) fn say(self, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
        static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| Lang::ALL.map(bundle));
        let bundle = &BUNDLES[usize::from(self == Self::En)];
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::warn!(key, lang = self.code(), "a sentence is missing");
            return key.to_owned();
        };
        let mut given = FluentArgs::new();
        for (name, value) in args {
            given.set(*name, value.clone());
        }
        bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
    }

    /// The text with the spaces that must not break, as French typography asks: before `:`, `»` and the hour's
    /// `h`, after `«`, and narrow ones before `;`, `!` and `?`. Translators type plain ones.
    pub(crate) fn typeset(self, text: &str) -> String {
        if self != Self::Fr {
            return text.to_owned();
        }
        let mut set = String::with_capacity(text.len() + text.len() / 32);
        let mut before = None;
        let mut rest = text.chars().peekable();
        while let Some(sign) = rest.next() {
            let after = rest.peek().copied();
            set.push(match (before, sign, after) {
                (_, ' ', Some(';' | '!' | '?')) => NARROW,
                (_, ' ', Some(':' | '»')) | (Some('«'), ' ', _) => FIXED,
                (Some('0'..='9'), ' ', Some('h' | '%' | '€')) => FIXED,
                _ => sign,
            });
            before = Some(sign);
        }
        set
    }

    /// The one of two texts (French, English) that is in this language, typeset.
    pub(crate) fn pick(self, texts: &[String; 2]) -> String {
        self.typeset(&texts[usize::from(self == Self::En)])
    }

    /// Whether there is a sentence of this key.
    pub(crate) fn knows(key: &str) -> bool {
        let begins =
            |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        AREAS.iter().any(|(_, french, _)| french.lines().any(begins))
    }
}

/// A weight of `Accept-Language` in thousandths.
fn weight(parameter: &str) -> u32 {
    let value = parameter.trim().strip_prefix("q=").unwrap_or("1");
    let thousandths = value.parse::<f64>().unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    {
        thousandths as u32
    }
}

fn bundle(lang: Lang) -> Bundle {
    let id: LanguageIdentifier = lang.code().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // Marks around every value would be copied with it; both languages are written left to right.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match lang {
        Lang::Fr => |value, _| grouped(Lang::Fr, value),
        Lang::En => |value, _| grouped(Lang::En, value),
    }));
    for (area, french, english) in AREAS {
        let text = lang.typeset(if lang == Lang::Fr { french } else { english });
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
            tracing::error!(area, ?errors, "sentences do not read");
            resource
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(area, ?errors, "sentences are there twice");
        }
    }
    bundle
}

/// Whole numbers in sentences are written as the language groups them.
fn grouped(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.value.fract() == 0.0 && number.value >= 0.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, not negative"
            )]
            let whole = number.value as u64;
            Some(format::number(lang, whole))
        }
        _ => None,
    }
}

/// What a sentence takes.
pub(crate) trait Arg {
    fn value(&self) -> FluentValue<'_>;
}

impl Arg for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::String(Cow::Borrowed(self))
    }
}

impl Arg for String {
    fn value(&self) -> FluentValue<'_> {
        self.as_str().value()
    }
}

impl<T: Arg + ?Sized> Arg for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

macro_rules! whole_numbers {
    ($($whole:ty),*) => {$(
        impl Arg for $whole {
            fn value(&self) -> FluentValue<'_> {
                FluentValue::from(*self)
            }
        }
    )*};
}

whole_numbers!(u8, u16, u32, u64, usize, i64);

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    use super::*;

    fn browser(accept: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().expect("a header"));
        Lang::of_browser(&headers)
    }

    #[test]
    fn a_browser_is_answered_in_its_language_or_in_french() {
        for (accept, lang) in [
            ("fr-FR,fr;q=0.9,en;q=0.8", Lang::Fr),
            ("en-GB,en;q=0.9,fr;q=0.8", Lang::En),
            ("de,en;q=0.5", Lang::En),
            ("de", Lang::Fr),
            ("", Lang::Fr),
            ("fr;q=0.2, EN;q=0.7", Lang::En),
            ("en;q=nonsense", Lang::Fr),
        ] {
            assert_eq!(browser(accept), lang, "{accept}");
        }
        assert_eq!(Lang::of_browser(&HeaderMap::new()), Lang::Fr);
    }

    #[test]
    fn french_spaces_do_not_break() {
        let set = Lang::Fr.typeset("« Oui » : à 8 h ; vrai ? 20 % !");
        assert_eq!(set, "«\u{a0}Oui\u{a0}»\u{a0}: à 8\u{a0}h\u{202f}; vrai\u{202f}? 20\u{a0}%\u{202f}!");
        assert_eq!(Lang::En.typeset("At 8 h : so ?"), "At 8 h : so ?");
        assert!(Lang::Fr.say("account-forgotten", &[]).contains("oublié\u{202f}?"));
    }

    /// Keys of an area, each with the names of the values it takes.
    fn keys(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in text.lines() {
            let begins = line.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
            if begins && let Some((name, _)) = line.split_once('=') {
                key = name.trim().to_owned();
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} is there twice");
            }
            for rest in line.split('$').skip(1) {
                let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
                found.entry(key.clone()).or_default().insert(name.unwrap_or_default().to_owned());
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_sentences_with_the_same_values() {
        for (area, french, english) in AREAS {
            for text in [french, english] {
                let read = FluentResource::try_new((*text).to_owned());
                assert!(read.is_ok(), "{area}: {:?}", read.err().map(|(_, errors)| errors));
            }
            let (french, english) = (keys(french), keys(english));
            for (key, values) in &french {
                assert_eq!(english.get(key), Some(values), "{area}: {key} in English");
            }
            for key in english.keys() {
                assert!(french.contains_key(key), "{area}: {key} in French");
            }
        }
    }

    /// Every file below a folder of the console.
    fn files(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("a folder reads").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "html" || kind == "rs") {
                let text = fs::read_to_string(&path).expect("a file reads");
                found.push((path.display().to_string(), text));
            }
        }
    }

    /// Keys that are written out: behind `t("`, `t1("` and the like in templates and code.
    fn used(text: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".t3(\"", ".page(\"", "::done(\"", "::failed(\""] {
            keys.extend(
                text.split(call).skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)),
            );
        }
        keys
    }

    #[test]
    fn every_sentence_that_is_used_exists() {
        let mut sources = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console"), &mut sources);
        assert!(sources.len() > 10, "the console has files");
        let known: BTreeSet<String> =
            AREAS.iter().flat_map(|(_, french, _)| keys(french).into_keys()).collect();
        let mut missing = Vec::new();
        for (path, text) in sources {
            if path.ends_with("lang.rs") {
                continue;
            }
            missing.extend(
                used(&text).into_iter().filter(|key| !known.contains(key)).map(|key| (path.clone(), key)),
            );
        }
        assert!(missing.is_empty(), "sentences that are used and not there: {missing:#?}");
    }

    #[test]
    fn whole_numbers_are_grouped() {
        let of = |lang: Lang| lang.say("common-results", &[("count", 12_345u64.value())]);
        assert!(of(Lang::Fr).contains("12\u{202f}345"), "{}", of(Lang::Fr));
        assert!(of(Lang::En).contains("12,345"), "{}", of(Lang::En));
    }
}
