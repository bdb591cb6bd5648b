//! The API over a real gateway and a real store, without routes: what clients are told.

mod batch;
mod consents;
mod console;
mod console_changes;
mod console_settings;
mod contacts;
mod conversations;
mod documents;
mod guard;
mod idempotency;
mod keywords;
mod links;
mod pages;
mod preview;
mod reads;
mod send;
mod senders;
mod sockets;
mod tenants;
mod tls;
mod webhooks;
mod world;
mod wrong_requests;
