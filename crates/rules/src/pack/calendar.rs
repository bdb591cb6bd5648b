//! Public holidays by rule, and where each is kept (requirements `fr-holiday-dates`,
//! `fr-holiday-alsace-moselle`, `fr-holiday-overseas`).

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;

use super::{Grade, PackError};

/// The territory whose holidays are kept everywhere.
const NATIONAL: &str = "FR";
/// The most territories of a pack: one bit each.
const TERRITORIES_MAX: usize = 32;

/// A territory as its table says it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TerritoryRow {
    code: String,
    zones: Vec<String>,
    #[serde(default)]
    postcodes: Vec<String>,
}

/// A holiday as its table says it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DayRow {
    #[serde(rename = "where")]
    territory: String,
    fr: String,
    en: String,
    #[serde(default)]
    month: Option<i8>,
    #[serde(default)]
    day: Option<i8>,
    #[serde(default)]
    easter: Option<i16>,
    source: String,
    dated: String,
    grade: Grade,
}

/// The table of holidays.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    territory: Vec<TerritoryRow>,
    day: Vec<DayRow>,
}

/// One day that a deployment closes.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClosedRow {
    /// As `2026-12-24`.
    date: String,
    #[serde(rename = "where", default = "everywhere")]
    territory: String,
    fr: String,
    en: String,
    source: String,
    dated: String,
    grade: Grade,
}

fn everywhere() -> String {
    NATIONAL.to_owned()
}

/// When a holiday falls.
#[derive(Clone, Copy, PartialEq, Debug)]
enum When {
    /// The same day each year.
    Fixed { month: i8, day: i8 },
    /// So many days after Easter Sunday.
    Easter(i16),
    /// One day, once.
    Once(Date),
}

/// A holiday, with its names and its source.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Holiday {
    when: When,
    /// Bit of its territory; 0 when it is kept everywhere.
    territory: u32,
    pub(crate) french: String,
    pub(crate) english: String,
    pub(crate) source: String,
    pub(crate) dated: String,
    pub(crate) grade: Grade,
}

/// Where a recipient is, as far as one can tell: one or several territories, and every time zone
/// that they may mean. Sets as bits, by the calendar's own numbering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    territories: u32,
    zones: u32,
}

#[derive(Clone, Debug)]
struct Territory {
    code: String,
    postcodes: Vec<String>,
    zones: u32,
}

/// The holidays and territories of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    territories: Vec<Territory>,
    zones: Vec<TimeZone>,
    holidays: Vec<Holiday>,
}

impl Calendar {
    pub(super) fn new(rows: &Rows, closed: &[ClosedRow]) -> Result<Self, PackError> {
        let mut calendar = Self { territories: Vec::new(), zones: Vec::new(), holidays: Vec::new() };
        if rows.territory.len() > TERRITORIES_MAX {
            return Err(PackError::new("holidays", None, format!("more than {TERRITORIES_MAX} territories")));
        }
        for row in &rows.territory {
            calendar.add_territory(row)?;
        }
        if calendar.find(NATIONAL).is_none() {
            return Err(PackError::new("holidays", None, "the territory FR is missing"));
        }
        for row in &rows.day {
            let when = read_when(row).ok_or_else(|| {
                let why = format!("{}: give a month and a day, or days after Easter", row.fr);
                PackError::new("holidays", None, why)
            })?;
            let names = (&row.fr, &row.en, &row.source, &row.dated, row.grade);
            calendar.add_day(when, &row.territory, names)?;
        }
        for row in closed {
            let date = row.date.parse().map_err(|_| {
                PackError::new(
                    "closed_day",
                    None,
                    format!("{:?} is no date: write it as 2026-12-24", row.date),
                )
            })?;
            let names = (&row.fr, &row.en, &row.source, &row.dated, row.grade);
            calendar.add_day(When::Once(date), &row.territory, names)?;
        }
        Ok(calendar)
    }

    fn add_territory(&mut self, row: &TerritoryRow) -> Result<(), PackError> {
        let fault = |why: String| PackError::new("holidays", None, format!("territory {}: {why}", row.code));
        if self.find(&row.code).is_some() {
            return Err(fault("named twice".to_owned()));
        }
        if row.zones.is_empty() {
            return Err(fault("no time zone".to_owned()));
        }
        let mut zones = 0;
        for name in &row.zones {
            let known = self.zones.iter().position(|zone| zone.iana_name() == Some(name));
            let at = match known {
                Some(at) => at,
                None => {
                    let zone = TimeZoneDatabase::bundled().get(name);
                    self.zones.push(zone.map_err(|_| fault(format!("{name:?} is no IANA time zone")))?);
                    self.zones.len() - 1
                }
            };
            if at >= TERRITORIES_MAX {
                return Err(fault(format!("more than {TERRITORIES_MAX} time zones in all")));
            }
            zones |= 1 << at;
        }
        self.territories.push(Territory { code: row.code.clone(), postcodes: row.postcodes.clone(), zones });
        Ok(())
    }

