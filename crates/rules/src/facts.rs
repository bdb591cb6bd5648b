//! What the judge needs to know of a message.

use facteur_domain::{Class, Msisdn, Sender, SenderState, Timestamp};

/// The facts of one message, gathered by the caller. Not `Debug`: it holds a number and a text.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The instant the message would leave.
    pub at: Timestamp,
    /// What it is for.
    pub class: Class,
    /// Who it is to.
    pub recipient: Msisdn,
    /// Who it is from.
    pub sender: Sender,
    /// Where the sender stands in its verification; `None` when the account does not have it.
    pub sender_state: Option<SenderState>,
    /// The text as it would leave.
    pub text: &'a str,
    /// How many SMS the text becomes, as [`facteur_domain::text::plan`] counts them.
    pub parts: u8,
    /// The most parts the workspace allows; never more than [`PARTS_HARD_MAX`](crate::PARTS_HARD_MAX)
    /// whatever is said here.
    pub parts_max: u8,
    /// Sent with a test key or in `dev`: Arcep's numbers for fiction are allowed.
    pub test: bool,
    /// Judged as it leaves (`true`), or as it is accepted or previewed (`false`).
    pub departing: bool,
}
