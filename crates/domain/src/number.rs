//! Phone numbers in E.164, and what French numbering says about them.

mod plan;

use std::fmt;

pub use plan::{Range, RangeKind};

/// The fewest digits after `+` that we read as a number.
pub const DIGITS_MIN: usize = 6;
/// The most digits after `+` (E.164).
pub const DIGITS_MAX: usize = 15;

/// The country code of mainland France.
const FRANCE: u64 = 33;
/// 10^9: French numbers have nine digits behind their country code.
const NATIONAL: u64 = 1_000_000_000;

/// A phone number in E.164, kept as its digits. `Debug` hides the middle; `Display` shows it whole,
/// with its `+`, for the wire and for the account it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(u64);

/// Why a text is not a number in E.164.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Does not start with `+`.
    #[error("a number in E.164 starts with + and the country code")]
    NoPlus,
    /// Something else than a digit after the `+`, with its place counted from 1.
    #[error("a number in E.164 has only digits after its +; character {0} is not one")]
    NotADigit(usize),
    /// Fewer than 6 or more than 15 digits, or a country code that starts with 0.
    #[error("a number in E.164 has 6 to 15 digits, the first not 0")]
    Length,
}

impl Msisdn {
    /// Reads `+` and 6 to 15 digits; no spaces, dots or dashes (requirement `seed-recipient-format`).
    ///
    /// # Errors
    /// Says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let digits = text.strip_prefix('+').ok_or(NumberError::NoPlus)?;
        if let Some(at) = digits.chars().position(|c| !c.is_ascii_digit()) {
            return Err(NumberError::NotADigit(at + 2));
        }
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) || digits.starts_with('0') {
            return Err(NumberError::Length);
        }
        digits.parse().ok().and_then(Self::from_digits).ok_or(NumberError::Length)
    }

    /// The number with these digits, if they are 6 to 15.
    #[must_use]
    pub const fn from_digits(digits: u64) -> Option<Self> {
        if digits >= 100_000 && digits < 1_000_000_000_000_000 { Some(Self(digits)) } else { None }
    }

    /// The digits, without `+`.
    #[must_use]
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// What the numbering plan says about it: the longest known prefix decides.
    #[must_use]
    pub fn range(self) -> &'static Range {
        plan::range(self)
    }

    /// Whether it is behind +33, valid or not. Overseas numbers have their own country codes.
    #[must_use]
    pub const fn is_french(self) -> bool {
        let mut rest = self.0;
        while rest >= 100 {
            rest /= 10;
        }
        rest == FRANCE
    }

    /// The valid form of an overseas number that was written behind +33 (`+33692…` is `+262692…`);
    /// `None` for every other number.
    #[must_use]
    pub fn overseas_form(self) -> Option<Self> {
        let code = self.range().belongs_to?;
        Self::from_digits(u64::from(code) * NATIONAL + self.0 % NATIONAL)
    }

    /// Whether it is one of Arcep's numbers for fiction, +33 6 39 98 and four digits: no
    /// subscriber has them, so that examples and tests reach nobody.
    #[must_use]
    pub fn is_fiction(self) -> bool {
        self.range().fiction
    }

    /// The number without the 0 of national writing left behind +33 (`+330612345678` is
    /// `+33612345678`); `None` when there is none to drop.
    #[must_use]
    pub const fn without_trunk_zero(self) -> Option<Self> {
        let national = self.0 % (NATIONAL * 10);
        if self.0 / (NATIONAL * 10) == FRANCE && national < NATIONAL {
            Self::from_digits(FRANCE * NATIONAL + national)
        } else {
            None
        }
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

/// `+336…78`: enough to tell two apart in a log, too little to call.
impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        write!(f, "+{}…{}", &text[..3], &text[text.len() - 2..])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Msisdn {
        Msisdn::parse(text).expect(text)
    }

    /// Requirement `seed-recipient-format`.
    #[test]
    fn only_e164_is_read() {
        for text in ["+33612345678", "+123456", "+123456789012345"] {
            assert_eq!(number(text).to_string(), text);
        }
        for (text, why) in [
            ("", NumberError::NoPlus),
            ("0612345678", NumberError::NoPlus),
            ("33612345678", NumberError::NoPlus),
            ("0033612345678", NumberError::NoPlus),
            (" +33612345678", NumberError::NoPlus),
            ("+", NumberError::Length),
            ("+12345", NumberError::Length),
            ("+1234567890123456", NumberError::Length),
            ("+99999999999999999999999999", NumberError::Length),
            ("+0123456", NumberError::Length),
            ("+33 612345678", NumberError::NotADigit(4)),
            ("+33612345678 ", NumberError::NotADigit(13)),
            ("++33612345678", NumberError::NotADigit(2)),
            ("+336-1234567", NumberError::NotADigit(5)),
            ("+33612345٦78", NumberError::NotADigit(10)),
        ] {
            assert_eq!(Msisdn::parse(text), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back(digits in 100_000_u64..1_000_000_000_000_000) {
            let number = Msisdn::from_digits(digits).expect("six to fifteen digits");
            prop_assert_eq!(Msisdn::parse(&number.to_string()), Ok(number));
            prop_assert_eq!(number.is_french(), digits.to_string().starts_with("33"));
        }

        #[test]
        fn debug_hides_the_middle(digits in 33_600_000_000_u64..33_799_999_999) {
            let number = Msisdn::from_digits(digits).expect("eleven digits");
            let shown = format!("{number:?}").chars().filter(char::is_ascii_digit).count();
            prop_assert_eq!(shown, 5);
        }
    }

    #[test]
    fn overseas_numbers_find_their_country_code() {
        for (written, right) in [
            ("+33692123456", Some("+262692123456")),
            ("+33693123456", Some("+262693123456")),
            ("+33639123456", Some("+262639123456")),
            ("+33690123456", Some("+590690123456")),
            ("+33691123456", Some("+590691123456")),
            ("+33694123456", Some("+594694123456")),
            ("+33696123456", Some("+596696123456")),
            ("+33697123456", Some("+596697123456")),
            ("+33709212345", Some("+262709212345")),
            ("+33709351234", Some("+262709351234")),
            ("+33709301234", Some("+594709301234")),
            ("+33612345678", None),
            ("+33639980000", None),
            ("+3369212345", None),
            ("+262692123456", None),
        ] {
            let form = number(written).overseas_form();
            assert_eq!(form, right.map(number), "{written}");
            assert!(form.is_none_or(|n| n.range().kind == RangeKind::Mobile), "{written}");
        }
    }

    #[test]
    fn fiction_is_06_39_98() {
        for text in ["+33639980000", "+33639980099", "+33639989999"] {
            assert!(number(text).is_fiction(), "{text}");
        }
        for text in ["+33639979999", "+33639990000", "+3363998000", "+336399800000", "+262639980000"] {
            assert!(!number(text).is_fiction(), "{text}");
        }
    }

    #[test]
    fn a_trunk_zero_is_recognised() {
        assert_eq!(number("+330612345678").without_trunk_zero(), Some(number("+33612345678")));
        for text in ["+33612345678", "+336123456789", "+3361234567", "+3906123456789", "+33061234567"] {
            assert_eq!(number(text).without_trunk_zero(), None, "{text}");
        }
    }
}
