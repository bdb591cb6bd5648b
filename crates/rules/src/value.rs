//! The facts that a reason rests on, as values that people can read.

use std::borrow::Cow;
use std::fmt;

use facteur_domain::{Class, Sender, ShortCode};
use jiff::civil::{Date, DateTime, Weekday};

use crate::Language;

/// One fact. `Display` is the same in every language, for stores and the API: numbers plain, days and
/// moments as in ISO 8601.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A count.
    Number(u32),
    /// A name or a word that is the same in every language.
    Text(Cow<'static, str>),
    /// A name with a form in each language, as that of a holiday.
    Named {
        /// In French.
        french: Cow<'static, str>,
        /// In English.
        english: Cow<'static, str>,
    },
    /// A day.
    Day(Date),
    /// A moment in the recipient's own time.
    Moment(DateTime),
    /// What a message is for.
    Class(Class),
}

impl Value {
    /// As a sentence in `language` shows it.
    pub(crate) fn show(&self, language: Language) -> String {
        match (self, language) {
            (Self::Named { french, .. }, Language::French) => french.to_string(),
            (Self::Named { english, .. }, Language::English) => english.to_string(),
            (Self::Day(day), _) => day_of(*day, language),
            (Self::Moment(at), Language::French) => {
                format!("{} à {:02} h {:02}", day_of(at.date(), language), at.hour(), at.minute())
            }
            (Self::Moment(at), Language::English) => {
                format!("{} at {:02}:{:02}", day_of(at.date(), language), at.hour(), at.minute())
            }
            (Self::Class(class), Language::French) => match class {
                Class::Marketing => "commercial",
                Class::Transactional => "transactionnel",
                Class::Otp => "code à usage unique",
                Class::Alert => "alerte",
                Class::Conversational => "conversation",
            }
            .to_owned(),
            (other, _) => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Named { english, .. } => f.write_str(english),
            Self::Day(day) => day.fmt(f),
            Self::Moment(at) => at.fmt(f),
            Self::Class(class) => class.fmt(f),
        }
    }
}

fn day_of(day: Date, language: Language) -> String {
    const FRENCH: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = usize::try_from(day.month() - 1).unwrap_or(0) % 12;
    let (french, english) = match day.weekday() {
        Weekday::Monday => ("lundi", "Monday"),
        Weekday::Tuesday => ("mardi", "Tuesday"),
        Weekday::Wednesday => ("mercredi", "Wednesday"),
        Weekday::Thursday => ("jeudi", "Thursday"),
        Weekday::Friday => ("vendredi", "Friday"),
        Weekday::Saturday => ("samedi", "Saturday"),
        Weekday::Sunday => ("dimanche", "Sunday"),
    };
    match language {
        Language::French => {
            let number = if day.day() == 1 { "1er".to_owned() } else { day.day().to_string() };
            format!("{french} {number} {} {}", FRENCH[month], day.year())
        }
        Language::English => format!("{english} {} {} {}", day.day(), ENGLISH[month], day.year()),
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Sender> for Value {
    fn from(sender: Sender) -> Self {
        Self::Text(Cow::Owned(sender.to_string()))
    }
}

impl From<ShortCode> for Value {
    fn from(code: ShortCode) -> Self {
        Self::Number(code.number().into())
    }
}

impl From<Date> for Value {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime> for Value {
    fn from(at: DateTime) -> Self {
        Self::Moment(at)
    }
}

impl From<Class> for Value {
    fn from(class: Class) -> Self {
        Self::Class(class)
    }
}

impl From<(&'static str, &'static str)> for Value {
    /// French, then English.
    fn from((french, english): (&'static str, &'static str)) -> Self {
        Self::Named { french: Cow::Borrowed(french), english: Cow::Borrowed(english) }
    }
}
