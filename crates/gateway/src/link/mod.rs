//! One bind: a task that owns a socket and a session, and keeps them going.

mod connect;
mod driver;
mod flying;
mod handed;
pub(crate) mod mo;
pub(crate) mod translate;

pub use connect::{Dial, Dialling, Stream};
pub(crate) use connect::{Target, Tcp};
pub(crate) use driver::Link;
pub(crate) use translate::Outgoing;
