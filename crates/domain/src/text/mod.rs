//! Texts as the radio network sees them: an alphabet, and parts.

pub mod gsm7;
pub mod link;
pub mod parts;
pub mod rewrite;
pub mod ucs2;

pub use link::{Link, links};
pub use parts::{Plan, encoding_of, plan, split};
pub use rewrite::{Change, Obstacle, Rewrite, Why, rewrite};

/// The alphabet a text needs. Kept with the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Encoding {
    /// GSM 03.38 default alphabet and its extension: 160 septets, or 153 a part.
    Gsm7,
    /// UCS-2 (UTF-16): 70 units, or 67 a part.
    Ucs2,
}

impl Encoding {
    /// Its name in the API and in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }

    /// The encoding of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Gsm7, Self::Ucs2].into_iter().find(|e| e.as_str() == name)
    }
}
