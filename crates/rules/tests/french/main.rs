//! The French rules, case by case: each boundary, each class, each kind of consent and sender.

mod common;
mod consents;
mod declarations;
mod packs;
mod properties;
mod senders;
mod texts;
mod windows;
