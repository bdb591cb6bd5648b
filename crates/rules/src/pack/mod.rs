//! Rule packs: the dated, sourced tables that judgements are made by (requirements `fr-pack-dated`,
//! `fr-pack-replaceable`).

mod calendar;
mod csv;
mod error;
mod grade;
mod grounds;
mod hours;
mod names;
mod phrases;
mod tables;

use crate::Policy;
use std::sync::{Arc, LazyLock};

use facteur_domain::{Class, ShortCode, Timestamp};
use jiff::civil::Date;

pub(crate) use calendar::{Calendar, Place};
pub use error::PackError;
pub use grade::Grade;
pub use grounds::Ground;
pub use hours::{Day, Hours, Profile, Span};
pub(crate) use names::{Action, Likeness, Names, Owner, ProtectedRow};
pub(crate) use phrases::Phrases;
pub(crate) use tables::{Ban, CodeRange, ConsentAges, Parts, Shorteners, Stop, Subject, Surcharged, Windows};
use tables::{File, Tables};

/// The columns of a partner's list of protected names.
const PARTNER_COLUMNS: [&str; 6] =
    ["name", "status", "authorised_account", "valid_from", "valid_to", "evidence_ref"];

/// The rules in force from one day on: an id with its version, and every table. Values of a pack are
/// checked when it is read; a pack that exists can judge.
#[derive(Clone, Debug)]
pub struct Pack {
    id: Arc<str>,
    from: Timestamp,
    tables: Tables,
    pub(crate) calendar: Calendar,
    pub(crate) names: Names,
    /// Banned phrases; the number is the row of the ban.
    pub(crate) phrases: Phrases<usize>,
    /// The first instant of each ban.
    bans_since: Vec<Timestamp>,
}

