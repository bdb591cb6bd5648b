//! The four operators and their habits: whose a number is, the form of message ids, and the error
//! words of receipts.

use facteur_smpp::receipt::MessageState;

/// A French mobile operator (requirement `seed-operators`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// Orange, 208-01.
    Orange,
    /// SFR, 208-10.
    Sfr,
    /// Bouygues Telecom, 208-20.
    Bouygues,
    /// Free Mobile, 208-15.
    Free,
}

impl Operator {
    /// All four, in the order of [`Operator::index`].
    pub const ALL: [Self; 4] = [Self::Orange, Self::Sfr, Self::Bouygues, Self::Free];

    /// Whose subscriber has this number (international digits, without a plus). Numbers are ported
    /// so freely in France that the prefix tells nothing; a hash of all digits decides, so that
    /// every run gives a number to the same operator and neighbours to different ones.
    #[must_use]
    pub const fn of(msisdn: u64) -> Self {
        match mix(msisdn) & 3 {
            0 => Self::Orange,
            1 => Self::Sfr,
            2 => Self::Bouygues,
            _ => Self::Free,
        }
    }

    /// 0 to 3.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Orange => 0,
            Self::Sfr => 1,
            Self::Bouygues => 2,
            Self::Free => 3,
        }
    }

    /// The brand, as people say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orange => "Orange",
            Self::Sfr => "SFR",
            Self::Bouygues => "Bouygues Telecom",
            Self::Free => "Free Mobile",
        }
    }

    /// Mobile country code and mobile network code, as in `20801`.
    #[must_use]
    pub const fn mccmnc(self) -> &'static str {
        match self {
            Self::Orange => "20801",
            Self::Sfr => "20810",
            Self::Bouygues => "20820",
            Self::Free => "20815",
        }
    }

    /// The id that this operator's answer gives to the message with this serial.
    pub(crate) fn answer_id(self, serial: u32) -> String {
        match self {
            Self::Orange => format!("{:012}", ORANGE_FIRST + u64::from(serial % ORANGE_SPAN)),
            Self::Sfr => format!("{:X}", SFR_FIRST + u64::from(serial)),
            Self::Bouygues => format!("{}", BOUYGUES_FIRST + u64::from(serial)),
            Self::Free => free_id(serial),
        }
    }

    /// The same id as this operator writes it in receipts: SFR changes case, Bouygues pads.
    pub(crate) fn receipt_id(self, serial: u32) -> String {
        match self {
            Self::Orange | Self::Free => self.answer_id(serial),
            Self::Sfr => format!("{:x}", SFR_FIRST + u64::from(serial)),
            Self::Bouygues => format!("{:014}", BOUYGUES_FIRST + u64::from(serial)),
        }
    }

    /// The same id in a base that is not the answer's: hexadecimal for decimal and the reverse.
    /// Free's ids are not numbers: they only change case.
    pub(crate) fn other_id(self, serial: u32) -> String {
        match self {
            Self::Orange => format!("{:X}", ORANGE_FIRST + u64::from(serial % ORANGE_SPAN)),
            Self::Sfr => format!("{}", SFR_FIRST + u64::from(serial)),
            Self::Bouygues => format!("{:X}", BOUYGUES_FIRST + u64::from(serial)),
            Self::Free => free_id(serial).to_uppercase(),
        }
    }
}

// The numbers behind the ids lie apart, and each has a letter for its first hexadecimal digit, so
// that no form of one message's id is ever a form of another's.
const ORANGE_FIRST: u64 = 0xA000_0000;
const ORANGE_SPAN: u32 = 0x1000_0000;
const SFR_FIRST: u64 = 0xF0_0000_0000;
const BOUYGUES_FIRST: u64 = 0xB0_0000_0000;

fn free_id(serial: u32) -> String {
    let low = mix(u64::from(serial) ^ 0x5EED_F4EE);
    let (variant, node) = (low >> 52, low & 0xFFFF_FFFF_FFFF);
    format!("{serial:08x}-{:04x}-4{variant:03x}-a{variant:03x}-{node:012x}", low >> 48)
}

/// A bijective mixing of 64 bits (the finaliser of SplitMix64): spreads neighbours apart.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// How a message ended, as far as the network tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    /// message_state.
    pub(crate) state: MessageState,
    /// The `err:` of the receipt, out of the table that the French aggregators publish.
    pub(crate) error: u16,
}

impl Outcome {
    /// On the phone.
    pub(crate) const DELIVERED: Self = Self { state: MessageState::Delivered, error: 0 };
    /// No such subscriber: unreachable destination.
    pub(crate) const UNKNOWN_SUBSCRIBER: Self = Self { state: MessageState::Undeliverable, error: 3 };
    /// The phone was off for as long as the message was valid: timeout.
    pub(crate) const EXPIRED: Self = Self { state: MessageState::Expired, error: 6 };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Operator;

    fn canonical(id: &str) -> String {
        id.trim_start_matches('0').to_lowercase()
    }

    // seed-operators
    #[test]
    fn numbers_are_spread_over_all_operators() {
        let mut counts = [0_u32; 4];
        for number in 33_600_000_000_u64..33_600_004_000 {
            counts[Operator::of(number).index()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }

    #[test]
    fn no_form_of_an_id_is_a_form_of_another_messages_id() {
        let serials = (0..2000_u32).chain(0x0FFF_F000..0x0FFF_F800);
        let mut seen = HashSet::new();
        for serial in serials {
            for operator in Operator::ALL {
                let forms: HashSet<String> = [
                    canonical(&operator.answer_id(serial)),
                    canonical(&operator.receipt_id(serial)),
                    canonical(&operator.other_id(serial)),
                ]
                .into();
                for form in forms {
                    assert!(seen.insert(form.clone()), "{form} twice, last for {operator:?} {serial}");
                }
            }
        }
    }

    #[test]
    fn ids_fit_the_standards_64_octets_and_keep_each_operators_look() {
        let look = |operator: Operator, id: &str| match operator {
            Operator::Orange => id.len() == 12 && id.starts_with("00"),
            Operator::Sfr => id.starts_with('F') && !id.chars().any(|c| c.is_ascii_lowercase()),
            Operator::Bouygues => id.len() == 12 && id.chars().all(|c| c.is_ascii_digit()),
            Operator::Free => id.len() == 36 && id.matches('-').count() == 4,
        };
        for operator in Operator::ALL {
            for serial in [0, 1, 99_999, u32::MAX] {
                let id = operator.answer_id(serial);
                assert!(look(operator, &id), "{operator:?}: {id}");
            }
        }
    }
}
