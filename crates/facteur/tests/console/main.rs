//! The console in a real browser: Debian's Chromium, driven by its chromedriver, before the real binary.
//!
//! A test opens a [`Browser`](browser::Browser), signs in by the link that `facteur dev` printed, and looks at
//! what a person sees. `scripts/screenshots` takes pictures of every page of `pictures.rs`.

mod access;
mod browser;
#[path = "../product/common.rs"]
#[expect(dead_code, reason = "shared with the tests of the other doors")]
mod common;
mod first;
mod keyboard;
mod people;
mod pictures;
mod send;
mod senders;
mod sign_in;
