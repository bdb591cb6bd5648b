//! The gateway through two windows: the API for programs, and the console for people.
//!
//! The room knows requests and pages, not SMPP and not the law. Every request passes one guard
//! (`edge`), in one order: its endpoint, its key, its rate, its scope, its body; then the gateway
//! decides. Of the store it reads, and writes what people set up: consents, opt-outs, senders.

mod api;
mod app;
mod auth;
mod body;
mod closed;
mod console;
mod crowd;
mod edge;
mod endpoint;
mod error;
mod flowing;
mod hex;
mod idempotency;
mod import;
mod json;
mod limits;
mod metrics;
mod openapi;
mod pages;
mod panics;
mod proxy;
mod request_id;
mod server;
mod sign_ins;
mod table;

pub use api::consents::export::write_consents;
pub use api::export::Form as ExportForm;
pub use app::router;
pub use closed::serve_closed;
pub use console::{PhoneText, Phones, SimulatedPhone};
pub use import::{Import, ImportContext, ImportFault, ImportLine, NoTable, read_consents, read_opt_outs};
pub use openapi::openapi;
pub use panics::watch as watch_panics;
pub use proxy::{Network, WrongNetwork};
pub use server::{Options, serve};
pub use table::{Record, Table, read_table};
