//! The real binary, through its real doors: HTTP, SMPP, the command line, files and signals.

mod api;
mod cli;
mod common;
mod conversations;
mod crash;
mod delivery;
mod disk;
mod fair;
mod faults;
mod isolation;
mod monitoring;
mod overload;
mod preview;
mod privacy;
mod serving;
mod stops;
mod top;
mod traces;
mod webhooks;
mod wrong_requests;
