//! Why somebody may be written to, and how far a STOP reaches.

use std::fmt;

/// The ground on which marketing may be sent to a person (CPCE L34-5, GDPR 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The person agreed beforehand.
    Consent,
    /// The person bought something like it from the same company, and could refuse.
    ExistingCustomer,
    /// The person is written to for their work.
    B2b,
}

impl Basis {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Consent, Self::ExistingCustomer, Self::B2b];

    /// Its name, as in `existing_customer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::ExistingCustomer => "existing_customer",
            Self::B2b => "b2b",
        }
    }

    /// The ground of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == name)
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose marketing a STOP ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptOutScope {
    /// One advertiser's, whatever the sender.
    Advertiser,
    /// That of all advertisers of a workspace.
    Workspace,
    /// Everybody's on the platform.
    Platform,
}

impl OptOutScope {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Advertiser, Self::Workspace, Self::Platform];

    /// Its name, as in `advertiser`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advertiser => "advertiser",
            Self::Workspace => "workspace",
            Self::Platform => "platform",
        }
    }

    /// The scope of this name, if it is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for OptOutScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An advertiser's name as it is compared: without case, and with single spaces between its words, so
/// that "Ma  Boutique" and "MA BOUTIQUE" are one.
#[must_use]
pub fn fold_advertiser(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for basis in Basis::ALL {
            assert_eq!(Basis::from_name(basis.as_str()), Some(basis));
        }
        for scope in OptOutScope::ALL {
            assert_eq!(OptOutScope::from_name(scope.as_str()), Some(scope));
        }
        assert_eq!((Basis::from_name("Consent"), OptOutScope::from_name("")), (None, None));
    }

    #[test]
    fn one_advertiser_however_it_is_written() {
        for name in ["Ma Boutique", " MA  BOUTIQUE ", "ma\u{a0}boutique", "ma\tboutique\n"] {
            assert_eq!(fold_advertiser(name), "ma boutique", "{name:?}");
        }
        assert_eq!(fold_advertiser("Été & Fils"), fold_advertiser("ÉTÉ & FILS"));
        assert_ne!(fold_advertiser("Ma Boutique"), fold_advertiser("MaBoutique"));
    }
}
