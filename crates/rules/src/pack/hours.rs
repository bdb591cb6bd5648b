//! Opening hours: what a profile allows on each kind of day, and the stricter of two (requirements
//! `fr-profiles`, `fr-profile-stricter`).

use serde::Deserialize;

use super::Grade;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;
/// The most spans of one day in a pack; an intersection of two days has at most twice as many.
const SPANS_MAX: usize = 3;

/// A span of one day, from its first minute up to and without its last, both counted from midnight
/// in local time; `to` is 1440 at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// The first minute that is open.
    pub from: u16,
    /// The first minute that is closed again.
    pub to: u16,
}

impl Span {
    /// Whether `minute` is inside.
    pub(crate) const fn holds(self, minute: u16) -> bool {
        self.from <= minute && minute < self.to
    }

    /// Without its last `margin` minutes. A span that lasts to midnight keeps them: what follows may
    /// be open.
    #[must_use]
    pub(crate) const fn without_margin(self, margin: u16) -> Self {
        if self.to == DAY_MINUTES {
            self
        } else {
            Self { from: self.from, to: self.to.saturating_sub(margin) }
        }
    }
}

/// The spans of one kind of day, in order and apart; none when it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Day {
    spans: [Span; 2 * SPANS_MAX],
    count: usize,
}

impl Day {
    /// The spans.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        self.spans.get(..self.count).unwrap_or_default()
    }

    /// Whether nothing is open all day.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.count == 0
    }

    /// The span that holds `minute`.
    pub(crate) fn span_at(&self, minute: u16) -> Option<Span> {
        self.spans().iter().copied().find(|span| span.holds(minute))
    }

    /// What both allow.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for a in self.spans() {
            for b in other.spans() {
                both.push(Span { from: a.from.max(b.from), to: a.to.min(b.to) });
            }
        }
        both
    }

    fn push(&mut self, span: Span) {
        if let Some(free) = self.spans.get_mut(self.count).filter(|_| span.from < span.to) {
            *free = span;
            self.count += 1;
        }
    }
}

impl TryFrom<Vec<String>> for Day {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        if texts.len() > SPANS_MAX {
            return Err(format!("a day has at most {SPANS_MAX} spans, this one has {}", texts.len()));
        }
        let mut day = Self::default();
        for text in &texts {
            let span = read_span(text).ok_or_else(|| {
                format!("{text:?} is no span of a day: write it as 08:00-20:00, the end after the start")
            })?;
            if day.spans().last().is_some_and(|last| last.to > span.from) {
                return Err(format!("{text:?} starts before the span in front of it ends"));
            }
            day.push(span);
        }
        Ok(day)
    }
}

fn read_span(text: &str) -> Option<Span> {
    let (from, to) = text.split_once('-')?;
    let span = Span { from: read_minute(from)?, to: read_minute(to)? };
    (span.from < span.to).then_some(span)
}

fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY_MINUTES).then_some(all)
}

/// What is open on each kind of day. On a holiday both its own hours and the day's must be open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hours {
    /// Monday to Friday.
    pub mon_fri: Day,
    /// Saturday.
    pub saturday: Day,
    /// Sunday.
    pub sunday: Day,
    /// A public holiday, or a day that the pack closes.
    pub holiday: Day,
}

impl Hours {
    /// What both allow: a workspace's choice within what its platform allows.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        Self {
            mon_fri: self.mon_fri.stricter(&other.mon_fri),
            saturday: self.saturday.stricter(&other.saturday),
            sunday: self.sunday.stricter(&other.sunday),
            holiday: self.holiday.stricter(&other.holiday),
        }
    }
}

/// A named choice of hours, with its source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, as `strict`.
    pub name: String,
    /// Monday to Friday.
    pub mon_fri: Day,
    /// Saturday.
    pub saturday: Day,
    /// Sunday.
    pub sunday: Day,
    /// A public holiday.
    pub holiday: Day,
    /// Id of the source.
    pub source: String,
    /// Date of the source as it gives it.
    pub dated: String,
    /// How sure it is.
    pub grade: Grade,
}

impl Profile {
    /// Its hours.
    #[must_use]
    pub const fn hours(&self) -> Hours {
        Hours { mon_fri: self.mon_fri, saturday: self.saturday, sunday: self.sunday, holiday: self.holiday }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(spans: &[&str]) -> Result<Day, String> {
        Day::try_from(spans.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn spans_are_read_or_refused_with_a_reason() {
        let open = day(&["08:00-12:00", "13:30-24:00"]).expect("two spans");
        assert_eq!(open.spans(), [Span { from: 480, to: 720 }, Span { from: 810, to: 1440 }]);
        assert!(day(&[]).expect("closed").is_closed());
        for bad in
            ["8:00-20:00", "08:00", "20:00-08:00", "08:00-08:00", "08:60-20:00", "08:00-24:01", "a-b", ""]
        {
            assert!(day(&[bad]).is_err(), "{bad}");
        }
        assert!(day(&["08:00-12:00", "11:00-14:00"]).is_err(), "overlapping");
        assert!(day(&["01:00-02:00"; 4]).is_err(), "too many");
    }

    #[test]
    fn the_stricter_of_two_days_is_what_both_allow() {
        for (a, b, both) in [
            (&["08:00-20:00"][..], &["10:00-21:30"][..], &["10:00-20:00"][..]),
            (&["08:00-20:00"], &[], &[]),
            (&["08:00-12:00"], &["12:00-20:00"], &[]),
            (&["08:00-12:00", "14:00-20:00"], &["10:00-15:00"], &["10:00-12:00", "14:00-15:00"]),
        ] {
            let (a, b, both) = (day(a).expect("a"), day(b).expect("b"), day(both).expect("both"));
            assert_eq!(a.stricter(&b), both);
            assert_eq!(b.stricter(&a), both);
        }
    }
}
