//! What the phone shows: an alphanumeric Sender ID (OADC) or a short code.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// The shortest Sender ID, in characters (seed-sender-format).
pub const NAME_MIN: usize = 3;
/// The longest Sender ID, in characters: what an SMS address holds (seed-sender-format).
pub const NAME_MAX: usize = 11;

/// An alphanumeric Sender ID: 3 to 11 letters A-Z a-z and digits, one letter at least. Kept as
/// given, compared without case (requirement `seed-sender-format`).
#[derive(Clone, Copy)]
pub struct SenderName {
    text: [u8; NAME_MAX],
    len: u8,
}

/// Why a text is not a Sender ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// Not 3 to 11 characters.
    #[error("a Sender ID has 3 to 11 characters, this one has {0}")]
    Length(usize),
    /// A character outside A-Z a-z 0-9, with its place counted from 1.
    #[error("a Sender ID has only letters A-Z, a-z and digits; character {at} is {found:?}")]
    Character {
        /// Its place, counted from 1.
        at: usize,
        /// The character.
        found: char,
    },
    /// Digits only, and not a short code.
    #[error("a Sender ID has at least one letter; a number alone must be a short code 36xxx or 38xxx")]
    NoLetter,
}

impl SenderName {
    /// As given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII letters and digits get in.
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or("")
    }

    /// The form to compare and look up by: lower case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

impl FromStr for SenderName {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let (mut plain, mut letter) = (true, false);
        for byte in text.bytes() {
            plain &= byte.is_ascii_alphanumeric();
            letter |= byte.is_ascii_alphabetic();
        }
        // A name is read for every message: only a wrong one is looked at character by character.
        let length = if plain { text.len() } else { text.chars().count() };
        if !(NAME_MIN..=NAME_MAX).contains(&length) {
            return Err(SenderError::Length(length));
        }
        if !plain
            && let Some((at, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_alphanumeric())
        {
            return Err(SenderError::Character { at: at + 1, found });
        }
        if !letter {
            return Err(SenderError::NoLetter);
        }
        let mut bytes = [0; NAME_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "at most NAME_MAX")]
        Ok(Self { text: bytes, len: text.len() as u8 })
    }
}

impl PartialEq for SenderName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for SenderName {}

/// As equality: without case.
impl Hash for SenderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let folded = self.text.map(|octet| octet.to_ascii_lowercase());
        state.write(&folded[..usize::from(self.len)]);
        state.write_u8(self.len);
    }
}

impl fmt::Display for SenderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SenderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A French push short code: 36xxx for marketing, 38xxx for transactional messages
/// (requirement `seed-short-code`; ranges: AF2M).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShortCode(u16);

impl ShortCode {
    /// The code as a number, 36000 to 36999 or 38000 to 38999.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Whether it is in the 36xxx range, for marketing and customer information.
    #[must_use]
    pub const fn is_marketing(self) -> bool {
        self.0 / 1000 == 36
    }
}

impl FromStr for ShortCode {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let digits = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(code) if digits && matches!(code / 1000, 36 | 38) => Ok(Self(code)),
            _ => Err(SenderError::NoLetter),
        }
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The sender of a message: a Sender ID or a short code, and nothing else (requirement
/// `seed-sender-kinds`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Sender {
    /// An alphanumeric Sender ID: recipients cannot reply.
    Name(SenderName),
    /// A short code: recipients can reply.
    Code(ShortCode),
}

impl Sender {
    /// The form to compare and look up by: lower case for a name, the digits for a code.
    #[must_use]
    pub fn folded(&self) -> String {
        match self {
            Self::Name(name) => name.folded(),
            Self::Code(code) => code.to_string(),
        }
    }
}

impl FromStr for Sender {
    type Err = SenderError;

    /// Five digits 36xxx or 38xxx are a short code; anything else must be a Sender ID.
    fn from_str(text: &str) -> Result<Self, SenderError> {
        match text.parse() {
            Ok(code) => Ok(Self::Code(code)),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Code(code) => code.fmt(f),
        }
    }
}

/// Where a sender stands in its verification (requirement `seed-sender-verified`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum SenderState {
    /// Declared, waiting for a reviewer: 1 to 5 business days.
    Pending,
    /// Verified: may send.
    Validated,
    /// Refused by the reviewer, with a reason.
    Failed,
    /// Withdrawn after it was verified.
    Disabled,
}

impl SenderState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Validated, Self::Failed, Self::Disabled];

    /// Its name in the API and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Validated => "VALIDATED",
            Self::Failed => "FAILED",
            Self::Disabled => "DISABLED",
        }
    }

    /// The state of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requirement `seed-sender-format`.
    #[test]
    fn sender_names_follow_the_seed() {
        for good in ["MyCompany", "abc", "ABCDEFGHIJK", "A1B2", "3SUISSES", "123a"] {
            assert_eq!(good.parse::<SenderName>().map(|n| n.to_string()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", SenderError::Length(0)),
            ("ab", SenderError::Length(2)),
            ("ABCDEFGHIJKL", SenderError::Length(12)),
            ("My Company", SenderError::Character { at: 3, found: ' ' }),
            ("Société", SenderError::Character { at: 5, found: 'é' }),
            ("L'Oreal", SenderError::Character { at: 2, found: '\'' }),
            ("123", SenderError::NoLetter),
            ("12345678901", SenderError::NoLetter),
        ] {
            assert_eq!(bad.parse::<SenderName>(), Err(why), "{bad}");
        }
    }

    #[test]
    fn names_are_kept_as_given_and_compared_without_case() {
        let a: SenderName = "MyCompany".parse().expect("valid");
        let b: SenderName = "MYCOMPANY".parse().expect("valid");
        assert_eq!(a, b);
        assert_eq!(a.as_str(), "MyCompany");
        assert_eq!(a.folded(), b.folded());
    }

    /// Requirements `seed-short-code`, `seed-sender-kinds`.
    #[test]
    fn short_codes_are_36_and_38() {
        for (text, marketing) in [("36180", true), ("38180", false), ("36000", true), ("38999", false)] {
            assert_eq!(text.parse::<ShortCode>().map(ShortCode::is_marketing), Ok(marketing));
        }
        for text in ["35180", "37180", "3618", "361800", "+3618", "36a80", "", "33700"] {
            assert!(text.parse::<ShortCode>().is_err(), "{text}");
        }
        assert!(matches!("36180".parse(), Ok(Sender::Code(_))));
        assert!(matches!("Bonjour36".parse(), Ok(Sender::Name(_))));
        assert_eq!("33700".parse::<Sender>(), Err(SenderError::NoLetter));
    }
}
