//! When marketing may ring a phone: hours, Sundays and holidays, in the recipient's own time
//! (requirements `seed-hours`, `seed-sunday`, `seed-holidays`, `seed-hours-marketing-only`,
//! `fr-window-zone`, `fr-window-margin`).

use facteur_domain::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::case::Case;
use crate::pack::{Calendar, Day, Hours, Place};
use crate::rule::{Rule, Says};
use crate::value::Value;
use crate::{Effect, Field, Reason};

/// How far ahead an opening is looked for. The longest closure of the tables is three days.
const HORIZON_DAYS: u8 = 60;
/// How often several time zones may push each other's opening before we say that there is none.
const ROUNDS: u8 = 100;

const fn hold(id: &'static str) -> Rule {
    Rule { id, effect: Effect::Hold, field: Field::SendAt, source: "SEED", dated: "2026" }
}

const SUNDAY: Rule = hold("fr.window.sunday");
const DAY: Rule = hold("fr.window.day");
const HOLIDAY: Rule = hold("fr.window.holiday");
const NIGHT: Rule = hold("fr.window.night");
const CLOSING: Rule = hold("fr.window.closing");
const NEVER: Rule = Rule {
    id: "fr.window.never",
    effect: Effect::Refuse,
    field: Field::SendAt,
    source: "AF2M-2026",
    dated: "2026-02",
};

const OPEN: Rule =
    Rule { id: "fr.window.open", effect: Effect::Allow, field: Field::SendAt, source: "SEED", dated: "2026" };
const REST_DAY: Rule = Rule {
    id: "fr.window.rest_day",
    effect: Effect::Note,
    field: Field::SendAt,
    source: "AF2M-2026",
    dated: "2026-02",
};

/// What a closed window says: first of a message that was declared marketing, or not declared, then of
/// one that its text made marketing, for which declaring something else would change nothing.
const fn waits(french: &'static str, english: &'static str) -> [Says; 2] {
    [
        Says::new(
            [
                french,
                "Il pourra partir {until} (heure du destinataire). S'il n'a rien de commercial, déclarez-le \
                 transactionnel.",
            ],
            [
                english,
                "It may leave on {until} (the recipient's time). If it sells nothing, declare it transactional.",
            ],
        ),
        Says::new(
            [french, "Il pourra partir {until} (heure du destinataire)."],
            [english, "It may leave on {until} (the recipient's time)."],
        ),
    ]
}

static SAYS_SUNDAY: [Says; 2] = waits("Pas de SMS commercial le dimanche.", "No marketing SMS on Sundays.");
static SAYS_DAY: [Says; 2] = waits(
    "Pas de SMS commercial ce jour-là, selon le profil d'horaires choisi.",
    "No marketing SMS on this day, by the profile of hours that was chosen.",
);
static SAYS_HOLIDAY: [Says; 2] = waits(
    "Pas de SMS commercial les jours fériés : {holiday}.",
    "No marketing SMS on public holidays: {holiday}.",
);
static SAYS_NIGHT: [Says; 2] = waits(
    "Pas de SMS commercial à cette heure : il est {local} chez le destinataire, et la plage est {hours}.",
    "No marketing SMS at this hour: it is {local} where the recipient is, and the window is {hours}.",
);
static SAYS_CLOSING: Says = Says::new(
    [
        "La plage {hours} ferme dans moins de {margin} minutes : ce SMS pourrait arriver après.",
        "Il pourra partir {until} (heure du destinataire). La prochaine fois, prévoyez l'envoi plus tôt.",
    ],
    [
        "The window {hours} closes in less than {margin} minutes: this SMS could arrive after it.",
        "It may leave on {until} (the recipient's time). Next time, plan the send earlier.",
    ],
);
static SAYS_OPEN: Says = Says::plain(
    "La plage d'envoi est ouverte chez le destinataire, jusqu'au {closes}.",
    "The sending window is open where the recipient is, until {closes}.",
);
static SAYS_REST_DAY: Says = Says::new(
    [
        "La charte tolère les SMS commerciaux le dimanche et les jours fériés, mais ne les recommande pas.",
        "Si rien ne presse, prévoyez l'envoi un jour ouvrable : les STOP seront moins nombreux.",
    ],
    [
        "The charter tolerates marketing SMS on Sundays and public holidays, but does not recommend them.",
        "If nothing is urgent, plan the send on a working day: fewer people will answer STOP.",
    ],
);
static SAYS_NEVER: Says = Says::new(
    [
        "Aucune plage d'envoi n'est ouverte dans les prochaines semaines : les horaires de la plateforme et \
         ceux de votre compte ne se recoupent pas.",
        "Choisissez pour votre compte un profil d'horaires que la plateforme autorise.",
    ],
    [
        "No sending window opens in the coming weeks: the platform's hours and those of your account do not \
         overlap.",
        "Choose for your account a profile of hours that the platform allows.",
    ],
);

