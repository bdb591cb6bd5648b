//! Everything that must survive a crash, as verbs that either happen whole or not at all.
//!
//! The room knows SQL, not SMPP, HTTP or law. Every writing verb is durable when it answers
//! (write-ahead log, `synchronous=FULL`, group commit by one writer thread); its work is queued
//! when the verb is called, not when its future is polled, so a caller that goes away does not
//! half-cancel anything.

mod admin;
mod consent;
mod contact;
mod conversation;
pub mod crash;
mod desk;
mod error;
mod figures;
mod inbound;
mod journey;
mod keyword;
mod platform;
mod read;
mod receipt;
mod sqlite;
mod user;
mod webhook;
mod webhook_v1;

pub use admin::*;
pub use consent::*;
pub use contact::*;
pub use conversation::*;
pub use desk::*;
pub use error::StoreError;
pub use figures::*;
pub use inbound::*;
pub use journey::*;
pub use keyword::*;
pub use platform::*;
pub use read::*;
pub use receipt::{ReceiptEffect, ReceiptFound};
#[cfg(debug_assertions)]
pub use sqlite::Hand;
pub use sqlite::{AcceptedSink, FreshStops, Options, Pending, Store, WEBHOOKS_MAX, forgotten_before};
pub use user::*;
pub use webhook::*;
pub use webhook_v1::{V1Endpoint, V1Topic};
