//! Everything about the network that is decided before it starts.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use facteur_smpp::session::Limits;

use crate::books::Books;
use crate::network::Operator;

/// One operator's habits that can be set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Habits {
    /// How long a receipt takes from the submit; spread evenly over the range by a hash of the
    /// message's serial.
    pub receipt_delay: RangeInclusive<Duration>,
    /// Messages a second that the operator takes, over all accounts, with a burst of as many; over
    /// it, ESME_RTHROTTLED. 0: no limit.
    pub messages_per_s: u32,
}

/// When a message to a phone that is switched off expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SwitchedOff {
    /// This long after the submit, for demonstrations.
    After(Duration),
    /// At the end of its validity_period, or of [`Options::validity_default`].
    AtValidityEnd,
}

/// How the network behaves when nothing is wrong. The default is a well-behaved French network
/// that lets everyone in and keeps no limit.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the server calls itself in answers to binds.
    pub system_id: String,
    /// Who may bind: passwords by system_id. `None`: anyone.
    pub accounts: Option<HashMap<String, String>>,
    /// Habits in the order of [`Operator::ALL`].
    pub habits: [Habits; 4],
    /// Messages a second that one account (system_id) may submit, with a burst of as many; over it,
    /// ESME_RTHROTTLED. 0: no limit.
    pub messages_per_s: u32,
    /// Submits of one link that may wait for an answer; over it, ESME_RTHROTTLED. 0: 10,000.
    pub window_max: usize,
    /// Links that one account may have bound; over it, ESME_RALYBND. 0: no limit.
    pub binds_per_account_max: usize,
    /// Links are unbound when they have been bound this long.
    pub unbind_every: Option<Duration>,
    /// As OVH does, refuses message_payload and the sar_* parameters (ESME_ROPTPARNOTALLWD), any
    /// data_coding but 0 and 8 (0x401), and octets over 127 in GSM 7-bit (0x402).
    pub udh_only: bool,
    /// When the test number 81 expires.
    pub switched_off: SwitchedOff,
    /// Validity of a message that names none.
    pub validity_default: Duration,
    /// Receipt delay of the test number 82.
    pub late_receipt: Duration,
    /// How long the submit answer of the test number 89 waits behind its receipt.
    pub receipt_lead: Duration,
    /// Submits of one message to the test number 87 that are throttled before one is taken.
    pub throttled_first: u32,
    /// How long a phone takes to answer (test numbers 84 to 86).
    pub reply_delay: Duration,
    /// How long a receipt or reply that was refused waits until it is offered again.
    pub offer_again: Duration,
    /// Window, timers and PDU length of every link.
    pub limits: Limits,
    /// Links at a time; further ones are closed at once.
    pub links_max: usize,
    /// Accounts (system_ids) ever seen; further ones are refused.
    pub accounts_max: usize,
    /// Receipts and replies that wait, for their time or for a receiver, over all accounts; further
    /// ones are dropped and counted.
    pub outgoing_max: usize,
    /// Messages kept on one phone; the oldest goes first.
    pub messages_per_phone_max: usize,
    /// Phones kept; the one unused for longest goes first.
    pub phones_max: usize,
    /// Messages kept on all phones together; whole phones go, the one unused for longest first.
    pub messages_max: usize,
    /// Whether to count how often each text reached each phone ([`crate::Network::deliveries`]).
    /// Unbounded: for tests.
    pub ledger: bool,
    /// Who is told what happened for certain; `None`: nobody.
    pub books: Option<Books>,
    /// TLS for every link; `None`: in clear.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Options {
    /// An operator's habits.
    #[must_use]
    pub const fn habits(&self, operator: Operator) -> &Habits {
        &self.habits[operator.index()]
    }
}

impl Default for Options {
    fn default() -> Self {
        let habits = |from, to| Habits {
            receipt_delay: Duration::from_millis(from)..=Duration::from_millis(to),
            messages_per_s: 0,
        };
        Self {
            system_id: "RESEAU-FR".to_owned(),
            accounts: None,
            habits: [habits(150, 350), habits(200, 450), habits(250, 600), habits(150, 600)],
            messages_per_s: 0,
            window_max: 0,
            binds_per_account_max: 0,
            unbind_every: None,
            udh_only: false,
            switched_off: SwitchedOff::After(Duration::from_secs(2)),
            validity_default: Duration::from_hours(48),
            late_receipt: Duration::from_secs(30),
            receipt_lead: Duration::from_millis(250),
            throttled_first: 2,
            reply_delay: Duration::from_millis(800),
            offer_again: Duration::from_secs(1),
            limits: Limits { window: 200, ..Limits::default() },
            links_max: 1_000,
            accounts_max: 1_000,
            outgoing_max: 500_000,
            messages_per_phone_max: 200,
            phones_max: 10_000,
            messages_max: 100_000,
            ledger: false,
            books: None,
            tls: None,
        }
    }
}
