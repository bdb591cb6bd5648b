//! The real binary, through its real doors: HTTP, SMPP, the command line, files and signals.

mod api;
mod cli;
mod common;
mod conversations;
mod crash;
mod delivery;
mod fair;
mod faults;
mod isolation;
mod monitoring;
mod preview;
mod privacy;
mod serving;
mod stops;
mod top;
mod webhooks;
mod wrong_requests;
