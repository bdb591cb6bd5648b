//! SMPP 3.4: octets to PDUs and back, and one session as a value that is fed bytes and time.
//!
//! The room knows the protocol, not our product; it has no sockets, no runtime and no clock. A
//! driver reads bytes into [`session::Session::receive`], writes what [`session::Session::output`]
//! holds, empties [`session::Session::poll_event`], and calls [`session::Session::tick`] at
//! [`session::Session::deadline`]. Its tests drive independent clients and servers (requirement
//! smpp-interop).

pub mod frame;
pub mod pdu;
pub mod receipt;
pub mod session;
pub mod status;
pub mod tlv;

pub use pdu::{Address, Received, ShortMessage};
pub use session::{Event, Session};
pub use status::{Disposition, Status};
