//! The journey of a message: accept, wait, choose a route, ask the rules, send, hear back, tell
//! the customer.
//!
//! The room owns every task, every socket to an operator, and the clock. It knows how a message
//! travels, not who asked over HTTP or how it is drawn.

mod accept;
mod clock;
mod config;
mod directory;
mod gateway;
mod metrics;
mod refusal;

pub use accept::{IdempotencyKey, Origin, Reply, SendRequest};
pub use clock::{Chance, Clock};
pub use config::{
    Config, ClassPolicies, Link, RouteConfig, SendingRules, TlsConfig, UnknownPolicy,
};
pub use directory::{Caller, KeyProblem, NewKey, Scope, mint_key};
pub use gateway::{Gateway, Readiness, RouteReport, ShutdownReport, StartError};
pub use refusal::{Code, Detail, Refusal};
