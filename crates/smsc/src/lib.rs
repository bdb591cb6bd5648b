//! The far side: a French mobile network in a box, for tests, demonstrations and a command of its
//! own. It knows only the protocol, so that the product cannot mark its own homework: no word of
//! the domain, no rule, no storage, and its own alphabet, receipts and re-assembly, written apart
//! from the product's.
//!
//! One SMPP server, as an aggregator would run it, stands before four operators, each with its
//! habits ([`Operator`]), and before as many phones as there are numbers: they put texts together,
//! keep the latest of them, and can answer ([`Network::answer`]). The numbers that Arcep keeps for
//! fiction behave by their last two digits ([`Behaviour`]); every way in which an operator can
//! misbehave is a field of [`Faults`] and can change while the network runs.
//!
//! What is bounded: messages and phones kept, receipts and replies waiting, parts waiting for the
//! rest, links, accounts, octets waiting to be written ([`Options`]). Nothing survives a restart.

mod account;
mod admission;
mod behaviour;
mod books;
mod clock;
mod due;
mod faults;
mod handle;
mod journey;
mod ledger;
mod link;
mod network;
mod options;
mod outgoing;
mod phone;
mod reassembly;
mod receipts;
mod replies;

mod server;
mod stats;
mod text;
mod world;

pub use behaviour::Behaviour;
pub use books::{Books, Entry};
pub use clock::Wall;
pub use faults::{Cut, Faults, Refuse};
pub use handle::{Network, NoRoute};
pub use network::Operator;
pub use options::{Habits, Options, SwitchedOff};
pub use phone::{Direction, PhoneEvent, PhoneMessage, PhoneSummary, Progress};
pub use stats::{OperatorStats, Stats};
pub use text::Encoding;
