//! What the numbers for fiction do: +33 6 39 98 00 00 to 99, by their last two digits.

/// First number of Arcep's block for fiction in the mobile range.
const FICTION_FIRST: u64 = 33_639_980_000;

/// What a number does with a message. Every number outside the fiction block delivers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Behaviour {
    /// 00 to 79: delivered, with a receipt after the operator's usual delay. Also 91 to 99.
    Deliver,
    /// 80: accepted, then undeliverable with an error.
    UnknownSubscriber,
    /// 81: accepted, then expired ([`crate::SwitchedOff`]).
    SwitchedOff,
    /// 82: delivered at once, its receipt 30 s later.
    LateReceipt,
    /// 83: delivered, never a receipt.
    NoReceipt,
    /// 84, 85 and 86: delivered, and the phone answers with this word.
    Replies(&'static str),
    /// 87: the operator throttles the first submits of a message, then takes it.
    Throttles,
    /// 88: delivered with a receipt, but the submit is never answered.
    AnswerLost,
    /// 89: the receipt leaves before the submit's answer.
    ReceiptFirst,
    /// 90: the answer gives the id in decimal, the receipt in hexadecimal.
    OtherId,
}

impl Behaviour {
    /// What this number (international digits, without a plus) does.
    #[must_use]
    pub const fn of(msisdn: u64) -> Self {
        if msisdn < FICTION_FIRST {
            return Self::Deliver;
        }
        match msisdn - FICTION_FIRST {
            80 => Self::UnknownSubscriber,
            81 => Self::SwitchedOff,
            82 => Self::LateReceipt,
            83 => Self::NoReceipt,
            84 => Self::Replies("STOP"),
            85 => Self::Replies("CONTACT"),
            86 => Self::Replies("OUI"),
            87 => Self::Throttles,
            88 => Self::AnswerLost,
            89 => Self::ReceiptFirst,
            90 => Self::OtherId,
            _ => Self::Deliver,
        }
    }

    /// Whether the text is shown on the phone.
    #[must_use]
    pub const fn reaches_phone(self) -> bool {
        !matches!(self, Self::UnknownSubscriber | Self::SwitchedOff)
    }
}

#[cfg(test)]
mod tests {
    use super::Behaviour;

    #[test]
    fn only_the_fiction_block_misbehaves() {
        let misbehaving: Vec<u64> = (33_639_979_900..33_639_980_200)
            .filter(|number| Behaviour::of(*number) != Behaviour::Deliver)
            .collect();
        assert_eq!(misbehaving, (33_639_980_080..=33_639_980_090).collect::<Vec<u64>>());
    }

    #[test]
    fn the_answering_phones_use_the_words_of_the_charter() {
        for (number, word) in [(84, "STOP"), (85, "CONTACT"), (86, "OUI")] {
            assert_eq!(Behaviour::of(33_639_980_000 + number), Behaviour::Replies(word));
        }
    }
}
