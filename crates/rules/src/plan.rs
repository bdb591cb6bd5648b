//! The days to come, as the windows of marketing will have them: for calendars that people look at.

use facteur_domain::Timestamp;
use jiff::civil::{Date, Weekday};

use crate::pack::{Hours, Packs, Span};
use crate::{Pack, Policy};

/// A day in a territory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayPlan {
    /// Which.
    pub date: Date,
    /// When marketing may leave, in minutes of the day; empty for a closed one.
    pub spans: Vec<Span>,
    /// The public holiday or closed day that it is, in French and in English.
    pub holiday: Option<[String; 2]>,
    /// Whether it is a Sunday.
    pub sunday: bool,
}

/// The days to come in a territory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerritoryPlan {
    /// Its code, as in `FR` or `RE`.
    pub code: String,
    /// Its time zone by its IANA name; the first where it has several.
    pub zone: String,
    /// The days, from the one that is there at the instant asked for.
    pub days: Vec<DayPlan>,
}

impl Packs {
    /// `days` days from `from` on in every territory of the pack then in force, under a policy. What does
    /// not depend on a message: its consent, its class and its recipient's postcode are not looked at.
    #[must_use]
    pub fn plan(&self, policy: &Policy<'_>, from: Timestamp, days: u8) -> Vec<TerritoryPlan> {
        let pack = self.at(from);
        let (hours, _) = pack.hours_of(policy);
        let codes = pack.calendar.territory_codes();
        codes.filter_map(|code| territory(pack, code, &hours, from, days)).collect()
    }
}

fn territory(pack: &Pack, code: &str, hours: &Hours, from: Timestamp, days: u8) -> Option<TerritoryPlan> {
    let calendar = &pack.calendar;
    let place = calendar.place(code, None);
    let zone = calendar.zones(place).next()?;
    let first = zone.to_datetime(from.to_jiff()).date();
    let mut date = first;
    let mut planned = Vec::with_capacity(usize::from(days));
    for _ in 0..days {
        let by_weekday = match date.weekday() {
            Weekday::Saturday => &hours.saturday,
            Weekday::Sunday => &hours.sunday,
            _ => &hours.mon_fri,
        };
        let holiday = calendar.holiday(date, place);
        let day = holiday.map_or(*by_weekday, |_| by_weekday.stricter(&hours.holiday));
        planned.push(DayPlan {
            date,
            spans: day.spans().to_vec(),
            holiday: holiday.map(|holiday| [holiday.french.clone(), holiday.english.clone()]),
            sunday: date.weekday() == Weekday::Sunday,
        });
        date = date.tomorrow().ok()?;
    }
    Some(TerritoryPlan {
        code: code.to_owned(),
        zone: zone.iana_name().unwrap_or_default().to_owned(),
        days: planned,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday 25 December 2026, 10:00 in Paris: Christmas, and from then on the strict hours.
    #[test]
    fn christmas_and_sunday_are_closed_and_days_begin_where_people_are() {
        let from: jiff::Timestamp = "2026-12-25T09:00:00Z".parse().expect("an instant");
        let plans = Packs::embedded().plan(&Policy::STRICT, Timestamp::from_jiff(from), 4);
        let of = |code: &str| plans.iter().find(|plan| plan.code == code).expect("a territory");
        let paris = of("FR");
        let closed: Vec<bool> = paris.days.iter().map(|day| day.spans.is_empty()).collect();
        assert_eq!(closed, [true, false, true, false], "Christmas, Saturday, Sunday, Monday");
        assert!(paris.days[0].holiday.is_some() && paris.days[2].sunday);
        let alsace = of("alsace-moselle");
        assert!(alsace.days[1].holiday.is_some() && alsace.days[1].spans.is_empty(), "26 December there");
        assert_eq!(of("NC").days[0].date.to_string(), "2026-12-25");
        let evening: jiff::Timestamp = "2026-12-25T14:00:00Z".parse().expect("an instant");
        let plans = Packs::embedded().plan(&Policy::STRICT, Timestamp::from_jiff(evening), 1);
        let noumea = plans.iter().find(|plan| plan.code == "NC").expect("a territory");
        assert_eq!(noumea.days[0].date.to_string(), "2026-12-26", "it is tomorrow there");
    }
}
