//! The tables of a pack as files write them.

use facteur_domain::Class;
use serde::Deserialize;

use super::calendar::{ClosedRow, Rows as Holidays};
use super::hours::Profile;
use super::names::{ProtectedRow, WordRow};
use super::{Grade, PackError, csv};

/// Windows for marketing.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Windows {
    /// Minutes before the end of a window in which nothing leaves any more.
    pub(crate) closing_margin_minutes: u16,
    /// The profile of whoever chose none.
    pub(crate) default: String,
    pub(crate) profile: Vec<Profile>,
}

/// Short codes by range.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShortCodes {
    pub(super) range: Vec<CodeRange>,
}

/// What a range of short codes may carry.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRange {
    /// Its first digits.
    pub(crate) starts: String,
    pub(crate) classes: Vec<ClassName>,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// A class by its name.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ClassName(pub(crate) Class);

impl TryFrom<String> for ClassName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = || Class::ALL.map(Class::as_str).join(", ");
        Class::from_name(&name)
            .map(Self)
            .ok_or_else(|| format!("{name:?} is no class; there are {}", known()))
    }
}

/// The STOP mention.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    /// What stands between a text and its mention.
    pub(crate) separator: String,
    /// The form to prefer, with `{code}` in it.
    pub(crate) canonical: String,
    /// The form when space is short.
    pub(crate) short: String,
    /// First digits of the codes that a mention may name.
    pub(crate) range: String,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// How many SMS a text may become.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    /// Without a choice of the workspace.
    pub(crate) default: u8,
    /// Whatever a workspace chooses.
    pub(crate) hard: u8,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// How long a proof of consent serves.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentAges {
    /// Months since a prospect's consent or last contact.
    pub(crate) prospect_months: u16,
    /// Months since a customer's last contact.
    pub(crate) customer_months: u16,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// What texts may not hold.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    pub(super) ban: Vec<Ban>,
    pub(super) shorteners: Shorteners,
    pub(super) surcharged: Surcharged,
}

/// A banned subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Subject {
    /// Energy renovation and home adaptation (L223-8).
    Energy,
    /// The personal training account.
    Training,
    /// What no platform carries.
    Forbidden,
}

/// A banned subject and the phrases that tell it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    pub(crate) kind: Subject,
    /// The first day of the ban, as `2025-07-02`.
    pub(crate) since: String,
    pub(crate) phrases: Vec<String>,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// Hosts of shortened links.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shorteners {
    pub(crate) hosts: Vec<String>,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// Numbers that cost more than an ordinary call or SMS, by their first digits.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Surcharged {
    /// Ten-digit numbers that make a text marketing.
    pub(crate) raises: Vec<String>,
    /// Of these, the ones that stop it.
    pub(crate) refuses: Vec<String>,
    /// Five-digit codes that do both.
    pub(crate) codes: Vec<String>,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// One file of tables, each of them optional.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) id: Option<String>,
    pub(super) from: Option<String>,
    pub(super) extends: Option<String>,
    windows: Option<Windows>,
    holidays: Option<Holidays>,
    short_codes: Option<ShortCodes>,
    stop: Option<Stop>,
    parts: Option<Parts>,
    consent: Option<ConsentAges>,
    content: Option<Content>,
    #[serde(default)]
    closed_day: Vec<ClosedRow>,
    #[serde(default)]
    protected: Vec<ProtectedRow>,
    #[serde(default)]
    word: Vec<WordRow>,
}

/// Every table of a pack.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tables {
    pub(super) windows: Windows,
    pub(super) holidays: Holidays,
    pub(super) short_codes: ShortCodes,
    pub(super) stop: Stop,
    pub(super) parts: Parts,
    pub(super) consent: ConsentAges,
    pub(super) content: Content,
    pub(super) closed_days: Vec<ClosedRow>,
    pub(super) protected: Vec<ProtectedRow>,
    pub(super) words: Vec<WordRow>,
}

impl File {
    pub(super) fn parse(text: &str) -> Result<Self, PackError> {
        toml::from_str(text).map_err(|fault| PackError::from_toml(text, &fault))
    }

    /// Takes what `other` has and this lacks; rows of lists are added.
    pub(super) fn merge(&mut self, other: Self) {
        self.windows = self.windows.take().or(other.windows);
        self.holidays = self.holidays.take().or(other.holidays);
        self.short_codes = self.short_codes.take().or(other.short_codes);
        self.stop = self.stop.take().or(other.stop);
        self.parts = self.parts.take().or(other.parts);
        self.consent = self.consent.take().or(other.consent);
        self.content = self.content.take().or(other.content);
        self.closed_day.extend(other.closed_day);
        self.protected.extend(other.protected);
        self.word.extend(other.word);
    }

    /// Adds the words of a table of sender words.
    pub(super) fn add_words(&mut self, name: &str, text: &str) -> Result<(), PackError> {
        let columns = ["word", "theme", "source", "dated", "grade"];
        for (line, [word, theme, source, dated, grade]) in csv::rows(name, text, columns)? {
            let grade = csv::word(name, line, "grade", grade)?;
            let [word, theme, source, dated] = [word, theme, source, dated].map(str::to_owned);
            self.word.push(WordRow { word, theme, source, dated, grade });
        }
        Ok(())
    }

    /// Adds the names of a table of protected names.
    pub(super) fn add_protected(&mut self, name: &str, text: &str) -> Result<(), PackError> {
        let columns = ["name", "kind", "theme", "match", "action", "source", "dated", "grade"];
        for (line, [row_name, kind, theme, matching, action, source, dated, grade]) in
            csv::rows(name, text, columns)?
        {
            let [protected, theme, source, dated] = [row_name, theme, source, dated].map(str::to_owned);
            self.protected.push(ProtectedRow {
                name: protected,
                kind: csv::word(name, line, "kind", kind)?,
                theme,
                matching: csv::word(name, line, "match", matching)?,
                action: csv::word(name, line, "action", action)?,
                source,
                dated,
                grade: csv::word(name, line, "grade", grade)?,
            });
        }
        Ok(())
    }

    /// The whole set of tables, with `base` for those that are missing here; rows of lists are added
    /// to the base's.
    pub(super) fn complete(self, base: Option<&Tables>) -> Result<Tables, PackError> {
        fn take<T: Clone>(own: Option<T>, base: Option<&T>, table: &str) -> Result<T, PackError> {
            own.or_else(|| base.cloned()).ok_or_else(|| {
                PackError::new(table, None, "this table is missing; give it, or name a pack in `extends`")
            })
        }
        fn join<T: Clone>(own: Vec<T>, base: Option<&Vec<T>>) -> Vec<T> {
            base.into_iter().flatten().cloned().chain(own).collect()
        }
        Ok(Tables {
            windows: take(self.windows, base.map(|b| &b.windows), "windows")?,
            holidays: take(self.holidays, base.map(|b| &b.holidays), "holidays")?,
            short_codes: take(self.short_codes, base.map(|b| &b.short_codes), "short_codes")?,
            stop: take(self.stop, base.map(|b| &b.stop), "stop")?,
            parts: take(self.parts, base.map(|b| &b.parts), "parts")?,
            consent: take(self.consent, base.map(|b| &b.consent), "consent")?,
            content: take(self.content, base.map(|b| &b.content), "content")?,
            closed_days: join(self.closed_day, base.map(|b| &b.closed_days)),
            protected: join(self.protected, base.map(|b| &b.protected)),
            words: join(self.word, base.map(|b| &b.words)),
        })
    }
}