/// The windows of one recipient under one choice of hours.
pub(crate) struct Windows<'a> {
    calendar: &'a Calendar,
    hours: Hours,
    /// Minutes before the end of a span in which nothing leaves.
    margin: u16,
    place: Place,
}

/// One instant in one time zone.
struct Local<'a> {
    zone: &'a TimeZone,
    at: DateTime,
}

impl<'a> Local<'a> {
    fn new(zone: &'a TimeZone, at: Timestamp) -> Self {
        Self { zone, at: zone.to_datetime(at.to_jiff()) }
    }

    fn minute(&self) -> u16 {
        let (hour, minute) = (self.at.hour(), self.at.minute());
        u16::try_from(i16::from(hour) * 60 + i16::from(minute)).unwrap_or(0)
    }
}

impl<'a> Windows<'a> {
    pub(crate) fn of(case: &Case<'a>, hours: Hours) -> Self {
        let range = case.facts.recipient.range();
        let place = case.pack.calendar.place(range.territory, case.facts.circumstances.postcode);
        let margin = case.pack.windows().closing_margin_minutes;
        Self { calendar: &case.pack.calendar, hours, margin, place }
    }

    /// What the weekday of `date` allows, without its holidays.
    fn by_weekday(&self, date: Date) -> &Day {
        match date.weekday() {
            Weekday::Saturday => &self.hours.saturday,
            Weekday::Sunday => &self.hours.sunday,
            _ => &self.hours.mon_fri,
        }
    }

    /// What `date` allows in all.
    fn by_date(&self, date: Date) -> Day {
        let day = self.by_weekday(date);
        match self.calendar.holiday(date, self.place) {
            Some(_) => day.stricter(&self.hours.holiday),
            None => *day,
        }
    }

    /// Whether a message may leave at `at` in every time zone of the place.
    fn is_open(&self, at: Timestamp) -> bool {
        self.calendar.zones(self.place).all(|zone| {
            let local = Local::new(zone, at);
            let day = self.by_date(local.at.date());
            day.span_at(local.minute())
                .is_some_and(|span| span.without_margin(self.margin).holds(local.minute()))
        })
    }

    /// Whether it is a Sunday or a holiday at `at` in a time zone of the place.
    fn is_rest_day(&self, at: Timestamp) -> bool {
        self.calendar.zones(self.place).any(|zone| {
            let date = Local::new(zone, at).at.date();
            date.weekday() == Weekday::Sunday || self.calendar.holiday(date, self.place).is_some()
        })
    }

    /// The first instant from `at` on that every time zone allows; `None` when none comes.
    pub(crate) fn opening(&self, at: Timestamp) -> Option<Timestamp> {
        let mut found = at;
        for _ in 0..ROUNDS {
            let mut latest = found;
            for zone in self.calendar.zones(self.place) {
                latest = latest.max(self.opening_in(zone, found)?);
            }
            if latest == found {
                return Some(found);
            }
            found = latest;
        }
        None
    }