    fn add_day(
        &mut self,
        when: When,
        territory: &str,
        (fr, en, source, dated, grade): (&String, &String, &String, &String, Grade),
    ) -> Result<(), PackError> {
        let at = self.find(territory).ok_or_else(|| {
            PackError::new("holidays", None, format!("{fr}: no territory is called {territory:?}"))
        })?;
        self.holidays.push(Holiday {
            when,
            territory: if territory == NATIONAL { 0 } else { 1 << at },
            french: fr.clone(),
            english: en.clone(),
            source: source.clone(),
            dated: dated.clone(),
            grade,
        });
        Ok(())
    }

    fn find(&self, code: &str) -> Option<usize> {
        self.territories.iter().position(|territory| territory.code == code)
    }

    /// Where a number of these territories (ISO codes joined by `|`) and this postcode is. A postcode
    /// adds to what a mainland number says and never takes away: the stricter of both is kept. An
    /// overseas number tells its place by itself.
    pub(crate) fn place(&self, territories: &str, postcode: Option<&str>) -> Place {
        let mut place = Place { territories: 0, zones: 0 };
        for code in territories.split('|') {
            self.add_to(&mut place, self.find(code));
        }
        if place.zones == 0 {
            self.add_to(&mut place, self.find(NATIONAL));
        }
        let national = self.find(NATIONAL).map_or(0, |at| 1 << at);
        if let Some(postcode) = postcode.filter(|_| place.territories == national) {
            // As in `F-67000`.
            let postcode = postcode.trim_start_matches(|c: char| !c.is_ascii_digit());
            let here =
                |territory: &Territory| territory.postcodes.iter().any(|p| postcode.starts_with(p.as_str()));
            for at in (0..self.territories.len()).filter(|at| self.territories.get(*at).is_some_and(here)) {
                self.add_to(&mut place, Some(at));
            }
        }
        place
    }

    fn add_to(&self, place: &mut Place, at: Option<usize>) {
        if let Some((at, territory)) = at.and_then(|at| Some((at, self.territories.get(at)?))) {
            place.territories |= 1 << at;
            place.zones |= territory.zones;
        }
    }

    /// The codes of its territories, in the order of the tables.
    pub(crate) fn territory_codes(&self) -> impl Iterator<Item = &str> {
        self.territories.iter().map(|territory| territory.code.as_str())
    }

    /// The time zones of a place, one at least.
    pub(crate) fn zones(&self, place: Place) -> impl Iterator<Item = &TimeZone> {
        self.zones.iter().enumerate().filter(move |(at, _)| place.zones >> at & 1 == 1).map(|(_, zone)| zone)
    }

    /// Whether offices are open on `date` in mainland France: Monday to Friday, no holiday.
    pub(crate) fn is_business_day(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && self.holiday(date, self.place(NATIONAL, None)).is_none()
    }

    /// The holiday that `date` is in a place, the first by the order of the tables.
    pub(crate) fn holiday(&self, date: Date, place: Place) -> Option<&Holiday> {
        let easter = easter_day_of_year(date.year());
        self.holidays.iter().find(|holiday| {
            let kept = holiday.territory == 0 || holiday.territory & place.territories != 0;
            kept && match holiday.when {
                When::Fixed { month, day } => (date.month(), date.day()) == (month, day),
                When::Easter(offset) => date.day_of_year() == easter + offset,
                When::Once(once) => date == once,
            }
        })
    }
}

impl Calendar {
    /// Its holidays, in the order of the tables.
    pub(super) fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }
}

fn read_when(row: &DayRow) -> Option<When> {
    match (row.month, row.day, row.easter) {
        // Any leap year, so that 29 February may be named.
        (Some(month), Some(day), None) => {
            Date::new(2024, month, day).ok().map(|_| When::Fixed { month, day })
        }
        // From Septuagesima to the last movable feast: within the year of its Easter.
        (None, None, Some(offset)) if (-63..=68).contains(&offset) => Some(When::Easter(offset)),
        _ => None,
    }
}