impl Pack {
    /// Reads a pack: `id`, `from` (its first day, Paris time) and its tables, as in this crate's
    /// `data` folder. With `extends = "fr-2026.1"` a table that is missing comes from that embedded
    /// pack, and `[[closed_day]]`, `[[protected]]` and `[[word]]` rows are added to it.
    ///
    /// # Errors
    /// Says which table, line and field is wrong.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let file = File::parse(text)?;
        match file.extends.as_deref() {
            None => Self::build(file, None),
            Some(id) => {
                let base = Packs::embedded().packs.iter().find(|pack| *pack.id == *id);
                let base = base.ok_or_else(|| {
                    PackError::new("", None, format!("extends: no embedded pack is called {id:?}"))
                })?;
                Self::build(file, Some(&base.tables))
            }
        }
    }

    /// This pack with the names of a partner's SI and ISA lists, under another id. The list is a CSV
    /// with the columns `name,status,authorised_account,valid_from,valid_to,evidence_ref`; `status`
    /// is SI or ISA. Who is authorised is for the desk to record; `valid_from` and `valid_to` are
    /// days and may be empty; a row that does not hold on `on` is left out.
    ///
    /// # Errors
    /// Says which line and column is wrong.
    pub fn with_partner_list(&self, id: &str, list: &str, on: Timestamp) -> Result<Self, PackError> {
        const TABLE: &str = "partner list";
        let mut tables = self.tables.clone();
        for (line, [name, status, _account, from, to, _evidence]) in csv::rows(TABLE, list, PARTNER_COLUMNS)?
        {
            let day = |column: &str, value: &str| {
                day_start(value).ok_or_else(|| {
                    PackError::new(
                        TABLE,
                        Some(line),
                        format!("{column}: {value:?} is no date, as 2026-12-24"),
                    )
                })
            };
            let begun = from.is_empty() || day("valid_from", from)? <= on;
            let ended = !to.is_empty() && day("valid_to", to).map(|_| day_after(to))? <= Some(on);
            let action = csv::word(TABLE, line, "status", status)?;
            if begun && !ended {
                tables.protected.push(ProtectedRow {
                    name: name.to_owned(),
                    kind: Owner::Brand,
                    theme: "partner".to_owned(),
                    matching: names::Match::Exact,
                    action,
                    source: "AF2M-OADC".to_owned(),
                    dated: "n.d.".to_owned(),
                    grade: Grade::A,
                });
            }
        }
        Self::compile(id.into(), self.from, tables)
    }

    fn build(file: File, base: Option<&Tables>) -> Result<Self, PackError> {
        let id = file.id.clone().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| PackError::new("", None, "id: this pack has no name"))?;
        let from = file.from.as_deref().and_then(day_start);
        let from = from.ok_or_else(|| PackError::new("", None, "from: give the first day, as 2026-03-01"))?;
        Self::compile(id.into(), from, file.complete(base)?)
    }

    fn compile(id: Arc<str>, from: Timestamp, tables: Tables) -> Result<Self, PackError> {
        check(&tables)?;
        let calendar = Calendar::new(&tables.holidays, &tables.closed_days)?;
        let names = Names::new(&tables.words, &tables.protected)?;
        let bans = &tables.content.ban;
        let bans_since = bans.iter().map(|ban| {
            day_start(&ban.since)
                .ok_or_else(|| PackError::new("content", None, format!("since: {:?} is no date", ban.since)))
        });
        let bans_since = bans_since.collect::<Result<_, _>>()?;
        let rows = bans.iter().enumerate();
        let phrases =
            rows.flat_map(|(row, ban)| ban.phrases.iter().map(move |phrase| (phrase.as_str(), row)));
        let phrases = Phrases::new(phrases);
        Ok(Self { id, from, calendar, names, phrases, bans_since, tables })
    }

    /// Its id with its version, kept with each verdict.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// The first instant it is in force.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// Every profile of hours, in the order of its table.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.tables.windows.profile
    }

    /// The profile of this name; the default one when there is none.
    #[must_use]
    pub fn profile(&self, name: &str) -> &Profile {
        let of = |name: &str| self.profiles().iter().find(|profile| profile.name == name);
        // A pack without its default profile cannot be made.
        of(name).or_else(|| of(&self.windows().default)).unwrap_or(&self.profiles()[0])
    }

    /// How many SMS a text may become where a workspace has chosen nothing.
    #[must_use]
    pub const fn parts_default(&self) -> u8 {
        self.parts().default
    }

    /// The hours in force for marketing under a policy, and the profile that is the stricter.
    pub(crate) fn hours_of(&self, policy: &Policy<'_>) -> (Hours, &Profile) {
        let chosen = self.profile(policy.workspace);
        if policy.platform == policy.workspace {
            return (chosen.hours(), chosen);
        }
        let allowed = self.profile(policy.platform);
        let both = chosen.hours().stricter(&allowed.hours());
        (both, if both == chosen.hours() { chosen } else { allowed })
    }

    pub(crate) const fn windows(&self) -> &Windows {
        &self.tables.windows
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.tables.parts
    }

    pub(crate) const fn consent(&self) -> &ConsentAges {
        &self.tables.consent
    }

    pub(crate) const fn stop(&self) -> &Stop {
        &self.tables.stop
    }

    pub(crate) const fn shorteners(&self) -> &Shorteners {
        &self.tables.content.shorteners
    }

    pub(crate) const fn surcharged(&self) -> &Surcharged {
        &self.tables.content.surcharged
    }

    /// The ban of this row, if it is in force at `at`.
    pub(crate) fn ban(&self, row: usize, at: Timestamp) -> Option<&Ban> {
        self.bans_since.get(row).filter(|since| **since <= at)?;
        self.tables.content.ban.get(row)
    }

    /// What the range of `code` may carry; `None` for a range that the pack does not know.
    pub(crate) fn code_range(&self, code: ShortCode) -> Option<&CodeRange> {
        let digits = code.number().to_string();
        self.tables.short_codes.range.iter().find(|range| digits.starts_with(&range.starts))
    }
}

impl CodeRange {
    pub(crate) fn carries(&self, class: Class) -> bool {
        self.classes.iter().any(|name| name.0 == class)
    }
}

