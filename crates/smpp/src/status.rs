//! command_status values (SMPP 3.4, section 5.1.3) and what they mean for a submit.

/// A command_status.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

/// What a submit answer asks of the sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// Taken.
    Done,
    /// Over the agreed rate or the queue is full: slow down and offer it again.
    Throttled,
    /// A passing fault: offer it again later.
    TryLater,
    /// Refused for good.
    Never,
}

impl Status {
    /// ESME_ROK.
    pub const OK: Self = Self(0x00);
    /// ESME_RTHROTTLED.
    pub const THROTTLED: Self = Self(0x58);
    /// ESME_RMSGQFUL.
    pub const QUEUE_FULL: Self = Self(0x14);

    /// Its name in the standard, as in `ESME_RTHROTTLED`, or `None` for a private one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        None
    }

    /// What it asks of the one who submitted.
    #[must_use]
    pub const fn disposition(self) -> Disposition {
        Disposition::Never
    }
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}