/// Easter Sunday's day of the year in the Gregorian calendar, by the anonymous algorithm that Meeus
/// prints.
fn easter_day_of_year(year: i16) -> i16 {
    let y = i32::from(year);
    let golden = y.rem_euclid(19);
    let (century, rest) = (y.div_euclid(100), y.rem_euclid(100));
    let correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + century - century.div_euclid(4) - correction + 15).rem_euclid(30);
    let weekday = (32 + 2 * century.rem_euclid(4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    let (month, day) = (i8::try_from(days / 31).unwrap_or(3), i8::try_from(days % 31 + 1).unwrap_or(31));
    Date::new(year, month, day).map_or(0, Date::day_of_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_by_year() {
        for (year, month, day) in [
            (1583, 4, 10),
            (2000, 4, 23),
            (2008, 3, 23),
            (2026, 4, 5),
            (2027, 3, 28),
            (2028, 4, 16),
            (2029, 4, 1),
            (2030, 4, 21),
            (2038, 4, 25),
            (2100, 3, 28),
        ] {
            let date = Date::new(year, month, day).expect("a date");
            assert_eq!(easter_day_of_year(year), date.day_of_year(), "{year}");
        }
    }

    /// Days of 2000 to 2100 by independent calendars; the file says how it was made.
    const INDEPENDENT: &str = include_str!("../../tests/data/holidays-2000-2100.csv");
    /// From this year on the file has local usage too.
    const USAGE_FROM: i16 = 2026;

    /// Ours alone: the code says 27 May for Saint-Martin where calendars say the 28th. Both are closed.
    fn is_ours_alone(territory: &str, date: Date) -> bool {
        territory == "MF" && (date.month(), date.day()) == (5, 27)
    }

    /// Requirements `seed-holidays`, `fr-holiday-dates`.
    #[test]
    fn holidays_agree_with_independent_calendars() {
        let calendar = &crate::Packs::embedded().packs.last().expect("a pack").calendar;
        let mut listed = std::collections::HashSet::new();
        for line in INDEPENDENT.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            let [date, territory, _] = line.split(',').collect::<Vec<_>>().try_into().expect(line);
            listed.insert((date.parse::<Date>().expect(line), territory.to_owned()));
        }
        assert!(listed.len() > 2800, "the file was read");
        let mut ours = 0;
        for territory in &calendar.territories {
            let place = calendar.place(&territory.code, None);
            let mut date = Date::constant(2000, 1, 1);
            while date.year() <= 2100 {
                let national = listed.contains(&(date, "FR".to_owned()));
                let expected = national || listed.contains(&(date, territory.code.clone()));
                let found = calendar.holiday(date, place);
                let usage = found.is_some_and(|day| day.source == "PY-HOLIDAYS") && date.year() < USAGE_FROM;
                let agreed = found.is_some() == expected || usage || is_ours_alone(&territory.code, date);
                assert!(agreed, "{} {date}: {found:?}", territory.code);
                ours += usize::from(found.is_some());
                date = date.tomorrow().expect("before 2101");
            }
        }
        assert!(ours > 13 * 1000, "thirteen territories over a century");
    }

    #[test]
    fn places_are_told_by_range_and_postcode() {
        let calendar = &crate::Packs::embedded().packs.last().expect("a pack").calendar;
        let codes = |territories: &str, postcode| {
            let place = calendar.place(territories, postcode);
            let here = |(at, _): &(usize, &Territory)| place.territories >> at & 1 == 1;
            let codes = calendar.territories.iter().enumerate().filter(here).map(|(_, t)| t.code.as_str());
            (codes.collect::<Vec<_>>().join("|"), calendar.zones(place).count())
        };
        for (territories, postcode, expected) in [
            ("FR", None, ("FR", 1)),
            ("", None, ("FR", 1)),
            ("XX", None, ("FR", 1)),
            ("FR", Some("75011"), ("FR", 1)),
            ("FR", Some("67000"), ("FR|alsace-moselle", 1)),
            ("FR", Some(" F-57000"), ("FR|alsace-moselle", 1)),
            ("FR", Some("06700"), ("FR", 1)),
            ("GP|MF|BL", None, ("GP|MF|BL", 1)),
            ("RE", Some("97600"), ("RE", 1)),
            ("FR", Some("97600"), ("FR|YT", 2)),
            ("FR", Some("98713"), ("FR", 1)),
            ("FR", Some("97150"), ("FR|GP|MF", 2)),
            ("PF", None, ("PF", 3)),
        ] {
            assert_eq!(codes(territories, postcode), (expected.0.to_owned(), expected.1), "{territories}");
        }
    }
}