    fn opening_in(&self, zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
        let now = Local::new(zone, at);
        let mut date = now.at.date();
        for ahead in 0..HORIZON_DAYS {
            let minute = if ahead == 0 { now.minute() } else { 0 };
            for span in self.by_date(date).spans().iter().map(|span| span.without_margin(self.margin)) {
                if ahead == 0 && span.holds(minute) {
                    return Some(at);
                }
                if span.from < span.to && (ahead > 0 || span.from > minute) {
                    return Some(instant(zone, date, span.from)?.max(at));
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The end of the window that is open at `at`: the last instant at which a phone may ring.
    fn closing(&self, at: Timestamp) -> Option<Timestamp> {
        let ends = self.calendar.zones(self.place).map(|zone| {
            let local = Local::new(zone, at);
            let span = self.by_date(local.at.date()).span_at(local.minute())?;
            instant(zone, local.at.date(), span.to)
        });
        ends.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}

/// The instant of a minute of a day; in a night that changes the clock, the later one of a gap and the
/// earlier one of a fold.
fn instant(zone: &TimeZone, date: Date, minute: u16) -> Option<Timestamp> {
    let date = if minute >= 24 * 60 { date.tomorrow().ok()? } else { date };
    let minute = i8::try_from(minute % 60).ok().zip(i8::try_from(minute / 60 % 24).ok());
    let time = minute.and_then(|(minute, hour)| Time::new(hour, minute, 0, 0).ok())?;
    zone.to_timestamp(date.to_datetime(time)).ok().map(Timestamp::from_jiff)
}

pub(crate) fn judge(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    if !case.is_marketing() {
        return;
    }
    let Some((hours, _)) = case.hours() else { return };
    let windows = Windows::of(case, hours);
    if windows.is_open(case.at()) {
        reasons.extend(open(case, &windows));
        if windows.is_rest_day(case.at()) {
            reasons.push(Reason::new(&REST_DAY, &SAYS_REST_DAY));
        }
        return;
    }
    let Some(until) = windows.opening(case.at()) else {
        reasons.push(Reason::new(&NEVER, &SAYS_NEVER));
        return;
    };
    explain(case, &windows, until, reasons);
}

/// What the message may leave by: the proof that its window was looked at.
fn open(case: &Case<'_>, windows: &Windows<'_>) -> Option<Reason> {
    let zone = windows.calendar.zones(windows.place).next()?;
    let closes = Local::new(zone, windows.closing(case.at())?).at;
    let reason = cite(case, &Local::new(zone, case.at()), Reason::new(&OPEN, &SAYS_OPEN));
    Some(reason.with("closes", closes))
}

/// A reason for each rule that closes the windows now, in the first time zone where it does.
fn explain(case: &Case<'_>, windows: &Windows<'_>, until: Timestamp, reasons: &mut Vec<Reason>) {
    let start = reasons.len();
    for zone in windows.calendar.zones(windows.place) {
        let local = Local::new(zone, case.at());
        for reason in closed_by(case, windows, &local) {
            let known =
                reasons.get(start..).unwrap_or_default().iter().any(|other| other.rule == reason.rule);
            if !known {
                let opening = Local::new(zone, until).at;
                reasons.push(reason.with("until", opening).until(until));
            }
        }
    }
}

fn closed_by(case: &Case<'_>, windows: &Windows<'_>, local: &Local<'_>) -> Vec<Reason> {
    let (date, minute) = (local.at.date(), local.minute());
    let holiday = windows.calendar.holiday(date, windows.place);
    let by_weekday = windows.by_weekday(date);
    let raised = usize::from(case.facts.class != case.class);
    let mut found = Vec::new();
    let whole_day = by_weekday.is_closed() || holiday.is_some() && windows.hours.holiday.is_closed();
    if by_weekday.is_closed() {
        let sunday = date.weekday() == Weekday::Sunday;
        let (rule, says) = if sunday { (&SUNDAY, &SAYS_SUNDAY) } else { (&DAY, &SAYS_DAY) };
        found.push(cite(case, local, Reason::new(rule, &says[raised])));
    }
    if let Some(holiday) = holiday.filter(|_| windows.hours.holiday.is_closed()) {
        let french = holiday.french.clone().into();
        let name = Value::Named { french, english: holiday.english.clone().into() };
        let reason = Reason::new(&HOLIDAY, &SAYS_HOLIDAY[raised]).with("holiday", name);
        let reason = reason.with("holiday_source", holiday.source.clone());
        let reason = reason.with("holiday_dated", holiday.dated.clone());
        let reason = reason.with("holiday_grade", holiday.grade.to_string());
        found.push(cite(case, local, reason));
    }
    // A day that is closed throughout still has its hours, those of other days.
    let hours = if whole_day { windows.hours.mon_fri } else { windows.by_date(date) };
    let shown = || hours.spans().iter().map(|span| show(span.from, span.to)).collect::<Vec<_>>().join(", ");
    match hours.span_at(minute) {
        None if whole_day && hours.is_closed() => {}
        None => {
            let reason = Reason::new(&NIGHT, &SAYS_NIGHT[raised]).with("hours", shown());
            found.push(cite(case, local, reason.with("local", clock(minute))));
        }
        Some(span) if !whole_day && !span.without_margin(windows.margin).holds(minute) => {
            let reason = Reason::new(&CLOSING, &SAYS_CLOSING).with("hours", shown());
            found.push(cite(case, local, reason.with("margin", windows.margin)));
        }
        Some(_) => {}
    }
    found
}

/// By the profile's source, with the facts that every window reason rests on.
fn cite(case: &Case<'_>, local: &Local<'_>, reason: Reason) -> Reason {
    let reason = match case.hours() {
        Some((_, profile)) => {
            reason.by(&profile.source, &profile.dated).with("profile", profile.name.clone())
        }
        None => reason,
    };
    reason.with("zone", local.zone.iana_name().unwrap_or_default().to_owned()).with("at", local.at)
}

fn show(from: u16, to: u16) -> String {
    format!("{} - {}", clock(from), clock(to))
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// When an operator must stop trying to deliver a marketing message that leaves at the first instant
/// its windows allow, so that no retry rings at night: the end of that window (requirement
/// `fr-window-validity`).
pub(crate) fn validity_cap(case: &Case<'_>) -> Option<Timestamp> {
    if !case.is_marketing() {
        return None;
    }
    let (hours, _) = case.hours()?;
    let windows = Windows::of(case, hours);
    windows.closing(windows.opening(case.at())?)
}