/// What no type checks.
fn check(tables: &Tables) -> Result<(), PackError> {
    let windows = &tables.windows;
    let fault = |table, why: String| Err(PackError::new(table, None, why));
    if !windows.profile.iter().any(|profile| profile.name == windows.default) {
        return fault("windows", format!("default: no profile is called {:?}", windows.default));
    }
    for profile in &windows.profile {
        if profile.mon_fri.is_closed() {
            return fault(
                "windows",
                format!("profile {}: mon_fri is closed, so nothing ever leaves", profile.name),
            );
        }
        let spans = profile.mon_fri.spans().iter();
        if spans.clone().all(|span| span.to - span.from <= windows.closing_margin_minutes) {
            return fault(
                "windows",
                format!("profile {}: the margin leaves nothing of mon_fri", profile.name),
            );
        }
    }
    for form in [&tables.stop.canonical, &tables.stop.short] {
        if !form.contains("{code}") {
            return fault("stop", format!("{form:?} does not name the {{code}}"));
        }
    }
    if tables.parts.default == 0 || tables.parts.hard < tables.parts.default {
        return fault("parts", "default is 1 at least and hard not below it".to_owned());
    }
    Ok(())
}

/// The first instant in Paris of a day written as `2026-12-24`.
fn day_start(day: &str) -> Option<Timestamp> {
    midnight(day.parse().ok()?)
}

/// The first instant in Paris of the day after.
fn day_after(day: &str) -> Option<Timestamp> {
    midnight(day.parse::<Date>().ok()?.tomorrow().ok()?)
}

fn midnight(date: Date) -> Option<Timestamp> {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Paris").ok()?;
    zone.to_timestamp(date.at(0, 0, 0, 0)).ok().map(Timestamp::from_jiff)
}

impl Pack {
    /// The end of the `days`th French business day after the day of `at`, in Paris; `None` beyond the
    /// calendar.
    pub(crate) fn business_days_after(&self, at: Timestamp, days: u8) -> Option<Timestamp> {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Paris").ok()?;
        let mut date = zone.to_datetime(at.to_jiff()).date();
        let mut left = days;
        while left > 0 {
            date = date.tomorrow().ok()?;
            left -= u8::from(self.calendar.is_business_day(date));
        }
        midnight(date.tomorrow().ok()?)
    }
}

/// The packs that may be in force, by their first day.
#[derive(Clone, Debug)]
pub struct Packs {
    /// Ordered by first day; one at least.
    packs: Vec<Pack>,
}

static EMBEDDED: LazyLock<Packs> = LazyLock::new(|| {
    embedded().expect("the embedded tables are read by a test; they do not change after the build")
});

impl Packs {
    /// The packs of this build.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// These packs and one more; it takes the place of one that starts on the same day.
    #[must_use]
    pub fn with(&self, pack: Pack) -> Self {
        let mut packs: Vec<Pack> = self.packs.iter().filter(|old| old.from != pack.from).cloned().collect();
        packs.push(pack);
        packs.sort_by_key(Pack::from);
        Self { packs }
    }

    /// The pack in force at `at`: the last that has begun, or the first when none has.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> &Pack {
        let begun = self.packs.iter().rev().find(|pack| pack.from <= at);
        // There is always one pack at least.
        begun.unwrap_or(&self.packs[0])
    }
}

fn embedded() -> Result<Packs, PackError> {
    let mut file = File::default();
    for (name, text) in [
        ("fr-2026.toml", include_str!("../../data/fr-2026.toml")),
        ("windows.toml", include_str!("../../data/windows.toml")),
        ("holidays.toml", include_str!("../../data/holidays.toml")),
        ("senders.toml", include_str!("../../data/senders.toml")),
        ("stop.toml", include_str!("../../data/stop.toml")),
        ("limits.toml", include_str!("../../data/limits.toml")),
        ("content.toml", include_str!("../../data/content.toml")),
    ] {
        let read = File::parse(text).map_err(|fault| PackError { table: name.to_owned(), ..fault })?;
        file.id = file.id.or_else(|| read.id.clone());
        file.from = file.from.or_else(|| read.from.clone());
        file.merge(read);
    }
    file.add_words("sender-words.csv", include_str!("../../data/sender-words.csv"))?;
    file.add_protected("sender-protected.csv", include_str!("../../data/sender-protected.csv"))?;
    let current = Pack::build(file, None)?;
    let older = File::parse(include_str!("../../data/fr-2024.toml"))
        .map_err(|fault| PackError { table: "fr-2024.toml".to_owned(), ..fault })?;
    let older = Pack::build(older, Some(&current.tables))?;
    Ok(Packs { packs: vec![older, current] })
}

#[cfg(test)]
mod tests;
