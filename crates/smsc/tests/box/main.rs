//! The network in the box, driven from outside by a raw SMPP client over real sockets.

mod client;
mod faults;
mod links;
mod numbers;
mod phones;
mod storm;
mod tls;
